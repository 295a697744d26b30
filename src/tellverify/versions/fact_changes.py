"""Fact schemas of two sides: what readers of the journal must know before writers change."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from tellverify.verdict.versions import VersionChange

if TYPE_CHECKING:
    from tellverify.annotations.fact_schemas import SchemaRead

_RUST: Final = ".rs"
_MARKS: Final = {".toml": ("[[variants]]",), _RUST: ("ceremony_facts", "domain_fact")}

# A path to show, the old text and the new one.
SchemaTexts = tuple[str, str, str]


def schemas_below(old: str, new: str) -> tuple[SchemaTexts, ...]:
    """The fact schemas that two folders have at the same place, where they differ."""
    found = []
    for folder, inner, names in os.walk(new):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for name in sorted(names):
            path = os.path.join(folder, name)
            before = os.path.join(old, os.path.relpath(path, new))
            texts = (text_of(before), text_of(path))
            if texts[0] != texts[1] and all(is_schema(name, text) for text in texts):
                found.append((path.replace(os.sep, "/"), *texts))
    return tuple(found)


def is_schema(path: str, text: str) -> bool:
    """Whether the text of a file may hold fact schemas, in TOML or in Rust."""
    return any(mark in text for mark in _MARKS.get(os.path.splitext(path)[1], ()))


def text_of(path: str) -> str:
    """The text of a file, empty where it cannot be read."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return ""


def fact_changes(texts: Sequence[SchemaTexts]) -> Iterator[VersionChange]:
    """What `facts compare` says of each pair, in both directions.

    A new reader that cannot read facts of the old schema cannot read the journal, in no order; an
    old reader that cannot read facts of the new one has to be upgraded before the writers.
    """
    if not texts:
        return
    from tellverify.annotations.schema_files import schemas_in_text
    from tellverify.diagnostics.rust_code import needs_library

    for path, before, after in texts:
        try:
            old, new = (schemas_in_text(text, path, path) for text in (before, after))
        except ModuleNotFoundError as error:
            if not needs_library(error):
                raise
            words = "its facts are not compared, which needs the extra `tellverify[rust]`"
            yield VersionChange(path, words, "major")
            continue
        named = {one.schema.name: one for one in new if one.schema is not None}
        for read in old:
            alone = len(old) == len(new) == 1
            name = read.schema.name if read.schema is not None else ""
            yield from _changes(path, read, new[0] if alone else named.get(name))
        if len(new) > 1 and any(one.schema is None for one in new):
            yield VersionChange(path, "the new fact schema has a fault", "major")


def _changes(path: str, old: SchemaRead, new: SchemaRead | None) -> Iterator[VersionChange]:
    """What differs between two versions of a schema, the new one None where there is none."""
    from tellverify.annotations.fact_schemas import compared

    if old.schema is None or (new is not None and new.schema is None):
        side = "old" if old.schema is None else "new"
        yield VersionChange(path, f"the {side} fact schema has a fault", "major")
        return
    if new is None or new.schema is None:
        action = "facts in the journal are no longer read: migrate them, or read both"
        yield VersionChange(path, f"`{old.schema.name}` was removed", "major", action)
        return
    unread = {
        change.variant
        for change in compared(new.schema, old.schema)
        if change.breaks and change.variant
    }
    for change in compared(old.schema, new.schema):
        if change.breaks:
            action = "facts in the journal are no longer read: migrate them, or read both"
            yield VersionChange(path, change.text, "major", action)
        elif change.variant in unread:
            action = "upgrade the readers of the journal before its writers"
            yield VersionChange(path, change.text, "minor", action)
        else:
            yield VersionChange(path, change.text, "patch")
