"""Cycles that meet every condition infinitely often."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

_EXACT: Final = 100_000

Onward = Callable[[int], Sequence[tuple[int, int, int]]]


def shortest_cycle(entry: int, onward: Onward, wanted: int) -> list[int]:
    """The events of a cycle through `entry` on which all bits of `wanted` are met.

    `onward` gives the successors of a node with the event and the bits that are met on the way
    there. A shortest one when few nodes have to be visited; else bits are met one after the
    other, each as soon as possible. There must be such a cycle.
    """
    exact = _walk(entry, onward, wanted, entry, _EXACT)
    if exact is not None:
        return exact[0]
    events: list[int] = []
    here, met = entry, 0
    while wanted & ~met:
        found = _walk(here, onward, wanted & ~met, -1, -1)
        if found is None:
            raise ValueError("no cycle meets all conditions")
        events += found[0]
        here, met = found[1], met | found[2]
    if here != entry or not events:
        back = _walk(here, onward, 0, entry, -1)
        events += back[0] if back is not None else []
    return events


def _walk(
    start: int, onward: Onward, wanted: int, goal: int, limit: int
) -> tuple[list[int], int, int] | None:
    """A shortest way to `goal` that meets all of `wanted`, or with no goal (-1) any bit of it.

    Gives its events, its end and the bits met; None when there is none, or after visiting more
    than `limit` pairs of a node and bits, unless that is negative.
    """
    known = {(start, 0): 0}
    nodes = [(start, 0)]
    before: list[tuple[int, int]] = [(-1, -1)]
    at = 0
    while at < len(nodes):
        node, met = nodes[at]
        for target, event, bits in onward(node):
            gained = met | (bits & wanted)
            done = bool(gained) if goal < 0 else target == goal and gained == wanted
            if done:
                events = [event]
                number = at
                while number:
                    number, event = before[number]
                    events.append(event)
                events.reverse()
                return events, target, bits | met
            key = (target, gained)
            if key not in known:
                known[key] = len(nodes)
                nodes.append(key)
                before.append((at, event))
        at += 1
        if 0 <= limit < len(nodes):
            return None
    return None
