"""Who owns the fragments of a session: claims, generations, stale owners.

A protocol without link bundles is one fragment, otherwise every bundle is one; the rest of a linked
protocol has no separate fragment. Fragments change their owner by `Reconfiguration` alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from tellverify.runtime.faults import FaultKind, RuntimeFault


class OwnedFragment(msgspec.Struct, frozen=True):
    """A unit of ownership in one session."""

    session: str
    name: str


class Owner(msgspec.Struct, frozen=True):
    """Who owns a fragment, since which generation, and what the fragment is of."""

    label: str
    generation: int
    protocol: str
    bundle: str = ""


class OwnershipClaim(msgspec.Struct, frozen=True):
    """The claim of an owner; it is stale once a fragment has another generation."""

    session: str
    label: str
    generation: int
    fragments: tuple[OwnedFragment, ...]


class Permit(msgspec.Struct, frozen=True):
    """What `Registry.move` asks for; `Reconfiguration` makes it when the runtime allows that."""

    operation: str


def fragments_of(session: str, protocol: str, bundles: Iterable[str]) -> tuple[OwnedFragment, ...]:
    """The fragments of a protocol: one for each bundle, in the order they are first named."""
    names = [f"bundle:{bundle}" for bundle in dict.fromkeys(bundles)]
    return tuple(OwnedFragment(session, name) for name in names or [f"protocol:{protocol}"])


class Registry:
    """The owner of every fragment."""

    def __init__(self) -> None:
        self._owners: dict[OwnedFragment, Owner] = {}
        self._last: dict[str, int] = {}

    def claim(
        self, session: str, label: str, protocol: str, bundles: Sequence[str] = ()
    ) -> OwnershipClaim | RuntimeFault:
        """Claim all fragments of a session, or none when `objection` has one.

        An owner may claim again what it has; that keeps the generation.
        """
        wrong = self.objection(session, label, protocol, bundles)
        if wrong is not None:
            return wrong
        fragments = fragments_of(session, protocol, bundles)
        held = [self._owners[f].generation for f in fragments if f in self._owners]
        generation = max(held, default=self._last.get(session, 0) + 1)
        self._last[session] = generation
        for fragment in fragments:
            bundle = fragment.name.removeprefix("bundle:")
            named = bundle if bundle != fragment.name else ""
            self._owners[fragment] = Owner(label, generation, protocol, named)
        return OwnershipClaim(session, label, generation, fragments)

    def objection(
        self, session: str, label: str, protocol: str, bundles: Sequence[str] = ()
    ) -> RuntimeFault | None:
        """Why a claim would be refused: another owner, or a session of another protocol."""
        for fragment in (*self.fragments(session), *fragments_of(session, protocol, bundles)):
            owner = self._owners.get(fragment)
            if owner is not None and owner.label != label:
                reason = f"`{fragment.name}` of session `{session}` is owned by `{owner.label}`"
                return RuntimeFault(FaultKind.FRAGMENT_OWNED, fragment.name, reason)
            if owner is not None and owner.protocol != protocol:
                reason = f"session `{session}` is open for `{owner.protocol}`"
                return RuntimeFault(FaultKind.SESSION_OPEN, session, reason)
        return None

    def release(self, claim: OwnershipClaim) -> None:
        """Release the fragments that a claim still holds; all others stay."""
        for fragment in claim.fragments:
            if self.holds(claim, fragment):
                del self._owners[fragment]

    def holds(self, claim: OwnershipClaim, fragment: OwnedFragment) -> bool:
        """Whether a claim is the current one of a fragment."""
        owner = self._owners.get(fragment)
        return owner is not None and (owner.label, owner.generation) == (
            claim.label,
            claim.generation,
        )

    def is_current(self, claim: OwnershipClaim) -> bool:
        """Whether a claim still holds all of its fragments."""
        return all(self.holds(claim, fragment) for fragment in claim.fragments)

    def refusal(self, claim: OwnershipClaim) -> RuntimeFault | None:
        """Why the holder of this claim may not act, or None."""
        for fragment in claim.fragments:
            owner = self._owners.get(fragment)
            if owner is None:
                reason = f"`{fragment.name}` of session `{claim.session}` no longer has an owner"
            elif not self.holds(claim, fragment):
                reason = (
                    f"`{claim.label}` owned `{fragment.name}` in generation {claim.generation}, "
                    f"and `{owner.label}` owns it in generation {owner.generation}"
                )
            else:
                continue
            return RuntimeFault(FaultKind.STALE_OWNER, fragment.name, reason)
        return None

    def fragments(self, session: str) -> tuple[OwnedFragment, ...]:
        """The fragments of a session that have an owner, in the order they were claimed."""
        return tuple(f for f in self._owners if f.session == session)

    def move(
        self, permit: Permit, session: str, source: OwnershipClaim, target: str
    ) -> OwnershipClaim | RuntimeFault:
        """Give all fragments of a session to another owner, in a new generation, or none at all.

        For `Reconfiguration`, which makes the permit.
        """
        fragments = self.fragments(session)
        if not fragments:
            return RuntimeFault(
                FaultKind.TRANSFER, session, f"{permit.operation}: no session `{session}` is open"
            )
        for fragment in fragments:
            owner = self._owners[fragment]
            if owner.label != source.label:
                reason = f"`{fragment.name}` is owned by `{owner.label}`, not `{source.label}`"
                return RuntimeFault(
                    FaultKind.TRANSFER, fragment.name, f"{permit.operation}: {reason}"
                )
            if owner.generation != source.generation:
                reason = (
                    f"`{source.label}` shows generation {source.generation} of `{fragment.name}`"
                )
                now = f"which is in generation {owner.generation}"
                return RuntimeFault(FaultKind.STALE_OWNER, fragment.name, f"{reason}, {now}")
        generation = self._last[session] = source.generation + 1
        for fragment in fragments:
            owner = self._owners[fragment]
            self._owners[fragment] = Owner(target, generation, owner.protocol, owner.bundle)
        return OwnershipClaim(session, target, generation, fragments)

    def snapshot(self) -> dict[OwnedFragment, Owner]:
        """All current owners."""
        return dict(self._owners)

    def restore(self, permit: Permit, owners: dict[OwnedFragment, Owner]) -> None:
        """Undo all changes since a snapshot; for `Reconfiguration`."""
        self._owners = dict(owners)
