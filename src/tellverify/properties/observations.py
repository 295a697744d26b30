"""The observations of atoms on the moves of machines: letters, and counts along a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tellverify.evidence.formula_run import event_matches, label_matches
from tellverify.model.formula import (
    BranchAtom,
    CountAtom,
    EventAtom,
    FinishedAtom,
    Formula,
    OfferAtom,
)
from tellverify.model.step import Step
from tellverify.properties.configurations import SearchedRuns

COUNT_LIMIT: Final = 64

Counts = tuple[int, ...]


class Letters:
    """The letters of a formula on `configurations`; bit `a` says that atom `a` holds.

    Counts are followed up to where their atom cannot change any more. A sum that can go up and
    down is followed within `COUNT_LIMIT` of the constant; `cut` becomes true when one went past.
    """

    def __init__(
        self, formula: Formula, configurations: SearchedRuns, step_of: Callable[[int], Step]
    ) -> None:
        atoms = formula.atoms
        self.cut = False
        self._configurations = configurations
        self._events: list[int] = []
        for event in range(len(configurations.events)):
            step = step_of(event)
            self._events.append(
                sum(
                    1 << number
                    for number, atom in enumerate(atoms)
                    if isinstance(atom, EventAtom | BranchAtom) and event_matches(atom, step)
                )
            )
        roles = {machine.role: n for n, machine in enumerate(configurations.machines)}
        self._roles: list[tuple[int, list[int]]] = []
        for number, atom in enumerate(atoms):
            if isinstance(atom, FinishedAtom | OfferAtom):
                role = roles[atom.role]
                bits = [
                    self._local_bit(atom, [action.label for action, _ in moves]) << number
                    for moves in configurations.machines[role].moves
                ]
                self._roles.append((role, bits))
        self._counts = [
            (number, atom, min(0, atom.constant), max(0, atom.constant))
            for number, atom in enumerate(atoms)
            if isinstance(atom, CountAtom)
        ]
        self.start: Counts = tuple(atom.constant for _, atom, _, _ in self._counts)
        self._of_state: dict[int, int] = {}
        self.is_plain = not self._roles and not self._counts

    @staticmethod
    def _local_bit(atom: FinishedAtom | OfferAtom, labels: list[str]) -> int:
        if isinstance(atom, FinishedAtom):
            return int(not labels)
        return int(any(label_matches(atom.label, label) for label in labels))

    def plain(self, event: int) -> int:
        """The letter of an event as far as it depends on the event alone."""
        return self._events[event]

    def letter(self, event: int, target: int, counts: Counts) -> tuple[int, Counts]:
        """The letter of an event that leads to `target`, and the counts behind it."""
        letter = self._events[event]
        if self._roles:
            seen = self._of_state.get(target)
            if seen is None:
                seen = 0
                for role, bits in self._roles:
                    seen |= bits[self._configurations.state(role, target)]
                self._of_state[target] = seen
            letter |= seen
        if not self._counts:
            return letter, counts
        after = []
        for value, (number, atom, low, high) in zip(counts, self._counts, strict=True):
            change = sum(factor for factor, one in atom.terms if letter >> one & 1)
            total = value
            if change:
                total = self._limited(value + change, atom, low, high)
            if total >= 0:
                letter |= 1 << number
            after.append(total)
        return letter, tuple(after)

    def _limited(self, total: int, atom: CountAtom, low: int, high: int) -> int:
        total = limited(atom, total)
        if total < low - COUNT_LIMIT or total > high + COUNT_LIMIT:
            self.cut = True
            return max(low - COUNT_LIMIT, min(total, high + COUNT_LIMIT))
        return total


def limited(atom: CountAtom, total: int) -> int:
    """The value of a count, or one that stands for all from where it cannot change any more."""
    if total < 0 and all(factor < 0 for factor, _ in atom.terms):
        return -1
    if total >= 0 and all(factor > 0 for factor, _ in atom.terms):
        return 0
    return total
