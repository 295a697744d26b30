"""TOML documents with the place of every key, so that a finding can point at its line.

The text is judged and read by `tomllib`; this module only finds the places of entries in a text
that is known to be valid.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import Final, TypeAlias, TypeVar

import msgspec

from tellverify.source.span import Span
from tellverify.source.text import SourceFile
from tellverify.source.toml_words import CHOICE, misfit_text

LARGEST: Final = 4_000_000
Path: TypeAlias = tuple[str | int, ...]
TomlValue: TypeAlias = (
    "str | int | float | bool | datetime.datetime | datetime.date | datetime.time"
    " | list[TomlValue] | dict[str, TomlValue]"
)
_T = TypeVar("_T")
_AT: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_WHERE: Final = re.compile(r"^(.*?)(?: - at `(?:key in )?\$(.*)`)?$", re.DOTALL)
_STEP: Final = re.compile(r"\.([^.\[]+)|\[(\d+)\]|\[\.\.\.\]")
_UNKNOWN: Final = re.compile(r"unknown field `(.*)`", re.DOTALL)
_DEEP_KEY: Final = re.compile(
    r"""(?:^|[{,\[])[ \t]*+(?:(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){64}""",
    re.MULTILINE,
)
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_PLAIN: Final = re.compile(r'([A-Za-z0-9_-]++)[ \t]*+=[ \t]*+("(?:[^"\\\n]|\\.)*+"(?!"))')
_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_INLINE: Final = re.compile(r"[ \t]*")
_SCALAR: Final = re.compile(r"[^,\]}#\r\n]+")
_BASIC: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_LITERAL: Final = re.compile(r"'[^']*'")
_LONG_BASIC: Final = re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}(?!")', re.DOTALL)
_LONG_LITERAL: Final = re.compile(r"'''.*?'{3,5}(?!')", re.DOTALL)


class TomlFault(msgspec.Struct, frozen=True):
    """Why a text is not the document that was expected, and where."""

    message: str
    span: Span


class TomlDocument(msgspec.Struct, frozen=True):
    """A valid document. `keys` and `values` give the places of an entry by its path.

    A path names tables by their keys and entries of arrays by their index from 0.
    """

    source: SourceFile
    table: dict[str, TomlValue]
    keys: dict[Path, Span]
    values: dict[Path, Span]

    def span_of(self, path: Path) -> Span:
        """Where the value at `path` stands; of the innermost table around it, if it has no text."""
        return self._nearest(self.values, path)

    def key_of(self, path: Path) -> Span:
        """Where the key of `path` stands, or that of the table around it."""
        return self._nearest(self.keys, path)

    def line_of(self, path: Path) -> int:
        """The line of the key of `path`, counted from 1."""
        return self.source.position(self.key_of(path).start)[0]

    def inside(self, path: Path, text: str, at: int) -> Span:
        """The character `at` of the string `text` at `path`, where it stands literally."""
        span = self.span_of(path)
        start = self.source.slice(span).find(text)
        if start < 0:  # it has escapes
            return span
        first = min(span.start + start + at, span.end - 1)
        return Span(first, first + 1)

    def text_of(self, path: Path) -> Span:
        """What the string at `path` says; the whole value where that is written with escapes."""
        span = self.span_of(path)
        value = self._value(path)
        start = self.source.slice(span).find(value) if isinstance(value, str) else -1
        if start < 0 or not isinstance(value, str):
            return span
        return Span(span.start + start, span.start + start + len(value))

    def below(self, path: Path) -> TomlDocument:
        """The table at `path` as a document of its own, with its places in the same text."""
        value = self._value(path)
        size = len(path)

        def within(places: dict[Path, Span]) -> dict[Path, Span]:
            return {at[size:]: span for at, span in places.items() if at[:size] == path}

        table = value if isinstance(value, dict) else {}
        return TomlDocument(self.source, table, within(self.keys), within(self.values))

    def _value(self, path: Path) -> TomlValue:
        """What stands at `path`; steps that fit nothing are passed over."""
        return _value_at(self.table, path)

    def _nearest(self, places: dict[Path, Span], path: Path) -> Span:
        while path:
            if path in places:
                return places[path]
            if path in self.keys:
                return self.keys[path]
            path = path[:-1]
        return Span(0, 0)


def has_deep_keys(text: str) -> bool:
    """Whether a key may have more than 64 parts: `tomllib` takes the square of their number."""
    return _DEEP_KEY.search(text) is not None


def read_toml(path: str, text: str) -> TomlDocument | TomlFault:
    """Read a TOML 1.0 document; a fault comes with its place."""
    import tomllib

    source = SourceFile(path, text)
    if len(text) > LARGEST:
        return TomlFault(f"the file has more than {LARGEST} characters", Span(0, 0))
    plain = text.removeprefix("\ufeff")
    shift = len(text) - len(plain)
    if deep := _DEEP_KEY.search(text):
        return TomlFault("a key has more than 64 parts", Span(deep.start(), deep.start()))
    try:
        table: dict[str, TomlValue] = tomllib.loads(plain)
        scan = _Scan(plain, shift)
        scan.document()
    except tomllib.TOMLDecodeError as error:
        return _fault(str(error), source)
    except RecursionError:
        return TomlFault("values are nested too deeply", Span(0, 0))
    except ValueError as error:  # numbers with more digits than Python converts
        return TomlFault(f"a value cannot be read: {str(error)[:80]}", Span(0, 0))
    return TomlDocument(source, table, scan.keys, scan.values)


def decode(document: TomlDocument, kind: type[_T], at: Path = ()) -> _T | TomlFault:
    """The table at `at` as a value of `kind`, or the first entry that does not fit."""
    value = _value_at(document.table, at)
    try:
        return msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError as error:
        return _misfit(str(error), document, at, kind)
    except RecursionError:
        return TomlFault("values are nested too deeply", Span(0, 0))


def _value_at(value: TomlValue, path: Sequence[str | int]) -> TomlValue:
    for step in path:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step, {})
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step]
    return value


def _key_of(word: str, table: TomlValue) -> list[str | int]:
    """The first key of a table whose value is `word`: msgspec names only the table of a row."""
    rows = table.items() if isinstance(table, dict) else ()
    return next(([key] for key, value in rows if value == word), [])


def _misfit(message: str, document: TomlDocument, at: Path, kind: object) -> TomlFault:
    found = _WHERE.match(message)
    what, steps = (found[1], found[2] or "") if found else (message, "")
    path: list[str | int] = list(at)
    for step in _STEP.finditer(steps):
        if step[1] is None and step[2] is None:
            break
        path.append(step[1] if step[1] is not None else int(step[2]))
    if unknown := _UNKNOWN.search(what):
        path.append(unknown[1])
        return TomlFault(f"there is no key `{unknown[1]}` here", document.key_of(tuple(path)))
    choices: tuple[str, ...] = ()
    if wrong := CHOICE.search(what):
        from tellverify.source.toml_choices import choices_of

        path += _key_of(wrong[1], _value_at(document.table, path))
        choices = choices_of(kind, tuple(path[len(at) :]))
    name = ".".join(map(str, path))
    return TomlFault(misfit_text(what, name, choices), document.span_of(tuple(path)))


def _fault(message: str, source: SourceFile) -> TomlFault:
    found = _AT.search(message)
    text = message[: found.start()] if found else message
    text = text[:1].lower() + text[1:]
    if found is None or found[1] is None:
        end = len(source.text)
        return TomlFault(f"{text} at the end of the file", Span(end, end))
    start = source.start_of(int(found[1])) + int(found[2]) - 1
    start = min(start, len(source.text))
    return TomlFault(text, Span(start, min(start + 1, len(source.text))))


class _Scan:
    """One pass over a valid text. Nesting is as deep as `tomllib` could read it, not deeper."""

    def __init__(self, text: str, shift: int) -> None:
        self.keys: dict[Path, Span] = {}
        self.values: dict[Path, Span] = {}
        self._text = text
        self._shift = shift
        self._at = 0
        self._counts: dict[Path, int] = {}

    def document(self) -> None:
        here: Path = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            if self._text.startswith("[[", self._at):
                here = self._header(2)
            elif self._text[self._at] == "[":
                here = self._header(1)
            else:
                self._entry(here)
            self._skip(_BLANK)

    def _header(self, brackets: int) -> Path:
        self._at += brackets
        start = self._at
        names = self._names()
        span = self._span(start)
        self._skip(_INLINE)
        self._at += brackets
        path = (*self._resolved(names[:-1]), names[-1])
        if brackets == 2:
            index = self._counts.get(path, 0)
            self._counts[path] = index + 1
            self.keys.setdefault(path, span)
            path = (*path, index)
        self.keys[path] = span
        return path

    def _resolved(self, names: Path) -> Path:
        """A path with the index of the last table wherever a name stands for an array of them."""
        path: Path = ()
        for name in names:
            path = (*path, name)
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
        return path

    def _entry(self, here: Path) -> None:
        start = self._at
        if plain := _PLAIN.match(self._text, start):  # most entries: a bare key and a string
            path = (*here, plain[1])
            self.keys.setdefault(path, Span(start + self._shift, plain.end(1) + self._shift))
            self.values[path] = Span(plain.start(2) + self._shift, plain.end() + self._shift)
            self._at = plain.end()
            return
        names = self._names()
        span = self._span(start)
        path = here
        for name in names:
            path = (*path, name)
            self.keys.setdefault(path, span)
        self._skip(_INLINE)
        self._at += 1  # the equals sign
        self._skip(_INLINE)
        self._value(path)

    def _names(self) -> tuple[str, ...]:
        names = []
        while True:
            self._skip(_INLINE)
            start = self._at
            first = self._text[start]
            if first in "\"'":
                self._skip(_BASIC if first == '"' else _LITERAL)
                names.append(_unquoted(self._text[start : self._at]))
            else:
                self._skip(_BARE)
                names.append(self._text[start : self._at])
            after = self._at
            self._skip(_INLINE)
            if not self._text.startswith(".", self._at):
                self._at = after
                return tuple(names)
            self._at += 1

    def _value(self, path: Path) -> None:
        start = self._at
        first = self._text[start]
        if first == "[":
            self._array(path)
        elif first == "{":
            self._inline_table(path)
        elif self._text.startswith('"""', start):
            self._skip(_LONG_BASIC)
        elif self._text.startswith("'''", start):
            self._skip(_LONG_LITERAL)
        elif first in "\"'":
            self._skip(_BASIC if first == '"' else _LITERAL)
        else:
            self._skip(_SCALAR)
            self._at = start + len(self._text[start : self._at].rstrip())
        self.values[path] = self._span(start)

    def _array(self, path: Path) -> None:
        self._at += 1
        index = 0
        self._skip(_BLANK)
        while self._text[self._at] != "]":
            self._value((*path, index))
            index += 1
            self._skip(_BLANK)
            if self._text[self._at] == ",":
                self._at += 1
                self._skip(_BLANK)
        self._at += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        self._skip(_BLANK)
        while self._text[self._at] != "}":
            self._entry(path)
            self._skip(_BLANK)
            if self._text[self._at] == ",":
                self._at += 1
                self._skip(_BLANK)
        self._at += 1

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._text, self._at)
        if found is not None:
            self._at = found.end()

    def _span(self, start: int) -> Span:
        return Span(start + self._shift, self._at + self._shift)


def _unquoted(key: str) -> str:
    import tomllib

    (name,) = tomllib.loads(f"{key} = 0")
    return str(name)
