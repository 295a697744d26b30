"""The admission gate: what a protocol requires against what a runtime has.

Set comparison and nothing else (RuntimeCapabilityEffects::require_capabilities): a key that is
absent and a key that is false are the same.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from tellverify.runtime.faults import FaultKind, RuntimeFault


class Key(msgspec.Struct, frozen=True):
    """A required capability, and the pack that requires it; "" for the protocol itself."""

    name: str
    pack: str = ""


class Contracts(msgspec.Struct, frozen=True):
    """The inventory of a runtime: the capability keys that are true, and facts about its contracts.

    Facts are such as `artifact:full` and `profiles:mixed`; a runtime without any has no contracts.
    """

    profile: str
    keys: frozenset[str]
    facts: frozenset[str] = frozenset()

    def without(self, *keys: str) -> Contracts:
        """The same runtime, in which some keys are false."""
        return msgspec.structs.replace(self, keys=self.keys - set(keys))


def missing(required: Collection[Key], contracts: Contracts) -> tuple[Key, ...]:
    """The keys that a runtime lacks, in the order in which they are required."""
    return tuple(key for key in required if key.name not in contracts.keys)


def coverage_faults(required: Collection[Key], contracts: Contracts | None) -> list[RuntimeFault]:
    """A fault for every key that the runtime lacks; one, if its inventory cannot be read."""
    if contracts is None:
        return [
            RuntimeFault(FaultKind.NO_INVENTORY, "", "the inventory of the runtime cannot be read")
        ]
    found = []
    for key in missing(required, contracts):
        kind = FaultKind.MISSING_PACK_CAPABILITY if key.pack else FaultKind.MISSING_CAPABILITY
        reason = f"the runtime `{contracts.profile}` lacks `{key.name}`"
        found.append(RuntimeFault(kind, key.name, reason, key.pack))
    return found
