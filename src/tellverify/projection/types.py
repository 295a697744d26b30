"""Local types of machines."""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from tellverify.model.components import strongly_connected
from tellverify.model.local_type import (
    Alternative,
    End,
    ExternalChoice,
    InternalChoice,
    LocalType,
    Mu,
    Node,
    TypeBuilder,
    Variable,
    postorder,
    redirected,
    successors,
    variable_names,
    with_names,
)
from tellverify.model.machine import Machine
from tellverify.projection.loops import Loops, find_loops

_COPIES: Final = 10_000  # nodes that copying the bodies of cycles may make


_Place: TypeAlias = tuple[int, frozenset[int]]  # a state, and those it can come back to


class NoLocalType(msgspec.Struct, frozen=True):
    """`state` of a machine cannot be written as a local type.

    `reason` is `mixed-choice` (it sends and receives), `several-partners`,
    `final-with-successors` or `too-large` (cycles with several entries, whose copies do not fit).
    """

    reason: str
    state: int


def local_type(machine: Machine) -> LocalType | NoLocalType:
    """The local type of a machine; recursion variables are X, Y, Z, X1, ... from outside.

    A state on a cycle becomes a μ where the cycle is entered. A cycle that is entered at several
    states is copied for each. A state without moves is the end of the role, even where the others
    go on forever and the protocol has no end.
    """
    first = [0]
    target: list[int] = []
    for row in machine.moves:
        target += [to for _, to in row]
        first.append(len(target))
    loops = find_loops(first, target)
    for state in sorted(loops.order):
        reason = _fault(machine, state)
        if reason:
            return NoLocalType(reason, state)
    if loops.second_entry is None:
        return _of_reducible(machine, loops, first)
    return _by_copies(machine, _cyclic_reach(first, target))


def _fault(machine: Machine, state: int) -> str:
    row = machine.moves[state]
    if not row:
        return ""
    if machine.final[state]:
        return "final-with-successors"
    lead = row[0][0]
    if any(action.send != lead.send for action, _ in row):
        return "mixed-choice"
    if any(action.peer != lead.peer for action, _ in row):
        return "several-partners"
    return ""


def _node(machine: Machine, state: int, following: list[int]) -> Node:
    row = machine.moves[state]
    if not row:
        return End()
    alternatives = tuple(
        Alternative(action.label, then) for (action, _), then in zip(row, following, strict=True)
    )
    made = InternalChoice if row[0][0].send else ExternalChoice
    return made(row[0][0].peer, alternatives)


def _of_reducible(machine: Machine, loops: Loops, first: list[int]) -> LocalType:
    builder = TypeBuilder()
    built: dict[int, int] = {}
    for state in loops.order:
        following = [
            builder.add(Variable(str(to))) if loops.back[transition] else built[to]
            for transition, (_, to) in enumerate(machine.moves[state], first[state])
        ]
        index = builder.add(_node(machine, state, following))
        built[state] = builder.add(Mu(str(state), index)) if loops.head[state] else index
    return _named(builder.build(built[0]))


def _by_copies(machine: Machine, reach: dict[int, frozenset[int]]) -> LocalType | NoLocalType:
    """As a tree walk from the initial state, where equal continuations are built once.

    What follows a state depends on the states of the path that it can come back to, so those are
    the key.
    """
    builder = TypeBuilder()
    built: dict[_Place, int] = {}
    root: _Place = (0, frozenset())
    stack = [root]
    while stack:
        state, path = key = stack[-1]
        here = path | {state}
        following: list[int] = []
        missing: list[_Place] = []
        for _, to in machine.moves[state]:
            inner = (to, here & reach[to])
            if to in here:
                following.append(builder.add(Variable(str(to))))
            elif inner in built:
                following.append(built[inner])
            else:
                missing.append(inner)
        if missing:
            stack.extend(reversed(missing))
            continue
        stack.pop()
        if len(built) > _COPIES:
            return NoLocalType("too-large", state)
        index = builder.add(_node(machine, state, following))
        # without a way back to itself the binder would be idle
        built[key] = builder.add(Mu(str(state), index)) if state in reach[state] else index
    return _named(_without_idle_binders(builder.build(built[root])))


def _cyclic_reach(first: list[int], target: list[int]) -> dict[int, frozenset[int]]:
    """For each reachable state those on a common cycle with it; none for one on no cycle."""
    result: dict[int, frozenset[int]] = {}
    for states in strongly_connected(first, target, [0]):
        lead = states[0]
        is_cycle = len(states) > 1 or lead in target[first[lead] : first[lead + 1]]
        together = frozenset(states if is_cycle else ())
        result.update(dict.fromkeys(states, together))
    return result


def _without_idle_binders(local: LocalType) -> LocalType:
    """`local` without binders whose variable does not occur below them."""
    builder = TypeBuilder()
    built: dict[int, int] = {}
    free: dict[int, frozenset[str]] = {}
    for index in postorder(local):
        node = local.nodes[index]
        names = frozenset[str]().union(*(free[each] for each in successors(node)))
        if isinstance(node, Mu):
            free[index] = names - {node.variable}
            body = built[node.body]
            used = node.variable in names
            built[index] = builder.add(Mu(node.variable, body)) if used else body
            continue
        free[index] = frozenset({node.name}) if isinstance(node, Variable) else names
        built[index] = builder.add(redirected(node, built))
    return builder.build(built[0])


def _named(local: LocalType) -> LocalType:
    """`local` with variables named X, Y, Z, X1, ... in the order of its nodes."""
    fresh = variable_names()
    names: dict[str, str] = {}
    for node in local.nodes:
        if isinstance(node, Mu) and node.variable not in names:
            names[node.variable] = next(fresh)
    return LocalType(tuple(with_names(node, names) for node in local.nodes))
