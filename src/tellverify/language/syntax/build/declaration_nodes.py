"""Builders of declarations."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from tellverify.language.syntax import ast
from tellverify.language.syntax.build.protocols import Body, require_same_line
from tellverify.language.syntax.build.reductions import builds, keyword, number, text_of
from tellverify.language.syntax.token_lists import Tokens
from tellverify.source.span import Span

_Fields: TypeAlias = list[tuple[ast.Name, ast.Name]]


# Proof bundles, profiles, role sets


@builds("bundle")
def _bundle(
    tokens: Tokens,
    end: int,
    word: int,
    name: ast.Name,
    parts: list[tuple[ast.Name, int]],
    requires: list[ast.Name] | None,
) -> ast.ProofBundle:
    texts = [(key.text, text_of(tokens, value)) for key, value in parts]
    last = dict(texts)
    return ast.ProofBundle(
        name,
        last.get("version"),
        last.get("issuer"),
        tuple(text for key, text in texts if key == "constraint"),
        tuple(requires or ()),
        Span(tokens.starts[word], end),
    )


@builds("profile")
def _profile(tokens: Tokens, end: int, word: int, name: ast.Name, fields: _Fields) -> ast.Profile:
    return ast.Profile(name, tuple(fields), Span(tokens.starts[word], end))


@builds("agreement")
def _agreement(
    tokens: Tokens, end: int, word: int, name: ast.Name, fields: _Fields
) -> ast.AgreementProfile:
    return ast.AgreementProfile(name, tuple(fields), Span(tokens.starts[word], end))


@builds("agreement_block", "agreement_parens")
def _agreement_block(
    tokens: Tokens, end: int, word: int, name: ast.Name, _open: int, fields: _Fields, _close: int
) -> ast.AgreementProfile:
    return ast.AgreementProfile(name, tuple(fields), Span(tokens.starts[word], end))


@builds("role_set")
def _role_set(
    tokens: Tokens, end: int, word: int, name: ast.Name, equal: int, members: list[ast.Name]
) -> ast.RoleSet:
    return ast.RoleSet(name, tuple(members), None, Span(tokens.starts[word], end))


@builds("role_subset")
def _role_subset(
    tokens: Tokens,
    end: int,
    word: int,
    name: ast.Name,
    _equal: int,
    _subset: int,
    _open: int,
    whole: ast.Name,
    _comma: int,
    low: int,
    _dots: int,
    high: int,
    _close: int,
) -> ast.RoleSet:
    subset = (whole, number(tokens, low), number(tokens, high))
    return ast.RoleSet(name, (), subset, Span(tokens.starts[word], end))


@builds("topology")
def _topology(
    tokens: Tokens, end: int, shape: int, name: ast.Name, _equal: int, members: list[ast.Name]
) -> ast.Topology:
    span = Span(tokens.starts[shape], end)
    return ast.Topology(tokens.texts[shape], name, tuple(members), span)


# Types


# Effects


@builds("effect")
def _effect(
    tokens: Tokens, end: int, word: int, name: ast.Name, operations: list[ast.EffectOperation]
) -> ast.Effect | None:
    if not name.text:
        return None
    return ast.Effect(name, tuple(operations), Span(tokens.starts[word], end))


@builds("effect_block", "effect_parens")
def _effect_block(
    tokens: Tokens,
    end: int,
    word: int,
    name: ast.Name,
    _open: int,
    operations: list[ast.EffectOperation],
    _close: int,
) -> ast.Effect | None:
    return _effect(tokens, end, word, name, operations)


@builds("effect_operation")
def _effect_operation(
    _: Tokens,
    end: int,
    name: ast.Name,
    _colon: int,
    argument: ast.TypeExpression,
    _arrow: int,
    result: ast.TypeExpression,
    metadata: _Fields,
) -> ast.EffectOperation:
    span = Span(name.span.start, end)
    return ast.EffectOperation(name, "command", argument, result, tuple(metadata), span)


@builds("effect_operation_kind")
def _effect_operation_kind(
    tokens: Tokens,
    end: int,
    kind: int,
    name: ast.Name,
    _colon: int,
    argument: ast.TypeExpression,
    _arrow: int,
    result: ast.TypeExpression,
    metadata: _Fields,
) -> ast.EffectOperation:
    span = Span(tokens.starts[kind], end)
    word = tokens.texts[kind]
    return ast.EffectOperation(name, word, argument, result, tuple(metadata), span)


@builds("pair")
def _pair(
    tokens: Tokens, _end: int, key: int, _colon: int, value: ast.Name
) -> tuple[ast.Name, ast.Name]:
    return keyword(tokens, key), value


# Fragments, operations, guest runtimes


@builds("fragment")
def _fragment(tokens: Tokens, end: int, word: int, name: ast.Name) -> ast.Fragment:
    return ast.Fragment(name, (), Span(tokens.starts[word], end))


@builds("fragment_parameters")
def _fragment_parameters(
    tokens: Tokens,
    end: int,
    word: int,
    name: ast.Name,
    _open: int,
    parameters: list[ast.Name],
    _close: int,
) -> ast.Fragment:
    return ast.Fragment(name, tuple(parameters), Span(tokens.starts[word], end))


@builds("parameter")
def _parameter(
    _: Tokens, _end: int, name: ast.Name, _colon: int, value: ast.TypeExpression
) -> tuple[ast.Name, ast.TypeExpression]:
    return name, value


@builds("within")
def _within(
    _: Tokens, _end: int, _word: int, name: ast.Name
) -> tuple[ast.Name, tuple[ast.Name, ...]]:
    return name, ()


@builds("within_arguments")
def _within_arguments(
    _: Tokens,
    _end: int,
    _word: int,
    name: ast.Name,
    _open: int,
    arguments: list[ast.Name],
    _close: int,
) -> tuple[ast.Name, tuple[ast.Name, ...]]:
    return name, tuple(arguments)


@builds("agreement_name")
def _agreement_name(
    _: Tokens, _end: int, _word: int, name: ast.Name
) -> tuple[ast.Name, ast.Name | None]:
    return name, None


@builds("agreement_prestate")
def _agreement_prestate(
    _: Tokens, _end: int, _word: int, name: ast.Name, _prestate: int, prestate: ast.Name
) -> tuple[ast.Name, ast.Name | None]:
    return name, prestate


@builds("compose")
def _compose(_: Tokens, _end: int, _word: int, policy: ast.Name) -> ast.Compose:
    return ast.Compose(policy)


@builds("compose_argument")
def _compose_argument(
    tokens: Tokens,
    _end: int,
    _word: int,
    policy: ast.Name,
    _open: int,
    argument: int,
    _close: int,
) -> ast.Compose:
    return ast.Compose(policy, number(tokens, argument))


@builds("operation_head")
def _operation_head(
    tokens: Tokens,
    _end: int,
    word: int,
    name: ast.Name,
    parameters: list[tuple[ast.Name, ast.TypeExpression]] | None,
    _at: int,
    owner: ast.RoleRef,
    within: tuple[ast.Name, tuple[ast.Name, ...]] | None,
    progress: ast.Progress | None,
    agreement: tuple[ast.Name, ast.Name | None] | None,
    compose: ast.Compose | None,
) -> ast.Operation:
    return ast.Operation(
        name,
        owner,
        (),
        parameters=tuple(parameters or ()),
        within=within[0] if within else None,
        within_arguments=within[1] if within else (),
        progress=progress,
        agreement=agreement[0] if agreement else None,
        prestate=agreement[1] if agreement else None,
        compose=compose,
        span=Span(tokens.starts[word], tokens.ends[word]),
    )


@builds("operation")
def _operation(
    tokens: Tokens, end: int, head: ast.Operation, equal: int, body: Body
) -> ast.Operation | None:
    if not head.owner.name.text:
        return None
    start = head.span.start
    require_same_line(tokens, start, equal, "operation")
    return msgspec.structs.replace(head, body=body.stmts, span=Span(start, end))


@builds("guest_head")
def _guest_head(
    tokens: Tokens, _end: int, word: int, _runtime: int, name: ast.Name, equal: int
) -> tuple[ast.Name, int]:
    start = tokens.starts[word]
    require_same_line(tokens, start, equal, "guest runtime")
    return name, start


@builds("guest_uses")
def _guest_uses(
    _: Tokens, _end: int, _word: int, names: list[ast.Name]
) -> tuple[ast.Name | None, list[ast.Name]]:
    return None, names


@builds("guest")
def _guest(
    _: Tokens,
    end: int,
    head: tuple[ast.Name, int],
    fields: list[tuple[ast.Name | None, ast.Name | list[ast.Name]]],
) -> ast.GuestRuntime:
    uses: list[ast.Name] = []
    entries: list[ast.Name] = []
    for _key, value in fields:
        if isinstance(value, list):
            uses.extend(value)
        else:
            entries.append(value)
    return ast.GuestRuntime(head[0], tuple(uses), tuple(entries), Span(head[1], end))


@builds("guest_block", "guest_parens")
def _guest_block(
    tokens: Tokens,
    end: int,
    head: tuple[ast.Name, int],
    _open: int,
    fields: list[tuple[ast.Name | None, ast.Name | list[ast.Name]]],
    _close: int,
) -> ast.GuestRuntime:
    return _guest(tokens, end, head, fields)
