"""Transition systems that a run carries so that reports can draw them without the source."""

from __future__ import annotations

import msgspec


class Move(msgspec.Struct, frozen=True):
    """A transition: `sender -> receiver : label`, and the line it is written on (0: unknown)."""

    source: int
    target: int
    sender: str
    receiver: str
    label: str
    line: int = 0


class Drawing(msgspec.Struct, frozen=True):
    """A protocol graph or a machine: states 0 to `states` - 1, state 0 initial.

    `roles` is empty for a protocol graph. For a machine it names the role, and after it the
    members of the same family that do the same up to the names of members.
    """

    roles: tuple[str, ...]
    states: int
    final: tuple[int, ...]
    moves: tuple[Move, ...]


class Drawings(msgspec.Struct, frozen=True):
    """The graph and the machines of a protocol at the family sizes `instance`.

    `omitted` says what is too large to be drawn; `graph` is None when that is the graph.
    """

    instance: str = ""
    graph: Drawing | None = None
    machines: tuple[Drawing, ...] = ()
    omitted: tuple[str, ...] = ()
