"""Fact schemas in files, in TOML or in Rust sources, and the one that a policy names.

A TOML file holds one schema, or several in rows of `schemas`. A Rust source holds one for each
enum or struct that an attribute makes facts. A policy names the type where there are several.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.annotations.fact_schemas import (
    LARGEST,
    FactSchema,
    SchemaRead,
    read_schemas,
    read_schemas_text,
)
from tellverify.diagnostics import ceremonies as say
from tellverify.diagnostics.rust_code import needs_library
from tellverify.source.builtin_policies import located
from tellverify.source.files import Unreadable
from tellverify.source.text import SourceFile, read_text

RUST: Final = ".rs"


def schemas_in(path: str) -> Sequence[SchemaRead]:
    """The schemas of a file, in its order; one without a schema says why it cannot be read.

    Raises ModuleNotFoundError for a Rust source where the extra `tellverify[rust]` is missing.
    """
    if not path.endswith(RUST):
        return read_schemas(path)
    try:
        text = read_text(located(path), LARGEST)
    except Unreadable as error:
        return (_unreadable(path, str(error)),)
    return schemas_in_text(text, path, path)


def schemas_in_text(text: str, label: str, path: str) -> Sequence[SchemaRead]:
    """The schemas of a text of the kind that `path` has, shown as `label`; raises as above."""
    if not path.endswith(RUST):
        return read_schemas_text(text, label)
    from tellverify.annotations.rust_facts import rust_schemas

    return rust_schemas(text, label)


def named_schema(path: str, type_name: str) -> SchemaRead:
    """The schema that a policy names by a file and, where that has several, a type."""
    try:
        found = schemas_in(path)
    except ModuleNotFoundError as error:
        if not needs_library(error):
            raise
        return _unreadable(path, "facts in Rust sources need the extra `tellverify[rust]`")
    if not path.endswith(RUST) and len(found) == 1:
        return found[0]
    fitting = [one for one in found if one.schema is not None and _fits(one.schema, type_name)]
    if len(fitting) == 1:
        return fitting[0]
    faulty = next((one for one in found if one.schema is None), None)
    if not fitting and faulty is not None:
        return faulty
    names = [one.schema.name for one in found if one.schema is not None]
    if type_name:
        reason = f"it has no facts of the type `{type_name}`"
    elif fitting:
        reason = "it has the facts of several ceremonies, and the policy names no `schema_type`"
    else:
        reason = "it has no facts of a ceremony"
    shown = f"; its types are {', '.join(f'`{name}`' for name in names)}" if names else ""
    return _unreadable(path, f"{reason}{shown}")


def _fits(schema: FactSchema, type_name: str) -> bool:
    return schema.name == type_name if type_name else schema.kind == "ceremony"


def records(schema: SchemaRead, fact: str, variant: str) -> bool:
    """Whether a choreography may name a variant by `fact` though the schema does not say so.

    An enum in Rust has no place for the names in choreographies. By convention they end in the name
    of the variant: `ota_ceremony_initiated` is `CeremonyInitiated`.
    """
    if not schema.source.path.endswith(RUST):
        return False
    snake = "".join(f"_{one.lower()}" if one.isupper() else one for one in variant).lstrip("_")
    return fact == snake or fact.endswith(f"_{snake}")


def _unreadable(path: str, reason: str) -> SchemaRead:
    return SchemaRead(None, (say.unreadable_schema(path, reason),), SourceFile(path, ""))
