"""What is found out about one obligation at given family sizes."""

from __future__ import annotations

from typing import Final

import msgspec

from tellverify.diagnostics import codes
from tellverify.diagnostics.model import Code
from tellverify.model.trace import Fault
from tellverify.verdict.outcome import Outcome
from tellverify.verdict.properties import Property

FAULT_CODES: Final[dict[Fault, Code]] = {
    Fault.INFIDELITY: codes.INFIDELITY,
    Fault.DEADLOCK: codes.DEADLOCK,
    Fault.STUCK_ROLE: codes.STUCK_ROLE,
    Fault.UNSPECIFIED_RECEPTION: codes.UNSPECIFIED_RECEPTION,
    Fault.ORPHAN_MESSAGE: codes.ORPHAN_MESSAGE,
    Fault.UNBOUNDED_QUEUE: codes.UNBOUNDED_QUEUE,
    Fault.NO_TERMINATION: codes.NO_TERMINATION,
    Fault.ENDLESS_RUN: codes.ENDLESS_RUN,
}
SAFETY: Final = {
    Property.NO_DEADLOCK: Fault.DEADLOCK,
    Property.NO_ORPHAN_MESSAGE: Fault.ORPHAN_MESSAGE,
    Property.NO_UNSPECIFIED_RECEPTION: Fault.UNSPECIFIED_RECEPTION,
    Property.FIDELITY: Fault.INFIDELITY,
}


class Finding(msgspec.Struct, frozen=True):
    """An obligation at given family sizes; `roles` and `channel` as in a verdict's subject."""

    property: Property
    outcome: Outcome
    roles: tuple[str, ...] = ()
    channel: tuple[str, str] | None = None
    statistics: tuple[tuple[str, int], ...] = ()
