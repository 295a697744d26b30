"""Evidence of checks of machines: the runs, and the machines they are runs of."""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.evidence.itf import TraceSubject
from tellverify.evidence.itf_writing import trace_name, write_itf
from tellverify.evidence.machines_file import (
    MACHINES_NAME,
    MACHINES_SCHEMA,
    MachinesFile,
    row_of,
    write_machines,
)
from tellverify.evidence.neutral import neutral
from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Machine
from tellverify.model.trace import Trace
from tellverify.verdict.outcome import Refuted
from tellverify.verdict.properties import PROPERTIES
from tellverify.verdict.run import Input, ProtocolReport


def machine_files(
    report: ProtocolReport,
    machines: Sequence[Machine],
    read: Sequence[Input],
    graph: ProtocolGraph | None,
) -> tuple[tuple[str, str, str], ...]:
    """The traces of refuted obligations, and the machines: of what, the name of a file, its text.

    The graph that machines were compared with is
    kept when they do not have only its runs.
    """
    found: list[tuple[str, str, str]] = []
    compared = None
    for verdict in report.verdicts:
        outcome = verdict.outcome
        if not isinstance(outcome, Refuted) or not isinstance(outcome.evidence, Trace):
            continue
        trace = outcome.evidence
        if trace.fault is Fault.INFIDELITY:
            compared = graph
        subject = TraceSubject(
            source=report.path,
            protocol=report.name,
            obligation=verdict.name,
            statement=PROPERTIES[verdict.property].sentence,
            code=outcome.code,
            fault=trace.fault,
            culprits=trace.culprits,
            explanation=trace.explanation,
            minimal=trace.minimal,
        )
        text = write_itf(trace, machines, subject)
        found.append((verdict.name, trace_name(verdict.name), text))
    if found:
        file = MachinesFile(
            MACHINES_SCHEMA,
            report.name,
            [(each.path, each.sha256) for each in read],
            [row_of(machine) for machine in machines],
            neutral(compared) if compared is not None else None,
        )
        found.append(("machines", MACHINES_NAME, write_machines(file)))
    return tuple(found)
