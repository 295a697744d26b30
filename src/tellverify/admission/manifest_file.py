"""Manifests as JSON: writing them, reading stored ones, and how a stored one differs."""

from __future__ import annotations

import json

import msgspec

from tellverify.admission.manifest import Derived, Manifest, Provenance
from tellverify.diagnostics import admission as say
from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.source.files import Unreadable, read_bytes
from tellverify.source.text import without_mark

LARGEST = 4_000_000


class StoredManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A manifest with the places that its entries come from."""

    manifest: Manifest
    provenance: tuple[Provenance, ...] = ()


class Drift(msgspec.Struct, frozen=True):
    """How one field of a stored manifest differs: missing entries and superfluous ones.

    A changed entry is both.
    """

    field: str
    missing: tuple[str, ...]
    extra: tuple[str, ...]

    @property
    def kind(self) -> str:
        """`missing`, `extra` or `changed`."""
        if self.missing and self.extra:
            return "changed"
        return "missing" if self.missing else "extra"


def to_json(derived: Derived) -> str:
    """The manifest and its provenance, the same bytes for the same source and policy."""
    encoded = msgspec.json.encode(StoredManifest(derived.manifest, derived.provenance))
    return msgspec.json.format(encoded, indent=2).decode() + "\n"


def read_manifest(path: str) -> Manifest | Diagnostic:
    """A stored manifest, with or without provenance around it."""
    try:
        return decode_manifest(path, read_bytes(path, LARGEST))
    except Unreadable as error:
        return say.unreadable_manifest(path, str(error))


def decode_manifest(path: str, content: bytes) -> Manifest | Diagnostic:
    """The manifest in a text; unknown fields, wrong types and broken JSON are a finding."""
    content = without_mark(content)
    try:
        probe = msgspec.json.decode(content)
        if isinstance(probe, dict) and "manifest" in probe:
            return msgspec.json.decode(content, type=StoredManifest).manifest
        return msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        words = str(error)[:200] or type(error).__name__
        if not words.startswith("JSON"):
            words = words[:1].lower() + words[1:]
        return say.unreadable_manifest(path, words)


def drifts(stored: Manifest, derived: Derived) -> tuple[Drift, ...]:
    """The fields in which a stored manifest differs from its source, in the order of fields.

    The order of lists counts only where sources have one: roles, packs and links.
    """
    found = []
    for field in Manifest.__struct_fields__:
        here = _entries(stored, field)
        there = _entries(derived.manifest, field)
        if here == there:
            continue
        missing = tuple(entry for entry in there if entry not in here)
        extra = tuple(entry for entry in here if entry not in there)
        if not missing and not extra:
            missing, extra = (" ".join(there),), (" ".join(here),)
        found.append(Drift(field, missing, extra))
    return tuple(found)


def drift_findings(found: tuple[Drift, ...], derived: Derived) -> tuple[Diagnostic, ...]:
    """A finding for each field that differs, at the place of the correct value in the source."""
    where = Where(derived.source.path, derived.manifest.protocol_qualified_name)
    return tuple(
        say.manifest_drift(
            where,
            derived.span(one.field, one.missing[0] if one.missing else ""),
            one.field,
            one.missing,
            one.extra,
        )
        for one in found
    )


def _entries(manifest: Manifest, field: str) -> list[str]:
    """The entries of a field as texts."""
    value = msgspec.to_builtins(manifest)[field]
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        return [str(value)]
    return [one if isinstance(one, str) else _shown(one) for one in value]


def _shown(entry: object) -> str:
    """A pack or link on one line, in JSON with sorted keys."""
    return json.dumps(entry, sort_keys=True, ensure_ascii=False)
