"""Structures read from TOML: a type of states, how two become one, and how one changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeVar

import msgspec

from tellverify.laws.language import Expression, LanguageError, Truth, Type
from tellverify.laws.parser import parse_expression, parse_parameters, parse_type
from tellverify.laws.typing import check
from tellverify.source.span import Span
from tellverify.source.toml import Path, TomlDocument, TomlFault, decode, read_toml

_T = TypeVar("_T")
SCHEMA: Final = "tellverify/laws-1"
_MOST: Final = 200


class Update(msgspec.Struct, frozen=True):
    """One way in which a state changes.

    `to` is the state after it and `delta` a state that merging adds the same by, both over `x` and
    the parameters; `when` says when it may happen. `concurrent` names updates: two replicas, one
    with this and one with that, must, merged, have what one replica would have after both.
    """

    name: str
    parameters: tuple[tuple[str, Type], ...]
    to: Expression
    when: Expression | None
    delta: Expression | None
    concurrent: tuple[str, ...]
    span: Span


class Structure(msgspec.Struct, frozen=True):
    """A join or meet structure; `merge` is over `a` and `b`, `invariant` over `x`."""

    name: str
    kind: Literal["join", "meet"]
    state: Type
    merge: Expression
    neutral: Expression | None
    invariant: Expression | None
    updates: tuple[Update, ...]
    span: Span


class _Update(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    to: str
    parameters: str = ""
    when: str = ""
    delta: str = ""
    concurrent: bool | list[str] = False
    doc: str = ""


class _Structure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: Literal["join", "meet"]
    state: str
    merge: str
    neutral: str = ""
    invariant: str = ""
    doc: str = ""
    update: dict[str, dict[str, object]] = {}


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: str
    structure: dict[str, dict[str, object]] = {}


class LawFile(msgspec.Struct, frozen=True):
    """A file of structures, with what is wrong with it; then it has no structures."""

    document: TomlDocument | None
    structures: tuple[Structure, ...]
    faults: tuple[TomlFault, ...]


def read_structures(path: str, text: str) -> LawFile:
    """Read a file; nothing of it is used when any of it is wrong."""
    document = read_toml(path, text)
    if isinstance(document, TomlFault):
        return LawFile(None, (), (document,))
    if document.table.get("schema") != SCHEMA:
        fault = TomlFault(f"`schema` must be `{SCHEMA}`", document.span_of(("schema",)))
        return LawFile(document, (), (fault,))
    file = decode(document, _File)
    if isinstance(file, TomlFault):
        return LawFile(document, (), (file,))
    if len(file.structure) > _MOST:
        fault = TomlFault(f"there are more than {_MOST} structures", Span(0, 0))
        return LawFile(document, (), (fault,))
    structures: list[Structure] = []
    faults: list[TomlFault] = []
    for name in file.structure:
        try:
            structures.append(_read(document, name))
        except _Misread as error:
            faults.append(error.fault)
    return LawFile(document, () if faults else tuple(structures), tuple(faults))


class _Misread(Exception):
    def __init__(self, fault: TomlFault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def _row(document: TomlDocument, path: Path, kind: type[_T]) -> _T:
    """One table, decoded by itself, so that a fault has its own place."""
    found = decode(document, kind, path)
    if isinstance(found, TomlFault):
        raise _Misread(found)
    return found


def _read(document: TomlDocument, name: str) -> Structure:
    path: Path = ("structure", name)
    given = _row(document, path, _Structure)
    try:
        state = parse_type(given.state)
    except LanguageError as error:
        raise _misread(document, (*path, "state"), given.state, error) from None
    one: Mapping[str, Type] = {"x": state}
    merge = _typed(document, (*path, "merge"), given.merge, state, {"a": state, "b": state})
    neutral = _typed(document, (*path, "neutral"), given.neutral, state, {})
    invariant = _typed(document, (*path, "invariant"), given.invariant, Truth(), one)
    if merge is None:
        raise _Misread(TomlFault("`merge` is empty", document.span_of((*path, "merge"))))
    updates = tuple(_update(document, (*path, "update", key), key, state) for key in given.update)
    for update in updates:
        for other in update.concurrent:
            if other not in given.update:
                where = document.span_of((*path, "update", update.name, "concurrent"))
                raise _Misread(TomlFault(f"there is no update `{other}`", where))
    span = document.key_of(path)
    return Structure(name, given.kind, state, merge, neutral, invariant, updates, span)


def _update(document: TomlDocument, path: Path, name: str, state: Type) -> Update:
    given = _row(document, path, _Update)
    try:
        parameters = parse_parameters(given.parameters)
    except LanguageError as error:
        raise _misread(document, (*path, "parameters"), given.parameters, error) from None
    names: dict[str, Type] = {**dict(parameters), "x": state}
    to = _typed(document, (*path, "to"), given.to, state, names)
    if to is None:
        raise _Misread(TomlFault("`to` is empty", document.span_of((*path, "to"))))
    return Update(
        name,
        parameters,
        to,
        _typed(document, (*path, "when"), given.when, Truth(), names),
        _typed(document, (*path, "delta"), given.delta, state, names),
        (name,) if given.concurrent is True else tuple(given.concurrent or ()),
        document.key_of(path),
    )


def _typed(
    document: TomlDocument, path: Path, text: str, kind: Type, names: Mapping[str, Type]
) -> Expression | None:
    if not text.strip():
        return None
    try:
        return check(parse_expression(text), kind, names)
    except LanguageError as error:
        raise _misread(document, path, text, error) from None


def _misread(document: TomlDocument, path: Path, text: str, error: LanguageError) -> _Misread:
    """The error with its place: inside the text where that stands as it is in the file."""
    return _Misread(TomlFault(error.message, document.inside(path, text, error.at)))
