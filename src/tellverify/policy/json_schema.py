"""The JSON Schema of a policy file, made from the types that files are read as."""

from __future__ import annotations

import inspect
import json

import msgspec

from tellverify.policy.rows import PolicyFile

ID = "https://json-schema.org/draft/2020-12/schema"


def schema_json() -> str:
    """The schema as text, the same bytes every time."""
    schema = {"$schema": ID, "title": "A policy of tellverify", **msgspec.json.schema(PolicyFile)}
    return json.dumps(canonical(schema), indent=2, sort_keys=True) + "\n"


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
