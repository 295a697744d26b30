"""Language tiers, held against the matrix of the reference fixtures."""

from __future__ import annotations

import json

import pytest

from tellverify.cli.group import run
from tellverify.language.checks.tiers import (
    COORDINATION,
    EVIDENCE,
    MACHINE,
    PROOF,
    RUNTIME,
    SESSION,
    Tiers,
    tiers_of,
)
from tellverify.language.syntax.parser import parse
from tellverify.source.text import SourceFile

STOW = "operation stow at A progress p within w agreement Soft =\n  A -> B : Stow\n"


def text_of(*lines: str, declared: str = "", after: str = "") -> str:
    return f"{declared}protocol P =\n  roles A, B, C\n" + "".join(f"  {e}\n" for e in lines) + after


def tiers(text: str) -> Tiers:
    parsed = parse(SourceFile("p.tell", text))
    assert [each.message for each in parsed.diagnostics] == []
    return tiers_of(parsed.file, parsed.file.protocols[0])


def of(*lines: str) -> Tiers:
    return tiers(text_of(*lines))


# (statements, session projectable, theory convertible, metatheory)
MATRIX = [
    (("A -> B : M",), True, True, COORDINATION),
    (("choice A at", "  | x => A -> B : x", "  | y => A -> B : y"), True, True, COORDINATION),
    (("choice A at", "  | x => A -> B : x", "  | y => A -> C : y"), True, False, COORDINATION),
    (("choice A at", "  | x => B -> A : x", "  | y => A -> B : y"), True, False, COORDINATION),
    (("rec X", "  A -> B : M", "  continue X"), True, True, COORDINATION),
    (("loop repeat 3", "  A -> B : M"), True, True, COORDINATION),
    (("loop repeat N", "  A -> B : M"), True, False, COORDINATION),
    (("loop forever", "  A -> B : M"), True, False, COORDINATION),
    (('loop while "go"', "  A -> B : M"), True, False, COORDINATION),
    (("loop decide by A", "  A -> B : M"), True, True, COORDINATION),
    (("loop decide by A", "  B -> A : M"), True, False, COORDINATION),
    (("A ->* : M",), True, False, COORDINATION),
    (("observe let x = observe E.o(a)",), True, True, EVIDENCE),
    (("publish news",), True, False, EVIDENCE),
    (("let x = transfer Box from A to B",), True, True, RUNTIME),
    (("par", "  | A -> B : x", "  | B -> A : y"), True, False, RUNTIME),
    (("case u of", "  | Ok(v) => A -> B : x"), True, False, RUNTIME),
    (("timeout 5s A at", "  A -> B : x", "on timeout => A -> B : y"), True, False, RUNTIME),
    (("handoff move to B with x",), True, False, RUNTIME),
    (("begin stow",), False, False, RUNTIME),
    (("await stow",), False, False, RUNTIME),
    (("resolve stow as Cancelled",), False, False, RUNTIME),
    (("invalidate stow",), False, False, RUNTIME),
]


@pytest.mark.parametrize(("lines", "session", "theory", "claims"), MATRIX)
def test_matrix(lines: tuple[str, ...], session: bool, theory: bool, claims: str) -> None:
    found = of(*lines)
    assert (found.session is None, found.theory is None) == (session, theory)
    assert found.machine is None
    assert found.strongest == (SESSION if session else MACHINE)
    assert found.claims == claims


def test_an_operation_without_progress_makes_a_protocol_proof_only() -> None:
    text = text_of("begin stow", declared=STOW.replace("progress p within w ", ""))
    found = tiers(text)
    assert found.strongest == PROOF
    assert found.next_blocker is found.machine is not None
    span = found.machine.span
    assert (found.machine.construct, text[span.start : span.end]) == ("operation stow", "stow")


def test_the_first_construct_is_the_one_in_the_way() -> None:
    text = text_of("rec X", "  A -> B : M", "  begin stow", "  await stow", declared=STOW)
    found = tiers(text)
    assert found.next_blocker is not None
    assert found.next_blocker.construct == "begin stow"
    assert text[found.next_blocker.span.start :].startswith("begin stow\n")


def test_a_called_protocol_counts_and_another_one_does_not() -> None:
    where = "where\n  protocol L =\n    begin stow\n"
    assert tiers(text_of("call L", after=where)).strongest == MACHINE
    assert tiers(text_of("A -> B : M", after=where)).strongest == SESSION


def test_show(tmp_path, capsys) -> None:
    file = tmp_path / "p.tell"
    file.write_text(text_of("A -> B : M", "begin stow"), "utf-8")
    assert run(["show", "tiers", str(file)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("P: machine executable\n")
    assert "blocked by `begin stow`, line 4:3" in shown
    assert run(["show", "tiers", str(file), "--format", "json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["strongest"] == "machine executable"
    assert row["next_tier_blocked_by"]["line"] == 4
    assert row["theory_convertible"] is False


def test_show_of_a_broken_file(tmp_path, capsys) -> None:
    file = tmp_path / "p.tell"
    file.write_text("protocol P =\n  roles A\n  A ->\n", "utf-8")
    assert run(["show", "tiers", str(file)]) == 1
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (('loop while "go"', "  A -> B : M"), "only counted and deciding loops"),
        (("loop forever", "  A -> B : M"), "only counted and deciding loops"),
        (("loop repeat N", "  A -> B : M"), "only counted and deciding loops"),
        (("loop decide by A", "  B -> A : M"), "its decider does not begin it"),
        (("publish news",), "the theory have no such construct"),
    ],
)
def test_why_a_statement_has_no_global_type(lines: tuple[str, ...], reason: str) -> None:
    blocker = of(*lines).theory
    assert blocker is not None
    assert reason in blocker.reason
