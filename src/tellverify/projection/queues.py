"""How long the queue of a channel can get.

At the moment of a send from p to q, the messages that can still be queued are those whose
reception does not lie in the causal past of the send. So count the messages p sends from some
message on while p does not depend on q having received that one. Dependence is a growing set of
blocked roles, as for availability (Li, Stutz, Wies, Zufferey, OOPSLA 2025, Definition 4.2).
"""

from __future__ import annotations

from collections.abc import Set
from typing import Final

import msgspec

from tellverify.model.components import strongly_connected
from tellverify.model.graph import ProtocolGraph
from tellverify.projection.availability import AvailabilityBudget, OutOfBudget
from tellverify.projection.congruence import channel_suspects

_LOOPS: Final = 32  # loops that are compared, of which a shortest is shown


class QueueBound(msgspec.Struct, frozen=True):
    """The longest queue of one channel; `longest` is None when it can grow without limit.

    Then `history` is a run as `(is a send, transition)` pairs that is repeated from index `loop`
    on and leaves one message more in the queue each time.
    """

    sender: int
    receiver: int
    longest: int | None
    history: tuple[tuple[bool, int], ...] = ()
    loop: int = -1


class QueueBounds(msgspec.Struct, frozen=True):
    """Channels in order of their first message; `undecided` ones exceeded the budget."""

    bounds: tuple[QueueBound, ...]
    undecided: tuple[tuple[int, int], ...]


def queue_bounds(graph: ProtocolGraph, steps: int) -> QueueBounds:
    """The exact bound of every channel of an implementable protocol of the class.

    Channels on which an answer lies between any two messages hold at most one and are recognised
    in one near-linear pass over all channels; others are searched within `steps`.
    """
    suspects = channel_suspects(graph)
    budget = AvailabilityBudget(steps)
    bounds: list[QueueBound] = []
    undecided: list[tuple[int, int]] = []
    sends: dict[tuple[int, int], list[int]] = {}
    for e, channel in enumerate(zip(graph.sender, graph.receiver, strict=True)):
        sends.setdefault(channel, []).append(e)
    for channel, edges in sends.items():
        if channel not in suspects:
            bounds.append(QueueBound(*channel, 1))
            continue
        try:
            bounds.append(_QueueSearch(graph, channel, edges, budget).bound())
        except OutOfBudget:
            undecided.append(channel)
    return QueueBounds(tuple(bounds), tuple(undecided))


class _QueueSearch:
    """The graph of `(state, blocked roles)` behind all messages of one channel."""

    def __init__(
        self,
        graph: ProtocolGraph,
        channel: tuple[int, int],
        edges: list[int],
        budget: AvailabilityBudget,
    ) -> None:
        self.graph = graph
        self.channel = channel
        self.starts: list[tuple[int, int]] = []  # (node, the message that leads to it)
        self.nodes: list[tuple[int, int]] = []
        self.first: list[int] = [0]
        self.target: list[int] = []
        self.event: list[int] = []
        self.counts: list[bool] = []
        self._explore(edges, budget)

    def _explore(self, edges: list[int], budget: AvailabilityBudget) -> None:
        graph = self.graph
        p, q = self.channel
        index: dict[tuple[int, int], int] = {}
        for e in edges:
            node = (graph.target[e], 1 << q)
            self.starts.append((index.setdefault(node, len(index)), e))
        self.nodes.extend(index)
        number = 0
        while number < len(self.nodes):
            state, blocked = self.nodes[number]
            budget.spend(graph.first[state + 1] - graph.first[state] + 1)
            for e in range(graph.first[state], graph.first[state + 1]):
                is_blocked = blocked >> graph.sender[e] & 1
                after = blocked | 1 << graph.receiver[e] if is_blocked else blocked
                if after >> p & 1:
                    continue  # whatever p sends from here on, the message has been received
                node = (graph.target[e], after)
                if node not in index:
                    index[node] = len(index)
                    self.nodes.append(node)
                self.target.append(index[node])
                self.event.append(e)
                self.counts.append(graph.sender[e] == p and graph.receiver[e] == q)
            self.first.append(len(self.target))
            number += 1

    def bound(self) -> QueueBound:
        """The longest queue, or a shortest run into a loop in which it grows."""
        components = list(strongly_connected(self.first, self.target, [n for n, _ in self.starts]))
        component_of = {node: i for i, members in enumerate(components) for node in members}
        longest = [0] * len(components)
        growing: list[tuple[int, int]] = []
        for number, members in enumerate(components):
            for node in members:
                for edge in range(self.first[node], self.first[node + 1]):
                    below = component_of[self.target[edge]]
                    if below == number and self.counts[edge]:
                        growing.append((edge, node))
                    more = longest[below] + self.counts[edge]
                    longest[number] = max(longest[number], more)
        if growing:
            shown = [self._growing(*one) for one in sorted(growing)[:_LOOPS]]
            return min(shown, key=lambda one: (len(one.history), -one.loop))
        best = max(longest[component_of[node]] for node, _ in self.starts)
        return QueueBound(*self.channel, 1 + best)

    def _growing(self, edge: int, node: int) -> QueueBound:
        """A shortest run into a shortest loop through `edge`, which leaves `node`."""
        cycle, _ = self._path([self.target[edge]], {node})
        loop = [edge, *cycle]
        heads = [node, *(self.target[i] for i in loop[:-1])]  # where each edge of the loop begins
        stem, start = self._path([n for n, _ in self.starts], set(heads))
        place = heads.index(self.target[stem[-1]] if stem else start)
        events = [self.event[i] for i in loop[place:] + loop[:place]]
        messages = [e for n, e in self.starts if n == start]
        message = events[-1] if not stem and events[-1] in messages else messages[0]
        history = [(send, e) for e in self._run_to(message) for send in (True, False)]
        blocked = {self.channel[1]}
        if not stem and message == events[-1]:
            events = [message, *events[:-1]]  # the first message is already one of the loop
        else:
            self._perform(history, [message], blocked)
            self._perform(history, [self.event[i] for i in stem], blocked)
        begin = len(history)
        self._perform(history, events, blocked)
        return QueueBound(*self.channel, None, tuple(history), begin)

    def _perform(
        self, history: list[tuple[bool, int]], events: list[int], blocked: set[int]
    ) -> None:
        """Append what happens of `events` while the receiver of the channel rests."""
        for e in events:
            p, q = self.graph.sender[e], self.graph.receiver[e]
            if p in blocked:
                blocked.add(q)
                continue
            history.append((True, e))
            if q not in blocked:
                history.append((False, e))

    def _path(self, starts: list[int], goals: Set[int]) -> tuple[list[int], int]:
        """A shortest path of edges to a node of `goals`, and the start it comes from."""
        before: dict[int, tuple[int, int]] = {}
        order = list(dict.fromkeys(starts))
        seen = set(order)
        for node in order:
            if node in goals:
                path = []
                while node in before:
                    node, edge = before[node]
                    path.append(edge)
                return path[::-1], node
            for edge in range(self.first[node], self.first[node + 1]):
                below = self.target[edge]
                if below not in seen:
                    seen.add(below)
                    before[below] = (node, edge)
                    order.append(below)
        raise ValueError(f"no node of {goals} can be reached")

    def _run_to(self, message: int) -> list[int]:
        """A shortest run of the protocol to the state before `message`."""
        graph = self.graph
        before: dict[int, tuple[int, int]] = {}
        order = [0]
        seen = {0}
        for state in order:
            if graph.first[state] <= message < graph.first[state + 1]:
                run = []
                while state in before:
                    state, e = before[state]
                    run.append(e)
                return run[::-1]
            for e in range(graph.first[state], graph.first[state + 1]):
                if graph.target[e] not in seen:
                    seen.add(graph.target[e])
                    before[graph.target[e]] = (state, e)
                    order.append(graph.target[e])
        raise ValueError(f"transition {message} cannot be reached")
