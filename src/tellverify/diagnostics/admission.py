"""Findings about theorem packs: declarations, requirements, and what runtimes lack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from tellverify.diagnostics.model import (
    Annotation,
    Code,
    Diagnostic,
    Kind,
    Mark,
    Severity,
    Where,
    finding,
)
from tellverify.source.span import Span

Spot: TypeAlias = tuple[str, Span]
"""A place in another file: its path, and the span in it."""


def _place(spot: Spot | None, text: str) -> tuple[Annotation, ...]:
    """A place in a policy, where there is one."""
    return (Annotation(spot[1], text, spot[0]),) if spot is not None and spot[0] else ()


def _listed(keys: Sequence[str]) -> str:
    return ", ".join(f"`{key}`" for key in keys)


def _short(keys: Sequence[str]) -> str:
    return _listed(keys) if len(keys) < 3 else f"these {len(keys)} keys"


PACK_NOT_DECLARED: Final = Code(
    "TV701",
    "pack-not-declared",
    "a required pack that the file does not declare",
    kind=Kind.OBLIGATION,
    upstream="rejects",
)


def undeclared(where: Where, pack: str, span: Span) -> Diagnostic:
    """A required pack has no declaration."""
    return finding(
        PACK_NOT_DECLARED,
        where,
        f"`{pack}` is required but not declared, so no runtime admits `{where.protocol}`",
        (span, "no `proof_bundle` has this name"),
        helps=(f"declare `proof_bundle {pack}` with the capabilities that the policy lists",),
    )


PACK_WITHOUT_POLICY: Final = Code(
    "TV702",
    "pack-without-policy",
    "a required pack that the policy does not define",
    kind=Kind.OBLIGATION,
    help="require a pack that the policy defines, or none",
)


def without_policy(where: Where, pack: str, span: Span, known: Sequence[str]) -> Diagnostic:
    """A required pack has no row in the policy."""
    return finding(
        PACK_WITHOUT_POLICY,
        where,
        f"the policy does not define `{pack}`, so no runtime admits `{where.protocol}`",
        (span, "not in the policy"),
        notes=(f"the policy defines {_listed(known)}",) if known else (),
    )


PACK_RESERVED: Final = Code(
    "TV703",
    "pack-reserved",
    "a required pack that is reserved",
    kind=Kind.OBLIGATION,
    help="remove the requirement and the declaration",
)


def reserved(
    where: Where, pack: str, span: Span, status: str, revisit: str, row: Spot | None
) -> Diagnostic:
    """A required pack is reserved or deferred."""
    return finding(
        PACK_RESERVED,
        where,
        f"`{pack}` is {status}: nothing in the runtime consumes it, so no runtime admits"
        f" `{where.protocol}`",
        (span, status),
        notes=(f"the policy revisits this only when {revisit}",) if revisit else (),
        others=_place(row, f"`{pack}` is {status} here"),
    )


PACK_DRIFT: Final = Code(
    "TV704",
    "pack-drift",
    "a pack whose capabilities differ from the policy",
    kind=Kind.OBLIGATION,
)


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
        said.append(f"{_listed([key for key, _ in extra])} {_is(extra)} not in the policy")
    said.extend(f"`{old}` is spelled `{new}`" for new, old, _ in renamed)
    helps = []
    if missing:
        helps.append(f"declare {_listed(missing)}")
    if extra:
        helps.append(f"remove {_listed([key for key, _ in extra])}")
    helps.extend(f"write `{old}` instead of `{new}`" for new, old, _ in renamed)
    places: list[Mark] = [(at, "not in the policy") for _, at in extra]
    places += [(at, f"`{old}` in the policy") for _, old, at in renamed]
    places += _place(row, "the capabilities that the policy lists")
    return finding(
        PACK_DRIFT,
        where,
        f"the capabilities of `{pack}` differ from the policy: {'; '.join(said)}",
        (span, "differs from the policy"),
        others=places,
        notes=(f"no runtime can provide {_listed(never)}",) if never else (),
        helps=tuple(helps),
    )


FLATTENED_DRIFT: Final = Code(
    "TV705",
    "flattened-drift",
    "a manifest whose pack capabilities differ from its packs",
    kind=Kind.OBLIGATION,
    help="regenerate the manifest from its source",
)


def flattened(where: Where, span: Span, missing: Sequence[str], extra: Sequence[str]) -> Diagnostic:
    """The flattened capabilities of a manifest are not those of its required packs."""
    said = []
    if missing:
        said.append(f"{_listed(missing)} {_is(missing)} missing")
    if extra:
        said.append(f"{_listed(extra)} {_is(extra)} superfluous")
    return finding(
        FLATTENED_DRIFT,
        where,
        "`required_theorem_pack_capabilities` is not the union of the required packs: "
        + "; ".join(said),
        (span, "the manifest of this protocol"),
    )


MISSING_RUNTIME_KEY: Final = Code(
    "TV706",
    "missing-runtime-key",
    "a runtime that lacks a capability of the protocol",
    kind=Kind.OBLIGATION,
)


def missing_key(
    where: Where, span: Span, keys: Sequence[str], runtime: str, row: Spot | None, has: Spot | None
) -> Diagnostic:
    """A runtime lacks plain keys of a protocol."""
    return finding(
        MISSING_RUNTIME_KEY,
        where,
        f"the runtime `{runtime}` lacks {_listed(keys)}, which `{where.protocol}` needs",
        (span, f"needs {_short(keys)}"),
        helps=(f"provide {_short(keys)} in `{runtime}`, or choose another runtime",),
        others=(*_place(row, "needed by this row"), *_place(has, f"`{runtime}` lacks it")),
    )


MISSING_PACK_KEY: Final = Code(
    "TV707",
    "missing-pack-key",
    "a runtime that lacks a capability of a required pack",
    kind=Kind.OBLIGATION,
)


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
    return finding(
        MISSING_PACK_KEY,
        where,
        f"the runtime `{runtime}` lacks {_listed(keys)}, which `{pack}` requires",
        (span, f"needs {_short(keys)}"),
        helps=(f"provide {_short(keys)} in `{runtime}`, or choose another runtime",),
        others=(*_place(row, "needed by this row"), *_place(has, f"`{runtime}` lacks it")),
    )


UNKNOWN_PROTOCOL: Final = Code(
    "TV708",
    "unknown-protocol",
    "a protocol that is not in the policy",
    kind=Kind.OBLIGATION,
    help="add a row to the policy, or correct the names of the protocol and its module",
)


def unknown_protocol(where: Where, span: Span) -> Diagnostic:
    """A protocol is not in the inventory of the policy."""
    return finding(
        UNKNOWN_PROTOCOL,
        where,
        f"`{where.protocol}` is not in the policy",
        (span, "has no row in `protocols`"),
    )


UNLISTED_PROTOCOL: Final = Code(
    "TV710",
    "unlisted-protocol",
    "a protocol without packs that is not in the policy, which only notes it",
    severity=Severity.NOTE,
    help="add a row to the policy, so that its keys and its execution policy are known",
    upstream="accepts",
)


def unlisted_protocol(where: Where, span: Span, setting: Spot | None) -> Diagnostic:
    """A protocol has no row in a policy that notes such protocols."""
    return finding(
        UNLISTED_PROTOCOL,
        where,
        f"`{where.protocol}` is not in the policy, so it is admitted without any key",
        (span, "has no row in `protocols`"),
        others=_place(setting, "protocols without a row are only noted"),
    )


RENAMED_PROTOCOL: Final = Code(
    "TV709",
    "renamed-protocol",
    "a protocol that was renamed without updating the policy",
    kind=Kind.OBLIGATION,
    help="restore the names of the module and the protocol, or update the row of the policy",
)


def renamed_protocol(
    where: Where, span: Span, known: str, lost: str, row: Spot | None
) -> Diagnostic:
    """A protocol resembles a known one, or stands in its file, and has another name."""
    return finding(
        RENAMED_PROTOCOL,
        where,
        f"a runtime does not recognize `{where.protocol}` as `{known}`, so it loses {lost}",
        (span, "differs from the name in the policy"),
        notes=("a runtime looks up the id and the keys of a protocol by its module and name",),
        others=_place(row, "the name that runtimes look up"),
    )


PACK_NOT_REQUIRED: Final = Code(
    "TV711",
    "pack-not-required",
    "a pack that is declared but not required",
    severity=Severity.WARNING,
    upstream="accepts",
)


def not_required(where: Where, pack: str, span: Span) -> Diagnostic:
    """A declared pack is not required."""
    return finding(
        PACK_NOT_REQUIRED,
        where,
        f"`{pack}` is declared but not required, so it has no effect on admission",
        (span, "not required"),
        helps=(f"add `requires {pack}` to the protocol, or remove the declaration",),
    )


DECLARED_KEY_UNKNOWN: Final = Code(
    "TV712",
    "declared-key-not-provided",
    "a declared capability that no runtime can provide",
    upstream="accepts",
)


def not_provided(where: Where, pack: str, keys: Sequence[tuple[str, Span]]) -> Diagnostic:
    """A declared capability is one that no runtime can have."""
    names = [key for key, _ in keys]
    return finding(
        DECLARED_KEY_UNKNOWN,
        where,
        f"`{pack}` declares {_listed(names)}, which no runtime can provide",
        (keys[0][1], "not granted by any runtime contract"),
        others=[(at, "nor is this") for _, at in keys[1:]],
        helps=(f"remove {_listed(names)}",),
    )


PACK_METADATA: Final = Code(
    "TV713",
    "pack-metadata",
    "a pack whose version, issuer or constraints differ from the policy",
    severity=Severity.WARNING,
    help="copy the values from the policy",
    upstream="accepts",
)


def metadata(where: Where, pack: str, span: Span, fields: str, row: Spot | None) -> Diagnostic:
    """Version, issuer or constraints are not the usual ones; admission does not look at them."""
    return finding(
        PACK_METADATA,
        where,
        f"the {fields} of `{pack}` {'differ' if ',' in fields else 'differs'} from the policy",
        (span, "differs"),
        others=_place(row, "the values of the policy"),
    )


PACK_EXCLUDED: Final = Code(
    "TV714",
    "pack-excluded",
    "a pack on a protocol that must not carry packs",
    kind=Kind.OBLIGATION,
    help="remove the requirement and the declaration",
)


def excluded(
    where: Where, pack: str, span: Span, group: str, reason: str, row: Spot | None
) -> Diagnostic:
    """A protocol carries a pack and must stay free of packs."""
    return finding(
        PACK_EXCLUDED,
        where,
        f"`{where.protocol}` carries `{pack}` but belongs to `{group}`, which must not carry packs",
        (span, "no pack is allowed here"),
        notes=((reason,) if reason else ())
        + ("similarity to another protocol is not an argument",),
        others=_place(row, "this row excludes packs"),
    )


PACK_NOT_ADOPTED: Final = Code(
    "TV715",
    "pack-not-adopted",
    "a protocol that lacks a pack that the policy requires",
    kind=Kind.OBLIGATION,
)


def not_adopted(where: Where, pack: str, span: Span, row: Spot | None) -> Diagnostic:
    """A protocol lacks a pack that the policy says it requires."""
    return finding(
        PACK_NOT_ADOPTED,
        where,
        f"`{where.protocol}` must require `{pack}` but does not, so nothing is checked at launch",
        (span, f"add `requires {pack}`"),
        helps=(f"declare `{pack}` and add `requires {pack}`",),
        others=_place(row, "required by this row"),
    )


PACK_OF_CANDIDATE: Final = Code(
    "TV716",
    "pack-of-candidate",
    "a pack on a protocol that is only a candidate for packs",
    kind=Kind.OBLIGATION,
    help="remove the pack, or have it accepted and add it to the policy",
)


def candidate(where: Where, pack: str, span: Span, wave: str, row: Spot | None) -> Diagnostic:
    """A candidate carries a pack before it was accepted."""
    return finding(
        PACK_OF_CANDIDATE,
        where,
        f"`{where.protocol}` carries `{pack}` but is only a candidate in the {wave} wave",
        (span, "not accepted yet"),
        notes=("a candidate must not carry packs until all five acceptance conditions hold",),
        others=_place(row, "this row makes it a candidate"),
    )


PLAIN_KEYS_DRIFT: Final = Code(
    "TV717",
    "plain-keys-drift",
    "a manifest whose plain capabilities differ from the policy",
    kind=Kind.OBLIGATION,
    help="regenerate the manifest from its source",
)


def plain_keys(
    where: Where, span: Span, missing: Sequence[str], extra: Sequence[str], row: Spot | None
) -> Diagnostic:
    """A manifest has other plain capabilities than the policy."""
    said = []
    if missing:
        said.append(f"{_listed(missing)} {_is(missing)} missing")
    if extra:
        said.append(f"{_listed(extra)} {_is(extra)} superfluous")
    return finding(
        PLAIN_KEYS_DRIFT,
        where,
        f"`required_capabilities` differs from the policy: {'; '.join(said)}",
        (span, "the manifest of this protocol"),
        others=_place(row, "the row of the policy"),
    )


MALFORMED_LINK: Final = Code(
    "TV721",
    "malformed-link",
    "a malformed link",
    help="write it as `bundle=NAME|exports=A,B|imports=C`",
    upstream="rejects",
)


def malformed_link(where: Where, role: str, span: Span, why: str) -> Diagnostic:
    """The text of a link annotation cannot be read."""
    return finding(
        MALFORMED_LINK,
        where,
        f"the `link` of `{role}` cannot be read: {why}",
        (span, why),
    )


UNRESOLVED_IMPORT: Final = Code(
    "TV722",
    "unresolved-import",
    "a link import that no link exports",
    upstream="rejects",
)


def unresolved_import(where: Where, role: str, bundle: str, name: str, span: Span) -> Diagnostic:
    """A link takes in what no link of the choreography gives out."""
    return finding(
        UNRESOLVED_IMPORT,
        where,
        f"`{role}` imports `{name}` into `{bundle}`, but no link exports it",
        (span, f"`{name}` is never exported"),
        helps=(f"export `{name}` in a link of this choreography, or remove the import",),
    )


MANIFEST_DRIFT: Final = Code(
    "TV731",
    "manifest-drift",
    "a stored manifest that differs from its source",
    help="store the manifest again: `tellverify manifest FILE --json`",
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
    notes = [f"missing: `{one}`" for one in missing] + [f"superfluous: `{one}`" for one in extra]
    return finding(
        MANIFEST_DRIFT,
        where,
        f"the stored manifest differs from its source in `{field}`: {' and '.join(said)}",
        (span, "the value in the source"),
        notes=tuple(notes),
    )


UNREADABLE_MANIFEST: Final = Code(
    "TV732",
    "unreadable-manifest",
    "a manifest file that cannot be read",
    kind=Kind.USAGE,
    help="store it with `tellverify manifest FILE --json`",
)


def unreadable_manifest(path: str, reason: str) -> Diagnostic:
    """A stored manifest cannot be read."""
    return finding(
        UNREADABLE_MANIFEST,
        path,
        f"cannot read this manifest: {reason}",
    )


def _is(things: Sequence[object]) -> str:
    return "is" if len(things) == 1 else "are"
