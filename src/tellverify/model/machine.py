"""Communicating machines: what one role does."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from tellverify.model.delivery import Delivery


class Action(NamedTuple):
    """`peer!label` (send is True) or `peer?label`, seen from the role that acts.

    Machines that are projected or read have FIFO delivery; those of a scenario have faults.
    """

    send: bool
    peer: str
    label: str
    delivery: Delivery = Delivery.FIFO

    def __str__(self) -> str:
        return f"{self.peer}{'!' if self.send else '?'}{self.label}"


class Machine(msgspec.Struct, frozen=True):
    """A deterministic communicating machine of one role.

    States are 0 to n-1, 0 initial, numbered breadth-first in the order of `moves`. `moves[s]`
    lists `(action, target)`; `final[s]` says that the role may stop in `s`. `sites[s][i]` is an
    index into the graph's sites for move i of state s, or -1 when machines come from elsewhere.
    """

    role: str
    moves: tuple[tuple[tuple[Action, int], ...], ...]
    final: tuple[bool, ...]
    sites: tuple[tuple[int, ...], ...] = ()

    @property
    def state_count(self) -> int:
        """Number of states."""
        return len(self.moves)
