"""Steps of timers, and what they and discarded messages do to queues."""

from __future__ import annotations

from typing import Final

from tellverify.model.site import Site
from tellverify.model.step import Step

TIMEOUT: Final = "timeout"
CANCEL: Final = "cancel"


def timer_step(owner: str, word: str, scope: int, site: Site) -> Step:
    """The event that a timer of `owner` fires, or is cancelled."""
    return Step(False, owner, owner, word, site, word, scope)


def queue_after(queue: tuple[str, ...], step: Step) -> tuple[str, ...]:
    """The labels in the channel of `step` after it, nothing discarded."""
    if step.timer:
        return queue
    return (*queue, step.label) if step.send else queue[1:]


def without_discarded(
    queues: dict[tuple[str, str], tuple[str, ...]], step: Step
) -> dict[tuple[str, str], tuple[str, ...]]:
    """The queues without the messages that vanish with `step`; empty ones are left out."""
    found = dict(queues)
    for channel in {(one.sender, one.receiver) for one in step.discards}:
        gone = {one.position for one in step.discards if (one.sender, one.receiver) == channel}
        left = tuple(label for at, label in enumerate(queues.get(channel, ())) if at not in gone)
        if left:
            found[channel] = left
        else:
            found.pop(channel, None)
    return found
