"""What is found out about one obligation at given family sizes."""

from __future__ import annotations

from typing import Final

import msgspec

from tellverify.diagnostics.communication import (
    DEADLOCK,
    ENDLESS_RUN,
    INFIDELITY,
    NO_TERMINATION,
    ORPHAN_MESSAGE,
    STUCK_ROLE,
    UNBOUNDED_QUEUE,
    UNSPECIFIED_RECEPTION,
)
from tellverify.diagnostics.model import Code
from tellverify.model.trace import Fault
from tellverify.verdict.outcome import Outcome
from tellverify.verdict.properties import Property

FAULT_CODES: Final[dict[Fault, Code]] = {
    Fault.INFIDELITY: INFIDELITY,
    Fault.DEADLOCK: DEADLOCK,
    Fault.STUCK_ROLE: STUCK_ROLE,
    Fault.UNSPECIFIED_RECEPTION: UNSPECIFIED_RECEPTION,
    Fault.ORPHAN_MESSAGE: ORPHAN_MESSAGE,
    Fault.UNBOUNDED_QUEUE: UNBOUNDED_QUEUE,
    Fault.NO_TERMINATION: NO_TERMINATION,
    Fault.ENDLESS_RUN: ENDLESS_RUN,
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
