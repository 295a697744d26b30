"""What the reductions of the grammar build: the registry, and the parts all constructs share.

A builder gets the tokens, the offset where its construct ends, and one value per symbol of its
rule: a `Name` for NAME, the index of the token for every other terminal, and what its own builder
returned for a nonterminal. A name with an empty text belongs to a construct that the recovery made
up to continue parsing; nothing with such a name stays in the tree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from tellverify.diagnostics import syntax as faults
from tellverify.language.syntax import ast
from tellverify.language.syntax.token_lists import Tokens
from tellverify.source.span import Span

Builder = TypeVar("Builder", bound=Callable[..., object])
Value = TypeVar("Value")

BUILDERS: Final[dict[str, Callable[..., object]]] = {}
_LARGEST: Final = 2**64 - 1


def builds(*names: str) -> Callable[[Builder], Builder]:
    """Registers a builder for the rules with these aliases."""

    def register(builder: Builder) -> Builder:
        for name in names:
            BUILDERS[name] = builder
        return builder

    return register


def number(tokens: Tokens, token: int) -> int:
    """The number that a token is; one above 64 bits is a fault and is cut to 64 bits."""
    digits = tokens.texts[token].rstrip("msh")
    value = int(digits) if len(digits) <= 20 else int(digits.lstrip("0")[:21] or "0")
    if value > _LARGEST:
        span = Span(tokens.starts[token], tokens.ends[token])
        tokens.faults.append(faults.number_too_large(tokens.path, span))
        return _LARGEST
    return value


def text_of(tokens: Tokens, token: int) -> str:
    """A string without its quotes; one quote may be missing."""
    return tokens.texts[token][1:].removesuffix('"')


def raw(tokens: Tokens, opening: int, closing: int) -> tuple[str, Span]:
    """The text between two brackets without white space around it, and where it is."""
    start, end = tokens.ends[opening], tokens.starts[closing]
    text = tokens.text[start:end]
    inner = text.strip()
    if not inner:
        return "", Span(start, start)
    start += len(text) - len(text.lstrip())
    return inner, Span(start, start + len(inner))


def require_elements(tokens: Tokens, opening: int, closing: int, wanted: str) -> None:
    """Reports parentheses with nothing between them."""
    if closing == opening + 1:
        span = Span(tokens.starts[opening], tokens.ends[closing])
        tokens.faults.append(faults.empty_parentheses(tokens.path, span, wanted))


# Values that pass through


@builds("nothing")
def _nothing(_: Tokens, _end: int) -> None:
    return None


@builds("second")
def _second(_: Tokens, _end: int, _first: object, second: object, *_rest: object) -> object:
    return second


@builds("third")
def _third(_: Tokens, _end: int, _1: object, _2: object, third: object, *_rest: object) -> object:
    return third


@builds("fourth")
def _fourth(_: Tokens, _end: int, _1: object, _2: object, _3: object, fourth: object) -> object:
    return fourth


# Lists; a list grows in place until its construct is complete


@builds("no_items", "no_parts", "no_branches", "no_blocks", "no_arms", "no_locals", "no_stmts")
def _no_elements(_: Tokens, _end: int) -> list[object]:
    return []


@builds("no_names", "no_atoms")
def _none_written(_: Tokens, _end: int, *_brackets: int) -> list[object]:
    return []


@builds("first_of")
def _first_of(_: Tokens, _end: int, value: Value) -> list[Value]:
    return [value]


@builds("next_of")
def _next_of(_: Tokens, _end: int, values: list[Value], _comma: int, value: Value) -> list[Value]:
    values.append(value)
    return values


@builds("add")
def _add(_: Tokens, _end: int, values: list[Value], value: Value | None) -> list[Value]:
    if value is not None:
        values.append(value)
    return values


@builds("add_comma")
def _add_comma(_: Tokens, _end: int, values: list[Value], value: Value, _comma: int) -> list[Value]:
    values.append(value)
    return values


@builds("field")
def _field(tokens: Tokens, _end: int, key: int, value: object) -> tuple[ast.Name, object]:
    return keyword(tokens, key), value


def keyword(tokens: Tokens, token: int) -> ast.Name:
    """A keyword as a name."""
    return ast.Name(tokens.texts[token], Span(tokens.starts[token], tokens.ends[token]))


@builds("first_int")
def _first_int(tokens: Tokens, _end: int, token: int) -> list[int]:
    return [number(tokens, token)]


@builds("next_int")
def _next_int(tokens: Tokens, _end: int, values: list[int], _comma: int, token: int) -> list[int]:
    values.append(number(tokens, token))
    return values


# Roles


@builds("role_decl")
def _role_decl(_: Tokens, _end: int, name: ast.Name) -> ast.RoleDecl:
    return ast.RoleDecl(name, None, name.span)


@builds("role_decl_sized")
def _role_decl_sized(
    _: Tokens, end: int, name: ast.Name, _open: int, size: ast.Index, _close: int
) -> ast.RoleDecl:
    return ast.RoleDecl(name, size, Span(name.span.start, end))


@builds("role")
def _role(_: Tokens, _end: int, name: ast.Name) -> ast.RoleRef:
    return ast.RoleRef(name, None, name.span)


@builds("role_indexed")
def _role_indexed(
    _: Tokens, end: int, name: ast.Name, _open: int, index: ast.Index, _close: int
) -> ast.RoleRef:
    return ast.RoleRef(name, index, Span(name.span.start, end))


@builds("bound_number")
def _bound_number(tokens: Tokens, _end: int, token: int) -> int:
    return number(tokens, token)


@builds("bound_name")
def _bound_name(_: Tokens, _end: int, name: ast.Name) -> str:
    return name.text


@builds("index")
def _index(_: Tokens, _end: int, bound: int | str) -> ast.Index:
    return ast.ConstIndex(bound) if isinstance(bound, int) else ast.NameIndex(bound)


@builds("any_index")
def _any_index(_: Tokens, _end: int, _star: int) -> ast.Index:
    return ast.AnyIndex()


@builds("range_index")
def _range_index(_: Tokens, _end: int, low: int | str, _dots: int, high: int | str) -> ast.Index:
    return ast.RangeIndex(low, high)


# Dotted names. A dotted pair may become an effect call, so the three lengths are kept apart.


@builds("first_part")
def _first_part(_: Tokens, _end: int, name: ast.Name) -> list[ast.Name]:
    return [name]


@builds("dotted_pair")
def _dotted_pair(_: Tokens, _end: int, one: ast.Name, _dot: int, two: ast.Name) -> list[ast.Name]:
    return [one, two]


@builds("next_part", "dotted_three")
def _next_part(
    _: Tokens, _end: int, parts: list[ast.Name], _dot: int, part: ast.Name
) -> list[ast.Name]:
    parts.append(part)
    return parts


@builds("path_one")
def _path_one(_: Tokens, _end: int, name: ast.Name) -> ast.Path:
    return ast.Path((name.text,), name.span)


@builds("path_two", "path_more")
def _path_more(_: Tokens, _end: int, parts: list[ast.Name]) -> ast.Path:
    span = Span(parts[0].span.start, parts[-1].span.end)
    return ast.Path(tuple(part.text for part in parts), span)


@builds("type_path")
def _type_path(_: Tokens, _end: int, parts: list[ast.Name]) -> ast.TypePath:
    span = Span(parts[0].span.start, parts[-1].span.end)
    return ast.TypePath(tuple([part.text for part in parts]), (), span)


@builds("type_path_arguments")
def _type_path_arguments(
    _: Tokens,
    end: int,
    parts: list[ast.Name],
    _open: int,
    arguments: list[ast.TypePath],
    _close: int,
) -> ast.TypePath:
    span = Span(parts[0].span.start, end)
    return ast.TypePath(tuple(part.text for part in parts), tuple(arguments), span)


# Expressions


@builds("text_atom")
def _text_atom(tokens: Tokens, end: int, token: int) -> ast.TextAtom:
    return ast.TextAtom(text_of(tokens, token), Span(tokens.starts[token], end))


@builds("int_atom")
def _int_atom(tokens: Tokens, end: int, token: int) -> ast.IntAtom:
    return ast.IntAtom(number(tokens, token), Span(tokens.starts[token], end))


@builds("effect_call")
def _effect_call(
    _: Tokens, end: int, parts: list[ast.Name], _open: int, atoms: list[ast.Atom], _close: int
) -> ast.EffectCall:
    effect, operation = parts
    return ast.EffectCall(effect, operation, tuple(atoms), Span(effect.span.start, end))


@builds("call_empty")
def _call_empty(
    _: Tokens, end: int, parts: list[ast.Name], _open: int, _close: int
) -> ast.EffectCall:
    effect, operation = parts
    return ast.EffectCall(effect, operation, (), Span(effect.span.start, end))


@builds("check")
def _check(tokens: Tokens, end: int, word: int, call: ast.EffectCall) -> ast.Check:
    return ast.Check(call, Span(tokens.starts[word], end))


@builds("observe")
def _observe(tokens: Tokens, end: int, word: int, call: ast.EffectCall) -> ast.Observe:
    return ast.Observe(call, Span(tokens.starts[word], end))


@builds("transfer")
def _transfer(
    tokens: Tokens,
    end: int,
    word: int,
    asset: ast.Name,
    _from: int,
    source: ast.RoleRef,
    _to: int,
    target: ast.RoleRef,
) -> ast.Transfer:
    return ast.Transfer(asset, source, target, Span(tokens.starts[word], end))


@builds("construct")
def _construct(tokens: Tokens, end: int, word: int, argument: ast.Path | None) -> ast.Construct:
    return ast.Construct(keyword(tokens, word), argument, Span(tokens.starts[word], end))


@builds("construct_just")
def _construct_just(
    tokens: Tokens, end: int, word: int, _open: int, argument: ast.Path, _close: int
) -> ast.Construct:
    return ast.Construct(keyword(tokens, word), argument, Span(tokens.starts[word], end))


@builds("construct_nothing")
def _construct_nothing(tokens: Tokens, end: int, word: int) -> ast.Construct:
    return ast.Construct(keyword(tokens, word), None, Span(tokens.starts[word], end))


@builds("apply")
def _apply(
    _: Tokens, end: int, function: ast.Name, _open: int, atoms: list[ast.Atom], _close: int
) -> ast.Apply:
    return ast.Apply(function, tuple(atoms), Span(function.span.start, end))


@builds("apply_empty")
def _apply_empty(_: Tokens, end: int, function: ast.Name, _open: int, _close: int) -> ast.Apply:
    return ast.Apply(function, (), Span(function.span.start, end))


# Progress


@builds("clause_timeout", "clause_stall")
def _clause(
    tokens: Tokens, _end: int, _on: int, word: int, _arrow: int, target: ast.Name
) -> tuple[ast.Name, ast.Name]:
    return keyword(tokens, word), target


@builds("progress")
def _progress(
    tokens: Tokens,
    end: int,
    word: int,
    contract: ast.Name,
    clauses: list[tuple[ast.Name, ast.Name]],
) -> ast.Progress:
    last = {key.text: value for key, value in clauses}
    return ast.Progress(
        contract,
        requires=last.get("requires"),
        within=last.get("within"),
        on_timeout=last.get("timeout"),
        on_stall=last.get("stall"),
        span=Span(tokens.starts[word], end),
    )
