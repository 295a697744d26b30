"""From moves to traces: sites, messages left in queues, who waits, and a sentence that says it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tellverify.diagnostics.wording import series
from tellverify.model.defect import Defect
from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Machine
from tellverify.model.run_end import Ended, origins, replay
from tellverify.model.site import Site
from tellverify.model.step import Step
from tellverify.model.trace import Trace, Waiting
from tellverify.search.encoding import CompiledSystem, EncodedMove

MachineOf = Callable[[str], Machine]


def step_of(machine: Machine, state: int, place: int, graph: ProtocolGraph | None) -> Step:
    """Move number `place` of `state` as an event of a run, with its site if it is known."""
    action = machine.moves[state][place][0]
    number = machine.sites[state][place] if machine.sites else -1
    site = graph.sites[number] if graph is not None and number >= 0 else Site()
    ends = (machine.role, action.peer) if action.send else (action.peer, machine.role)
    return Step(action.send, *ends, action.label, site, delivery=action.delivery)


def steps_of(
    system: CompiledSystem, moves: Iterable[EncodedMove], graph: ProtocolGraph | None = None
) -> list[Step]:
    """Moves from the initial configuration on as events of a run."""
    configuration = system.initial
    steps = []
    for move in moves:
        state = system.state(move.role, configuration)
        steps.append(step_of(system.machines[move.role], state, move.place, graph))
        configuration += move.delta
    return steps


def replayed(machine_of: MachineOf, steps: Sequence[Step]) -> Ended:
    """The end of a run by the reference semantics. Raises Defect when it is not a run."""
    ended = replay(machine_of, steps)
    if isinstance(ended, int):
        raise Defect(f"event {ended} of a counterexample is not enabled: {steps[ended]}")
    return ended


def build_trace(
    fault: Fault,
    steps: Sequence[Step],
    machine_of: MachineOf,
    roles: Iterable[str],
    *,
    minimal: bool,
    culprits: tuple[str, ...],
    explanation: str,
    loop: int = -1,
) -> Trace:
    """A trace with the situation of `roles` at its end. Raises Defect when it does not replay."""
    ended = replayed(machine_of, steps)
    return Trace(
        fault=fault,
        steps=tuple(steps),
        culprits=culprits,
        explanation=explanation,
        minimal=minimal,
        loop=loop,
        queues=tuple((*channel, content) for channel, content in ended.queues),
        waiting=tuple(waiting(machine_of(role), ended.states.get(role, 0)) for role in roles),
    )


def waiting(machine: Machine, state: int) -> Waiting:
    """What a role awaits in `state`; a role that can send awaits nothing."""
    moves = [action for action, _ in machine.moves[state]]
    if any(action.send for action in moves):
        return Waiting(machine.role, False)
    awaits = tuple((action.peer, action.label) for action in moves)
    return Waiting(machine.role, machine.final[state], awaits)


def explain_deadlock(waits: Sequence[Waiting]) -> str:
    """For a configuration in which no role can move and `waits` have not finished."""
    parts = [f"`{w.role}` waits for {awaited(w)}" if w.awaits else _at_a_loss(w) for w in waits]
    return "no role can act: " + series(parts)


def explain_stuck(wait: Waiting) -> str:
    """For a role that waits although no role can move any more."""
    if not wait.awaits:
        return _at_a_loss(wait)
    return f"`{wait.role}` waits for {awaited(wait)}, but no role can act any more"


def explain_starved(wait: Waiting) -> str:
    """For a role that waits although others go on, on a lasso."""
    if not wait.awaits:
        return _at_a_loss(wait)
    return f"`{wait.role}` waits for {awaited(wait)} and is never served again"


def explain_kept_waiting(wait: Waiting) -> str:
    """For a role that waits while others repeat a loop, which another run may leave."""
    if not wait.awaits:
        return _at_a_loss(wait)
    return (
        f"`{wait.role}` waits for {awaited(wait)}, and the others can continue without serving it"
    )


def _at_a_loss(wait: Waiting) -> str:
    return f"`{wait.role}` has not terminated and has no further action"


def explain_reception(wait: Waiting, queues: Sequence[tuple[str, str, tuple[str, ...]]]) -> str:
    """For a role that finds a wrong message in every channel it awaits."""
    peers = {peer for peer, _ in wait.awaits}
    heads = [
        f"the next message from `{p}` is `{content[0]}`"
        for p, q, content in queues
        if q == wait.role and p in peers
    ]
    return f"`{wait.role}` waits for {awaited(wait)}, but {series(heads)}"


def explain_orphans(queues: Sequence[tuple[str, str, tuple[str, ...]]]) -> str:
    """For messages to a role that has terminated, whatever the others do."""
    left = [f"`{label}` from `{p}`" for p, _, content in queues for label in content]
    verb = "is" if len(left) == 1 else "are"
    return f"`{queues[0][1]}` has terminated, but {series(left)} {verb} never received"


def explain_infidelity(steps: Sequence[Step]) -> str:
    """For a run that is no start of a run of the protocol; names its causally last events."""
    last = [described(step) for step in last_events(steps)]
    if len(last) == 1:
        return f"{last[0]}; after these events no run of the protocol allows that"
    return f"{series(last)}; no run of the protocol allows that"


def described(step: Step) -> str:
    """An event in words."""
    if step.timer:
        return f"the timer of `{step.sender}` fires"
    if step.send:
        return f"`{step.sender}` sends `{step.label}` to `{step.receiver}`"
    return f"`{step.receiver}` receives `{step.label}` from `{step.sender}`"


def awaited(wait: Waiting) -> str:
    """What a role waits for, in words."""
    by_peer: dict[str, list[str]] = {}
    for peer, label in wait.awaits:
        by_peer.setdefault(peer, []).append(f"`{label}`")
    return " or ".join(
        f"{series(labels, last='or')} from `{peer}`" for peer, labels in by_peer.items()
    )


def last_events(steps: Sequence[Step]) -> list[Step]:
    """The events of a run that nothing follows causally, the last of the run first."""
    last = [step for step, followed in zip(steps, _followed(steps), strict=True) if not followed]
    last.reverse()
    return last


def dependencies(steps: Sequence[Step]) -> list[list[int]]:
    """For every event the event of its role before it, and for a receive also its send."""
    latest: dict[str, int] = {}
    sent = origins(steps)
    before: list[list[int]] = []
    for index, step in enumerate(steps):
        mine = [latest[step.actor]] if step.actor in latest else []
        mine += [sent[index]] if index in sent else []
        latest[step.actor] = index
        before.append(mine)
    return before


def _followed(steps: Sequence[Step]) -> list[bool]:
    followed = [False] * len(steps)
    for indices in dependencies(steps):
        for index in indices:
            followed[index] = True
    return followed
