"""Findings about theorem packs: declarations, requirements, and what runtimes lack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from tellverify.diagnostics import codes
from tellverify.diagnostics.model import Annotation, Diagnostic
from tellverify.diagnostics.where import Where
from tellverify.source.span import NOWHERE, Span

Spot: TypeAlias = tuple[str, Span]
"""A place in another file: its path, and the span in it."""


def _with(found: Diagnostic, spot: Spot | None, text: str) -> Diagnostic:
    """The finding with a place in a policy, where there is one."""
    if spot is None or not spot[0]:
        return found
    others = (*found.others, Annotation(spot[1], text, spot[0]))
    return msgspec.structs.replace(found, others=others)


def _listed(keys: Sequence[str]) -> str:
    return ", ".join(f"`{key}`" for key in keys)


def _short(keys: Sequence[str]) -> str:
    return _listed(keys) if len(keys) < 3 else f"these {len(keys)} keys"


def undeclared(where: Where, pack: str, span: Span) -> Diagnostic:
    """A required pack has no declaration."""
    return where.finding(
        codes.PACK_NOT_DECLARED,
        f"`{pack}` is required and not declared, so no runtime admits `{where.protocol}`",
        (span, "no `proof_bundle` of this name"),
        helps=(f"declare `proof_bundle {pack}` with the capabilities of the policy",),
        upstream="rejects",
    )


def without_policy(where: Where, pack: str, span: Span, known: Sequence[str]) -> Diagnostic:
    """A required pack has no row in the policy."""
    return where.finding(
        codes.PACK_WITHOUT_POLICY,
        f"no policy says what `{pack}` needs, so no runtime admits `{where.protocol}`",
        (span, "unknown to the policy"),
        notes=(f"the policy has {_listed(known)}",) if known else (),
        helps=("require a pack of the policy, or none",),
    )


def reserved(
    where: Where, pack: str, span: Span, status: str, revisit: str, row: Spot | None
) -> Diagnostic:
    """A required pack is reserved or deferred."""
    found = where.finding(
        codes.PACK_RESERVED,
        f"`{pack}` is {status}: nothing in the runtime consumes it, so no runtime admits"
        f" `{where.protocol}`",
        (span, status),
        notes=(f"to be revisited only when {revisit}",) if revisit else (),
        helps=("remove the requirement and the declaration",),
    )
    return _with(found, row, f"`{pack}` is {status} here")


def drift(
    where: Where,
    pack: str,
    span: Span,
    missing: Sequence[str],
    extra: Sequence[tuple[str, Span]],
    renamed: Sequence[tuple[str, str, Span]],
    never: Sequence[str],
    row: Spot | None,
) -> Diagnostic:
    """A declaration differs from the policy; no runtime can have the capabilities in `never`."""
    said = []
    if missing:
        said.append(f"{_listed(missing)} {_is(missing)} missing")
    if extra:
        said.append(f"{_listed([key for key, _ in extra])} {_is(extra)} too much")
    said.extend(f"`{old}` is written `{new}`" for new, old, _ in renamed)
    helps = []
    if missing:
        helps.append(f"declare {_listed(missing)}")
    if extra:
        helps.append(f"remove {_listed([key for key, _ in extra])}")
    helps.extend(f"write `{old}` for `{new}`" for new, old, _ in renamed)
    places = [(at, "not in the policy") for _, at in extra]
    places += [(at, f"`{old}` in the policy") for _, old, at in renamed]
    found = where.finding(
        codes.PACK_DRIFT,
        f"`{pack}` declares other capabilities than the policy: {'; '.join(said)}",
        (span, "differs from the policy"),
        others=places,
        notes=(f"no runtime can have {_listed(never)}",) if never else (),
        helps=tuple(helps),
    )
    return _with(found, row, "what the policy wants to be declared")


def flattened(where: Where, span: Span, missing: Sequence[str], extra: Sequence[str]) -> Diagnostic:
    """The flattened capabilities of a manifest are not those of its required packs."""
    said = []
    if missing:
        said.append(f"{_listed(missing)} {_is(missing)} missing")
    if extra:
        said.append(f"{_listed(extra)} {_is(extra)} too much")
    return where.finding(
        codes.FLATTENED_DRIFT,
        "`required_theorem_pack_capabilities` is not the union of the required packs: "
        + "; ".join(said),
        (span, "the manifest of this protocol"),
        helps=("make the manifest from its source again",),
    )


def missing_key(
    where: Where, span: Span, keys: Sequence[str], runtime: str, row: Spot | None, has: Spot | None
) -> Diagnostic:
    """A runtime lacks plain keys of a protocol."""
    found = where.finding(
        codes.MISSING_RUNTIME_KEY,
        f"the runtime `{runtime}` lacks {_listed(keys)}, which `{where.protocol}` needs",
        (span, f"needs {_short(keys)}"),
        helps=(f"provide {_short(keys)} in `{runtime}`, or choose another runtime",),
    )
    return _with(_with(found, row, "needed by this row"), has, f"`{runtime}` lacks it")


def missing_pack_key(
    where: Where,
    pack: str,
    span: Span,
    keys: Sequence[str],
    runtime: str,
    row: Spot | None,
    has: Spot | None,
) -> Diagnostic:
    """A runtime lacks keys that a required pack stands for."""
    found = where.finding(
        codes.MISSING_PACK_KEY,
        f"the runtime `{runtime}` lacks {_listed(keys)}, for which `{pack}` stands",
        (span, f"needs {_short(keys)}"),
        helps=(f"provide {_short(keys)} in `{runtime}`, or choose another runtime",),
    )
    return _with(_with(found, row, "needed by this row"), has, f"`{runtime}` lacks it")


def unknown_protocol(where: Where, span: Span) -> Diagnostic:
    """A protocol is not in the inventory of the policy."""
    return where.finding(
        codes.UNKNOWN_PROTOCOL,
        f"the policy does not know `{where.protocol}`",
        (span, "has no row in `protocols`"),
        helps=("add a row to the policy, or give the protocol and its module their known names",),
    )


def renamed_protocol(
    where: Where, span: Span, known: str, lost: str, row: Spot | None
) -> Diagnostic:
    """A protocol resembles a known one, or stands in its file, and has another name."""
    found = where.finding(
        codes.RENAMED_PROTOCOL,
        f"`{where.protocol}` is not `{known}` to a runtime, and loses {lost}",
        (span, "another name than in the policy"),
        notes=("a runtime finds the id and the keys of a protocol by module and name alone",),
        helps=("give module and protocol their old names, or change the row of the policy too",),
    )
    return _with(found, row, "the name that is looked for")


def not_required(where: Where, pack: str, span: Span) -> Diagnostic:
    """A declared pack is not required."""
    return where.finding(
        codes.PACK_NOT_REQUIRED,
        f"`{pack}` is declared and not required, so nothing is admitted by it",
        (span, "not required"),
        helps=(f"add `requires {pack}` to the protocol, or remove the declaration",),
        upstream="accepts",
    )


def not_provided(where: Where, pack: str, keys: Sequence[tuple[str, Span]]) -> Diagnostic:
    """A declared capability is one that no runtime can have."""
    names = [key for key, _ in keys]
    return where.finding(
        codes.DECLARED_KEY_UNKNOWN,
        f"`{pack}` declares {_listed(names)}, which no runtime can have",
        (keys[0][1], "no runtime contract grants it"),
        others=[(at, "nor this") for _, at in keys[1:]],
        helps=(f"remove {_listed(names)}",),
        upstream="accepts",
    )


def metadata(where: Where, pack: str, span: Span, fields: str, row: Spot | None) -> Diagnostic:
    """Version, issuer or constraints are not the usual ones; admission does not look at them."""
    found = where.finding(
        codes.PACK_METADATA,
        f"the {fields} of `{pack}` {'are' if ',' in fields else 'is'} not as in the policy",
        (span, "differs"),
        helps=("copy the values of the policy",),
        upstream="accepts",
    )
    return _with(found, row, "the values of the policy")


def excluded(
    where: Where, pack: str, span: Span, group: str, reason: str, row: Spot | None
) -> Diagnostic:
    """A protocol carries a pack and must stay free of packs."""
    found = where.finding(
        codes.PACK_EXCLUDED,
        f"`{where.protocol}` carries `{pack}` and belongs to `{group}`, which stays free of packs",
        (span, "no pack may stand here"),
        notes=((reason,) if reason else ()) + ("likeness to another protocol is no argument",),
        helps=("remove the requirement and the declaration",),
    )
    return _with(found, row, "free of packs by this row")


def not_adopted(where: Where, pack: str, span: Span, row: Spot | None) -> Diagnostic:
    """A protocol lacks a pack that the policy says it requires."""
    found = where.finding(
        codes.PACK_NOT_ADOPTED,
        f"`{where.protocol}` must require `{pack}` and does not, so nothing is checked at launch",
        (span, f"add `requires {pack}`"),
        helps=(f"declare `{pack}` and add `requires {pack}`",),
    )
    return _with(found, row, "required by this row")


def candidate(where: Where, pack: str, span: Span, wave: str, row: Spot | None) -> Diagnostic:
    """A candidate carries a pack before it was accepted."""
    found = where.finding(
        codes.PACK_OF_CANDIDATE,
        f"`{where.protocol}` carries `{pack}` and is only a candidate of the {wave} wave",
        (span, "not accepted yet"),
        notes=("a candidate stays free of packs until all five conditions of acceptance hold",),
        helps=("remove the pack, or have it accepted and add it to the row of the policy",),
    )
    return _with(found, row, "a candidate by this row")


def plain_keys(
    where: Where, span: Span, missing: Sequence[str], extra: Sequence[str], row: Spot | None
) -> Diagnostic:
    """A manifest has other plain capabilities than the policy."""
    said = []
    if missing:
        said.append(f"{_listed(missing)} {_is(missing)} missing")
    if extra:
        said.append(f"{_listed(extra)} {_is(extra)} too much")
    found = where.finding(
        codes.PLAIN_KEYS_DRIFT,
        f"`required_capabilities` is not what the policy has: {'; '.join(said)}",
        (span, "the manifest of this protocol"),
        helps=("make the manifest from its source again",),
    )
    return _with(found, row, "the row of the policy")


def malformed_link(where: Where, role: str, span: Span, why: str) -> Diagnostic:
    """The text of a link annotation cannot be read."""
    return where.finding(
        codes.MALFORMED_LINK,
        f"the `link` of `{role}` is none: {why}",
        (span, why),
        helps=("write it as `bundle=NAME|exports=A,B|imports=C`",),
        upstream="rejects",
    )


def unresolved_import(where: Where, role: str, bundle: str, name: str, span: Span) -> Diagnostic:
    """A link takes in what no link of the choreography gives out."""
    return where.finding(
        codes.UNRESOLVED_IMPORT,
        f"`{role}` imports `{name}` into `{bundle}`, and no link exports it",
        (span, f"`{name}` is exported nowhere"),
        helps=(f"export `{name}` in a link of this choreography, or remove the import",),
        upstream="rejects",
    )


def manifest_drift(
    where: Where, span: Span, field: str, missing: Sequence[str], extra: Sequence[str]
) -> Diagnostic:
    """A stored manifest differs from its source in one field."""
    said = []
    if missing:
        said.append(f"it lacks {len(missing)} {'entry' if len(missing) == 1 else 'entries'}")
    if extra:
        said.append(f"{len(extra)} {_is(extra)} not in the source")
    notes = [f"missing: `{one}`" for one in missing] + [f"too much: `{one}`" for one in extra]
    return where.finding(
        codes.MANIFEST_DRIFT,
        f"the stored manifest differs from its source in `{field}`: {' and '.join(said)}",
        (span, "what the source says"),
        notes=tuple(notes),
        helps=("store the manifest again: `tellverify manifest FILE --json`",),
    )


def unreadable_manifest(path: str, reason: str) -> Diagnostic:
    """A stored manifest cannot be read."""
    return Diagnostic(
        codes.UNREADABLE_MANIFEST,
        f"cannot read this manifest: {reason}",
        path,
        Annotation(NOWHERE),
        helps=("store it with `tellverify manifest FILE --json`",),
    )


def _is(things: Sequence[object]) -> str:
    return "is" if len(things) == 1 else "are"
