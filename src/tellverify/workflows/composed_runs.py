"""Runs across sessions, replayed by the reference semantics and put into words.

The machines of all sessions, named by session and role, run together by the step relation of
`model.semantics` (`evidence.trace_replay` makes it for one run):
so every session has its own channels. What is added here is who may move, from the definitions:
an agent begins a session when those before it are over, and has then left these permanently.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tellverify.diagnostics.wording import counted, series
from tellverify.evidence.trace_replay import Stepper
from tellverify.model.configuration import Configuration
from tellverify.model.defect import Defect
from tellverify.model.fault import Fault
from tellverify.model.machine import Action, Machine
from tellverify.model.site import Site
from tellverify.model.step import Step
from tellverify.model.trace import Trace, Waiting
from tellverify.workflows.composed_machines import ComposedSystem, MoveKind, RoleMachine
from tellverify.workflows.composed_search import ComposedFault, MachineMove
from tellverify.workflows.sessions import LOCAL_TITLE

_MOST_WAITING = 4


class ShownRun(NamedTuple):
    """A run of machines that a trace tells in words; `leaver` gives the session up after `leaves`
    moves, -1 for no machine.
    """

    trace: Trace
    system: ComposedSystem
    run: tuple[MachineMove, ...]
    culprits: tuple[int, ...]
    leaver: int = -1
    leaves: int = 0


def reference_machines(system: ComposedSystem) -> list[Machine]:
    """The machines under names of their own; a bundle that is granted is a message to oneself."""
    return [
        Machine(
            _name(system, number),
            tuple(
                tuple((_action(system, move.kind, move.peer, move.label), move.target)
                      for move in row)
                for row in machine.moves
            ),
            tuple(machine.is_final(state) for state in range(len(machine.moves))),
        )
        for number, machine in enumerate(system.machines)
    ]  # fmt: skip


def _name(system: ComposedSystem, number: int) -> str:
    machine = system.machines[number]
    return f"{machine.session}/{machine.role}"


def _action(system: ComposedSystem, kind: MoveKind, peer: int, label: str) -> Action:
    match kind:
        case MoveKind.SEND | MoveKind.RECEIVE:
            return Action(kind is MoveKind.SEND, _name(system, peer), label)
        case MoveKind.ASK:
            return Action(True, f"bundle/{peer}", label)
        case MoveKind.GRANT:
            return Action(False, f"bundle/{peer}", label)


def replay_composed(system: ComposedSystem, run: Sequence[MachineMove]) -> Configuration:
    """Where a run leads. Raises Defect when one of its moves may not be made.

    The step relation is that of `System`, in time linear in the run.
    """
    stepper = Stepper(reference_machines(system))
    asked: set[tuple[int, int]] = set()
    for index, (number, move) in enumerate(run):
        if not may_move(system, number, stepper.states):
            raise Defect(f"move {index} of a run across sessions is made out of order")
        me = _name(system, number)
        match move.kind:
            case MoveKind.SEND | MoveKind.RECEIVE:
                peer = _name(system, move.peer)
                sends = move.kind is MoveKind.SEND
                ends = (me, peer) if sends else (peer, me)
                wrong = stepper.make(Step(sends, *ends, move.label))
                if wrong is not None:
                    raise Defect(f"move {index} of a run across sessions: {wrong.reason}")
            case MoveKind.ASK:
                asked.add((number, move.peer))
                stepper.states[number] = move.target
            case MoveKind.GRANT:
                if (number, move.peer) not in asked or is_held(system, move.peer, stepper.states):
                    raise Defect(f"move {index} of a run across sessions takes a held bundle")
                stepper.states[number] = move.target
    return stepper.configuration()


def is_held(system: ComposedSystem, bundle: int, states: Sequence[int]) -> bool:
    """Whether some agent holds a bundle, in a session that it has not left."""
    return any(
        bundle in machine.held[states[one]] and not any(states[m] for m in system.after[one])
        for one, machine in enumerate(system.machines)
    )


def may_move(system: ComposedSystem, number: int, states: Sequence[int]) -> bool:
    """Whether the gates let a machine move: all sessions before it are over, none behind begun."""
    for one in system.after[number]:
        if states[one] != 0:
            return False
    return states[number] != 0 or all(
        _is_over(system, one, number, states) for one in system.before[number]
    )


def _is_over(system: ComposedSystem, one: int, behind: int, states: Sequence[int]) -> bool:
    machine = system.machines[one]
    if one in system.phases_before[behind]:
        return machine.goes_on[states[one]]
    if machine.is_final(states[one]):
        return True
    stopped = (system.machines[p].stops[states[p]] for p in system.phases_before[one])
    return states[one] == 0 and any(stopped)


def composed_trace(
    system: ComposedSystem,
    found: ComposedFault,
    *,
    minimal: bool = True,
) -> Trace:
    """The run as a trace of agents, in which every step has its session. Raises Defect."""
    end = replay_composed(system, found.run)
    steps = tuple(_step(system, made) for made in found.run if not _is_local(system, made.machine))
    states = end.states
    waits = _waiting(system, states)
    queues = _queues(system, end, found.run)
    culprits = tuple(dict.fromkeys(system.machines[m].agent for m in found.machines))
    return Trace(
        found.fault,
        steps,
        culprits,
        _explained(system, found, states, queues),
        minimal,
        queues=queues,
        waiting=waits,
        place=next((s.site for s in reversed(steps) if s.site.path), Site()),
    )


def _is_local(system: ComposedSystem, number: int) -> bool:
    """Whether a machine is that of an `ext` step, which exchanges nothing."""
    return not system.sessions[system.machines[number].session].step.protocol


def _step(system: ComposedSystem, made: MachineMove) -> Step:
    number, move = made
    me = system.machines[number]
    session = system.sessions[me.session].title
    match move.kind:
        case MoveKind.SEND:
            peer = system.machines[move.peer].agent
            return Step(True, me.agent, peer, move.label, move.site, session=session)
        case MoveKind.RECEIVE:
            peer = system.machines[move.peer].agent
            return Step(False, peer, me.agent, move.label, move.site, session=session)
        case MoveKind.ASK:
            return Step(
                True, me.agent, system.bundles[move.peer], move.label, Site(), session=session
            )
        case MoveKind.GRANT:
            return Step(
                False, me.agent, system.bundles[move.peer], move.label, Site(), session=session
            )


def _awaits(system: ComposedSystem, machine: RoleMachine, state: int) -> list[tuple[str, str]]:
    session = system.sessions[machine.session].title
    found: list[tuple[str, str]] = []
    for move in machine.moves[state]:
        if move.kind is MoveKind.RECEIVE:
            found.append((system.machines[move.peer].agent, f"{session}.{move.label}"))
        elif move.kind is MoveKind.GRANT:
            found.append((system.bundles[move.peer], f"{session}.grant"))
    return found


def _waiting(system: ComposedSystem, states: Sequence[int]) -> tuple[Waiting, ...]:
    """What every agent awaits: the machines of its sessions that may move, together."""
    agents = dict.fromkeys(machine.agent for machine in system.machines)
    found: list[Waiting] = []
    for agent in agents:
        machines = [n for n, one in enumerate(system.machines) if one.agent == agent]
        own = [number for number in machines if not _is_local(system, number)]
        awaits: dict[tuple[str, str], None] = {}
        finished = True
        for number in own:
            machine, state = system.machines[number], states[number]
            left = any(states[one] for one in system.after[number])
            if left:
                continue
            cancelled = not state and any(
                system.machines[one].stops[states[one]] for one in system.phases_before[number]
            )
            finished = finished and (machine.is_final(state) or cancelled)
            if may_move(system, number, states):
                awaits |= dict.fromkeys(_awaits(system, machine, state))
        found.append(Waiting(agent, finished, tuple(awaits)))
    return tuple(found)


def _queues(
    system: ComposedSystem, end: Configuration, run: Sequence[MachineMove]
) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """What is left in the queues of agents, and the bundles that they never get."""
    agent_of = {_name(system, n): one.agent for n, one in enumerate(system.machines)}
    found: dict[tuple[str, str], list[str]] = {}
    for (sender, receiver), content in end.queues:
        if receiver not in agent_of:
            continue
        session = system.sessions[int(sender.partition("/")[0])].title
        row = found.setdefault((agent_of[sender], agent_of[receiver]), [])
        row.extend(f"{session}.{label}" for label in content)
    for number, move in run:
        if _is_local(system, number):
            continue
        machine = system.machines[number]
        if move.kind is MoveKind.ASK and end.states[number] == move.target:
            label = f"{system.sessions[machine.session].title}.{move.label}"
            found.setdefault((machine.agent, system.bundles[move.peer]), []).append(label)
    return tuple((*channel, tuple(row)) for channel, row in sorted(found.items()))


def _explained(
    system: ComposedSystem,
    found: ComposedFault,
    states: Sequence[int],
    queues: Sequence[tuple[str, str, tuple[str, ...]]],
) -> str:
    machines = [system.machines[m] for m in found.machines]
    first = machines[0]
    session = system.sessions[first.session].title
    match found.fault:
        case Fault.INFIDELITY:
            begins = "begins"
            if _is_local(system, found.machines[0]):
                begins, session = "carries out", session.removeprefix(LOCAL_TITLE)
            return (
                f"`{first.agent}` {begins} `{session}` although an earlier phase has ended the"
                " workflow"
            )
        case Fault.ORPHAN_MESSAGE:
            left = [
                f"`{label}` from `{sender}`"
                for sender, receiver, row in queues
                if receiver == first.agent
                for label in row
            ]
            verb = "is" if len(left) == 1 else "are"
            return f"`{first.agent}` has left `{session}`, but {series(left)} {verb} never received"
        case Fault.STUCK_ROLE:
            if not may_move(system, found.machines[0], states):
                return f"`{first.agent}` never begins `{session}`: a session before it cannot end"
            waits = _wait_text(system, found.machines[0], states)
            return f"`{first.agent}` cannot know that nothing more comes: it {waits}"
        case (
            Fault.DEADLOCK
            | Fault.STARVATION
            | Fault.UNSPECIFIED_RECEPTION
            | Fault.UNBOUNDED_QUEUE
            | Fault.NO_TERMINATION
            | Fault.ENDLESS_RUN
            | Fault.DISAGREEMENT
            | Fault.REPETITION
            | Fault.PROPERTY
            | Fault.TIMEOUT_DISAGREEMENT
            | Fault.STALE_MESSAGE
            | Fault.WITNESS
        ):
            rows = [
                f"`{system.machines[m].agent}` {_wait_text(system, m, states)}"
                for m in found.machines
                if may_move(system, m, states)
            ]
            more = len(rows) - _MOST_WAITING
            shown = rows[:_MOST_WAITING]
            if more > 0:
                shown.append(f"{counted(more, 'other agent')} as well")
            if len(shown) < 2:
                return f"{shown[0]} and can never act" if shown else "none of its agents can act"
            return f"none of these agents can act: {series(shown)}"


def _wait_text(system: ComposedSystem, number: int, states: Sequence[int]) -> str:
    machine = system.machines[number]
    session = system.sessions[machine.session].title
    by_peer: dict[str, list[str]] = {}
    for peer, label in _awaits(system, machine, states[number]):
        by_peer.setdefault(peer, []).append(f"`{label.rpartition('.')[2]}`")
    if not by_peer:
        return f"has not finished `{session}`"
    texts = [f"{' or '.join(labels)} from `{peer}`" for peer, labels in by_peer.items()]
    return f"waits for {' or '.join(texts)} in `{session}`"
