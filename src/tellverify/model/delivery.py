"""What becomes of a message when channels or roles are faulty, for one send or reception.

The reference meaning of faults, beside `tellverify.model.semantics`: every replay of a run asks
`channel_after`, and so does the reference step relation.
"""

from __future__ import annotations

from enum import StrEnum


class Delivery(StrEnum):
    """How the network or a Byzantine peer treats the message of one event."""

    FIFO = ""
    LOST = "lost"  # a send whose message never arrives
    DUPLICATED = "duplicated"  # a send whose message is queued twice
    REORDERED = "reordered"  # a reception of a message that is not the head of its queue
    FORGED = "forged"  # a reception of what a Byzantine peer made up: no queue has it
    ABSORBED = "absorbed"  # a send to a Byzantine peer, which may do anything with it


SENDS = (Delivery.LOST, Delivery.DUPLICATED, Delivery.ABSORBED)
"""The kinds that are sends; the others, FIFO aside, are receptions."""
UNQUEUED = (Delivery.LOST, Delivery.FORGED, Delivery.ABSORBED)
"""The kinds that neither need nor change a queue."""
OWED = (Delivery.FIFO, Delivery.REORDERED, Delivery.ABSORBED)
"""The kinds that a fair run makes in the end; the others may happen and need not."""


WORDS = {
    Delivery.FIFO: "",
    Delivery.LOST: "lost",
    Delivery.DUPLICATED: "delivered twice",
    Delivery.REORDERED: "out of order",
    Delivery.FORGED: "made up",
    Delivery.ABSORBED: "to a Byzantine role",
}
"""What charts and lists say of the message of an event."""


def channel_after(
    queue: tuple[str, ...], send: bool, label: str, delivery: Delivery
) -> tuple[str, ...] | None:
    """The contents of the channel of an event behind it, None when the event is not possible."""
    if delivery is not Delivery.FIFO and send != (delivery in SENDS):
        return None
    match delivery:
        case Delivery.FIFO:
            if send:
                return (*queue, label)
            return queue[1:] if queue[:1] == (label,) else None
        case Delivery.LOST | Delivery.FORGED | Delivery.ABSORBED:
            return queue
        case Delivery.DUPLICATED:
            return (*queue, label, label)
        case Delivery.REORDERED:
            if label not in queue[1:]:
                return None
            at = queue.index(label, 1)
            return (*queue[:at], *queue[at + 1 :])
