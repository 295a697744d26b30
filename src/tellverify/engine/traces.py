"""Trace files of refuted obligations."""

from __future__ import annotations

import os

from tellverify.core.graph import ProtocolGraph
from tellverify.engine.machines import ALL_MACHINES, Machines
from tellverify.evidence.itf import TraceSubject, trace_path, write_itf
from tellverify.evidence.trace import Trace
from tellverify.verdict.outcome import Refuted
from tellverify.verdict.property import STATEMENTS
from tellverify.verdict.run import ProtocolReport, Verdict


def trace_files(
    protocol: ProtocolReport, graphs: dict[str, ProtocolGraph]
) -> list[tuple[str, str, str]]:
    """For each refuted obligation with a run: its id, the name of its file, and the text.

    `graphs` has the graph of every instance by name. A run of a protocol with very many roles
    names only the roles that act in it.
    """
    found = []
    for verdict in protocol.verdicts:
        outcome = verdict.outcome
        if not isinstance(outcome, Refuted) or not isinstance(outcome.evidence, Trace):
            continue
        graph = graphs.get(outcome.instance)
        if graph is None:
            continue
        machines = Machines(graph)
        if len(_acting(outcome.evidence)) > ALL_MACHINES and not machines.are_cheap:
            continue  # nobody could replay it in reasonable time
        text = _text(protocol, verdict, outcome, outcome.evidence, machines)
        name = trace_path(protocol.name, verdict.name)
        found.append((f"{protocol.name}/{verdict.name}", name, text))
    return found


def _acting(trace: Trace) -> set[str]:
    return {role for step in trace.steps for role in (step.sender, step.receiver)}


def _text(
    protocol: ProtocolReport,
    verdict: Verdict,
    outcome: Refuted,
    trace: Trace,
    machines: Machines,
) -> str:
    roles: tuple[str, ...] = machines.graph.roles
    if len(roles) > ALL_MACHINES:
        acting = _acting(trace)
        roles = tuple(role for role in roles if role in acting)
    subject = TraceSubject(
        source=protocol.path,
        protocol=protocol.name,
        obligation=verdict.name,
        statement=STATEMENTS[verdict.property].text,
        code=outcome.code,
        fault=trace.fault,
        culprits=trace.culprits,
        explanation=trace.explanation,
        minimal=trace.minimal,
        instance=outcome.instance,
    )
    return write_itf(trace, [machines.of(role) for role in roles], subject)


def write_files(folder: str, files: list[tuple[str, str, str]]) -> dict[str, str]:
    """Write trace files below `folder`; the path of each by the id of its obligation.

    Raises OSError when the folder cannot be written.
    """
    written = {}
    for identity, name, text in files:
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        written[identity] = path.replace(os.sep, "/")
    return written
