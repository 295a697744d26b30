"""`check --machines`: the verdicts on machines that no choreography was projected to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence, Set
from typing import Final

import msgspec

from tellverify.diagnostics import machines as say
from tellverify.diagnostics.codes import CODES
from tellverify.diagnostics.limits import NOT_WELL_FORMED, STEP_LIMIT
from tellverify.diagnostics.model import Diagnostic, Severity, Where, finding, sort_key
from tellverify.diagnostics.wording import counted
from tellverify.evidence.divergence import replay
from tellverify.evidence.trace_replay import fault_shown
from tellverify.language.files.inputs import ReadFile
from tellverify.model.defect import Defect
from tellverify.model.fault import Fault
from tellverify.model.futures import futures
from tellverify.model.machine import Machine
from tellverify.model.trace import Trace
from tellverify.obligations.machine_evidence import machine_files
from tellverify.obligations.options import Options
from tellverify.obligations.scenarios import verdicts_of_machines
from tellverify.search.check_system import SystemCheck, check_system
from tellverify.search.group_answer import Reached, SearchScope
from tellverify.source.span import NOWHERE
from tellverify.verdict.identity import ObligationScope, SubjectKind, requirement_key
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import (
    Bounded,
    Conflict,
    Outcome,
    Proved,
    Refuted,
    Skipped,
    Unknown,
)
from tellverify.verdict.properties import ON_REQUEST, REFUTED_BY, Property, code_of_fault
from tellverify.verdict.run import Input, ProtocolReport, Run, Verdict
from tellverify.verification.checked import Checked
from tellverify.verification.exit_code import judge
from tellverify.verification.known_faults import covering
from tellverify.verification.machine_system import (
    Choreography,
    MachineSystem,
    choreography,
    put_together,
    source_files,
)
from tellverify.verification.reported import located, located_diagnostic, with_diagnostics

_START: Final = (1, 1)
_NOT_OF_MACHINES: Final = (  # of stated properties, and of protocols with timeouts
    Fault.PROPERTY,
    Fault.DISAGREEMENT,
    Fault.REPETITION,
    Fault.TIMEOUT_DISAGREEMENT,
    Fault.STALE_MESSAGE,
)
_OF_MACHINES: Final = {
    prop: fault for fault, prop in REFUTED_BY.items() if fault not in _NOT_OF_MACHINES
}
_OF_ROLES: Final = (Property.NO_STUCK_ROLE, Property.PROGRESS)


def check_machines(
    files: Sequence[ReadFile], compared: ReadFile | None, options: Options
) -> Checked:
    """Check the machines of all `files` as one system, and fidelity to the protocol in `compared`.

    The result has one protocol: the one compared with, else named after the first file.
    """
    system = put_together(files)
    roles = tuple(machine.role for machine in system.machines)
    wanted = choreography(compared, roles, options) if compared is not None else None
    everything = [*files, *([compared] if compared is not None else [])]
    read = tuple(Input(file.path, file.sha256) for file in everything)
    said = [*system.diagnostics, *(wanted.diagnostics if wanted is not None else ())]
    reports: list[ProtocolReport] = []
    said_later: list[Diagnostic] = []
    kept: dict[tuple[str, str], tuple[tuple[str, str, str], ...]] = {}
    if wanted is not None or compared is None:
        name = wanted.name if wanted is not None else _stem(files[0].path)
        graph = wanted.graph if wanted is not None else None
        report = ProtocolReport(name, files[0].path, 1, roles, (), (), kind=SubjectKind.MACHINES)
        if said:
            verdicts = _malformed(name, said)
        else:
            checked = check_system(
                system.machines,
                graph=graph,
                largest_bound=options.queue_limit,
                budget=options.search_limit,
                ends=options.asks_for(Property.TERMINATES.value),
                progress=options.asks_for(Property.PROGRESS.value),
                order=wanted.order if wanted is not None else None,
            )
            for trace in checked.traces:
                _demand(trace, system)
            verdicts = _verdicts(name, system, checked, wanted)
            more, scenarios = verdicts_of_machines(name, system.machines, options, said_later)
            verdicts += more
            report = msgspec.structs.replace(report, scenarios=scenarios)
            if graph is not None and wanted is not None and wanted.order is None:
                from tellverify.obligations.refinement import refinements

                verdicts += refinements(system.machines, graph)
        content = "\n".join(sorted(one.sha256 for one in read))
        selected = tuple(
            covering(_required(v, options), content) for v in verdicts if _is_selected(v, options)
        )
        report = msgspec.structs.replace(report, verdicts=selected)
        reports.append(report)
        texts = {file.path: file.text or "" for file in files}
        said += said_later if said else [*_unsent(system, texts), *said_later]
        if options.scenarios or options.required_at:
            from tellverify.verification.unapplied import not_left_out, unapplied

            said = [*not_left_out(said), *unapplied(reports, said, options, tuple)]
        said += [d for v in selected for d in _told(name, v, system, texts)]
        kept[report.path, name] = machine_files(report, system.machines, read, graph)
    ordered = tuple(sorted(dict.fromkeys(said), key=sort_key))
    code, reason = judge(reports, ordered, options, bool(read))
    reports, others = with_diagnostics(reports, ordered)
    sources = source_files(everything)
    run = Run(
        read,
        located(reports, sources),
        tuple(located_diagnostic(one, sources) for one in others),
        code,
        reason,
        baseline=options.baseline,
    )
    return Checked(run, sources, {}, kept)


def _stem(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0] or path


def _demand(trace: Trace, system: MachineSystem) -> None:
    """The run is one of the machines and shows its fault. Raises Defect otherwise.

    What machines cannot show, infidelity and that no end can be reached, was judged by the search.
    """
    made = replay(trace.steps, system.machines)
    if made.divergence is not None:
        raise Defect(f"event {made.divergence.index} of a run: {made.divergence.reason}")
    lap = trace.steps[trace.loop :] if trace.loop >= 0 else ()
    reason = fault_shown(
        made.configuration,
        system.machines,
        trace.fault,
        trace.culprits,
        lap=lap,
        judge=lambda: True,
    )
    if reason:
        raise Defect(f"a run does not show {trace.fault}: {reason}")


def _verdicts(
    name: str, system: MachineSystem, checked: SystemCheck, wanted: Choreography | None
) -> list[Verdict]:
    subject = ObligationScope()
    found = [Verdict.of(Property.WELL_FORMED, subject, Proved(Method.STRUCTURE), _START)]
    for prop, fault in _OF_MACHINES.items():
        reached = checked.reached.get(fault)
        traces = [trace for trace in checked.traces if trace.fault is fault]
        outcome = _without(prop, checked, wanted)
        if prop in ON_REQUEST and reached is None:
            continue
        if outcome is not None or reached is None:
            lost = outcome or Unknown("it was not searched", STEP_LIMIT.number)
            found.append(Verdict(prop, subject, lost, isinstance(lost, Unknown), 1, 1))
            continue
        found += _of_property(prop, subject, system, checked, reached, traces)
    return found


def _without(prop: Property, checked: SystemCheck, wanted: Choreography | None) -> Outcome | None:
    """Why a property is not decided, None when it is."""
    if prop is Property.FIDELITY:
        if wanted is None:
            return Skipped("no choreography was given that the machines could be compared with")
        if wanted.graph is None:
            return Unknown(wanted.limit, STEP_LIMIT.number)
    if prop is Property.CAN_TERMINATE and not checked.has_end:
        return Skipped("some role never stops: the machines are meant to run forever")
    return None


def _of_property(
    prop: Property,
    subject: ObligationScope,
    system: MachineSystem,
    checked: SystemCheck,
    reached: Reached,
    traces: Sequence[Trace],
) -> list[Verdict]:
    """The refutations of a property, and one verdict for all that is not refuted."""
    found = []
    statistics: tuple[tuple[str, int], ...] = (("configurations", reached.configurations),)
    for trace in traces:
        about = subject
        if prop in _OF_ROLES:
            about = msgspec.structs.replace(subject, roles=trace.culprits)
        elif prop is Property.BOUNDED_QUEUES:
            about = msgspec.structs.replace(subject, channel=(trace.culprits[0], trace.culprits[1]))
        refuted = Refuted(code_of_fault(trace.fault), trace, Method.SEARCH)
        found.append(Verdict.of(prop, about, refuted, _START, statistics))
    if prop in _OF_ROLES:
        told = {role for trace in traces for role in trace.culprits}
        return [*found, *_of_other_roles(prop, subject, checked, told)]
    if traces and prop is not Property.BOUNDED_QUEUES:
        return found
    if prop is Property.BOUNDED_QUEUES:
        longest = max((length for _, length in checked.longest), default=0)
        statistics = (*statistics, ("longest-queue", longest))
    if prop is Property.BOUNDED_QUEUES and traces:
        return found  # of the whole system there is nothing to say beside a queue that grows
    outcome = _queues(checked, reached) if prop is Property.BOUNDED_QUEUES else _unrefuted(reached)
    return [*found, Verdict.of(prop, subject, outcome, _START, statistics)]


def _of_other_roles(
    prop: Property, subject: ObligationScope, checked: SystemCheck, told: Set[str]
) -> list[Verdict]:
    """The verdicts on roles that no run refutes: one for all of which the same is known."""
    alike: dict[Outcome, list[str]] = {}
    fault = _OF_MACHINES[prop]
    for role, reached in checked.roles[fault].items():
        if role not in told:
            alike.setdefault(_unrefuted(reached), []).append(role)
    count = checked.reached[fault].configurations
    return [
        Verdict.of(
            prop,
            msgspec.structs.replace(subject, roles=tuple(roles)),
            outcome,
            _START,
            (("configurations", count),),
        )
        for outcome, roles in alike.items()
    ]


def _queues(checked: SystemCheck, reached: Reached) -> Outcome:
    """The outcome for the length of queues when none was found to grow without limit."""
    longest = max((length for _, length in checked.longest), default=0)
    match reached.scope:
        case SearchScope.ALL:
            return Proved(Method.SEARCH, f"at most {longest} in a queue")
        case SearchScope.STRUCTURE:
            return Proved(Method.ACYCLIC_MACHINES, f"at most {longest} in a queue")
        case (
            SearchScope.COMPATIBLE
            | SearchScope.ENDINGS
            | SearchScope.REDUCED
            | SearchScope.QUEUES
            | SearchScope.OPEN
            | SearchScope.RUNS
        ):
            reason = f"some run needs a queue of more than {counted(reached.bound, 'message')}"
            return Unknown(
                reason if reached.bound else "too large to be searched", STEP_LIMIT.number
            )


def _unrefuted(reached: Reached) -> Outcome:
    """The outcome when no run was found."""
    match reached.scope:
        case SearchScope.ALL:
            return Proved(Method.SEARCH, "every run")
        case SearchScope.COMPATIBLE:
            return Proved(Method.COMPATIBILITY, f"session automata, k = {reached.bound}")
        case SearchScope.ENDINGS | SearchScope.REDUCED:
            return Proved(Method.PERSISTENT_SETS, "every run, by representatives")
        case SearchScope.STRUCTURE:
            return Proved(Method.ACYCLIC_MACHINES, "no machine has a cycle")
        case SearchScope.OPEN:
            reason = f"it depends on queues of more than {counted(reached.bound, 'message')}"
            whole = "it is not known whether all other roles can stop acting"
            return Unknown(reason if reached.bound else whole, STEP_LIMIT.number)
        case SearchScope.QUEUES:
            return Bounded(f"queues of at most {counted(reached.bound, 'message')}", Method.SEARCH)
        case SearchScope.RUNS:
            reason = (
                f"no run of up to {reached.depth} events shows it, and longer ones were not"
                " searched"
            )
            return Unknown(reason, STEP_LIMIT.number)


def _malformed(name: str, said: Sequence[Diagnostic]) -> list[Verdict]:
    """The verdicts on files that do not hold a system."""
    first = min(said, key=sort_key)
    span = first.primary.span
    conflict = Conflict(first.message, first.path, span, span)
    refuted = Refuted(first.code.number, conflict, Method.STRUCTURE)
    skipped = Skipped("the machines cannot be put together", NOT_WELL_FORMED.number)
    found = [Verdict.of(Property.WELL_FORMED, ObligationScope(), refuted, _START)]
    asked = [prop for prop in _OF_MACHINES if prop not in ON_REQUEST]
    return [*found, *(Verdict.of(prop, ObligationScope(), skipped, _START) for prop in asked)]


def _told(
    name: str, verdict: Verdict, system: MachineSystem, texts: dict[str, str]
) -> list[Diagnostic]:
    """The finding for a refuted verdict, at the entry of the role it is about."""
    outcome = verdict.outcome
    if not isinstance(outcome, Refuted) or not isinstance(outcome.evidence, Trace):
        return []
    trace = outcome.evidence
    role = _about(trace, system)
    entry = system.entries[role]
    text = texts[entry.path]
    made = trace.steps[:-1] if trace.fault is Fault.INFIDELITY else trace.steps
    pointer, span = entry.filed.place_after(text, made)
    if len(text) == span.start:
        span = NOWHERE
    return [
        finding(
            CODES[outcome.code],
            Where(entry.path, name),
            trace.explanation,
            (span, f"the machine of `{role}`"),
            notes=(f"`{role}` is at `{pointer}`",),
            helps=() if verdict.scope.scenario else None,
            severity=Severity.ERROR if verdict.required else Severity.WARNING,
            refutes=verdict.name,
        )
    ]


def _unsent(system: MachineSystem, texts: dict[str, str]) -> Iterator[Diagnostic]:
    """The messages that machines receive and their senders never send to them, each once."""
    sent = {
        (machine.role, action.peer, action.label)
        for machine in system.machines
        for row in machine.moves
        for action, _ in row
        if action.send
    }
    for machine in system.machines:
        arms = {a: None for row in machine.moves for a, _ in row if not a.send}
        for action in arms:
            if (action.peer, machine.role, action.label) in sent:
                continue
            entry = system.entries[machine.role]
            pointer, span = entry.filed.place_of_arm(texts[entry.path], action.peer, action.label)
            yield say.unsent_message(
                entry.path, span, pointer, machine.role, action.peer, action.label
            )


def _about(trace: Trace, system: MachineSystem) -> str:
    """The role whose machine shows a fault: a culprit, or who acted last, or who waits."""
    if trace.culprits:
        return trace.culprits[0]
    if trace.fault is Fault.INFIDELITY and trace.steps:
        return trace.steps[-1].actor
    lost = _cannot_stop(trace, system.machines) if trace.fault is Fault.NO_TERMINATION else ()
    waits = [waiting.role for waiting in trace.waiting if waiting.awaits and not waiting.finished]
    left = [waiting.role for waiting in trace.waiting if not waiting.finished]
    return next(iter((*lost, *waits, *left)), system.machines[0].role)


def _cannot_stop(trace: Trace, machines: Sequence[Machine]) -> list[str]:
    """The roles that come to no final state after a run, whatever the others do."""
    states = futures(replay(trace.steps, machines).configuration, machines).states
    return [
        machine.role
        for machine, reached in zip(machines, states, strict=True)
        if not any(machine.final[state] for state in reached)
    ]


def _required(verdict: Verdict, options: Options) -> Verdict:
    for name, strength in options.requirements:
        if name == requirement_key(verdict.property, verdict.scope):
            return msgspec.structs.replace(verdict, required=strength != "nothing")
    return verdict


def _is_selected(verdict: Verdict, options: Options) -> bool:
    if options.properties and verdict.property.value not in options.properties:
        return False
    about = verdict.scope.roles
    return not (options.roles and about) or bool(set(options.roles) & set(about))
