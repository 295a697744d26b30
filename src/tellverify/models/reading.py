"""Reading TOML files whose strings are types and expressions, with the place of every fault."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Generic, TypeVar

import msgspec

from tellverify.models.expression_parser import parse_expression, parse_parameters, parse_type
from tellverify.models.expressions import Expression, LanguageError, TruthExpression, Type
from tellverify.models.typing import check, type_of
from tellverify.source.span import NOWHERE, Span
from tellverify.source.toml import Path, TomlDocument, TomlFault, decode, read_toml

_MOST: Final = 200
_MAY_BE_EMPTY: Final = ("doc", "parameters", "inputs")
_T = TypeVar("_T")


class Misread(Exception):
    """A table that has no meaning; `fault` says why, and where."""

    def __init__(self, fault: TomlFault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class Read(msgspec.Struct, Generic[_T], frozen=True):
    """The content of a file, and its faults; with faults it has no content."""

    found: tuple[_T, ...]
    faults: tuple[TomlFault, ...] = ()


class _Schema(msgspec.Struct, frozen=True):
    schema: str = ""


def read_tables(
    path: str, text: str, schema: str, kind: str, read: Callable[[ModelTable, str], _T]
) -> Read[_T]:
    """Read the tables `[KIND.NAME]` of a file; none is used when any of them is wrong."""
    document = read_toml(path, text)
    if isinstance(document, TomlFault):
        return Read((), (document,))
    head = decode(document, _Schema)
    if isinstance(head, TomlFault) or head.schema != schema:
        return Read((), (TomlFault(f"`schema` must be `{schema}`", document.span_of(("schema",))),))
    for key in document.table:
        if key not in ("schema", kind):
            return Read((), (TomlFault(f"there is no key `{key}` here", document.key_of((key,))),))
    tables = decode(document, dict[str, dict[str, object]], (kind,))
    if isinstance(tables, TomlFault):
        return Read((), (tables,))
    if len(tables) > _MOST:
        return Read((), (TomlFault(f"there are more than {_MOST} tables", NOWHERE),))
    found: list[_T] = []
    faults: list[TomlFault] = []
    for name in tables:
        try:
            found.append(read(ModelTable(document, (kind, name)), name))
        except Misread as error:
            faults.append(error.fault)
    return Read(() if faults else tuple(found), tuple(faults))


class ModelTable:
    """One table of a document; every value read from it has its place there."""

    def __init__(self, document: TomlDocument, path: Path) -> None:
        self._document = document
        self._path = path

    def inner(self, *path: str) -> ModelTable:
        """A table inside of this one."""
        return ModelTable(self._document, (*self._path, *path))

    def row(self, kind: type[_T]) -> _T:
        """The table as a value; decoded by itself, so that a fault has its own place."""
        found = decode(self._document, kind, self._path)
        if isinstance(found, TomlFault):
            raise Misread(found)
        for key, value in self._document.below(self._path).table.items():
            if key not in _MAY_BE_EMPTY and isinstance(value, str) and not value.strip():
                raise self.fault((key,), f"`{key}` is empty; leave the key out if none is meant")
        return found

    def key(self, *path: str) -> Span:
        """Where a key of the table stands; without one its own."""
        return self._document.key_of((*self._path, *path))

    def type(self, key: str, text: str) -> Type:
        """The type that a string says."""
        try:
            return parse_type(text)
        except LanguageError as error:
            raise self._misread((key,), text, error) from None

    def parameters(self, key: str, text: str) -> tuple[tuple[str, Type], ...]:
        """The parameters that a string lists."""
        try:
            return parse_parameters(text)
        except LanguageError as error:
            raise self._misread((key,), text, error) from None

    def needed(self, path: Path, text: str, kind: Type, names: Mapping[str, Type]) -> Expression:
        """The expression that a string says, which must not be empty."""
        found = self.optional(path, text, kind, names)
        if found is None:
            raise self.fault(path, f"`{path[-1]}` is empty")
        return found

    def optional(
        self, path: Path, text: str, kind: Type, names: Mapping[str, Type]
    ) -> Expression | None:
        """The expression that a string says, None for an empty string."""
        if not text.strip():
            return None
        try:
            return check(parse_expression(text), kind, names)
        except LanguageError as error:
            raise self._misread(path, text, error) from None

    def inferred(
        self, key: str, text: str, names: Mapping[str, Type]
    ) -> tuple[Expression, Type] | None:
        """The expression that a string says, and its type; None for an empty string."""
        if not text.strip():
            return None
        try:
            return type_of(parse_expression(text), names)
        except LanguageError as error:
            raise self._misread((key,), text, error) from None

    def condition(self, key: str, text: str, names: Mapping[str, Type]) -> Expression | None:
        """A condition, None where there is none."""
        return self.optional((key,), text, TruthExpression(), names)

    def fault(self, path: Path, message: str) -> Misread:
        """A fault at the value of a key, to be raised."""
        return Misread(TomlFault(message, self._document.span_of((*self._path, *path))))

    def _misread(self, path: Path, text: str, error: LanguageError) -> Misread:
        span = self._document.inside((*self._path, *path), text, error.at)
        return Misread(TomlFault(error.message, span))
