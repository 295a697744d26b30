"""Trace files of refuted obligations."""

from __future__ import annotations

import msgspec

from tellverify.evidence.fault_run import is_of_scenario
from tellverify.evidence.formula_run import filed, stated
from tellverify.evidence.itf import TraceSubject
from tellverify.evidence.itf_writing import trace_name, write_itf
from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph
from tellverify.model.limits import MachineTooLarge
from tellverify.model.trace import Trace
from tellverify.obligations.machines import ALL_MACHINES, Machines
from tellverify.projection.threshold_machines import has_thresholds
from tellverify.verdict.outcome import Refuted
from tellverify.verdict.properties import PROPERTIES
from tellverify.verdict.run import ProtocolReport, Verdict
from tellverify.verification.checked import CheckedOrigin


def trace_files(
    protocol: ProtocolReport,
    graphs: dict[str, ProtocolGraph],
    origin: CheckedOrigin,
) -> list[tuple[str, str, str]]:
    """For each obligation that a run refutes or proves: its name, its file's name, and the text.

    `graphs` has the graph of every instance by name, `origin` what the protocol is made of. A
    run of a protocol with very many roles names only the roles that act in it.
    """
    found = []
    for verdict in protocol.verdicts:
        trace, instance, code = run_of(verdict)
        graph = graphs.get(instance)
        if trace is None or graph is None or rests_on_annotations(trace):
            continue
        if is_of_scenario(trace) and has_thresholds(graph):
            continue  # the machines that drop late answers are not those of the graph alone
        machines = Machines(graph)
        if len(_acting(trace)) > ALL_MACHINES and not machines.are_cheap:
            continue  # it could not be replayed in reasonable time
        subject = _subject(protocol, verdict, (code, instance), trace)
        if origin.dialect == "faithful":
            subject = msgspec.structs.replace(subject, dialect="faithful")
        if len(origin.files) > 1:
            subject = msgspec.structs.replace(subject, files=origin.paths)
        try:
            text = _text(subject, trace, machines)
        except MachineTooLarge:
            continue  # nor can the machines to replay it with be built
        found.append((verdict.name, trace_name(verdict.name), text))
    return found


def run_of(verdict: Verdict) -> tuple[Trace | None, str, str]:
    """The run that refutes or witnesses an obligation, the sizes it was found at, and a code."""
    outcome = verdict.outcome
    if isinstance(outcome, Refuted) and isinstance(outcome.evidence, Trace):
        return outcome.evidence, outcome.instance, outcome.code
    if verdict.witness is not None:
        return verdict.witness.trace, verdict.witness.instance, ""
    return None, "", ""


def rests_on_annotations(trace: Trace) -> bool:
    """Whether machines alone cannot show what a run shows; `budgets.json` has such runs."""
    return trace.fault is Fault.PROPERTY and trace.formula is None


def _acting(trace: Trace) -> set[str]:
    return {role for step in trace.steps for role in (step.sender, step.receiver)}


def _text(subject: TraceSubject, trace: Trace, machines: Machines) -> str:
    roles: tuple[str, ...] = machines.graph.roles
    if len(roles) > ALL_MACHINES:
        acting = _acting(trace)
        roles = tuple(role for role in roles if role in acting)
    return write_itf(trace, [machines.of(role) for role in roles], subject)


def _subject(
    protocol: ProtocolReport, verdict: Verdict, found: tuple[str, str], trace: Trace
) -> TraceSubject:
    sentence, formula = PROPERTIES[verdict.property].sentence, trace.formula
    return TraceSubject(
        source=protocol.path,
        protocol=protocol.name,
        obligation=verdict.name,
        statement=sentence if formula is None else stated(sentence, formula),
        code=found[0],
        fault=trace.fault,
        culprits=trace.culprits,
        explanation=trace.explanation,
        minimal=trace.minimal,
        instance=found[1],
        formula=msgspec.UNSET if formula is None else filed(formula),
    )
