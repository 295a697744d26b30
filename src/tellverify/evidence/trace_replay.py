"""Runs stepped through machines, and what their ends show.

A step concerns one role and one channel, so that its cost does not grow with the number of roles.
It is that of the reference semantics (`tellverify.model.semantics`), which a test compares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from tellverify.model.configuration import Configuration
from tellverify.model.delivery import channel_after
from tellverify.model.fault import Fault
from tellverify.model.futures import connected_groups, futures
from tellverify.model.machine import Action, Machine
from tellverify.model.step import Step

if TYPE_CHECKING:
    from tellverify.evidence.divergence import Divergence

Channel: TypeAlias = tuple[str, str]
Queues: TypeAlias = Mapping[Channel, tuple[str, ...]]


class Replayed(NamedTuple):
    """How far a run went: the configuration there, and the actor's state after every step."""

    configuration: Configuration
    states: tuple[int, ...]
    divergence: Divergence | None = None


class Stepper:
    """Machines at some point of a run. Raises ValueError when two machines have one role."""

    def __init__(self, machines: Sequence[Machine], start: Configuration | None = None) -> None:
        self._machines = tuple(machines)
        self._index = {machine.role: n for n, machine in enumerate(self._machines)}
        if len(self._index) != len(self._machines):
            raise ValueError("two machines of one role")
        self.states = [0] * len(self._machines) if start is None else list(start.states)
        self.queues: dict[Channel, tuple[str, ...]] = {} if start is None else dict(start.queues)
        self.made = 0

    def configuration(self) -> Configuration:
        """Where the run is now."""
        return Configuration(tuple(self.states), tuple(sorted(self.queues.items())))

    def state(self, role: str) -> int:
        """The state of `role`. Raises KeyError when there is no such role."""
        return self.states[self._index[role]]

    def make(self, step: Step) -> Divergence | None:
        """Make one step, or say why it cannot be made and change nothing."""
        if not {step.sender, step.receiver} <= self._index.keys():
            return self._diverged(step)
        number = self._index[step.actor]
        channel = (step.sender, step.receiver)
        queue = self.queues.get(channel, ())
        wanted = Action(step.send, step.receiver if step.send else step.sender, step.label)
        moves = self._machines[number].moves[self.states[number]]
        target = next((target for action, target in moves if action == wanted), None)
        changed = channel_after(queue, step.send, step.label, step.delivery)
        if target is None or changed is None:
            return self._diverged(step)
        self.states[number] = target
        if changed:
            self.queues[channel] = changed
        else:
            self.queues.pop(channel, None)
        self.made += 1
        return None

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles in the order of their machines."""
        return tuple(self._index)

    def machine(self, role: str) -> Machine:
        """The machine of `role`. Raises KeyError when there is no such role."""
        return self._machines[self._index[role]]

    def _diverged(self, step: Step) -> Divergence:
        from tellverify.evidence.divergence import diverged  # words for a rejection

        return diverged(self, step)


def replay(steps: Sequence[Step], machines: Sequence[Machine]) -> Replayed:
    """Make `steps` until one is not enabled. Raises ValueError when two machines have one role."""
    stepper = Stepper(machines)
    states: list[int] = []
    divergence: Divergence | None = None
    for step in steps:
        divergence = stepper.make(step)
        if divergence is not None:
            break
        states.append(stepper.state(step.actor))
    return Replayed(stepper.configuration(), tuple(states), divergence)


def comes_back(
    lap: Sequence[Step], machines: Sequence[Machine], configuration: Configuration
) -> bool:
    """True when `lap` can be made from `configuration` and leads to it again."""
    stepper = Stepper(machines, configuration)
    made = all(stepper.make(step) is None for step in lap)
    return made and stepper.configuration() == configuration


_JUDGED: Final = {
    Fault.INFIDELITY: "the protocol has this run",
    Fault.NO_TERMINATION: "the protocol can still reach its end",
    Fault.PROPERTY: "the property holds for this run",
    Fault.DISAGREEMENT: "no two roles decide differently in this run",
    Fault.REPETITION: "no role has the message twice in this run",
}


def fault_shown(
    configuration: Configuration,
    machines: Sequence[Machine],
    fault: Fault,
    culprits: Sequence[str],
    *,
    lap: Sequence[Step] = (),
    judge: Callable[[], bool] | None = None,
    may_end: Callable[[], bool] | None = None,
) -> str:
    """Why the end of a run does not show `fault`, empty when it does.

    `lap` are the steps of the loop when the run is a lasso; it is made once more from here. `judge`
    decides faults that machines alone do not show; without it they count as not shown. `may_end`
    says that the protocol may end here or go on, and no role decides: then whoever waits is stuck.
    """
    view = _View(configuration, machines)
    for culprit in culprits:
        if culprit not in view.state:
            return f"the protocol has no role `{culprit}`"
    match fault:
        case Fault.WITNESS:
            return ""
        case Fault.DEADLOCK:
            return _deadlock(view)
        case Fault.ORPHAN_MESSAGE:
            return _orphan(view, culprits)
        case Fault.UNSPECIFIED_RECEPTION:
            return _spoilt(view, culprits)
        case Fault.STUCK_ROLE:
            reason = _stuck(view, machines, culprits, lap, judge)
            undecided = bool(reason) and not lap and _all_may_stop(view, culprits)
            return "" if undecided and may_end is not None and may_end() else reason
        case Fault.STARVATION:
            return _starved(view, machines, culprits, lap)
        case Fault.UNBOUNDED_QUEUE:
            return _growing(view, machines, lap)
        case Fault.ENDLESS_RUN:
            return _endless(view, machines, lap)
    if judge is None or fault not in _JUDGED:
        return "this cannot be told from the machines alone"
    return "" if judge() else _JUDGED[fault]


class _View:
    """A configuration with names instead of positions."""

    def __init__(self, configuration: Configuration, machines: Sequence[Machine]) -> None:
        self.configuration = configuration
        self.machine = {machine.role: machine for machine in machines}
        self.state = {
            machine.role: state
            for machine, state in zip(machines, configuration.states, strict=True)
        }
        self.queues: Queues = dict(configuration.queues)

    def is_final(self, role: str) -> bool:
        return self.machine[role].final[self.state[role]]

    def has_terminated(self, role: str) -> bool:
        """True when `role` is in a final state without a move."""
        return self.is_final(role) and not self.machine[role].moves[self.state[role]]

    def is_able(self, role: str) -> bool:
        """True when `role` can make a step now."""
        return any(
            action.send or self.queues.get((action.peer, role), ())[:1] == (action.label,)
            for action, _ in self.machine[role].moves[self.state[role]]
        )

    def awaits(self, role: str) -> dict[str, set[str]]:
        """The labels that `role` would take now, by sender."""
        labels: dict[str, set[str]] = {}
        for action, _ in self.machine[role].moves[self.state[role]]:
            if not action.send:
                labels.setdefault(action.peer, set()).add(action.label)
        return labels

    def is_spoilt(self, role: str) -> bool:
        """True when `role` must receive and every channel it awaits begins with what it cannot."""
        moves = self.machine[role].moves[self.state[role]]
        if self.is_final(role) or not moves or any(action.send for action, _ in moves):
            return False
        return all(
            self.queues.get((peer, role)) and self.queues[(peer, role)][0] not in labels
            for peer, labels in self.awaits(role).items()
        )


def _deadlock(view: _View) -> str:
    for role in view.state:
        if view.is_able(role):
            return f"`{role}` can still move"
    if all(view.is_final(role) for role in view.state):
        return "every role has finished"
    return ""


def _spoilt(view: _View, culprits: Sequence[str]) -> str:
    roles = culprits or tuple(view.state)
    return "" if any(map(view.is_spoilt, roles)) else "every awaited channel may still serve"


def _growing(view: _View, machines: Sequence[Machine], lap: Sequence[Step]) -> str:
    grown = _grown(view, machines, lap)
    if grown is None:
        return "the loop cannot be repeated forever"
    return "" if grown else "the loop lets no queue grow"


def _orphan(view: _View, culprits: Sequence[str]) -> str:
    """A message is queued for a role, one of the culprits if any, that has terminated.

    A role has terminated in a final state without a move. Whether the others have stopped is not
    asked, and that the receiver may stop is not enough: it may still take the message.
    """
    receivers = {receiver for _, receiver in view.queues}
    for role in culprits or tuple(view.state):
        if role in receivers and view.has_terminated(role):
            return ""
    return "no message is left for a role that has terminated"


def _unwaiting(view: _View, culprits: Sequence[str]) -> str:
    """Why some culprit does not wait.

    A state may be final and still have receptions: its role may have to go on and cannot know
    that no message will follow. Only a state without moves is certainly the end of its role.
    """
    for role in culprits:
        if view.has_terminated(role):
            return f"`{role}` has finished"
        if view.is_able(role):
            return f"`{role}` can still move"
    return "" if culprits else "no role is named"


def _stuck(
    view: _View,
    machines: Sequence[Machine],
    culprits: Sequence[str],
    lap: Sequence[Step],
    judge: Callable[[], bool] | None,
) -> str:
    """No run lets a culprit move again; a lap is moreover repeated fairly.

    Without a lap what the machines may still do says so, with one `judge` may say it as well.
    """
    if reason := _unwaiting(view, culprits):
        return reason
    if lap and (reason := _stuck_lasso(view, machines, culprits, lap)):
        return reason
    may_move = futures(view.configuration, machines).moves
    for role, moves in zip(view.state, may_move, strict=True):
        if role in culprits and moves:
            is_judged = bool(lap) and judge is not None and judge()
            return "" if is_judged else f"`{role}` may still be served"
    return ""


def _starved(
    view: _View, machines: Sequence[Machine], culprits: Sequence[str], lap: Sequence[Step]
) -> str:
    """The culprits wait while the lap is repeated fairly; without a lap no role can move any more.

    Another run may serve them.
    """
    if reason := _unwaiting(view, culprits):
        return reason
    if lap:
        return _stuck_lasso(view, machines, culprits, lap)
    groups = [g for g in connected_groups(machines) if not set(culprits).isdisjoint(g)]
    able = [role for group in groups for role in group if view.is_able(role)]
    return f"`{able[0]}` can still move" if able else ""


def _all_may_stop(view: _View, culprits: Sequence[str]) -> bool:
    """Nothing is queued, every role may stop, and each culprit waits all the same."""
    return (
        bool(culprits)
        and not view.queues
        and all(map(view.is_final, view.state))
        and all(view.awaits(role) and not view.is_able(role) for role in culprits)
    )


def _stuck_lasso(
    view: _View, machines: Sequence[Machine], culprits: Sequence[str], lap: Sequence[Step]
) -> str:
    acting = {step.actor for step in lap}
    for role in culprits:
        if role in acting:
            return f"`{role}` moves in the loop"
    return _endless(view, machines, lap, culprits)


def _endless(
    view: _View, machines: Sequence[Machine], lap: Sequence[Step], about: Sequence[str] = ()
) -> str:
    """The lap can be repeated forever, and whoever can move meanwhile takes part in it.

    Roles that exchange no message with those of the lap or `about`, even by way of others, go
    their own way: whatever they do can be mixed in fairly.
    """
    acting = {step.actor for step in lap}
    stepper = Stepper(machines, view.configuration)
    for step in lap:
        if stepper.make(step) is not None:
            return "the loop cannot be repeated forever"
    after = _View(stepper.configuration(), machines)
    if _grown(view, machines, lap) is None:
        return "the loop cannot be repeated forever"
    # A role outside the loop takes nothing from its channels, so what it can do now it can do
    # from here on: leaving it out forever would not be fair.
    concerned = acting.union(about)
    involved = {r for g in connected_groups(machines) if not concerned.isdisjoint(g) for r in g}
    for role in after.state:
        if role in involved and role not in acting and after.is_able(role):
            return f"`{role}` could move all along, so the loop is not fair"
    return ""


def _grown(view: _View, machines: Sequence[Machine], lap: Sequence[Step]) -> list[Channel] | None:
    """The channels that each round of `lap` makes longer; None unless it repeats forever.

    On one channel a round sends the word w and takes the word v. From the content q the rounds
    repeat exactly when `q w w ..` and `v v ..` are one infinite word; both are periodic behind q,
    so it is enough that they agree on `|q| + |w| + |v|` letters (Fine and Wilf, 1965, theorem 1).
    """
    if not lap:
        return None
    stepper = Stepper(machines, view.configuration)
    sent: dict[Channel, list[str]] = {}
    taken: dict[Channel, list[str]] = {}
    for step in lap:
        if stepper.make(step) is not None:
            return None
        (sent if step.send else taken).setdefault((step.sender, step.receiver), []).append(
            step.label
        )
    if tuple(stepper.states) != view.configuration.states:
        return None
    for channel, word in taken.items():
        more = sent.get(channel, [])
        content = list(view.queues.get(channel, ()))
        if len(more) < len(word):
            return None
        length = len(content) + len(more) + len(word)
        rounds = content + more * (length // len(more) + 1)
        demand = word * (length // len(word) + 1)
        if rounds[:length] != demand[:length]:
            return None
    return [channel for channel, word in sent.items() if len(word) > len(taken.get(channel, []))]
