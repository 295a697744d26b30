"""Properties in comments and in the configuration: verdicts, findings, bounds, coverage."""

from __future__ import annotations

import pytest
from local_machines import canonical_machine

from tellverify.evidence.formula_run import complaint
from tellverify.language.lowering.lower import lower
from tellverify.language.syntax.surface import read_tell
from tellverify.model.trace import Trace
from tellverify.obligations.context import Instance
from tellverify.obligations.coverage import MOST_RUNS, coverage_of
from tellverify.obligations.options import Options, UserProperty
from tellverify.source.text import SourceFile
from tellverify.verdict.outcome import Bounded, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.run import Run, Verdict
from tellverify.verification.pipeline import check_text

SHOP = """protocol Shop =
  roles Buyer, Seller
  rec Again
    Buyer -> Seller : Order
    choice Seller at
      | Accept =>
          Seller -> Buyer : Accept
          Buyer -> Seller : Pay
      | Refuse =>
          Seller -> Buyer : Refuse
          continue Again
"""
STREAM = """protocol Stream =
  roles A, B
  rec L
    choice A at
      | Item =>
          A -> B : Item
          continue L
      | Stop =>
          A -> B : Stop
"""
VOTE = """protocol Vote =
  roles C, Devices[N]
  C -> Devices[*] : Propose
  Devices[*] -> C : Ack
  C -> Devices[*] : Commit
"""


def checked(*properties: str, protocol: str = SHOP, **options: object) -> Run:
    lines = [f"-- tell: property p{n}: {formula}\n" for n, formula in enumerate(properties)]
    return check_text("".join(lines) + protocol, Options(**options), path="shop.tell").run


def verdict(run: Run, item: str = "p0") -> Verdict:
    (found,) = (v for p in run.protocols for v in p.verdicts if v.scope.item == item)
    return found


def codes(run: Run) -> list[str]:
    return [diagnostic.code.number for diagnostic in run.findings]


def test_all_properties_of_a_protocol_are_decided_in_order() -> None:
    run = checked("Pay only after Accept", "eventually Pay", "at most once Pay")
    found = [v for v in run.protocols[0].verdicts if v.property.value == "property"]
    assert [v.name for v in found] == ["property[p0]", "property[p1]", "property[p2]"]
    assert [type(v.outcome) for v in found] == [Proved, Refuted, Proved]
    assert [v.line for v in found] == [1, 2, 3]
    assert run.exit_code == 1


def test_a_comment_inside_the_protocol_speaks_of_it_too() -> None:
    text = SHOP.replace("    choice", "    -- tell: property inner: at most once Pay\n    choice")
    run = check_text(text, Options()).run
    assert isinstance(verdict(run, "inner").outcome, Proved)


def test_a_refutation_has_a_shortest_run_or_a_lasso() -> None:
    finite = verdict(checked("never Pay after Order")).outcome
    assert isinstance(finite, Refuted)
    assert isinstance(finite.evidence, Trace)
    assert finite.evidence.minimal
    assert [str(step) for step in finite.evidence.steps][-1] == "Buyer!Seller:Pay"
    assert len(finite.evidence.steps) == 5
    endless = verdict(checked("eventually Pay")).outcome
    assert isinstance(endless, Refuted)
    assert isinstance(endless.evidence, Trace)
    assert endless.evidence.loop >= 0
    assert not endless.evidence.minimal


def test_a_name_that_is_not_there_is_an_error_with_a_suggestion() -> None:
    run = checked("never Payy after Order", "Bayer finished", "takes Acept")
    assert codes(run).count("TV612") == 3
    helps = [d.helps for d in run.findings if d.code.number == "TV612"]
    assert helps == [
        ("did you mean `Pay`?",),
        ("did you mean `Buyer`?",),
        ("did you mean `Accept`?",),
    ]
    assert isinstance(verdict(run).outcome, Skipped)
    assert run.exit_code == 1


def test_a_formula_that_cannot_be_read_is_shown_at_its_place() -> None:
    run = checked("never (Pay after Order")
    (said,) = (d for d in run.findings if d.code.number == "TV611")
    line = "-- tell: property p0: never (Pay after Order"
    assert said.primary.span.start == line.index("after")
    assert isinstance(verdict(run).outcome, Skipped)


def test_a_second_property_of_one_name_is_not_decided() -> None:
    text = "-- tell: property one: eventually Order\n-- tell: property one: never Order\n" + SHOP
    run = check_text(text, Options()).run
    assert codes(run).count("TV613") == 1
    assert isinstance(verdict(run, "one").outcome, Proved)


def test_the_configuration_states_properties_too() -> None:
    table = (
        UserProperty("paid", "Pay only after Accept", "tellverify.toml", 3),
        UserProperty("Shop.once", "at most once Pay", "tellverify.toml", 4),
        UserProperty("Other.never", "never Pay", "tellverify.toml", 5),
        UserProperty("elsewhere", "Courier finished", "tellverify.toml", 6),
        UserProperty("bad", "never (", "tellverify.toml", 7),
    )
    run = checked(user_properties=table)
    items = [v.scope.item for v in run.protocols[0].verdicts if v.scope.item]
    assert items == ["paid", "Shop.once", "bad"]
    (said,) = (d for d in run.findings if d.code.number == "TV611")
    assert said.path == "tellverify.toml"
    assert "line 7" in said.notes[0]


def test_vacuity_is_told_and_shown() -> None:
    run = checked(
        "every Seller -> Buyer : Pay is followed by Order", "every Pay is followed by end"
    )
    assert verdict(run).vacuity == "vacuous"
    assert codes(run).count("TV931") == 1
    holds = checked("every Order is followed by Accept or Refuse")
    assert verdict(holds).vacuity == "exercised"
    assert "TV931" not in codes(holds)


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("always (false implies (eventually Order))", "`false` never happens in `Shop`"),
        (
            "always (!(count(Order) >= 0) implies (eventually Order))",
            "`!(count(Order) >= 0)` never happens in `Shop`",
        ),
        (
            "(eventually Seller -> Buyer : Pay) or (eventually Seller -> Buyer : Order) or true",
            "none of `Seller -> Buyer : Pay`, `Seller -> Buyer : Order` ever happens in `Shop`",
        ),
    ],
)
def test_vacuity_is_told_in_words_of_the_formula(formula: str, said: str) -> None:
    (found,) = (d for d in checked(formula).findings if d.code.number == "TV931")
    assert found.message == f"property `p0` holds vacuously: {said}"


def test_what_is_never_to_happen_may_be_impossible() -> None:
    run = checked("never Seller -> Buyer : Pay")
    assert verdict(run).vacuity == "not-checked"
    assert isinstance(verdict(run).outcome, Proved)
    assert "TV931" not in codes(run)


def test_family_sizes_bound_what_is_proved() -> None:
    run = checked(
        "C -> Devices[i] : Commit only after Devices[i] -> C : Ack",
        "Devices[1] -> C : Ack only after Commit",
        "eventually Devices[7] -> C : Ack",
        protocol=VOTE,
    )
    holds = verdict(run).outcome
    assert isinstance(holds, Bounded)
    assert holds.bound == "N = 1, 2, 3" or "= 1, 2, 3" in holds.bound
    broken = verdict(run, "p1").outcome
    assert isinstance(broken, Refuted)
    assert broken.instance.endswith("2")
    assert isinstance(verdict(run, "p2").outcome, Skipped)


def test_unbounded_queues_bound_what_the_order_leaves_open() -> None:
    run = checked(
        "never Item after Stop",
        "receive Stop only after receive Item || Stop",
        "always count(Item) >= count(receive Item)",
        protocol=STREAM,
    )
    assert isinstance(verdict(run).outcome, Proved)
    races = verdict(run, "p1").outcome
    assert isinstance(races, Bounded)
    assert "queues <= 8" in races.bound
    counts = verdict(run, "p2").outcome
    assert isinstance(counts, Proved | Bounded | Unknown)


def test_many_large_and_hostile_formulas_end() -> None:
    many = [f"at most {n % 9 + 1} times Pay" for n in range(1_000)]
    run = checked(*many)
    found = [v for v in run.protocols[0].verdicts if v.property.value == "property"]
    assert len(found) == 1_000
    assert all(isinstance(v.outcome, Proved) for v in found)
    hard = " && ".join(f"(<> [] X X X Pay || <> count(Order) == {n})" for n in range(40))
    wide = " || ".join(f"(Order U (Pay U count(Accept) > {n}))" for n in range(60))
    run = checked(hard, wide, "(" * 5_000, "X" * 1_000_000)
    assert isinstance(verdict(run).outcome, Unknown | Refuted | Proved)
    assert checked("\0\1\2").exit_code == 1
    assert [v.outcome.reason for v in run.protocols[0].verdicts if isinstance(v.outcome, Skipped)]


def test_witnesses_prove_and_exhaustion_refutes() -> None:
    run = checked(properties=("reachable",), witness=("Seller -> Buyer : Refuse", "branch Accept"))
    found = verdict(run, "Seller -> Buyer : Refuse")
    assert isinstance(found.outcome, Proved)
    assert found.witness is not None
    assert found.witness.trace.minimal
    assert [str(s) for s in found.witness.trace.steps][-1] == "Seller!Buyer:Refuse"
    assert len(found.witness.trace.steps) == 3
    assert run.exit_code == 0
    none = checked(properties=("reachable",), witness=("Seller -> Buyer : Order",))
    assert isinstance(verdict(none, "Seller -> Buyer : Order").outcome, Refuted)
    assert codes(none) == ["TV622"]
    assert none.exit_code == 1
    sizes = checked(protocol=VOTE, properties=("reachable",), witness=("C -> Devices[0] : Ack",))
    assert isinstance(verdict(sizes, "C -> Devices[0] : Ack").outcome, Unknown)
    assert sizes.exit_code == 3


def test_a_branch_that_nothing_takes_is_told_once() -> None:
    text = SHOP.replace(
        "continue Again",
        "loop repeat 0\n            choice Buyer at\n"
        "              | Late =>\n                  Buyer -> Seller : Late\n"
        "              | Never =>\n                  Buyer -> Seller : Never\n",
    )
    said = codes(check_text(text, Options()).run)
    assert said.count("TV932") == 2
    assert "TV932" not in codes(checked())


def test_coverage_counts_places_and_runs() -> None:
    run = checked(coverage=True)
    coverage = run.protocols[0].coverage
    assert coverage is not None
    assert coverage.runs == 2
    assert [(r.label, r.places, r.runs) for r in coverage.rows] == [
        ("Accept", 1, 1),
        ("Refuse", 1, 1),
    ]
    assert checked().protocols[0].coverage is None


def rounds(count: int) -> str:
    return (
        f"protocol Many =\n  roles A, B\n  loop repeat {count}\n    choice A at\n"
        "      | L =>\n          A -> B : L\n      | R =>\n          A -> B : R\n"
        "      | S =>\n          A -> B : S\n"
    )


def test_coverage_is_exact_or_not_counted() -> None:
    for count, total in ((1, 3), (2, 9), (5, 243)):
        source = SourceFile("many.tell", rounds(count))
        file = read_tell(source).file
        protocol = file.protocols[0]
        lowered = lower(file, source, protocol, {})
        found = coverage_of(protocol, source, [Instance("", {}, lowered)])
        assert found.runs == total
        assert {row.runs for row in found.rows} == {total - 2**count}
    run = check_text(rounds(60), Options(coverage=True)).run
    coverage = run.protocols[0].coverage
    assert coverage is not None
    assert coverage.runs == -1
    assert MOST_RUNS < 3**60


def test_every_trace_is_judged_again_by_the_equations() -> None:
    run = checked("never Refuse after Refuse", "eventually Pay", "always eventually Order")
    source = SourceFile("shop.tell", SHOP)
    file = read_tell(source).file
    graph = lower(file, source, file.protocols[0], {}).graph
    assert graph is not None
    machines = [canonical_machine(graph, role) for role in graph.roles]
    for number in range(3):
        outcome = verdict(run, f"p{number}").outcome
        assert isinstance(outcome, Refuted)
        trace = outcome.evidence
        assert isinstance(trace, Trace)
        assert trace.formula is not None
        assert complaint(trace.formula, trace.steps, trace.loop, machines) == ""
        if trace.loop < 0:
            assert complaint(trace.formula, trace.steps[:-1], -1, machines) != ""
