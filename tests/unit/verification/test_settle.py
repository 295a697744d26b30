"""Levels, `allow` and `assume` comments: what they change, and what they must not hide."""

from __future__ import annotations

import msgspec
import pytest

from tellverify.obligations.options import Ledger, Level, Options
from tellverify.verdict.outcome import Assumed, Proved, Refuted, Unknown
from tellverify.verdict.run import Assumption, Verdict
from tellverify.verification.checked import Checked
from tellverify.verification.levels import level_of, ordered, refusal, selected
from tellverify.verification.pipeline import check_text

STUCK = """\
module shop exposing (Stuck)
{above}
protocol Stuck =
  roles A, B, C
  choice A at
    | again =>
        A -> C : again
        C -> B : Work
    | stop =>
        A -> C : stop
"""
UNUSED = "protocol P =\n{above}\n  roles A, B, C{behind}\n  A -> B : Ping\n"
RECEIPT = """\
protocol P =
  roles A, B
  choice A at
    | Go =>
        {above}
        B -> A : Go
    | Stop =>
        A -> B : Stop
"""


def checked(text: str, **changes: object) -> Checked:
    return check_text(text, msgspec.structs.replace(Options(), **changes), "p.tell")


def codes(run: Checked) -> list[str]:
    return [found.code.number for found in run.run.findings]


def verdict(run: Checked, name: str) -> Verdict:
    return next(v for p in run.run.protocols for v in p.verdicts if v.name == name)


def unused(above: str = "", behind: str = "", **changes: object) -> Checked:
    return checked(UNUSED.format(above=above, behind=behind), **changes)


def stuck(above: str, **changes: object) -> Checked:
    return checked(STUCK.format(above=above), **changes)


def test_an_allowed_lint_is_kept_as_a_suppression() -> None:
    for run in (
        unused("  -- tell: allow(TV206): C comes later"),
        unused("  -- tell: allow(unused-role): C comes later"),
        unused("  -- tell: allow(TV24, TV20): C comes later"),
        unused(behind="  -- tell: allow(TV2): C comes later"),
    ):
        assert "TV206" not in codes(run)
        [kept] = run.run.suppressions
        assert (kept.kind, kept.diagnostic.code.number) == ("comment", "TV206")
        assert kept.reason == "C comes later"
        assert kept.place.startswith("p.tell:")
    assert codes(unused()) == ["TV206"]


def test_an_unused_part_of_a_comment_is_told() -> None:
    run = unused("  -- tell: allow(TV206, TV246): C comes later")
    assert codes(run) == ["TV022"]
    assert "allow(TV246)" in run.run.findings[0].message


def test_a_comment_elsewhere_covers_nothing() -> None:
    run = checked(UNUSED.format(above="", behind="") + "  -- tell: allow(TV206): no\n")
    assert sorted(codes(run)) == ["TV022", "TV206"]


def test_without_a_reason_nothing_is_allowed() -> None:
    run = unused("  -- tell: allow(TV206)")
    assert sorted(codes(run)) == ["TV021", "TV206"]
    assert run.run.exit_code == 1


@pytest.mark.parametrize("code", ["TV512", "TV201", "TV101", "TV902", "nothing", "TV999"])
def test_obligations_limits_and_broken_texts_cannot_be_allowed(code: str) -> None:
    run = unused(f"  -- tell: allow({code}): no")
    assert "TV026" in codes(run)
    assert run.run.exit_code == 1


def test_an_allowed_error_leaves_the_protocol_to_be_judged() -> None:
    plain = checked(RECEIPT.format(above=""))
    assert "TV242" in codes(plain)
    assert isinstance(verdict(plain, "well-formed").outcome, Refuted)
    run = checked(RECEIPT.format(above="-- tell: allow(TV242): as in version 1"))
    assert "TV242" not in codes(run)
    assert isinstance(verdict(run, "well-formed").outcome, Proved)
    assert len(run.run.suppressions) == 1


def test_an_assumed_obligation_is_never_success_by_itself() -> None:
    run = stuck("-- tell: assume(no-stuck-role[B]) until 2999-01-01: a watchdog")
    outcome = verdict(run, "no-stuck-role[B]").outcome
    assert outcome == Assumed("a watchdog", "p.tell:2", "A1")
    assert not [d for d in run.run.findings if d.refutes == "no-stuck-role[B]"]
    assert [s.diagnostic.refutes for s in run.run.suppressions] == ["no-stuck-role[B]"]
    assert run.run.exit_code == 3
    assert run.run.exit_reason == "1 required obligation is assumed"
    allowed = stuck(
        "-- tell: assume(no-stuck-role[B]): a watchdog",
        requirements=(("no-stuck-role", "assumed"),),
    )
    assert allowed.run.exit_code == 0


def test_the_day_is_told_only_where_it_matters() -> None:
    dated = stuck("-- tell: assume(no-stuck-role) until 2027-01-01: w", today="2026-12-31")
    assert ("today", "2026-12-31") in dated.run.configuration
    assert isinstance(verdict(dated, "no-stuck-role[B]").outcome, Assumed)
    plain = stuck("-- tell: assume(no-stuck-role): w", today="2026-12-31")
    assert plain.run.configuration == ()


def test_on_its_day_an_assumption_counts_and_later_it_does_not() -> None:
    comment = "-- tell: assume(no-stuck-role[B]) until 2027-01-01: w"
    assert stuck(comment, today="2027-01-01").run.exit_code == 3
    late = stuck(comment, today="2027-01-02")
    assert late.run.exit_code == 1
    assert "TV025" in codes(late)
    assert isinstance(verdict(late, "no-stuck-role[B]").outcome, Refuted)
    [entry] = late.run.assumptions
    assert not entry.in_force


def test_an_assumption_of_what_is_proved_covers_nothing() -> None:
    run = stuck("-- tell: assume(no-stuck-role[A]): w")
    assert "TV022" in codes(run)
    assert "is proved" in next(d for d in run.run.findings if d.code.number == "TV022").message
    assert isinstance(verdict(run, "no-stuck-role[A, C]").outcome, Proved)


def test_with_a_selection_it_is_not_known_what_covers_nothing() -> None:
    comment = "-- tell: assume(no-stuck-role[B]): w"
    run = stuck(comment, properties=("implementable",))
    assert "TV022" not in codes(run)


@pytest.mark.parametrize("name", ["well-formed", "liveness", "no-stuck-role[", "NO-DEADLOCK", ""])
def test_what_is_no_obligation_cannot_be_assumed(name: str) -> None:
    assert "TV026" in codes(stuck(f"-- tell: assume({name}): w"))


def test_numbers_come_from_the_ledger() -> None:
    entry = Assumption("A7", "x", "shop.Stuck", "no-stuck-role[B]", "old", "x:1", owner="ops")
    comment = "-- tell: assume(no-stuck-role[B]): w"
    run = stuck(comment, ledger=Ledger("a.toml", (entry,)))
    [found] = run.run.assumptions
    assert (found.number, found.owner, found.is_new) == ("A7", "ops", False)
    other = msgspec.structs.replace(entry, obligation="guards")
    [found] = stuck(comment, ledger=Ledger("a.toml", (other,))).run.assumptions
    assert (found.number, found.is_new) == ("A8", True)


def test_levels_change_how_grave_a_lint_is() -> None:
    for level, exit_code in (("error", 1), ("warning", 0), ("note", 0)):
        run = unused(levels=(Level("TV206", level, "here"),))
        assert [str(d.severity) for d in run.run.findings] == [level]
        assert run.run.exit_code == exit_code
    run = unused(levels=(Level("TV2", "ignore", "tellverify.toml:3"),))
    assert not run.run.findings
    assert run.run.suppressions[0].place == "tellverify.toml:3"


def test_levels_never_touch_what_leaves_no_meaning() -> None:
    text = "protocol P =\n  roles A\n  A -> B : Ping\n"
    run = checked(text, levels=(Level("TV2", "ignore", "here"),))
    assert "TV201" in codes(run)
    assert run.run.exit_code == 1
    assert not stuck("", levels=(Level("TV5", "ignore", "here"),)).run.suppressions


def test_the_last_level_wins_and_codes_come_after_bands() -> None:
    levels = ordered(
        [Level("TV206", "note", ""), Level("TV2", "error", ""), Level("TV20", "ignore", "")]
    )
    [code] = selected("unused-role")
    assert [one.selector for one in levels] == ["TV2", "TV20", "TV206"]
    found = level_of(code, levels)
    assert found is not None and found.level == "note"


@pytest.mark.parametrize(
    ("selector", "level", "words"),
    [
        ("TV206", "fatal", "not a level"),
        ("TV999", "note", "not a code"),
        ("TV512", "note", "obligation"),
        ("TV201", "note", "without a meaning"),
        ("TV201", "error", ""),
        ("TV2", "ignore", ""),
        ("tv206", "ignore", ""),
        ("unused-role", "warning", ""),
    ],
)
def test_what_cannot_have_a_level_is_refused(selector: str, level: str, words: str) -> None:
    assert words in refusal(selector, level)
    assert bool(words) == bool(refusal(selector, level))


def test_one_of_exactly_two_roles_is_assumed_without_the_other() -> None:
    """Neither role was decided: what is assumed of one says nothing of the other."""
    text = (
        "{above}protocol Two =\n  roles A, B\n  par\n"
        "    |\n      A -> B : x\n      B -> A : y\n"
        "    |\n      B -> A : z\n      A -> B : w\n"
    )
    run = checked(text.format(above=""), search_limit=1)
    both = verdict(run, "no-stuck-role[A, B]")
    assert isinstance(both.outcome, Unknown)
    run = checked(text.format(above="-- tell: assume(no-stuck-role[B]): w\n"), search_limit=1)
    assert verdict(run, "no-stuck-role[A]").outcome == both.outcome
    assert isinstance(verdict(run, "no-stuck-role[B]").outcome, Assumed)
