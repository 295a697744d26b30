"""Fewer and cheaper edits: taking away, one best edit at a time, and all edits by cost."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec

from tellverify.language.syntax import ast
from tellverify.model.graph import ProtocolGraph
from tellverify.repair.candidates import Candidates
from tellverify.repair.edits import Edits, channel_labels, cost, edited, in_order, is_compatible
from tellverify.repair.judgement import MOST_EVENTS, Judge, RepairJudgement, are_projectable
from tellverify.repair.marked_lowering import MarkedLowering

_MOST_OTHERS: Final = 24  # tries for repairs that cost as much as the best one


class OutOfLimit(Exception):
    """The seconds or the tries of a search are used up."""


class RepairLimit:
    """What a repair may cost: tries, events of graphs as `work`, and seconds by a clock."""

    def __init__(
        self,
        tries: int,
        seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        *,
        work: int | None = None,
    ) -> None:
        self.tries = tries
        self.work = work
        self.clock = clock
        self.end = None if seconds is None else clock() + seconds

    @contextmanager
    def share(self, tries: int) -> Iterator[None]:
        """Inside, at most this number of the tries that are left can be used up."""
        kept = max(self.tries - tries, 0)
        self.tries -= kept
        try:
            yield
        finally:
            self.tries = max(self.tries, 0) + kept

    def spend(self) -> None:
        """Use up a try. Raises OutOfLimit."""
        self.tries -= 1
        is_late = self.end is not None and self.clock() > self.end
        if self.tries < 0 or is_late or (self.work is not None and self.work < 0):
            raise OutOfLimit

    def note(self, events: int) -> None:
        """Use up some of the work."""
        if self.work is not None:
            self.work -= events


class Search:
    """Judgements of edits of one protocol, each made once."""

    def __init__(
        self, protocol: ast.Protocol, judge: Judge, candidates: Candidates, limit: RepairLimit
    ) -> None:
        self.protocol = protocol
        self.judge = judge
        self.candidates = candidates
        self.limit = limit
        texts = [judge.source.text, *(one.text for one in judge.linked.sources.values())]
        self.first_place = max(map(len, texts)) + 1  # behind the end of every text
        self.taken = channel_labels(protocol)
        self.lowerings = [
            MarkedLowering(
                judge.source,
                protocol,
                candidates.outline,
                sizes,
                MOST_EVENTS,
                self.first_place,
                self.taken,
                judge.linked,
            )
            for sizes in judge.sizes
        ]
        self._known: dict[Edits, RepairJudgement] = {}
        self._weighed: set[Edits] = set()
        self._merges: dict[Edits, bool] = {}

    @property
    def tried(self) -> int:
        """How many sets of edits were judged."""
        return len(self._known)

    def tree(self, edits: Edits) -> ast.Protocol:
        """The protocol after `edits`."""
        return edited(self.protocol, edits, self.first_place, self.taken).protocol

    def _graphs(self, edits: Edits) -> Iterator[ProtocolGraph | None]:
        """The graphs after `edits` at all sizes, one after the other."""
        tree: ast.Protocol | None = None
        for lowering, sizes in zip(self.lowerings, self.judge.sizes, strict=True):
            graph = lowering.graph(edits) if edits else None
            if graph is None:
                tree = self.tree(edits) if tree is None else tree
                graph = self.judge.graph(tree, sizes)
            yield graph

    def judgement_after(self, edits: Edits) -> RepairJudgement:
        """The judgement after `edits`, of the first role at fault. Raises OutOfLimit."""
        found = self._known.get(edits)
        if found is None:
            self.limit.spend()
            found = self.judge.judge_graphs(self._graphs(edits), first_only=True)
            self.limit.note(self.judge.events)
            self._known[edits] = found
        return found

    def weighed(self, edits: Edits) -> RepairJudgement:
        """The judgement after `edits`, of all roles at fault. Raises OutOfLimit."""
        found = self._known.get(edits)
        if found is None or not (found.holds or edits in self._weighed):
            self.limit.spend()
            found = self._known[edits] = self.judge.judge_graphs(self._graphs(edits))
            self.limit.note(self.judge.events)
            self._weighed.add(edits)
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
                    if self.judgement_after(frozenset(rest)).holds:
                        kept = rest
                    else:
                        start += size
                if size == 1:
                    break
                size = max(1, size // 2)
        except OutOfLimit:
            return frozenset(kept)
        return frozenset(kept)

    def greedy(self, below: int) -> Edits | None:
        """One best set of candidates at a time, while they cost less than `below` together.

        None when none makes it better.
        """
        edits: Edits = frozenset()
        found = self.weighed(edits)
        while not found.holds:
            options = []
            more_of_it = self.candidates.for_faults(found, edits, first_only=True, renames=False)
            for number, more in enumerate(more_of_it):
                after = edits | more
                if after != edits and cost(after) < below and is_compatible(after):
                    weight = self.weighed(after).weight
                    options.append((weight + cost(more) / 2, weight, number, after))
            if not options:
                return None
            _, weight, _, edits = min(options)
            if weight >= found.weight:
                return None
            found = self.weighed(edits)
        return self.taken_away(edits)

    def by_cost(self, most: int, known: Sequence[Edits]) -> Enumerated:
        """All sets of edits of the least cost that reach the goal, which is at most `most`.

        Where strict merge accepts none of them, nor of `known`, those of one more are found too.
        Candidates are those for the first fault. What was found within the limit is returned. Once
        strict merge accepts one of the least cost, only a few more of that cost are tried.
        """
        heap: list[tuple[int, int, Edits]] = [(0, 0, frozenset())]
        seen: set[Edits] = {frozenset()}
        found = [edits for edits in known if cost(edits) <= most]
        below = 0
        bound = most
        extended = False
        others = _MOST_OTHERS
        try:
            while True:
                below = heap[0][0] if heap else bound + 1
                if below > bound:
                    if extended or not found or self._has_merged(found):
                        return Enumerated(tuple(found), bound + 1, True)
                    extended, bound = True, bound + 1
                    continue
                if below == bound and found and not extended and self._has_merged(found):
                    others -= 1
                    if others < 0:
                        return Enumerated(tuple(found), below, True)
                edits = heapq.heappop(heap)[2]
                if any(one < edits for one in found):
                    continue
                judgement = self.judgement_after(edits)
                if judgement.holds:
                    found += [] if edits in found else [edits]
                    bound = bound if extended else below
                    continue
                for more in self.candidates.for_faults(judgement, edits, first_only=True):
                    after = edits | more
                    if after not in seen and cost(after) <= bound + 1 and is_compatible(after):
                        seen.add(after)
                        heapq.heappush(heap, (cost(after), len(seen), after))
        except OutOfLimit:
            return Enumerated(tuple(found), below, False)

    def is_projectable(self, edits: Edits) -> bool:
        """True when strict merge accepts the protocol after `edits` at all sizes."""
        found = self._merges.get(edits)
        if found is None:
            found = self._merges[edits] = are_projectable(self._graphs(edits))
        return found

    def _has_merged(self, found: Sequence[Edits]) -> bool:
        """True when strict merge accepts one of the cheapest."""
        least = min(cost(edits) for edits in found)
        return any(self.is_projectable(edits) for edits in found if cost(edits) == least)


class Enumerated(msgspec.Struct, frozen=True):
    """Repairs by rising cost; all that cost less than `below` are among them.

    `exhausted` tells that the search ended by itself.
    """

    repairs: tuple[Edits, ...]
    below: int
    exhausted: bool
