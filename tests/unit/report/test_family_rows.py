"""Verdicts on role families take one line for each status and sizes, in every size and bounded."""

from __future__ import annotations

from tellverify.obligations.options import Options
from tellverify.report.grouping import VerdictGroup, bound_of, groups, members, sizes_of
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Bounded, Proved, Unknown
from tellverify.verdict.run import ProtocolReport
from tellverify.verification.pipeline import check_text

TEXT = """protocol Spread =
  roles Hub, Leaf[N]
  Hub { guard_capability : "x:y", flow_cost : 10 } -> Leaf[*] : Go
  Leaf[*] { guard_capability : "x:y", flow_cost : 3 } -> Hub : Gone
"""


def report(text: str, options: Options | None = None) -> ProtocolReport:
    (found,) = check_text(text, options or Options()).run.protocols
    return found


def lines(protocol: ProtocolReport) -> dict[str, list[VerdictGroup]]:
    found: dict[str, list[VerdictGroup]] = {}
    for one in groups(protocol):
        found.setdefault(one.status, []).append(one)
    return found


def test_what_holds_at_every_size_stands_on_one_line_with_the_budgets() -> None:
    protocol = report(TEXT)
    assert members(protocol) == "Hub and Leaf[N], every N >= 1"
    (line,) = [one for one in lines(protocol)["proved"] if "every N" in one.detail]
    assert line.detail == "every N >= 1, by generic member Leaf[0]; budget and receipts by formula"
    assert line.subject.startswith("implementable, no-deadlock, ")
    for part in (
        "no-stuck-role[Hub, Leaf]",
        "bounded-queues (at most 1 in a queue)",
        "budget[Hub] (at most 10·N)",
        "budget[Leaf] (at most 3 each)",
    ):
        assert part in line.subject
    assert "bounded" not in lines(protocol)


def test_sizes_that_are_given_take_one_line_for_all_of_them() -> None:
    protocol = report(TEXT, Options(instances=(("Leaf", (1, 4)),)))
    assert members(protocol) == "Hub and Leaf[N], checked for N = 1, 4"
    found = {line.subject: line.detail for line in lines(protocol)["bounded"]}
    assert found["no-stuck-role[Hub, Leaf]"] == "Leaf = 1, 4"
    assert all(detail.startswith("Leaf = 1, 4") for detail in found.values())
    (formulas,) = [one for one in lines(protocol)["proved"] if "every N" in one.detail]
    assert formulas.detail == "every N >= 1, by formula"


def test_why_it_is_not_every_size_is_said_once() -> None:
    protocol = report(TEXT + "  Leaf[*] -> Leaf[*] : Hello\n")
    (line,) = lines(protocol)["bounded"]
    assert line.detail.startswith("Leaf = 1, 2, 3; not every size: `Leaf[*] -> Leaf[*]`")
    assert line.detail.endswith("(line 5)")


def test_two_families_have_their_own_symbols() -> None:
    text = "protocol P =\n  roles A, D[K], E[*]\n  A -> D[*] : X\n  A -> E[*] : Y\n"
    assert members(report(text)).startswith("A, D[K] and E[*], every K >= 1, E >= 1")
    given = Options(instances=(("D", (1, 2)), ("E", (3,))))
    assert members(report(text, given)) == "A, D[K] and E[*], checked for K = 1, 2; E = 3"


def test_sizes_of_an_outcome_in_words() -> None:
    every = Proved(Method.GENERIC_MEMBER, "", "every N >= 2, M >= 1", ("D[2]", "E[0]"))
    assert sizes_of(every) == "every N >= 2, M >= 1, by generic members D[2], E[0]"
    assert sizes_of(Proved(Method.COHERENCE)) == "" == sizes_of(Unknown("no answer"))
    assert bound_of(Bounded("N = 1", Method.SEARCH)) == "N = 1"
    assert bound_of(Bounded("N = 1", Method.SEARCH, "", "why")) == "N = 1; not every size: why"
