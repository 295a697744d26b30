"""The least changes of a protocol that make it reach its goal, each checked again as a text.

Four steps: saturate with messages, take away those that are not needed, try one best edit at a
time, and then all edits by their cost below the best so far. A repair is called smallest only when
that search was exhausted. New messages and new names keep the runs of the protocol: hiding the
messages gives back the old graph, which is checked as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final, TypeAlias

import msgspec

from tellverify.diagnostics.model import Severity
from tellverify.language.checks.walk import child_blocks, preorder
from tellverify.language.linking.imports import NOT_LINKED, Linked
from tellverify.language.lowering.cutoffs import NO_SIZES
from tellverify.language.syntax import ast
from tellverify.language.syntax.parser import parse
from tellverify.model.graph import ClassFault
from tellverify.repair.candidates import Candidates, words
from tellverify.repair.edits import (
    TURN,
    Edited,
    Edits,
    Insert,
    Relabel,
    bodies,
    cost,
    edited,
    is_conservative,
    with_whole_families,
)
from tellverify.repair.judged_sizes import MALFORMED, PARALLEL, judged_sizes
from tellverify.repair.judgement import Goal, Judge
from tellverify.repair.outline import outline
from tellverify.repair.rendering import TextEdit, applied, text_edits
from tellverify.repair.runs_kept import keeps_runs
from tellverify.repair.saturation import CannotSaturate, saturate
from tellverify.repair.search import Enumerated, OutOfLimit, RepairLimit, Search
from tellverify.repair.sentences import fault_text, size_of_change
from tellverify.source.text import SourceFile

_MOST_DEPTH: Final = 100  # of nesting and of calls together
_MOST_OFFERS: Final = 3
_MOST_COST: Final = 24
_TRIES: Final = 450
_WORK: Final = 2_000_000  # events
_MOST_CHECKED: Final = 12  # texts, which may all fail the whole check
_GREEDY_SHARE: Final = 3  # of the tries
_MOST_CERTIFIED: Final = 8  # cheaper repairs than one of a higher cost are hardly ever all tried
_DEEP_SHARE: Final = 32  # of the tries that are left, for one of a higher cost
_CHEAP: Final = 4  # the search by cost is as quick as a better start
REACHED: Final = "the goal already holds"
OUT_OF_LIMIT: Final = "the limit was reached before the first repair"
_NO_MESSAGE_DECIDES: Final = "no new message lets one role decide there"
Holds: TypeAlias = Callable[[str], bool]


class Rank(StrEnum):
    """How a repair stands among all others."""

    SMALLEST = "smallest"
    SMALLEST_MERGED = "smallest that strict merge accepts"
    SOME = "best found"


class Repair(msgspec.Struct, frozen=True):
    """One repair: the new text, the edits that lead to it, and what they are in words.

    `rank` is claimed only where all sets of edits that cost less were tried: they do not reach the
    goal, or strict merge does not accept them. `conservative` tells that every run of the protocol
    is kept, `projectable` that strict merge accepts the new protocol. `size` counts the changes in
    words.
    """

    text: str
    edits: tuple[TextEdit, ...]
    changes: tuple[str, ...]
    cost: int
    rank: Rank
    conservative: bool
    projectable: bool
    size: str = ""


class Repairs(msgspec.Struct, frozen=True):
    """The repairs of a protocol, best first; `reason` says why there is none.

    `tried` counts the sets of edits that were judged. `fault` is the first fault as a sentence.
    `limited` tells that the limit ended the search, so that there may be better ones.
    """

    offers: tuple[Repair, ...] = ()
    tried: int = 0
    reason: str = ""
    fault: str = ""
    limited: bool = False


class RepairOptions(msgspec.Struct, frozen=True):
    """The request: the goal, edits that change runs or not, and how much work at most.

    That is `tries` and `work`, the events of all graphs that are judged; and `seconds`, which make
    the answer depend on the machine.
    """

    goal: Goal = Goal.REQUIRED
    every_kind: bool = False
    seconds: float | None = None
    tries: int = _TRIES
    work: int = _WORK


def repair(
    file: ast.File,
    source: SourceFile,
    protocol: ast.Protocol,
    options: RepairOptions = RepairOptions(),  # noqa: B008 - frozen
    linked: Linked = NOT_LINKED,
    holds: Holds | None = None,
    refuted_at: Mapping[str, int] = NO_SIZES,
) -> Repairs:
    """The repairs of `protocol`, at most three.

    `holds` is the whole check of a new text; without one the text is read again and its graphs are
    judged at some sizes. No offer has failed it. `refuted_at` are sizes at which a check refuted
    the protocol.
    """
    if not (file.complete and protocol.complete):
        return Repairs(reason="a part of the text could not be read")
    if _depth(protocol) + len(protocol.locals) > _MOST_DEPTH:
        return Repairs(reason="the protocol is nested too deep")
    protocol = with_whole_families(protocol)
    sizes, why = judged_sizes(file, source, protocol, linked, refuted_at)
    if why:
        return Repairs(reason=why)
    judge = Judge(file, source, sizes, options.goal, linked)
    candidates = Candidates(protocol, source.path, every_kind=options.every_kind)
    limit = RepairLimit(options.tries, options.seconds, work=options.work)
    search = Search(protocol, judge, candidates, limit)
    try:
        first = search.judgement_after(frozenset())
    except OutOfLimit:
        return Repairs(reason=OUT_OF_LIMIT, limited=True)
    if first.holds:
        return Repairs(tried=search.tried, reason=REACHED)
    if first.graph is None:
        return Repairs(tried=search.tried, reason=MALFORMED)
    found, reason = _found(search, protocol, limit)
    if any(isinstance(fault, ClassFault) for fault in first.faults):
        reason = PARALLEL if _has_parallel(protocol) else _NO_MESSAGE_DECIDES
    result = _Offers(search, holds or _holds_again(options.goal, linked)).offers(found, reason)
    is_best = any(offer.rank is not Rank.SOME for offer in result.offers)
    limited = not (found.exhausted or is_best)
    return msgspec.structs.replace(result, fault=fault_text(first), limited=limited)


def _found(search: Search, protocol: ast.Protocol, limit: RepairLimit) -> tuple[Enumerated, str]:
    """All repairs found, and the cost below which they are all there are."""
    quick: list[Edits] = []
    reason = ""
    try:
        with limit.share(limit.tries // _GREEDY_SHARE):
            everything = _saturated(search)
            if search.judgement_after(everything).holds:
                quick.append(search.taken_away(everything))
            best = min((cost(edits) for edits in quick), default=_MOST_COST)
            if best > _CHEAP:
                better = search.greedy(best)
                quick += [better] if better is not None else []
    except CannotSaturate as error:
        reason = str(error)
    except OutOfLimit:
        reason = "the limit was reached"
    most = min((cost(edits) for edits in quick), default=_MOST_COST)
    if quick and most > _MOST_CERTIFIED:
        limit.tries = min(limit.tries, limit.tries // _DEEP_SHARE)
    by_cost = search.by_cost(min(most, _MOST_COST), quick)
    repairs = tuple(dict.fromkeys((*by_cost.repairs, *quick)))
    if not by_cost.exhausted:
        reason = reason or OUT_OF_LIMIT
    return Enumerated(repairs, by_cost.below, by_cost.exhausted), reason


def _saturated(search: Search) -> Edits:
    """All messages that may be needed; with edits of every kind, each `loop while` is decided."""
    loops: Edits = frozenset()
    if search.candidates.every_kind:
        loops = frozenset(search.candidates.outline.loops)
    return saturate(search.tree(loops)) | loops


class _Offers:
    """Repairs in the order of preference, as texts that were checked again."""

    def __init__(self, search: Search, holds: Holds) -> None:
        self.search = search
        self.holds = holds
        self.source = search.judge.source
        self.outline = outline(search.protocol)
        self.before = search.judge.graphs(search.protocol)

    def offers(self, found: Enumerated, reason: str) -> Repairs:
        """At most three offers: of the least cost, and one more where strict merge accepts it."""
        if not found.repairs:
            why = reason or "none of the edits tried repairs it"
            return Repairs(tried=self.search.tried, reason=why)
        listed = set(found.repairs)
        minimal = [e for e in found.repairs if not any(other < e for other in listed)]
        least = min(cost(edits) for edits in minimal)
        near = [edits for edits in minimal if cost(edits) <= least + 1]
        merges = {edits: self.search.is_projectable(edits) for edits in near}
        price = min((cost(edits) for edits in near if merges[edits]), default=least)
        near = [e for e in near if cost(e) == least or (merges[e] and cost(e) == price)]
        near.sort(key=lambda edits: self._preference(edits, merges[edits]))
        offers: list[Repair] = []
        for edits in near[:_MOST_CHECKED]:
            if len(offers) == _MOST_OFFERS:
                break
            rank = Rank.SMALLEST if cost(edits) == least else Rank.SMALLEST_MERGED
            rank = rank if cost(edits) <= found.below else Rank.SOME
            offer = self._offer(edits, merges[edits], rank)
            if offer is not None and all(offer.text != other.text for other in offers):
                offers.append(offer)
        why = "" if offers else "no repair passed the check of the new text"
        return Repairs(tuple(offers), self.search.tried, why)

    def _preference(self, edits: Edits, merges: bool) -> tuple[object, ...]:
        relabels = sum(isinstance(edit, Relabel) for edit in edits)
        changed = edited(self.search.protocol, edits, self.search.first_place, self.search.taken)
        deciders = {decision.group: decision.decider for decision in self.outline.decisions}
        others = sum(
            isinstance(edit, Insert) and edit.sender != deciders.get(edit.group, edit.sender)
            for edit in edits
        )
        shown = [words(e, label) for e, label in zip(changed.edits, changed.labels, strict=True)]
        turns = sum(isinstance(edit, Insert) and edit.label == TURN for edit in edits)
        return not merges, cost(edits), relabels, others, turns, shown

    def _offer(self, edits: Edits, merges: bool, rank: Rank) -> Repair | None:
        search, text = self.search, self.source.text
        changed = edited(search.protocol, edits, search.first_place, search.taken)
        conservative = is_conservative(edits)
        if conservative and not self._keeps(changed):
            return None
        inserted = text_edits(text, self.outline, changed)
        new = applied(text, inserted)
        if not self.holds(new):
            return None
        shown = tuple(
            words(e, label) for e, label in zip(changed.edits, changed.labels, strict=True)
        )
        size = size_of_change(changed.edits)
        return Repair(new, inserted, shown, cost(edits), rank, conservative, merges, size)

    def _keeps(self, changed: Edited) -> bool:
        after = self.search.judge.graphs(changed.protocol)
        return (
            self.before is not None
            and after is not None
            and all(
                keeps_runs(old, new, changed, self.outline, self.search.first_place)
                for old, new in zip(self.before, after, strict=True)
            )
        )


def _holds_again(goal: Goal, linked: Linked) -> Holds:
    """Reads a new text and judges it at all sizes."""

    def holds(text: str) -> bool:
        source = SourceFile("", text)
        parsed = parse(source)
        wrong = any(one.severity is Severity.ERROR for one in parsed.diagnostics)
        if wrong or not parsed.file.protocols:
            return False
        protocol = parsed.file.protocols[0]
        sizes, _ = judged_sizes(parsed.file, source, protocol, linked)
        return bool(sizes) and Judge(parsed.file, source, sizes, goal, linked).judge(protocol).holds

    return holds


def _has_parallel(protocol: ast.Protocol) -> bool:
    return any(isinstance(one, ast.Par) for body in bodies(protocol) for one in preorder(body))


def _depth(protocol: ast.Protocol) -> int:
    """How deep statements are nested, counted without recursion."""
    deepest = 0
    work = [(protocol.body, 1), *((local.body, 1) for local in protocol.locals)]
    while work:
        block, depth = work.pop()
        deepest = max(deepest, depth)
        work += [(inner, depth + 1) for one in block for inner in child_blocks(one)]
    return deepest
