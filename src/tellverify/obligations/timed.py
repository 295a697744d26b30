"""Obligations of a protocol with timeouts, at given family sizes.

What the search proves rests on canonical numbers of attempts; it is compared with the reference
meaning on thousands of random protocols. Faithfulness to the text is not asked: roles follow it by
definition, each as far as it knows, and late messages are in no run of the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import msgspec

from tellverify.diagnostics.limits import OUTSIDE_CLASS, STEP_LIMIT
from tellverify.diagnostics.wording import counted, grouped
from tellverify.model.defect import AmbiguousRun
from tellverify.model.fault import Fault
from tellverify.model.timed_text import FirePolicy, LatePolicy, TimedProtocol
from tellverify.obligations.instance_outcome import InstanceFinding
from tellverify.obligations.options import Options
from tellverify.obligations.timed_runs import TimedRuns
from tellverify.search.timed import (
    MOST_ROUNDS,
    TimedFindings,
    TimedRun,
    TimedSearch,
    search_timed,
)
from tellverify.search.timed_events import TimedEvent, TimedProperty, TimedSettings
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Bounded, Outcome, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.properties import OF_TIMERS, Property, code_of_fault

_FIRST_BOUND: Final = 3  # queues of the first search
_MORE: Final = 5  # longer queues may cost this multiple of the configurations of the first search
_LEAST: Final = 2_000
_DRIFTED_DEPTH: Final = MOST_ROUNDS - 2

_FAULTS: Final = {
    Property.NO_DEADLOCK: (TimedProperty.NO_DEADLOCK, Fault.DEADLOCK),
    Property.NO_ORPHAN_MESSAGE: (TimedProperty.NO_ORPHAN_MESSAGE, Fault.ORPHAN_MESSAGE),
    Property.NO_UNSPECIFIED_RECEPTION: (
        TimedProperty.NO_UNSPECIFIED_RECEPTION,
        Fault.UNSPECIFIED_RECEPTION,
    ),
    Property.TIMEOUT_AGREEMENT: (TimedProperty.TIMEOUT_AGREEMENT, Fault.TIMEOUT_DISAGREEMENT),
    Property.FRESH_MESSAGES: (TimedProperty.FRESH_MESSAGES, Fault.STALE_MESSAGE),
}


class TimedAnswer(msgspec.Struct, frozen=True):
    """What the search found with queues of up to `bound` messages."""

    found: TimedFindings
    bound: int


def timed_answer(protocol: TimedProtocol, options: Options) -> TimedAnswer:
    """The findings of the search of a protocol, which is made once."""
    return _answer(
        protocol,
        LatePolicy(options.late),
        FirePolicy(options.fire),
        options.queue_limit,
        options.search_limit,
    )


@lru_cache(maxsize=8)
def _answer(
    protocol: TimedProtocol, late: LatePolicy, fire: FirePolicy, longest: int, budget: int
) -> TimedAnswer:
    if any(site.annotations for site in protocol.sites):
        found, _, bound = kept_search(protocol, late, fire, longest, budget)
    else:
        found, _, bound = searched_timed(protocol, TimedSettings(late, fire), longest, budget)
    return TimedAnswer(found, bound)


@lru_cache(maxsize=3)
def kept_search(
    protocol: TimedProtocol, late: LatePolicy, fire: FirePolicy, longest: int, budget: int
) -> tuple[TimedFindings, TimedSearch, int]:
    """The search of a protocol, made once for its findings, its costs and its facts.

    A search takes much memory, so only the last ones are kept.
    """
    return searched_timed(protocol, TimedSettings(late, fire), longest, budget)


def searched_timed(
    protocol: TimedProtocol, settings: TimedSettings, longest: int, budget: int
) -> tuple[TimedFindings, TimedSearch, int]:
    """The search of a protocol with short queues, or of `longest` where that tells more.

    The last value is the bound of the queues.
    """
    bound = min(_FIRST_BOUND, longest)
    settings = msgspec.structs.replace(settings, bound=bound)
    found, search = search_timed(protocol, settings, budget=budget)
    if not found.ended or not found.blocked or found.drifted or bound == longest:
        return found, search, bound
    if found.refuted and all(is_minimal(run, found) for run in found.refuted.values()):
        return found, search, bound
    more = min(budget, _LEAST + _MORE * found.configurations)
    longer = msgspec.structs.replace(settings, bound=longest)
    again, wider = search_timed(protocol, longer, budget=more)
    return (again, wider, longest) if again.ended else (found, search, bound)


def is_minimal(run: TimedRun, found: TimedFindings) -> bool:
    """Whether no shorter run with longer queues can show the same."""
    return found.blocked_after is None or len(run.events) <= found.blocked_after + 1


def presumed_of_timers(options: Options) -> tuple[str, ...]:
    """What verdicts on protocols with timeouts take for granted in particular."""
    late = OF_TIMERS[LatePolicy(options.late)]
    fire = {
        FirePolicy.WAITS: "a timer fires only while its owner waits",
        FirePolicy.ANY: "a timer fires at any time in its body",
    }[FirePolicy(options.fire)]
    return late, fire


def decide_timed(protocol: TimedProtocol, options: Options) -> list[InstanceFinding]:
    """All obligations of one protocol with timeouts at given sizes."""
    answer = timed_answer(protocol, options)
    runs = TimedRuns(protocol, LatePolicy(options.late), FirePolicy(options.fire))
    reason = "the theory behind it has no timers, and no run of the text has a late message"
    other = Skipped(reason, OUTSIDE_CLASS.number)
    return [
        InstanceFinding(Property.IMPLEMENTABLE, other, required=False),
        *(
            InstanceFinding(
                prop,
                _outcome(prop, answer, runs, options),
                required=False if _is_undecided(prop, options) else None,
            )
            for prop in _FAULTS
        ),
        InstanceFinding(Property.FIDELITY, other, required=False),
        *_stuck(answer, runs),
        InstanceFinding(Property.BOUNDED_QUEUES, _queues(answer)),
        InstanceFinding(Property.CAN_TERMINATE, _termination(answer, runs)),
        InstanceFinding(
            Property.PROJECTABLE,
            Skipped("strict merge has no local types with timers", OUTSIDE_CLASS.number),
            protocol.roles,
        ),
    ]


def _is_undecided(prop: Property, options: Options) -> bool:
    if prop is Property.FRESH_MESSAGES:
        return options.late == LatePolicy.OWN.value
    return prop is Property.TIMEOUT_AGREEMENT and options.late != LatePolicy.ATTEMPTS.value


def _outcome(prop: Property, answer: TimedAnswer, runs: TimedRuns, options: Options) -> Outcome:
    name, fault = _FAULTS[prop]
    if _is_undecided(prop, options):
        reason = 'with `late = "keep"` no message says which attempt has failed'
        if options.late == LatePolicy.OWN.value:
            reason = "where every role has its own timer, no attempt has a number"
        return Skipped(reason, OUTSIDE_CLASS.number)
    if prop is Property.FRESH_MESSAGES and options.late == LatePolicy.ATTEMPTS.value:
        return Proved(Method.STRUCTURE, "messages carry the number of their attempt")
    run = answer.found.refuted.get(name)
    if run is None:
        return covered(answer)
    return _refuted(fault, run.events, runs, minimal=is_minimal(run, answer.found))


def _refuted(
    fault: Fault, events: Sequence[TimedEvent], runs: TimedRuns, *, minimal: bool, role: str = ""
) -> Outcome:
    try:
        trace = runs.trace(fault, events, minimal=minimal, role=role)
    except AmbiguousRun as error:
        return Unknown(str(error), OUTSIDE_CLASS.number)
    return Refuted(code_of_fault(fault), trace, Method.SEARCH)


def searched_events(found: TimedFindings) -> int:
    """The events of the runs that were searched where rounds have no limit, -1 where all were.

    Also -1 where the search ended before it was deep enough.
    """
    if found.drifted and (found.depth >= _DRIFTED_DEPTH or found.ended):
        return max(found.depth, _DRIFTED_DEPTH)
    return found.depth if found.grows and not found.drifted else -1


def covered(answer: TimedAnswer) -> Outcome:
    """What the search says of what no run shows."""
    found, bound = answer.found, counted(answer.bound, "message")
    events = searched_events(found)
    if found.complete:
        return Proved(Method.SEARCH, f"all {grouped(found.configurations)} configurations")
    if found.drifted:
        if events >= 0:
            within = f"runs of up to {events} events"
            queues = f", queues of at most {bound}" if found.blocked else ""
            return Bounded(f"{within}{queues}", Method.SEARCH)
    elif found.grows:
        return Bounded(f"runs of up to {counted(found.depth, 'event')}", Method.SEARCH)
    elif found.ended:
        return Bounded(f"queues of at most {bound}", Method.SEARCH)
    reason = (
        f"no run of up to {counted(found.depth, 'event')} shows it, and longer ones were not"
        " searched"
    )
    reason = reason if found.depth > 0 else "too large to be searched"
    return Unknown(reason, STEP_LIMIT.number, "configurations")


def _stuck(answer: TimedAnswer, runs: TimedRuns) -> list[InstanceFinding]:
    findings = []
    stuck = answer.found.stuck
    for role, run in stuck.items():
        events = run.events[: answer.found.stuck_after[role]]
        minimal = is_minimal(TimedRun(events), answer.found)
        outcome = _refuted(Fault.STUCK_ROLE, events, runs, minimal=minimal, role=role)
        findings.append(InstanceFinding(Property.NO_STUCK_ROLE, outcome, (role,)))
    others = tuple(role for role in runs.protocol.roles if role not in stuck)
    if others:
        findings.append(InstanceFinding(Property.NO_STUCK_ROLE, covered(answer), others))
    return findings


def _queues(answer: TimedAnswer) -> Outcome:
    found = answer.found
    if found.complete:
        return Proved(Method.SEARCH, f"at most {found.longest} in a queue")
    if found.blocked:
        reason = (
            f"a queue holds {counted(answer.bound, 'message')}, and longer ones were not searched"
        )
        return Unknown(reason, STEP_LIMIT.number)
    outcome = covered(answer)
    return outcome if isinstance(outcome, Unknown) else Unknown("not all runs were searched")


def _termination(answer: TimedAnswer, runs: TimedRuns) -> Outcome:
    found = answer.found
    if found.stuck or found.refuted:
        return Skipped("runs that refute other obligations do not come to the end")
    if found.trapped is not None:
        return _refuted(Fault.NO_TERMINATION, found.trapped.events, runs, minimal=False)
    if not found.has_end and found.complete:
        return Skipped("the protocol has no end: it is a service that never terminates")
    return covered(answer)
