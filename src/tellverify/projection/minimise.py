"""The smallest machine with the same behaviour.

States are equal when the same sequences of actions lead from both, and stop at final states
alike. States from which no cycle is reachable are merged bottom-up by hashing; the rest by
partition refinement with the smaller half first (Valmari, Fast brief practical DFA minimization,
Information Processing Letters 112, 2012), in O(m log m) for m moves.
"""

from __future__ import annotations

from itertools import pairwise

from tellverify.model.machine import Action, Machine


def minimise(machine: Machine) -> Machine:
    """`machine` with equal states merged and unreachable ones left out.

    The states of the result are numbered breadth-first in the order of moves; of equal states the
    first one lends its moves and sites.
    """
    return _quotient(machine, equal_states(machine))


def equal_states(machine: Machine) -> list[int]:
    """A class for each state of `machine`; equal states have the same class."""
    classes, cyclic = _merge_acyclic(machine)
    if not cyclic:
        return classes
    representatives = [0] * (max(classes) + 1)
    for state, number in enumerate(classes):
        representatives[number] = state
    refined = _refine(machine, classes, representatives)
    return [refined[number] for number in classes]


def _merge_acyclic(machine: Machine) -> tuple[list[int], bool]:
    """Classes by hashing for states that reach no cycle, classes of their own for the others.

    Classes are numbered from 0 without gaps. The flag says that there is a cycle.
    """
    count = machine.state_count
    incoming: list[list[int]] = [[] for _ in range(count)]
    open_moves = [len(row) for row in machine.moves]
    for state, row in enumerate(machine.moves):
        for _, target in row:
            incoming[target].append(state)
    ready = [state for state in range(count) if not open_moves[state]]
    classes = [-1] * count
    known: dict[tuple[bool, frozenset[tuple[Action, int]]], int] = {}
    for state in ready:  # grows: a state is ready when all that it leads to have a class
        row = machine.moves[state]
        key = (machine.final[state], frozenset((action, classes[to]) for action, to in row))
        classes[state] = known.setdefault(key, len(known))
        for origin in incoming[state]:
            open_moves[origin] -= 1
            if not open_moves[origin]:
                ready.append(origin)
    number = len(known)
    for state in range(count):
        if classes[state] < 0:
            classes[state] = number
            number += 1
    return classes, len(ready) < count


class _Partition:
    """A refinable partition of 0 to n-1: split off the marked elements of each set in O(marked)."""

    def __init__(self, order: list[int], starts: list[int]) -> None:
        self.elements = order
        self.location = [0] * len(order)
        self.set_of = [0] * len(order)
        self.first = starts[:-1]
        self.past = starts[1:]
        self._marked = [0] * len(self.first)
        self._touched: list[int] = []
        for number, (low, high) in enumerate(pairwise(starts)):
            for place in range(low, high):
                self.location[order[place]] = place
                self.set_of[order[place]] = number

    def mark(self, element: int) -> None:
        """Mark an element that is not marked yet, or mark it again without effect."""
        number = self.set_of[element]
        place = self.location[element]
        border = self.first[number] + self._marked[number]
        if place < border:
            return
        other = self.elements[border]
        self.elements[place] = other
        self.location[other] = place
        self.elements[border] = element
        self.location[element] = border
        if not self._marked[number]:
            self._touched.append(number)
        self._marked[number] += 1

    def split(self) -> None:
        """Part marked from unmarked elements; the smaller part becomes the new set."""
        while self._touched:
            number = self._touched.pop()
            border = self.first[number] + self._marked[number]
            self._marked[number] = 0
            if border == self.past[number]:
                continue
            new = len(self.first)
            if border - self.first[number] <= self.past[number] - border:
                self.first.append(self.first[number])
                self.past.append(border)
                self.first[number] = border
            else:
                self.first.append(border)
                self.past.append(self.past[number])
                self.past[number] = border
            self._marked.append(0)
            for place in range(self.first[new], self.past[new]):
                self.set_of[self.elements[place]] = new


def _refine(machine: Machine, classes: list[int], representatives: list[int]) -> list[int]:
    """A coarser class for each class: states as in `classes`, merged further where equal."""
    count = len(representatives)
    tails: list[int] = []
    heads: list[int] = []
    by_action: dict[Action, list[int]] = {}
    incoming: list[list[int]] = [[] for _ in range(count)]
    for number, state in enumerate(representatives):
        for action, target in machine.moves[state]:
            by_action.setdefault(action, []).append(len(tails))
            incoming[classes[target]].append(len(tails))
            tails.append(number)
            heads.append(classes[target])
    order: list[int] = []
    starts = [0]
    for moves in by_action.values():
        order += moves
        starts.append(len(order))
    cords = _Partition(order, starts)
    blocks = _Partition(list(range(count)), [0, count])
    for number, state in enumerate(representatives):
        if machine.final[state]:
            blocks.mark(number)
    blocks.split()
    block, cord = 1, 0
    while cord < len(cords.first):
        for place in range(cords.first[cord], cords.past[cord]):
            blocks.mark(tails[cords.elements[place]])
        blocks.split()
        cord += 1
        while block < len(blocks.first):
            for place in range(blocks.first[block], blocks.past[block]):
                for move in incoming[blocks.elements[place]]:
                    cords.mark(move)
            cords.split()
            block += 1
    return blocks.set_of


def _quotient(machine: Machine, classes: list[int]) -> Machine:
    """The machine of classes, from the class of the initial state on."""
    representative: dict[int, int] = {}
    for state, number in enumerate(classes):
        representative.setdefault(number, state)
    number_of = {classes[0]: 0}
    order = [representative[classes[0]]]
    moves: list[tuple[tuple[Action, int], ...]] = []
    for state in order:  # grows
        row: list[tuple[Action, int]] = []
        for action, target in machine.moves[state]:
            number = number_of.setdefault(classes[target], len(order))
            if number == len(order):
                order.append(representative[classes[target]])
            row.append((action, number))
        moves.append(tuple(row))
    return Machine(
        role=machine.role,
        moves=tuple(moves),
        final=tuple(machine.final[state] for state in order),
        sites=tuple(machine.sites[state] for state in order) if machine.sites else (),
    )
