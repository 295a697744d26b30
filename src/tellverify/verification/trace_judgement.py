"""What a written trace says of a protocol, held against the machines of that protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tellverify.evidence.divergence import replay
from tellverify.evidence.fault_run import scenario_run_of, unshown_in_scenario
from tellverify.evidence.formula_run import FORMULA_FAULTS, unshown
from tellverify.evidence.itf import (
    MOST_BYTES,
    ItfError,
    TraceFile,
    TraceSubject,
    read_itf,
)
from tellverify.evidence.itf_writing import disagreement
from tellverify.evidence.trace_replay import Stepper, fault_shown
from tellverify.language.syntax.directives import directives
from tellverify.language.workspace import SourceProtocol
from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Action, Machine
from tellverify.model.parallel_order import ParallelOrder
from tellverify.model.scenario_text import ScenarioError, parse_scenario
from tellverify.model.step import Step
from tellverify.model.timed_text import TimedProtocol
from tellverify.obligations.machines import ALL_MACHINES, Machines
from tellverify.search.fidelity import is_faithful
from tellverify.source.files import Unreadable, read_bytes
from tellverify.verdict.identity import SCENARIO_MARK

_MOST_CONFIGURATIONS: Final = 500_000


class ReplayedProtocol(msgspec.Struct, frozen=True):
    """A protocol, or machines that no protocol was projected to; these may have no graph.

    A protocol with timeouts is `timed`, and has neither. `order` is what parallel branches mean,
    whose graph has more order than that.
    """

    name: str
    graph: ProtocolGraph | None
    machines: tuple[Machine, ...] = ()
    timed: TimedProtocol | None = None
    order: ParallelOrder | None = None

    def is_covered_by(self, machines: Sequence[Machine]) -> bool:
        """Whether these are the machines of all its roles."""
        return bool(self.machines) or self.graph is None or len(machines) == len(self.graph.roles)


class FalseClaim(msgspec.Struct, frozen=True):
    """What a trace says that is not so: of a state, or of the `fault` at its end for None."""

    state: int | None
    reason: str


def machines_of(recorded: TraceFile, protocol: ReplayedProtocol) -> list[Machine]:
    """All machines of a small protocol; of a large one those of the roles that the trace names."""
    graph = protocol.graph
    if protocol.machines or graph is None:
        return list(protocol.machines)
    machines = Machines(graph)
    if len(graph.roles) <= ALL_MACHINES:
        return machines.all()
    named = {role for step in recorded.steps for role in (step.sender, step.receiver)}
    named.update(role for state in recorded.filed.states for role, _ in state.at.entries)
    named.update(recorded.subject.culprits[:ALL_MACHINES])
    return [machines.of(role) for role in graph.roles if role in named]


def false_claim(
    recorded: TraceFile, protocol: ReplayedProtocol, machines: Sequence[Machine], stepper: Stepper
) -> FalseClaim | None:
    """The first thing that a trace says falsely; `stepper` has made all its steps.

    Whether the end shows the fault is not looked at when some machines are missing.
    """
    wrong = disagreement(recorded, machines)
    if wrong is not None:
        return FalseClaim(*wrong)
    graph = protocol.graph
    if not protocol.is_covered_by(machines):
        return None
    fault = recorded.subject.fault
    lap = recorded.steps[recorded.loop :] if recorded.loop >= 0 else ()

    def judge() -> bool:
        if fault is Fault.STUCK_ROLE:
            return _is_never_served(recorded, graph, machines, stepper)
        if fault is Fault.INFIDELITY and protocol.order is not None:
            return departs(protocol.order, recorded.steps, machines)
        if fault is Fault.INFIDELITY:
            return graph is not None and not is_faithful(graph, recorded.steps)
        if protocol.machines or graph is None:
            from tellverify.evidence.machines_file import can_end

            return can_end(list(machines), stepper.configuration(), _MOST_CONFIGURATIONS) is False
        return _misses_end(graph, recorded.steps)

    if recorded.has_faults:
        reason = unshown_in_scenario(scenario_run_of(recorded), machines)
    elif fault in FORMULA_FAULTS:
        reason = unshown(recorded.subject, recorded.steps, recorded.loop, machines)
    else:
        culprits = recorded.subject.culprits
        end = stepper.configuration()
        reason = fault_shown(
            end,
            machines,
            fault,
            culprits,
            lap=lap,
            judge=judge,
            may_end=lambda: graph is not None and _may_end_or_go_on(graph, recorded.steps),
        )
    return FalseClaim(None, reason) if reason else None


def other_scenario(found: SourceProtocol, subject: TraceSubject) -> str:
    """Why the scenario of a trace is not the one that its protocol states, empty when it may be.

    A scenario that the source does not state may be one of a configuration.
    """
    name = subject.obligation.partition(SCENARIO_MARK)[2]
    if not name or subject.scenario is msgspec.UNSET:
        return ""
    for one in directives(found.judged.file, found.source).of_kind("faults"):
        if one.argument == name and one.speaks_of(found.protocol.span):
            try:
                rules = parse_scenario(name, one.text).text
            except ScenarioError:
                return ""
            return "" if rules == subject.scenario else f"scenario `{name}` is now `{rules}`"
    return ""


def _state_after(graph: ProtocolGraph, steps: Sequence[Step]) -> int | None:
    """The state of the graph that the run leads to, None when it does not follow the graph.

    Runs in which a message is not received at once are not followed.
    """
    state = 0
    for sent, taken in zip(steps[::2], steps[1::2], strict=False):
        event = (sent.sender, sent.receiver, sent.label)
        if not sent.send or taken.send or (taken.sender, taken.receiver, taken.label) != event:
            return None
        found = [
            t for t in range(graph.first[state], graph.first[state + 1]) if graph.event(t) == event
        ]
        if not found:
            return None
        state = graph.target[found[0]]
    return state if len(steps) % 2 == 0 else None


def _may_end_or_go_on(graph: ProtocolGraph, steps: Sequence[Step]) -> bool:
    """True when the run follows the graph to a final state with successors."""
    state = _state_after(graph, steps)
    if state is None:
        return False
    return bool(graph.final[state]) and graph.first[state] < graph.first[state + 1]


def departs(order: ParallelOrder, steps: Sequence[Step], machines: Sequence[Machine]) -> bool:
    """True when no run of the partial orders begins with `steps`, or the roles stop too early.

    False also where that takes too much work to be told.
    """
    from tellverify.search.fidelity import DEAD
    from tellverify.search.parallel_fidelity import BEYOND, ParallelMonitor

    monitor = ParallelMonitor(order)
    numbers = {role: number for number, role in enumerate(order.roles)}
    state = monitor.initial
    for step in steps:
        peer = step.receiver if step.send else step.sender
        action = monitor.action(step.actor, Action(step.send, peer, step.label))
        state = monitor.after(state, numbers.get(step.actor, -1), action)
        if monitor.work == BEYOND or state == DEAD:
            return monitor.work != BEYOND
    end = replay(steps, machines).configuration
    stops = all(m.final[s] for m, s in zip(machines, end.states, strict=True)) and not end.queues
    return stops and not monitor.is_complete(state)


def _is_never_served(
    recorded: TraceFile,
    graph: ProtocolGraph | None,
    machines: Sequence[Machine],
    stepper: Stepper,
) -> bool:
    """No run from here on lets a culprit move: by the graph where the run follows it."""
    from tellverify.evidence.machines_file import can_be_served

    culprits = recorded.subject.culprits
    state = None if graph is None else _state_after(graph, recorded.steps)
    if graph is None or state is None:
        end = stepper.configuration()
        return can_be_served(machines, end, culprits, _MOST_CONFIGURATIONS) is False
    seen, order = {state}, [state]
    for here in order:
        for e in range(graph.first[here], graph.first[here + 1]):
            if {graph.roles[graph.sender[e]], graph.roles[graph.receiver[e]]} & {*culprits}:
                return False
            if graph.target[e] not in seen:
                seen.add(graph.target[e])
                order.append(graph.target[e])
    return True


def _misses_end(graph: ProtocolGraph, steps: Sequence[Step]) -> bool:
    """True when the run follows the graph to a state from which no final state can be reached."""
    start = _state_after(graph, steps)
    if start is None:
        return False
    seen = {start}
    pending = [start]
    while pending:
        state = pending.pop()
        if graph.final[state]:
            return False
        for target in graph.target[graph.first[state] : graph.first[state + 1]]:
            if target not in seen:
                seen.add(target)
                pending.append(target)
    return True


def read_trace(path: str) -> tuple[TraceFile, bytes]:
    """The trace in a file, and its content. Raises ItfError, also for what cannot be read."""
    try:
        content = read_bytes(path, MOST_BYTES)
    except Unreadable as error:
        raise ItfError(str(error)) from None
    return read_itf(content), content
