"""Is a trace a run of the protocol's machines, and does its end show the fault it names?

Steps are made by the reference semantics. Not checked: that a run is a shortest one (`minimal`),
and the words of `explanation`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.core.machine import Machine
from tellverify.core.semantics import Configuration
from tellverify.core.step import Step
from tellverify.evidence.certificate import GraphFile, NeutralGraph
from tellverify.evidence.itf import ItfError, TraceFile, disagreement, read_itf, write_itf
from tellverify.evidence.replay import fault_shown, replay
from tellverify.evidence.trace import Fault, Trace
from tellverify.recheck.graph import Rejected, check_graph, check_instance, require
from tellverify.recheck.machines import machine_of
from tellverify.verdict.property import STATEMENTS, Property

_ALL_ROLES: Final = 64  # traces of protocols with more roles list only those that act
_MOST_MATCHES: Final = 500_000
# The code of every fault and the property that it refutes.
_FAULTS: Final = {
    Fault.INFIDELITY: ("TV421", "fidelity"),
    Fault.DEADLOCK: ("TV511", "no-deadlock"),
    Fault.UNSPECIFIED_RECEPTION: ("TV513", "no-unspecified-reception"),
    Fault.ORPHAN_MESSAGE: ("TV514", "no-orphan-message"),
    Fault.STUCK_ROLE: ("TV512", "no-stuck-role"),
    Fault.UNBOUNDED_QUEUE: ("TV521", "bounded-queues"),
    Fault.NO_TERMINATION: ("TV522", "can-terminate"),
}
_LASSOS: Final = (Fault.STUCK_ROLE, Fault.UNBOUNDED_QUEUE, Fault.NO_TERMINATION)


def read_trace(content: bytes) -> TraceFile:
    """The trace in a file. Raises Rejected."""
    try:
        return read_itf(content)
    except ItfError as error:
        raise Rejected("the file", str(error)) from None


def check_trace(trace: TraceFile, content: bytes, file: GraphFile) -> None:
    """Raise Rejected at the first entry that is not so."""
    subject, graph, steps = trace.subject, file.graph, trace.steps
    first = check_graph(graph, "graph")
    check_instance(subject.instance, graph.roles, "instance")
    require(subject.fault in _FAULTS, "fault", f"`{subject.fault}` refutes nothing")
    code, refuted = _FAULTS[subject.fault]
    require(subject.code == code, "code", f"`{subject.fault}` has {code}")
    named, _, roles = subject.obligation.partition("[")
    general = refuted if subject.fault in _LASSOS else "implementable"
    require(named in (refuted, general), "obligation", f"`{subject.fault}` does not refute it")
    statement = STATEMENTS[Property(named)].text
    require(subject.statement == statement, "statement", f"not that of `{named}`")
    about = roles.removesuffix("]").replace(" -> ", ", ").split(", ") if roles else []
    require(set(about) <= set(subject.culprits), "obligation", "it is not about the culprits")
    require(set(subject.culprits) <= set(graph.roles), "culprits", "not roles of the protocol")
    machines = [machine_of(graph, first, number) for number in range(len(graph.roles))]
    made = replay(steps, machines)
    if made.divergence is not None:
        raise Rejected(f"state {made.divergence.index + 1}", made.divergence.reason)
    wrong = disagreement(trace, machines)
    if wrong is not None:
        raise Rejected(f"state {wrong[0]}", wrong[1])
    _check_lines(steps, file)
    require(trace.loop < 0 or subject.fault in _LASSOS, "loop", "this fault has none")
    reason = _missing(trace, machines, made.configuration, _Runs(graph, first))
    require(not reason, f"state {len(steps)}, `{subject.fault}`", reason)
    acting = {role for step in steps for role in (step.sender, step.receiver)}
    shown = [m for m in machines if len(machines) <= _ALL_ROLES or m.role in acting]
    said = Trace(subject.fault, steps, subject.culprits, "", False, trace.loop)
    same = write_itf(said, shown, subject).encode() == content
    require(same, "the file", "it has more or other entries than such a trace")


def _check_lines(steps: Sequence[Step], file: GraphFile) -> None:
    """Every step names a line of the source that has its event."""
    graph = file.graph
    lines = {
        (graph.roles[sender], graph.roles[receiver], graph.labels[label], line)
        for (_, sender, receiver, label, _), line in zip(graph.events, graph.lines, strict=True)
    }
    for index, step in enumerate(steps, start=1):
        known = (step.sender, step.receiver, step.label, step.site.line) in lines
        known = known and step.site.path == file.source
        require(known, f"state {index}", "no such event in that line of the source")


def _missing(trace: TraceFile, machines: Sequence[Machine], end: Configuration, runs: _Runs) -> str:
    """Why the end does not show the fault, or why a culprit has no part in it."""
    fault, culprits, steps = trace.subject.fault, trace.subject.culprits, trace.steps
    lap = steps[trace.loop :] if trace.loop >= 0 else ()
    final = {m.role for m, s in zip(machines, end.states, strict=True) if m.final[s]}
    last = {step.actor: step for step in steps}
    loose = {
        role
        for role, step in last.items()
        if not step.send or (step.sender, step.receiver) in dict(end.queues)
    }
    is_start = fault in (Fault.INFIDELITY, Fault.NO_TERMINATION) and runs.match(steps)
    if fault is Fault.INFIDELITY and is_start:
        loose = final if len(final) == len(machines) and not end.queues else set()

    def judge() -> bool:
        if fault is Fault.NO_TERMINATION:
            return is_start and not runs.match(steps, complete=True)
        return not is_start or (bool(loose) and not runs.match(steps, complete=True, exact=True))

    if bool(culprits) == (fault is Fault.NO_TERMINATION):
        return "it must name the roles it is about, and no others"
    for roles in [culprits] if fault in _LASSOS else [(role,) for role in culprits]:
        reason = fault_shown(end, machines, fault, roles, lap=lap, judge=judge)
        if reason:
            return reason
    if fault is Fault.UNBOUNDED_QUEUE:
        signs = [step.send for step in lap if (step.sender, step.receiver) == culprits]
        return "" if 2 * sum(signs) > len(signs) else "the queue of the culprits does not grow"
    if fault is Fault.NO_TERMINATION and lap:
        again = replay((*steps, *lap), machines)
        closes = again.divergence is None and again.configuration == end
        return "" if closes else "the loop does not come back"
    wrong = {Fault.DEADLOCK: final, Fault.INFIDELITY: set(culprits) - loose}.get(fault, set())
    return "a culprit has no part in it" if wrong & set(culprits) else ""


class _Runs:
    """The runs of a graph, to be matched with what the roles did."""

    def __init__(self, graph: NeutralGraph, first: Sequence[int]) -> None:
        self.graph, self.first = graph, first

    def match(self, steps: Sequence[Step], complete: bool = False, exact: bool = False) -> bool:
        """Has the graph a run in which every role does what it did in `steps`, and perhaps more?

        With `complete` a run to an end, with `exact` one in which nobody does more.
        """
        graph, first = self.graph, self.first
        number = {name: i for i, name in enumerate(graph.roles)}
        label = {name: i for i, name in enumerate(graph.labels)}
        did: dict[int, list[tuple[int, int, int]]] = {}
        for step in steps:
            event = (number[step.sender], number[step.receiver], label[step.label])
            did.setdefault(number[step.actor], []).append(event)
        place, acts = {role: i for i, role in enumerate(did)}, list(did.values())
        goal = tuple(map(len, acts))
        seen = {(0, (0,) * len(goal))}
        work = list(seen)
        while work:
            state, met = work.pop()
            if met == goal and (not complete or state in graph.final):
                return True
            for _, p, q, message, target in graph.events[first[state] : first[state + 1]]:
                after = list(met)
                for i in (place.get(p, -1), place.get(q, -1)):
                    left = i >= 0 and met[i] < goal[i]
                    if left and acts[i][met[i]] == (p, q, message):
                        after[i] += 1
                    elif left or exact:
                        break
                else:
                    if (target, tuple(after)) not in seen:
                        seen.add((target, tuple(after)))
                        work.append((target, tuple(after)))
            require(len(seen) <= _MOST_MATCHES, "the last state", "too much to compare with")
        return False
