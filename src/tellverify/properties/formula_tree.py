"""Properties as they are written: the tree that the parser makes, before names are looked up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

from tellverify.source.span import NOWHERE, Span

BinaryOperator: TypeAlias = Literal[
    "and",
    "or",
    "implies",
    "iff",
    "until",
    "release",
    "weak-until",
    "never-after",
    "followed-by",
    "only-after",
    "either",
]


class NameFormula(msgspec.Struct, frozen=True):
    """A word of a formula and where it stands in it."""

    text: str
    span: Span


class RoleName(msgspec.Struct, frozen=True):
    """A role: `A`, `Devices[2]`, `Devices[*]`, `Devices[i]`, or `*` for any."""

    name: NameFormula
    index: NameFormula | None = None


class MessageAtom(msgspec.Struct, frozen=True, tag=True):
    """The sending or the reception of a message; a missing role is any."""

    action: Literal["send", "receive"]
    sender: RoleName | None
    receiver: RoleName | None
    label: NameFormula


class Takes(msgspec.Struct, frozen=True, tag=True):
    """`R takes Commit`: R begins a branch. Without a role, any role does."""

    role: RoleName | None
    branch: NameFormula


class Finished(msgspec.Struct, frozen=True, tag=True):
    """`R finished`"""

    role: RoleName


class At(msgspec.Struct, frozen=True, tag=True):
    """`R at Label`"""

    role: RoleName
    label: NameFormula


class Compare(msgspec.Struct, frozen=True, tag=True):
    """`constant` plus the counts of messages, each with its factor, is not negative."""

    terms: tuple[tuple[int, MessageAtom | Takes], ...]
    constant: int


class ConstantFormula(msgspec.Struct, frozen=True, tag=True):
    """`true` or `false`"""

    value: bool


class Unary(msgspec.Struct, frozen=True, tag=True):
    """An operator with one argument."""

    operator: Literal["not", "next", "weak-next", "always", "eventually", "never", "again"]
    argument: Tree


class BinaryFormula(msgspec.Struct, frozen=True, tag=True):
    """An operator with two arguments, and where they stand, as far as a finding may quote them."""

    operator: BinaryOperator
    left: Tree
    right: Tree
    left_span: Span = NOWHERE
    right_span: Span = NOWHERE


Tree: TypeAlias = (
    MessageAtom | Takes | Finished | At | Compare | ConstantFormula | Unary | BinaryFormula
)


class FormulaError(Exception):
    """A formula that cannot be read: the fault, its place, and what to do."""

    def __init__(self, message: str, span: Span, help: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.span = span
        self.help = help


def leaf_roles(tree: Tree) -> list[RoleName]:
    """All roles that are named in a tree, in the order of the text."""
    found: list[RoleName] = []
    stack: list[Tree] = [tree]
    while stack:
        match stack.pop():
            case MessageAtom(sender=sender, receiver=receiver):
                found += [role for role in (sender, receiver) if role is not None]
            case Takes(role=role):
                found += [] if role is None else [role]
            case Finished(role=role) | At(role=role):
                found.append(role)
            case Compare(terms=terms):
                stack += [term for _, term in reversed(terms)]
            case Unary(argument=argument):
                stack.append(argument)
            case BinaryFormula(left=left, right=right):
                stack += [right, left]
            case ConstantFormula():
                pass
    return found


def leaves(tree: Tree) -> list[Tree]:
    """The atoms of a tree in the order of the text; what counts count are atoms too."""
    found: list[Tree] = []
    stack: list[Tree] = [tree]
    while stack:
        one = stack.pop()
        match one:
            case Compare(terms=terms):
                found.append(one)
                stack += [term for _, term in reversed(terms)]
            case Unary(argument=argument):
                stack.append(argument)
            case BinaryFormula(left=left, right=right):
                stack += [right, left]
            case MessageAtom() | At() | Takes() | Finished() | ConstantFormula():
                found.append(one)
    return found


def is_timeless(tree: Tree) -> bool:
    """True when a tree refers to one position only."""
    stack: list[Tree] = [tree]
    while stack:
        match stack.pop():
            case Unary(operator=operator, argument=argument):
                if operator != "not":
                    return False
                stack.append(argument)
            case BinaryFormula(operator=operator, left=left, right=right):
                if operator not in ("and", "or"):
                    return False
                stack += [left, right]
            case Compare() | MessageAtom() | At() | Takes() | Finished() | ConstantFormula():
                pass
    return True


class CaseName(msgspec.Struct, frozen=True):
    """Events that must occur in some run, or a property holds vacuously; `spans` are its parts."""

    tree: Tree
    spans: tuple[Span, ...]


def cases(tree: Tree) -> list[CaseName]:
    """Events that must occur in some run, or the property holds vacuously.

    What a pattern bounds or answers, the left side of an implication, and counted events. Without
    any of these, some message that is named. A forbidden event may well be impossible.
    """
    found: list[CaseName] = []
    named: list[Tree] = []
    stack: list[Tree] = [tree]
    while stack:
        one = stack.pop()
        match one:
            case Unary(operator="never" | "not"):
                pass
            case Unary(argument=argument):
                stack.append(argument)
            case BinaryFormula("followed-by" | "only-after" | "implies", left, _, span):
                found.append(CaseName(left, (span,)))
            case BinaryFormula("never-after" | "either", left, right, before, after):
                found += [CaseName(left, (before,)), CaseName(right, (after,))]
            case BinaryFormula(left=left, right=right):
                stack += [right, left]
            case Compare(terms=terms):
                found.append(_some([term for _, term in terms]))
            case MessageAtom() | Takes():
                named.append(one)
            case Finished() | At() | ConstantFormula():
                pass
    return found if found or not named else [_some(named)]


def _some(trees: Sequence[Tree]) -> CaseName:
    return CaseName(_any(trees), tuple(dict.fromkeys(map(extent, trees))))


def _any(trees: Sequence[Tree]) -> Tree:
    joined = trees[0]
    for tree in trees[1:]:
        joined = BinaryFormula("or", joined, tree)
    return joined


def extent(tree: Tree) -> Span:
    """The part of the formula that the names of a tree stand in."""
    spans = [role.name.span for role in leaf_roles(tree)]
    for leaf in leaves(tree):
        match leaf:
            case MessageAtom(label=name) | At(label=name) | Takes(branch=name):
                spans.append(name.span)
            case Finished() | Compare() | ConstantFormula() | Unary() | BinaryFormula():
                pass
    return Span(min(s.start for s in spans), max(s.end for s in spans)) if spans else Span(0, 1)
