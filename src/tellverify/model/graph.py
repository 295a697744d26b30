"""The global protocol graph: the hinge between the language and the theory.

Everything before it knows the language, everything after it knows only the graph. A protocol of
10,000 devices has 40,000 events, so the graph is a set of flat arrays (compressed sparse rows)
and not a network of objects.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from tellverify.model.site import Site as Site


class Event(NamedTuple):
    """`sender -> receiver : label`, what the theory knows of a message."""

    sender: str
    receiver: str
    label: str

    def __str__(self) -> str:
        return f"{self.sender} -> {self.receiver} : {self.label}"


class ProtocolGraph(msgspec.Struct, frozen=True):
    """States 0 to n-1, state 0 initial; transitions of state `s` are `first[s]` to `first[s+1]`.

    `sender`, `receiver`, `label`, `target` and `site` have one entry per transition: indices
    into `roles`, `labels`, the states and `sites`. `final[s]` is 1 where the protocol may end.
    The arrays are read-only by agreement. Transitions of one state carry pairwise different
    events (determinism); `tellverify.model.graph.leaves_class` tells the rest.
    """

    name: str
    roles: tuple[str, ...]
    labels: tuple[str, ...]
    first: list[int]
    sender: list[int]
    receiver: list[int]
    label: list[int]
    target: list[int]
    site: list[int]
    final: bytearray
    sites: tuple[Site, ...]

    @property
    def state_count(self) -> int:
        """Number of states."""
        return len(self.first) - 1

    @property
    def event_count(self) -> int:
        """Number of transitions."""
        return len(self.target)

    def event(self, transition: int) -> Event:
        """The event of a transition, with names instead of indices."""
        return Event(
            self.roles[self.sender[transition]],
            self.roles[self.receiver[transition]],
            self.labels[self.label[transition]],
        )

    def site_of(self, transition: int) -> Site:
        """The statement a transition comes from."""
        return self.sites[self.site[transition]]


def stops_only_at_ends(graph: ProtocolGraph) -> bool:
    """True when every state without events is an end.

    A role without a further event has then done its part, also where the others never end.
    """
    stops = (s for s in range(graph.state_count) if graph.first[s] == graph.first[s + 1])
    return all(graph.final[s] for s in stops)


def acting_roles(graph: ProtocolGraph, states: list[int]) -> set[int]:
    """The roles of all events that leave `states`."""
    edges = [e for s in states for e in range(graph.first[s], graph.first[s + 1])]
    return {graph.sender[e] for e in edges} | {graph.receiver[e] for e in edges}


class ClassFault(NamedTuple):
    """Why a graph is outside the class of the complete theory, and at which state."""

    reason: str  # "mixed-senders", "final-with-successors" or "partial-gather"
    state: int


def leaves_class(graph: ProtocolGraph) -> ClassFault | None:
    """The first state that takes `graph` out of the class of the complete theory, or None.

    The class (Li, Stutz, Wies, Zufferey, OOPSLA 2025, section 2): all events that leave a state
    have one sender, and a final state has no successors. Determinism holds by construction. A
    receiver that continues after some of the answers of a gather does what no graph says.
    """
    fault = choice_fault(graph)
    if fault is not None:
        return fault
    partial = partial_sites(graph)
    if partial:
        e = next(e for e, site in enumerate(graph.site) if site in partial)
        return ClassFault("partial-gather", bisect_right(graph.first, e) - 1)
    return None


def choice_fault(graph: ProtocolGraph) -> ClassFault | None:
    """The first state at which several roles may go on, or which is final and has successors."""
    first, sender, final = graph.first, graph.sender, graph.final
    for state in range(graph.state_count):
        low, high = first[state], first[state + 1]
        if low == high:
            continue
        if final[state]:
            return ClassFault("final-with-successors", state)
        if high - low > 1:
            decider = sender[low]
            for transition in range(low + 1, high):
                if sender[transition] != decider:
                    return ClassFault("mixed-senders", state)
    return None


def needed_responses(site: Site) -> int | None:
    """The number of `min_responses` of a statement."""
    for key, value in site.annotations:
        if key == "min_responses" and value.isdecimal():
            return int(value)
    return None


def partial_sites(graph: ProtocolGraph) -> frozenset[int]:
    """The statements whose `min_responses` is not the number of their senders."""
    found = {i: needed_responses(site) for i, site in enumerate(graph.sites) if site.annotations}
    wanted = {site: needed for site, needed in found.items() if needed is not None}
    if not wanted:
        return frozenset()
    senders: dict[int, set[int]] = {}
    for site, sender in zip(graph.site, graph.sender, strict=True):
        if site in wanted:
            senders.setdefault(site, set()).add(sender)
    return frozenset(site for site, some in senders.items() if len(some) != wanted[site])


def generic_events(graph: ProtocolGraph, families: Mapping[str, int]) -> frozenset[int]:
    """The events with a generic member; `families` maps families to the index of theirs."""
    generic = {f"{family}[{index}]" for family, index in families.items()}
    numbers = {number for number, role in enumerate(graph.roles) if role in generic}
    pairs = enumerate(zip(graph.sender, graph.receiver, strict=True))
    return frozenset(e for e, pair in pairs if not numbers.isdisjoint(pair))


def graph_from_edges(
    edges: list[tuple[int, str, str, str, int]],
    *,
    final: set[int],
    name: str = "P",
    roles: tuple[str, ...] = (),
) -> ProtocolGraph:
    """A graph from `(state, sender, receiver, label, state)` rows, for tests and generators.

    Rows of one state keep their order. Roles and labels are numbered by first occurrence unless
    `roles` gives an order. Raises ValueError when two equal events leave one state.
    """
    states = 1 + max([0, *final, *(e[0] for e in edges), *(e[4] for e in edges)])
    role_index = {role: index for index, role in enumerate(roles)}
    label_index: dict[str, int] = {}
    rows: list[list[tuple[int, int, int, int, int]]] = [[] for _ in range(states)]
    for number, (source, p, q, label, target) in enumerate(edges):
        s = role_index.setdefault(p, len(role_index))
        r = role_index.setdefault(q, len(role_index))
        m = label_index.setdefault(label, len(label_index))
        if any(row[:3] == (s, r, m) for row in rows[source]):
            raise ValueError(f"two equal events leave state {source}: {p} -> {q} : {label}")
        rows[source].append((s, r, m, target, number))
    flat = [row for state_rows in rows for row in state_rows]
    first = [0]
    for state_rows in rows:
        first.append(first[-1] + len(state_rows))
    return ProtocolGraph(
        name=name,
        roles=tuple(role_index),
        labels=tuple(label_index),
        first=first,
        sender=[row[0] for row in flat],
        receiver=[row[1] for row in flat],
        label=[row[2] for row in flat],
        target=[row[3] for row in flat],
        site=[row[4] for row in flat],
        final=bytearray(1 if state in final else 0 for state in range(states)),
        sites=tuple(Site(line=number + 1) for number in range(len(edges))),
    )
