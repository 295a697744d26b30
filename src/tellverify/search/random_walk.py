"""One random run of compiled machines: who acts next, which move is made, and what fails.

What a role can do depends on its state and on the heads of its queues, so an event changes what
its actor can do, and, when it puts the first message into a queue, what the receiver can do.
Nothing else is looked at.

Two schedules: `uniform` draws a role among those that can move. `pct` gives every role a priority
at random, lets the highest that can move act, and lowers the one that acts at two random moments
(Burckhardt, Kothari, Musuvathi, Nagarakatti, ASPLOS 2010); it meets faults of rare orders sooner.
Which of its moves a role makes is drawn either way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from enum import StrEnum
from random import Random
from typing import Final, NamedTuple

import msgspec

from tellverify.model.decision import DecisionKind, DecisionRule
from tellverify.model.delivery import Delivery
from tellverify.model.failure import Outage, OutageKind
from tellverify.model.fault import Fault
from tellverify.model.faulty_channels import OWED
from tellverify.model.scenario import ResolvedScenario
from tellverify.search.run_rows import CompiledRows
from tellverify.search.simulated_run import RunEnding, SimulatedRun

_CHANGES: Final = 2  # of priorities in a run of `pct`: depth 3
_NOTHING: Final[list[int]] = []


class ScheduleKind(StrEnum):
    """Who acts next."""

    UNIFORM = "uniform"
    PCT = "pct"


class WalkRules(NamedTuple):
    """What all runs of a simulation have in common."""

    roles: tuple[str, ...]
    scenario: ResolvedScenario
    schedule: ScheduleKind
    decisions: tuple[DecisionRule, ...]
    most_events: int


def drawn_failures(
    scenario: ResolvedScenario, rng: Random, length: int, spared: frozenset[str] = frozenset()
) -> list[tuple[int, Outage]]:
    """Crashes of roles that are not `spared` and cuts, with their times within `length` events."""
    pending: list[tuple[int, Outage]] = []
    crashed: set[str] = set()
    for most, roles in scenario.crash:
        left = sorted(roles - crashed - spared)
        size = len(left) if most is None else min(most, len(left))
        for role in rng.sample(left, int(rng.random() * (size + 1))):
            crashed.add(role)
            pending.append((int(rng.random() * (length + 1)), Outage(0, role)))
    for channels in scenario.cuts:
        if rng.random() < 0.5:
            at = int(rng.random() * (length + 1))
            pending += [(at, Outage(0, p, q, OutageKind.CUT)) for p, q in sorted(channels)]
    return pending


class RandomWalk:
    """One run on its way; failures are drawn among the first `length` events."""

    def __init__(self, rules: WalkRules, compiled: CompiledRows, rng: Random, length: int) -> None:
        self.rules = rules
        self.length = length
        self.compiled = compiled
        self.rng = rng
        self.outages: list[Outage] = [
            Outage(0, role, kind=OutageKind.BYZANTINE) for role in sorted(compiled.liars)
        ]
        self.states = [0] * len(rules.roles)
        self.queues: list[deque[int]] = [deque() for _ in compiled.channels]
        self.cut: set[int] = set()
        self.dead: set[int] = set()
        self.silent = False
        self.changes: list[int] = []
        self.longest = [0] * len(compiled.channels)
        self.pending = self._drawn_failures(length)

    def _drawn_failures(self, length: int) -> list[tuple[int, Outage | None]]:
        """Crashes and cuts with their times, soonest last; None: Byzantine roles fall silent."""
        liars, rng = self.compiled.liars, self.rng
        pending: list[tuple[int, Outage | None]] = []
        pending += drawn_failures(self.rules.scenario, rng, length, liars)
        if liars:
            pending.append((int(rng.random() * 2 * length), None))
        return sorted(pending, key=lambda one: -one[0])

    def run(self, index: int) -> SimulatedRun:
        """Make events until no role can move, or as many as are allowed."""
        return self._judged(index, self._made())

    def _ready(self, role: int) -> list[int]:
        """The moves that `role` can make now."""
        free, _, _, takes = self.compiled.rows[role][self.states[role]]
        if role in self.dead:
            return []
        if self.silent:
            forged, moves = Delivery.FORGED, self.compiled.moves
            free = [move for move in free if moves[move].delivery is not forged]
        if not takes:
            return free
        found = list(free)
        for channel, heads, bag in takes:
            queue = self.queues[channel]
            if not queue or channel in self.cut:
                continue
            move = heads.get(queue[0])
            if move is not None:
                found.append(move)
            if bag and len(queue) > 1:
                behind = sorted({label for n, label in enumerate(queue) if n})
                found += [bag[label] for label in behind if label in bag]
        return found

    def _made(self) -> list[int]:
        """The moves of the run, from one failure or change of priorities to the next."""
        rank = self._ranks()
        made: list[int] = []
        most = self.rules.most_events
        while True:
            active = self._go_on(made, min(most, self._next_pause()), rank)
            if len(made) >= most or not self._changed(made, rank, active):
                return made

    def _go_on(self, made: list[int], pause: int, rank: Sequence[int]) -> list[int]:
        """Make moves until there are `pause`; the roles that can move then.

        This loop is what a simulation spends its time in.
        """
        queues, states = self.queues, self.states
        moves, rows, longest = self.compiled.moves, self.compiled.rows, self.longest
        draw, ready_of, nothing = self.rng.random, self._ready, _NOTHING
        is_uniform = self.rules.schedule is ScheduleKind.UNIFORM
        ready = list(map(ready_of, range(len(states))))
        active = list(filter(ready.__getitem__, range(len(states))))
        able = sum(1 << rank[role] for role in active)
        role_at = dict(zip(rank, range(len(rank)), strict=True))
        whole = not (self.dead or self.cut or self.silent)
        while active and len(made) < pause:
            role = (
                active[int(draw() * len(active))] if is_uniform else role_at[able.bit_length() - 1]
            )
            options = ready[role]
            move = options[0] if len(options) == 1 else options[int(draw() * len(options))]
            made.append(move)
            _, state, channel, label, receiver, delivery, send = moves[move]
            states[role] = state
            if channel >= 0:
                queue = queues[channel]
                was_empty = not queue
                if delivery:
                    self._faulty(queue, label, delivery)
                elif send:
                    queue.append(label)
                else:
                    queue.popleft()
                if send:
                    size = len(queue)
                    if size > longest[channel]:
                        longest[channel] = size
                    _, awaited, heads, _ = rows[receiver][states[receiver]]
                    if whole and awaited >= -1:
                        first = was_empty and awaited == channel
                        later = heads.get(label, nothing) if first else nothing
                    else:
                        later = ready_of(receiver)
                    if later:
                        if not ready[receiver]:
                            active.append(receiver)
                            able |= 1 << rank[receiver]
                        ready[receiver] = later
            free, awaited, heads, _ = rows[role][state]
            if not whole or awaited < -1:
                found = ready_of(role)
            else:
                awaits = queues[awaited] if awaited >= 0 else nothing
                found = heads.get(awaits[0], nothing) if awaits else free
            ready[role] = found
            if not found:
                active.remove(role)
                able ^= 1 << rank[role]
        return active

    def _ranks(self) -> list[int]:
        """The priorities of the roles; all equal, and not looked at, in a uniform run."""
        ranks = list(range(_CHANGES, _CHANGES + len(self.states)))
        if self.rules.schedule is ScheduleKind.PCT:
            self.rng.shuffle(ranks)
            length = self.length
            self.changes = sorted(
                (int(self.rng.random() * length) for _ in range(_CHANGES)), reverse=True
            )
        return ranks

    def _next_pause(self) -> int:
        """How many events are made before something fails or a priority changes."""
        moments = [moment for moment, _ in self.pending[-1:]] + self.changes[-1:]
        return min(moments, default=self.rules.most_events)

    def _changed(self, made: list[int], rank: list[int], active: Sequence[int]) -> bool:
        """Let the failures and changes of this moment happen; False when the run is at its end.

        Where no role can act any more, all remaining failures happen now.
        """
        before = len(self.pending), len(self.changes)
        while self.pending and (self.pending[-1][0] <= len(made) or not active):
            self._fail(len(made))
        while self.changes and self.changes[-1] <= len(made) and active:
            self.changes.pop()
            rank[max(active, key=rank.__getitem__)] = len(self.changes)
        return bool(active) and (len(self.pending), len(self.changes)) != before

    def _faulty(self, queue: deque[int], label: int, delivery: Delivery) -> None:
        """Put a message in twice, or take one that is not the head."""
        if delivery is Delivery.DUPLICATED:
            queue.extend((label, label))
        else:
            head = queue.popleft()
            queue.remove(label)
            queue.appendleft(head)

    def _fail(self, made: int) -> None:
        """Let the next failure happen."""
        _, outage = self.pending.pop()
        if outage is None:
            self.silent = True
        else:
            self.outages.append(msgspec.structs.replace(outage, after=made))
            if outage.kind is OutageKind.CRASH:
                self.dead.add(self.rules.roles.index(outage.role))
            else:
                at = self.compiled.channels.get((outage.role, outage.peer))
                self.cut |= set() if at is None else {at}

    # Ends

    def _judged(self, index: int, made: list[int]) -> SimulatedRun:
        compiled = self.compiled
        machines = compiled.made.machines
        failed = {o.role for o in self.outages if o.kind is not OutageKind.CUT}
        able = any(
            compiled.moves[move].delivery in OWED
            for role in range(len(machines))
            for move in self._ready(role)
        )
        waits = [
            machine.role
            for role, machine in enumerate(machines)
            if machine.role not in failed and not machine.final[self.states[role]]
        ]
        left = any(self.queues)
        if able:
            ending = RunEnding.LIMIT
        elif waits:
            ending = RunEnding.WAITING
        else:
            ending = RunEnding.STOPPED if left else RunEnding.COMPLETE
        fault, culprits, decision = self._shown(ending, waits, failed)
        fullest = max(range(len(self.longest)), key=self.longest.__getitem__, default=-1)
        channel = list(compiled.channels)[fullest] if fullest >= 0 else ("", "")
        longest = self.longest[fullest] if fullest >= 0 else 0
        outages = tuple(self.outages)
        return SimulatedRun(
            index, tuple(made), outages, ending, longest, channel, fault, culprits, decision
        )

    def _shown(
        self, ending: RunEnding, waits: Sequence[str], failed: set[str]
    ) -> tuple[Fault | None, tuple[str, ...], int]:
        """The faults at the end of the run; decisions first, then messages, then who waits."""
        made = self.compiled.made
        for number, rule in enumerate(self.rules.decisions):
            marks = [made.marks[r][s][number] for r, s in enumerate(self.states)]
            if rule.kind is DecisionKind.AGREEMENT and len({*marks} - {0}) > 1:
                return Fault.DISAGREEMENT, (), number
            if rule.kind is DecisionKind.AT_MOST_ONCE and 2 in marks:
                return Fault.REPETITION, (), number
        if ending is RunEnding.LIMIT:
            return None, (), -1
        for role, machine in enumerate(made.machines):
            gone = machine.final[self.states[role]] and not machine.moves[self.states[role]]
            if gone and machine.role not in failed and self._has_messages(machine.role):
                return Fault.ORPHAN_MESSAGE, (machine.role,), -1
        unspecified = [role for role in waits if self._has_unspecified_reception(role)]
        if unspecified:
            return Fault.UNSPECIFIED_RECEPTION, (unspecified[0],), -1
        engaged = [
            role for role in waits if not self.rules.scenario.engaged_only or self._has_acted(role)
        ]
        if engaged:
            return Fault.STUCK_ROLE, (engaged[0],), -1
        return None, (), -1

    def _has_unspecified_reception(self, role: str) -> bool:
        """True of a role that can only receive, and finds a wrong message wherever it may."""
        number = self.rules.roles.index(role)
        row = self.compiled.rows[number][self.states[number]]
        if row.free or not row.takes or any(bag for _, _, bag in row.takes):
            return False
        return all(
            self.queues[at] and self.queues[at][0] not in heads for at, heads, _ in row.takes
        )

    def _has_acted(self, role: str) -> bool:
        number = self.rules.roles.index(role)
        return self.compiled.made.acted[number][self.states[number]]

    def _has_messages(self, role: str) -> bool:
        return any(
            bool(self.queues[at])
            for (_, receiver), at in self.compiled.channels.items()
            if receiver == role
        )
