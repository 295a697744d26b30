"""Polynomials in the sizes of role families, and the largest of several of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product
from math import comb
from typing import Final, TypeAlias

import msgspec

Monomial: TypeAlias = tuple[tuple[str, int], ...]
MOST_TERMS: Final = 64


class Polynomial(msgspec.Struct, frozen=True):
    """Terms `(variables with their powers, coefficient)`, sorted; no coefficient is 0."""

    terms: tuple[tuple[Monomial, int], ...] = ()

    def __add__(self, other: Polynomial) -> Polynomial:
        return _polynomial([*self.terms, *other.terms])

    def __mul__(self, other: Polynomial) -> Polynomial:
        return _polynomial(
            (_times(one, two), number * factor)
            for one, number in self.terms
            for two, factor in other.terms
        )

    def at(self, sizes: Mapping[str, int]) -> int:
        """The value where every variable has a size."""
        total = 0
        for monomial, number in self.terms:
            for name, power in monomial:
                number *= sizes[name] ** power
            total += number
        return total

    def from_one(self) -> Polynomial:
        """The polynomial in sizes less one: variables that begin at 0 instead of 1."""
        found: list[tuple[Monomial, int]] = []
        for monomial, number in self.terms:
            parts = [
                [(power, comb(most, power)) for power in range(most + 1)] for _, most in monomial
            ]
            for chosen in product(*parts):
                powers = tuple(
                    (name, power)
                    for (name, _), (power, _) in zip(monomial, chosen, strict=True)
                    if power
                )
                factor = number
                for _, ways in chosen:
                    factor *= ways
                found.append((powers, factor))
        return _polynomial(found)

    def is_at_least(self, other: Polynomial) -> bool:
        """True only when it is at least `other` wherever all sizes are at least 1."""
        if self == other:
            return True
        difference = self + other * constant(-1)
        return all(number >= 0 for _, number in difference.from_one().terms)

    def __str__(self) -> str:
        ordered = sorted(self.terms, key=lambda term: (-sum(p for _, p in term[0]), term[0]))
        text = ""
        for monomial, number in ordered:
            names = "·".join(n if p == 1 else f"{n}^{p}" for n, p in monomial)
            size = abs(number)
            shown = names if names and size == 1 else f"{size}·{names}" if names else f"{size}"
            sign = "-" if number < 0 else "+"
            text += f" {sign} {shown}" if text else f"{'-' if number < 0 else ''}{shown}"
        return text or "0"


def constant(value: int) -> Polynomial:
    """A number."""
    return Polynomial((((), value),) if value else ())


def variable(name: str) -> Polynomial:
    """The size that is called `name`."""
    return Polynomial(((((name, 1),), 1),))


def _polynomial(terms: Iterable[tuple[Monomial, int]]) -> Polynomial:
    sums: dict[Monomial, int] = {}
    for monomial, number in terms:
        sums[monomial] = sums.get(monomial, 0) + number
    return Polynomial(tuple(sorted((m, n) for m, n in sums.items() if n)))


def _times(one: Monomial, two: Monomial) -> Monomial:
    powers = dict(one)
    for name, power in two:
        powers[name] = powers.get(name, 0) + power
    return tuple(sorted(powers.items()))


class TooMany(Exception):
    """Too many polynomials, of which none is the largest."""


Largest: TypeAlias = tuple[Polynomial, ...]
"""The maximum of several polynomials; dominated ones are left out."""

ZERO: Final[Largest] = (Polynomial(),)


def largest(*groups: Largest) -> Largest:
    """The largest of all. Raises TooMany when more than a few remain."""
    if all(group == groups[0] for group in groups[1:]) and len(groups[0]) == 1:
        return groups[0]
    found: list[Polynomial] = []
    for one in (p for group in groups for p in group):
        if any(other.is_at_least(one) for other in found):
            continue
        found = [other for other in found if not one.is_at_least(other)]
        found.append(one)
        if len(found) > MOST_TERMS:
            raise TooMany
    return tuple(found)


def summed(one: Largest, two: Largest) -> Largest:
    """The largest of all sums."""
    if two == ZERO:
        return one
    if one == ZERO:
        return two
    return largest(tuple(a + b for a in one for b in two))


def scaled(one: Largest, factor: Polynomial) -> Largest:
    """Each of them times a factor, which is not negative."""
    return largest(tuple(a * factor for a in one))


def text_of(one: Largest) -> str:
    """A formula: a polynomial, or the largest of some."""
    if len(one) == 1:
        return str(one[0])
    return f"max({', '.join(map(str, one))})"


def value_of(one: Largest, sizes: Mapping[str, int]) -> int:
    """The value at given sizes."""
    return max(p.at(sizes) for p in one)
