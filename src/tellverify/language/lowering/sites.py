"""Where an event stands in the source, as the graph keeps it."""

from __future__ import annotations

from typing import Final

from tellverify.language.syntax import ast
from tellverify.model.site import Site
from tellverify.source.text import SourceFile


def type_text(path: ast.TypePath) -> str:
    """A type path as written; generic arguments nest without limit."""
    parts: list[str] = []
    stack: list[ast.TypePath | str] = [path]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            parts.append(item)
            continue
        parts.append(".".join(item.parts))
        if item.arguments:
            stack.append(">")
            for index, argument in enumerate(reversed(item.arguments)):
                if index:
                    stack.append(", ")
                stack.append(argument)
            stack.append("<")
    return "".join(parts)


def payload_text(message: ast.Message) -> str:
    """The payload of a message, as written: `of a.B`, `(text)`, or both."""
    written = f"of {type_text(message.type)}" if message.type is not None else ""
    if message.bracket == "(":
        carried = f"({message.payload})"
    elif message.bracket == "{":
        carried = f"{{{message.payload}}}"
    else:
        return written
    return f"{written} {carried}" if written else carried


def value_text(value: ast.Value) -> str:
    """The value of a record entry; strings without their quotes."""
    match value:
        case ast.TextValue(text):
            return text
        case ast.DurationValue(amount, unit):
            return f"{amount}{unit}"
        case ast.IntsValue(values):
            return f"[{', '.join(map(str, values))}]"
        case ast.NamesValue(names):
            return f"({', '.join(names)})"
        case ast.IntValue(number):
            return str(number)
        case ast.WordValue(word):
            return word


def record_entries(record: ast.Record | None) -> tuple[tuple[str, str], ...]:
    """The entries of a sender record, in the order of the source."""
    if record is None:
        return ()
    return tuple((entry.key.text, value_text(entry.value)) for entry in record.entries)


_MILLISECONDS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}


def milliseconds(duration: ast.DurationValue) -> int:
    """The length of a duration."""
    return duration.amount * _MILLISECONDS[duration.unit]


def least_responses(record: ast.Record | None) -> tuple[int, ...]:
    """The values of `min_responses` in a sender record."""
    if record is None:
        return ()
    return tuple(
        entry.value.value
        for entry in record.entries
        if entry.key.text == "min_responses" and isinstance(entry.value, ast.IntValue)
    )


def site_of(
    source: SourceFile, message: ast.Message, record: ast.Record | None, branch: str
) -> Site:
    """The site of a send or broadcast: the label in the source and what goes with it."""
    span = message.label.span
    line, column = source.position(span.start)
    payload = payload_text(message) if message.type is not None or message.bracket else ""
    return Site(source.path, span, line, column, payload, branch, record_entries(record))
