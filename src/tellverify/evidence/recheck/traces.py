"""Is a trace a run of the protocol's machines, and does its end show the fault it names?

Steps are those of the reference semantics. Not checked: that a run is a shortest one (`minimal`),
and the words of `explanation`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from tellverify.evidence.graph_file import GraphFile, NeutralGraph
from tellverify.evidence.itf import (
    VAR_TYPES,
    TraceFile,
    form_of,
    moment_of,
    rendered,
)
from tellverify.evidence.neutral_machine import NeutralMachineTooLarge, machine_of
from tellverify.evidence.recheck.graph import Rejected, check_graph, require
from tellverify.evidence.trace_replay import Stepper, comes_back, fault_shown, replay
from tellverify.model.configuration import Configuration
from tellverify.model.fault import Fault
from tellverify.model.machine import Machine
from tellverify.model.step import Step
from tellverify.verdict.sentences import SENTENCES

if TYPE_CHECKING:
    from tellverify.evidence.machines_file import MachinesFile, Message

_ALL_ROLES: Final = 64  # traces of protocols with more roles list only those that act
_MOST_MATCHES: Final = 500_000  # configurations
_MOST_WORK: Final = 10_000_000  # events and roles looked at, about 5 s
# The code of every fault and the property that it refutes.
FAULTS: Final = {
    Fault.INFIDELITY: ("TV421", "fidelity"),
    Fault.DEADLOCK: ("TV511", "no-deadlock"),
    Fault.UNSPECIFIED_RECEPTION: ("TV513", "no-unspecified-reception"),
    Fault.ORPHAN_MESSAGE: ("TV514", "no-orphan-message"),
    Fault.STUCK_ROLE: ("TV512", "no-stuck-role"),
    Fault.STARVATION: ("TV524", "progress"),
    Fault.UNBOUNDED_QUEUE: ("TV521", "bounded-queues"),
    Fault.NO_TERMINATION: ("TV522", "can-terminate"),
    Fault.ENDLESS_RUN: ("TV523", "terminates"),
    Fault.DISAGREEMENT: ("TV623", "agreement"),
    Fault.REPETITION: ("TV624", "at-most-once"),
    Fault.PROPERTY: ("TV621", "property"),
    Fault.WITNESS: ("", "reachable"),
}
_LASSOS: Final = tuple(list(FAULTS)[4:])
_OF_DECISIONS: Final = (Fault.DISAGREEMENT, Fault.REPETITION)
_OF_FORMULAS: Final = (Fault.PROPERTY, Fault.WITNESS)


def check_trace(trace: TraceFile, content: bytes, file: GraphFile | MachinesFile) -> None:
    """Raise Rejected at the first entry that is not so; `file` was found to be in order."""
    subject, steps = trace.subject, trace.steps
    graph = file.graph if isinstance(file, GraphFile) or subject.fault is Fault.INFIDELITY else None
    machines, lines = _basis(file)
    everyone = {machine.role for machine in machines}
    require(subject.fault in FAULTS, "fault", f"`{subject.fault}` refutes nothing")
    code, refuted = FAULTS[subject.fault]
    require(subject.code == code, "code", f"`{subject.fault}` has {code}")
    asked, mark, scenario = subject.obligation.partition(" @ ")
    has_rules = subject.scenario is not msgspec.UNSET
    require(bool(scenario) == bool(mark) == has_rules, "scenario", "not that of the obligation")
    named, _, roles = asked.partition("[")
    refutes = (refuted,) if subject.fault in _LASSOS else (refuted, "implementable")
    require(named in refutes, "obligation", f"`{subject.fault}` does not refute it")
    sentence = SENTENCES[named]
    if subject.formula is not msgspec.UNSET:
        from tellverify.evidence.formula_run import statement_of

        sentence = statement_of(sentence, subject.formula)
    require(subject.statement == sentence, "statement", f"not that of `{named}`")
    plain = bool(roles) and subject.fault not in (*_OF_FORMULAS, *_OF_DECISIONS)
    about = roles.removesuffix("]").replace(" -> ", ", ").split(", ") if plain else []
    require(set(about) <= set(subject.culprits) <= everyone, "culprits", "not these roles")
    made = replay(steps, machines)
    if made.divergence is not None:
        raise Rejected(f"state {made.divergence.index + 1}", made.divergence.reason)
    _check_states(trace, machines)
    for index, step in enumerate(steps, start=1):
        said = (step.sender, step.receiver, step.label, step.site.line, step.site.path)
        require(said in lines, f"state {index}", "no such event in that line of the source")
    require(trace.loop < 0 or subject.fault in _LASSOS, "loop", "this fault has none")
    if trace.has_faults:
        from tellverify.evidence.fault_run import scenario_run_of, unshown_in_scenario

        reason = unshown_in_scenario(scenario_run_of(trace), machines)
    else:
        reason = _missing(trace, machines, made.configuration, graph)
    require(not reason, f"state {len(steps)}, `{subject.fault}`", reason)
    filed = trace.filed
    same = rendered(filed.meta, filed.states, trace.loop).encode() == content
    require(same and filed.meta.var_types == VAR_TYPES, "the file", "not in canonical form")


def _check_states(trace: TraceFile, machines: Sequence[Machine]) -> None:
    """Raise Rejected unless the file has of every state all that the replay gives, and no more."""
    acting = {role for step in trace.steps for role in (step.sender, step.receiver)}
    roles = [m.role for m in machines if len(machines) <= _ALL_ROLES or m.role in acting]
    form = form_of(len(trace.steps), len(roles))
    require(trace.form == form, "form", f"a run of this length has the form `{form}`")
    stepper = Stepper(machines)
    for index, (step, moment) in enumerate(zip((None, *trace.steps), trace.moments, strict=True)):
        if step is not None:
            stepper.make(step)
        if moment != moment_of(stepper, form, roles, step):
            from tellverify.evidence.itf_writing import disagreement

            _, wrong = disagreement(trace, machines) or (index, "it has more or other entries")
            raise Rejected(f"state {index}", wrong)


def _basis(file: GraphFile | MachinesFile) -> tuple[list[Machine], set[Message]]:
    """The machines that a trace is a run of, and for every event where it stands."""
    if not isinstance(file, GraphFile):
        from tellverify.evidence.machines_file import messages_of

        return messages_of(file)
    graph = file.graph
    first = check_graph(graph, "graph")
    lines = {
        (graph.roles[sender], graph.roles[receiver], graph.labels[label], line, file.files[at][0])
        for (_, sender, receiver, label, _), (at, line) in zip(
            graph.events, file.sites, strict=True
        )
    }
    try:
        return [machine_of(graph, first, number) for number in range(len(graph.roles))], lines
    except NeutralMachineTooLarge as role:
        raise Rejected(f"role `{role}`", "its machine is too large") from None


def _missing(
    trace: TraceFile, machines: list[Machine], end: Configuration, graph: NeutralGraph | None
) -> str:
    """Why the end does not show the fault, or why a culprit has no part in it."""
    fault, culprits, steps = trace.subject.fault, trace.subject.culprits, trace.steps
    if fault in _OF_FORMULAS or trace.subject.formula is not msgspec.UNSET:
        from tellverify.evidence.formula_run import unshown

        return unshown(trace.subject, steps, trace.loop, machines)
    lap = steps[trace.loop :] if trace.loop >= 0 else ()
    final = {m.role for m, s in zip(machines, end.states, strict=True) if m.final[s]}
    last = {step.actor: step for step in steps}
    queues = dict(end.queues)
    loose = {r for r, e in last.items() if not e.send or (e.sender, e.receiver) in queues}
    compared = graph if fault is Fault.INFIDELITY else None
    starts = compared is not None and _has_run(compared, steps, "start")
    if starts:
        loose = final if len(final) == len(machines) and not queues else set()

    def judge() -> bool:
        if fault is not Fault.INFIDELITY:
            return _judged(trace, machines, end, graph)
        unlike = bool(loose) and graph is not None and not _has_run(graph, steps, "exact")
        return graph is not None and (not starts or unlike)

    if bool(culprits) == (fault is Fault.NO_TERMINATION):
        return "it must name the roles it is about, and no others"
    may_end = None if graph is None else partial(_has_run, graph, steps, "undecided")
    for one in [culprits] if fault in _LASSOS else [(role,) for role in culprits]:
        if reason := fault_shown(end, machines, fault, one, lap=lap, judge=judge, may_end=may_end):
            return reason
    if fault is Fault.UNBOUNDED_QUEUE:
        signs = [step.send for step in lap if (step.sender, step.receiver) == culprits]
        return "" if 2 * sum(signs) > len(signs) else "the queue of the culprits does not grow"
    if fault is Fault.NO_TERMINATION and lap and not comes_back(lap, machines, end):
        return "the loop does not come back"
    idle = set(culprits) - {step.actor for step in lap}
    parts = {Fault.INFIDELITY: {*culprits} - loose, Fault.ENDLESS_RUN: idle, Fault.DEADLOCK: final}
    return "a culprit has no part in it" if parts.get(fault, set()) & set(culprits) else ""


def _judged(
    trace: TraceFile, machines: list[Machine], end: Configuration, graph: NeutralGraph | None
) -> bool:
    """No run serves the culprits any more, or comes to an end; by the graph where there is one."""
    fault, culprits, steps = trace.subject.fault, trace.subject.culprits, trace.steps
    if graph is not None and fault is Fault.STUCK_ROLE:
        return not _has_run(graph, steps, "served", *culprits)
    if graph is not None:
        return _has_run(graph, steps, "start") and not _has_run(graph, steps, "complete")
    from tellverify.evidence.machines_file import can_be_served, can_end

    if fault is Fault.STUCK_ROLE:
        return can_be_served(machines, end, culprits, _MOST_MATCHES) is False
    return fault is Fault.NO_TERMINATION and can_end(machines, end, _MOST_MATCHES) is False


def _has_run(graph: NeutralGraph, steps: Sequence[Step], kind: str, *about: str) -> bool:
    """Has the graph a run in which every role does what it did in `steps`, and perhaps more?

    Of kind "complete" it comes to an end, of kind "exact" no role does more before that, of kind
    "undecided" the protocol may also go on there, and of kind "served" a role of `about` does more.
    """
    first = check_graph(graph, "graph")
    number = {name: i for i, name in enumerate(graph.roles)}
    label = {name: i for i, name in enumerate(graph.labels)}
    did: dict[int, list[tuple[int, int, int]]] = {}
    for step in steps:
        if not {step.sender, step.receiver} <= number.keys() or step.label not in label:
            return False
        event = (number[step.sender], number[step.receiver], label[step.label])
        did.setdefault(number[step.actor], []).append(event)
    place, acts = {role: i for i, role in enumerate(did)}, list(did.values())
    goal = tuple(map(len, acts))
    seen, looked_at = {(0, (0,) * len(goal))}, 0
    work = list(seen)
    while work:
        state, met = work.pop()
        looked_at += (1 + first[state + 1] - first[state]) * (1 + len(goal))
        require(looked_at <= _MOST_WORK, "the last state", "too much to compare with")
        ends = state in graph.final and (kind != "undecided" or first[state] < first[state + 1])
        if met == goal and (kind == "start" or (kind != "served" and ends)):
            return True
        for _, p, q, message, target in graph.events[first[state] : first[state + 1]]:
            if kind == "served" and met == goal and {graph.roles[p], graph.roles[q]} & {*about}:
                return True
            after = list(met)
            for i in (place.get(p, -1), place.get(q, -1)):
                left = i >= 0 and met[i] < goal[i]
                if left and acts[i][met[i]] == (p, q, message):
                    after[i] += 1
                elif left or kind in ("exact", "undecided"):
                    break
            else:
                following = (target, tuple(after))
                if following not in seen:
                    seen.add(following)
                    work.append(following)
    return False
