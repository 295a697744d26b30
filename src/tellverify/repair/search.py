"""Fewer and cheaper edits: taking away, one best edit at a time, and all edits by cost."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Sequence

import msgspec

from tellverify.language.syntax import ast
from tellverify.repair.candidates import Candidates
from tellverify.repair.edits import Edits, channel_labels, cost, edited, in_order, is_compatible
from tellverify.repair.judgement import Judge, RepairJudgement


class OutOfLimit(Exception):
    """The seconds or the tries of a search are used up."""


class RepairLimit:
    """What a repair may cost: tries, and seconds by a clock where they are limited."""

    def __init__(
        self, tries: int, seconds: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.tries = tries
        self.clock = clock
        self.end = None if seconds is None else clock() + seconds

    def spend(self) -> None:
        """Use up a try. Raises OutOfLimit."""
        self.tries -= 1
        if self.tries < 0 or (self.end is not None and self.clock() > self.end):
            raise OutOfLimit


class Search:
    """Judgements of edits of one protocol, each made once."""

    def __init__(
        self, protocol: ast.Protocol, judge: Judge, candidates: Candidates, limit: RepairLimit
    ) -> None:
        self.protocol = protocol
        self.judge = judge
        self.candidates = candidates
        self.limit = limit
        self.first_place = len(judge.source.text) + 1
        self.taken = channel_labels(protocol)
        self._known: dict[Edits, RepairJudgement] = {}

    @property
    def tried(self) -> int:
        """How many sets of edits were judged."""
        return len(self._known)

    def tree(self, edits: Edits) -> ast.Protocol:
        """The protocol after `edits`."""
        return edited(self.protocol, edits, self.first_place, self.taken).protocol

    def judged(self, edits: Edits) -> RepairJudgement:
        """The judgement after `edits`. Raises OutOfLimit."""
        found = self._known.get(edits)
        if found is None:
            self.limit.spend()
            found = self._known[edits] = self.judge.judge(self.tree(edits))
        return found

    def taken_away(self, edits: Edits) -> Edits:
        """A subset of `edits`, which reach the goal, of which none can be left out.

        Halves are tried first, then single edits (delta debugging: Zeller and Hildebrandt, IEEE
        TSE 2002). At the limit the rest is kept.
        """
        kept = in_order(edits)
        size = max(1, len(kept) // 2)
        try:
            while kept:
                start = 0
                while start < len(kept):
                    rest = kept[:start] + kept[start + size :]
                    if self.judged(frozenset(rest)).holds:
                        kept = rest
                    else:
                        start += size
                if size == 1:
                    break
                size = max(1, size // 2)
        except OutOfLimit:
            return frozenset(kept)
        return frozenset(kept)

    def greedy(self) -> Edits | None:
        """One best set of candidates at a time, or None when none makes it better."""
        edits: Edits = frozenset()
        found = self.judged(edits)
        while not found.holds:
            options = []
            for number, more in enumerate(self.candidates.of(found, first_only=False)):
                after = edits | more
                if after != edits and is_compatible(after):
                    weight = self.judged(after).weight
                    options.append((weight + cost(more) / 2, weight, number, after))
            if not options:
                return None
            _, weight, _, edits = min(options)
            if weight >= found.weight:
                return None
            found = self.judged(edits)
        return self.taken_away(edits)

    def by_cost(self, most: int, known: Sequence[Edits]) -> Enumerated:
        """All sets of edits of the least cost that reach the goal, which is at most `most`.

        Where strict merge accepts none of them, nor of `known`, those of one more are found too.
        Candidates are those for the first fault. What was found within the limit is returned.
        """
        heap: list[tuple[int, int, Edits]] = [(0, 0, frozenset())]
        seen: set[Edits] = {frozenset()}
        found = [edits for edits in known if cost(edits) <= most]
        below = 0
        bound = most
        extended = False
        try:
            while True:
                below = heap[0][0] if heap else bound + 1
                if below > bound:
                    if extended or not found or self._has_merged(found):
                        return Enumerated(tuple(found), bound + 1, True)
                    extended, bound = True, bound + 1
                    continue
                edits = heapq.heappop(heap)[2]
                judgement = self.judged(edits)
                if judgement.holds:
                    found += [] if edits in found else [edits]
                    bound = bound if extended else below
                    continue
                for more in self.candidates.of(judgement, first_only=True):
                    after = edits | more
                    if after not in seen and cost(after) <= bound + 1 and is_compatible(after):
                        seen.add(after)
                        heapq.heappush(heap, (cost(after), len(seen), after))
        except OutOfLimit:
            return Enumerated(tuple(found), below, False)

    def _has_merged(self, found: Sequence[Edits]) -> bool:
        """True when strict merge accepts one of the cheapest."""
        least = min(cost(edits) for edits in found)
        cheapest = [edits for edits in found if cost(edits) == least]
        return any(self.judge.is_projectable(self.tree(edits)) for edits in cheapest)


class Enumerated(msgspec.Struct, frozen=True):
    """Repairs by rising cost; all that cost less than `below` are among them.

    `exhausted` tells that the search ended by itself.
    """

    repairs: tuple[Edits, ...]
    below: int
    exhausted: bool
