"""The configurations of a search of a protocol with timeouts, and the events between them."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence

from tellverify.search.timed_events import TimedEvent
from tellverify.search.timed_rows import Interned
from tellverify.search.timed_system import TimedSystem


class TimedGraph:
    """Configurations in the order in which they were met, in layers.

    The events of the first ones, which are *expanded*, are edges one behind another: those of
    configuration c have the numbers from `_first[c]` to `_first[c + 1]`. `_events` and `_targets`
    have the event of each edge, and the configuration behind it, -1 where only a full queue forbids
    it. `_arrivals` has the edge that led to each configuration first, `_movers` the number of the
    set of the roles with an event, in `_mover_sets`.
    """

    def __init__(self, system: TimedSystem) -> None:
        self.system = system
        self.configurations: list[int] = [system.first()]
        self.depths = array("i", [0])
        self._arrivals = array("i", [-1])
        self._first = array("I", [0])
        self._events = array("i")
        self._targets = array("i")
        self._movers = array("i")
        self._mover_sets: Interned[int] = Interned()
        self._blocked_at: list[int] = []
        self._back: list[int] | None = None

    @property
    def expanded(self) -> int:
        """The number of configurations whose events were searched."""
        return len(self._first) - 1

    @property
    def blocked(self) -> bool:
        """Whether a full queue forbids some send."""
        return bool(self._blocked_at)

    @property
    def depth(self) -> int:
        """The events of all runs that were searched, -1 when there are none."""
        expanded = self.expanded
        if expanded == len(self.configurations):
            return self.depths[-1]
        return self.depths[expanded] - 1

    def run_to(self, at: int) -> tuple[TimedEvent, ...]:
        """The events of a shortest run to configuration `at`."""
        found = []
        events = self.system.events
        while at:
            edge = self._arrivals[at]
            found.append(events[self._events[edge]])
            at = bisect_right(self._first, edge) - 1
        return tuple(reversed(found))

    def moves(self, at: int) -> Iterator[tuple[int, TimedEvent, int]]:
        """The events of a configuration: who acts, what, and the configuration behind it."""
        actors, events = self.system.actors, self.system.events
        for event, target in self.numbered(at):
            yield actors[event], events[event], target

    def numbered(self, at: int) -> Iterator[tuple[int, int]]:
        """The events of a configuration by number, and the configurations behind them."""
        low, high = self._first[at], self._first[at + 1]
        return zip(self._events[low:high], self._targets[low:high], strict=True)

    def movers(self, out: Callable[[int], bool] | None = None, gone: int = 0) -> list[int]:
        """For every expanded configuration the roles with an event, as bits, but not those `gone`.

        Events whose number `out` is true of are left out; those that a full queue forbids count.
        """
        if out is None:
            sets = [movers & ~gone for movers in self._mover_sets.rows]
            return [sets[number] for number in self._movers]
        bit = [
            0 if out(event) else (1 << actor) & ~gone
            for event, actor in enumerate(self.system.actors)
        ]
        events, first = self._events, self._first
        found = []
        low = 0
        for at in range(1, len(first)):
            high = first[at]
            moving = 0
            for event in events[low:high]:
                moving |= bit[event]
            found.append(moving)
            low = high
        return found

    def blocked_movers(self) -> dict[int, int]:
        """The roles, as bits, whose send a full queue forbids, by configuration."""
        found: dict[int, int] = {}
        for at in self._blocked_at:
            for role, _, target in self.moves(at):
                if target < 0:
                    found[at] = found.get(at, 0) | 1 << role
        return found

    def unknown(self) -> list[int]:
        """Configurations of which not all continuations were searched."""
        return [*self._blocked_at, *range(self.expanded, len(self.configurations))]

    def blocked_after(self) -> int | None:
        """The fewest events after which a full queue forbids a send."""
        return min((self.depths[at] for at in self._blocked_at), default=None)

    def that_lead_to(
        self, marks: list[int], enough: int, out: Callable[[int], bool] | None = None
    ) -> list[int]:
        """For every configuration the marks, as bits, of all that its runs come to.

        With all marks of `enough` no more are looked for. Events whose number `out` is true of are
        left out.
        """
        marks.append(0)  # what a target of -1 has
        is_out = None if out is None else [out(event) for event in range(len(self.system.events))]
        high = self.expanded
        while high:
            self._pass_back(marks, enough, is_out, high)
            # Targets behind an edge have their marks by now, except where edges go back.
            left = [at for at in self._going_back() if self._gains(at, marks, enough, is_out)]
            high = left[-1] + 1 if left else 0
        marks.pop()
        return marks

    def _pass_back(
        self, marks: list[int], enough: int, is_out: Sequence[bool] | None, end: int
    ) -> None:
        """Add marks to the first configurations, last ones first, from those behind their edges."""
        first, events, targets = self._first, self._events, self._targets
        high = first[end]
        for at in range(end - 1, -1, -1):
            low = first[at]
            found = marks[at]
            if found & enough != enough and low < high:
                if is_out is None:
                    for target in targets[low:high]:
                        found |= marks[target]
                else:
                    for edge in range(low, high):
                        if not is_out[events[edge]]:
                            found |= marks[targets[edge]]
                marks[at] = found
            high = low

    def _going_back(self) -> list[int]:
        """Configurations with an edge that leads back to themselves or an earlier one."""
        if self._back is None:
            first, targets = self._first, self._targets
            self._back = []
            low = 0
            for at in range(self.expanded):
                high = first[at + 1]
                if low < high and min(targets[low:high]) <= at:
                    self._back.append(at)
                low = high
        return self._back

    def _gains(
        self, at: int, marks: Sequence[int], enough: int, is_out: Sequence[bool] | None
    ) -> bool:
        """Whether something behind the edges of a configuration has a mark that it lacks."""
        missing = ~marks[at]
        return marks[at] & enough != enough and any(
            marks[target] & missing
            for event, target in self.numbered(at)
            if is_out is None or not is_out[event]
        )
