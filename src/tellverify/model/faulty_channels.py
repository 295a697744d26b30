"""The kinds of faulty messages, and what each of them does to the queue of its channel."""

from __future__ import annotations

from typing import Final, assert_never

from tellverify.model.delivery import Delivery

SENDS: Final[tuple[Delivery, ...]] = (Delivery.LOST, Delivery.DUPLICATED, Delivery.ABSORBED)
"""The kinds that are sends; the others, FIFO aside, are receptions."""
UNQUEUED: Final[tuple[Delivery, ...]] = (Delivery.LOST, Delivery.FORGED, Delivery.ABSORBED)
"""The kinds that neither need nor change a queue."""
OWED: Final[tuple[Delivery, ...]] = (Delivery.FIFO, Delivery.REORDERED, Delivery.ABSORBED)
"""The kinds that a fair run makes in the end; the others may happen and need not."""

WORDS: Final = {
    Delivery.FIFO: "",
    Delivery.LOST: "lost",
    Delivery.DUPLICATED: "delivered twice",
    Delivery.REORDERED: "out of order",
    Delivery.FORGED: "made up",
    Delivery.ABSORBED: "to a Byzantine role",
}
"""What charts and lists say of the message of an event."""


def faulty_channel_after(
    queue: tuple[str, ...], send: bool, label: str, delivery: Delivery
) -> tuple[str, ...] | None:
    """The contents of a channel behind an event of a kind other than FIFO, None when the event is
    not possible. Raises ValueError for FIFO."""
    if send != (delivery in SENDS):
        return None
    match delivery:
        case Delivery.LOST | Delivery.FORGED | Delivery.ABSORBED:
            return queue
        case Delivery.DUPLICATED:
            return (*queue, label, label)
        case Delivery.REORDERED:
            if label not in queue[1:]:
                return None
            at = queue.index(label, 1)
            return (*queue[:at], *queue[at + 1 :])
        case Delivery.FIFO:
            raise ValueError("no fault")
        case unreachable:
            assert_never(unreachable)
