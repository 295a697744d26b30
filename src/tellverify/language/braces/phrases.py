"""Roles, annotations, messages and guards of the brace surface."""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics import brace as say
from tellverify.diagnostics import syntax as faults
from tellverify.language.braces.tokens import BraceToken, Cursor, TokenFault
from tellverify.language.syntax import ast
from tellverify.source.span import Span

_LARGEST: Final = 2**64 - 1
_UNITS: Final = ("ms", "s", "m", "h")


def name_of(token: BraceToken) -> ast.Name:
    """A token as a name."""
    return ast.Name(token.text, token.span)


def number(cursor: Cursor, token: BraceToken) -> int:
    """The number that a token begins with."""
    digits = token.text.rstrip("msh")
    value = int(digits) if len(digits) <= 20 else _LARGEST + 1
    if value > _LARGEST:
        cursor.faults.append(faults.number_too_large(cursor.path, token.span))
        return _LARGEST
    return value


def integer(cursor: Cursor) -> int:
    """A number without a unit."""
    token = cursor.next
    if token.kind != "number" or not token.text.isdigit():
        raise cursor.unexpected("a number")
    return number(cursor, cursor.take())


# Roles


def bound(cursor: Cursor) -> int | str:
    """A number or a name."""
    if cursor.next.kind == "number":
        return integer(cursor)
    return cursor.name("a number or a name").text


def _plain(given: int | str) -> ast.Index:
    return ast.ConstIndex(given) if isinstance(given, int) else ast.NameIndex(given)


def declaration(cursor: Cursor) -> ast.RoleDecl:
    """A role in the list of roles."""
    name = name_of(cursor.name("a role"))
    if cursor.accept("[") is None:
        return ast.RoleDecl(name, None, name.span)
    size = ast.AnyIndex() if cursor.accept("*") else _plain(bound(cursor))
    cursor.expect("]")
    return ast.RoleDecl(name, size, Span(name.span.start, cursor.last_end))


def _is_index(cursor: Cursor) -> bool:
    """Whether the `[` at hand begins an index, and not annotations."""
    first, second = cursor.ahead(1), cursor.ahead(2)
    if not cursor.is_at("[") or first.text == "@":
        return False
    return first.text == "*" or second.text in ("]", "..")


def role(cursor: Cursor) -> ast.RoleRef:
    """A role where it is used."""
    name = name_of(cursor.name("a role"))
    if not _is_index(cursor):
        return ast.RoleRef(name, None, name.span)
    cursor.take()
    if cursor.accept("*"):
        index: ast.Index = ast.AnyIndex()
    else:
        low = bound(cursor)
        index = ast.RangeIndex(low, bound(cursor)) if cursor.accept("..") else _plain(low)
    cursor.expect("]")
    return ast.RoleRef(name, index, Span(name.span.start, cursor.last_end))


# Annotations


def value(cursor: Cursor) -> ast.Value:
    """The value of an annotation."""
    token = cursor.next
    if token.kind == "string":
        return ast.TextValue(cursor.string()[0])
    if token.kind == "number":
        return _numeric(cursor)
    if cursor.accept("["):
        ints = [integer(cursor)]
        while cursor.accept(","):
            ints.append(integer(cursor))
        cursor.expect("]")
        return ast.IntsValue(tuple(ints))
    if cursor.accept("("):
        words = [cursor.name("a role").text]
        while cursor.accept(","):
            words.append(cursor.name("a role").text)
        cursor.expect(")")
        return ast.NamesValue(tuple(words))
    return ast.WordValue(cursor.name("a value").text)


def _numeric(cursor: Cursor) -> ast.Value:
    token = cursor.take()
    amount = number(cursor, token)
    unit = token.text.lstrip("0123456789")
    if not unit and cursor.next.kind == "word" and cursor.next.text in _UNITS:
        unit = cursor.take().text
    return ast.DurationValue(amount, unit) if unit else ast.IntValue(amount)


def record(cursor: Cursor) -> ast.Record | None:
    """`[key = value, ...]` behind a sender, each key with or without `@`."""
    if not cursor.is_at("[", "{"):
        return None
    opening = cursor.take()
    closer = "]" if opening.text == "[" else "}"
    entries: list[ast.RecordEntry] = []
    while not cursor.is_at(closer):
        entries.append(_entry(cursor))
        if cursor.accept(",") is None:
            break
    cursor.expect(closer)
    return ast.Record(tuple(entries), Span(opening.start, cursor.last_end))


def _entry(cursor: Cursor) -> ast.RecordEntry:
    cursor.accept("@")
    key = name_of(cursor.name("a key"))
    if cursor.accept("=", ":"):
        given = value(cursor)
    elif cursor.is_at("("):
        return _call_entry(cursor, key)
    else:
        given = ast.WordValue("true")
    return ast.RecordEntry(key, given, Span(key.span.start, cursor.last_end))


def _call_entry(cursor: Cursor, key: ast.Name) -> ast.RecordEntry:
    cursor.expect("(")
    given = value(cursor)
    cursor.expect(")")
    return ast.RecordEntry(key, given, Span(key.span.start, cursor.last_end))


def annotation(cursor: Cursor) -> ast.RecordEntry:
    """`@key`, `@key(value)` or `@key = value` in front of a message."""
    if not cursor.is_at("@"):
        raise cursor.unexpected("`@`")
    return _entry(cursor)


# Messages and guards


def message(cursor: Cursor) -> ast.Message:
    """`Label`, `Label<Type>`, `Label(Type)`; a payload that is no type is opaque text."""
    label = name_of(cursor.name("a message"))
    given: ast.TypePath | None = None
    if cursor.is_at("<"):
        cursor.take()
        given = type_path(cursor)
        cursor.expect(">")
    elif cursor.is_at("of"):
        cursor.take()
        given = type_path(cursor)
    payload, bracket = "", ""
    if cursor.is_at("(", "{"):
        bracket = cursor.next.text
        if given is None and bracket == "(":
            given = _type_payload(cursor)
        if given is not None and not cursor.is_at("(", "{"):
            bracket = ""
        else:
            payload = cursor.raw()[0]
    return ast.Message(label, given, payload, bracket, Span(label.span.start, cursor.last_end))


def _type_payload(cursor: Cursor) -> ast.TypePath | None:
    """The type in the parentheses at hand, if there is just one; else nothing is taken."""
    place, found = cursor.place, len(cursor.faults)
    cursor.take()
    try:
        given = type_path(cursor)
        cursor.expect(")")
    except TokenFault:
        del cursor.faults[found:]
        cursor.place = place
        return None
    return given


def type_path(cursor: Cursor) -> ast.TypePath:
    """`a::b::Box<c::D>`, with `::` or `.`; nesting is followed on an explicit stack."""
    open_paths: list[tuple[tuple[str, ...], int, list[ast.TypePath]]] = []
    while True:
        start = cursor.next.start
        parts = [cursor.name("a type").text]
        while cursor.accept("::", "."):
            parts.append(cursor.name("a type").text)
        if cursor.accept("<"):
            open_paths.append((tuple(parts), start, []))
            continue
        given = ast.TypePath(tuple(parts), (), Span(start, cursor.last_end))
        while open_paths:
            outer, start, arguments = open_paths[-1]
            arguments.append(given)
            if cursor.accept(","):
                break
            cursor.expect(">")
            open_paths.pop()
            given = ast.TypePath(outer, tuple(arguments), Span(start, cursor.last_end))
        else:
            return given


def guard(cursor: Cursor) -> ast.Guard | None:
    """`when (predicate)` if it is at hand."""
    if cursor.accept("when") is None:
        return None
    if not cursor.is_at("("):
        raise cursor.unexpected("`(`")
    opening = cursor.next
    text, span = cursor.raw()
    if not text:
        cursor.faults.append(
            say.brace_syntax(cursor.path, opening.span, "a predicate", "empty parentheses")
        )
    return ast.WhenPredicate(text, span)
