"""Implementability of a protocol graph, decided by the definitions and nothing else.

Slow and simple on purpose: the fast algorithm is compared with this one on many small graphs.
Source: Li, Stutz, Wies, Zufferey, "Characterizing Implementability of Global Protocols with
Infinite States and Data", OOPSLA 2025 (arXiv 2411.05722), the coherence conditions; availability
follows "Complete Multiparty Session Type Projection with Automata", CAV 2023 (arXiv 2305.17079).

Only for graphs in the class: sender-driven, deterministic, final states without successors.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import NamedTuple, TypeVar

from tellverify.model.graph import Event, ProtocolGraph, leaves_class


class Failure(NamedTuple):
    """A condition that fails for `role`, with the pair of states that shows it.

    `event` leaves `left`. It is the send that `right` cannot match (send-coherence), the message
    that may come too early (receive-coherence), or the send of a mixed choice; `other` is the
    event that leaves `right` in the last two cases.
    """

    role: str
    condition: str  # "send-coherence", "receive-coherence" or "no-mixed-choice"
    left: int
    right: int
    event: Event
    other: Event | None = None


class Row(NamedTuple):
    """One transition, by names."""

    source: int
    event: Event
    target: int


Node = TypeVar("Node", bound=Hashable)


def reachable(starts: Iterable[Node], successors: Callable[[Node], Iterable[Node]]) -> set[Node]:
    """Everything that can be reached from `starts`, the starts included."""
    seen = set(starts)
    stack = list(seen)
    while stack:
        for node in successors(stack.pop()):
            if node not in seen:
                seen.add(node)
                stack.append(node)
    return seen


def rows_by_state(graph: ProtocolGraph) -> list[list[Row]]:
    """The transitions of each state."""
    return [
        [
            Row(state, graph.event(transition), graph.target[transition])
            for transition in range(graph.first[state], graph.first[state + 1])
        ]
        for state in range(graph.state_count)
    ]


def involves(role: str, event: Event) -> bool:
    """True when `role` sends or receives `event`."""
    return role in (event.sender, event.receiver)


def simultaneous_pairs(rows: list[list[Row]], role: str) -> set[tuple[int, int]]:
    """Pairs of states that two runs reach in which `role` took the same actions.

    One of the two runs may go on by an event that `role` takes no part in, or both go on by the
    same event of `role`.
    """

    def successors(pair: tuple[int, int]) -> Iterator[tuple[int, int]]:
        left, right = pair
        for row in rows[left]:
            if not involves(role, row.event):
                yield row.target, right
        for row in rows[right]:
            if not involves(role, row.event):
                yield left, row.target
        for row in rows[left]:
            for other in rows[right]:
                if involves(role, row.event) and row.event == other.event:
                    yield row.target, other.target

    return reachable([(0, 0)], successors)


def can_match(rows: list[list[Row]], send: Event, state: int) -> bool:
    """True when events without the sender lead from `state` to a state that `send` leaves."""

    def successors(at: int) -> Iterator[int]:
        for row in rows[at]:
            if not involves(send.sender, row.event):
                yield row.target

    return any(row.event == send for at in reachable([state], successors) for row in rows[at])


def is_available(rows: list[list[Row]], message: Event, state: int) -> bool:
    """Some run from `state` has `message` first on its channel while its receiver waits.

    A blocked role does nothing more, and whoever would receive from a blocked role is blocked as
    well: the blocked roles grow along a run, and a blocked sender never sends `message`.
    """

    def successors(node: tuple[int, frozenset[str]]) -> Iterator[tuple[int, frozenset[str]]]:
        at, blocked = node
        for row in rows[at]:
            if row.event[:2] == message[:2]:
                continue  # the first message on the channel, or never sent: this path ends
            if row.event.sender in blocked:
                yield row.target, blocked | {row.event.receiver}
            else:
                yield row.target, blocked

    return any(
        row.event == message and message.sender not in blocked
        for at, blocked in reachable([(state, frozenset({message.receiver}))], successors)
        for row in rows[at]
    )


def role_failures(rows: list[list[Row]], role: str) -> Iterator[Failure]:
    """Every failure of a condition for `role`, in the order of the pairs of states."""
    for left, right in sorted(simultaneous_pairs(rows, role)):
        for row in rows[left]:
            if row.event.sender == role:
                yield from _send_failures(rows, role, row, right)
            if row.event.receiver == role:
                yield from _receive_failures(rows, role, row, right)


def _send_failures(rows: list[list[Row]], role: str, send: Row, right: int) -> Iterator[Failure]:
    if not can_match(rows, send.event, right):
        yield Failure(role, "send-coherence", send.source, right, send.event)
    for other in rows[right]:
        if other.event.receiver == role:
            yield Failure(role, "no-mixed-choice", send.source, right, send.event, other.event)


def _receive_failures(
    rows: list[list[Row]], role: str, message: Row, right: int
) -> Iterator[Failure]:
    for other in rows[right]:
        if other.event.receiver != role or other.event.sender == message.event.sender:
            continue
        if is_available(rows, message.event, other.target):
            yield Failure(
                role, "receive-coherence", message.source, right, message.event, other.event
            )


def reference_failures(graph: ProtocolGraph) -> Iterator[Failure]:
    """Every failure of a condition, role by role. Raises ValueError outside the class."""
    fault = leaves_class(graph)
    if fault is not None:
        raise ValueError(f"outside the class: {fault.reason} at state {fault.state}")
    rows = rows_by_state(graph)
    for role in graph.roles:
        yield from role_failures(rows, role)


def first_failure(graph: ProtocolGraph) -> Failure | None:
    """The first failure, or None when `graph` is implementable."""
    return next(reference_failures(graph), None)


def reference_implementable(graph: ProtocolGraph) -> bool:
    """True when all three conditions hold for every role. Raises ValueError outside the class."""
    return first_failure(graph) is None
