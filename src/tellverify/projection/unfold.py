"""Machines of local types: binders and variables become cycles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

import msgspec

from tellverify.model.local_type import (
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
    with_names,
)
from tellverify.model.machine import Action, Machine

_COPIES: Final = 100_000  # nodes that giving every binder its own name may make
_OPEN: Final = -1
_PENDING: Final = -2

_Scoped: TypeAlias = tuple[int, tuple[tuple[str, str], ...]]  # a node, what its free names mean


class NoMachine(msgspec.Struct, frozen=True):
    """A term is not a local type of a machine.

    `reason` is `unbound-variable`, `unguarded` (a variable leads back to itself without an
    action), `empty-choice`, `label-twice`, `own-partner` or `too-large`; `name` is the variable,
    label or partner.
    """

    reason: str
    name: str


def machine_of_type(local: LocalType, role: str) -> Machine | NoMachine:
    """The machine of `role` that does what `local` says, numbered breadth-first.

    Its states are the choices and ends of the term; binders and variables leave no trace.
    """
    apart = _renamed_apart(local)
    if isinstance(apart, NoMachine):
        return apart
    place = _unfolded(apart)
    if isinstance(place, NoMachine):
        return place
    number = {place[0]: 0}
    order = [place[0]]
    moves: list[tuple[tuple[Action, int], ...]] = []
    final: list[bool] = []
    for index in order:  # grows
        node = apart.nodes[index]
        fault = _choice_fault(node, role)
        if fault is not None:
            return fault
        row: list[tuple[Action, int]] = []
        for action, then in _actions(node):
            to = number.setdefault(place[then], len(order))
            if to == len(order):
                order.append(place[then])
            row.append((action, to))
        moves.append(tuple(row))
        final.append(isinstance(node, End))
    return Machine(role=role, moves=tuple(moves), final=tuple(final))


def _actions(node: Node) -> Iterator[tuple[Action, int]]:
    match node:
        case InternalChoice(partner, alternatives) | ExternalChoice(partner, alternatives):
            send = isinstance(node, InternalChoice)
            for each in alternatives:
                yield Action(send, partner, each.label), each.then
        case End() | Mu() | Variable():
            return


def _choice_fault(node: Node, role: str) -> NoMachine | None:
    match node:
        case InternalChoice(partner, alternatives) | ExternalChoice(partner, alternatives):
            if not alternatives:
                return NoMachine("empty-choice", partner)
            if partner == role:
                return NoMachine("own-partner", partner)
            labels: set[str] = set()
            for each in alternatives:
                if each.label in labels:
                    return NoMachine("label-twice", each.label)
                labels.add(each.label)
        case End() | Mu() | Variable():
            pass
    return None


def _unfolded(local: LocalType) -> list[int] | NoMachine:
    """For each node the choice or end that it stands for; binders have different names."""
    binder = {node.variable: i for i, node in enumerate(local.nodes) if isinstance(node, Mu)}
    place = [_OPEN] * len(local.nodes)
    for index in range(len(local.nodes)):
        chain: list[int] = []
        here = index
        while place[here] == _OPEN:
            node = local.nodes[here]
            if isinstance(node, Mu):
                following = node.body
            elif isinstance(node, Variable):
                following = binder[node.name]
            else:
                place[here] = here
                break
            place[here] = _PENDING
            chain.append(here)
            here = following
        if place[here] == _PENDING:
            return NoMachine("unguarded", _variable_of(local.nodes[here]))
        for each in chain:
            place[each] = place[here]
    return place


def _variable_of(node: Node) -> str:
    match node:
        case Mu(name, _) | Variable(name):
            return name
        case End() | InternalChoice() | ExternalChoice():
            return ""


def _renamed_apart(local: LocalType) -> LocalType | NoMachine:
    """`local` with binders of different names; NoMachine when it is not closed."""
    free: dict[int, frozenset[str]] = {}
    binders = [node.variable for node in local.nodes if isinstance(node, Mu)]
    for index in postorder(local):
        node = local.nodes[index]
        if isinstance(node, Variable):
            free[index] = frozenset({node.name})
        else:
            names = [free[each] for each in successors(node)]
            inner = names[0] if len(set(names)) == 1 else frozenset[str]().union(*names)
            free[index] = inner - {node.variable} if isinstance(node, Mu) else inner
    if free[0]:
        return NoMachine("unbound-variable", min(free[0]))
    if len(set(binders)) == len(binders):
        return local
    builder = TypeBuilder()
    built: dict[_Scoped, int] = {}
    root: _Scoped = (0, ())
    stack = [root]
    fresh: dict[_Scoped, str] = {}
    while stack:
        index, scope = key = stack[-1]
        if key in built:
            stack.pop()
            continue
        node = local.nodes[index]
        inner_scope = dict(scope)
        if isinstance(node, Mu):
            inner_scope[node.variable] = fresh.setdefault(key, str(len(fresh)))
        keys: dict[int, _Scoped] = {
            each: (each, tuple((name, inner_scope[name]) for name in sorted(free[each])))
            for each in successors(node)
        }
        missing = [each for each in keys.values() if each not in built]
        if missing:
            stack += missing
            continue
        stack.pop()
        if len(built) > _COPIES:
            return NoMachine("too-large", "")
        moved = redirected(node, {each: built[inner] for each, inner in keys.items()})
        built[key] = builder.add(with_names(moved, inner_scope))
    return builder.build(built[root])
