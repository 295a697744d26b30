"""All configurations of a finished search with the moves between them, for questions about ever."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from tellverify.model.components import strongly_connected
from tellverify.search.breadth_first import Layers
from tellverify.search.encoding import CompiledSystem


class Reach:
    """Configurations by number, in the order of layers; 0 is initial.

    `after[n]` are the moves as `(role, number)`, `before[n]` those that lead to n as
    `(role, number)`. `blocked[n]` has a bit for each role that could send there but for the bound.
    """

    def __init__(self, search: Layers) -> None:
        self.search = search
        self.system: CompiledSystem = search.system
        self.configurations = [c for level in search.levels for c in level]
        self.depth = [d for d, level in enumerate(search.levels) for _ in level]
        number = {c: n for n, c in enumerate(self.configurations)}
        self.after: list[list[tuple[int, int]]] = []
        self.before: list[list[tuple[int, int]]] = [[] for _ in self.configurations]
        self.blocked: list[int] = []
        parts = list(zip(self.system.shift, self.system.mask, strict=True))
        known: list[dict[int, tuple[tuple[int, ...], bool]]] = [{} for _ in parts]
        for n, configuration in enumerate(self.configurations):
            after, blocked = [], 0
            for role, (shift, mask) in enumerate(parts):
                segment = (configuration >> shift) & mask
                found = known[role].get(segment)
                if found is None:
                    found = known[role][segment] = self._part(role, segment)
                for delta in found[0]:
                    target = number[configuration + delta]
                    after.append((role, target))
                    self.before[target].append((role, n))
                if found[1]:
                    blocked |= 1 << role
            self.after.append(after)
            self.blocked.append(blocked)

    def _part(self, role: int, segment: int) -> tuple[tuple[int, ...], bool]:
        machine = self.system.machines[role]
        row = machine.moves[segment & self.system.state_mask[role]]
        moves = self.system.moves(role, segment)
        sends = sum(row[move.place][0].send for move in moves)
        return tuple(m.delta for m in moves), sends < sum(action.send for action, _ in row)

    def __len__(self) -> int:
        return len(self.configurations)

    def state(self, role: int, number: int) -> int:
        """The local state of a role."""
        return self.system.state(role, self.configurations[number])

    def that_reach(self, goals: Iterable[int], without: int = -1) -> bytearray:
        """A flag for every configuration from which a run leads to one of `goals`.

        The role `without` must not move on the way.
        """
        flags = bytearray(len(self.configurations))
        stack = []
        for goal in goals:
            if not flags[goal]:
                flags[goal] = 1
                stack.append(goal)
        while stack:
            for role, source in self.before[stack.pop()]:
                if role != without and not flags[source]:
                    flags[source] = 1
                    stack.append(source)
        return flags

    def movers(self, role: int) -> Iterator[int]:
        """Where `role` can move."""
        return (n for n, after in enumerate(self.after) if any(r == role for r, _ in after))

    def waits(self, role: int) -> list[bool]:
        """For each local state of `role` whether it has moves there, or has not finished."""
        machine = self.system.machines[role]
        return [bool(row) or not f for row, f in zip(machine.moves, machine.final, strict=True)]

    def fair_lasso(self, start: int) -> tuple[list[int], int] | None:
        """Configurations from `start` on in which all roles take turns, and where they repeat.

        None when the run comes to an end. A role that can move stays able to, so in a
        round no role that can move is left out. Sends that the bound forbids count as impossible.
        """
        roles = len(self.system.machines)
        here, turn = start, 0
        way = [here]
        met = {(here, turn): 0}
        while self.after[here]:
            following = min(self.after[here], key=lambda move: (move[0] - turn) % roles)
            here, turn = following[1], (following[0] + 1) % roles
            if (here, turn) in met:
                return [*way, here], met[here, turn]
            met[here, turn] = len(way)
            way.append(here)
        return None

    def able(self, number: int) -> set[int]:
        """The roles that can move in a configuration, also those that only the bound hinders."""
        blocked = self.blocked[number]
        roles = range(len(self.system.machines))
        return {r for r, _ in self.after[number]} | {r for r in roles if blocked >> r & 1}

    def components(self, within: Collection[int] | None = None) -> Iterator[list[int]]:
        """Strongly connected components in which a run can stay, each with sorted members.

        None: of all configurations, else of the moves between those `within` alone.
        """
        first: list[int] = [0]
        target: list[int] = []
        for n, after in enumerate(self.after):
            if within is None:
                target.extend(number for _, number in after)
            elif n in within:
                target.extend(number for _, number in after if number in within)
            first.append(len(target))
        roots = (0,) if within is None else sorted(within)
        for component in strongly_connected(first, target, roots):
            if len(component) > 1:
                yield sorted(component)


def fair_component(reach: Reach, within: Collection[int] | None = None) -> list[int] | None:
    """A component in which a weakly fair run can stay forever; the one that is reached first.

    Such a run stays `within` these configurations, unless that is None.

    A role that can move can do so until it moves. So in a component that is left only by moves of
    a role, either this role moves inside too, or it can move everywhere inside and a run that
    stays is not fair to it.
    """
    found: list[int] | None = None
    for component in reach.components(within):
        inside = set(component)
        acting = {r for n in component for r, target in reach.after[n] if target in inside}
        first = component[0]
        if reach.able(first) <= acting and (found is None or first < found[0]):
            found = component
    return found


def fair_round(reach: Reach, component: list[int]) -> list[int]:
    """A closed walk from the first configuration of `component` in which all its roles move."""
    inside = set(component)
    start = component[0]
    left = {r for n in component for r, target in reach.after[n] if target in inside}
    way = [start]
    while left:
        way += _walk(reach, inside, way[-1], left)
    if way[-1] != start or len(way) == 1:
        way += _way_back(reach, inside, way[-1], start)
    return way


def _walk(reach: Reach, inside: set[int], start: int, left: set[int]) -> list[int]:
    """A shortest way to a move of a role in `left`, with that move; the role is then taken off."""
    came: dict[int, int] = {start: start}
    queue = [start]
    for here in queue:
        for role, target in reach.after[here]:
            if target not in inside:
                continue
            if role in left:
                left.discard(role)
                return [*_unwound(came, here), target]
            if target not in came:
                came[target] = here
                queue.append(target)
    return []


def _way_back(reach: Reach, inside: set[int], start: int, goal: int) -> list[int]:
    came: dict[int, int] = {start: start}
    queue = [start]
    for here in queue:
        for _, target in reach.after[here]:
            if target == goal:
                return [*_unwound(came, here), target]
            if target in inside and target not in came:
                came[target] = here
                queue.append(target)
    return []


def _unwound(came: dict[int, int], here: int) -> list[int]:
    way = []
    while came[here] != here:
        way.append(here)
        here = came[here]
    way.reverse()
    return way
