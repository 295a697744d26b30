"""Fact schemas: the facts of a ceremony by version, and whether a version reads what another wrote.

A schema is a TOML file, or a row of `schemas` in one (docs/ceremonies.md). A new version is
compatible when every fact of the old one is a fact of the new one with the same meaning: variants
stay, fields keep their types and time domains, and new fields are optional.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import msgspec

from tellverify.annotations.reduction import StatusReduction, faults_of_reduction, standard
from tellverify.diagnostics import ceremonies as say
from tellverify.diagnostics.model import Diagnostic
from tellverify.source.builtin_policies import located
from tellverify.source.files import Unreadable
from tellverify.source.span import NOWHERE, Span
from tellverify.source.text import SourceFile, read_text
from tellverify.source.toml import Path, TomlDocument, TomlFault, decode, read_toml

LARGEST = 1_000_000
_REDUCTION: Path = ("reduction",)
_TIMES = ("PhysicalClock", "LogicalClock", "OrderClock", "Range")


class _FactRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


_Text = Annotated[str, msgspec.Meta(min_length=1)]


class FactField(_FactRow, frozen=True):
    """A field of a fact; one of type `TimeStamp` has the domain that its times are from."""

    name: _Text
    type: _Text
    optional: bool = False
    domain: Literal["PhysicalClock", "LogicalClock", "OrderClock", "Range", ""] = ""


class Variant(_FactRow, frozen=True):
    """A kind of fact; `fact` is how choreographies name it, `stands_for` its part in a ceremony."""

    name: _Text
    fact: str = ""
    stands_for: Literal["initiated", "committed", "aborted", "accepted", "superseded", ""] = ""
    fields: tuple[FactField, ...] = ()


class FactSchema(_FactRow, frozen=True):
    """A version of the facts of a ceremony, or of other `facts`, which need none of its parts.

    `min_version` is the oldest version whose facts are still read. `type_id` is what stored facts
    are found by; it is empty where the source does not say it. `agreement_mode` names the field
    that begun and committed ceremonies must have; it is empty where there need be none.
    """

    format: Literal[1]
    name: _Text
    version: Annotated[int, msgspec.Meta(ge=1)]
    min_version: Annotated[int, msgspec.Meta(ge=1)] = 1
    type_id: str = ""
    kind: Literal["ceremony", "facts"] = "ceremony"
    ceremony_id: _Text = "ceremony_id"
    agreement_mode: str = "agreement_mode"
    timestamp: _Text = "timestamp"
    variants: tuple[Variant, ...] = ()
    reduction: StatusReduction | None = None

    def status(self) -> StatusReduction:
        """How its facts become a status: by its own table, or by what the variants stand for."""
        return self.reduction or standard({one.name: one.stands_for for one in self.variants})

    def variant(self, name: str) -> Variant | None:
        """The variant of a name."""
        return next((one for one in self.variants if one.name == name), None)


class SchemaRead(msgspec.Struct, frozen=True):
    """A schema, or None with its faults; `source` is the text that findings point into.

    `unreduced` is the schema where its table of statuses alone is wrong, for the `reasons`.
    `fields` has the places of fields by variant and name; that of a variant by itself has no field,
    and that of the schema neither.
    """

    schema: FactSchema | None
    diagnostics: tuple[Diagnostic, ...]
    source: SourceFile
    document: TomlDocument | None = None
    unreduced: FactSchema | None = None
    reasons: tuple[str, ...] = ()
    fields: Mapping[tuple[str, str], Span] = {}

    def span_of_field(self, variant: str, field: str) -> Span:
        """Where a field is named, or else its variant or the schema."""
        keys = ((variant, field), (variant, ""), ("", ""))
        return next((self.fields[key] for key in keys if key in self.fields), NOWHERE)


def read_schemas(path: str) -> tuple[SchemaRead, ...]:
    """The schemas in a TOML file, at least one; one without a schema says why."""
    try:
        return read_schemas_text(read_text(located(path), LARGEST), path)
    except Unreadable as error:
        found = say.unreadable_schema(path, str(error))
        return (SchemaRead(None, (found,), SourceFile(path, "")),)


def read_schemas_text(text: str, path: str = "<schema>") -> tuple[SchemaRead, ...]:
    """The schemas in a text: itself, or each of its `schemas`."""
    source = SourceFile(path, text)
    document = read_toml(path, text)
    if isinstance(document, TomlFault):
        found = say.misshapen_schema(path, document.span, document.message)
        return (SchemaRead(None, (found,), source),)
    rows = document.table.get("schemas")
    if len(document.table) != 1 or not isinstance(rows, list) or not rows:
        return (_schema_of(document),)
    return tuple(_schema_of(document.below(("schemas", at))) for at in range(len(rows)))


def _schema_of(document: TomlDocument) -> SchemaRead:
    source = document.source
    path = source.path
    schema = decode(document, FactSchema)
    if isinstance(schema, TomlFault):
        return SchemaRead(None, (say.misshapen_schema(path, schema.span, schema.message),), source)
    faults = list(faults_of(schema))
    if not faults:
        return SchemaRead(schema, (), source, document, fields=_places(schema, document))
    found = tuple(say.misshapen_schema(path, document.span_of(at), reason) for at, reason in faults)
    if all(at == _REDUCTION for at, _ in faults):
        reasons = tuple(reason for _, reason in faults)
        return SchemaRead(None, found, source, document, schema, reasons)
    return SchemaRead(None, found, source, document)


def _places(schema: FactSchema, document: TomlDocument) -> dict[tuple[str, str], Span]:
    found = {("", ""): document.span_of(("name",))}
    for at, variant in enumerate(schema.variants):
        found[variant.name, ""] = document.span_of(("variants", at, "name"))
        for number, field in enumerate(variant.fields):
            inside = ("variants", at, "fields", number, "name")
            found[variant.name, field.name] = document.span_of(inside)
    return found


def faults_of(schema: FactSchema) -> Iterator[tuple[Path, str]]:
    """The faults of a schema: the path of the value in TOML, and the reason.

    Only the facts of a ceremony must have a ceremony, a time, a beginning and both outcomes.
    """
    names: set[str] = set()
    stands: set[str] = set()
    if schema.min_version > schema.version:
        yield ("name",), f"the oldest version that is read, {schema.min_version}, is none yet"
    if schema.reduction is not None:
        listed = [one.name for one in schema.variants]
        for reason in faults_of_reduction(schema.reduction, listed):
            yield _REDUCTION, f"`reduction`: {reason}"
    for number, variant in enumerate(schema.variants):
        at: Path = ("variants", number, "name")
        if variant.name in names:
            yield at, f"`{variant.name}` stands there twice"
        names.add(variant.name)
        fields: dict[str, FactField] = {}
        for index, one in enumerate(variant.fields):
            if one.name in fields:
                inside = ("variants", number, "fields", index, "name")
                yield inside, f"`{variant.name}` has `{one.name}` twice"
            fields[one.name] = one
        if variant.stands_for and schema.kind == "ceremony":
            stands.add(variant.stands_for)
            yield from ((at, reason) for reason in _core(schema, variant, fields))
    missing = [f"`{one}`" for one in ("initiated", "committed", "aborted") if one not in stands]
    if missing and schema.kind == "ceremony":
        yield ("name",), f"no variant stands for {' or '.join(missing)}"


def _core(schema: FactSchema, variant: Variant, fields: dict[str, FactField]) -> Iterator[str]:
    """The fields that every fact of a ceremony needs."""
    keys = [schema.ceremony_id]
    if variant.stands_for == "superseded":
        keys.append(f"superseded_{schema.ceremony_id}")
    if not any(key in fields and not fields[key].optional for key in keys):
        yield f"`{variant.name}` has no `{keys[-1]}`, so its ceremony is not known"
    time = fields.get(schema.timestamp)
    if time is None or time.optional or not time.domain:
        reason = f"`{variant.name}` has no `{schema.timestamp}` with one of the domains"
        yield f"{reason} {', '.join(_TIMES)}"
    mode = schema.agreement_mode
    if mode and variant.stands_for in ("initiated", "committed") and mode not in fields:
        yield f"`{variant.name}` has no `{schema.agreement_mode}`"


class FactChange(msgspec.Struct, frozen=True):
    """A difference; `breaks` when a fact of the old version is none of the new one."""

    breaks: bool
    text: str
    variant: str = ""
    field: str = ""


def compared(old: FactSchema, new: FactSchema) -> tuple[FactChange, ...]:
    """All differences from an old version to a new one, in the order of the new file."""
    found: list[FactChange] = []
    if old.name != new.name:
        found.append(FactChange(True, f"the schema `{old.name}` became `{new.name}`"))
    found.extend(
        FactChange(True, f"`{variant.name}` was removed", variant.name)
        for variant in old.variants
        if new.variant(variant.name) is None
    )
    for variant in new.variants:
        before = old.variant(variant.name)
        if before is None:
            found.append(FactChange(False, f"`{variant.name}` was added", variant.name))
        else:
            found.extend(_variant(before, variant))
    if old.version < new.min_version:
        text = f"facts of version {old.version} are no longer read: the oldest is {new.min_version}"
        found.append(FactChange(True, text))
    if old.reduction != new.reduction:
        found.append(FactChange(True, "the reduction to a status differs"))
    if old.type_id and new.type_id and old.type_id != new.type_id:
        text = f"`type_id` is `{new.type_id}` instead of `{old.type_id}`"
        found.append(FactChange(True, text))
    for key in ("kind", "ceremony_id", "agreement_mode", "timestamp"):
        one, two = getattr(old, key), getattr(new, key)
        is_known = key != "agreement_mode" or (one and two)
        if one != two and is_known:
            found.append(FactChange(True, f"`{key}` is `{two}` instead of `{one}`"))
    if found and new.version <= old.version:
        text = f"the version is {new.version} after {old.version}, and the facts differ"
        found.append(FactChange(True, text))
    elif new.version < old.version:
        found.append(FactChange(True, f"the version went back from {old.version} to {new.version}"))
    return tuple(found)


def _variant(old: Variant, new: Variant) -> Iterator[FactChange]:
    name = new.name
    if old.stands_for != new.stands_for:
        text = f"`{name}` stands for `{new.stands_for}` instead of `{old.stands_for}`"
        yield FactChange(True, text, name)
    if old.fact != new.fact:
        yield FactChange(
            True, f"`{name}` is recorded as `{new.fact}` instead of `{old.fact}`", name
        )
    before = {field.name: field for field in old.fields}
    after = {field.name: field for field in new.fields}
    for field in old.fields:
        if field.name not in after:
            yield FactChange(not field.optional, f"`{name}.{field.name}` was removed", name)
    for field in new.fields:
        known = before.get(field.name)
        if known is None:
            what = "optional" if field.optional else "required"
            yield FactChange(
                not field.optional,
                f"`{name}.{field.name}` was added and is {what}",
                name,
                field.name,
            )
            continue
        yield from _field(name, known, field)


def _field(name: str, old: FactField, new: FactField) -> Iterator[FactChange]:
    title = f"`{name}.{new.name}`"
    if old.type != new.type:
        yield FactChange(True, f"{title} is `{new.type}` instead of `{old.type}`", name, new.name)
    if old.domain != new.domain:
        was, now = old.domain or "none", new.domain or "none"
        yield FactChange(
            True, f"{title} has the time domain `{now}` instead of `{was}`", name, new.name
        )
    if old.optional and not new.optional:
        yield FactChange(True, f"{title} is required now", name, new.name)
    elif new.optional and not old.optional:
        yield FactChange(False, f"{title} is optional now", name, new.name)
