"""Is a relation one of asynchronous subtyping? Every node is looked at by itself.

The conditions are those of `tellverify.projection.subtyping`, written a second time: each move of
the refining machine leads to a node of the relation, and no cycle of nodes is a bad one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from tellverify.evidence.recheck.graph import Rejected, require
from tellverify.evidence.versions_file import ReceiveRow, RelationRow, SendRow
from tellverify.model.components import strongly_connected
from tellverify.model.machine import Action, Machine

_Tree: TypeAlias = "int | _Awaiting | _PutOff"
_Node: TypeAlias = "tuple[int, _Tree]"


class _Awaiting(NamedTuple):
    branches: tuple[tuple[Action, _Tree], ...]


class _PutOff(NamedTuple):
    action: Action
    rest: _Tree


def check_relation(
    row: RelationRow, small: Machine, large: Machine, sendable: Collection[tuple[str, str]]
) -> None:
    """`small` refines `large` by the nodes of `row`. Raises Rejected.

    `sendable` has `(sender, label)` of what the peers of `large` may send to it.
    """
    where = f"relations[{row.role}]"
    nodes = {(state, _tree(tree)): n for n, (state, tree) in enumerate(row.nodes)}
    require((0, 0) in nodes, where, "the initial node is missing")
    states = range(small.state_count)
    require(all(state in states for state, _ in nodes), where, "there is no such state")
    first, target, receives = [0], [], []
    short: set[int] = set()
    for (state, tree), n in nodes.items():
        try:
            for after, is_reception in _moves(small, large, state, tree, sendable):
                require(after in nodes, where, "a move leads out of the relation")
                target.append(nodes[after])
                receives.append(is_reception)
            if _leaves_out(small, large, state, tree):
                short.add(n)
        except (LookupError, RecursionError):
            raise Rejected(where, f"node {n} is none of subtyping") from None
        first.append(len(target))
    busy = {n for (_, tree), n in nodes.items() if not isinstance(tree, int)}
    require(not _on_cycle(first, target, receives, busy, sends_only=True), where, "bad cycle")
    require(not _on_cycle(first, target, receives, short, sends_only=False), where, "bad cycle")


def _tree(row: int | ReceiveRow | SendRow) -> _Tree:
    match row:
        case int():
            return row
        case SendRow(peer=peer, label=label, rest=rest):
            return _PutOff(Action(True, peer, label), _tree(rest))
        case ReceiveRow(branches=branches):
            return _Awaiting(
                tuple(
                    (Action(False, sender, label), _tree(rest)) for sender, label, rest in branches
                )
            )


def _moves(
    small: Machine,
    large: Machine,
    state: int,
    tree: _Tree,
    sendable: Collection[tuple[str, str]],
) -> Iterator[tuple[_Node, bool]]:
    """The nodes after each move, and whether it is a reception. Raises LookupError."""
    row = small.moves[state]
    if not row:
        if not (small.final[state] and isinstance(tree, int)):
            raise LookupError
        if large.moves[tree] or not large.final[tree]:
            raise LookupError
        return
    if small.final[state] or len({action.send for action, _ in row}) > 1:
        raise LookupError
    if row[0][0].send:
        for action, target in row:
            yield (target, _after(large, tree, action)), False
        return
    awaited = _awaited(large, tree)
    taken = dict(row)
    senders = {action.peer for action in awaited}
    for action in taken.keys() - awaited.keys():
        if action.peer not in senders or (action.peer, action.label) in sendable:
            raise LookupError
    for action, rest in awaited.items():
        yield (taken[action], rest), True


def _awaited(large: Machine, tree: _Tree) -> Mapping[Action, _Tree]:
    """What has to be received next. Raises LookupError where it is something else."""
    match tree:
        case _Awaiting(branches=branches):
            return dict(branches)
        case _PutOff():
            raise LookupError
        case int():
            row = large.moves[tree]
            if not row or large.final[tree] or any(action.send for action, _ in row):
                raise LookupError
            return dict(row)


def _after(large: Machine, tree: _Tree, action: Action) -> _Tree:
    """`tree` when `action` was done ahead of the rest. Raises LookupError."""
    match tree:
        case _Awaiting(branches=branches):
            return _Awaiting(tuple((one, _after(large, rest, action)) for one, rest in branches))
        case _PutOff(action=first, rest=rest):
            if first == action:
                return rest
            if first.peer == action.peer:
                raise LookupError
            return _PutOff(first, _after(large, rest, action))
        case int():
            row = large.moves[tree]
            if large.final[tree] or len({one.send for one, _ in row}) != 1:
                raise LookupError
            if action in dict(row):
                return dict(row)[action]
            if not row[0][0].send:
                return _after(large, _Awaiting(row), action)
            if len(row) > 1:
                raise LookupError
            return _after(large, _PutOff(*row[0]), action)


def _leaves_out(small: Machine, large: Machine, state: int, tree: _Tree) -> bool:
    """Whether a sending node does not offer all that a leaf of its tree may send."""
    offered = {action for action, _ in small.moves[state] if action.send}
    if not offered:
        return False
    match tree:
        case _Awaiting(branches=branches):
            return any(_leaves_out(small, large, state, rest) for _, rest in branches)
        case _PutOff(rest=rest):
            return _leaves_out(small, large, state, rest)
        case int():
            row = large.moves[tree]
            return len(row) > 1 and any(one.send and one not in offered for one, _ in row)


def _on_cycle(
    first: list[int], target: list[int], receives: list[bool], bad: set[int], *, sends_only: bool
) -> bool:
    """Whether a cycle, of sends alone if `sends_only`, runs through one of the `bad` nodes."""
    starts, ends = [0], []
    for low, high in pairwise(first):
        ends += [target[e] for e in range(low, high) if not (sends_only and receives[e])]
        starts.append(len(ends))
    for nodes in strongly_connected(starts, ends, range(len(first) - 1)):
        turns = len(nodes) > 1 or nodes[0] in ends[starts[nodes[0]] : starts[nodes[0] + 1]]
        if turns and not bad.isdisjoint(nodes):
            return True
    return False
