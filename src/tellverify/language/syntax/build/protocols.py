"""Builders of the header of a file and of protocols."""

from __future__ import annotations

import msgspec

from tellverify.diagnostics import syntax as faults
from tellverify.language.syntax import ast
from tellverify.language.syntax.build.reductions import builds, keyword, require_elements
from tellverify.language.syntax.token_lists import Tokens
from tellverify.source.span import Span


def require_same_line(tokens: Tokens, start: int, equal: int, what: str) -> None:
    """Reports an `=` on a later line than the word at `start`, if the head has no other fault."""
    place = tokens.starts[equal]
    if tokens.text.find("\n", start, place) >= 0 and not any(
        start <= fault.primary.span.start <= place for fault in tokens.faults
    ):
        head = Span(start, start + len(what.split()[0]))
        fault = faults.equals_on_later_line(tokens.path, Span(place, place + 1), head, what)
        tokens.faults.append(fault)


# Header


@builds("exposing")
def _exposing(
    tokens: Tokens, _end: int, _word: int, opening: int, stop: int, _closing: int
) -> tuple[ast.Name, ...]:
    words = range(opening + 1, stop)
    return tuple(keyword(tokens, index) for index in words if tokens.texts[index][:1].isalpha())


@builds("module")
def _module(
    tokens: Tokens, end: int, word: int, name: ast.Name, exposing: tuple[ast.Name, ...]
) -> ast.Module:
    return ast.Module(name, exposing, Span(tokens.starts[word], end))


@builds("imported")
def _imported(tokens: Tokens, end: int, word: int, module: ast.Name) -> ast.Import:
    return ast.Import(module, None, None, Span(tokens.starts[word], end))


@builds("imported_as")
def _imported_as(
    tokens: Tokens, end: int, word: int, module: ast.Name, _as: int, alias: ast.Name
) -> ast.Import:
    return ast.Import(module, alias, None, Span(tokens.starts[word], end))


@builds("imported_exposing")
def _imported_exposing(
    tokens: Tokens, end: int, word: int, module: ast.Name, exposing: tuple[ast.Name, ...]
) -> ast.Import:
    return ast.Import(module, None, exposing, Span(tokens.starts[word], end))


@builds("imported_as_exposing")
def _imported_as_exposing(
    tokens: Tokens,
    end: int,
    word: int,
    module: ast.Name,
    _as: int,
    alias: ast.Name,
    exposing: tuple[ast.Name, ...],
) -> ast.Import:
    return ast.Import(module, alias, exposing, Span(tokens.starts[word], end))


# Protocols


class Roles(msgspec.Struct, frozen=True):
    """A `roles` line."""

    roles: tuple[ast.RoleDecl, ...]
    span: Span


class Body(msgspec.Struct, frozen=True):
    """The body of a protocol or of an operation."""

    stmts: ast.Block
    roles: Roles | None = None


class Head(msgspec.Struct, frozen=True):
    """All of a protocol before its `=`."""

    name: ast.Name
    start: int
    header_roles: tuple[ast.RoleDecl, ...] | None = None
    requires: tuple[ast.Name, ...] = ()
    uses: tuple[ast.Name, ...] = ()
    under: tuple[ast.Name, ...] = ()


@builds("roles")
def _roles(tokens: Tokens, end: int, word: int, roles: list[ast.RoleDecl]) -> Roles:
    return Roles(tuple(roles), Span(tokens.starts[word], end))


@builds("body")
def _body(_: Tokens, _end: int, _open: int, stmts: list[ast.Statement], _close: int) -> Body:
    return Body(tuple(stmts))


@builds("body_parens")
def _body_parens(
    tokens: Tokens, end: int, opening: int, stmts: list[ast.Statement], closing: int
) -> Body:
    require_elements(tokens, opening, closing, "statement")
    return Body(tuple(stmts))


@builds("body_roles")
def _body_roles(
    _: Tokens, _end: int, _open: int, roles: Roles, stmts: list[ast.Statement], _close: int
) -> Body:
    return Body(tuple(stmts), roles)


@builds("body_roles_parens")
def _body_roles_parens(
    tokens: Tokens,
    end: int,
    opening: int,
    roles: Roles,
    stmts: list[ast.Statement],
    closing: int,
) -> Body:
    if roles.span.end == tokens.ends[closing - 1]:
        span = Span(tokens.starts[opening], end)
        tokens.faults.append(faults.empty_parentheses(tokens.path, span, "statement"))
    return Body(tuple(stmts), roles)


@builds("protocol_head")
def _protocol_head(
    tokens: Tokens,
    _end: int,
    word: int,
    name: ast.Name,
    roles: list[ast.RoleDecl] | None,
    requires: list[ast.Name] | None,
    uses: list[ast.Name] | None,
    under: list[ast.Name] | None,
) -> Head:
    return Head(
        name,
        tokens.starts[word],
        None if roles is None else tuple(roles),
        tuple(requires or ()),
        tuple(uses or ()),
        tuple(under or ()),
    )


@builds("protocol", "protocol_where")
def _protocol(
    tokens: Tokens,
    end: int,
    head: Head,
    equal: int,
    body: Body,
    local_protocols: list[ast.LocalProtocol] | None = None,
) -> ast.Protocol | None:
    if not head.name.text:
        return None
    require_same_line(tokens, head.start, equal, "protocol")
    return ast.Protocol(
        head.name,
        body.stmts,
        header_roles=head.header_roles,
        roles=body.roles.roles if body.roles else None,
        roles_span=body.roles.span if body.roles else Span(0, 0),
        requires=head.requires,
        uses=head.uses,
        under=head.under,
        locals=tuple(local_protocols or ()),
        span=Span(head.start, end),
    )


@builds("where_parens")
def _where_parens(
    tokens: Tokens,
    end: int,
    _where: int,
    opening: int,
    local_protocols: list[ast.LocalProtocol],
    closing: int,
) -> list[ast.LocalProtocol]:
    require_elements(tokens, opening, closing, "protocol")
    return local_protocols


@builds("local_head")
def _local_head(
    tokens: Tokens, _end: int, word: int, name: ast.Name, roles: list[ast.RoleDecl] | None
) -> Head:
    return Head(name, tokens.starts[word], None if roles is None else tuple(roles))


@builds("local")
def _local(
    tokens: Tokens, end: int, head: Head, equal: int, body: Body
) -> ast.LocalProtocol | None:
    if not head.name.text:
        return None
    require_same_line(tokens, head.start, equal, "protocol")
    roles = body.roles.roles if body.roles else None
    return ast.LocalProtocol(head.name, body.stmts, head.header_roles, roles, Span(head.start, end))
