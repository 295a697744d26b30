"""A protocol with parallel branches as partial orders: graphs within a graph.

A level is a graph whose transitions are events or parallel compositions. A parallel composition
has one level for each of its branches. Within a level the actions of each role are ordered as on
the path that is taken; those of different branches of one composition are not, also those of one
role. What follows a composition comes, for each role, after its actions in all branches.
"""

from __future__ import annotations

import msgspec


class ParallelLevel(msgspec.Struct, frozen=True):
    """States 0 to n-1, state 0 initial; transitions of state `s` are `first[s]` to `first[s+1]`.

    `sender`, `receiver` and `label` of a transition are indices, as in a protocol graph. Where
    `sender` is at least the number of roles, the transition is the parallel composition whose
    number is the difference. `final[s]` is 1 where the level may end.
    """

    first: list[int]
    sender: list[int]
    receiver: list[int]
    label: list[int]
    target: list[int]
    final: bytearray


class ParallelOrder(msgspec.Struct, frozen=True):
    """The partial orders of a protocol: the whole as a level, and the branches by composition."""

    roles: tuple[str, ...]
    labels: tuple[str, ...]
    whole: ParallelLevel
    branches: tuple[tuple[ParallelLevel, ...], ...]
