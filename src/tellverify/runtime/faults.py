"""Why a launch, a transfer or a run is refused: one kind for each error of the launch path."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class FaultKind(StrEnum):
    """The stage that refuses, in the order of a launch; then the faults of later stages."""

    GUARD_NAME = "guard-capability-name"
    MISSING_PACK = "missing-theorem-pack"
    PACK_DRIFT = "theorem-pack-drift"
    METADATA_DRIFT = "metadata-drift"
    ADMISSION = "admission"
    FRAGMENT_OWNED = "fragment-owned"
    ROLE_IMAGE = "role-image"
    UNKNOWN_POLICY = "unknown-policy"
    POLICY_CLASS = "policy-class"
    MISSING_CONTRACTS = "missing-contracts"
    UNSUPPORTED_DETERMINISM = "unsupported-determinism"
    NO_INVENTORY = "inventory-unavailable"
    MISSING_CAPABILITY = "missing-capability"
    MISSING_PACK_CAPABILITY = "missing-pack-capability"
    ILLEGAL_PROFILE = "illegal-profile"
    SESSION_OPEN = "session-open"
    STALE_OWNER = "stale-owner"
    TRANSFER = "transfer-refused"
    DELEGATION = "delegation-refused"
    LINK = "link-refused"


class RuntimeFault(msgspec.Struct, frozen=True):
    """One reason of a refusal. `subject` is the capability, pack, fragment, role or policy.

    `code` is that of a finding of admission, where one says the same.
    """

    kind: FaultKind
    subject: str
    reason: str
    pack: str = ""
    code: str = ""
