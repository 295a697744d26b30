"""An execution as an ITF file: a witness that every role can finish, where it came to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from tellverify.evidence.formula_run import filed, stated, unreached
from tellverify.evidence.itf import TraceSubject
from tellverify.evidence.itf_writing import write_itf
from tellverify.model.fault import Fault
from tellverify.model.formula import FinishedAtom, Formula, FormulaBuilder
from tellverify.model.machine import Machine
from tellverify.model.step import Step
from tellverify.model.trace import Trace
from tellverify.verdict.properties import PROPERTIES, Property

EXECUTION: Final = f"{Property.REACHABLE}[end]"
"""The obligation that an execution is a witness of."""


def execution_goals(roles: Sequence[str]) -> tuple[Formula, Formula]:
    """What an execution reaches: that all roles can finish, or any end."""
    builder, any_end = FormulaBuilder(), FormulaBuilder()
    node = builder.constant(True)
    for role in roles:
        node = builder.both(node, builder.atom(FinishedAtom(role)))
    whole = builder.formula(builder.eventually(node))
    return whole, any_end.formula(any_end.constant(True))


def execution_itf(
    source: str,
    protocol: str,
    sizes: Mapping[str, int],
    machines: Sequence[Machine],
    steps: Sequence[Step],
    explanation: str,
) -> str:
    """The text of the file. Raises Defect when the machines cannot make the steps."""
    goal, any_end = execution_goals([machine.role for machine in machines])
    if unreached(goal, steps, machines):
        goal = any_end
    subject = TraceSubject(
        source=source,
        protocol=protocol,
        obligation=EXECUTION,
        statement=stated(PROPERTIES[Property.REACHABLE].sentence, goal),
        code="",
        fault=Fault.WITNESS,
        explanation=explanation,
        instance=", ".join(f"{family} = {size}" for family, size in sizes.items()),
        formula=filed(goal),
    )
    return write_itf(Trace(Fault.WITNESS, tuple(steps), (), "", False), machines, subject)
