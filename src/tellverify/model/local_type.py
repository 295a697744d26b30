"""Local types: what one role does, as a term with recursion binders.

    L ::= end | q ⊕ {l.L, ...} | p & {l.L, ...} | μt.L | t

A term may be as long as the protocol (40,000 sends in a row), so it is kept flat: a tuple of nodes
that refer to each other by index, the root first, equal subterms shared. Comparing, hashing and
freeing such a term needs no stack.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

import msgspec


class Sort(msgspec.Struct, frozen=True):
    """The sort of a payload: `unit`, `nat`, `bool`, `string`, `real`, `vector` or `prod`.

    `size` belongs to `vector`, the two `parts` to `prod`.
    """

    kind: str = "unit"
    size: int = 0
    parts: tuple[Sort, ...] = ()

    def __str__(self) -> str:
        if self.kind == "vector":
            return f"vector of {self.size}"
        return f"({', '.join(map(str, self.parts))})" if self.kind == "prod" else self.kind


UNIT: Final = Sort()


class Alternative(msgspec.Struct, frozen=True):
    """One label of a choice and the index of the node that follows."""

    label: str
    then: int
    sort: Sort = UNIT


class End(msgspec.Struct, frozen=True):
    """The role has finished."""


class InternalChoice(msgspec.Struct, frozen=True):
    """`partner ⊕ {...}`: the role picks a label and sends it."""

    partner: str
    alternatives: tuple[Alternative, ...]


class ExternalChoice(msgspec.Struct, frozen=True):
    """`partner & {...}`: the role takes whichever label the partner picked."""

    partner: str
    alternatives: tuple[Alternative, ...]


class Mu(msgspec.Struct, frozen=True):
    """`μ variable. body`"""

    variable: str
    body: int


class Variable(msgspec.Struct, frozen=True):
    """Back to the binder of that name."""

    name: str


Node: TypeAlias = End | InternalChoice | ExternalChoice | Mu | Variable


class LocalType(msgspec.Struct, frozen=True):
    """A local type: `nodes[0]` is the root.

    Made by `TypeBuilder.build`, which numbers nodes in the order of a depth-first walk and shares
    equal subterms, so that equal terms are equal values. Every index is in range and greater than
    the index of the first node that refers to it; following indices never comes back to a node.
    """

    nodes: tuple[Node, ...]

    @property
    def root(self) -> Node:
        """The outermost constructor."""
        return self.nodes[0]


def successors(node: Node) -> tuple[int, ...]:
    """The indices that `node` refers to, in order."""
    match node:
        case InternalChoice(_, alternatives) | ExternalChoice(_, alternatives):
            return tuple(alternative.then for alternative in alternatives)
        case Mu(_, body):
            return (body,)
        case End() | Variable():
            return ()


class TypeBuilder:
    """Builds local types from the leaves up; equal subterms get one index."""

    def __init__(self) -> None:
        self._nodes: list[Node] = []
        self._index: dict[Node, int] = {}

    def add(self, node: Node) -> int:
        """The index of `node`, whose own indices must come from this builder."""
        index = self._index.setdefault(node, len(self._nodes))
        if index == len(self._nodes):
            self._nodes.append(node)
        return index

    def node(self, index: int) -> Node:
        """The node of an index."""
        return self._nodes[index]

    def build(self, root: int) -> LocalType:
        """The term at `root`, in its canonical numbering."""
        number: dict[int, int] = {}
        order: list[int] = []
        stack = [root]
        while stack:
            index = stack.pop()
            if index not in number:
                number[index] = len(order)
                order.append(index)
                stack.extend(reversed(successors(self._nodes[index])))
        return LocalType(tuple(redirected(self._nodes[index], number) for index in order))


def redirected(node: Node, number: Mapping[int, int]) -> Node:
    """`node` with every index replaced by its `number`."""
    match node:
        case InternalChoice(partner, alternatives):
            return InternalChoice(partner, _moved(alternatives, number))
        case ExternalChoice(partner, alternatives):
            return ExternalChoice(partner, _moved(alternatives, number))
        case Mu(variable, body):
            return Mu(variable, number[body])
        case End() | Variable():
            return node


def _moved(
    alternatives: tuple[Alternative, ...], number: Mapping[int, int]
) -> tuple[Alternative, ...]:
    return tuple(Alternative(each.label, number[each.then], each.sort) for each in alternatives)


def with_names(node: Node, names: Mapping[str, str]) -> Node:
    """`node` with the name of its binder or variable replaced."""
    match node:
        case Mu(variable, body):
            return Mu(names[variable], body)
        case Variable(name):
            return Variable(names[name])
        case End() | InternalChoice() | ExternalChoice():
            return node


def postorder(local: LocalType) -> Iterator[int]:
    """Indices of all nodes, each after those it refers to."""
    done = bytearray(len(local.nodes))
    stack = [(0, successors(local.nodes[0]), 0)]
    done[0] = 1
    while stack:
        index, following, place = stack.pop()
        while place < len(following) and done[following[place]]:
            place += 1
        if place == len(following):
            yield index
            continue
        stack.append((index, following, place + 1))
        successor = following[place]
        done[successor] = 1
        stack.append((successor, successors(local.nodes[successor]), 0))


def variable_names() -> Iterator[str]:
    """Names for recursion variables: X, Y, Z, X1, Y1, Z1, X2, ..."""
    number = 0
    while True:
        for letter in "XYZ":
            yield f"{letter}{number}" if number else letter
        number += 1
