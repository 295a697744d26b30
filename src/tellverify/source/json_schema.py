"""JSON Schemas of file formats, generated from the types that files are read as."""

from __future__ import annotations

import inspect
import json

import msgspec

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(kind: type[msgspec.Struct], *, name: str = "", title: str = "") -> dict[str, object]:
    """The JSON Schema of `kind` with the `$id` `name` and a title, the same for every msgspec."""
    head = {"$schema": DIALECT, "$id": name, "title": title}
    written = {key: text for key, text in head.items() if text} | msgspec.json.schema(kind)
    return {key: _canonical_entry(key, value) for key, value in written.items()}


def canonical(node: object) -> object:
    """A schema in the one form that does not depend on the version of msgspec that made it.

    Versions differ in the order of the alternatives of `anyOf`, and in whether descriptions keep
    the indentation of the docstrings they come from.
    """
    if isinstance(node, dict):
        return {key: _canonical_entry(key, value) for key, value in node.items()}
    if isinstance(node, list):
        return [canonical(item) for item in node]
    return node


def _canonical_entry(key: str, value: object) -> object:
    if key == "description" and isinstance(value, str):
        return inspect.cleandoc(value)
    if key == "anyOf" and isinstance(value, list):
        return sorted(map(canonical, value), key=lambda item: json.dumps(item, sort_keys=True))
    return canonical(value)
