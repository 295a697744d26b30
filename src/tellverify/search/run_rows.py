"""The moves of machines in the form in which random runs go through them."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from tellverify.model.delivery import Delivery
from tellverify.model.faulty_channels import UNQUEUED
from tellverify.model.scenario import Channel
from tellverify.search.scenario_machines import ScenarioMachines


class _RunMove(NamedTuple):
    """A move of a role: where it leads, and what it does to a queue."""

    actor: int
    target: int
    channel: int  # -1: no queue is concerned
    label: int
    receiver: int
    delivery: Delivery
    send: bool


_Takes: TypeAlias = list[tuple[int, dict[int, int], dict[int, int]]]


class _RunRow(NamedTuple):
    """The moves of a local state: those that need no queue, and those that take from one.

    Where all of them take from the head of one queue, `channel` is that and `heads` has the move,
    in a list, for each label; `channel` is -1 where none takes, and -2 where it is not as simple.
    """

    free: list[int]
    channel: int
    heads: dict[int, list[int]]
    takes: _Takes


class CompiledRows:
    """The machines of one choice of Byzantine roles, as rows of moves."""

    def __init__(self, made: ScenarioMachines, liars: frozenset[str]) -> None:
        self.made = made
        self.liars = liars
        roles = [machine.role for machine in made.machines]
        number = {role: n for n, role in enumerate(roles)}
        self.channels: dict[Channel, int] = {}
        self.labels: dict[str, int] = {}
        self.moves: list[_RunMove] = []
        self.places: list[tuple[int, int, int]] = []  # role, state, place of every move
        self.rows: list[list[_RunRow]] = []
        for role, machine in enumerate(made.machines):
            states: list[_RunRow] = []
            for state, row in enumerate(machine.moves):
                free: list[int] = []
                takes: dict[int, tuple[dict[int, int], dict[int, int]]] = {}
                for place, (action, target) in enumerate(row):
                    ends = (roles[role], action.peer)
                    channel = ends if action.send else (ends[1], ends[0])
                    at = -1
                    if action.delivery not in UNQUEUED:
                        at = self.channels.setdefault(channel, len(self.channels))
                    label = self.labels.setdefault(action.label, len(self.labels))
                    receiver = number[channel[1]]
                    move = len(self.moves)
                    self.moves.append(
                        _RunMove(role, target, at, label, receiver, action.delivery, action.send)
                    )
                    self.places.append((role, state, place))
                    if action.send or at < 0:
                        free.append(move)
                    else:
                        heads, bag = takes.setdefault(at, ({}, {}))
                        into = bag if action.delivery is Delivery.REORDERED else heads
                        into[label] = move
                states.append(_run_row(free, [(at, *pair) for at, pair in takes.items()]))
            self.rows.append(states)


def _run_row(free: list[int], takes: _Takes) -> _RunRow:
    if not takes:
        return _RunRow(free, -1, {}, takes)
    channel, heads, bag = takes[0]
    if free or bag or len(takes) > 1:
        return _RunRow(free, -2, {}, takes)
    return _RunRow(free, channel, {label: [move] for label, move in heads.items()}, takes)
