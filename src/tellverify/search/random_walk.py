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
from enum import Enum, StrEnum
from operator import itemgetter
from typing import Final, NamedTuple, TypeAlias

from tellverify.model.decision import DecisionRule
from tellverify.model.delivery import Delivery
from tellverify.model.failure import Outage, OutageKind
from tellverify.model.faulty_channels import OWED
from tellverify.model.scenario import ResolvedScenario
from tellverify.search.run_judgement import RunJudge
from tellverify.search.run_numbers import RunNumbers, drawn_failures
from tellverify.search.run_rows import CRASHED, CompiledRows, QueueEffect, WalkRow
from tellverify.search.simulated_run import SimulatedRun

_CHANGES: Final = 2  # of priorities in a run of `pct`: depth 3
_NOTHING: Final[list[int]] = []
_NONE: Final = QueueEffect.NONE
_TAKES: Final = QueueEffect.TAKES
_PUTS: Final = QueueEffect.PUTS


class ScheduleKind(StrEnum):
    """Who acts next."""

    UNIFORM = "uniform"
    PCT = "pct"


class _Change(Enum):
    """What else happens at a moment of a run."""

    SILENCE = 0  # Byzantine roles make up no more messages
    PRIORITY = 1  # the role that acts is lowered


_Moment: TypeAlias = tuple[int, Outage | _Change]
_TIME: Final = itemgetter(0)


class WalkRules(NamedTuple):
    """What all runs of a simulation have in common."""

    roles: tuple[str, ...]
    scenario: ResolvedScenario
    schedule: ScheduleKind
    decisions: tuple[DecisionRule, ...]
    most_events: int


class RandomWalk:
    """One run on its way; failures are drawn among the first `length` events.

    `ready` are the moves that each role can make, `active` the roles that have some. `able` has a
    bit for each of these, by priority: bit r is set when `role_at[r]` can move.
    """

    def __init__(
        self, rules: WalkRules, compiled: CompiledRows, numbers: RunNumbers, length: int
    ) -> None:
        self.rules = rules
        self.compiled = compiled
        self.draw = numbers.draw
        self.outages = list(compiled.lying)
        self.at = compiled.first.copy()
        self.queues: list[deque[int]] = [deque() for _ in compiled.channels]
        self.cut: set[int] = set()
        self.crashed: dict[int, WalkRow] = {}  # the rows in which roles have crashed
        self.silent = False
        self.longest = self.fullest = 0
        self.ready = compiled.free.copy()
        self.active = compiled.active.copy()
        moments: list[_Moment] = []
        if rules.scenario.crash or rules.scenario.cuts:
            moments += drawn_failures(rules.scenario, numbers, length, compiled.liars)
        if compiled.liars:
            moments.append((int(numbers.draw() * 2 * length), _Change.SILENCE))
        self.role_at = compiled.role_at
        self.bits = compiled.bits
        self.lower = _CHANGES
        if rules.schedule is ScheduleKind.PCT:
            self._rank(numbers)
            for _ in range(_CHANGES):
                moments.append((int(self.draw() * length), _Change.PRIORITY))
        self.able = 0
        for role in self.active:
            self.able |= self.bits[role]
        moments.sort(key=_TIME, reverse=True)
        self.moments = moments

    def _rank(self, numbers: RunNumbers) -> None:
        """Draw the priorities of the roles; the lowest ranks are for later."""
        order = list(range(len(self.at)))
        numbers.shuffle(order)
        self.role_at = [*range(_CHANGES), *order]
        self.bits = [0] * len(order)
        bit = 1 << _CHANGES
        for role in order:
            self.bits[role] = bit
            bit <<= 1

    def run(self, index: int, judge: RunJudge) -> SimulatedRun:
        """Make events until no role can move, or as many as are allowed."""
        made: list[int] = []
        most, moments = self.rules.most_events, self.moments
        while True:
            self._go_on(made, min(most, moments[-1][0]) if moments else most)
            if len(made) >= most:
                break
            if not self.active:  # all remaining failures happen now
                self._let_happen(len(made), moments[0][0] if moments else 0)
                break
            self._let_happen(len(made), len(made))
        goes_on = len(made) >= most and self._goes_on()
        rows = self.at
        if self.crashed:
            rows = [self.crashed.get(role, row) for role, row in enumerate(rows)]
        end = judge.judged(rows, self.queues, sorted(self.crashed), goes_on=goes_on)
        names = self.compiled.names
        return SimulatedRun(
            index,
            tuple(made),
            tuple(self.outages),
            end.ending,
            self.longest,
            names[self.fullest] if names else ("", ""),
            end.fault,
            end.culprits,
            end.decision,
        )

    def _goes_on(self) -> bool:
        """Whether some role can make a move that is owed."""
        moves = self.compiled.moves
        return any(moves[move].delivery in OWED for ready in self.ready for move in ready)

    def _ready(self, role: int) -> list[int]:
        """The moves that `role` can make now."""
        row = self.at[role]
        free, takes = row.free, row.takes
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

    def _look(self) -> None:
        """Look at all roles, after a failure."""
        roles = range(len(self.at))
        self.ready = list(map(self._ready, roles))
        self.active = list(filter(self.ready.__getitem__, roles))
        self.able = sum(self.bits[role] for role in self.active)

    def _go_on(self, made: list[int], pause: int) -> None:
        """Make moves until there are `pause`, or no role can move.

        This loop is what a simulation spends its time in.
        """
        at, queues, ready, active = self.at, self.queues, self.ready, self.active
        able, bits, role_at, longest = self.able, self.bits, self.role_at, self.longest
        moves, draw, ready_of, nothing = self.compiled.moves, self.draw, self._ready, _NOTHING
        is_uniform = self.rules.schedule is ScheduleKind.UNIFORM
        whole = not (self.cut or self.silent)
        for _ in range(pause - len(made)):
            if not active:
                break
            role = (
                active[int(draw() * len(active))] if is_uniform else role_at[able.bit_length() - 1]
            )
            options = ready[role]
            move = options[0] if len(options) == 1 else options[int(draw() * len(options))]
            made.append(move)
            row, effect, channel, label, receiver, _ = moves[move]
            at[role] = row
            if effect is _TAKES:
                queues[channel].popleft()
            elif effect is not _NONE:
                queue = queues[channel]
                if effect is _PUTS:
                    queue.append(label)
                else:
                    _change(queue, label, effect)
                size = len(queue)
                if size >= longest and (size > longest or channel < self.fullest):
                    self.longest = longest = size
                    self.fullest = channel
                other = at[receiver]
                if whole and other.channel >= -1:
                    later = other.heads.get(queue[0]) if other.channel == channel else nothing
                else:
                    later = ready_of(receiver)
                if later:
                    if not ready[receiver]:
                        active.append(receiver)
                        able |= bits[receiver]
                    ready[receiver] = later
            if whole and row.channel >= -1:
                awaits = queues[row.channel] if row.channel >= 0 else nothing
                found = row.heads.get(awaits[0], nothing) if awaits else row.free
            else:
                found = ready_of(role)
            ready[role] = found
            if not found:
                active.remove(role)
                able ^= bits[role]
        self.able = able

    def _let_happen(self, made: int, until: int) -> None:
        """Let the failures and then the changes of priorities up to a moment happen."""
        changes, has_failed = 0, False
        while self.moments and self.moments[-1][0] <= until:
            _, what = self.moments.pop()
            if what is _Change.PRIORITY:
                changes += 1
            else:
                self._fail(what, made)
                has_failed = True
        if has_failed:
            self._look()
        for _ in range(changes):
            self._lower()

    def _lower(self) -> None:
        """Give the highest role that can move a rank below all that are used."""
        if not self.able:
            return
        self.lower -= 1
        rank, highest = self.lower, self.able.bit_length() - 1
        role = self.role_at[highest]
        self.role_at[rank], self.bits[role] = role, 1 << rank
        self.able ^= 1 << highest | 1 << rank

    def _fail(self, what: Outage | _Change, made: int) -> None:
        """Let a failure happen."""
        if not isinstance(what, Outage):
            self.silent = True
            return
        self.outages.append(Outage(made, what.role, what.peer, what.kind))
        if what.kind is OutageKind.CRASH:
            role = self.compiled.number[what.role]
            self.crashed[role] = self.at[role]
            self.at[role] = CRASHED
        else:
            channel = self.compiled.channels.get((what.role, what.peer))
            self.cut |= set() if channel is None else {channel}


def _change(queue: deque[int], label: int, effect: QueueEffect) -> None:
    """Put a message in twice, or take one that is not the head."""
    if effect is QueueEffect.PUTS_TWICE:
        queue.extend((label, label))
    else:
        head = queue.popleft()
        queue.remove(label)
        queue.appendleft(head)
