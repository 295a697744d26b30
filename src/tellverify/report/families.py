"""Many names in few words: members of a role family are one item."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

_MEMBER: Final = re.compile(r"(?s)(.*)\[(0|[1-9][0-9]{0,8})\]")


def collapsed(names: Iterable[str]) -> list[str]:
    """`names` without repetition, runs of family members as `Devices[0..10000]`, without the last
    number, as the language has ranges.

    Order is that of first occurrence; the members of one family stand together in index order.
    """
    members: dict[tuple[str, bool], list[int]] = {}
    for name in names:
        match = _MEMBER.fullmatch(name)
        if match is None:
            members.setdefault((name, False), [])
        else:
            members.setdefault((match[1], True), []).append(int(match[2]))
    items: list[str] = []
    for (name, is_family), indices in members.items():
        if not is_family:
            items.append(name)
        for low, high in _runs(indices):
            items.append(f"{name}[{low}]" if low == high else f"{name}[{low}..{high + 1}]")
    return items


def _runs(indices: list[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for index in sorted(set(indices)):
        if runs and runs[-1][1] == index - 1:
            runs[-1] = (runs[-1][0], index)
        else:
            runs.append((index, index))
    return runs


def collapsed_channels(channels: Sequence[tuple[str, str]]) -> list[str]:
    """Channels as `Hub -> Devices[0..10000]`, members of families on either side being one item."""
    by_sender: dict[str, list[str]] = {}
    for sender, receiver in channels:
        by_sender.setdefault(sender, []).append(receiver)
    by_receivers: dict[str, list[str]] = {}
    for sender, receivers in by_sender.items():
        for item in collapsed(receivers):
            by_receivers.setdefault(item, []).append(sender)
    return [
        f"{senders} -> {receivers}"
        for receivers, many in by_receivers.items()
        for senders in collapsed(many)
    ]
