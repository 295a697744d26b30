"""The canonical local machine of a role: silent events, then subset construction.

Events a role takes no part in are silent for it. The states of its machine are the sets of graph
states it cannot tell apart (Li, Stutz, Wies, Zufferey, CAV 2023, section 3, subset construction).

Sets of 40,000 states are never built: the graph is first reduced to what the role can tell apart.
States on a common silent cycle become one node; a node without an action of the role that leads
to one other node only is that node; all ends are one. Of a set of nodes only those count at which
the role acts or may stop. Two sets that reduce to the same nodes allow the same actions now and
ever after, and so become one state of the machine. It has the language of the textbook machine,
and never more states.
"""

from __future__ import annotations

from itertools import accumulate, compress
from typing import Final, NamedTuple

from tellverify.model.components import strongly_connected
from tellverify.model.graph import ProtocolGraph, stops_only_at_ends
from tellverify.model.machine import Action, Machine

_UNSEEN: Final = -1
_LARGEST_SETS: Final = 40


class RoleView(NamedTuple):
    """A graph as one role sees it.

    `node[s]` is the node of state `s`. `own[n]` lists the transitions with actions of the role
    that leave node `n`, ascending; `silent[n]` the nodes that silent events lead to, all smaller
    than `n`; `final[n]` says that a state of the node is final.
    """

    role: int
    node: list[int]
    own: list[tuple[int, ...]]
    silent: list[tuple[int, ...]]
    final: list[bool]


def bounded_machine(graph: ProtocolGraph, role: str, limit: int) -> Machine | None:
    """The canonical machine of `role`, numbered breadth-first in the order of transitions.

    None when it has more than `limit` states, since it may be exponentially larger than the graph,
    or when the sets of nodes behind them have more than 40 elements for each of `limit` states. A
    role that is not in the graph has a machine without moves.
    """
    view = role_view(graph, role)
    index = view.role
    sender, receiver, label = graph.sender, graph.receiver, graph.label
    target, node = graph.target, view.node
    by_nodes: dict[tuple[int, ...], int] = {}
    by_seeds: dict[tuple[int, ...], int] = {}
    actions: dict[tuple[bool, int, int], Action] = {}
    members: list[tuple[int, ...]] = []
    moves: list[tuple[tuple[Action, int], ...]] = []
    sites: list[tuple[int, ...]] = []
    final: list[bool] = []

    def state_of(seeds: tuple[int, ...]) -> int:
        number = by_seeds.get(seeds)
        if number is None:
            nodes = _closure(view, seeds)
            number = by_nodes.setdefault(nodes, len(members))
            by_seeds[seeds] = number
            if number == len(members):
                members.append(nodes)
        return number

    is_done = stops_only_at_ends(graph)
    state_of((node[0],))
    done = size = 0
    while done < len(members):
        if len(members) > limit or size > _LARGEST_SETS * limit:
            return None
        nodes = members[done]
        done += 1
        size += len(nodes)
        grouped: dict[tuple[bool, int, int], list[int]] = {}
        for transition in _own(view, nodes):
            sends = sender[transition] == index
            peer = receiver[transition] if sends else sender[transition]
            grouped.setdefault((sends, peer, label[transition]), []).append(transition)
        row: list[tuple[Action, int]] = []
        for key, transitions in grouped.items():
            action = actions.get(key)
            if action is None:
                action = actions[key] = Action(key[0], graph.roles[key[1]], graph.labels[key[2]])
            if len(transitions) == 1:
                seeds: tuple[int, ...] = (node[target[transitions[0]]],)
            else:
                seeds = tuple(sorted({node[target[transition]] for transition in transitions}))
            row.append((action, state_of(seeds)))
        moves.append(tuple(row))
        sites.append(tuple(graph.site[transitions[0]] for transitions in grouped.values()))
        final.append((is_done and not row) or any(view.final[each] for each in nodes))
    return Machine(role=role, moves=tuple(moves), final=tuple(final), sites=tuple(sites))


def role_view(graph: ProtocolGraph, role: str) -> RoleView:
    """`graph` reduced to what `role` can tell apart; linear in the graph."""
    index = _role_index(graph, role)
    view = _ViewBuilder(graph, index)
    view.build()
    return RoleView(index, view.node, view.own, view.silent, view.final)


def _role_index(graph: ProtocolGraph, role: str) -> int:
    return graph.roles.index(role) if role in graph.roles else _UNSEEN


class _ViewBuilder:
    """Strongly connected components of the silent events, reduced to one node each."""

    def __init__(self, graph: ProtocolGraph, role: int) -> None:
        self.graph = graph
        self.role = role
        self.node = [_UNSEEN] * graph.state_count
        self.own: list[tuple[int, ...]] = []
        self.silent: list[tuple[int, ...]] = []
        self.final: list[bool] = []
        self._interned: dict[tuple[tuple[int, ...], tuple[int, ...], bool], int] = {}

    def build(self) -> None:
        """Give a node to every state, after all nodes that silent events reach from it."""
        graph, role = self.graph, self.role
        first, sender, receiver = graph.first, graph.sender, graph.receiver
        is_silent = [
            one != role and other != role for one, other in zip(sender, receiver, strict=True)
        ]
        target = list(compress(graph.target, is_silent))
        before = [0, *accumulate(is_silent)]
        starts = [before[place] for place in first]
        for component in strongly_connected(starts, target, range(graph.state_count)):
            self._close(component)

    def _close(self, component: list[int]) -> None:
        """Make or find the node of a component."""
        graph, role, node = self.graph, self.role, self.node
        first, sender, receiver, target = graph.first, graph.sender, graph.receiver, graph.target
        own: list[int] = []
        silent: list[int] = []
        final = False
        for state in component:
            if graph.final[state]:
                final = True
            for transition in range(first[state], first[state + 1]):
                if sender[transition] == role or receiver[transition] == role:
                    own.append(transition)
                else:
                    successor = node[target[transition]]
                    if successor != _UNSEEN:
                        silent.append(successor)
        number = self._node(own, silent, final)
        for state in component:
            node[state] = number

    def _node(self, own: list[int], silent: list[int], final: bool) -> int:
        if not own and not final and silent and min(silent) == max(silent):
            return silent[0]
        own.sort()
        key = (tuple(own), tuple(sorted(set(silent))), final)
        number = self._interned.get(key)
        if number is None:
            number = self._interned[key] = len(self.own)
            self.own.append(key[0])
            self.silent.append(key[1])
            self.final.append(final)
        return number


def _own(view: RoleView, nodes: tuple[int, ...]) -> tuple[int, ...] | list[int]:
    """The role's transitions that leave `nodes`, ascending."""
    if len(nodes) == 1:
        return view.own[nodes[0]]
    return sorted(transition for node in nodes for transition in view.own[node])


def _closure(view: RoleView, seeds: tuple[int, ...]) -> tuple[int, ...]:
    """The nodes with an action or an end that silent events reach from `seeds`, ascending."""
    silent = view.silent
    if len(seeds) == 1 and not silent[seeds[0]] and view.own[seeds[0]]:
        return seeds
    seen = set(seeds)
    stack = list(seeds)
    while stack:
        for successor in silent[stack.pop()]:
            if successor not in seen:
                seen.add(successor)
                stack.append(successor)
    return tuple(sorted(node for node in seen if view.own[node] or view.final[node]))
