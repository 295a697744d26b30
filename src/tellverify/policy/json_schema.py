"""The JSON Schema of a policy file, made from the types that files are read as."""

from __future__ import annotations

import json

import msgspec

from tellverify.policy.rows import PolicyFile

ID = "https://json-schema.org/draft/2020-12/schema"


def schema_json() -> str:
    """The schema as text, the same bytes every time."""
    schema = {"$schema": ID, "title": "A policy of tellverify", **msgspec.json.schema(PolicyFile)}
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"
