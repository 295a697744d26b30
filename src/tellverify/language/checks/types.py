"""Types of the values that a protocol uses: answers of effects and values of binders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from tellverify.language.syntax import ast
from tellverify.source.span import NOWHERE, Span

_MAX_ALIASES: Final = 100


class Constructor(NamedTuple):
    """A constructor, the type of what it carries if anything, and where it is declared."""

    name: str
    carries: ast.TypeExpression | None
    span: Span = NOWHERE


class Union:
    """A type made of constructors; `span` is NOWHERE for the two that the language has."""

    __slots__ = ("by_name", "name", "span")

    def __init__(
        self, name: str, constructors: Sequence[Constructor], span: Span = NOWHERE
    ) -> None:
        self.name = name
        self.span = span
        self.by_name = {each.name: each for each in reversed(constructors)}

    @property
    def names(self) -> list[str]:
        """The constructors in the order of declaration."""
        return list(reversed(self.by_name))


_OPAQUE: Final = ast.TypeExpression("path", "")


def result_of(error: ast.TypeExpression, value: ast.TypeExpression) -> Union:
    """`Result error value`"""
    return Union("Result", (Constructor("Ok", value), Constructor("Err", error)))


def maybe_of(value: ast.TypeExpression) -> Union:
    """`Maybe value`"""
    return Union("Maybe", (Constructor("Just", value), Constructor("Nothing", None)))


class Types:
    """The types that a file declares; the first of several declarations of a name counts."""

    def __init__(self, declarations: Sequence[ast.Declaration]) -> None:
        self._aliases: dict[str, ast.TypeExpression] = {}
        self.unions: dict[str, Union] = {}
        self._effects: dict[tuple[str, str], ast.EffectOperation] = {}
        self._by_constructor: dict[str, list[Union]] = {}
        for declaration in declarations:
            match declaration:
                case ast.TypeAliasDecl(name, value):
                    self._aliases.setdefault(name.text, value)
                case ast.UnionType(name, constructors):
                    if name.text not in self.unions:
                        self._add_union(name, constructors)
                case ast.Effect(name, operations):
                    for operation in operations:
                        self._effects.setdefault((name.text, operation.name.text), operation)
                case ast.ProofBundle() | ast.Profile() | ast.AgreementProfile() | ast.RoleSet():
                    pass
                case ast.Topology() | ast.Fragment() | ast.Operation() | ast.GuestRuntime():
                    pass

    def _add_union(
        self,
        name: ast.Name,
        constructors: Sequence[tuple[ast.Name, ast.TypeExpression | None]],
    ) -> None:
        found = tuple(Constructor(each.text, carries, each.span) for each, carries in constructors)
        union = self.unions[name.text] = Union(name.text, found, name.span)
        for each in dict.fromkeys(constructor.name for constructor in found):
            self._by_constructor.setdefault(each, []).append(union)

    def operation(self, effect: str, operation: str) -> ast.EffectOperation | None:
        """The declaration of an operation of an effect."""
        return self._effects.get((effect, operation))

    def union_of(self, value: ast.TypeExpression | None) -> Union | None:
        """The constructors of a type, None when it has none or is not known."""
        for _ in range(_MAX_ALIASES):
            match value:
                case ast.TypeExpression("Result", _, (error, inner)):
                    return result_of(error, inner)
                case ast.TypeExpression("Maybe", _, (inner,)):
                    return maybe_of(inner)
                case ast.TypeExpression("path", text) if text in self.unions:
                    return self.unions[text]
                case ast.TypeExpression("path", text) if text in self._aliases:
                    value = self._aliases[text]
                case ast.TypeExpression() | None:
                    return None
        return None

    def with_constructors(self, names: Sequence[str]) -> Union | None:
        """The type that has the most of these constructors, None when none has any."""
        best: Union | None = None
        most = 0
        for union in self._candidates(names):
            count = sum(name in union.by_name for name in names)
            if count > most:
                best, most = union, count
        return best

    def _candidates(self, names: Sequence[str]) -> Iterator[Union]:
        for name in names[:32]:
            if name in ("Ok", "Err"):
                yield result_of(_OPAQUE, _OPAQUE)
            elif name in ("Just", "Nothing"):
                yield maybe_of(_OPAQUE)
            yield from self._by_constructor.get(name, [])[:32]

    def of_expression(self, value: ast.Expression) -> ast.TypeExpression | None:
        """The type of what a check or observation answers; None for other expressions."""
        match value:
            case ast.Check(call) | ast.Observe(call):
                found = self.operation(call.effect.text, call.operation.text)
                return found.result if found is not None else None
            case ast.Transfer() | ast.Construct() | ast.Apply() | ast.Path():
                return None
