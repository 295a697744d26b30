"""Mutations of JSON values: every kind of entry is flipped, dropped, added, moved or exchanged."""

from __future__ import annotations

import copy
import random
from typing import TypeAlias

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Path: TypeAlias = tuple[str | int, ...]


def places(value: Json) -> list[Path]:
    """The paths of all entries below `value`."""
    found: list[Path] = []
    pending: list[tuple[Path, Json]] = [((), value)]
    while pending:
        path, here = pending.pop()
        if path:
            found.append(path)
        if isinstance(here, dict):
            pending.extend(((*path, key), inner) for key, inner in here.items())
        elif isinstance(here, list):
            pending.extend(((*path, index), inner) for index, inner in enumerate(here))
    return found


def tampered(value: Json, seed: int) -> tuple[Json, Path, str]:
    """A copy of `value` with one entry changed, the place of the entry, and what was done."""
    rng = random.Random(seed)
    changed = copy.deepcopy(value)
    path = rng.choice(sorted(places(value), key=repr))
    holder: Json = changed
    for key in path[:-1]:
        assert isinstance(holder, dict | list)
        holder = holder[key]  # type: ignore[index, call-overload]
    key = path[-1]
    if isinstance(holder, list):
        assert isinstance(key, int)
        how = rng.choice(("flip", "flip", "drop", "add", "exchange"))
        if how == "drop":
            del holder[key]
        elif how == "add":
            holder.insert(key, _flipped(holder[key], rng) if rng.random() < 0.7 else holder[key])
        elif how == "exchange":
            other = rng.randrange(len(holder))
            holder[key], holder[other] = holder[other], holder[key]
        else:
            holder[key] = _flipped(holder[key], rng)
        return changed, path, how
    assert isinstance(holder, dict) and isinstance(key, str)
    how = rng.choice(("flip", "flip", "flip", "drop", "add"))
    if how == "drop":
        del holder[key]
    elif how == "add":
        holder[key + "s"] = holder[key]
    else:
        holder[key] = _flipped(holder[key], rng)
    return changed, path, how


def _flipped(value: Json, rng: random.Random) -> Json:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + rng.choice((-2, -1, 1, 1, 2, 7))
    if isinstance(value, str):
        return rng.choice((value + "x", value[:-1], value.swapcase(), "", "0", "A", "B"))
    if isinstance(value, list):
        copied = copy.deepcopy(value)
        if copied and rng.random() < 0.6:
            index = rng.randrange(len(copied))
            copied[index] = _flipped(copied[index], rng)
            return copied
        return rng.choice(([], [*copied, *copied], copied[::-1], None))
    return rng.choice((None, 0, {}, []))
