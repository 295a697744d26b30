"""How tests decide a family protocol at every size, and by the definitions at one size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from every_size import EverySize, decide_every_size

from tellverify.language.lowering.cutoffs import lowering_of, size_faults, size_symbols
from tellverify.language.lowering.lower import lower
from tellverify.language.syntax.parser import parse
from tellverify.model.graph import Event, ProtocolGraph
from tellverify.model.sizes import SizeSymbol
from tellverify.source.text import SourceFile


class FamilyText:
    """A protocol as text, with its graphs."""

    def __init__(self, text: str) -> None:
        self.source = SourceFile("p.tell", text)
        parsed = parse(self.source)
        self.errors = [str(one) for one in parsed.diagnostics]
        self.file = parsed.file
        self.protocol = self.file.protocols[0]
        self.lowered_at = lowering_of(self.file, self.source, self.protocol)
        self._symbols: tuple[SizeSymbol, ...] | None = None

    def graph(self, sizes: Mapping[str, int]) -> ProtocolGraph | None:
        return lower(self.file, self.source, self.protocol, sizes).graph

    def at(self, sizes: Iterable[int]) -> ProtocolGraph | None:
        """The graph at sizes of the symbols, in their order."""
        return self.graph(
            {
                family: size
                for symbol, size in zip(self.symbols(), sizes, strict=True)
                for family in symbol.families
            }
        )

    def symbols(self) -> tuple[SizeSymbol, ...]:
        if self._symbols is None:
            self._symbols = size_symbols(self.protocol, self.lowered_at)
        return self._symbols

    def faults(self) -> list[str]:
        return [str(fault) for fault in size_faults(self.source, self.protocol)]

    def every_size(self) -> EverySize:
        graph_at = lambda sizes: self.lowered_at(sizes).graph  # noqa: E731
        return decide_every_size(self.symbols(), self.faults(), graph_at)


Rows = dict[int, list[tuple[Event, int]]]


def plain_verdict(graph: ProtocolGraph | None) -> tuple[bool | None, frozenset[str]]:
    """Implementability and stuck roles by the definitions, None outside of the class.

    Subsets of states for each role and points for availability, as sets of names; shares no code
    with the check. A role is stuck when it may wait where all else has ended, or in a loop that
    nothing leaves and that it takes no part in.
    """
    assert graph is not None
    rows: Rows = {
        s: [(graph.event(e), graph.target[e]) for e in range(graph.first[s], graph.first[s + 1])]
        for s in range(graph.state_count)
    }
    for s, row in rows.items():
        if len({event.sender for event, _ in row}) > 1 or (row and graph.final[s]):
            return None, frozenset()
    views = {role: _subsets(rows, role) for role in graph.roles}
    coherent = all(_fits(rows, role, each) for role, sets in views.items() for each in sets)
    stuck = {role for role, sets in views.items() if any(_waits(rows, role, s) for s in sets)}
    return coherent, frozenset(stuck) if coherent else frozenset()


def _closure(rows: Rows, role: str, states: Iterable[int]) -> frozenset[int]:
    seen = set(states)
    work = list(seen)
    while work:
        for event, target in rows[work.pop()]:
            if role not in event[:2] and target not in seen:
                seen.add(target)
                work.append(target)
    return frozenset(seen)


def _subsets(rows: Rows, role: str) -> list[frozenset[int]]:
    found = [_closure(rows, role, [0])]
    known = set(found)
    for subset in found:
        moves: dict[Event, set[int]] = {}
        for s in subset:
            for event, target in rows[s]:
                if role in event[:2]:
                    moves.setdefault(event, set()).add(target)
        for targets in moves.values():
            closed = _closure(rows, role, targets)
            if closed not in known:
                known.add(closed)
                found.append(closed)
    return found


def _fits(rows: Rows, role: str, subset: frozenset[int]) -> bool:
    own = [(s, event, target) for s in subset for event, target in rows[s] if role in event[:2]]
    sends = {event for _, event, _ in own if event.sender == role}
    receives = {(event, target) for _, event, target in own if event.receiver == role}
    if sends and receives:
        return False
    for send in sends:
        sources = {s for s, event, _ in own if event == send}
        if any(not _closure(rows, role, [s]) & sources for s in subset):
            return False
    awaited = {event for event, _ in receives}
    return not any(
        early.sender != event.sender and _available(rows, early, target)
        for event, target in receives
        for early in awaited
    )


def _available(rows: Rows, message: Event, start: int) -> bool:
    seen = {(start, frozenset({message.receiver}))}
    work = list(seen)
    while work:
        state, blocked = work.pop()
        for event, target in rows[state]:
            if event[:2] == message[:2]:
                if event == message and event.sender not in blocked:
                    return True
                continue
            point = target, blocked | {event.receiver} if event.sender in blocked else blocked
            if point not in seen:
                seen.add(point)
                work.append(point)
    return False


def _waits(rows: Rows, role: str, subset: frozenset[int]) -> bool:
    """True when the role has only receives here, and some state behind never comes to one."""
    own = {s for s in subset for event, _ in rows[s] if role in event[:2]}
    sends = any(event.sender == role for s in own for event, _ in rows[s])
    return bool(own) and not sends and any(not _closure(rows, role, [s]) & own for s in subset)
