"""Formulas judged on runs of machines: by their defining equations, without any automaton.

A run is complete when it repeats forever and is fair, or when no role must go on at its end. Fair
is: who must go on all the time does so some time (weak fairness of every role). A role must go on
where it can take a message, and where it can send and may not stop.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tellverify.evidence.divergence import possible_steps
from tellverify.evidence.itf import TraceSubject
from tellverify.evidence.trace_replay import Stepper
from tellverify.model.configuration import Configuration
from tellverify.model.fault import Fault
from tellverify.model.formula import (
    ANY,
    BranchAtom,
    CountAtom,
    EventAtom,
    FinishedAtom,
    Formula,
    OfferAtom,
    evaluate,
    malformed,
    text,
)
from tellverify.model.machine import Machine
from tellverify.model.step import Step

MOST_VALUES: Final = 20_000_000  # of nodes and atoms along a run


class RunPositions(msgspec.Struct, frozen=True):
    """Where the atoms of a formula hold along a run, and how the run ends.

    `stable` is False when an atom does not repeat with the loop, or the loop does not come back.
    """

    rows: tuple[tuple[bool, ...], ...]
    ended: bool
    fair: bool
    stable: bool


def role_matches(pattern: str, role: str) -> bool:
    """Whether a role is one of those that `*`, `Devices[*]` or a name stands for."""
    if pattern == ANY:
        return True
    if pattern.endswith("[*]"):
        return role.startswith(pattern[:-2]) and role.endswith("]")
    return pattern == role


def label_matches(pattern: str, label: str) -> bool:
    """Whether a label is, or carries behind the tag of a choice, the one that is meant."""
    return pattern in (ANY, label) or label.endswith(f".{pattern}")


def event_matches(atom: EventAtom | BranchAtom, step: Step) -> bool:
    """Whether a step is one of those an atom on events stands for; that of a timer is none."""
    if step.timer:
        return False
    if isinstance(atom, BranchAtom):
        if not step.send or step.sender != atom.role:
            return False
        return (step.receiver, step.label, step.site.line) in atom.messages
    return (
        step.send == (atom.action == "send")
        and role_matches(atom.sender, step.sender)
        and role_matches(atom.receiver, step.receiver)
        and label_matches(atom.label, step.label)
    )


def must_go_on(stepper: Stepper, machine: Machine) -> bool:
    """Whether a role cannot stay forever where it is."""
    possible = possible_steps(stepper, machine.role)
    if not machine.final[stepper.state(machine.role)]:
        return bool(possible)
    return any(not step.send for step in possible)


def positions(
    formula: Formula, steps: Sequence[Step], loop: int, machines: Sequence[Machine]
) -> RunPositions:
    """Evaluate the atoms of `formula` along a run. Raises ValueError when it is no run.

    With `loop` >= 0 the loop is made twice, to see that everything comes back.
    """
    machine = {one.role: one for one in machines}
    stepper = Stepper(machines)
    lap = list(steps[loop:]) if loop >= 0 else []
    totals = [atom.constant if isinstance(atom, CountAtom) else 0 for atom in formula.atoms]
    rows: list[list[bool]] = [[] for _ in formula.atoms]
    begin: Configuration | None = None
    laps: list[list[int]] = []
    for index, step in enumerate((*steps, *lap)):
        if index in (loop, len(steps)):
            laps.append(list(totals))
            begin = begin or stepper.configuration()
        if stepper.make(step) is not None:
            if index < len(steps):
                raise ValueError(f"step {index} cannot be made")
            return RunPositions((), False, False, False)
        _note(formula, step, stepper, machine, totals, rows)
    end = stepper.configuration()
    length = len(steps)
    stable = loop < 0 or (
        end == begin
        and _repeats(formula, rows, loop, length)
        and _drifts(formula, rows, laps, length)
    )
    acting = {step.actor for step in lap}
    waiting = all(
        not must_go_on(stepper, one) for one in machine.values() if one.role not in acting
    )
    cut = tuple(tuple(row[:length]) for row in rows)
    return RunPositions(cut, loop < 0 and waiting, loop < 0 or waiting, stable)


def event_rows(formula: Formula, steps: Sequence[Step]) -> list[list[bool]] | None:
    """Where the atoms hold along events alone; None when one is about the state of a role."""
    if any(isinstance(atom, FinishedAtom | OfferAtom) for atom in formula.atoms):
        return None
    rows: list[list[bool]] = []
    for atom in formula.atoms:
        if isinstance(atom, EventAtom | BranchAtom):
            rows.append([event_matches(atom, step) for step in steps])
        else:
            rows.append([])
    for number, atom in enumerate(formula.atoms):
        if isinstance(atom, CountAtom):
            total = atom.constant
            for place in range(len(steps)):
                total += sum(factor for factor, one in atom.terms if rows[one][place])
                rows[number].append(total >= 0)
    return rows


def _note(
    formula: Formula,
    step: Step,
    stepper: Stepper,
    machine: dict[str, Machine],
    totals: list[int],
    rows: list[list[bool]],
) -> None:
    """The values of all atoms at the position of one step; events before what counts them."""
    for number, atom in enumerate(formula.atoms):
        if isinstance(atom, EventAtom | BranchAtom):
            rows[number].append(event_matches(atom, step))
    for number, atom in enumerate(formula.atoms):
        match atom:
            case FinishedAtom(role):
                rows[number].append(not machine[role].moves[stepper.state(role)])
            case OfferAtom(role, label):
                moves = machine[role].moves[stepper.state(role)]
                rows[number].append(any(label_matches(label, a.label) for a, _ in moves))
            case CountAtom(terms):
                totals[number] += sum(factor for factor, one in terms if rows[one][-1])
                rows[number].append(totals[number] >= 0)
            case EventAtom() | BranchAtom():
                pass


def _repeats(formula: Formula, rows: list[list[bool]], loop: int, length: int) -> bool:
    return all(row[loop:length] == row[length:] for row in rows)


def _drifts(formula: Formula, rows: list[list[bool]], laps: list[list[int]], length: int) -> bool:
    """Whether counts that change from lap to lap never make an atom change its value."""
    for number, atom in enumerate(formula.atoms):
        if isinstance(atom, CountAtom):
            drift = laps[1][number] - laps[0][number]
            if drift and any(value != (drift > 0) for value in rows[number][length:]):
                return False
    return True


def complaint(
    formula: Formula, steps: Sequence[Step], loop: int, machines: Sequence[Machine]
) -> str:
    """Why a run does not break `formula`, empty when it does.

    A run that repeats or has ended is judged as a whole. Any other refutes only what all runs that
    begin like it refute. Raises ValueError when it is no run.
    """
    missing = _missing(formula, machines)
    if missing:
        return missing
    found = positions(formula, steps, loop, machines)
    if not found.stable:
        return "the loop does not come back"
    if not found.fair:
        return "a role could move all along, so the loop is not fair"
    if not evaluate(formula, found.rows, len(steps), ended=False).weak and loop < 0:
        return ""
    if loop >= 0 or found.ended:
        views = evaluate(formula, found.rows, len(steps), ended=found.ended, loop=loop)
        return "" if not views.weak else "the property holds for this run"
    return "the run may continue and the property may still hold"


def unreached(formula: Formula, steps: Sequence[Step], machines: Sequence[Machine]) -> str:
    """Why a run is no witness of `formula`, empty when it is, however the run continues."""
    missing = _missing(formula, machines)
    if missing:
        return missing
    found = positions(formula, steps, -1, machines)
    views = evaluate(formula, found.rows, len(steps), ended=False)
    return "" if views.strong else "it is not reached"


def _missing(formula: Formula, machines: Sequence[Machine]) -> str:
    known = {machine.role for machine in machines}
    for atom in formula.atoms:
        if isinstance(atom, FinishedAtom | OfferAtom) and atom.role not in known:
            return f"the protocol has no role `{atom.role}`"
    return ""


def size_of(formula: Formula) -> int:
    """The values that each position of a run takes to judge a formula."""
    counted = sum(len(atom.terms) for atom in formula.atoms if isinstance(atom, CountAtom))
    return len(formula.nodes) + len(formula.atoms) + counted


FORMULA_FAULTS: Final = (Fault.PROPERTY, Fault.WITNESS)
"""What runs show of formulas."""


def filed(formula: Formula) -> msgspec.Raw:
    """A formula as a trace file holds it."""
    return msgspec.Raw(msgspec.json.encode(formula))


def formula_of(raw: msgspec.Raw | msgspec.UnsetType) -> Formula | str:
    """The formula that a trace file holds in its one form, or why that is none."""
    if isinstance(raw, msgspec.UnsetType):
        return "there is no formula"
    try:
        found = msgspec.json.decode(raw, type=Formula)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return "the formula is none"
    if wrong := malformed(found):
        return f"in the formula, {wrong}"
    return found if filed(found) == raw else "the formula is not in canonical form"


def stated(statement: str, formula: Formula) -> str:
    """The statement of an obligation, with the formula that it refers to in its one form."""
    return f"{statement} {text(formula)}"


def statement_of(sentence: str, raw: msgspec.Raw | msgspec.UnsetType) -> str:
    """The statement with the formula of a trace file, or why that is none."""
    formula = formula_of(raw)
    return formula if isinstance(formula, str) else stated(sentence, formula)


def unshown(
    subject: TraceSubject, steps: Sequence[Step], loop: int, machines: Sequence[Machine]
) -> str:
    """Why a run does not show what its subject says of a formula, empty when it does."""
    if subject.fault not in FORMULA_FAULTS:
        return "only properties and witnesses have a formula"
    formula = formula_of(subject.formula)
    if isinstance(formula, str):
        return formula
    if subject.culprits:
        return "it must name no culprits"
    if size_of(formula) * (len(steps) + 1) > MOST_VALUES:
        return "the formula is too large for a run of this length"
    if subject.fault is Fault.WITNESS:
        return "a witness does not repeat" if loop >= 0 else unreached(formula, steps, machines)
    return complaint(formula, steps, loop, machines)
