"""Models read from TOML: parameters, states, actions, and what is claimed of all runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec

from tellverify.laws.language import Expression, Integer, LanguageError, Nat, Truth, Type
from tellverify.laws.parser import parse_expression, parse_parameters, parse_type
from tellverify.laws.typing import check
from tellverify.source.span import Span
from tellverify.source.toml import Path, TomlDocument, TomlFault, decode, read_toml

SCHEMA: Final = "tellverify/patterns-1"
_MOST: Final = 100
_WIDEST: Final = 1_000
_T = TypeVar("_T")


class Input(msgspec.Struct, frozen=True):
    """A parameter of the model or an input of an action; numbers have a range for the search."""

    name: str
    kind: Type
    range: tuple[int, int] | None


class Action(msgspec.Struct, frozen=True):
    """What may happen in a state `x`: `when` it may, and the state `to` after it."""

    name: str
    inputs: tuple[Input, ...]
    when: Expression | None
    to: Expression
    span: Span


class Claim(msgspec.Struct, frozen=True):
    """`always`: true in every reachable state. `possible`: from each, such a state can be reached.

    A `lemma` is claimed like `always`, for the sake of the proof of others.
    """

    name: str
    kind: str
    text: Expression
    span: Span


class Model(msgspec.Struct, frozen=True):
    """A pattern. Expressions see the parameters by name; `assume` is about them alone."""

    name: str
    parameters: tuple[Input, ...]
    assume: Expression | None
    state: Type
    start: Expression
    actions: tuple[Action, ...]
    claims: tuple[Claim, ...]
    span: Span


class _Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    to: str
    when: str = ""
    inputs: str = ""
    ranges: dict[str, list[int]] = {}
    doc: str = ""


class _Pattern(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    state: str
    start: str
    parameters: str = ""
    ranges: dict[str, list[int]] = {}
    assume: str = ""
    doc: str = ""
    action: dict[str, dict[str, object]] = {}
    always: dict[str, str] = {}
    lemma: dict[str, str] = {}
    possible: dict[str, str] = {}


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: str
    pattern: dict[str, dict[str, object]] = {}


class ModelFile(msgspec.Struct, frozen=True):
    """A file of models, with what is wrong with it; then it has no models."""

    document: TomlDocument | None
    models: tuple[Model, ...]
    faults: tuple[TomlFault, ...]


class _Misread(Exception):
    def __init__(self, fault: TomlFault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def read_models(path: str, text: str) -> ModelFile:
    """Read a file; nothing of it is used when any of it is wrong."""
    document = read_toml(path, text)
    if isinstance(document, TomlFault):
        return ModelFile(None, (), (document,))
    if document.table.get("schema") != SCHEMA:
        fault = TomlFault(f"`schema` must be `{SCHEMA}`", document.span_of(("schema",)))
        return ModelFile(document, (), (fault,))
    file = decode(document, _File)
    if isinstance(file, TomlFault):
        return ModelFile(document, (), (file,))
    if len(file.pattern) > _MOST:
        fault = TomlFault(f"there are more than {_MOST} patterns", Span(0, 0))
        return ModelFile(document, (), (fault,))
    models: list[Model] = []
    faults: list[TomlFault] = []
    for name in file.pattern:
        try:
            models.append(_Reading(document, ("pattern", name)).model(name))
        except _Misread as error:
            faults.append(error.fault)
    return ModelFile(document, () if faults else tuple(models), tuple(faults))


class _Reading:
    def __init__(self, document: TomlDocument, path: Path) -> None:
        self._document = document
        self._path = path

    def model(self, name: str) -> Model:
        given = self._row(self._path, _Pattern)
        parameters = self._inputs(("parameters",), given.parameters, given.ranges)
        try:
            state = parse_type(given.state)
        except LanguageError as error:
            raise self._misread(("state",), given.state, error) from None
        outer: dict[str, Type] = {one.name: one.kind for one in parameters}
        names: dict[str, Type] = {**outer, "x": state}
        claims = [
            Claim(key, kind, self._needed((kind, key), text, Truth(), names), self._key(kind, key))
            for kind, rows in (
                ("always", given.always),
                ("lemma", given.lemma),
                ("possible", given.possible),
            )
            for key, text in rows.items()
        ]
        return Model(
            name,
            parameters,
            self._typed(("assume",), given.assume, Truth(), outer),
            state,
            self._needed(("start",), given.start, state, outer),
            tuple(self._action(key, state, names) for key in given.action),
            tuple(claims),
            self._document.key_of(self._path),
        )

    def _action(self, name: str, state: Type, names: Mapping[str, Type]) -> Action:
        here: Path = ("action", name)
        given = self._row((*self._path, *here), _Action)
        inputs = self._inputs((*here, "inputs"), given.inputs, given.ranges)
        for one in inputs:
            if one.name in names:
                raise self._fault((*here, "inputs"), f"`{one.name}` has a meaning already")
        inner = {**names, **{one.name: one.kind for one in inputs}}
        when = self._typed((*here, "when"), given.when, Truth(), inner)
        to = self._needed((*here, "to"), given.to, state, inner)
        return Action(name, inputs, when, to, self._key("action", name))

    def _inputs(self, here: Path, text: str, ranges: Mapping[str, list[int]]) -> tuple[Input, ...]:
        try:
            parsed = parse_parameters(text)
        except LanguageError as error:
            raise self._misread(here, text, error) from None
        kinds = dict(parsed)
        for name in ranges:
            if not isinstance(kinds.get(name), Nat | Integer):
                place: Path = (*here[:-1], "ranges", name)
                raise self._fault(place, f"there is no number `{name}` that could have a range")
        found = []
        for name, kind in parsed:
            if name == "x":
                raise self._fault(here, "`x` is the state")
            found.append(Input(name, kind, self._range(here, name, kind, ranges.get(name))))
        return tuple(found)

    def _range(
        self, here: Path, name: str, kind: Type, given: list[int] | None
    ) -> tuple[int, int] | None:
        if not isinstance(kind, Nat | Integer):
            return None
        place: Path = (*here[:-1], "ranges", name)
        if given is None:
            raise self._fault(here, f"the number `{name}` needs a range: `ranges = {{{name} = ..`")
        if len(given) != 2 or not given[0] <= given[1] < given[0] + _WIDEST:
            raise self._fault(place, f"a range is `[least, most]`, at most {_WIDEST} numbers")
        if isinstance(kind, Nat) and given[0] < 0:
            raise self._fault(place, f"`{name}` is a number from 0")
        return given[0], given[1]

    def _row(self, path: Path, kind: type[_T]) -> _T:
        """One table, decoded by itself, so that a fault has its own place."""
        found = decode(self._document, kind, path)
        if isinstance(found, TomlFault):
            raise _Misread(found)
        return found

    def _key(self, *here: str) -> Span:
        return self._document.key_of((*self._path, *here))

    def _needed(self, here: Path, text: str, kind: Type, names: Mapping[str, Type]) -> Expression:
        found = self._typed(here, text, kind, names)
        if found is None:
            raise self._fault(here, f"`{here[-1]}` is empty")
        return found

    def _typed(
        self, here: Path, text: str, kind: Type, names: Mapping[str, Type]
    ) -> Expression | None:
        if not text.strip():
            return None
        try:
            return check(parse_expression(text), kind, names)
        except LanguageError as error:
            raise self._misread(here, text, error) from None

    def _fault(self, here: Path, message: str) -> _Misread:
        return _Misread(TomlFault(message, self._document.span_of((*self._path, *here))))

    def _misread(self, here: Path, text: str, error: LanguageError) -> _Misread:
        return _Misread(
            TomlFault(error.message, self._document.inside((*self._path, *here), text, error.at))
        )
