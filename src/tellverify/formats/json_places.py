"""JSON texts as values, and the place in the text that a JSON pointer (RFC 6901) names."""

from __future__ import annotations

import json
import re
from typing import Final, TypeAlias

import msgspec

from tellverify.source.span import Span

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Pointer: TypeAlias = tuple[str | int, ...]

_MARK: Final = "\ufeff"  # editors on Windows put it before a text
_LONGEST_SHOWN: Final = 120
_SPACE: Final = re.compile(r"[ \t\n\r]*")


class Repeated(dict[str, Json]):
    """An object in which a field is given twice; `name` is that field."""

    name: str = ""


class Document(msgspec.Struct, frozen=True):
    """A JSON value and where it begins in the text."""

    value: Json
    start: int


class NotJson(msgspec.Struct, frozen=True):
    """The text is not JSON: why, and at which code point."""

    reason: str
    offset: int


def read_documents(text: str) -> list[Document] | NotJson:
    """The JSON values of a text, one or more with nothing but white space between them."""
    decoder = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)
    documents: list[Document] = []
    at = _after_space(text, len(_MARK) if text.startswith(_MARK) else 0)
    while at < len(text):
        try:
            value, end = decoder.raw_decode(text, at)
        except RecursionError:
            return NotJson("it is nested too deeply", at)
        except json.JSONDecodeError as error:
            return NotJson(error.msg[:1].lower() + error.msg[1:], error.pos)
        except ValueError as error:  # a constant that JSON does not have, or a number of any length
            return NotJson(str(error).partition(";")[0].lower(), at)
        documents.append(Document(value, at))
        at = _after_space(text, end)
    return documents or NotJson("the file is empty", 0)


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    repeated = Repeated(found)
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            repeated.name = name
            break
        seen.add(name)
    return repeated


def _constant(word: str) -> Json:
    raise ValueError(f"`{word}` is not JSON")


def written(pointer: Pointer) -> str:
    """A pointer as RFC 6901 writes it; the empty one, for the whole document, as `/`."""
    text = "".join(
        "/" + str(part).replace("~", "~0").replace("/", "~1") for part in pointer
    ).replace("`", "'")
    if len(text) <= _LONGEST_SHOWN:
        return text or "/"
    half = _LONGEST_SHOWN // 2
    return f"{text[:half]}…{text[-half:]}"


def locate(text: str, start: int, pointer: Pointer) -> Span:
    """The place of what `pointer` names in the document at `start`.

    A member of an object is shown by its name. Where the way ends early, what was reached.
    """
    decoder = json.JSONDecoder()
    at = found = start
    for part in pointer:
        step = _member(decoder, text, at, part)
        if step is None:
            break
        found, at = step
    end = found + 1
    try:
        if text[found] == '"':
            end = decoder.raw_decode(text, found)[1]
    except (ValueError, RecursionError, IndexError):
        pass
    return Span(found, min(end, len(text)))


def _member(
    decoder: json.JSONDecoder, text: str, at: int, part: str | int
) -> tuple[int, int] | None:
    """Where a member is shown and where its value begins, None when there is no such member."""
    is_object = text[at : at + 1] == "{"
    if is_object != isinstance(part, str) or (not is_object and text[at : at + 1] != "["):
        return None
    at = _after_space(text, at + 1)
    index = 0
    try:
        while at < len(text) and text[at] not in "]}":
            shown = at
            name: str | int = index
            if is_object:
                name, at = decoder.raw_decode(text, at)
                at = _after_space(text, _after_space(text, at) + 1)
            if name == part:
                return shown, at
            _, at = decoder.raw_decode(text, at)
            at = _after_space(text, at)
            if text[at : at + 1] == ",":
                at = _after_space(text, at + 1)
            index += 1
    except (ValueError, RecursionError):
        pass
    return None


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return at if match is None else match.end()
