"""What becomes of a message when channels or roles are faulty, for one send or reception.

The reference meaning of queues, beside `tellverify.model.semantics`: every replay of a run asks
`channel_after`, and so does the reference step relation. What faults do to a queue stands apart, in
`tellverify.model.faulty_channels`, since runs without faults rest on nothing of it.
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


def channel_after(
    queue: tuple[str, ...], send: bool, label: str, delivery: Delivery
) -> tuple[str, ...] | None:
    """The contents of the channel of an event behind it, None when the event is not possible."""
    if delivery is not Delivery.FIFO:
        from tellverify.model.faulty_channels import faulty_channel_after

        return faulty_channel_after(queue, send, label, delivery)
    if send:
        return (*queue, label)
    return queue[1:] if queue[:1] == (label,) else None
