"""Repairs of the protocols of a check, each offered only after the whole check of its text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Final, TypeAlias

import msgspec

from tellverify.diagnostics.expectations import UNMET_EXPECTATION
from tellverify.diagnostics.limits import NOT_WELL_FORMED
from tellverify.diagnostics.model import (
    Diagnostic,
    Replacement,
    Severity,
    SuggestedRepair,
    sort_key,
)
from tellverify.diagnostics.wording import listed, series
from tellverify.language.files.passages import passages
from tellverify.language.instances import sizes_of
from tellverify.language.syntax.surface import is_brace_surface
from tellverify.language.workspace import SourceProtocol, Workspace
from tellverify.obligations.options import Options
from tellverify.repair.judged_sizes import MALFORMED
from tellverify.repair.judgement import Goal
from tellverify.repair.rendering import all_in_words
from tellverify.repair.repair import REACHED, Repair, RepairOptions, Repairs, repair
from tellverify.source.text import SourceFile
from tellverify.verdict.outcome import Assumed, Bounded, Proved, Refuted, Skipped, Unknown, status
from tellverify.verdict.properties import SAFETY, Property
from tellverify.verdict.run import ProtocolReport, Verdict
from tellverify.verification.checked import FileResult

CheckOfFile: TypeAlias = Callable[[Workspace, int, Options], FileResult]
"""The whole check of one file of a workspace, by its number."""
_ALWAYS: Final = frozenset({Property.IMPLEMENTABLE, Property.NO_STUCK_ROLE, *SAFETY})
REPAIRED_BY: Final = {
    Goal.REQUIRED: _ALWAYS,
    Goal.PROJECTABLE: _ALWAYS | {Property.PROJECTABLE},
    Goal.BOUNDED_QUEUES: _ALWAYS | {Property.BOUNDED_QUEUES},
}
"""The properties that a repair with each goal is about; others are left as they are."""
_QUICK: Final = RepairOptions(tries=60, work=6_000)  # what a check spends on a refuted protocol
_MOST_EVENTS: Final = 500  # of a protocol for which a check looks for a repair
_MOST_CHANGES: Final = 3  # that a help spells out
_MOST_NAMED: Final = 3
_BRACES: Final = "it is written on the brace surface, which `tellverify fmt --upgrade` rewrites"
_SHARES_LINE: Final = "it shares its lines with other text"
_MARKED: Final = "its lines begin with the marks of a comment or a quote"
_OTHER_FAULT: Final = (
    "repairs help roles that cannot know what to do or may wait forever, and there is none; refuted"
)


class RepairState(StrEnum):
    """How the repair of a protocol came out."""

    UNNEEDED = "unneeded"
    REPAIRED = "repaired"
    UNREPAIRED = "unrepaired"
    LIMITED = "limited"
    MALFORMED = "malformed"
    UNKNOWN = "unknown"


class ProtocolRepairs(msgspec.Struct, frozen=True):
    """The repairs of one protocol of a file.

    `left` are the required obligations that do not hold and that no repair is about, `errors` what
    is wrong with the text, beside refutations. `claims` says of each offer what its check has
    shown. `expected` are the places of comments that expect what a repair mends. `goals` are those
    for which a protocol that needs no repair is repaired.
    """

    name: str
    source: SourceFile
    line: int
    state: RepairState
    found: Repairs = Repairs()
    claims: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    errors: tuple[Diagnostic, ...] = ()
    expected: tuple[str, ...] = ()
    goals: tuple[Goal, ...] = ()


def repairs_of(
    workspace: Workspace,
    protocol: SourceProtocol,
    report: ProtocolReport,
    said: Iterable[Diagnostic],
    options: Options,
    wanted: RepairOptions,
    check: CheckOfFile,
) -> ProtocolRepairs:
    """The repairs of a protocol of which `report` and `said` came out of a check with `options`,
    each held against another `check`."""
    source = protocol.source
    properties = REPAIRED_BY[wanted.goal]
    asked = [v for v in report.verdicts if v.property in properties]
    left = tuple(v.name for v in report.verdicts if v.required and v not in asked and _fails(v))

    def result(state: RepairState, found: Repairs, claims: Sequence[str] = ()) -> ProtocolRepairs:
        return ProtocolRepairs(
            protocol.name, source, report.line, state, found, tuple(claims), left
        )

    errors = _errors(protocol, report, said)
    unread = any(
        isinstance(v.outcome, Skipped) and v.outcome.code == NOT_WELL_FORMED.number for v in asked
    )
    if errors or unread or protocol.judged.linked.blocked:
        reason = protocol.judged.linked.blocked or MALFORMED
        malformed = result(RepairState.MALFORMED, Repairs(reason=reason))
        return msgspec.structs.replace(malformed, left=(), errors=tuple(errors))
    refuted = [(v.name, v.outcome) for v in asked if isinstance(v.outcome, Refuted)]
    if not refuted:
        wanted_too = properties - _ALWAYS
        open_ = [
            v.name
            for v in asked
            if (v.required or v.property in wanted_too) and isinstance(v.outcome, Unknown | Skipped)
        ]
        if open_:
            reason = f"it is not known whether it needs a repair: {listed(open_, _MOST_NAMED)}"
            return result(RepairState.UNKNOWN, Repairs(reason=reason))
        unasked = {v.property for v in report.verdicts if _fails(v)}
        goals = tuple(goal for goal, about in REPAIRED_BY.items() if about & unasked)
        unneeded = result(RepairState.UNREPAIRED if left else RepairState.UNNEEDED, Repairs())
        return msgspec.structs.replace(unneeded, goals=goals)
    reason = _why_not_editable(protocol)
    if reason:
        return result(RepairState.UNREPAIRED, Repairs(reason=reason))
    rechecks = _Rechecks(workspace, protocol, report, options, wanted.goal, check)
    judged = protocol.judged
    found = repair(
        judged.file,
        source,
        protocol.protocol,
        wanted,
        judged.linked,
        rechecks.holds,
        sizes_of(refuted[0][1].instance),
    )
    if not found.offers and rechecks.broken:
        broken = f"after the change that was found {rechecks.broken}"
        found = msgspec.structs.replace(found, reason=broken)
    elif found.reason == REACHED:
        names = listed([f"`{name}`" for name, _ in refuted], _MOST_NAMED)
        found = msgspec.structs.replace(found, reason=f"{_OTHER_FAULT}: {names}")
    claims = [rechecks.claim(offer) for offer in found.offers]
    state = RepairState.LIMITED if found.limited else RepairState.UNREPAIRED
    expected = {v.expected for v in asked if _fails(v) and v.expected}
    repaired = result(RepairState.REPAIRED if found.offers else state, found, claims)
    return msgspec.structs.replace(repaired, expected=tuple(sorted(expected)))


def with_suggestion(
    workspace: Workspace,
    protocol: SourceProtocol,
    report: ProtocolReport,
    said: Sequence[Diagnostic],
    options: Options,
    check: CheckOfFile,
) -> list[Diagnostic]:
    """The findings about a protocol, with a repair in the first that it mends.

    Only repairs that are found with little work, so that the answer is the same on every machine.
    """
    mended = [one for one in said if _is_mended(one, report)]
    if not mended or report.event_count > _MOST_EVENTS:
        return list(said)
    found = repairs_of(workspace, protocol, report, said, options, _QUICK, check)
    if not found.found.offers:
        return list(said)
    first = min(mended, key=sort_key)
    suggestions = tuple(suggested(protocol.source, offer) for offer in found.found.offers)
    words = suggestions[0].words
    if len(found.found.offers[0].changes) > _MOST_CHANGES:
        path = protocol.source.path
        words = f"`tellverify repair {path}` shows a repair, {found.found.offers[0].size}"
    help_ = f"{words} ({found.claims[0]})"
    others = [text for text in first.helps if text != first.code.help]
    told = msgspec.structs.replace(first, helps=(help_, *others), repairs=suggestions)
    return [told if one is first else one for one in said]


def suggested(source: SourceFile, offer: Repair) -> SuggestedRepair:
    """A repair as part of a finding."""
    words = all_in_words(source, offer.edits)
    return SuggestedRepair(words, tuple(Replacement(one.span, one.text) for one in offer.edits))


class _Rechecks:
    """Whole checks of new texts, and what they have shown."""

    def __init__(
        self,
        workspace: Workspace,
        protocol: SourceProtocol,
        report: ProtocolReport,
        options: Options,
        goal: Goal,
        check: CheckOfFile,
    ) -> None:
        self._check = check
        self.workspace = workspace
        self.protocol = protocol
        self.goal = goal
        self.failed = {v.name for v in report.verdicts if not _holds(v)}
        self.options = msgspec.structs.replace(
            options,
            protocols=(protocol.name,),
            properties=(),
            roles=(),
            witness=(),
            coverage=False,
            draw=False,
            keep_graphs=False,
            suggest=False,
        )
        self.shown: dict[str, str] = {}
        self.broken = ""  # why the last text did not hold
        self._known: Counter[str] | None = None

    def holds(self, text: str) -> bool:
        """Whether the new text has what the goal asks for, and fails nothing that held before."""
        report, errors = self._checked(text)
        if report is None:
            return False
        if errors and not errors <= self._errors_before():
            self.broken = f"the text has the error {min(errors)}"
            return False
        bounds: dict[str, None] = {}
        left = []
        for verdict in report.verdicts:
            is_goal = verdict.property in REPAIRED_BY[self.goal]
            if not (verdict.required or is_goal):
                continue
            if isinstance(verdict.outcome, Bounded):
                bounds[verdict.outcome.bound] = None
            is_known = verdict.name in self.failed
            if _holds(verdict) or (is_known and self._is_left_out(verdict)):
                continue
            if is_goal or not is_known:
                self.broken = f"`{verdict.name}` is {status(verdict.outcome)}"
                if isinstance(verdict.outcome, Skipped | Unknown):
                    self.broken += f": {verdict.outcome.reason}"
                return False
            left.append(verdict.name)
        self.shown[text] = _claim(self.goal, left, list(bounds), sorted(errors))
        return True

    def _is_left_out(self, verdict: Verdict) -> bool:
        """Whether nothing is asked of an obligation, such as one that no theory covers."""
        wanted_too = REPAIRED_BY[self.goal] - _ALWAYS
        is_asked = verdict.required or verdict.property in wanted_too
        return isinstance(verdict.outcome, Skipped) and not is_asked

    def claim(self, offer: Repair) -> str:
        """What the check of an offer has shown."""
        return self.shown.get(offer.text, "not checked")

    def _errors_before(self) -> Counter[str]:
        """The errors of the old text that refute nothing, such as one of another protocol."""
        if self._known is None:
            self._known = self._checked(self.protocol.source.text)[1]
        return self._known

    def _checked(self, text: str) -> tuple[ProtocolReport | None, Counter[str]]:
        """The report of the protocol in a text, and how many errors refute nothing, by code."""
        again = self.workspace.with_text(self.protocol.source.path, text)
        if again is None:
            return None, Counter()
        result = self._check(again, 0, self.options)
        errors = Counter(
            one.code.number
            for one in result.diagnostics
            if one.severity is Severity.ERROR
            and not one.refutes
            and one.code is not UNMET_EXPECTATION  # the repaired fault was expected
        )
        named = (one for one in result.reports if one.name == self.protocol.name)
        return next(named, None), errors


def _claim(
    goal: Goal, left: Sequence[str], bounds: Sequence[str], errors: Sequence[str] = ()
) -> str:
    how = f"checked for {'; '.join(bounds)}" if bounds else "checked"
    more = {
        Goal.REQUIRED: "",
        Goal.PROJECTABLE: ", and strict merge accepts it",
        Goal.BOUNDED_QUEUES: ", and every queue is bounded",
    }[goal]
    if errors:
        more += f"; {series(errors)} {'remains' if len(errors) == 1 else 'remain'}"
    if not left:
        return f"{how}: every required obligation then holds{more}"
    named = series([f"`{name}`" for name in left[:_MOST_NAMED]])
    rest = f" and {len(left) - _MOST_NAMED} more" if len(left) > _MOST_NAMED else ""
    return f"{how}: every required obligation then holds except {named}{rest}{more}"


def _holds(verdict: Verdict) -> bool:
    return isinstance(verdict.outcome, Proved | Bounded | Assumed)


def _fails(verdict: Verdict) -> bool:
    return isinstance(verdict.outcome, Refuted)


def _is_mended(one: Diagnostic, report: ProtocolReport) -> bool:
    """Whether a finding reports a required obligation that a repair is about."""
    if not one.refutes or one.protocol != report.name:
        return False
    return any(
        v.name == one.refutes and v.required and v.property in _ALWAYS for v in report.verdicts
    )


def _errors(
    protocol: SourceProtocol, report: ProtocolReport, said: Iterable[Diagnostic]
) -> list[Diagnostic]:
    """The errors in the text of a protocol that is not well-formed."""
    refuted = any(v.property is Property.WELL_FORMED and _fails(v) for v in report.verdicts)
    if not refuted:
        return list(protocol.errors)
    codes = {v.outcome.code for v in report.verdicts if isinstance(v.outcome, Refuted)}
    errors = protocol.errors or [
        one
        for one in said
        if one.protocol in ("", report.name)
        and not one.refutes
        and (one.severity is Severity.ERROR or one.code.number in codes)  # expected ones are notes
    ]
    return sorted({*errors}, key=sort_key)


def _why_not_editable(protocol: SourceProtocol) -> str:
    """Why the text of a protocol cannot be edited, empty when it can be."""
    source = protocol.source
    at = protocol.protocol.name.span.start
    own = passages(source)
    for passage in own:
        start, end = passage.offset, passage.offset + len(passage.text)
        if passage.lines is not None:
            start, end = passage.lines.start, passage.lines.end
        if start <= at < end or len(own) == 1:
            if passage.lines is None:
                return _SHARES_LINE
            if passage.indent.strip():
                return _MARKED
            return _BRACES if is_brace_surface(passage.text) else ""
    return _SHARES_LINE
