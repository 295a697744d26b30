"""A log of facts, reduced to the status of each ceremony in it."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec

from tellverify.annotations.fact_schemas import FactSchema
from tellverify.annotations.reduction import StatusReduction


class CeremonyState(msgspec.Struct, frozen=True):
    """The result of the facts of one ceremony: the number of lines, and the last line.

    `clash` has the facts with their lines by which the status is that of a conflict: the first two
    that exclude each other, or one that stands for a conflict by itself.
    """

    ceremony: str
    status: str
    clash: tuple[tuple[str, int], ...]
    facts: int
    line: int


class ReducedLog(msgspec.Struct, frozen=True):
    """The ceremonies in the order of their first facts, and the lines that are not facts."""

    statuses: tuple[CeremonyState, ...]
    faults: tuple[tuple[int, str], ...]


def reduce_log(text: str, schema: FactSchema) -> ReducedLog:
    """Reduce JSON lines of facts to the status of each ceremony.

    The facts of a schema without ceremonies belong to one log. The variant is the value of `fact`,
    or the one key of the object: its name, with or without the type, or how choreographies call it.
    """
    table = schema.status()
    names = {f"{schema.name}::{one.name}": one.name for one in schema.variants}
    names |= {one.fact: one.name for one in schema.variants if one.fact}
    names |= {one.name: one.name for one in schema.variants}
    kept: dict[str, list[tuple[str, int]]] = {}
    faults = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if not line.strip():
            continue
        read = _fact(line, schema)
        if isinstance(read, str):
            faults.append((number, read))
        elif read[0] not in names:
            faults.append((number, f"`{schema.name}` has no fact `{read[0]}`"))
        else:
            kept.setdefault(read[1], []).append((names[read[0]], number))
    states = []
    for ceremony, facts in kept.items():
        status = table.status([name for name, _ in facts])
        conflicts = bool(table.conflict) and status == table.conflict
        clash = _clash(table, facts) if conflicts else ()
        states.append(CeremonyState(ceremony, status, clash, len(facts), facts[-1][1]))
    return ReducedLog(tuple(states), tuple(faults))


def _clash(table: StatusReduction, facts: Sequence[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """The facts, with their lines, that make the status of a log a conflict, in their order."""
    first: dict[str, tuple[str, int]] = {}
    for fact in facts:
        status = table.facts[fact[0]]
        if status == table.conflict:
            return (fact,)
        for other, earlier in first.items():
            if table.joined(other, status) == table.conflict:
                return (earlier, fact)
        first.setdefault(status, fact)
    return ()


class _Repeated(Exception):
    """A key that stands twice in one object: decoders take the last, people read the first."""


def _pairs(found: list[tuple[str, object]]) -> dict[str, object]:
    kept: dict[str, object] = {}
    for key, value in found:
        if key in kept:
            raise _Repeated(key)
        kept[key] = value
    return kept


def _fact(line: str, schema: FactSchema) -> tuple[str, str] | str:
    """The name of a fact and its ceremony, or why a line is no fact."""
    try:
        msgspec.json.decode(line)
        value: object = json.loads(line, object_pairs_hook=_pairs)
    except _Repeated as error:
        return f"the key `{error}` is repeated"
    except (msgspec.DecodeError, ValueError, RecursionError):
        return "this is no JSON object"
    if not isinstance(value, dict):
        return "this is no JSON object"
    inner: object = value
    name: object = value.get("fact")
    if name is None and len(value) == 1:
        ((name, inner),) = value.items()
    if not isinstance(name, str):
        return "it names no fact"
    if schema.kind == "facts":
        return name, schema.name
    fields = inner if isinstance(inner, dict) else {}
    key: object = fields.get(schema.ceremony_id, fields.get(f"superseded_{schema.ceremony_id}"))
    if not isinstance(key, str | int) or isinstance(key, bool):
        return f"`{name}` has no `{schema.ceremony_id}`"
    return name, str(key)
