"""Ceremonies as runs record them: one beginning first, one outcome last, nothing after."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from tellverify.model.graph import ProtocolGraph, generic_events

NO_GENERIC: Final[Mapping[str, int]] = MappingProxyType({})


class Names(msgspec.Struct, frozen=True):
    """The journal facts that stand for the beginning and the outcomes of a ceremony."""

    initiated: tuple[str, ...]
    committed: tuple[str, ...]
    aborted: tuple[str, ...]

    def variant(self, fact: str) -> str:
        """What a fact stands for; the empty text for a fact of no ceremony."""
        if fact in self.initiated:
            return "initiated"
        if fact in self.committed:
            return "committed"
        return "aborted" if fact in self.aborted else ""


class Fact(msgspec.Struct, frozen=True):
    """A fact that a role records."""

    name: str
    role: str


class Offence(StrEnum):
    """A fault in the facts of a run."""

    NOT_FIRST = "not-first"
    BEGUN_TWICE = "begun-twice"
    TWO_OUTCOMES = "two-outcomes"
    AFTER_OUTCOME = "after-outcome"
    NO_BEGINNING = "no-beginning"
    NO_OUTCOME = "no-outcome"


class Point(msgspec.Struct, frozen=True):
    """How far a ceremony has come: its variant, and the fact of it that was recorded last."""

    stage: str = ""
    last: Fact | None = None


def after(point: Point, fact: Fact, names: Names) -> Point | Offence:
    """Where a fact leads. A role that records its last fact again adds nothing."""
    variant = names.variant(fact.name)
    if fact == point.last:
        return point
    if not point.stage:
        return Point(variant, fact) if variant == "initiated" else Offence.NOT_FIRST
    if point.stage == "initiated":
        if variant == "initiated":
            return Offence.BEGUN_TWICE
        return Point(variant, fact) if variant else point
    if variant in ("committed", "aborted"):
        return Offence.TWO_OUTCOMES
    return Offence.AFTER_OUTCOME


def at_end(point: Point) -> Offence | None:
    """The fault of a run that is complete here."""
    if not point.stage:
        return Offence.NO_BEGINNING
    return Offence.NO_OUTCOME if point.stage == "initiated" else None


class CeremonyRun(msgspec.Struct, frozen=True):
    """A shortest run that offends, and how."""

    offence: Offence
    events: tuple[int, ...]


class Seen(msgspec.Struct, frozen=True):
    """What the runs of a graph record: the shortest that offends, if any, and all outcomes."""

    run: CeremonyRun | None
    outcomes: frozenset[str]


def explored(
    graph: ProtocolGraph,
    facts: Sequence[Sequence[str]],
    names: Names,
    generic: Mapping[str, int] = NO_GENERIC,
) -> Seen:
    """Go through all runs, up to equal states and points; `facts` has those of every site.

    With `generic`, which maps families to their generic members, each event of one of these
    happens any number of times, at least once, for as many members.
    """
    repeated = generic_events(graph, generic) if generic else frozenset()
    # Two more names are enough: a fact counts by whether the one before has the same sender.
    members = {f"{family}[{index}]" for family, index in generic.items()}
    copies = [(r, f"{r}'", f"{r}''") if r in members else (r,) for r in graph.roles]
    start = (0, Point())
    came: dict[tuple[int, Point], tuple[int, tuple[int, Point]] | None] = {start: None}
    depth = {start: 0}
    work = deque([start])
    outcomes: set[str] = set()
    first: CeremonyRun | None = None
    while work:
        node = work.popleft()
        if first is not None and depth[node] >= len(first.events):
            break
        state, point = node
        low, high = graph.first[state], graph.first[state + 1]
        missing = at_end(point) if graph.final[state] or low == high else None
        if missing is not None:
            first = CeremonyRun(missing, _unwound(node, came))
            break
        for event in range(low, high):
            senders = copies[graph.sender[event]]
            recorded = facts[graph.site[event]]
            for reached in _reached(point, recorded, senders, names, event in repeated):
                if isinstance(reached, Offence):
                    first = first or CeremonyRun(reached, (*_unwound(node, came), event))
                    continue
                if reached.stage in ("committed", "aborted"):
                    outcomes.add(reached.stage)
                successor = (graph.target[event], reached)
                if successor not in came:
                    came[successor] = (event, node)
                    depth[successor] = depth[node] + 1
                    work.append(successor)
    return Seen(first, frozenset(outcomes))


def _reached(
    point: Point, facts: Sequence[str], senders: Sequence[str], names: Names, repeated: bool
) -> list[Point | Offence]:
    """Where the facts of one message lead, or of any number of copies of it.

    The first copy is that of the first of `senders`, each further one of any of them.
    """
    found = [_through(point, facts, senders[0], names)]
    for one in found if repeated else ():
        for sender in senders:
            led = one if isinstance(one, Offence) else _through(one, facts, sender, names)
            if led not in found:
                found.append(led)
    return found


def _through(point: Point, facts: Sequence[str], role: str, names: Names) -> Point | Offence:
    """Where the facts of one message lead."""
    for name in facts:
        led = after(point, Fact(name, role), names)
        if isinstance(led, Offence):
            return led
        point = led
    return point


def _unwound(
    node: tuple[int, Point], came: dict[tuple[int, Point], tuple[int, tuple[int, Point]] | None]
) -> tuple[int, ...]:
    run: list[int] = []
    step = came[node]
    while step is not None:
        run.append(step[0])
        step = came[step[1]]
    return tuple(reversed(run))


def offence_of(
    recorded: Sequence[Fact], variant: Callable[[str], str], *, complete: bool
) -> Offence | None:
    """The fault in a list of facts, judged on the list as a whole: the reference."""
    kept = [f for i, f in enumerate(recorded) if not _repeats(recorded, i, variant)]
    kinds = [variant(fact.name) for fact in kept]
    for number, kind in enumerate(kinds):
        before = kinds[:number]
        if "initiated" not in before and kind != "initiated":
            return Offence.NOT_FIRST
        if kind == "initiated" and "initiated" in before:
            ended = set(before) & {"committed", "aborted"}
            return Offence.AFTER_OUTCOME if ended else Offence.BEGUN_TWICE
        if set(before) & {"committed", "aborted"}:
            is_outcome = kind in ("committed", "aborted")
            return Offence.TWO_OUTCOMES if is_outcome else Offence.AFTER_OUTCOME
    if complete and "initiated" not in kinds:
        return Offence.NO_BEGINNING
    if complete and not set(kinds) & {"committed", "aborted"}:
        return Offence.NO_OUTCOME
    return None


def _repeats(recorded: Sequence[Fact], index: int, variant: Callable[[str], str]) -> bool:
    """Whether a fact is the fact of the ceremony that was recorded last before it."""
    earlier = [fact for fact in recorded[:index] if variant(fact.name)]
    return bool(earlier) and earlier[-1] == recorded[index]
