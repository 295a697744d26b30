"""Transition systems that a run carries so that reports can draw them without the source."""

from __future__ import annotations

import msgspec


class Move(msgspec.Struct, frozen=True):
    """A transition: `sender -> receiver : label`, and the line it is written on (0: unknown).

    One without a message has `label` alone, and both ends are the same.
    """

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


class PictureStep(msgspec.Struct, frozen=True):
    """A step of a workflow: a session, or a local step; its agents are in the order of roles.

    `in_cycle` says that it is among sessions that wait for each other.
    """

    name: str
    workflow: str
    agents: tuple[str, ...]
    local: bool = False
    in_cycle: bool = False


class PictureOrder(msgspec.Struct, frozen=True):
    """Who runs the step `source` before the step `target`."""

    source: int
    target: int
    agents: tuple[str, ...]
    in_cycle: bool = False


class WorkflowPicture(msgspec.Struct, frozen=True):
    """The phases of a workflow with those that its agents run before and after."""

    name: str
    steps: tuple[PictureStep, ...]
    orders: tuple[PictureOrder, ...]


class Drawings(msgspec.Struct, frozen=True):
    """The graph and the machines of a protocol at the family sizes `instance`.

    `omitted` names parts too large to draw; `graph` is None when that is the graph. A workflow
    has its phases in `workflow`.
    """

    instance: str = ""
    graph: Drawing | None = None
    machines: tuple[Drawing, ...] = ()
    omitted: tuple[str, ...] = ()
    workflow: WorkflowPicture | None = None
