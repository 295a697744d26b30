"""From instructions to a deterministic graph: subset construction where it is needed only.

A state of the graph is a set of instructions, events and exits, of which one may be next. Nearly
all of these sets have one element and are represented by it, so that straight text is copied
and not searched. Sets are closed under forks (Rabin and Scott, IBM Journal 1959, Definition 11,
with Thompson's empty moves).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from tellverify.language.lowering.program import EXIT, FORK, OverBudget, Program
from tellverify.model.graph import ProtocolGraph
from tellverify.model.site import Site
from tellverify.source.span import NOWHERE, Span

Clash: TypeAlias = tuple[int, int, int, int, int]


class Rows(msgspec.Struct, frozen=True):
    """The arrays of a protocol graph, and what was seen on the way.

    `clashes` are events that left one place of the source twice and were merged, as sender,
    receiver, label and the two sites;
    `silent` has the heads of cycles that are entered and never communicate.
    """

    first: list[int]
    sender: list[int]
    receiver: list[int]
    label: list[int]
    target: list[int]
    site: list[int]
    final: bytearray
    clashes: tuple[Clash, ...]
    silent: tuple[tuple[str, Span], ...]

    def graph(
        self, name: str, roles: Iterable[str], labels: Iterable[str], sites: Iterable[Site]
    ) -> ProtocolGraph:
        """The protocol graph with these names for the numbers of the arrays."""
        return ProtocolGraph(
            name=name,
            roles=tuple(roles),
            labels=tuple(labels),
            first=self.first,
            sender=self.sender,
            receiver=self.receiver,
            label=self.label,
            target=self.target,
            site=self.site,
            final=self.final,
            sites=tuple(sites),
        )


def determinize(program: Program, budget: int, start: int = 0) -> Rows:
    """The deterministic graph of `program` from an instruction, the first without `start`.

    States are numbered depth first in source order; the unreachable ones are left out. Raises
    OverBudget when there are more than `budget` transitions, or when sets grow beyond reason.
    """
    return _Subsets(program, budget).run(start)


class _Subsets:
    """One subset construction. A key is a place of the program, or its length plus a set index."""

    def __init__(self, program: Program, budget: int) -> None:
        self.program = program
        self.budget = budget
        self.size = program.here
        self.work = 0
        self.settled: dict[int, int] = {}
        self.sets: list[tuple[int, ...]] = []
        self.set_key: dict[tuple[int, ...], int] = {}
        self.written: set[int] = set()  # sets that stand for one place of the source
        self.number = [-1] * self.size
        self.first = [0]
        self.sender: list[int] = []
        self.receiver: list[int] = []
        self.label: list[int] = []
        self.target: list[int] = []
        self.site: list[int] = []
        self.final = bytearray()
        self.clashes: dict[int, Clash] = {}
        self.silent: dict[tuple[str, Span], None] = {}

    def run(self, start: int) -> Rows:
        sender, target = self.program.sender, self.program.target
        receiver, label, site = self.program.receiver, self.program.label, self.program.site
        size, number, first, final = self.size, self.number, self.first, self.final
        out_sender, out_receiver, out_label = self.sender, self.receiver, self.label
        out_target, out_site = self.target, self.site
        stack = [self._settle(start)]
        while stack:
            key = stack.pop()
            if number[key] >= 0:
                continue
            number[key] = len(final)
            if key >= size:
                stack.extend(reversed(self._expand(key)))
            elif sender[key] == EXIT:
                final.append(1)
            else:
                after = target[key]
                if sender[after] == FORK:
                    after = self._settle(after)
                out_sender.append(sender[key])
                out_receiver.append(receiver[key])
                out_label.append(label[key])
                out_target.append(after)
                out_site.append(site[key])
                final.append(0)
                stack.append(after)
            first.append(len(out_target))
        if len(out_target) > self.budget:
            raise OverBudget
        return Rows(
            first,
            out_sender,
            out_receiver,
            out_label,
            [number[key] for key in out_target],
            out_site,
            final,
            tuple(self.clashes.values()),
            tuple(self.silent),
        )

    def _expand(self, key: int) -> list[int]:
        """Write the transitions of a set; the keys they lead to."""
        program, members = self.program, self.sets[key - self.size]
        self.work += len(members)
        if self.work > 4 * self.budget or len(self.target) > self.budget:
            raise OverBudget
        final = 0
        groups: dict[tuple[int, int, int], list[int]] = {}
        for place in members:
            sender = program.sender[place]
            if sender == EXIT:
                final = 1
            else:
                event = (sender, program.receiver[place], program.label[place])
                groups.setdefault(event, []).append(place)
        self.final.append(final)
        successors: list[int] = []
        for (sender, receiver, label), places in groups.items():
            after = self._after(places, key in self.written)
            self.sender.append(sender)
            self.receiver.append(receiver)
            self.label.append(label)
            self.target.append(after)
            self.site.append(program.site[places[0]])
            successors.append(after)
        return successors

    def _after(self, places: list[int], written: bool) -> int:
        """The key that equal events lead to."""
        target = self.program.target
        keys = list(dict.fromkeys(self._settle(target[place]) for place in places))
        if len(keys) == 1:
            return keys[0]
        if written:
            site, place = self.program.site, places[0]
            event = (self.program.sender[place], self.program.receiver[place])
            for other in places[1:]:
                if site[other] != site[place]:
                    clash = (*event, self.program.label[place], site[place], site[other])
                    self.clashes.setdefault(site[other], clash)
        union: set[int] = set()
        for key in keys:
            union.update((key,) if key < self.size else self.sets[key - self.size])
        return self._intern(union)

    def _intern(self, members: set[int]) -> int:
        if len(members) == 1:
            return next(iter(members))
        ordered = tuple(sorted(members))
        key = self.set_key.get(ordered)
        if key is None:
            key = self.set_key[ordered] = self.size + len(self.sets)
            self.sets.append(ordered)
            self.number.append(-1)
        return key

    def _settle(self, place: int) -> int:
        """The key of `place`, with forks followed."""
        if self.program.sender[place] != FORK:
            return place
        key = self.settled.get(place)
        if key is not None:
            return key
        forks, settled = self.program.forks, self.settled
        targets = forks[place]
        if len(targets) == 1 and self.program.sender[targets[0]] != FORK:
            return targets[0]
        path: list[int] = []  # forks with one target: all of them stand for what they lead to
        while place in forks and len(forks[place]) == 1 and place not in settled:
            path.append(place)
            settled[place] = -1
            place = forks[place][0]
        key = settled.get(place)
        if key is None or key < 0:
            key = self._close(place) if place in forks else place
            settled[place] = key
        for step in path:
            settled[step] = key
        return key

    def _close(self, start: int) -> int:
        forks, settled, size = self.program.forks, self.settled, self.size
        seen = {start}
        stack = [start]
        members: set[int] = set()
        while stack:
            for place in forks[stack.pop()]:
                known = settled.get(place, -1)
                if place not in forks:
                    members.add(place)
                elif known >= 0:
                    members.update((known,) if known < size else self.sets[known - size])
                elif place not in seen:
                    seen.add(place)
                    stack.append(place)
        self.work += len(seen) + len(members)
        if self.work > 8 * self.budget + size:
            raise OverBudget
        if not members:
            marks = self.program.marks
            heads = [marks[place] for place in sorted(seen) if place in marks]
            self.silent.update(dict.fromkeys(heads or [("", NOWHERE)]))
        key = self._intern(members)
        self.written.add(key)
        return key
