"""Builders of types: paths, records, aliases, unions and their constructors."""

from __future__ import annotations

from tellverify.language.syntax import ast
from tellverify.language.syntax.build.protocols import require_same_line
from tellverify.language.syntax.build.reductions import builds, raw
from tellverify.language.syntax.token_lists import Tokens
from tellverify.source.span import Span


@builds("record_type")
def _record_type(
    tokens: Tokens, end: int, opening: int, _raw: int, closing: int
) -> ast.TypeExpression:
    text = raw(tokens, opening, closing)[0]
    return ast.TypeExpression("record", text, (), Span(tokens.starts[opening], end))


@builds("result_type")
def _result_type(
    tokens: Tokens, end: int, word: int, error: ast.TypeExpression, value: ast.TypeExpression
) -> ast.TypeExpression:
    return ast.TypeExpression("Result", "", (error, value), Span(tokens.starts[word], end))


@builds("maybe_type")
def _maybe_type(
    tokens: Tokens, end: int, word: int, value: ast.TypeExpression
) -> ast.TypeExpression:
    return ast.TypeExpression("Maybe", "", (value,), Span(tokens.starts[word], end))


@builds("unit_type")
def _unit_type(tokens: Tokens, end: int, word: int) -> ast.TypeExpression:
    return ast.TypeExpression("Unit", "", (), Span(tokens.starts[word], end))


@builds("path_type")
def _path_type(_: Tokens, _end: int, parts: list[ast.Name]) -> ast.TypeExpression:
    span = Span(parts[0].span.start, parts[-1].span.end)
    return ast.TypeExpression("path", ".".join(part.text for part in parts), (), span)


@builds("type_alias")
def _type_alias(
    tokens: Tokens,
    end: int,
    word: int,
    _alias: int,
    name: ast.Name,
    equal: int,
    value: ast.TypeExpression,
) -> ast.TypeAliasDecl:
    require_same_line(tokens, tokens.starts[word], equal, "type alias")
    return ast.TypeAliasDecl(name, value, Span(tokens.starts[word], end))


@builds("type_alias_block")
def _type_alias_block(
    tokens: Tokens,
    end: int,
    word: int,
    _alias: int,
    name: ast.Name,
    equal: int,
    opening: int,
    _raw: int,
    closing: int,
) -> ast.TypeAliasDecl:
    require_same_line(tokens, tokens.starts[word], equal, "type alias")
    text, span = raw(tokens, opening, closing)
    value = ast.TypeExpression("record", text, (), span)
    return ast.TypeAliasDecl(name, value, Span(tokens.starts[word], end))


@builds("union")
def _union(
    tokens: Tokens,
    end: int,
    word: int,
    name: ast.Name,
    equal: int,
    constructors: list[tuple[ast.Name, ast.TypeExpression | None]],
) -> ast.UnionType:
    require_same_line(tokens, tokens.starts[word], equal, "type")
    return ast.UnionType(name, tuple(constructors), Span(tokens.starts[word], end))


@builds("union_block", "union_parens")
def _union_block(
    tokens: Tokens,
    end: int,
    word: int,
    name: ast.Name,
    equal: int,
    _open: int,
    constructors: list[tuple[ast.Name, ast.TypeExpression | None]],
    _close: int,
) -> ast.UnionType:
    return _union(tokens, end, word, name, equal, constructors)


@builds("constructor")
def _constructor(
    _: Tokens, _end: int, _bar: int, name: ast.Name
) -> tuple[ast.Name, ast.TypeExpression | None]:
    return name, None


@builds("constructor_argument")
def _constructor_argument(
    _: Tokens,
    _end: int,
    _bar: int,
    name: ast.Name,
    _open: int,
    argument: ast.TypeExpression,
    _close: int,
) -> tuple[ast.Name, ast.TypeExpression | None]:
    return name, argument
