"""What many simulated runs have in common: events, ends, branches, messages, the longest queue."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from tellverify.model.delivery import Delivery
from tellverify.model.roles import family_of
from tellverify.search.simulated_run import RunEnding, SimulatedRun
from tellverify.search.simulation import Simulator

if TYPE_CHECKING:
    from tellverify.search.timed_simulation import TimedSimulator


class BranchCount(msgspec.Struct, frozen=True):
    """How often a role, or the members of a family, began a branch."""

    role: str
    branch: str
    count: int


class MessageCount(msgspec.Struct, frozen=True):
    """How often a message was sent and received between roles or families.

    Those that were lost, duplicated or absorbed by a Byzantine role count as sent too.
    """

    sender: str
    receiver: str
    label: str
    sent: int
    received: int
    lost: int


class SimulationStatistics(msgspec.Struct, frozen=True):
    """Sums over runs; `faults` counts runs by what they show, `fullest` held `longest` messages."""

    runs: int
    events: int
    ends: dict[str, int]
    branches: tuple[BranchCount, ...]
    messages: tuple[MessageCount, ...]
    longest: int
    fullest: tuple[str, str]
    faults: dict[str, int]


class Tally:
    """The sums so far."""

    def __init__(self, simulator: Simulator | TimedSimulator) -> None:
        self.simulator = simulator
        self.runs = 0
        self.events = 0
        self.ends: Counter[RunEnding] = Counter()
        self.faults: Counter[str] = Counter()
        self.moves: dict[frozenset[str], Counter[int]] = {}
        self.longest = 0
        self.fullest = ("", "")

    def add(self, run: SimulatedRun) -> None:
        """Count one more run."""
        self.runs += 1
        self.events += len(run.moves)
        self.ends[run.ending] += 1
        if run.fault is not None:
            self.faults[run.fault.value] += 1
        liars = self.simulator.liars_of(run) if run.outages else frozenset[str]()
        counts = self.moves.get(liars)
        if counts is None:
            counts = self.moves[liars] = Counter()
        counts.update(run.moves)
        if run.longest > self.longest:
            self.longest, self.fullest = run.longest, run.fullest

    def statistics(self) -> SimulationStatistics:
        """All sums, branches and messages in the order of the machines."""
        branches: dict[tuple[str, str], int] = {}
        sent: dict[tuple[str, str, str], list[int]] = {}
        for liars, counts in self.moves.items():
            for move in self.simulator.counted(liars):
                count = counts.get(move.number, 0)
                actor, peer = family_of(move.role), family_of(move.peer)
                if move.label:
                    ends = (actor, peer) if move.send else (peer, actor)
                    row = sent.setdefault((*ends, move.label), [0, 0, 0])
                    row[0 if move.send else 1] += count
                    row[2] += count * (move.delivery is Delivery.LOST)
                if move.branch:
                    key = (actor, move.branch)
                    branches[key] = branches.get(key, 0) + count
        return SimulationStatistics(
            self.runs,
            self.events,
            {ending.value: self.ends[ending] for ending in RunEnding if self.ends[ending]},
            tuple(BranchCount(role, branch, n) for (role, branch), n in branches.items()),
            tuple(MessageCount(*names, *numbers) for names, numbers in sent.items()),
            self.longest,
            self.fullest,
            dict(sorted(self.faults.items())),
        )
