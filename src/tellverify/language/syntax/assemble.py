"""The file put together from its items, and the rules on their order."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tellverify.diagnostics import syntax as faults
from tellverify.diagnostics.model import Diagnostic
from tellverify.language.syntax import ast
from tellverify.language.syntax.token_lists import Tokens
from tellverify.source.span import Span


def assemble(
    items: Sequence[object], tokens: Tokens, broken: Sequence[Diagnostic]
) -> tuple[ast.File, list[Diagnostic]]:
    """The file made of `items`, and findings on their order.

    A protocol is complete if none of the `broken` places is in it or behind it.
    """
    found: list[Diagnostic] = []
    modules: list[ast.Module] = []
    imports: list[ast.Import] = []
    declarations: list[ast.Declaration] = []
    protocols: list[ast.Protocol] = []
    last_fault = max((tokens.lost, *(fault.primary.span.end for fault in broken)))
    for item in items:
        match item:
            case ast.Module():
                if modules or imports or declarations or protocols:
                    found.append(_misplaced(tokens, item.span, "module"))
                modules.append(item)
            case ast.Import():
                if declarations or protocols:
                    found.append(_misplaced(tokens, item.span, "import"))
                imports.append(item)
            case ast.Protocol():
                if protocols:
                    found.append(_second(tokens, item, protocols[0]))
                complete = last_fault < item.span.start
                protocols.append(msgspec.structs.replace(item, complete=complete))
            case _:
                declaration = _declaration(item)
                if protocols:
                    found.append(_behind(tokens, declaration, protocols[0]))
                declarations.append(declaration)
    if not protocols and not broken:
        found.append(faults.no_protocol(tokens.path))
    file = ast.File(
        modules[0] if modules else None,
        tuple(imports),
        tuple(declarations),
        tuple(protocols),
        tuple(tokens.comments),
        complete=not broken and tokens.lost < 0,
    )
    return file, found


def _declaration(item: object) -> ast.Declaration:
    match item:
        case (
            ast.ProofBundle()
            | ast.Profile()
            | ast.AgreementProfile()
            | ast.RoleSet()
            | ast.Topology()
            | ast.TypeAliasDecl()
            | ast.UnionType()
            | ast.Effect()
            | ast.Fragment()
            | ast.Operation()
            | ast.GuestRuntime()
        ):
            return item
        case _:
            raise TypeError(f"not an item of a file: {item!r}")


def _first_word(tokens: Tokens, span: Span) -> Span:
    end = span.start
    while end < span.end and (tokens.text[end].isalnum() or tokens.text[end] == "_"):
        end += 1
    return Span(span.start, end)


def _misplaced(tokens: Tokens, span: Span, word: str) -> Diagnostic:
    return faults.misplaced_header(tokens.path, _first_word(tokens, span), word)


def _second(tokens: Tokens, protocol: ast.Protocol, first: ast.Protocol) -> Diagnostic:
    name = protocol.name
    return faults.second_protocol(tokens.path, name.span, name.text, first.name.span)


def _behind(tokens: Tokens, declaration: ast.Declaration, first: ast.Protocol) -> Diagnostic:
    span = _first_word(tokens, declaration.span)
    return faults.declaration_after_protocol(tokens.path, span, first.name.span)
