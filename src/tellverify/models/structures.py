"""Structures read from TOML: a type of states, its merge and its updates."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from tellverify.models.expressions import Expression, Type
from tellverify.models.reading import ModelTable, Read, read_tables
from tellverify.source.span import Span

SCHEMA: Final = "tellverify/laws-1"


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
    internal: bool = False


class StructureView(msgspec.Struct, frozen=True):
    """The view of a state for readers: an expression over `x`, its type, and its place."""

    of: Expression
    kind: Type
    span: Span


class Structure(msgspec.Struct, frozen=True):
    """A join or meet structure; `merge` is over `a` and `b`, `invariant` over `x`.

    With a `view` states count as equal when their views are.
    """

    name: str
    kind: Literal["join", "meet"]
    state: Type
    merge: Expression
    neutral: Expression | None
    invariant: Expression | None
    updates: tuple[Update, ...]
    span: Span
    view: StructureView | None = None


class _Update(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    to: str
    parameters: str = ""
    when: str = ""
    delta: str = ""
    concurrent: bool | list[str] = False
    internal: bool = False
    doc: str = ""


class _Structure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: Literal["join", "meet"]
    state: str
    merge: str
    neutral: str = ""
    invariant: str = ""
    view: str = ""
    doc: str = ""
    update: dict[str, dict[str, object]] = {}


def read_structures(path: str, text: str) -> Read[Structure]:
    """Read a file of structures; none of it is used when any part is wrong."""
    return read_tables(path, text, SCHEMA, "structure", _read)


def _read(table: ModelTable, name: str) -> Structure:
    given = table.row(_Structure)
    state = table.type("state", given.state)
    merge = table.needed(("merge",), given.merge, state, {"a": state, "b": state})
    updates = tuple(_update(table.inner("update", key), key, state) for key in given.update)
    seen = table.inferred("view", given.view, {"x": state})
    view = None if seen is None else StructureView(*seen, table.key("view"))
    for update in updates:
        if update.internal and view is None:
            path = ("update", update.name, "internal")
            raise table.fault(path, "an internal update leaves the `view`, which is missing here")
        for other in update.concurrent:
            if other not in given.update:
                path = ("update", update.name, "concurrent")
                raise table.fault(path, f"there is no update `{other}`")
    return Structure(
        name,
        given.kind,
        state,
        merge,
        table.optional(("neutral",), given.neutral, state, {}),
        table.condition("invariant", given.invariant, {"x": state}),
        updates,
        table.key(),
        view,
    )


def _update(table: ModelTable, name: str, state: Type) -> Update:
    given = table.row(_Update)
    parameters = table.parameters("parameters", given.parameters)
    names: dict[str, Type] = {**dict(parameters), "x": state}
    return Update(
        name,
        parameters,
        table.needed(("to",), given.to, state, names),
        table.condition("when", given.when, names),
        table.optional(("delta",), given.delta, state, names),
        (name,) if given.concurrent is True else tuple(given.concurrent or ()),
        table.key(),
        given.internal,
    )
