"""The JSON Schema of a policy file, made from the types that files are read as.

Apart from the reader, since only `tellverify policy schema` needs it.
"""

from __future__ import annotations

import json

from tellverify.policy.rows import PolicyFile
from tellverify.source.json_schema import schema_of


def schema_json() -> str:
    """The schema as text, the same bytes every time."""
    schema = schema_of(PolicyFile, title="A policy of tellverify")
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"
