"""Asynchronous subtyping of machines: when one may stand in for another, whatever its peers.

A machine refines another when it does what that one must do, sends no more than that one may, takes
all that one takes, and may send ahead of receptions and of sends to others: messages wait in queues
(precise asynchronous subtyping: Ghilezan, Pantovic, Prokic, Scalas, Yoshida, POPL 2021). Whether it
does is undecidable; the algorithm is sound and not complete (after the input trees of Bravetti,
Carbone, Lange, Yoshida, Zavattaro, 2019). A node is a state of the smaller machine with a tree of
actions that the larger one still has to do; its leaves are states of the larger machine.

- the smaller one sends: every leaf can, behind receptions and single sends to other roles;
- it receives: the root of the tree does, and all its labels are taken. Further labels may only be
  from a role awaited there, and be such that no peer of the larger machine ever sends them;
- it has terminated: so has the larger one, with nothing left to do;
- no cycle of sends runs through a node with something left to do (messages would stay unread), and
  no cycle through one that leaves out a send (who waits for that exit of a loop would be stuck).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final, TypeAlias

import msgspec

from tellverify.model.components import strongly_connected
from tellverify.model.machine import Action, Machine

_DEEPEST: Final = 6  # actions that one send may go ahead of
_HIGHEST: Final = 12  # actions that may be left to do
_MOST_NODES: Final = 4_000
_WIDEST: Final = 200  # leaves of a tree

# A leaf is a state of the larger machine.
ActionTree: TypeAlias = "int | PendingReceive | PendingSend"


class PendingReceive(msgspec.Struct, frozen=True):
    """A reception that the larger machine still has to do, with what follows each label."""

    branches: tuple[tuple[Action, ActionTree], ...]


class PendingSend(msgspec.Struct, frozen=True):
    """A send that the larger machine has to do first, and the smaller one has put off."""

    action: Action
    rest: ActionTree


RelationNode: TypeAlias = tuple[int, ActionTree]


class SubtypeRelation(msgspec.Struct, frozen=True):
    """The nodes that show that a machine refines another, and what it does ahead, in words.

    `ahead` are pairs of actions: the send, and the first action that it goes ahead of.
    """

    nodes: tuple[RelationNode, ...]
    ahead: tuple[tuple[Action, Action], ...]
    fewer: tuple[Action, ...]
    more: tuple[Action, ...]


def refines(
    smaller: Machine, larger: Machine, sendable: Collection[tuple[str, str]]
) -> SubtypeRelation | None:
    """A relation that shows that `smaller` refines `larger`; None where none was found.

    `sendable` has the `(sender, label)` of every message that the peers of `larger` may send to it.
    """
    game = _Game(smaller, larger, frozenset(sendable))
    return game.relation() if game.explore() else None


class _Game:
    """The nodes that are reached, with their edges: target, and whether it is a reception."""

    def __init__(
        self, smaller: Machine, larger: Machine, sendable: frozenset[tuple[str, str]]
    ) -> None:
        self.smaller = smaller
        self.larger = larger
        self.sendable = sendable
        self.edges: dict[RelationNode, list[tuple[RelationNode, bool]]] = {}
        self.leaves_out: set[RelationNode] = set()
        self.ahead: dict[tuple[Action, Action], None] = {}
        self.fewer: dict[Action, None] = {}
        self.more: dict[Action, None] = {}

    def relation(self) -> SubtypeRelation:
        return SubtypeRelation(
            tuple(self.edges), tuple(self.ahead), tuple(self.fewer), tuple(self.more)
        )

    def explore(self) -> bool:
        """Reach all nodes; False where one fails, there are too many, or a cycle is bad."""
        todo: list[RelationNode] = [(0, 0)]
        while todo:
            node = todo.pop()
            if node in self.edges:
                continue
            found = self._followed(node)
            if found is None or len(self.edges) >= _MOST_NODES:
                return False
            self.edges[node] = found
            todo.extend(target for target, _ in found)
        return not self._has_bad_cycle()

    def _followed(self, node: RelationNode) -> list[tuple[RelationNode, bool]] | None:
        state, tree = node
        moves = self.smaller.moves[state]
        if not moves:
            gone = isinstance(tree, int) and self.larger.final[tree] and not self.larger.moves[tree]
            return [] if gone and self.smaller.final[state] else None
        if self.smaller.final[state] or len({action.send for action, _ in moves}) > 1:
            return None  # mixed states and such that may stop are not claimed
        return self._sent(node) if moves[0][0].send else self._received(node)

    def _sent(self, node: RelationNode) -> list[tuple[RelationNode, bool]] | None:
        state, tree = node
        found: list[tuple[RelationNode, bool]] = []
        for action, target in self.smaller.moves[state]:
            after = self._advanced(tree, action, 0)
            if after is None or _height(after) > _HIGHEST or _width(after) > _WIDEST:
                return None
            self._note_ahead(tree, action)
            found.append(((target, after), False))
        offered = {action for action, _ in self.smaller.moves[state]}
        left_out = [a for a in self._sends_of(tree) if a not in offered]
        if left_out:
            self.leaves_out.add(node)
            self.fewer.update(dict.fromkeys(left_out))
        return found

    def _note_ahead(self, tree: ActionTree, action: Action) -> None:
        match tree:
            case PendingReceive(branches=branches):
                self.ahead[action, branches[0][0]] = None
            case PendingSend(action=first) if first != action:
                self.ahead[action, first] = None
            case PendingSend():
                pass
            case int():
                row = self.larger.moves[tree]
                if all(offered != action for offered, _ in row):
                    self.ahead[action, row[0][0]] = None

    def _sends_of(self, tree: ActionTree) -> Iterator[Action]:
        """What the leaves of a tree may send, at once or after what they have to do first."""
        match tree:
            case PendingReceive(branches=branches):
                for _, rest in branches:
                    yield from self._sends_of(rest)
            case PendingSend(rest=rest):
                yield from self._sends_of(rest)
            case int():
                row = self.larger.moves[tree]
                if len(row) > 1:
                    yield from (action for action, _ in row if action.send)

    def _advanced(self, tree: ActionTree, action: Action, depth: int) -> ActionTree | None:
        """`tree` after `action`, which goes ahead of the remaining actions; None if it cannot."""
        if depth > _DEEPEST:
            return None
        match tree:
            case PendingReceive(branches=branches):
                rows = []
                for label, rest in branches:
                    after = self._advanced(rest, action, depth + 1)
                    if after is None:
                        return None
                    rows.append((label, after))
                return PendingReceive(tuple(rows))
            case PendingSend(action=first, rest=rest):
                if first == action:
                    return rest
                if first.peer == action.peer:
                    return None
                after = self._advanced(rest, action, depth + 1)
                return None if after is None else PendingSend(first, after)
            case int():
                return self._advanced_leaf(tree, action, depth)

    def _advanced_leaf(self, state: int, action: Action, depth: int) -> ActionTree | None:
        row = self.larger.moves[state]
        target = dict(row).get(action)
        kinds = {offered.send for offered, _ in row}
        if self.larger.final[state] or len(kinds) != 1:
            return None
        if target is not None:
            return target
        if kinds == {False}:
            return self._advanced(PendingReceive(row), action, depth)
        if len(row) == 1 and row[0][0].peer != action.peer:
            return self._advanced(PendingSend(*row[0]), action, depth)
        return None

    def _received(self, node: RelationNode) -> list[tuple[RelationNode, bool]] | None:
        state, tree = node
        row = self.smaller.moves[state]
        match tree:
            case PendingReceive(branches=branches):
                awaited: Mapping[Action, ActionTree] = dict(branches)
            case PendingSend():
                return None
            case int():
                moves = self.larger.moves[tree]
                if not moves or self.larger.final[tree] or any(a.send for a, _ in moves):
                    return None
                awaited = dict(moves)
        taken = dict(row)
        if not awaited.keys() <= taken.keys():
            return None
        peers = {action.peer for action in awaited}
        for action in taken.keys() - awaited.keys():
            if action.peer not in peers or (action.peer, action.label) in self.sendable:
                return None
            self.more[action] = None
        return [((taken[action], rest), True) for action, rest in awaited.items()]

    def _has_bad_cycle(self) -> bool:
        """A cycle of sends with something left to do, or any cycle that leaves out a send."""
        number = {node: n for n, node in enumerate(self.edges)}
        for only_sends in (True, False):
            first, target = [0], []
            for followed in self.edges.values():
                target += [number[t] for t, receives in followed if not (only_sends and receives)]
                first.append(len(target))
            for component in _cyclic(first, target):
                nodes = [node for node, n in number.items() if n in component]
                if only_sends and any(not isinstance(tree, int) for _, tree in nodes):
                    return True
                if not only_sends and any(node in self.leaves_out for node in nodes):
                    return True
        return False


def _cyclic(first: list[int], target: list[int]) -> Iterator[set[int]]:
    """The strongly connected components in which a walk can go round."""
    for nodes in strongly_connected(first, target, range(len(first) - 1)):
        if len(nodes) > 1 or any(n in target[first[n] : first[n + 1]] for n in nodes):
            yield set(nodes)


def _height(tree: ActionTree) -> int:
    match tree:
        case PendingReceive(branches=branches):
            return 1 + max(_height(rest) for _, rest in branches)
        case PendingSend(rest=rest):
            return 1 + _height(rest)
        case int():
            return 0


def _width(tree: ActionTree) -> int:
    match tree:
        case PendingReceive(branches=branches):
            return sum(_width(rest) for _, rest in branches)
        case PendingSend(rest=rest):
            return _width(rest)
        case int():
            return 1


def sent_to(role: str, machines: Collection[Machine]) -> set[tuple[str, str]]:
    """The `(sender, label)` of every message that some of `machines` may send to `role`."""
    return {
        (machine.role, action.label)
        for machine in machines
        for row in machine.moves
        for action, _ in row
        if action.send and action.peer == role
    }
