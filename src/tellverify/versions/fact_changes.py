"""Fact schemas of two sides: what readers of the journal must know before writers change."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Final

from tellverify.verdict.versions import VersionChange

_SUFFIX: Final = ".toml"
_MARK: Final = "[[variants]]"

# A path to show, the old text and the new one.
SchemaTexts = tuple[str, str, str]


def schemas_below(old: str, new: str) -> tuple[SchemaTexts, ...]:
    """The fact schemas that two folders have at the same place, where they differ."""
    found = []
    for folder, inner, names in os.walk(new):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for name in sorted(names):
            if not name.endswith(_SUFFIX):
                continue
            path = os.path.join(folder, name)
            before = os.path.join(old, os.path.relpath(path, new))
            texts = (text_of(before), text_of(path))
            if texts[0] != texts[1] and all(map(is_schema, texts)):
                found.append((path.replace(os.sep, "/"), *texts))
    return tuple(found)


def is_schema(text: str) -> bool:
    """Whether a text may be a fact schema."""
    return _MARK in text


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
    from tellverify.annotations.fact_schemas import compared, read_schema_text

    for path, before, after in texts:
        old, new = read_schema_text(before, path), read_schema_text(after, path)
        if old.schema is None or new.schema is None:
            side = "old" if old.schema is None else "new"
            yield VersionChange(path, f"the {side} fact schema has a fault", "major")
            continue
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
