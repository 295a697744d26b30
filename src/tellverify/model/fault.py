"""What a run can show at its end."""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """What a run shows at its end."""

    DEADLOCK = "deadlock"
    STUCK_ROLE = "stuck-role"
    STARVATION = "starvation"
    UNSPECIFIED_RECEPTION = "unspecified-reception"
    ORPHAN_MESSAGE = "orphan-message"
    INFIDELITY = "infidelity"
    UNBOUNDED_QUEUE = "unbounded-queue"
    NO_TERMINATION = "no-termination"
    ENDLESS_RUN = "endless-run"
    DISAGREEMENT = "disagreement"
    REPETITION = "repetition"
    PROPERTY = "property"
    TIMEOUT_DISAGREEMENT = "timeout-disagreement"
    STALE_MESSAGE = "stale-message"
    WITNESS = "witness"
