"""Models read from TOML: parameters, states, actions, and claims about all runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from tellverify.models.expressions import Expression, Integer, Nat, TruthExpression, Type
from tellverify.models.reading import ModelTable, Read, read_tables
from tellverify.source.span import Span

SCHEMA: Final = "tellverify/patterns-1"
_WIDEST: Final = 1_000


class PatternInput(msgspec.Struct, frozen=True):
    """A parameter of the model or an input of an action; numbers have a range for the search."""

    name: str
    kind: Type
    range: tuple[int, int] | None


class PatternAction(msgspec.Struct, frozen=True):
    """What may happen in a state `x`: `when` it may, and the state `to` after it."""

    name: str
    inputs: tuple[PatternInput, ...]
    when: Expression | None
    to: Expression
    span: Span


class ModelClaim(msgspec.Struct, frozen=True):
    """`always`: true in every reachable state. `possible`: from each, such a state can be reached.

    A `lemma` is claimed like `always`, to support the proofs of other claims.
    """

    name: str
    kind: str
    text: Expression
    span: Span


class Model(msgspec.Struct, frozen=True):
    """A pattern. Expressions see the parameters by name; `assume` is about them alone."""

    name: str
    parameters: tuple[PatternInput, ...]
    assume: Expression | None
    state: Type
    start: Expression
    actions: tuple[PatternAction, ...]
    claims: tuple[ModelClaim, ...]
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


def read_models(path: str, text: str) -> Read[Model]:
    """Read a file of models; none of it is used when any part is wrong."""
    return read_tables(path, text, SCHEMA, "pattern", _model)


def _model(table: ModelTable, name: str) -> Model:
    given = table.row(_Pattern)
    parameters = _inputs(table, "parameters", given.parameters, given.ranges)
    state = table.type("state", given.state)
    outer: dict[str, Type] = {one.name: one.kind for one in parameters}
    names: dict[str, Type] = {**outer, "x": state}
    claims = [
        ModelClaim(
            key,
            kind,
            table.needed((kind, key), text, TruthExpression(), names),
            table.key(kind, key),
        )
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
        table.condition("assume", given.assume, outer),
        state,
        table.needed(("start",), given.start, state, outer),
        tuple(_action(table.inner("action", key), key, state, names) for key in given.action),
        tuple(claims),
        table.key(),
    )


def _action(table: ModelTable, name: str, state: Type, names: Mapping[str, Type]) -> PatternAction:
    given = table.row(_Action)
    inputs = _inputs(table, "inputs", given.inputs, given.ranges)
    for one in inputs:
        if one.name in names:
            raise table.fault(("inputs",), f"`{one.name}` has a meaning already")
    inner = {**names, **{one.name: one.kind for one in inputs}}
    when = table.condition("when", given.when, inner)
    return PatternAction(
        name, inputs, when, table.needed(("to",), given.to, state, inner), table.key()
    )


def _inputs(
    table: ModelTable, key: str, text: str, ranges: Mapping[str, list[int]]
) -> tuple[PatternInput, ...]:
    parsed = table.parameters(key, text)
    kinds = dict(parsed)
    for name in ranges:
        if not isinstance(kinds.get(name), Nat | Integer):
            reason = f"there is no number `{name}` that could have a range"
            raise table.fault(("ranges", name), reason)
    found = []
    for name, kind in parsed:
        if name == "x":
            raise table.fault((key,), "`x` is the state")
        found.append(PatternInput(name, kind, _range(table, key, name, kind, ranges.get(name))))
    return tuple(found)


def _range(
    table: ModelTable, key: str, name: str, kind: Type, given: list[int] | None
) -> tuple[int, int] | None:
    if not isinstance(kind, Nat | Integer):
        return None
    if given is None:
        raise table.fault((key,), f"the number `{name}` needs a range: `ranges = {{{name} = ..`")
    if len(given) != 2 or not given[0] <= given[1] < given[0] + _WIDEST:
        reason = f"a range is `[least, most]`, at most {_WIDEST} numbers"
        raise table.fault(("ranges", name), reason)
    if isinstance(kind, Nat) and given[0] < 0:
        raise table.fault(("ranges", name), f"`{name}` is a number from 0")
    return given[0], given[1]
