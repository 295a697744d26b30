"""Local types as JSON, in the two forms that Telltale and Aura exchange.

*Bridge* form: objects tagged by `kind`. *Derived* form: `"End"`, `{"Send": {...}}`, branches as
`[label, value type, type]`. Readers are strict: unknown, missing and repeated fields are faults,
and a type may have at most 256 levels. The output has at most as many, and at most 8 MiB, so
that it can be read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeAlias

import msgspec

from tellverify.formats.json_places import Json, Repeated
from tellverify.model.local_type import (
    UNIT,
    Alternative,
    End,
    ExternalChoice,
    InternalChoice,
    LocalType,
    Mu,
    Node,
    Sort,
    TypeBuilder,
    Variable,
    postorder,
    redirected,
    successors,
)

DEEPEST: Final = 256
LONGEST: Final = 8 * 1024 * 1024

_Pending: TypeAlias = tuple[Json, str, int]  # a value, where it stands, how deep

_SORTS: Final = ("unit", "nat", "bool", "string", "real")


class InterchangeForm(StrEnum):
    """The two ways to write a type as JSON."""

    BRIDGE = "bridge"
    DERIVED = "derived"


class ReadFault(msgspec.Struct, frozen=True):
    """A JSON value is no local type. `path` says where, `$` being the whole value.

    `reason` is `too-deep`, `missing-field`, `unexpected-field`, `repeated-field`, `unknown-kind`,
    `invalid-sort`, `invalid-value` or `expected-object`.
    """

    reason: str
    path: str


class WriteFault(msgspec.Struct, frozen=True):
    """A type cannot be written: `too-deep` or `too-large` for the limits of the form."""

    reason: str


def write_type(local: LocalType, form: InterchangeForm) -> str | WriteFault:
    """`local` as one line of JSON. Shared subterms are written out wherever they occur."""
    depth = [0] * len(local.nodes)
    size = [0] * len(local.nodes)
    pieces: list[list[str | int]] = [[] for _ in local.nodes]
    split = _bridge if form is InterchangeForm.BRIDGE else _derived
    for index in postorder(local):
        following = successors(local.nodes[index])
        depth[index] = 1 + max((depth[each] for each in following), default=0)
        if depth[index] > DEEPEST:
            return WriteFault("too-deep")
        pieces[index] = split(local.nodes[index])
        for piece in pieces[index]:
            size[index] += len(piece) if isinstance(piece, str) else size[piece]
        if size[index] > LONGEST:
            return WriteFault("too-large")
    text: list[str] = []
    stack: list[str | int] = [0]
    while stack:
        piece = stack.pop()
        if isinstance(piece, str):
            text.append(piece)
        else:
            stack.extend(reversed(pieces[piece]))
    return "".join(text)


def _string(text: str) -> str:
    return json.dumps(text)


def _bridge(node: Node) -> list[str | int]:
    """The text of a node, with the indices of what it refers to."""
    match node:
        case End():
            return ['{"kind":"end"}']
        case Variable(name):
            return [f'{{"kind":"var","name":{_string(name)}}}']
        case Mu(variable, body):
            return [f'{{"kind":"rec","var":{_string(variable)},"body":', body, "}"]
        case InternalChoice(partner, alternatives) | ExternalChoice(partner, alternatives):
            kind = "send" if isinstance(node, InternalChoice) else "recv"
            start = f'{{"kind":"{kind}","partner":{_string(partner)},"branches":['
            pieces: list[str | int] = [start]
            for place, each in enumerate(alternatives):
                label = f'{{"name":{_string(each.label)},"sort":{_bridge_sort(each.sort)}}}'
                comma = "," if place else ""
                pieces += [f'{comma}{{"label":{label},"continuation":', each.then, "}"]
            return [*pieces, "]}"]


def _derived(node: Node) -> list[str | int]:
    match node:
        case End():
            return ['"End"']
        case Variable(name):
            return [f'{{"Var":{_string(name)}}}']
        case Mu(variable, body):
            return [f'{{"Mu":{{"var":{_string(variable)},"body":', body, "}}"]
        case InternalChoice(partner, alternatives) | ExternalChoice(partner, alternatives):
            kind = "Send" if isinstance(node, InternalChoice) else "Recv"
            start = f'{{"{kind}":{{"partner":{_string(partner)},"branches":['
            pieces: list[str | int] = [start]
            for place, each in enumerate(alternatives):
                label = f'{{"name":{_string(each.label)},"sort":{_derived_sort(each.sort)}}}'
                pieces += [f"{',' if place else ''}[{label},null,", each.then, "]"]
            return [*pieces, "]}}"]


def _bridge_sort(sort: Sort) -> str:
    if sort.kind == "vector":
        return f'{{"vector":{sort.size}}}'
    if sort.kind == "prod":
        return f'{{"prod":[{",".join(_bridge_sort(part) for part in sort.parts)}]}}'
    return f'"{sort.kind}"'


def _derived_sort(sort: Sort) -> str:
    if sort.kind == "vector":
        return f'{{"Vector":{sort.size}}}'
    if sort.kind == "prod":
        return f'{{"Prod":[{",".join(_derived_sort(part) for part in sort.parts)}]}}'
    return f'"{sort.kind.capitalize()}"'


class _FormatFault(Exception):
    def __init__(self, reason: str, path: str) -> None:
        super().__init__(reason)
        self.fault = ReadFault(reason, path)


def read_value(value: Json, form: InterchangeForm) -> LocalType | ReadFault:
    """The local type that a JSON value says; `Repeated` objects are faults.

    Whether the term is well-formed is for others to decide.
    """
    try:
        return _InterchangeReader(form).read(value)
    except RecursionError:
        return ReadFault("too-deep", "$")
    except _FormatFault as error:
        return error.fault


class _InterchangeReader:
    """Values to nodes; children are put off until their parent has been looked at."""

    def __init__(self, form: InterchangeForm) -> None:
        self.form = form
        self.values: list[_Pending] = []

    def read(self, root: Json) -> LocalType:
        """Check from the root down, then build from the leaves up."""
        self.values.append((root, "$", 1))
        shapes: list[Node] = []
        inspect = self._bridge if self.form is InterchangeForm.BRIDGE else self._derived
        for value, path, depth in self.values:  # grows
            if depth > DEEPEST:
                raise _FormatFault("too-deep", path)
            shapes.append(inspect(value, path, depth))
        builder = TypeBuilder()
        built: dict[int, int] = {}
        for index in range(len(shapes) - 1, -1, -1):
            built[index] = builder.add(redirected(shapes[index], built))
        return builder.build(built[0])

    def _later(self, value: Json, path: str, depth: int) -> int:
        self.values.append((value, path, depth + 1))
        return len(self.values) - 1

    def _bridge(self, value: Json, path: str, depth: int) -> Node:
        record = _record(value, path)
        kind = record.get("kind")
        if "kind" not in record:
            raise _FormatFault("missing-field", f"{path}.kind")
        if kind == "end":
            _fields(record, path, "kind")
            return End()
        if kind == "var":
            _fields(record, path, "kind", "name")
            return Variable(_text(record["name"], f"{path}.name"))
        if kind == "rec":
            _fields(record, path, "kind", "var", "body")
            name = _text(record["var"], f"{path}.var")
            return Mu(name, self._later(record["body"], f"{path}.body", depth))
        if kind in ("send", "recv"):
            _fields(record, path, "kind", "partner", "branches")
            alternatives = tuple(
                self._bridge_branch(each, f"{path}.branches[{place}]", depth)
                for place, each in enumerate(_list(record["branches"], f"{path}.branches"))
            )
            made = InternalChoice if kind == "send" else ExternalChoice
            return made(_text(record["partner"], f"{path}.partner"), alternatives)
        raise _FormatFault("unknown-kind", f"{path}.kind")

    def _bridge_branch(self, value: Json, path: str, depth: int) -> Alternative:
        record = _record(value, path)
        _fields(record, path, "label", "continuation")
        name, sort = _label(record["label"], f"{path}.label", _SORTS, "vector", "prod")
        then = self._later(record["continuation"], f"{path}.continuation", depth)
        return Alternative(name, then, sort)

    def _derived(self, value: Json, path: str, depth: int) -> Node:
        if value == "End":
            return End()
        record = _record(value, path)
        if len(record) != 1:
            raise _FormatFault("unknown-kind", path)
        ((kind, inner),) = record.items()
        path = f"{path}.{kind}"
        if kind == "Var":
            return Variable(_text(inner, path))
        if kind == "Mu":
            body = _record(inner, path)
            _fields(body, path, "var", "body")
            name = _text(body["var"], f"{path}.var")
            return Mu(name, self._later(body["body"], f"{path}.body", depth))
        if kind in ("Send", "Recv"):
            choice = _record(inner, path)
            _fields(choice, path, "partner", "branches")
            alternatives = tuple(
                self._derived_branch(each, f"{path}.branches[{place}]", depth)
                for place, each in enumerate(_list(choice["branches"], f"{path}.branches"))
            )
            made = InternalChoice if kind == "Send" else ExternalChoice
            return made(_text(choice["partner"], f"{path}.partner"), alternatives)
        raise _FormatFault("unknown-kind", path)

    def _derived_branch(self, value: Json, path: str, depth: int) -> Alternative:
        parts = _list(value, path)
        if len(parts) != 3 or parts[1] is not None:
            raise _FormatFault("invalid-value", path)
        words = tuple(word.capitalize() for word in _SORTS)
        name, sort = _label(parts[0], f"{path}[0]", words, "Vector", "Prod")
        return Alternative(name, self._later(parts[2], f"{path}[2]", depth), sort)


def _record(value: Json, path: str) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise _FormatFault("expected-object", path)
    if isinstance(value, Repeated):
        raise _FormatFault("repeated-field", f"{path}.{value.name}")
    return value


def _fields(record: Mapping[str, Json], path: str, *names: str) -> None:
    for name in record:
        if name not in names:
            raise _FormatFault("unexpected-field", f"{path}.{name}")
    for name in names:
        if name not in record:
            raise _FormatFault("missing-field", f"{path}.{name}")


def _text(value: Json, path: str) -> str:
    if not isinstance(value, str) or any("\ud800" <= char <= "\udfff" for char in value):
        raise _FormatFault("invalid-value", path)
    return value


def _list(value: Json, path: str) -> list[Json]:
    if not isinstance(value, list):
        raise _FormatFault("invalid-value", path)
    return value


def _label(
    value: Json, path: str, words: tuple[str, ...], vector: str, prod: str
) -> tuple[str, Sort]:
    record = dict(_record(value, path))
    sort: Json = record.pop("sort", words[0])
    _fields(record, path, "name")
    return _text(record["name"], f"{path}.name"), _sort(sort, f"{path}.sort", words, vector, prod)


def _sort(value: Json, path: str, words: tuple[str, ...], vector: str, prod: str) -> Sort:
    """Recursive: the parser of JSON has bounded the depth."""
    if isinstance(value, str) and value in words:
        kind = _SORTS[words.index(value)]
        return UNIT if kind == "unit" else Sort(kind)
    if isinstance(value, dict) and len(value) == 1:
        size = value.get(vector)
        if isinstance(size, int) and not isinstance(size, bool) and size >= 0:
            return Sort("vector", size=size)
        parts = value.get(prod)
        if isinstance(parts, list) and len(parts) == 2:
            return Sort("prod", parts=tuple(_sort(p, path, words, vector, prod) for p in parts))
    raise _FormatFault("invalid-sort", path)
