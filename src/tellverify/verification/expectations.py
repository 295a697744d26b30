"""Negative examples: comments that say which fault a text shows, and what a check makes of them.

    -- tell: expect(refuted no-deadlock)
    -- tell: expect(error TV201)

An expectation that is met takes its fault out of what makes a check fail, and what follows from
the fault: nothing is hidden, findings become notes and outcomes stay. One that is not met is an
error, and so is every other fault of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from tellverify.diagnostics.codes import CODES
from tellverify.diagnostics.expectations import unmet_expectation, wrong_expectation
from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.model.roles import family_of
from tellverify.source.span import Span
from tellverify.verdict.outcome import Refuted, Skipped, Unknown, status
from tellverify.verdict.properties import Property
from tellverify.verdict.run import ProtocolReport, Verdict
from tellverify.verification.levels import is_band, selected

_MOST_ITEMS: Final = 200  # in one comment
_REFUTED: Final = "refuted"
_WORDS: Final = (_REFUTED, "error", "warning")
_ITEM: Final = re.compile(rf"(?:({'|'.join(_WORDS)})[ \t]+)?(\S(?:.*\S)?)", re.DOTALL)
_OBLIGATION: Final = re.compile(r"([a-z][a-z-]*)(?:\[(.*)\])?", re.DOTALL)

# One fault of communication shows in several of these: the theory calls a protocol implementable
# when its roles neither deadlock nor deviate, and what roles that deviate do is not known.
_COMMUNICATION: Final = frozenset(
    {
        Property.IMPLEMENTABLE,
        Property.NO_DEADLOCK,
        Property.NO_ORPHAN_MESSAGE,
        Property.NO_UNSPECIFIED_RECEPTION,
        Property.FIDELITY,
    }
)
_AFTER_COMMUNICATION: Final = _COMMUNICATION | {
    Property.NO_STUCK_ROLE,
    Property.CAN_TERMINATE,
    Property.PROJECTABLE,
}
_AFTER_STUCK_ROLE: Final = frozenset({Property.PROJECTABLE})


class Expectation(msgspec.Struct, frozen=True):
    """A fault that a comment announces.

    `word` is "refuted", "error" or "warning", `what` an obligation or the number of a code. A
    refutation is looked for in the `subjects`, a finding at the offsets of `region`, or
    `everywhere` in what was read. `place` is the line of the comment, `span` where it stands in the
    file at `path`.
    """

    word: str
    what: str
    path: str
    place: str
    span: Span
    region: Span
    subjects: frozenset[str]
    everywhere: bool = False

    @property
    def text(self) -> str:
        """The words of the comment."""
        return f"{self.word} {self.what}"


class Settled(msgspec.Struct, frozen=True):
    """The reports and findings of a file after its expectations, those not met among them."""

    reports: list[ProtocolReport]
    diagnostics: list[Diagnostic]


def read_items(
    path: str, span: Span, items: Iterable[str]
) -> tuple[list[tuple[str, str]], list[Diagnostic]]:
    """Each part of a comment as word and obligation or code, and the errors in the others.

    A part without a word has that of the part before it.
    """
    found: list[tuple[str, str]] = []
    said: list[Diagnostic] = []
    word = ""
    for number, item in enumerate(items):
        if number == _MOST_ITEMS:
            why = f"is one of more than {_MOST_ITEMS} expectations"
            said.append(
                wrong_expectation(path, span, item, why, "write one comment for each fault")
            )
            break
        parts = _ITEM.fullmatch(item)
        word = (parts[1] if parts else "") or word
        what = " ".join(parts[2].split()) if parts else ""
        why, instead = _wrong(word, what)
        if why:
            said.append(wrong_expectation(path, span, item, why, instead))
        else:
            found.append((word, what if word == _REFUTED else selected(what)[0].number))
    return found, said


def _wrong(word: str, what: str) -> tuple[str, str]:
    """Why there is no such outcome, and what to write instead; empty when there is."""
    if not word:
        return (
            "says neither `refuted`, `error` nor `warning`",
            "write `expect(refuted PROPERTY)` or `expect(error CODE)`",
        )
    if word != _REFUTED:
        if is_band(what) or not selected(what):
            return "names no code", "`tellverify explain --list` shows all codes"
        return "", ""
    found = _OBLIGATION.fullmatch(what)
    if found is None or found[1] not in [prop.value for prop in Property]:
        return "names no property", "`tellverify explain --list` shows all properties"
    if found[1] == Property.WELL_FORMED:
        return "matches any error", "name the code of the fault: `expect(error CODE)`"
    return "", ""


def settled(
    expectations: Sequence[Expectation],
    reports: Iterable[ProtocolReport],
    diagnostics: Iterable[Diagnostic],
    *,
    selection: frozenset[str] = frozenset(),
) -> Settled:
    """Reports and findings after their expectations.

    `selection` names the properties that were decided at all, empty for all of them: nothing is
    said of an expectation of another one.
    """
    reports, diagnostics = list(reports), list(diagnostics)
    unmet: list[Diagnostic] = []
    met: list[Expectation] = []
    for one in expectations:
        if one.word == _REFUTED and selection and one.what.partition("[")[0] not in selection:
            continue
        why = _unmet(one, reports, diagnostics)
        if why:
            unmet.append(unmet_expectation(one.path, one.span, one.text, why))
        else:
            met.append(one)
    if met:
        diagnostics = [_noted(found, met) for found in diagnostics]
        reports = [_released(report, met, diagnostics) for report in reports]
        diagnostics = [_told(found, reports) for found in diagnostics]
    return Settled(reports, [*diagnostics, *unmet])


# Whether an expectation is met


def _unmet(
    one: Expectation, reports: Sequence[ProtocolReport], diagnostics: Sequence[Diagnostic]
) -> str:
    """Why an expectation is not met, empty when it is."""
    if one.word != _REFUTED:
        if any(_is_expected(found, one) for found in diagnostics):
            return ""
        others = [f.severity for f in diagnostics if f.code.number == one.what and _is_at(f, one)]
        if others:
            return f"`{one.what}` is {_article(others[0])} {others[0]} here"
        name = CODES[one.what].name
        return f"there is no {one.word} `{one.what}` (`{name}`) here"
    asked = [
        verdict
        for report in reports
        if report.name in one.subjects
        for verdict in report.verdicts
        if is_about(one.what, verdict)
    ]
    if any(isinstance(verdict.outcome, Refuted) for verdict in asked):
        return ""
    if not asked:
        return "there is no such obligation here"
    words = dict.fromkeys(status(verdict.outcome) for verdict in asked)
    return f"`{one.what}` is {' and '.join(words)}"


def _article(word: str) -> str:
    return "an" if word.startswith("e") else "a"


def _is_at(found: Diagnostic, one: Expectation) -> bool:
    if one.everywhere:
        return True
    at = found.primary.span.start
    inside = one.region.start <= at < max(one.region.end, one.region.start + 1)
    return (found.primary.path or found.path) == one.path and inside


def _is_expected(found: Diagnostic, one: Expectation) -> bool:
    return found.code.number == one.what and found.severity.value == one.word and _is_at(found, one)


def is_about(what: str, verdict: Verdict) -> bool:
    """Whether `no-stuck-role`, `no-stuck-role[Courier]` or `[Family]` means the obligation."""
    found = _OBLIGATION.fullmatch(what)
    if found is None or found[1] != verdict.property.value:
        return False
    if found[2] is None or verdict.name == what:
        return True
    wanted, scope = found[2], verdict.scope
    if scope.channel is not None:
        return wanted == f"{scope.channel[0]} -> {scope.channel[1]}"
    if scope.item and not scope.roles:
        return wanted == scope.item
    return wanted in scope.roles or any(family_of(role) == wanted for role in scope.roles)


# What an expectation changes


def _noted(found: Diagnostic, met: Sequence[Expectation]) -> Diagnostic:
    """An expected error or warning as a note."""
    for one in met:
        if one.word != _REFUTED and _is_expected(found, one):
            return _as_note(found, one.place)
    return found


def _as_note(found: Diagnostic, place: str) -> Diagnostic:
    note = f"the comment at {place} expects this"
    return msgspec.structs.replace(
        found, severity=Severity.NOTE, notes=tuple(dict.fromkeys((*found.notes, note)))
    )


def _told(found: Diagnostic, reports: Sequence[ProtocolReport]) -> Diagnostic:
    """The finding that reports an expected refutation as a note."""
    for report in reports:
        if found.refutes and found.protocol == report.name:
            for verdict in report.verdicts:
                if verdict.name == found.refutes and verdict.expected:
                    return _as_note(found, verdict.expected)
    return found


def _released(
    report: ProtocolReport, met: Sequence[Expectation], diagnostics: Sequence[Diagnostic]
) -> ProtocolReport:
    """The report without the expected ones among the required obligations."""
    mine = [one for one in met if report.name in one.subjects]
    refutations = [one for one in mine if one.word == _REFUTED]
    place = _place_of_the_text(report, mine, diagnostics)
    verdicts = []
    for verdict in report.verdicts:
        expected = place if _is_of_the_text(verdict) else ""
        expected = expected or next(
            (one.place for one in refutations if _follows(verdict, one, report)), ""
        )
        if expected:
            verdict = msgspec.structs.replace(verdict, required=False, expected=expected)
        verdicts.append(verdict)
    return msgspec.structs.replace(report, verdicts=tuple(verdicts))


def _place_of_the_text(
    report: ProtocolReport, met: Sequence[Expectation], diagnostics: Sequence[Diagnostic]
) -> str:
    """The comment that expects the errors of the text, empty when there is another error."""
    errors = [one for one in met if one.word == "error"]
    if not errors or any(
        found.severity is Severity.ERROR
        and not found.refutes
        and found.protocol in ("", report.name)
        and any(_is_at(found, one) for one in errors)
        for found in diagnostics
    ):
        return ""
    return errors[0].place


def _is_of_the_text(verdict: Verdict) -> bool:
    """Whether an outcome says no more than that the text has an error."""
    if verdict.property is Property.WELL_FORMED:
        return isinstance(verdict.outcome, Refuted)
    return isinstance(verdict.outcome, Skipped)


def _follows(verdict: Verdict, one: Expectation, report: ProtocolReport) -> bool:
    """Whether an outcome is the expected one, or follows from it."""
    outcome = verdict.outcome
    if isinstance(outcome, Refuted) and is_about(one.what, verdict):
        return True
    named = {v.property for v in report.verdicts if is_about(one.what, v)}
    if named & _COMMUNICATION:
        after = _AFTER_COMMUNICATION
    elif Property.NO_STUCK_ROLE in named:
        after = _AFTER_STUCK_ROLE
    else:
        return False
    if isinstance(outcome, Refuted | Unknown):
        return verdict.property in after
    return isinstance(outcome, Skipped)
