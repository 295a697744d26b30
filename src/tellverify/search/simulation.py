"""Random runs of machines, with and without faults: the compiled moves, one event after the other.

A run is given by a seed and an index, in any process. What a role can do depends on its state and
on the heads of its queues, so an event changes what its actor can do, and, when it puts the first
message into a queue, what the receiver can do. Nothing else is looked at.

Two schedules: `uniform` draws a role among those that can move. `pct` gives every role a priority
at random, lets the highest that can move act, and lowers the one that acts at two random moments
(Burckhardt, Kothari, Musuvathi, Nagarakatti, ASPLOS 2010); it meets faults of rare orders sooner.
Which of its moves a role makes is drawn either way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from random import Random
from typing import Final, NamedTuple, TypeAlias

import msgspec

from tellverify.model.decision import DecisionKind, DecisionRule
from tellverify.model.delivery import Delivery
from tellverify.model.failure import Outage, OutageKind
from tellverify.model.fault import Fault
from tellverify.model.faulty_channels import OWED, UNQUEUED
from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Machine
from tellverify.model.outage import channels_of
from tellverify.model.scenario import Channel, ResolvedScenario, Scenario, resolved
from tellverify.model.step import Step
from tellverify.search.scenario_machines import ScenarioMachines, scenario_machines
from tellverify.search.traces import step_of

MOST_EVENTS: Final = 10_000
_CHANGES: Final = 2  # of priorities in a run of `pct`: depth 3
_NOTHING: Final[list[int]] = []
_PROBES: Final = (-1, -2, -3, -4)  # the indices of runs that say how long runs are


class ScheduleKind(StrEnum):
    """Who acts next."""

    UNIFORM = "uniform"
    PCT = "pct"


class RunEnding(StrEnum):
    """How a simulated run ends."""

    COMPLETE = "complete"  # every role may stop, all queues are empty
    STOPPED = "stopped"  # every role that is left may stop, and messages are left
    WAITING = "waiting"  # no role can act and a role that is left waits
    LIMIT = "limit"  # the run goes on


class SimulatedRun(msgspec.Struct, frozen=True):
    """A run: its events as numbers of moves, what failed, how it ended and what that shows.

    `longest` is the most messages that a channel held, `fullest` the channel. `fault` is None when
    nothing is wrong; `culprits` are the roles that it concerns and `decision`
    the number of the decision that is broken.
    """

    index: int
    moves: tuple[int, ...]
    outages: tuple[Outage, ...]
    ending: RunEnding
    longest: int
    fullest: Channel
    fault: Fault | None = None
    culprits: tuple[str, ...] = ()
    decision: int = -1


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


def usual_length(run: Callable[[int], SimulatedRun], *, has_faults: bool) -> int:
    """How many events runs have; failures are drawn among as many.

    Where a failure may keep others busy without end, a run that ends is preferred.
    """
    for index in _PROBES if has_faults else _PROBES[:1]:
        found = run(index)
        if found.ending is not RunEnding.LIMIT:
            break
    return max(1, len(found.moves))


class CountedMove(NamedTuple):
    """A move of runs, by number, as statistics count it; one without a label is no message."""

    number: int
    role: str
    send: bool
    peer: str
    label: str
    delivery: Delivery = Delivery.FIFO
    branch: str = ""


class Simulator:
    """Runs of `machines` under `scenario`, each given by the seed and its index.

    `decisions` are watched as well. Raises ValueError for a scenario that names a member that no
    family has, MachineTooLarge and TooManyFaultSets as `check_scenario` does.
    """

    def __init__(
        self,
        machines: Sequence[Machine],
        *,
        seed: int = 0,
        schedule: ScheduleKind = ScheduleKind.PCT,
        scenario: Scenario | None = None,
        decisions: Sequence[DecisionRule] = (),
        most_events: int = MOST_EVENTS,
        graph: ProtocolGraph | None = None,
    ) -> None:
        self.machines = tuple(machines)
        self.roles = tuple(machine.role for machine in machines)
        self.scenario = scenario or Scenario()
        self.decisions = tuple(decisions)
        self.seed = seed
        self.schedule = schedule
        self.most_events = most_events
        self.graph = graph
        found = resolved(self.scenario, self.roles, channels_of(machines))
        if found is None:
            raise ValueError("the scenario names a member that no family has")
        self.resolved: ResolvedScenario = found
        self._sets = list(found.byzantine_sets())
        self._known: dict[frozenset[str], CompiledRows] = {}
        self.length = 1
        self.length = usual_length(self.run, has_faults=bool(self.scenario.rules))

    def runs(self, count: int, start: int = 0) -> Iterator[SimulatedRun]:
        """The runs with the indices from `start` on."""
        for index in range(start, start + count):
            yield self.run(index)

    def run(self, index: int) -> SimulatedRun:
        """The run with an index; equal in every process."""
        rng = Random(f"{self.seed}:{index}")
        liars = self._sets[int(rng.random() * len(self._sets))] if self._sets else frozenset()
        return _Walk(self, self.compiled(liars), rng, self.length).run(index)

    def compiled(self, liars: frozenset[str]) -> CompiledRows:
        """The rows of the machines when `liars` are Byzantine."""
        known = self._known.get(liars)
        if known is None:
            made = scenario_machines(self.machines, self.resolved, liars, self.decisions)
            known = self._known[liars] = CompiledRows(made, liars)
        return known

    def liars_of(self, run: SimulatedRun) -> frozenset[str]:
        """The Byzantine roles of a run."""
        return frozenset(o.role for o in run.outages if o.kind is OutageKind.BYZANTINE)

    def steps(self, run: SimulatedRun) -> list[Step]:
        """The events of a run, with their places in the source if there is a graph."""
        compiled = self.compiled(self.liars_of(run))
        known: dict[int, Step] = {}
        found = []
        for move in run.moves:
            step = known.get(move)
            if step is None:
                role, state, place = compiled.places[move]
                machine = compiled.made.machines[role]
                step = known[move] = step_of(machine, state, place, self.graph)
            found.append(step)
        return found

    def counted(self, liars: frozenset[str]) -> Iterator[CountedMove]:
        """All moves when `liars` are Byzantine, in the order of the machines."""
        compiled = self.compiled(liars)
        for move, (role, state, place) in enumerate(compiled.places):
            send, peer, label, delivery = compiled.made.machines[role].moves[state][place][0]
            branch = self.branch_of(compiled, move) if send else ""
            yield CountedMove(move, self.roles[role], send, peer, label, delivery, branch)

    def branch_of(self, compiled: CompiledRows, move: int) -> str:
        """The branch that a move begins where its role chooses among several, else empty.

        Without a source, or where a branch has no name, it is named after its message.
        """
        role, state, place = compiled.places[move]
        machine = compiled.made.machines[role]
        row = machine.moves[state]
        sent = [n for n, (a, _) in enumerate(row) if a.send and a.delivery is not Delivery.LOST]
        names = {n: self._branch(machine, state, n) for n in {*sent, place}}
        return names[place] if len({names[n] for n in sent}) > 1 else ""

    def _branch(self, machine: Machine, state: int, place: int) -> str:
        label = machine.moves[state][place][0].label
        if self.graph is None or not machine.sites or machine.sites[state][place] < 0:
            return label
        return self.graph.sites[machine.sites[state][place]].branch or label


class _Walk:
    """One run on its way."""

    def __init__(self, owner: Simulator, compiled: CompiledRows, rng: Random, length: int) -> None:
        self.owner = owner
        self.compiled = compiled
        self.rng = rng
        self.outages: list[Outage] = [
            Outage(0, role, kind=OutageKind.BYZANTINE) for role in sorted(compiled.liars)
        ]
        self.states = [0] * len(owner.roles)
        self.queues: list[deque[int]] = [deque() for _ in compiled.channels]
        self.cut: set[int] = set()
        self.dead: set[int] = set()
        self.silent = False
        self.changes: list[int] = []
        self.longest = [0] * len(compiled.channels)
        self.pending = self._drawn_failures(length)

    def _drawn_failures(self, length: int) -> list[tuple[int, Outage | None]]:
        """Crashes and cuts with their times, soonest last; None: Byzantine roles fall silent."""
        scenario, rng = self.owner.resolved, self.rng
        pending: list[tuple[int, Outage | None]] = []
        crashed: set[str] = set()
        for most, roles in scenario.crash:
            left = sorted(roles - crashed - self.compiled.liars)
            size = len(left) if most is None else min(most, len(left))
            for role in rng.sample(left, int(rng.random() * (size + 1))):
                crashed.add(role)
                pending.append((int(rng.random() * (length + 1)), Outage(0, role)))
        for channels in scenario.cuts:
            if rng.random() < 0.5:
                at = int(rng.random() * (length + 1))
                pending += [(at, Outage(0, p, q, OutageKind.CUT)) for p, q in sorted(channels)]
        if self.compiled.liars:
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
        most = self.owner.most_events
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
        is_uniform = self.owner.schedule is ScheduleKind.UNIFORM
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
        if self.owner.schedule is ScheduleKind.PCT:
            self.rng.shuffle(ranks)
            length = self.owner.length
            self.changes = sorted(
                (int(self.rng.random() * length) for _ in range(_CHANGES)), reverse=True
            )
        return ranks

    def _next_pause(self) -> int:
        """How many events are made before something fails or a priority changes."""
        moments = [moment for moment, _ in self.pending[-1:]] + self.changes[-1:]
        return min(moments, default=self.owner.most_events)

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
                self.dead.add(self.owner.roles.index(outage.role))
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
        for number, rule in enumerate(self.owner.decisions):
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
        spoilt = [role for role in waits if self._is_spoilt(role)]
        if spoilt:
            return Fault.UNSPECIFIED_RECEPTION, (spoilt[0],), -1
        engaged = [
            role for role in waits if not self.owner.resolved.engaged_only or self._has_acted(role)
        ]
        if engaged:
            return Fault.STUCK_ROLE, (engaged[0],), -1
        return None, (), -1

    def _is_spoilt(self, role: str) -> bool:
        """True of a role that can only receive, and finds a wrong message wherever it may."""
        number = self.owner.roles.index(role)
        row = self.compiled.rows[number][self.states[number]]
        if row.free or not row.takes or any(bag for _, _, bag in row.takes):
            return False
        return all(
            self.queues[at] and self.queues[at][0] not in heads for at, heads, _ in row.takes
        )

    def _has_acted(self, role: str) -> bool:
        number = self.owner.roles.index(role)
        return self.compiled.made.acted[number][self.states[number]]

    def _has_messages(self, role: str) -> bool:
        return any(
            bool(self.queues[at])
            for (_, receiver), at in self.compiled.channels.items()
            if receiver == role
        )
