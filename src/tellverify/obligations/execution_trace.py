"""An execution as an ITF file: a witness that every role can finish, where it came to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tellverify.evidence.formula_run import filed, stated, unreached
from tellverify.evidence.itf import TraceSubject
from tellverify.evidence.itf_writing import write_itf
from tellverify.model.fault import Fault
from tellverify.model.formula import FinishedAtom, Formula, FormulaBuilder
from tellverify.model.machine import Machine
from tellverify.model.step import Step
from tellverify.model.trace import Trace
from tellverify.verdict.properties import PROPERTIES, Property


def execution_itf(
    source: str,
    protocol: str,
    sizes: Mapping[str, int],
    machines: Sequence[Machine],
    steps: Sequence[Step],
    explanation: str,
) -> str:
    """The text of the file. Raises Defect when the machines cannot make the steps."""
    goal = _all_finished(machines)
    if unreached(goal, steps, machines):
        builder = FormulaBuilder()
        goal = builder.formula(builder.constant(True))
    subject = TraceSubject(
        source=source,
        protocol=protocol,
        obligation=f"{Property.REACHABLE}[end]",
        statement=stated(PROPERTIES[Property.REACHABLE].sentence, goal),
        code="",
        fault=Fault.WITNESS,
        explanation=explanation,
        instance=", ".join(f"{family} = {size}" for family, size in sizes.items()),
        formula=filed(goal),
    )
    return write_itf(Trace(Fault.WITNESS, tuple(steps), (), "", False), machines, subject)


def _all_finished(machines: Sequence[Machine]) -> Formula:
    builder = FormulaBuilder()
    node = builder.constant(True)
    for machine in machines:
        node = builder.both(node, builder.atom(FinishedAtom(machine.role)))
    return builder.formula(builder.eventually(node))
