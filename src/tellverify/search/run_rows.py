"""The moves of machines in the form in which random runs go through them."""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple, TypeAlias, assert_never

from tellverify.model.delivery import Delivery
from tellverify.model.failure import Outage, OutageKind
from tellverify.model.faulty_channels import UNQUEUED
from tellverify.model.scenario import Channel
from tellverify.search.scenario_machines import ScenarioMachines


class QueueEffect(IntEnum):
    """What a move does to the queue of its channel."""

    NONE = 0
    TAKES = 1  # the head
    PUTS = 2
    PUTS_TWICE = 3
    TAKES_LATER = 4  # a message behind the head


class WalkMove(NamedTuple):
    """A move of a role: the state that it leads to, and what it does to a queue."""

    target: WalkRow
    effect: QueueEffect
    channel: int  # -1: no queue is concerned
    label: int
    receiver: int
    delivery: Delivery


_Takes: TypeAlias = list[tuple[int, dict[int, int], dict[int, int]]]


class WalkRow:
    """The moves of a local state: those that need no queue, and those that take from one.

    Where all of them take from the head of one queue, `channel` is that and `heads` has the move,
    in a list, for each label; `channel` is -1 where none takes, and -2 where it is not as simple.
    Rows are compared by identity: there is one for each state of each role.
    """

    __slots__ = ("channel", "free", "heads", "state", "takes")

    def __init__(self, state: int) -> None:
        self.state = state
        self.free: list[int] = []
        self.channel = -1
        self.heads: dict[int, list[int]] = {}
        self.takes: _Takes = []

    def finish(self, takes: _Takes) -> None:
        """Note the moves that take from a queue, when those that do not are known."""
        self.takes = takes
        if not takes:
            return
        channel, heads, bag = takes[0]
        if self.free or bag or len(takes) > 1:
            self.channel = -2
            return
        self.channel = channel
        self.heads = {label: [move] for label, move in heads.items()}


CRASHED: Final = WalkRow(-1)
"""The row of a role that has crashed, whatever its state was: no move."""


class CompiledRows:
    """The machines of one choice of Byzantine roles, as rows of moves."""

    def __init__(self, made: ScenarioMachines, liars: frozenset[str]) -> None:
        self.made = made
        self.liars = liars
        roles = self.roles = [machine.role for machine in made.machines]
        number = self.number = {role: n for n, role in enumerate(roles)}
        self.liars_by_number = {number[role] for role in liars}
        self.lying = tuple(Outage(0, role, kind=OutageKind.BYZANTINE) for role in sorted(liars))
        self.channels: dict[Channel, int] = {}
        labels: dict[str, int] = {}
        self.moves: list[WalkMove] = []
        self.places: list[tuple[int, int, int]] = []  # role, state, place of every move
        self.rows = [[WalkRow(s) for s in range(m.state_count)] for m in made.machines]
        for role, machine in enumerate(made.machines):
            for state, moves in enumerate(machine.moves):
                row = self.rows[role][state]
                takes: dict[int, tuple[dict[int, int], dict[int, int]]] = {}
                for place, (action, target) in enumerate(moves):
                    ends = (roles[role], action.peer)
                    channel = ends if action.send else (ends[1], ends[0])
                    at = -1
                    if action.delivery not in UNQUEUED:
                        at = self.channels.setdefault(channel, len(self.channels))
                    label = labels.setdefault(action.label, len(labels))
                    move = len(self.moves)
                    effect = _effect(action.send, action.delivery)
                    there, receiver = self.rows[role][target], number[channel[1]]
                    self.moves.append(WalkMove(there, effect, at, label, receiver, action.delivery))
                    self.places.append((role, state, place))
                    if action.send or at < 0:
                        row.free.append(move)
                    else:
                        heads, bag = takes.setdefault(at, ({}, {}))
                        into = bag if action.delivery is Delivery.REORDERED else heads
                        into[label] = move
                row.finish([(at, *pair) for at, pair in takes.items()])
        self.names = list(self.channels)
        # The rows at the start, and who can move there: all queues are empty.
        self.first = [states[0] for states in self.rows]
        self.free = [row.free for row in self.first]
        self.active = [role for role, free in enumerate(self.free) if free]
        # Priorities where none are drawn.
        self.role_at = list(range(len(roles)))
        self.bits = [1 << role for role in self.role_at]


def _effect(send: bool, delivery: Delivery) -> QueueEffect:
    match delivery:
        case Delivery.FIFO:
            return QueueEffect.PUTS if send else QueueEffect.TAKES
        case Delivery.DUPLICATED:
            return QueueEffect.PUTS_TWICE
        case Delivery.REORDERED:
            return QueueEffect.TAKES_LATER
        case Delivery.LOST | Delivery.FORGED | Delivery.ABSORBED:
            return QueueEffect.NONE
        case unreachable:
            assert_never(unreachable)
