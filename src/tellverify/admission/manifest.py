"""The composition manifest of a protocol: what a runtime knows before the launch.

Fields, their names and their order are those of Aura's `tell!` macro. Everything is taken from the
source, apart from the id, the plain capabilities and the determinism policy, which a policy knows
by the qualified name of the protocol.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tellverify.admission.links import AdmissionLink, parse_link
from tellverify.diagnostics import admission as say
from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.language.checks.walk import preorder
from tellverify.language.linking.modules import CheckedFile
from tellverify.language.lowering.families import declared_roles
from tellverify.language.syntax import ast
from tellverify.policy.model import Policy, PolicyPlace
from tellverify.source.span import Span
from tellverify.source.text import SourceFile


class TheoremPack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A declared pack."""

    name: str
    capabilities: tuple[str, ...] = ()
    version: str | None = None
    issuer: str | None = None
    constraints: tuple[str, ...] = ()


class LinkSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A link annotation and the role that carries it."""

    role: str
    bundle_id: str
    exports: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()


class DelegationConstraint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Never made from a source; manifests that were written by hand may have some."""

    from_role: str
    to_role: str
    required_bundle_id: str | None = None


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The manifest itself."""

    protocol_name: str
    protocol_namespace: str | None
    protocol_qualified_name: str
    protocol_id: str
    role_names: tuple[str, ...]
    required_capabilities: tuple[str, ...] = ()
    theorem_packs: tuple[TheoremPack, ...] = ()
    required_theorem_packs: tuple[str, ...] = ()
    required_theorem_pack_capabilities: tuple[str, ...] = ()
    guard_capabilities: tuple[str, ...] = ()
    determinism_policy_ref: str | None = None
    link_specs: tuple[LinkSpec, ...] = ()
    delegation_constraints: tuple[DelegationConstraint, ...] = ()

    def pack(self, name: str) -> TheoremPack | None:
        """The declaration of a pack; the first one, if it is wrongly declared twice."""
        return next((pack for pack in self.theorem_packs if pack.name == name), None)


class Provenance(msgspec.Struct, frozen=True):
    """Where an entry of a field comes from; line 0 where it is written nowhere."""

    field: str
    entry: str
    path: str
    line: int
    column: int


class Derived(msgspec.Struct, frozen=True):
    """A manifest with the places in the source that its entries come from.

    `spans` are by field and entry; of a capability of a pack, the entry is `Pack.capability`.
    """

    manifest: Manifest
    source: SourceFile
    name: Span
    spans: dict[tuple[str, str], Span]
    provenance: tuple[Provenance, ...]
    diagnostics: tuple[Diagnostic, ...] = ()

    def span(self, field: str, entry: str) -> Span:
        """Where an entry is written, or else the name of the protocol."""
        return self.spans.get((field, entry), self.name)


def derive(judged: CheckedFile, protocol: ast.Protocol, policy: Policy | None) -> Derived:
    """The manifest of one protocol of a file. Without a policy its id is its qualified name.

    Guard capabilities and links come from its own text and from the imported protocols that it
    calls, directly or by others.
    """
    return _Derivation(judged, protocol, policy).derive()


class _Derivation:
    def __init__(self, judged: CheckedFile, protocol: ast.Protocol, policy: Policy | None) -> None:
        self._file = judged.file
        self._linked = judged.linked
        self._protocol = protocol
        self._source = judged.source
        self._policy = policy
        self._spans: dict[tuple[str, str], Span] = {}
        self._provenance: list[Provenance] = []
        self._faults: list[Diagnostic] = []

    def derive(self) -> Derived:
        """The manifest, with where each of its entries comes from and the faults in them."""
        name, module = self._protocol.name, self._file.module
        namespace = module.name.text if module is not None else None
        qualified = f"{namespace}.{name.text}" if namespace is not None else name.text
        self._from_source("protocol_name", name.text, name.span)
        if module is not None:
            self._from_source("protocol_namespace", module.name.text, module.name.span)
        place = module.name.span if module is not None else name.span
        self._from_source("protocol_qualified_name", qualified, place)
        row = self._policy.protocol(qualified) if self._policy is not None else None
        if row is not None:
            self._from_policy("protocol_id", row.name, "id" if row.id else "protocol", row.name)
        else:
            self._from_source("protocol_id", qualified, place)
        packs = self._packs()
        required = self._required()
        carried: dict[str, Span] = {}
        for pack in packs:
            if pack.name in required:
                for key in pack.capabilities:
                    carried.setdefault(key, self._spans["theorem_packs", f"{pack.name}.{key}"])
        for key in sorted(carried):
            self._from_source("required_theorem_pack_capabilities", key, carried[key])
        roles = self._roles()
        keys = () if row is None else tuple(row.keys)
        for index, key in enumerate(keys):
            self._from_policy("required_capabilities", key, "keys", row.name if row else "", index)
        capabilities, links = self._annotations(qualified)
        determinism = self._policy.determinism_of(row) if self._policy is not None else None
        manifest = Manifest(
            protocol_name=name.text,
            protocol_namespace=namespace,
            protocol_qualified_name=qualified,
            protocol_id=row.name if row is not None else qualified,
            role_names=roles,
            required_capabilities=keys,
            theorem_packs=packs,
            required_theorem_packs=required,
            required_theorem_pack_capabilities=tuple(sorted(carried)),
            guard_capabilities=capabilities,
            determinism_policy_ref=determinism.ref if determinism is not None else None,
            link_specs=links,
        )
        if determinism is not None and self._policy is not None:
            named = row is not None and row.determinism == determinism.ref
            written = (
                self._policy.place("protocols", row.name, "determinism")
                if named and row is not None
                else self._policy.place("determinism", determinism.ref, "ref")
            )
            self._note("determinism_policy_ref", determinism.ref, written)
        return Derived(
            manifest,
            self._source,
            name.span,
            self._spans,
            tuple(self._provenance),
            tuple(self._faults),
        )

    def _from_source(self, field: str, entry: str, span: Span) -> None:
        self._spans.setdefault((field, entry), span)
        line, column = self._source.position(span.start)
        self._provenance.append(Provenance(field, entry, self._source.path, line, column))

    def _from_policy(self, field: str, entry: str, key: str, protocol: str, *inside: int) -> None:
        if self._policy is not None:
            self._note(field, entry, self._policy.place("protocols", protocol, key, *inside))

    def _note(self, field: str, entry: str, place: PolicyPlace) -> None:
        self._provenance.append(Provenance(field, entry, place.path, place.line, place.column))

    def _roles(self) -> tuple[str, ...]:
        names = []
        for declared in declared_roles(self._protocol):
            names.append(declared.name.text)
            self._from_source("role_names", declared.name.text, declared.name.span)
        return tuple(names)

    def _packs(self) -> tuple[TheoremPack, ...]:
        found = []
        for bundle in self._file.declarations:
            if not isinstance(bundle, ast.ProofBundle):
                continue
            name = bundle.name.text
            self._from_source("theorem_packs", name, bundle.name.span)
            for key in bundle.requires:
                self._from_source("theorem_packs", f"{name}.{key.text}", key.span)
            found.append(
                TheoremPack(
                    name,
                    tuple(key.text for key in bundle.requires),
                    bundle.version,
                    bundle.issuer,
                    bundle.constraints,
                )
            )
        return tuple(found)

    def _required(self) -> tuple[str, ...]:
        for name in self._protocol.requires:
            if ("required_theorem_packs", name.text) not in self._spans:
                self._from_source("required_theorem_packs", name.text, name.span)
        return tuple(sorted({name.text for name in self._protocol.requires}))

    def _annotations(self, qualified: str) -> tuple[tuple[str, ...], tuple[LinkSpec, ...]]:
        """Guard capabilities and links, of senders and broadcasts only."""
        capabilities: dict[str, None] = {}
        links: list[tuple[LinkSpec, Span, SourceFile]] = []
        for role, entry, source in self._entries():
            if not isinstance(entry.value, ast.TextValue):
                continue
            text = entry.value.text
            if entry.key.text == "guard_capability":
                if text not in capabilities:
                    self._written("guard_capabilities", text, entry.span, source)
                capabilities[text] = None
            elif entry.key.text == "link":
                link = parse_link(text)
                if isinstance(link, AdmissionLink):
                    spec = LinkSpec(role, link.bundle, link.exports, link.imports)
                    links.append((spec, entry.span, source))
                    self._written("link_specs", link.bundle, entry.span, source)
                else:
                    where = Where(source.path, qualified)
                    self._faults.append(say.malformed_link(where, role, entry.span, link))
        exported = {name for link, _, _ in links for name in link.exports}
        for link_spec, span, source in links:
            where = Where(source.path, qualified)
            for name in link_spec.imports:
                if name not in exported:
                    self._faults.append(
                        say.unresolved_import(
                            where, link_spec.role, link_spec.bundle_id, name, span
                        )
                    )
        return tuple(sorted(capabilities)), tuple(link for link, _, _ in links)

    def _entries(self) -> Iterator[tuple[str, ast.RecordEntry, SourceFile]]:
        """The entries of all sender records of the text and of what it calls of other files."""
        for role, entry in sender_entries(self._protocol):
            yield role, entry, self._source
        for one in self._linked.called_by(self._protocol):
            for role, entry in entries_of(one.local.body):
                yield role, entry, one.source

    def _written(self, field: str, entry: str, span: Span, source: SourceFile) -> None:
        if source is self._source:
            self._from_source(field, entry, span)
            return
        line, column = source.position(span.start)
        self._provenance.append(Provenance(field, entry, source.path, line, column))


def sender_entries(protocol: ast.Protocol) -> Iterator[tuple[str, ast.RecordEntry]]:
    """The entries of all sender records with the sender's name, in source order."""
    for body in (protocol.body, *(local.body for local in protocol.locals)):
        yield from entries_of(body)


def entries_of(body: ast.Block) -> Iterator[tuple[str, ast.RecordEntry]]:
    """The entries of the sender records of a block with the sender's name, in source order."""
    for statement in preorder(body):
        if isinstance(statement, ast.Send | ast.Broadcast) and statement.record is not None:
            for entry in statement.record.entries:
                yield statement.sender.name.text, entry
