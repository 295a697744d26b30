"""Why a protocol is not admitted: the reasons, what a policy says of each, and one objection."""

from __future__ import annotations

from enum import Enum
from typing import Final

import msgspec

from tellverify.diagnostics.admission import (
    DECLARED_KEY_UNKNOWN,
    FLATTENED_DRIFT,
    MISSING_PACK_KEY,
    MISSING_RUNTIME_KEY,
    PACK_DRIFT,
    PACK_EXCLUDED,
    PACK_METADATA,
    PACK_NOT_ADOPTED,
    PACK_NOT_DECLARED,
    PACK_NOT_REQUIRED,
    PACK_OF_CANDIDATE,
    PACK_RESERVED,
    PACK_WITHOUT_POLICY,
    PLAIN_KEYS_DRIFT,
    RENAMED_PROTOCOL,
    UNKNOWN_PROTOCOL,
    UNLISTED_PROTOCOL,
)
from tellverify.diagnostics.model import Code, Kind


class AdmissionReason(Enum):
    """Why a protocol is not admitted, or another objection."""

    UNDECLARED = PACK_NOT_DECLARED
    NO_POLICY = PACK_WITHOUT_POLICY
    RESERVED = PACK_RESERVED
    DRIFT = PACK_DRIFT
    FLATTENED = FLATTENED_DRIFT
    MISSING_KEY = MISSING_RUNTIME_KEY
    MISSING_PACK_KEY = MISSING_PACK_KEY
    UNKNOWN = UNKNOWN_PROTOCOL
    UNLISTED = UNLISTED_PROTOCOL
    RENAMED = RENAMED_PROTOCOL
    NOT_REQUIRED = PACK_NOT_REQUIRED
    NOT_PROVIDED = DECLARED_KEY_UNKNOWN
    METADATA = PACK_METADATA
    EXCLUDED = PACK_EXCLUDED
    NOT_ADOPTED = PACK_NOT_ADOPTED
    CANDIDATE = PACK_OF_CANDIDATE
    PLAIN_KEYS = PLAIN_KEYS_DRIFT

    @property
    def code(self) -> Code:
        """The code of its finding."""
        return self.value

    @property
    def refuses(self) -> bool:
        """Whether it keeps a protocol from being launched."""
        return self.value.kind is Kind.OBLIGATION


RULES: Final[dict[AdmissionReason, str]] = {
    AdmissionReason.UNDECLARED: "TP-01",
    AdmissionReason.NO_POLICY: "TP-02",
    AdmissionReason.RESERVED: "TP-02",
    AdmissionReason.DRIFT: "TP-03",
    AdmissionReason.FLATTENED: "TP-04",
    AdmissionReason.NOT_REQUIRED: "TP-05",
    AdmissionReason.NOT_PROVIDED: "TP-06",
    AdmissionReason.METADATA: "TP-07",
    AdmissionReason.EXCLUDED: "TP-08",
    AdmissionReason.NOT_ADOPTED: "TP-09",
    AdmissionReason.CANDIDATE: "TP-10",
    AdmissionReason.MISSING_KEY: "TP-11",
    AdmissionReason.MISSING_PACK_KEY: "TP-11",
    AdmissionReason.PLAIN_KEYS: "TP-13",
    AdmissionReason.RENAMED: "TP-14",
    AdmissionReason.UNKNOWN: "TP-14",
    AdmissionReason.UNLISTED: "TP-14",
}


class Objection(msgspec.Struct, frozen=True):
    """One objection: about `pack`, or about the protocol itself where that is "".

    `keys` are the capabilities it is about, in the order they are checked; for a drift those that
    are missing, with `extra` ones and `renamed` pairs of an extra and a missing key. `other` names
    a protocol, group or field that it refers to.
    """

    reason: AdmissionReason
    pack: str = ""
    keys: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    other: str = ""
