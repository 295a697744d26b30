"""The laws of lattice structures as equations between states.

Laws of join semilattices: Shapiro, Preguiça, Baquero, Zawirski, *Conflict-free Replicated Data
Types*, SSS 2011, Definition 2 (state-based); of delta-mutators: Almeida, Shoker, Baquero, *Delta
State Replicated Data Types*, JPDC 2018, Definition 3. Meet structures have the same laws with the
order turned round. Where a structure has a view, the laws are those of its states up to equal
views; that this quotient is a structure at all is the law `congruent` (Burris and Sankappanavar, *A
Course in Universal Algebra*, 1981, Definition II.5.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import msgspec

from tellverify.models.structures import Structure, Update
from tellverify.source.span import Span


class LawVariable(msgspec.Struct, frozen=True, tag=True):
    """Any state, or any value of a parameter."""

    name: str


class Merge(msgspec.Struct, frozen=True, tag=True):
    """Two states merged."""

    left: Side
    right: Side


class Neutral(msgspec.Struct, frozen=True, tag=True):
    """The neutral element."""


class Changed(msgspec.Struct, frozen=True, tag=True):
    """A state after an update, or with `delta` what the update adds."""

    update: Update
    state: Side
    parameters: tuple[tuple[str, str], ...]
    delta: bool = False


Side: TypeAlias = LawVariable | Merge | Neutral | Changed


class Law(msgspec.Struct, frozen=True):
    """Two sides that must be equal for all states (and parameters) that meet its conditions.

    Where the structure has a view, the views of both sides must be equal; the law presupposes that
    the views of each pair in `alike` are. With `holds` the law is that the invariant of the
    structure holds of the left side instead.
    """

    name: str
    left: Side
    right: Side
    span: Span
    holds: bool = False
    alike: tuple[tuple[LawVariable, LawVariable], ...] = ()


def laws_of(structure: Structure) -> Iterator[Law]:
    """All laws that the structure must keep."""
    a, b, c = (LawVariable(name) for name in "abc")
    span = structure.span
    yield Law("commutative", Merge(a, b), Merge(b, a), span)
    yield Law("associative", Merge(a, Merge(b, c)), Merge(Merge(a, b), c), span)
    yield Law("idempotent", Merge(a, a), a, span)
    if structure.neutral is not None:
        yield Law("neutral", Merge(Neutral(), a), a, span)
    if structure.invariant is not None:
        yield Law("closed", Merge(a, b), a, span, holds=True)
    if structure.view is not None:
        other = LawVariable("a'")
        yield Law("congruent", Merge(a, b), Merge(other, b), span, alike=((a, other),))
    for update in structure.updates:
        yield from _laws_of_update(structure, update)


def _laws_of_update(structure: Structure, update: Update) -> Iterator[Law]:
    x = LawVariable("x")
    given = tuple((name, name) for name, _ in update.parameters)
    changed = Changed(update, x, given)
    yield Law(f"monotone {update.name}", Merge(x, changed), changed, update.span)
    if structure.invariant is not None:
        yield Law(f"closed {update.name}", changed, x, update.span, holds=True)
    if structure.view is not None:
        other = LawVariable("x'")
        same = Changed(update, other, given)
        yield Law(f"congruent {update.name}", changed, same, update.span, alike=((x, other),))
    if update.internal:
        yield Law(f"internal {update.name}", changed, x, update.span)
    if update.delta is not None:
        delta = Merge(x, Changed(update, x, given, delta=True))
        yield Law(f"delta {update.name}", delta, changed, update.span)
    for second in structure.updates:
        if second.name in update.concurrent:
            renamed = tuple((name, f"{name}'") for name, _ in second.parameters)
            both = Merge(changed, Changed(second, x, renamed))
            name = f"concurrent {update.name}"
            name = name if second is update else f"{name} and {second.name}"
            yield Law(name, both, Changed(second, changed, renamed), update.span)


def written(side: Side) -> str:
    """One side of a law in words."""
    match side:
        case LawVariable(name):
            return name
        case Merge(left, right):
            return f"merge({written(left)}, {written(right)})"
        case Neutral():
            return "neutral"
        case Changed(update, state, given, delta):
            values = ", ".join([written(state), *(as_ for _, as_ in given)])
            return f"{'delta of ' if delta else ''}{update.name}({values})"
