"""The property `guards`: its verdicts, findings and exit codes, from the text of a protocol."""

from __future__ import annotations

import pytest

from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.obligations import guards as engine_guards
from tellverify.obligations.options import Options
from tellverify.verdict.outcome import Outcome, Proved, Refuted, Unknown
from tellverify.verdict.properties import PROPERTIES, Property
from tellverify.verdict.run import Run
from tellverify.verification.pipeline import check_text


def freight(*guards: str, tail: str = "") -> str:
    """A choice with branches `L0`, `L1` ...; an empty guard is none."""
    text = "protocol Freight =\n  roles Courier, Depot\n  choice Depot at\n"
    for i, guard in enumerate(guards):
        when = f" when {guard}" if guard else ""
        text += f"    | L{i}{when} =>\n        Depot -> Courier : L{i}\n"
    return text + tail


def checked(text: str, options: Options | None = None) -> Run:
    return check_text(text, options or Options(), "freight.tell").run


def outcomes(run: Run) -> list[Outcome]:
    verdicts = [v for p in run.protocols for v in p.verdicts if v.property is Property.GUARDS]
    assert all(verdict.required for verdict in verdicts)
    return [verdict.outcome for verdict in verdicts]


def said(run: Run) -> list[tuple[str, str]]:
    return [(one.code.number, one.message) for one in run.findings]


def marked(text: str, found: Diagnostic) -> list[str]:
    spans = [found.primary.span, *(other.span for other in found.others)]
    return [text[span.start : span.end] for span in spans]


def test_a_protocol_without_predicates_has_no_such_verdict() -> None:
    run = checked(freight("", ""))
    assert outcomes(run) == []
    assert run.exit_code == 0


def test_guards_that_can_hold_are_proved() -> None:
    run = checked(freight("(load > 3)", "(load <= 3)"))
    (outcome,) = outcomes(run)
    assert isinstance(outcome, Proved)
    assert said(run) == []
    (verdict,) = [v for v in run.protocols[0].verdicts if v.property is Property.GUARDS]
    statistics = dict(verdict.statistics)
    assert (statistics["choices"], statistics["guards"]) == (1, 2)
    assert statistics["queries"] > 0
    assert run.exit_code == 0


def test_a_contradictory_guard_is_refuted_with_its_conditions() -> None:
    text = freight("(load > 5 && ready && load < 3)", "")
    run = checked(text)
    (outcome,) = outcomes(run)
    assert isinstance(outcome, Refuted)
    assert outcome.code == "TV601"
    (found,) = run.findings
    assert found.severity is Severity.ERROR
    assert found.refutes == "guards"
    assert found.upstream == "accepts"
    assert marked(text, found) == ["load > 5 && ready && load < 3", "load > 5", "load < 3"]
    assert "`L0`" in found.message
    assert "`Depot`" in found.message
    assert run.exit_code == 1


def test_each_contradictory_guard_is_a_refutation() -> None:
    run = checked(freight("(a && !a)", "(false)", ""))
    assert [type(outcome) for outcome in outcomes(run)] == [Refuted, Refuted]
    assert [code for code, _ in said(run)] == ["TV601", "TV601"]


@pytest.mark.parametrize(
    ("guards", "code", "words", "places"),
    [
        (("(a || !a)", ""), "TV602", "always holds", ["a || !a"]),
        (
            ("(load <= 5)", "(load >= 5)"),
            "TV603",
            "for example with `load = 5`",
            ["load >= 5", "load <= 5"],
        ),
        (("(load > 3)", "(!load)"), "TV605", "`load` is a truth value here", ["load", "load > 3"]),
    ],
)
def test_what_refutes_nothing_is_a_warning(
    guards: tuple[str, ...], code: str, words: str, places: list[str]
) -> None:
    text = freight(*guards)
    run = checked(text)
    (found,) = run.findings
    assert found.code.number == code
    assert found.severity is Severity.WARNING
    assert words in found.message
    assert [place.split(" >")[0] for place in marked(text, found)] == [
        place.split(" >")[0] for place in places
    ]
    assert run.exit_code == (3 if code == "TV605" else 0)


@pytest.mark.parametrize(
    ("guards", "words"),
    [
        (("(load < 5)", "(load > 5)"), "for example with `load = 5`"),
        (('(kind == "x")', '(kind == "y")'), '`kind = "other"`'),
    ],
)
def test_a_gap_between_guards_refutes(guards: tuple[str, ...], words: str) -> None:
    text = freight(*guards)
    run = checked(text)
    (outcome,) = outcomes(run)
    assert isinstance(outcome, Refuted)
    assert outcome.code == "TV604"
    (found,) = run.findings
    assert (found.severity, found.refutes) == (Severity.ERROR, "guards")
    assert words in found.message
    assert marked(text, found) == ["Depot"]
    assert run.exit_code == 1
    settled = checked(f"-- tell: assume(guards): the rest never occurs\n{text}")
    assert settled.exit_code == 3  # assumed, which is less than bounded
    assert checked(freight(*guards, "")).exit_code == 0


def test_every_choice_with_a_gap_is_told() -> None:
    tail = (
        "    | L2 when (load > 9) =>\n        Depot -> Courier : L2\n        call More\nwhere\n"
        "  protocol More =\n    choice Courier at\n"
        "      | Yes when (x > 1) => Courier -> Depot : Yes\n"
        "      | No when (x < 1) => Courier -> Depot : No\n"
    )
    run = checked(freight("(load < 5)", "(load > 5 && load < 9)", tail=tail))
    assert [code for code, _ in said(run)] == ["TV604", "TV604"]
    assert len(outcomes(run)) == 2


def test_what_is_not_modelled_is_unknown_and_said_where_it_is() -> None:
    text = freight("(load < 1.5)", "(ready && !ready)", "")
    run = checked(text)
    assert [type(outcome) for outcome in outcomes(run)] == [Refuted, Unknown]
    first, second = run.findings
    assert (first.code.number, second.code.number) == ("TV606", "TV601")
    assert marked(text, first) == ["1.5"]
    alone = checked(freight("(load < 1.5)", ""))
    assert alone.exit_code == 3


def test_an_evidence_guard_may_be_all_that_is_left() -> None:
    effect = (
        "effect Yard\n  authoritative free : Parcel -> Result BayError Bay\n"
        "  { class : authoritative, progress : may_block, region : fragment, "
        "agreement_use : required, reentrancy : reject_same_fragment }\n\n"
    )
    text = freight("(load > 3)", "check Yard.free(load) yields bay")
    text = effect + text.replace("Freight =", "Freight uses Yard =")
    run = checked(text)
    assert not {"TV603", "TV604"} & {code for code, _ in said(run)}
    (outcome,) = outcomes(run)
    assert isinstance(outcome, Proved)


def test_choices_in_branches_and_local_protocols_are_judged() -> None:
    tail = (
        "    | Last =>\n        Depot -> Courier : Last\n        call More\nwhere\n"
        "  protocol More =\n    choice Courier at\n"
        "      | Yes when (x != x) => Courier -> Depot : Yes\n"
        "      | No => Courier -> Depot : No\n"
    )
    run = checked(freight("(a)", tail=tail))
    assert [code for code, _ in said(run)] == ["TV601"]


def test_a_choice_that_is_called_twice_is_judged_once() -> None:
    text = (
        "protocol Freight =\n  roles Courier, Depot\n  call More\n  call Again\n"
        "where\n  protocol More =\n    Courier -> Depot : Go\n"
        "  protocol Again =\n    choice Depot at\n"
        "      | Yes when (false) =>\n        Depot -> Courier : Yes\n"
        "      | No =>\n        Depot -> Courier : No\n"
    )
    called = text.replace("call More", "call Again")
    for each in (text, called):
        run = checked(each, Options(dialect="faithful", properties=("guards",)))
        assert len(outcomes(run)) == 1


def test_a_selection_of_other_properties_asks_no_solver() -> None:
    run = checked(freight("(false)", ""), Options(properties=("implementable",)))
    assert outcomes(run) == []
    assert said(run) == []
    assert run.exit_code == 0
    only = checked(freight("(false)", ""), Options(properties=("guards",)))
    assert only.exit_code == 1


def test_many_guards_end_at_the_limit_of_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_guards, "MAX_QUERIES", 20)
    run = checked(freight(*(f"(x == {i})" for i in range(30))), Options(properties=("guards",)))
    (outcome,) = outcomes(run)
    assert isinstance(outcome, Unknown)
    assert outcome.code == "TV902"
    assert run.exit_code == 3


@pytest.mark.parametrize(
    "guard",
    [
        "(" + "!" * 5_000 + "a)",
        f"(x < {'9' * 5_000})",
        "(" + "a && " * 5_000 + "a)",
        "(x\0 > 3)",
        "(\\)",
        "('\")",
        "()",
        "(  )",
        "(é > 3)",
        "(\u202e > 3)",
        '(k == "\u2028")',
        "(a ~ b)",
    ],
)
def test_hostile_guards_end_in_a_verdict_or_a_finding(guard: str) -> None:
    run = checked(freight(guard, "(other)"))
    assert outcomes(run) or run.findings
    assert run.exit_code in (0, 1, 3)
    for found in run.findings:
        assert "\n" not in found.message


def test_a_condition_nested_too_deep_is_said() -> None:
    loop = f'  loop while "{"(" * 5_000}a{")" * 5_000}"\n    Depot -> Courier : M\n'
    text = "protocol Freight =\n  roles Courier, Depot\n" + loop
    run = checked(text, Options(search_limit=100))
    assert "TV606" in {code for code, _ in said(run)}


def test_equal_texts_give_equal_findings() -> None:
    text = freight("(a > b && c)", "(b > a || !c && a < 9)", "(c && k == 3)")
    assert said(checked(text)) == said(checked(text))


NESTED = """\
protocol Nested =
  roles Courier, Depot
  choice Depot at
    | High when (load > 5) =>
        Depot -> Courier : High
        choice Depot at
          | More when (load > 3) =>
              Depot -> Courier : More
          | Less when (load <= 3) =>
              Depot -> Courier : Less
    | Low when (load <= 5) =>
        Depot -> Courier : Low
"""


def test_a_choice_is_judged_by_itself_and_the_verdict_says_so() -> None:
    """`Less` contradicts the guard around it unless the load has changed, which is not asked."""
    (proved,) = outcomes(checked(NESTED))
    assert isinstance(proved, Proved)
    assert proved.detail.startswith("each choice by itself")
    assert PROPERTIES[Property.GUARDS].sentence.startswith("In each choice by itself, ")
    # And a gap is one whatever was decided before.
    refuted = outcomes(checked(NESTED.replace("load <= 3", "load < 3")))
    assert [type(one) for one in refuted] == [Refuted]
