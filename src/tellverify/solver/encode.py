"""From predicates to terms and from values back: sorts of atoms, and strings as integers.

The atoms of one choice are typed together. An atom compared with an integer is an integer, one
compared with a string is a string, and one that stands alone is a truth value. Atoms that are
compared with each other only are integers: any data that fits such comparisons has a copy among
integers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from tellverify.model import predicate as core
from tellverify.model.predicate import Operand, Predicate, Sign, Value
from tellverify.solver.term import (
    Bool,
    Conjunction,
    Disjunction,
    Equal,
    Int,
    Less,
    NegatedTerm,
    Term,
    TermSort,
    TermVariable,
)
from tellverify.source.span import Span


class TermKind(StrEnum):
    """The type of an atom, in the words of findings."""

    TRUTH = "a truth value"
    NUMBER = "an integer"
    TEXT = "a string"


class SortClash(msgspec.Struct, frozen=True):
    """An expression is used as values of two types, first as `sorts[0]` at `spans[0]`.

    `shown` is an atom; it is empty when the two sides of one comparison do not fit.
    """

    shown: str
    spans: tuple[Span, Span]
    sorts: tuple[str, str]


class Unmodelled(msgspec.Struct, frozen=True):
    """Predicate `index` uses what has no values here."""

    index: int
    span: Span
    reason: str


class _Use(NamedTuple):
    kind: TermKind
    span: Span


_LITERAL: Final = {
    core.Number: TermKind.NUMBER,
    core.Text: TermKind.TEXT,
    core.Truth: TermKind.TRUTH,
    core.Not: TermKind.TRUTH,
    core.And: TermKind.TRUTH,
    core.Or: TermKind.TRUTH,
    core.Comparison: TermKind.TRUTH,
}


class Encoding:
    """The predicates of one choice over common atoms."""

    def __init__(self, kinds: Mapping[str, TermKind], texts: Sequence[str]) -> None:
        self._kinds = kinds
        self._texts = {text: number for number, text in enumerate(texts)}

    def term(self, operand: Operand) -> Term:
        """The term of a predicate or operand; strings are numbered, others than these literals
        have the numbers beyond."""
        match operand:
            case core.Truth(truth):
                return Bool(truth)
            case core.Number(number):
                return Int(number)
            case core.Text(text):
                return Int(self._texts[text])
            case core.Atom(name):
                is_truth = self._kinds[name] is TermKind.TRUTH
                return TermVariable(name, TermSort.BOOL if is_truth else TermSort.INT)
            case core.Not(inner):
                return NegatedTerm(self.term(inner))
            case core.And(parts):
                return Conjunction(tuple([self.term(part) for part in parts]))
            case core.Or(parts):
                return Disjunction(tuple([self.term(part) for part in parts]))
            case core.Comparison(left, sign, right):
                truths = self._is_truth(left) or self._is_truth(right)
                return _compared(self.term(left), sign, self.term(right), truths)
            case core.Opaque(text):
                raise KeyError(text)

    def _is_truth(self, operand: Operand) -> bool:
        if isinstance(operand, core.Atom):
            return self._kinds[operand.text] is TermKind.TRUTH
        return _LITERAL.get(type(operand)) is TermKind.TRUTH

    def numbers(self) -> tuple[TermVariable, ...]:
        """The variables of integers and strings."""
        return tuple(
            TermVariable(name, TermSort.INT)
            for name, kind in self._kinds.items()
            if kind != TermKind.TRUTH
        )

    def values(self, found: Sequence[tuple[str, bool | int]]) -> dict[str, Value]:
        """The values of atoms under values of variables."""
        texts = {number: text for text, number in self._texts.items()}
        values: dict[str, Value] = {}
        for name, value in found:
            if self._kinds[name] is TermKind.TEXT:
                number = int(value)
                if number not in texts:
                    texts[number] = _fresh(list(texts.values()))
                values[name] = texts[number]
            else:
                values[name] = value
        return values

    def completed(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """`values` with some value for each atom that has none."""
        usual: dict[TermKind, Value] = {
            TermKind.TRUTH: False,
            TermKind.NUMBER: 0,
            TermKind.TEXT: "",
        }
        return {name: usual[kind] for name, kind in self._kinds.items()} | dict(values)


def encode(predicates: Sequence[Predicate]) -> Encoding | SortClash | Unmodelled:
    """Type the atoms of predicates that belong together, or say why that is impossible."""
    typing = _Typing()
    texts: dict[str, None] = {}
    for index, predicate in enumerate(predicates):
        typing.use(predicate, TermKind.TRUTH)
        for one in core.inside(predicate):
            if isinstance(one, core.Opaque):
                shown = one.text if len(one.text) <= 30 else f"{one.text[:27]}..."
                return Unmodelled(index, one.span, f"the values of `{shown}` are not modelled")
            if isinstance(one, core.Text):
                texts[one.value] = None
            typing.learn(one)
        if typing.clash is not None:
            return typing.clash
    kinds = typing.kinds()
    for index, predicate in enumerate(predicates):
        for one in core.inside(predicate):
            if isinstance(one, core.Comparison) and _orders_texts(one, kinds):
                return Unmodelled(index, one.span, "the order of strings is not modelled")
    return Encoding(kinds, sorted(texts))


def _orders_texts(one: core.Comparison, kinds: Mapping[str, TermKind]) -> bool:
    if one.sign in (Sign.EQUAL, Sign.UNEQUAL):
        return False
    return any(
        isinstance(side, core.Text)
        or (isinstance(side, core.Atom) and kinds[side.text] is TermKind.TEXT)
        for side in (one.left, one.right)
    )


class _Typing:
    """Classes of atoms that have one type, each with the first use that tells it."""

    def __init__(self) -> None:
        self.clash: SortClash | None = None
        self._parent: dict[str, str] = {}
        self._uses: dict[str, _Use] = {}

    def learn(self, one: Operand) -> None:
        """The constraints of an expression on the types of its direct parts."""
        match one:
            case core.Not(inner):
                self.use(inner, TermKind.TRUTH)
            case core.And(parts) | core.Or(parts):
                for part in parts:
                    self.use(part, TermKind.TRUTH)
            case core.Comparison(left, _, right):
                self.unite(left, right)
            case core.Truth() | core.Number() | core.Text() | core.Opaque() | core.Atom():
                pass

    def use(self, operand: Operand, kind: TermKind) -> None:
        """`operand` stands where a value of `kind` is expected."""
        if isinstance(operand, core.Atom):
            self._told(self._root(operand.text), _Use(kind, operand.span), operand.text)

    def unite(self, left: Operand, right: Operand) -> None:
        """Two operands are compared."""
        sides = (left, right)
        for one, other in (sides, sides[::-1]):
            kind = _LITERAL.get(type(other))
            if kind is not None and isinstance(one, core.Atom):
                self.use(one, kind)
        if isinstance(left, core.Atom) and isinstance(right, core.Atom):
            first, second = self._root(left.text), self._root(right.text)
            if first != second:
                known = self._uses.pop(second, None)
                self._parent[second] = first
                if known is not None:
                    self._told(first, known, right.text)
            return
        kinds = [_LITERAL.get(type(side)) for side in sides]
        if kinds[0] and kinds[1] and kinds[0] != kinds[1] and self.clash is None:
            words = (kinds[0].value, kinds[1].value)
            self.clash = SortClash("", (left.span, right.span), words)

    def kinds(self) -> dict[str, TermKind]:
        """The type of each atom."""
        found = {}
        for name in self._parent:
            use = self._uses.get(self._root(name))
            found[name] = TermKind.NUMBER if use is None else use.kind
        return found

    def _told(self, root: str, use: _Use, shown: str) -> None:
        known = self._uses.setdefault(root, use)
        if known.kind is not use.kind and self.clash is None:
            earlier, later = sorted((known, use), key=lambda one: one.span.start)
            kinds = (earlier.kind.value, later.kind.value)
            self.clash = SortClash(shown, (earlier.span, later.span), kinds)

    def _root(self, name: str) -> str:
        self._parent.setdefault(name, name)
        while self._parent[name] != name:
            self._parent[name] = self._parent[self._parent[name]]
            name = self._parent[name]
        return name


def _compared(left: Term, sign: Sign, right: Term, truths: bool) -> Term:
    match sign:
        case Sign.EQUAL:
            return Equal(left, right)
        case Sign.UNEQUAL:
            return NegatedTerm(Equal(left, right))
        case Sign.LESS:
            return _below(left, right, truths)
        case Sign.GREATER:
            return _below(right, left, truths)
        case Sign.AT_MOST:
            return NegatedTerm(_below(right, left, truths))
        case Sign.AT_LEAST:
            return NegatedTerm(_below(left, right, truths))


def _below(left: Term, right: Term, truths: bool) -> Term:
    """`false` is below `true`."""
    return Conjunction((NegatedTerm(left), right)) if truths else Less(left, right)


def _fresh(taken: Sequence[str]) -> str:
    name = "other"
    while name in taken:
        name += "'"
    return name
