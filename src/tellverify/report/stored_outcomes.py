"""Verdicts of a stored run: from the status and its evidence to the outcome again."""

from __future__ import annotations

from typing import Final

from tellverify.model.graph import Site
from tellverify.model.step import Step
from tellverify.model.trace import Fault, Trace, Waiting
from tellverify.report.stored_places import Places, StoredError
from tellverify.report.wire_model import Place, WireRun, WireStep, WireTrace, WireVerdict
from tellverify.source.span import Span
from tellverify.verdict.methods import Method, method_named
from tellverify.verdict.outcome import (
    Assumed,
    Bounded,
    Conflict,
    Core,
    CorePremise,
    Outcome,
    Proved,
    Refuted,
    Skipped,
    Unknown,
)
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Subject, Verdict, Witness

_LONGEST: Final = 200
_FORMER: Final = {"runs": "executions", "": "structure"}


def restored_verdict(value: WireVerdict, run: WireRun, places: Places) -> Verdict:
    """The verdict again. Raises StoredError when the status lacks what it must carry."""
    try:
        asked = Property(value.property)
    except ValueError:
        name = value.property[:_LONGEST]
        raise StoredError(f"this version knows no property `{name}`") from None
    if not value.locations:
        raise StoredError(f"`{value.id[:_LONGEST]}` has no location")
    here = value.locations[0]
    subject = value.subject
    channel = subject.channel
    if len(channel) not in (0, 2):
        raise StoredError(f"the channel of `{value.id[:_LONGEST]}` does not have two roles")
    evidence = value.evidence
    witness = None
    if evidence.kind == "witness" and evidence.trace is not None:
        witness = Witness(_trace(evidence.trace, here, places), evidence.instance)
    return Verdict(
        asked,
        Subject(
            subject.protocol,
            (subject.role,) if subject.role else subject.roles,
            (channel[0], channel[1]) if channel else None,
            subject.item,
        ),
        _outcome(value, run, places),
        value.required,
        here.line,
        here.column,
        tuple(value.statistics.items()),
        value.vacuity,
        witness,
    )


def _outcome(value: WireVerdict, run: WireRun, places: Places) -> Outcome:
    detail = value.method.options.get("detail", "")
    reason = value.reason if isinstance(value.reason, str) else ""
    match value.status:
        case "proved":
            return Proved(_method(value), detail)
        case "bounded":
            return Bounded(value.scope.bound, _method(value), detail)
        case "refuted":
            return _refuted(value, reason, places)
        case "unknown":
            return Unknown(reason, value.code or "")
        case "skipped":
            return Skipped(reason, value.code or "")
        case "assumed":
            ledger = value.assumptions[0] if value.assumptions else ""
            return Assumed(reason, _place_of(value, ledger, run), ledger)
        case other:
            raise StoredError(f"`{other[:_LONGEST]}` is no outcome")


def _method(value: WireVerdict) -> Method:
    """The method; files of earlier versions name it by its title, with remarks after a `;`."""
    if isinstance(value.method.name, Method):
        return value.method.name
    title = value.method.options.get("method", "").partition(";")[0]
    found = method_named(_FORMER.get(title, title))
    if found is None:
        raise StoredError(f"`{title[:_LONGEST]}` is no method")
    return found


def _place_of(value: WireVerdict, ledger: str, run: WireRun) -> str:
    """Where the assumption stands that an obligation rests on."""
    own = [one.place for one in run.assumptions if one.obligation == value.id]
    numbered = [one.place for one in run.assumptions if one.ledger == ledger]
    return (own or numbered or [""])[0]


def _refuted(value: WireVerdict, reason: str, places: Places) -> Refuted:
    evidence = value.evidence
    found: Trace | Conflict | Core
    match evidence.kind:
        case "counterexample" if evidence.trace is not None:
            found = _trace(evidence.trace, value.locations[0], places)
        case "conflict" if len(evidence.places) == 2:
            left, right = evidence.places
            spans = (places.span(left), places.span(right))
            found = Conflict(evidence.reason, left.path, *spans)
        case "core":
            premises = tuple(
                CorePremise(one.name, one.text, one.path, one.line) for one in evidence.premises
            )
            script = "" if evidence.sha256 else evidence.path
            found = Core(evidence.reason, premises, script)
        case _:
            name = value.id[:_LONGEST]
            raise StoredError(f"`{name}` is refuted, but nothing is there that shows it")
    return Refuted(value.code or "", found, _method(value), evidence.instance, reason)


def _trace(value: WireTrace, here: Place, places: Places) -> Trace:
    try:
        fault = Fault(value.fault)
    except ValueError:
        raise StoredError(f"`{value.fault[:_LONGEST]}` is no fault of a run") from None
    if not -1 <= value.loop < max(len(value.steps), 1):
        raise StoredError(f"the loop of a run begins at step {value.loop}, which it does not have")
    if value.states and len(value.states) != len(value.steps):
        raise StoredError("a run does not have one local state for each step")
    return Trace(
        fault=fault,
        steps=tuple(_step(step, places) for step in value.steps),
        culprits=value.culprits,
        explanation=value.explanation,
        minimal=value.minimal,
        loop=value.loop,
        queues=tuple((one.sender, one.receiver, one.labels) for one in value.queues),
        waiting=tuple(Waiting(one.role, one.finished, one.awaits) for one in value.waiting),
        place=_shown_at(value, here, places),
        states=value.states,
    )


def _shown_at(value: WireTrace, here: Place, places: Places) -> Site:
    """Where the run shows its fault; nowhere of its own when that is its last step."""
    last = value.steps[-1] if value.steps else None
    if last is not None and not here.end_line:
        same = (last.line, max(last.column, 1)) == (here.line, here.column)
        if same and last.path in ("", here.path):
            return Site()
    return Site(here.path, places.span(here), here.line, here.column)


def _step(value: WireStep, places: Places) -> Step:
    start = places.at(value.path, value.line, value.column)
    length = max(value.length, 0)
    span = Span(0, length) if start is None else Span(start, start + length)
    site = Site(value.path, span, value.line, value.column, branch=value.branch)
    if value.action == "send":
        return Step(True, value.role, value.peer, value.label, site)
    return Step(False, value.peer, value.role, value.label, site)
