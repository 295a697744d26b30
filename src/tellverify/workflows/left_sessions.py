"""The rest of a session when the agent that joins has gone: with timers and without."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

import msgspec

from tellverify.evidence.timed_replay import TimedRunReplay
from tellverify.evidence.trace_replay import Stepper
from tellverify.model.defect import Defect
from tellverify.model.site import Site
from tellverify.model.step import Step
from tellverify.model.timed_text import FirePolicy, LatePolicy, MessageNode, TimedProtocol
from tellverify.model.trace import Trace, Waiting
from tellverify.obligations.options import Options
from tellverify.search.timed_events import TimedEvent, TimedSettings, timed_step
from tellverify.search.timed_system import TimedSystem
from tellverify.workflows.abandonment import LeftSession, left_trace
from tellverify.workflows.composed_machines import ComposedSystem, MoveKind
from tellverify.workflows.composed_runs import ShownRun, reference_machines
from tellverify.workflows.composed_search import MachineMove
from tellverify.workflows.sessions import PhaseSession

_QUEUE: Final = 3  # messages of a channel of a session with timers

_Queues: TypeAlias = tuple[tuple[tuple[int, int], tuple[str, ...]], ...]


class PlainState(NamedTuple):
    """Where the machines of a session are, and its queues."""

    states: tuple[int, ...]
    queues: _Queues = ()


class PlainLeftSession(LeftSession[PlainState, MachineMove]):
    """The one session of `system`, without timers, that the agent `joining` leaves."""

    def __init__(self, system: ComposedSystem, joining: str) -> None:
        self._system = system
        self._session = system.sessions[0]
        self._number = {machine.role: n for n, machine in enumerate(system.machines)}
        self._leaver = next(n for n, m in enumerate(system.machines) if m.agent == joining)
        self.others = [m.role for n, m in enumerate(system.machines) if n != self._leaver]
        self.shown: list[ShownRun] = []

    def first(self) -> PlainState:
        """All machines at their beginning."""
        return PlainState((0,) * len(self._system.machines))

    def steps(self, state: PlainState, *, gone: bool) -> Iterator[tuple[MachineMove, PlainState]]:
        """Sends and receives."""
        queues = dict(state.queues)
        for number, machine in enumerate(self._system.machines):
            if gone and number == self._leaver:
                continue
            for move in machine.moves[state.states[number]]:
                head = queues.get((move.peer, number), ())[:1]
                if move.kind is MoveKind.SEND or head == (move.label,):
                    made = MachineMove(number, move)
                    yield made, self._after(state, made, gone=gone)

    def _after(self, state: PlainState, made: MachineMove, *, gone: bool) -> PlainState:
        number, move = made
        states = (*state.states[:number], move.target, *state.states[number + 1 :])
        queues = dict(state.queues)
        if move.kind is MoveKind.SEND:
            if not (gone and move.peer == self._leaver):
                queues[number, move.peer] = (*queues.get((number, move.peer), ()), move.label)
        else:
            rest = queues.pop((move.peer, number))[1:]
            if rest:
                queues[move.peer, number] = rest
        return PlainState(states, tuple(sorted(queues.items())))

    def left(self, state: PlainState) -> PlainState:
        """Without the channels of the agent that joins."""
        return state._replace(queues=tuple(q for q in state.queues if self._leaver not in q[0]))

    def may_stop(self, state: PlainState, role: str) -> bool:
        """Whether its machine is at an end."""
        number = self._number[role]
        return self._system.machines[number].is_final(state.states[number])

    def trace(self, events: Sequence[MachineMove | None], role: str, *, is_idle: bool) -> Trace:
        """Replayed by the step relation of machines."""
        states = self._replayed(events)
        system, session = self._system, self._session
        number = self._number[role]
        me = system.machines[number]
        row = me.moves[states[number]]
        awaits = tuple(
            (system.machines[move.peer].agent, f"{session.title}.{move.label}")
            for move in row
            if move.kind is MoveKind.RECEIVE
        )
        trace = left_trace(
            [self._step(made) for made in events if made is not None],
            system.machines[self._leaver].agent,
            session.title,
            Waiting(me.agent, False, awaits),
            row[0].site if row else Site(),
            is_idle=is_idle,
        )
        run = tuple(made for made in events if made is not None)
        leaves = list(events).index(None)
        self.shown.append(ShownRun(trace, system, run, (number,), self._leaver, leaves))
        return trace

    def _step(self, made: MachineMove) -> Step:
        number, move = made
        me, peer = self._system.machines[number].agent, self._system.machines[move.peer].agent
        sends = move.kind is MoveKind.SEND
        ends = (me, peer) if sends else (peer, me)
        return Step(sends, *ends, move.label, move.site, session=self._session.title)

    def _replayed(self, events: Sequence[MachineMove | None]) -> list[int]:
        machines = reference_machines(self._system)
        stepper = Stepper(machines)
        gone = False
        for made in events:
            if made is None:
                gone = True
                continue
            me, peer = machines[made.machine].role, machines[made.move.peer].role
            sends = made.move.kind is MoveKind.SEND
            ends = (me, peer) if sends else (peer, me)
            from_leaver = gone and not sends and made.move.peer == self._leaver
            wrong = stepper.make(Step(sends, *ends, made.move.label))
            if wrong is not None or from_leaver or (gone and made.machine == self._leaver):
                raise Defect("a run of an abandoned session does not replay")
        return list(stepper.states)


class TimedLeftSession(LeftSession[int, TimedEvent]):
    """A session of a protocol with timers that the agent of the role `leaver` leaves."""

    def __init__(
        self, protocol: TimedProtocol, session: PhaseSession, leaver: str, options: Options
    ) -> None:
        self._protocol = protocol
        self._session = session
        self._policies = LatePolicy(options.late), FirePolicy(options.fire)
        bound = min(_QUEUE, options.queue_limit)
        self._system = TimedSystem(protocol, TimedSettings(*self._policies, bound))
        self._leaver = protocol.roles.index(leaver)
        self.others = [role for role in protocol.roles if role != leaver]

    def first(self) -> int:
        """The configuration at the beginning."""
        return self._system.first()

    def steps(self, state: int, *, gone: bool) -> Iterator[tuple[TimedEvent, int | None]]:
        """Sends, receives and timers that fire."""
        for role, event, target in self._system.steps(state):
            if not gone:
                yield event, target
            elif role != self._leaver:
                yield event, None if target is None else self.left(target)

    def left(self, state: int) -> int:
        """Without the channels of the agent that joins."""
        return self._system.without_messages_of(self._leaver, state)

    def may_stop(self, state: int, role: str) -> bool:
        """Whether the role may stop where it is."""
        return self._system.may_stop(self._protocol.roles.index(role), state)

    @property
    def is_exact(self) -> bool:
        """Whether rounds of loops were told apart as far as they differ."""
        return not (self._system.roles.limits.drifted or self._system.numbers_grow)

    def trace(self, events: Sequence[TimedEvent | None], role: str, *, is_idle: bool) -> Trace:
        """Replayed by the reference meaning of timeouts."""
        leaver = self._protocol.roles[self._leaver]
        replay = TimedRunReplay(self._protocol, *self._policies, len(events))
        agents, title = self._session.agent_of, self._session.title
        steps: list[Step] = []
        gone = False
        for event in events:
            if event is None:
                gone = True
            else:
                made = replay.make(timed_step(event))
                if made is None or (gone and made.actor == leaver):
                    raise Defect("a run of an abandoned session does not replay")
                steps.append(
                    msgspec.structs.replace(
                        made,
                        sender=agents[made.sender],
                        receiver=agents[made.receiver],
                        session=title,
                        discards=(),
                    )
                )
            if gone:
                replay.drop_messages_of(leaver)
        nodes = replay.semantics.own_messages(role, replay.state, lambda _: True)
        if not gone or replay.semantics.may_stop(role, replay.state):
            raise Defect("a run of an abandoned session ends elsewhere")
        return left_trace(
            steps,
            agents[leaver],
            title,
            Waiting(agents[role], False, self._awaits(nodes, role)),
            self._protocol.site(min((node.site for node in nodes), default=-1)),
            is_idle=is_idle,
        )

    def _awaits(self, nodes: set[MessageNode], role: str) -> tuple[tuple[str, str], ...]:
        agents, title = self._session.agent_of, self._session.title
        found = sorted(
            (node.site, agents[node.sender], f"{title}.{node.label}")
            for node in nodes
            if node.receiver == role
        )
        return tuple(dict.fromkeys((peer, label) for _, peer, label in found))
