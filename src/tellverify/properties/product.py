"""Whether all runs have a property: configurations and the automaton of its negation together.

Layers of pairs give a shortest finite run that breaks the property: one after which it is broken
whatever follows (a bad prefix), or one at whose end no role must continue. Otherwise a strongly
connected component (Tarjan, 1972) in which no until is postponed forever and no role is treated
unfairly is an infinite run that breaks it: all these conditions require that something happens
infinitely often (generalised Büchi acceptance), so the whole component meets them if any cycle in
it does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from tellverify.model.components import strongly_connected
from tellverify.model.formula import Formula, evaluate
from tellverify.model.step import Step
from tellverify.properties.accepting_cycles import shortest_cycle
from tellverify.properties.automaton import AutomatonTooLarge, BuchiAutomaton
from tellverify.properties.configurations import SearchedRuns
from tellverify.properties.observations import Letters

_ENTRIES: Final = 16
_MOST_LETTERS: Final = 5_000_000

Edge = tuple[int, int, int]  # successor, event, postponed untils


class BrokenProperty(NamedTuple):
    """A run that breaks the property, as events; `loop` is where it begins to repeat, or -1."""

    events: list[int]
    loop: int


class ProductDecision(msgspec.Struct, frozen=True):
    """What the search found.

    Without `broken`, all runs have the property if the search `finished` and nothing was `cut`.
    `pairs` counts what was visited. `limit` says in words what ended the search, or is empty.
    """

    broken: BrokenProperty | None
    finished: bool
    cut: bool
    pairs: int
    limit: str = ""


def decide(
    formula: Formula,
    configurations: SearchedRuns,
    steps: Sequence[Step],
    budget: int,
    *,
    ends: bool = True,
) -> ProductDecision:
    """Search for a run that breaks `formula`; `steps` are the events of `configurations`.

    Without `ends` only events break it, and not that nothing follows them.
    """
    if len(formula.atoms) * len(steps) > _MOST_LETTERS:
        return ProductDecision(None, False, False, 0, "the formula is too large to be decided")
    try:
        return _Product(formula, configurations, steps, budget, ends=ends).decide()
    except AutomatonTooLarge:
        return ProductDecision(None, False, False, 0, "the formula is too large to be decided")


class _Product:
    def __init__(
        self,
        formula: Formula,
        configurations: SearchedRuns,
        steps: Sequence[Step],
        budget: int,
        *,
        ends: bool,
    ) -> None:
        self.formula = formula
        self.ends = ends
        self.configurations = configurations
        self.automaton = BuchiAutomaton(formula)
        self.letters = Letters(formula, configurations, steps.__getitem__)
        self.budget = budget
        self.pairs: list[tuple[int, int]] = []  # configuration, state of the automaton
        self.parents: list[tuple[int, int]] = []  # pair before, event
        self.edges: list[list[Edge]] = []

    def decide(self) -> ProductDecision:
        """Finite runs first, in order of length; then infinite ones."""
        configurations = self.configurations
        rows: list[list[bool]] = [[] for _ in self.formula.atoms]
        for ended in (False, True):
            may_end = self.ends and bool(configurations.obliged) and not configurations.obliged[0]
            if (may_end or not ended) and not evaluate(self.formula, rows, 0, ended=ended).weak:
                return ProductDecision(BrokenProperty([], -1), True, False, 1)
        end = self._search()
        pairs, cut = len(self.pairs), self.letters.cut
        if end >= 0:
            return ProductDecision(BrokenProperty(self._events_to(end), -1), True, cut, pairs)
        broken = self._lasso() if self.automaton.has_release else None
        if broken is not None:
            return ProductDecision(broken, True, cut, pairs)
        limit = ""
        if configurations.overflow or len(self.edges) < pairs:
            limit = f"the search was given up after {pairs} configurations and formulas"
        return ProductDecision(None, not limit, cut, pairs, limit)

    def _search(self) -> int:
        """Visit all pairs; the number of a first one that ends a run that breaks it, or -1."""
        automaton, letters = self.automaton, self.letters
        edges, obliged = self.configurations.edges, self.configurations.obliged
        expanded, demands = len(edges), automaton.demands
        keeps = automaton.has_release
        start = letters.start
        known: dict[tuple[int, int, tuple[int, ...]], int] = {(0, 0, start): 0}
        counts = [start]
        self.pairs.append((0, 0))
        self.parents.append((-1, -1))
        at = 0
        while at < len(self.pairs) <= self.budget:
            configuration, state = self.pairs[at]
            before = counts[at]
            row: list[Edge] = []
            for event, target in edges[configuration] if configuration < expanded else ():
                if letters.is_plain:
                    letter, after = letters.plain(event), before
                else:
                    letter, after = letters.letter(event, target, before)
                for following, postponed in automaton.moves(state, letter):
                    key = (target, following, after)
                    number = known.get(key)
                    if number is None:
                        number = known[key] = len(self.pairs)
                        self.pairs.append((target, following))
                        self.parents.append((at, event))
                        counts.append(after)
                        ended = self.ends and target < expanded and not obliged[target]
                        if following == automaton.done or (ended and not demands[following]):
                            return number
                    if keeps:
                        row.append((number, event, postponed))
            self.edges.append(row)
            at += 1
        return -1

    def _events_to(self, number: int) -> list[int]:
        events = []
        while number > 0:
            number, event = self.parents[number]
            events.append(event)
        events.reverse()
        return events

    def _lasso(self) -> BrokenProperty | None:
        """A run with a cycle that breaks it, the shortest of those that are tried."""
        best: BrokenProperty | None = None
        everything = (1 << self.automaton.until_count) - 1
        for part in self._components():
            inside = set(part)
            put_off, moved, obliged = everything, 0, -1
            for number in part:
                configuration = self.pairs[number][0]
                obliged &= self.configurations.obliged[configuration]
                for target, event, postponed in self.edges[number]:
                    if target in inside:
                        put_off &= postponed
                        moved |= 1 << self.configurations.events[event][0]
            if put_off or obliged & ~moved:
                continue
            for entry in sorted(part)[:_ENTRIES]:
                stem = self._events_to(entry)
                if best is not None and len(stem) >= len(best.events) - 1:
                    break
                cycle = self._cycle(entry, inside)
                if best is None or len(stem) + len(cycle) < len(best.events):
                    best = BrokenProperty([*stem, *cycle], len(stem))
        return best

    def _cycle(self, entry: int, inside: set[int]) -> list[int]:
        """The events of a cycle that fulfils all conditions."""
        everything = (1 << self.automaton.until_count) - 1
        roles = (1 << len(self.configurations.machines)) - 1
        shift = self.automaton.until_count
        events = self.configurations.events

        def marks(number: int) -> int:
            """The roles that need not act here."""
            return (roles & ~self.configurations.obliged[self.pairs[number][0]]) << shift

        def onward(number: int) -> list[tuple[int, int, int]]:
            return [
                (
                    target,
                    event,
                    (everything & ~postponed) | 1 << (shift + events[event][0]) | marks(target),
                )
                for target, event, postponed in self.edges[number]
                if target in inside
            ]

        return shortest_cycle(entry, onward, everything | roles << shift)

    def _components(self) -> list[list[int]]:
        """The strongly connected parts with at least one edge, in the order of their first pair."""
        first, target = [0], []
        for row in self.edges:
            target += [edge[0] for edge in row]
            first.append(len(target))
        first += [len(target)] * (len(self.pairs) - len(self.edges))
        parts = [
            part
            for part in strongly_connected(first, target, (0,))
            if len(part) > 1 or part[0] in target[first[part[0]] : first[part[0] + 1]]
        ]
        parts.sort(key=min)
        return parts
