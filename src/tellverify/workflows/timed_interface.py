"""The interface of a protocol with timers, of which sessions may end by these.

Roles of such a protocol have no machines of their own: what they know depends on attempts that have
failed. So its ends are read off all its configurations, in which timers fire whenever they may.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias, assert_never

import msgspec

from tellverify.model.components import strongly_connected
from tellverify.model.site import Site
from tellverify.model.timed_text import (
    FirePolicy,
    LatePolicy,
    MessageNode,
    TimedProtocol,
    following_nodes,
)
from tellverify.obligations.options import Options
from tellverify.obligations.timed import timed_answer
from tellverify.search.timed import TimedSearch, search_timed
from tellverify.search.timed_events import TimedEvent, TimedEventKind, TimedSettings
from tellverify.workflows.interfaces import PhaseResult, SessionInterface, payload_names
from tellverify.workflows.outcomes import NestedBranch, kind_at

_Message: TypeAlias = tuple[str, str, str]


def timed_interface(
    plain: SessionInterface,
    protocol: TimedProtocol,
    branches: Sequence[NestedBranch],
    go_on: Sequence[str] | None,
    wanted: Sequence[str],
    options: Options,
) -> SessionInterface:
    """The interface with timers of a protocol that has the interface `plain` without them.

    `branches` are those of its text. Unknown facts about it count as the worst: roles that cannot
    know their end, or its kind. `safety` and annotations are left as they are.
    """
    bound = timed_answer(protocol, options).bound
    settings = TimedSettings(LatePolicy(options.late), FirePolicy(options.fire), bound)
    found, search = search_timed(protocol, settings, budget=options.search_limit)
    every = protocol.roles
    open_ends = tuple(_open_ends(search, protocol)) if found.ended else every
    kinds = None if go_on is None else _messages_by_kind(protocol, branches, go_on)
    ends = _TimedEnds(search, kinds or {})
    unsure: tuple[str, ...] = ()
    has_stops = goes_on = True
    if go_on is None:
        has_stops, goes_on = False, found.has_end
    elif kinds is None or not found.ended:
        unsure = every
    else:
        unsure, reached = ends.unsure(protocol)
        has_stops, goes_on = False in reached, True in reached
    nodes = [node for node in protocol.nodes if isinstance(node, MessageNode)]
    carried = [name for node in nodes for name in payload_names(protocol.site(node.site))]
    return msgspec.structs.replace(
        plain,
        roles=every,
        waiting=open_ends,
        has_end=found.has_end,
        can_terminate=found.ended and found.has_end and found.trapped is None,
        goes_on=goes_on,
        has_stops=has_stops,
        open_ends=open_ends,
        unsure=unsure,
        channels=tuple(sorted({(one.sender, one.receiver, one.label) for one in nodes})),
        payloads=tuple(dict.fromkeys(carried)),
        results=tuple(_result(ends, protocol, name, every_end=go_on is None) for name in wanted),
        events=len(nodes),
        in_time=plain.results,
    )


def _open_ends(search: TimedSearch, protocol: TimedProtocol) -> Iterator[str]:
    """The roles that may be at an end where they also have something left to do."""
    system = search.system
    for role, name in enumerate(protocol.roles):
        if any(
            system.may_stop(role, one) and not search.verdicts.has_terminated(role, one)
            for one in search.configurations
        ):
            yield name


def _messages_by_kind(
    protocol: TimedProtocol, branches: Sequence[NestedBranch], go_on: Sequence[str]
) -> Mapping[_Message, bool] | None:
    """The messages that say whether the workflow continues; None where they do not decide it.

    They do where one choice has the named branches, in no loop, and no message of it is sent at
    another place as well: then the order of events in time plays no part.
    """
    named = set(go_on)
    choices = {one.choice for one in branches if one.label in named}
    if len(choices) > 1:
        return None
    rows = [one for one in branches if one.choice in choices]
    path = next((site.path for site in protocol.sites if site.path), "")
    first, target = following_nodes(protocol)
    looped = {
        node
        for part in strongly_connected(first, target, [protocol.start])
        for node in part
        if len(part) > 1 or node in target[first[node] : first[node + 1]]
    }
    found: dict[_Message, bool | None] = {}
    for number, node in enumerate(protocol.nodes):
        if not isinstance(node, MessageNode):
            continue
        site = protocol.site(node.site)
        kind = kind_at(site.span.start, rows, named) if site.path == path else None
        if kind is not None and number in looped:
            return None
        if found.setdefault((node.sender, node.receiver, node.label), kind) is not kind:
            return None
    return {message: kind for message, kind in found.items() if kind is not None}


class _TimedEnds:
    """The ends of all runs of a search, with what was decided before."""

    def __init__(self, search: TimedSearch, kinds: Mapping[_Message, bool]) -> None:
        self.search = search
        self._kinds = kinds

    def is_end(self, at: int) -> bool:
        """Whether every role may stop in a configuration, and nothing is queued."""
        system, one = self.search.system, self.search.configurations[at]
        return not one & system.layout.all_queues and all(
            system.may_stop(role, one) for role in range(system.size)
        )

    def _kind(self, event: TimedEvent) -> bool | None:
        match event.kind:
            case TimedEventKind.SEND:
                return self._kinds.get((event.role, event.peer, event.label))
            case TimedEventKind.RECEIVE:
                return self._kinds.get((event.peer, event.role, event.label))
            case TimedEventKind.FIRE:
                return None
            case _:
                assert_never(event.kind)

    def unsure(self, protocol: TimedProtocol) -> tuple[tuple[str, ...], set[bool]]:
        """The roles that cannot tell the kinds of ends apart, and which kinds there are.

        A role tells them apart by its local state and its own messages that say the kind.
        """
        kinds: list[dict[tuple[int, bool | None], set[bool]]] = [{} for _ in protocol.roles]
        reached: set[bool] = set()
        system = self.search.system
        for node in self.runs().nodes:
            if self.is_end(node.at):
                reached.add(node.goes)
                one = self.search.configurations[node.at]
                for role, seen in enumerate(kinds):
                    seen.setdefault((system.local(role, one), node.told[role]), set()).add(
                        node.goes
                    )
        return tuple(
            name
            for name, seen in zip(protocol.roles, kinds, strict=True)
            if any(len(both) > 1 for both in seen.values())
        ), reached

    def runs(self, without: Callable[[TimedEvent], bool] = lambda _: False) -> _RunsWithout:
        """All runs that have no event of those `without`."""
        start = _RunPlace(0, False, (None,) * self.search.system.size)
        before: dict[_RunPlace, tuple[_RunPlace, TimedEvent] | None] = {start: None}
        order = [start]
        search = self.search
        for node in order:
            for role, event, target in search.moves(node.at) if node.at < search.expanded else ():
                if target < 0 or without(event):
                    continue
                kind = self._kind(event)
                below = node._replace(at=target)
                if kind is not None:
                    told = (*node.told[:role], kind, *node.told[role + 1 :])
                    goes = kind if event.kind is TimedEventKind.SEND else node.goes
                    below = _RunPlace(target, goes, told)
                if below not in before:
                    before[below] = (node, event)
                    order.append(below)
        return _RunsWithout(order, before)


class _RunPlace(NamedTuple):
    """A configuration, what was decided last, and what each role has itself said or been told."""

    at: int
    goes: bool
    told: tuple[bool | None, ...]


class _RunsWithout(NamedTuple):
    """Places of runs, and for each the step of a shortest run to it."""

    nodes: list[_RunPlace]
    before: Mapping[_RunPlace, tuple[_RunPlace, TimedEvent] | None]

    def events(self, node: _RunPlace) -> list[TimedEvent]:
        """The events of a shortest run."""
        made: list[TimedEvent] = []
        while (step := self.before[node]) is not None:
            node, event = step
            made.append(event)
        return made[::-1]


def _result(
    ends: _TimedEnds, protocol: TimedProtocol, name: str, *, every_end: bool
) -> PhaseResult:
    """Whether every run that continues sends a result, and who has it then."""
    carrying = {
        (node.sender, node.receiver, node.label)
        for node in protocol.nodes
        if isinstance(node, MessageNode) and name in payload_names(protocol.site(node.site))
    }

    def sends(event: TimedEvent) -> bool:
        is_send = event.kind is TimedEventKind.SEND
        return is_send and (event.role, event.peer, event.label) in carrying

    def takes(event: TimedEvent) -> bool:
        is_receive = event.kind is TimedEventKind.RECEIVE
        return is_receive and (event.peer, event.role, event.label) in carrying

    def missing(without: Callable[[TimedEvent], bool]) -> list[TimedEvent] | None:
        runs = ends.runs(without)
        for node in runs.nodes:
            if (node.goes or every_end) and ends.is_end(node.at):
                return runs.events(node)
        return None

    run = missing(sends)
    if run is not None:
        fired = next((event.scope for event in run if event.kind is TimedEventKind.FIRE), -1)
        place = Site() if fired < 0 else protocol.site(protocol.scopes[fired].site)
        return PhaseResult(name, False, (), (), place)
    holders = [
        role
        for role in protocol.roles
        if missing(lambda event, me=role: event.role == me and (sends(event) or takes(event)))  # type: ignore[misc]
        is None
    ]
    return PhaseResult(name, True, tuple(holders))
