"""What the text of timeouts shows, and which messages may be discarded."""

from __future__ import annotations

from typing import Final, assert_never

import msgspec

from tellverify.diagnostics import timeouts as say
from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.diagnostics.wording import counted, listed
from tellverify.model.defect import AmbiguousRun
from tellverify.model.fault import Fault
from tellverify.model.roles import family_of
from tellverify.model.timed_text import (
    ON_CANCEL,
    FirePolicy,
    LatePolicy,
    TimedProtocol,
)
from tellverify.obligations.context import Context, Decision, Instance, sizes_of
from tellverify.obligations.timed import TimedAnswer, covered, timed_answer
from tellverify.obligations.timed_runs import TimedRuns, site_of_message
from tellverify.search.timed import TimedRun
from tellverify.search.timed_static import TimeoutAdvice, TimeoutFinding, timeout_findings
from tellverify.verdict.identity import ObligationScope
from tellverify.verdict.outcome import Bounded, Outcome, Proved
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Verdict, Witness

_NAMED: Final = 4  # messages in the detail of a verdict


def decide_timeouts(context: Context) -> Decision:
    """The findings on the text of all timeouts, and the verdict on late messages."""
    found: dict[Diagnostic, None] = {}
    told: dict[tuple[object, ...], None] = {}
    answers: list[tuple[Instance, TimedProtocol, TimedAnswer]] = []
    for instance in context.instances:
        timed = instance.lowered.timed
        if timed is None:
            continue
        answer = timed_answer(timed, context.options)
        answers.append((instance, timed, answer))
        own_timers = context.options.late == LatePolicy.OWN.value
        for one in () if own_timers else timeout_findings(timed):
            key = _key(timed, one)
            if key not in told:
                told[key] = None
                found.setdefault(_worded(context, timed, one))
        for role, label in answer.found.unclear:
            key = "unclear", family_of(role), label
            if key not in told:
                told[key] = None
                site = site_of_message(timed, role, label)
                where = Where(site.path, context.name)
                found.setdefault(say.unclear_round(where, role, label, site.span))
    verdicts = (_late(context, answers),) if len(answers) == len(context.instances) else ()
    files: tuple[tuple[str, str, str], ...] = ()
    if context.options.keep_graphs:
        from tellverify.obligations.timed_evidence import evidence_of_timeouts

        files = evidence_of_timeouts(context, verdicts)
    return Decision(verdicts, tuple(found), files)


# The text


def _key(timed: TimedProtocol, one: TimeoutFinding) -> tuple[object, ...]:
    """Findings on members of one family, or on copies of a statement, are one finding."""
    site = timed.scopes[one.scope].site
    return site, one.advice, family_of(one.role), one.label, one.clause


def _worded(context: Context, timed: TimedProtocol, one: TimeoutFinding) -> Diagnostic:
    scope = timed.scopes[one.scope]
    head = timed.site(scope.site)
    message = timed.site(one.site) if one.site >= 0 else head
    where = Where(message.path, context.name)
    clause = "on cancel" if one.clause == ON_CANCEL else "on timeout"
    span = message.span
    match one.advice:
        case TimeoutAdvice.BLIND:
            return say.blind_alternative(
                where, scope.owner, clause, one.role, one.label, span, head.span
            )
        case TimeoutAdvice.NOT_TOLD:
            return say.untold_role(where, scope.owner, clause, one.role, one.label, span, head.span)
        case TimeoutAdvice.GOES_ON_UNSURE:
            return say.unsure_continuation(where, scope.owner, one.role, one.label, span, head.span)
        case TimeoutAdvice.DEAD_TIMER:
            if one.outer < 0:
                return say.dead_timer(where, scope.owner, span, None, "")
            outer = timed.scopes[one.outer]
            text = _duration(outer.duration or 0)
            return say.dead_timer(where, scope.owner, span, timed.site(outer.site).span, text)
        case TimeoutAdvice.INSTANT_TIMER:
            return say.instant_timer(where, scope.owner, span)
        case TimeoutAdvice.SOME_ROUNDS_ONLY:
            return say.uncounted_rounds(where, scope.owner, one.role, span)
        case unreachable:
            assert_never(unreachable)


def _duration(milliseconds: int) -> str:
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1_000)):
        if milliseconds and milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"


# Late messages


def _late(context: Context, answers: list[tuple[Instance, TimedProtocol, TimedAnswer]]) -> Verdict:
    """Which messages may be discarded; that these are all is proved, or bounded."""
    outcome: Outcome = covered(answers[0][2])
    for _, _, answer in answers:
        other = covered(answer)
        if isinstance(outcome, Proved) and not isinstance(other, Proved):
            outcome = other
    named: dict[str, tuple[Instance, TimedProtocol, TimedRun]] = {}
    for instance, timed, answer in answers:
        for (sender, receiver, label), run in answer.found.late.items():
            text = f"`{label}` from `{family_of(sender)}` to `{family_of(receiver)}`"
            named.setdefault(text, (instance, timed, run))
    texts = [f"{text} ({counted(len(named[text][2].events), 'event')})" for text in named]
    detail = listed(texts, _NAMED) if texts else "none"
    sizes = sizes_of(context.instances)
    if isinstance(outcome, Proved):
        if sizes:
            outcome = Bounded(sizes, outcome.method, detail)
        else:
            outcome = msgspec.structs.replace(outcome, detail=detail)
    elif isinstance(outcome, Bounded):
        bound = f"{outcome.bound}, {sizes}" if sizes else outcome.bound
        outcome = Bounded(bound, outcome.method, detail)
    witness = None
    options = context.options
    wanted = options.coverage or options.keep_graphs
    wanted = wanted or Property.LATE_MESSAGES in options.properties
    if wanted and named:
        text, (instance, timed, run) = min(named.items(), key=lambda item: len(item[1][2].events))
        witness = _witness(context, timed, instance, run, text)
    scope = ObligationScope()
    return Verdict.of(Property.LATE_MESSAGES, scope, outcome, context.place, witness=witness)


def _witness(
    context: Context, timed: TimedProtocol, instance: Instance, run: TimedRun, text: str
) -> Witness | None:
    """A run in which a message is late, None for one that its steps do not tell from another."""
    options = context.options
    runs = TimedRuns(timed, LatePolicy(options.late), FirePolicy(options.fire))
    try:
        trace = runs.trace(Fault.WITNESS, run.events, minimal=True)
    except AmbiguousRun:
        return None
    said = f"shown by a run in which {text} is discarded"
    return Witness(msgspec.structs.replace(trace, explanation=said), instance.name)
