"""Is a trace a run of the protocol's machines, and does its end show the fault it names?

Steps are those of the reference semantics. Not checked: that a run is a shortest one (`minimal`),
and the words of `explanation`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence, Set
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from tellverify.evidence import graph_file as form
from tellverify.evidence.itf import (
    VAR_TYPES,
    ItfError,
    TraceFile,
    TraceSubject,
    basis_of,
    form_of,
    read_itf,
    rendered,
    state_of,
)
from tellverify.evidence.neutral_machine import machine_of
from tellverify.evidence.recheck.evidence_files import check_sources, load, read
from tellverify.evidence.recheck.graph import Rejected, check_graph, check_instance, require
from tellverify.evidence.trace_replay import Stepper, fault_shown
from tellverify.model.configuration import Configuration
from tellverify.model.fault import Fault
from tellverify.model.machine import Machine
from tellverify.model.step import Step
from tellverify.verdict.sentences import SENTENCES

if TYPE_CHECKING:
    from tellverify.evidence.machines_file import MachinesFile, Message

_ALL_ROLES: Final = 64  # traces of protocols with more roles list only those that act
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


def recheck_trace(path: str) -> str:
    """What a trace shows, in words. Raises Rejected."""
    content = read(path)
    try:
        trace = read_itf(content)
    except ItfError as error:
        raise Rejected("the file", str(error)) from None
    if trace.subject.late is not msgspec.UNSET:
        from tellverify.evidence.recheck.timed_traces import check_timed_trace

        check_timed_trace(trace, content, path)
    else:
        check_trace(trace, content, basis_beside(path, trace.subject))
    return f"{trace.subject.obligation}: {len(trace.steps)} steps show {trace.subject.fault}"


def recheck_graph(path: str) -> str:
    """What a graph file has, in words. Raises Rejected."""
    file = _read_graph(path)
    return f"graph: {len(file.graph.roles)} roles, {len(file.graph.events)} events"


def _read_graph(path: str) -> form.GraphFile:
    file = load(path, form.GraphFile, form.GRAPH_SCHEMA, form.write_graph)
    require(bool(file.files), "files", "there are none")
    check_sources(path, file.files, file.protocol)
    check_graph(file.graph, "graph")
    known = all(at < len(file.files) for at, _ in file.sites)
    require(known and len(file.sites) == len(file.graph.events), "sites", "not one for each event")
    check_instance(file.instance, file.graph.roles, "instance")
    return file


def basis_beside(trace: str, subject: TraceSubject) -> form.GraphFile | MachinesFile:
    """The one graph beside a trace that is of its protocol and instance, or the machines."""
    folder = os.path.dirname(trace)
    machines = os.path.join(folder, form.MACHINES_NAME)
    if os.path.isfile(machines):
        from tellverify.evidence.recheck.machine_file import machines_for

        return machines_for(machines, subject)
    names = sorted(n for n in os.listdir(folder or ".") if n.endswith(form.GRAPH_SUFFIX))
    files = [_read_graph(os.path.join(folder, name)) for name in names]
    named = (subject.protocol, subject.instance)
    fitting = [f for f in files if (f.protocol, f.instance) == named]
    require(len(fitting) == 1, "the folder", f"not one graph of `{named[0]}` {named[1]}")
    paths = tuple(name for name, _ in fitting[0].files)
    same = basis_of(subject) == (fitting[0].dialect, paths) and subject.source == paths[0]
    require(same, "source", "not that of the graph")
    return fitting[0]


def check_trace(trace: TraceFile, content: bytes, file: form.GraphFile | MachinesFile) -> None:
    """Raise Rejected at the first entry that is not so; `file` was found to be in order."""
    subject, steps = trace.subject, trace.steps
    asks_graph = isinstance(file, form.GraphFile) or subject.fault is Fault.INFIDELITY
    graph = file.graph if asks_graph else None
    machines, lines = _basis(file)
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
    require(
        set(about) <= set(subject.culprits) <= {m.role for m in machines},
        "culprits",
        "not these roles",
    )
    end = _replayed(trace, machines, lines)
    require(trace.loop < 0 or subject.fault in _LASSOS, "loop", "this fault has none")
    if trace.has_faults:
        from tellverify.evidence.fault_run import scenario_run_of, unshown_in_scenario

        reason = unshown_in_scenario(scenario_run_of(trace), machines)
    else:
        reason = _missing(trace, machines, end, graph)
    require(not reason, f"state {len(steps)}, `{subject.fault}`", reason)
    same = rendered(subject, trace.filed.states, trace.loop).encode() == content
    require(same and subject.var_types == VAR_TYPES, "the file", "not in canonical form")


def _replayed(trace: TraceFile, machines: Sequence[Machine], lines: Set[Message]) -> Configuration:
    """Where the steps lead. Raises Rejected at the first that cannot be made, that stands elsewhere
    in the source, or behind which the file does not have all that the replay gives, and no more.
    """
    acting = {role for step in trace.steps for role in (step.sender, step.receiver)}
    roles = [m.role for m in machines if len(machines) <= _ALL_ROLES or m.role in acting]
    kind = form_of(len(trace.steps), len(roles))
    require(trace.subject.form == kind, "form", f"a run of this length has the form `{kind}`")
    stepper = Stepper(machines)
    given = zip((None, *trace.steps), trace.filed.states, strict=True)
    for index, (step, state) in enumerate(given):
        if step is not None:
            divergence = stepper.make(step)
            if divergence is not None:
                raise Rejected(f"state {index}", divergence.reason)
            said = (step.sender, step.receiver, step.label, step.site.line, step.site.path)
            require(said in lines, f"state {index}", "no such event in that line of the source")
        if state != state_of(state.meta, stepper, kind, roles, step):
            from tellverify.evidence.itf_writing import disagreement

            _, wrong = disagreement(trace, machines) or (index, "it has more or other entries")
            raise Rejected(f"state {index}", wrong)
    return stepper.configuration()


def _basis(file: form.GraphFile | MachinesFile) -> tuple[list[Machine], set[Message]]:
    """The machines that a trace is a run of, and for every event where it stands."""
    if not isinstance(file, form.GraphFile):
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
    return [machine_of(graph, first, number) for number in range(len(graph.roles))], lines


def _missing(
    trace: TraceFile, machines: list[Machine], end: Configuration, graph: form.NeutralGraph | None
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
    starts = fault is Fault.INFIDELITY and graph is not None and _has_run(graph, steps, "start")
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
    if fault is Fault.NO_TERMINATION and lap:
        lapped = Stepper(machines, end)
        if any(lapped.make(step) is not None for step in lap) or lapped.configuration() != end:
            return "the loop does not come back"
    idle = set(culprits) - {step.actor for step in lap}
    parts = {Fault.INFIDELITY: {*culprits} - loose, Fault.ENDLESS_RUN: idle, Fault.DEADLOCK: final}
    return "a culprit has no part in it" if parts.get(fault, set()) & set(culprits) else ""


def _judged(
    trace: TraceFile, machines: list[Machine], end: Configuration, graph: form.NeutralGraph | None
) -> bool:
    """No run serves the culprits any more, or comes to an end; by the graph where there is one."""
    fault, culprits, steps = trace.subject.fault, trace.subject.culprits, trace.steps
    if graph is not None and fault is Fault.STUCK_ROLE:
        return not _has_run(graph, steps, "served", *culprits)
    if graph is not None:
        return _has_run(graph, steps, "start") and not _has_run(graph, steps, "complete")
    from tellverify.evidence.recheck.machine_file import is_shown_by

    return is_shown_by(machines, fault, culprits, end)


def _has_run(graph: form.NeutralGraph, steps: Sequence[Step], kind: str, *about: str) -> bool:
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
