"""Families whose sizes have more combinations than are looked at."""

from __future__ import annotations

from itertools import product

from tellverify.language.instances import MOST_COMBINATIONS, combinations, left_out
from tellverify.language.syntax.parser import parse
from tellverify.obligations.options import Options
from tellverify.source.text import SourceFile
from tellverify.verdict.outcome import Bounded, Proved, Refuted, Unknown
from tellverify.verdict.properties import Property
from tellverify.verification.pipeline import check_text


def text(count: int, last: str = "") -> str:
    families = ", ".join(f"D{n}[N{n}]" for n in range(count))
    sends = "".join(f"  C -> D{n}[*] : Go{n}\n" for n in range(count))
    return f"protocol P =\n  roles C, E, {families}\n  C -> E : Begin\n{sends}{last}"


def sizes(count: int, default: tuple[int, ...] = (1, 2, 3)) -> list[dict[str, int]]:
    (protocol,) = parse(SourceFile("p.tell", text(count))).file.protocols
    return list(combinations(protocol, {}, default))


def test_the_smallest_sizes_come_first_when_there_are_too_many() -> None:
    found = [tuple(one.values()) for one in sizes(7)]
    every = sorted(product((1, 2, 3), repeat=7), key=lambda one: (sum(one), one))
    assert found == every[:MOST_COMBINATIONS]
    (protocol,) = parse(SourceFile("p.tell", text(7))).file.protocols
    assert left_out(protocol, {}, (1, 2, 3)) == 3**7 - MOST_COMBINATIONS
    assert left_out(protocol, {f"D{n}": (2,) for n in range(7)}, (1, 2, 3)) == 0


def test_sixty_families_are_no_more_work() -> None:
    assert len(sizes(60)) == MOST_COMBINATIONS


def test_nothing_is_claimed_of_sizes_that_were_left_out() -> None:
    wanted = tuple((f"D{n}", (1, 2, 3)) for n in range(12))  # given sizes: no claim for every one
    options = Options(step_limit=10_000, instances=wanted)
    (protocol,) = check_text(text(12), options).run.protocols
    for verdict in protocol.verdicts:
        if verdict.property is not Property.WELL_FORMED:
            assert isinstance(verdict.outcome, Unknown), verdict.name
            assert "531,441" in verdict.outcome.reason
    (few,) = check_text(text(2), options).run.protocols
    assert all(isinstance(verdict.outcome, Proved | Bounded) for verdict in few.verdicts)


def test_a_fault_at_small_sizes_is_found_all_the_same() -> None:
    choice = "  choice C at\n    | X =>\n        C -> E : X\n        E -> D0[*] : Y\n"
    choice += "    | Z =>\n        C -> E : Z\n"
    run = check_text(text(7, choice), Options()).run
    assert run.exit_code == 1
    (protocol,) = run.protocols
    assert any(isinstance(verdict.outcome, Refuted) for verdict in protocol.verdicts)
