"""Builders of sends, broadcasts, their messages, and the records of senders."""

from __future__ import annotations

from tellverify.diagnostics import syntax as faults
from tellverify.language.syntax import ast
from tellverify.language.syntax.build.reductions import builds, number, raw, text_of
from tellverify.language.syntax.token_lists import Tokens
from tellverify.source.span import Span

_UNITS = ("ms", "s", "m", "h")


# Messages


@builds("send")
def _send(
    _: Tokens,
    end: int,
    sender: ast.RoleRef,
    _arrow: int,
    receiver: ast.RoleRef,
    _colon: int,
    message: ast.Message,
) -> ast.Send:
    return ast.Send(sender, receiver, message, None, Span(sender.span.start, end))


@builds("send_record")
def _send_record(
    _: Tokens,
    end: int,
    sender: ast.RoleRef,
    record: ast.Record,
    _arrow: int,
    receiver: ast.RoleRef,
    _colon: int,
    message: ast.Message,
) -> ast.Send:
    return ast.Send(sender, receiver, message, record, Span(sender.span.start, end))


@builds("broadcast")
def _broadcast(
    _: Tokens, end: int, sender: ast.RoleRef, _arrow: int, _colon: int, message: ast.Message
) -> ast.Broadcast:
    return ast.Broadcast(sender, message, None, Span(sender.span.start, end))


@builds("broadcast_record")
def _broadcast_record(
    _: Tokens,
    end: int,
    sender: ast.RoleRef,
    record: ast.Record,
    _arrow: int,
    _colon: int,
    message: ast.Message,
) -> ast.Broadcast:
    return ast.Broadcast(sender, message, record, Span(sender.span.start, end))


@builds("message")
def _message(_: Tokens, _end: int, label: ast.Name) -> ast.Message:
    return ast.Message(label, None, "", "", label.span)


@builds("message_payload")
def _message_payload(_: Tokens, end: int, label: ast.Name, payload: tuple[str, str]) -> ast.Message:
    return ast.Message(label, None, payload[1], payload[0], Span(label.span.start, end))


@builds("message_type")
def _message_type(
    _: Tokens, end: int, label: ast.Name, _of: int, path: ast.TypePath
) -> ast.Message:
    return ast.Message(label, path, "", "", Span(label.span.start, end))


@builds("message_type_payload")
def _message_type_payload(
    _: Tokens, end: int, label: ast.Name, _of: int, path: ast.TypePath, payload: tuple[str, str]
) -> ast.Message:
    return ast.Message(label, path, payload[1], payload[0], Span(label.span.start, end))


@builds("payload")
def _payload(tokens: Tokens, _end: int, opening: int, _raw: int, closing: int) -> tuple[str, str]:
    return tokens.texts[opening], raw(tokens, opening, closing)[0]


# Sender records


@builds("record_empty")
def _record_empty(tokens: Tokens, end: int, opening: int, _close: int) -> ast.Record:
    return ast.Record((), Span(tokens.starts[opening], end))


@builds("record")
def _record(
    tokens: Tokens, end: int, opening: int, entries: list[ast.RecordEntry], *_close: int
) -> ast.Record:
    return ast.Record(tuple(entries), Span(tokens.starts[opening], end))


@builds("entry")
def _entry(_: Tokens, end: int, key: ast.Name, _colon: int, value: ast.Value) -> ast.RecordEntry:
    return ast.RecordEntry(key, value, Span(key.span.start, end))


@builds("text_value")
def _text_value(tokens: Tokens, _end: int, token: int) -> ast.Value:
    return ast.TextValue(text_of(tokens, token))


@builds("ints_value")
def _ints_value(_: Tokens, _end: int, _open: int, values: list[int], _close: int) -> ast.Value:
    return ast.IntsValue(tuple(values))


@builds("names_value")
def _names_value(_: Tokens, _end: int, _open: int, names: list[ast.Name], _close: int) -> ast.Value:
    return ast.NamesValue(tuple(name.text for name in names))


@builds("int_value")
def _int_value(tokens: Tokens, _end: int, token: int) -> ast.Value:
    return ast.IntValue(number(tokens, token))


@builds("word_value")
def _word_value(_: Tokens, _end: int, word: ast.Name) -> ast.Value:
    return ast.WordValue(word.text)


@builds("duration")
def _duration(tokens: Tokens, _end: int, token: int) -> ast.DurationValue:
    unit = tokens.texts[token].lstrip("0123456789")
    return ast.DurationValue(number(tokens, token), unit)


@builds("duration_spaced")
def _duration_spaced(tokens: Tokens, _end: int, token: int, unit: ast.Name) -> ast.DurationValue:
    if unit.text not in _UNITS:
        tokens.faults.append(faults.unknown_unit(tokens.path, unit.span, unit.text))
    return ast.DurationValue(number(tokens, token), unit.text)
