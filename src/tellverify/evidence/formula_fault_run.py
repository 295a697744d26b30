"""Runs with faults, or with timers, that contradict a formula: judged by its defining equations.

Under faults a run may stop at any event, so only events refute a formula: those after which it does
not hold, whatever follows and if nothing does. What a Byzantine role does is no event of the run,
so no formula that refers to it is decided where the role may be Byzantine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from tellverify.evidence.formula_run import (
    MOST_VALUES,
    event_matches,
    event_rows,
    positions,
    size_of,
)
from tellverify.model.failure import OutageKind
from tellverify.model.formula import (
    BranchAtom,
    CountAtom,
    EventAtom,
    FinishedAtom,
    Formula,
    OfferAtom,
    evaluate,
)
from tellverify.model.machine import Machine
from tellverify.model.step import Step
from tellverify.model.trace import Trace

_KEPT: Final = "the run may continue and the property may still hold"


def spoken_of(formula: Formula, machines: Iterable[Machine], roles: Iterable[str]) -> str:
    """The first of `roles` of whose events or states the formula speaks, empty when it is none.

    Of events it speaks when the machine of the role has one of those that are meant.
    """
    named = set(roles)
    for machine in machines:
        if machine.role not in named:
            continue
        steps = _steps_of(machine)
        for atom in formula.atoms:
            match atom:
                case EventAtom():
                    speaks = any(event_matches(atom, step) for step in steps)
                case BranchAtom() | FinishedAtom() | OfferAtom():
                    speaks = atom.role == machine.role
                case CountAtom():
                    speaks = False  # what it counts are atoms themselves
            if speaks:
                return machine.role
    return ""


def _steps_of(machine: Machine) -> list[Step]:
    """One step for each action of a machine."""
    actions = dict.fromkeys(action for row in machine.moves for action, _ in row)
    return [
        Step(True, machine.role, one.peer, one.label)
        if one.send
        else Step(False, one.peer, machine.role, one.label)
        for one in actions
    ]


def uncontradicted(trace: Trace, machines: Sequence[Machine] | None) -> str:
    """Why the events of a run do not contradict its formula by themselves; empty when they do.

    `machines` are those without faults, None for a protocol with timeouts, where formulas refer to
    events alone. Raises ValueError when it is no run of the machines.
    """
    formula, steps = trace.formula, trace.steps
    if formula is None:
        return "there is no formula"
    if trace.culprits:
        return "it must name no culprits"
    if trace.loop >= 0:
        return "what events contradict needs no loop"
    if size_of(formula) * (len(steps) + 1) > MOST_VALUES:
        return "the formula is too large for a run of this length"
    liars = [one.role for one in trace.outages if one.kind is OutageKind.BYZANTINE]
    if machines is not None and (role := spoken_of(formula, machines, liars)):
        return f"the formula refers to the actions of `{role}`, which is Byzantine"
    if machines is None:
        rows = event_rows(formula, steps)
        if rows is None:
            return "the formula refers to states, which a protocol with timeouts does not have"
    else:
        known = {machine.role for machine in machines}
        for atom in formula.atoms:
            if isinstance(atom, FinishedAtom | OfferAtom) and atom.role not in known:
                return f"the protocol has no role `{atom.role}`"
        rows = [list(row) for row in positions(formula, steps, -1, machines).rows]
    may_hold = [evaluate(formula, rows, len(steps), ended=ended).weak for ended in (False, True)]
    return _KEPT if any(may_hold) else ""
