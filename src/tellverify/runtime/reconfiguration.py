"""The reconfiguration step: the only way in which fragments and sessions change their owner.

Every operation is all or nothing, in the order of Aura's manager: capability, boundary, the change
itself, coherence, persistence; where a later part fails, nothing has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

import msgspec

from tellverify.runtime.delegation import Footprint, delegated, incoherence
from tellverify.runtime.faults import FaultKind, RuntimeFault
from tellverify.runtime.gate import Contracts
from tellverify.runtime.ownership import OwnershipClaim, Permit, Registry

SURFACES: Final = ("ownership_receipt", "semantic_handoff", "reconfiguration_transition")


class Bundle(msgspec.Struct, frozen=True):
    """A link bundle: the union of its exports and imports in all manifests that name it."""

    name: str
    exports: frozenset[str] = frozenset()
    imports: frozenset[str] = frozenset()
    sessions: frozenset[str] = frozenset()


class ReconfigurationReceipt(msgspec.Struct, frozen=True):
    """What a change of owner was: both footprints before and after, and the new claim."""

    operation: str
    session: str
    source: str
    target: str
    before: tuple[Footprint, Footprint]
    after: tuple[Footprint, Footprint]
    claim: OwnershipClaim


Persist = Callable[[ReconfigurationReceipt], bool]


class Reconfiguration:
    """Links bundles and hands sessions over. `persist` records a receipt and may fail."""

    def __init__(
        self,
        registry: Registry,
        contracts: Contracts,
        persist: Persist = lambda receipt: True,
    ) -> None:
        self._registry = registry
        self._contracts = contracts
        self._persist = persist
        self._bundles: dict[str, Bundle] = {}
        self.footprints: dict[str, Footprint] = {}
        self.receipts: list[ReconfigurationReceipt] = []

    def register(self, bundle: Bundle) -> None:
        """Register a bundle; one of the same name gains the new exports and imports."""
        known = self._bundles.get(bundle.name, Bundle(bundle.name))
        self._bundles[bundle.name] = Bundle(
            bundle.name,
            known.exports | bundle.exports,
            known.imports | bundle.imports,
            known.sessions | bundle.sessions,
        )

    def adopt(self, claim: OwnershipClaim) -> None:
        """Note that a session was opened by its owner: it is native there."""
        footprint = self.footprints.get(claim.label, Footprint())
        if not footprint.acts_in(claim.session):
            self.footprints[claim.label] = msgspec.structs.replace(
                footprint.without(claim.session), native=footprint.native | {claim.session}
            )

    def transfer(self, claim: OwnershipClaim, target: str) -> ReconfigurationReceipt | RuntimeFault:
        """Give a whole session, all of its fragments, to another owner."""
        return self._hand_over("transfer", claim, target)

    def delegate(
        self, bundle: str, claim: OwnershipClaim, target: str
    ) -> ReconfigurationReceipt | RuntimeFault:
        """Give a session away at the boundary of a bundle, which must be one of its fragments."""
        missing = self._missing("delegation")
        if missing is not None:
            return missing
        known = self._bundles.get(bundle)
        if known is None:
            return _refused(
                FaultKind.DELEGATION, bundle, f"the bundle `{bundle}` is not registered"
            )
        names = {fragment.name for fragment in claim.fragments}
        if f"bundle:{bundle}" not in names:
            reason = f"`{bundle}` is not a fragment of session `{claim.session}`"
            return _refused(FaultKind.DELEGATION, bundle, reason)
        return self._hand_over("delegation", claim, target)

    def link(self, first: str, second: str, name: str) -> Bundle | RuntimeFault:
        """Put two bundles together under a new name."""
        missing = self._missing("linking")
        if missing is not None:
            return missing
        for one in (first, second):
            if one not in self._bundles:
                return _refused(FaultKind.LINK, one, f"the bundle `{one}` is not registered")
        if name in self._bundles:
            return _refused(FaultKind.LINK, name, f"a bundle `{name}` is already registered")
        left, right = self._bundles[first], self._bundles[second]
        for here, there in ((left, right), (right, left)):
            open_ = sorted(here.imports - here.exports - there.exports)
            if open_:
                reason = f"`{there.name}` does not export `{open_[0]}`, which `{here.name}` imports"
                return _refused(FaultKind.LINK, here.name, reason)
        shared = sorted(left.sessions & right.sessions)
        if shared:
            reason = f"`{first}` and `{second}` both have session `{shared[0]}`"
            return _refused(FaultKind.LINK, first, reason)
        self._bundles[name] = Bundle(
            name,
            left.exports | right.exports,
            left.imports | right.imports,
            left.sessions | right.sessions,
        )
        return self._bundles[name]

    def _missing(self, operation: str) -> RuntimeFault | None:
        lacking = [key for key in SURFACES if key not in self._contracts.keys]
        if not lacking:
            return None
        reason = f"{operation} needs {_listed(lacking)}, and the runtime lacks it"
        return _refused(FaultKind.TRANSFER, lacking[0], reason)

    def _hand_over(
        self, operation: str, claim: OwnershipClaim, target: str
    ) -> ReconfigurationReceipt | RuntimeFault:
        missing = self._missing(operation)
        if missing is not None:
            return missing
        stale = self._registry.refusal(claim)
        if stale is not None:
            return stale
        source = claim.label
        if source == target:
            return _refused(FaultKind.TRANSFER, target, f"`{target}` owns the session already")
        giver = self.footprints.get(source, Footprint())
        if not giver.acts_in(claim.session):
            reason = f"`{source}` has no session `{claim.session}` to give"
            return _refused(FaultKind.DELEGATION, source, reason)
        after = delegated(self.footprints, claim.session, source, target)
        wrong = incoherence(after)
        if wrong:
            return _refused(FaultKind.DELEGATION, claim.session, wrong)
        permit, owners = Permit(operation), self._registry.snapshot()
        moved = self._registry.move(permit, claim.session, claim, target)
        if isinstance(moved, RuntimeFault):
            return moved
        taker = self.footprints.get(target, Footprint())
        receipt = ReconfigurationReceipt(
            operation,
            claim.session,
            source,
            target,
            (giver, taker),
            (after[source], after[target]),
            moved,
        )
        before, self.footprints = self.footprints, after
        if not self._persist(receipt):
            self._registry.restore(permit, owners)
            self.footprints = before
            reason = f"the receipt of session `{claim.session}` could not be stored"
            return _refused(FaultKind.TRANSFER, claim.session, reason)
        self.receipts.append(receipt)
        return receipt


def _refused(kind: FaultKind, subject: str, reason: str) -> RuntimeFault:
    return RuntimeFault(kind, subject, reason)


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
