"""From a protocol in a file to a launch request: what admission resolved, and the role images."""

from __future__ import annotations

from typing import Final

from tellverify.admission.manifest import Derived
from tellverify.admission.objections import AdmissionReason, Objection
from tellverify.admission.resolve import Requirements, requirements
from tellverify.admission.runtime import RuntimeInventory
from tellverify.model.graph import ProtocolGraph
from tellverify.obligations.machines import Machines
from tellverify.policy.model import Policy
from tellverify.runtime.faults import FaultKind, RuntimeFault
from tellverify.runtime.gate import Contracts, Key
from tellverify.runtime.launch import LaunchRequest

# What the translation of packs itself refuses; other objections are about adoption.
RESOLUTION: Final = {
    AdmissionReason.UNDECLARED: FaultKind.MISSING_PACK,
    AdmissionReason.NO_POLICY: FaultKind.MISSING_PACK,
    AdmissionReason.RESERVED: FaultKind.MISSING_PACK,
    AdmissionReason.DRIFT: FaultKind.PACK_DRIFT,
    AdmissionReason.FLATTENED: FaultKind.METADATA_DRIFT,
}


def contracts_of(runtime: RuntimeInventory) -> Contracts:
    """A runtime profile as the launch path looks at it."""
    return Contracts(runtime.name, runtime.keys, runtime.facts)


def required_keys(found: Requirements) -> tuple[Key, ...]:
    """Plain keys, then those of every pack, each key once, in the order they are checked."""
    keys = {name: Key(name) for name in found.plain}
    for pack in found.packs:
        for name in pack.runtime:
            keys.setdefault(name, Key(name, pack.name))
    return tuple(keys.values())


def resolution_faults(found: Requirements, *, adoption: bool = True) -> tuple[RuntimeFault, ...]:
    """What keeps a protocol from being launched on any runtime, with or without adoption rules."""
    faults = []
    for objection in found.objections:
        kind = RESOLUTION.get(objection.reason)
        if kind is None and adoption and objection.reason.refuses:
            kind = FaultKind.ADMISSION
        if kind is not None:
            faults.append(_fault(kind, objection))
    return tuple(faults)


def _fault(kind: FaultKind, objection: Objection) -> RuntimeFault:
    title = objection.reason.code.title
    about = f"`{objection.pack}`: " if objection.pack else ""
    subject, number = objection.pack or objection.other, objection.reason.code.number
    return RuntimeFault(kind, subject, f"{about}{title}", objection.pack, number)


def launch_request(
    derived: Derived,
    graph: ProtocolGraph,
    policy: Policy | None,
    runtime: RuntimeInventory | None,
    *,
    owner: str = "local",
    adoption: bool = True,
) -> LaunchRequest:
    """The protocol that is launched when a runtime is asked to run a protocol.

    Without a policy nothing is known of packs: a protocol that requires one is refused, any other
    is executed on the canonical path and needs no key. Without `adoption`, rules about which
    protocols may carry packs are left out, as the acceptance rule asks.
    """
    manifest = derived.manifest
    images = tuple(Machines(graph).all())
    bundles = tuple(link.bundle_id for link in manifest.link_specs)
    if policy is None:
        reason = "no policy says what it needs"
        return LaunchRequest(
            protocol=manifest.protocol_id,
            machines=images,
            required=(),
            contracts=Contracts("none", frozenset()),
            owner=owner,
            sites=graph.sites,
            resolution=tuple(
                RuntimeFault(FaultKind.MISSING_PACK, pack, f"`{pack}`: {reason}", pack)
                for pack in manifest.required_theorem_packs
            ),
            guards=manifest.guard_capabilities,
            bundles=bundles,
        )
    found = requirements(policy, manifest, derived.source.path)
    row = policy.protocol(manifest.protocol_qualified_name)
    return LaunchRequest(
        protocol=manifest.protocol_id,
        machines=images,
        required=required_keys(found),
        contracts=contracts_of(runtime) if runtime is not None else None,
        owner=owner,
        sites=graph.sites,
        resolution=resolution_faults(found, adoption=adoption),
        guards=manifest.guard_capabilities,
        bundles=bundles,
        determinism=policy.determinism_of(row),
        determinism_ref=row.determinism if row is not None else "",
        protocol_class=row.class_ if row is not None else "",
    )
