"""Runs stepped through machines, and what their ends show.

A step concerns one role and one channel, so that its cost does not grow with the number of roles.
It is that of the reference semantics (`tellverify.model.semantics`), which a test compares.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from tellverify.model.configuration import Configuration
from tellverify.model.delivery import channel_after
from tellverify.model.fault import Fault
from tellverify.model.futures import connected_groups, futures
from tellverify.model.machine import Action, Machine
from tellverify.model.step import Step

if TYPE_CHECKING:
    from tellverify.evidence.divergence import Divergence

Channel: TypeAlias = tuple[str, str]


class Stepper:
    """Machines at some point of a run. Raises ValueError when two machines have one role."""

    def __init__(self, machines: Sequence[Machine], start: Configuration | None = None) -> None:
        self.machines = tuple(machines)
        self._index = {machine.role: n for n, machine in enumerate(self.machines)}
        if len(self._index) != len(self.machines):
            raise ValueError("two machines of one role")
        self.states = [0] * len(self.machines) if start is None else list(start.states)
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
        channel = (step.sender, step.receiver)
        target = changed = None
        if self._index.keys() >= {*channel}:
            wanted = Action(step.send, step.peer, step.label)
            moves = self.moves(step.actor)
            target = next((target for action, target in moves if action == wanted), None)
            queue = self.queues.get(channel, ())
            changed = channel_after(queue, step.send, step.label, step.delivery)
        if target is None or changed is None:
            from tellverify.evidence.divergence import diverged  # words for a rejection

            return diverged(self, step)
        self.states[self._index[step.actor]] = target
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

    def moves(self, role: str) -> tuple[tuple[Action, int], ...]:
        """The moves of the state that `role` is in. Raises KeyError when there is no such role."""
        return self.machines[self._index[role]].moves[self.state(role)]

    def is_final(self, role: str) -> bool:
        """True when `role` may stop here."""
        return self.machines[self._index[role]].final[self.state(role)]

    def has_terminated(self, role: str) -> bool:
        """True when `role` is in a final state without a move."""
        return self.is_final(role) and not self.moves(role)

    def is_able(self, role: str) -> bool:
        """True when `role` can make a step now."""
        return any(
            action.send or self.queues.get((action.peer, role), ())[:1] == (action.label,)
            for action, _ in self.moves(role)
        )

    def has_unspecified_reception(self, role: str) -> bool:
        """True when `role` must receive and every channel it awaits begins with what it cannot."""
        moves = [action for action, _ in self.moves(role)]
        if self.is_final(role) or not moves or any(action.send for action in moves):
            return False
        awaited = {(action.peer, action.label) for action in moves}
        heads = [(action.peer, self.queues.get((action.peer, role), ())[:1]) for action in moves]
        return all(head and (peer, head[0]) not in awaited for peer, head in heads)


_NOT_REPEATED: Final = "the loop cannot be repeated forever"
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
    at = Stepper(machines, configuration)
    for culprit in culprits:
        if culprit not in at.roles:
            return f"the protocol has no role `{culprit}`"
    why_not: dict[Fault, Callable[[], str]] = {
        Fault.WITNESS: str,
        Fault.DEADLOCK: lambda: _deadlock(at),
        Fault.ORPHAN_MESSAGE: lambda: _orphan(at, culprits),
        Fault.UNSPECIFIED_RECEPTION: lambda: _unspecified(at, culprits),
        Fault.STUCK_ROLE: lambda: _stuck(at, culprits, lap, judge, may_end),
        Fault.STARVATION: lambda: _starved(at, culprits, lap),
        Fault.UNBOUNDED_QUEUE: lambda: _growing(at, lap),
        Fault.ENDLESS_RUN: lambda: _endless(at, lap),
    }
    if fault in why_not:
        return why_not[fault]()
    if judge is None or fault not in _JUDGED:
        return "this cannot be told from the machines alone"
    return "" if judge() else _JUDGED[fault]


def _deadlock(at: Stepper) -> str:
    for role in at.roles:
        if at.is_able(role):
            return f"`{role}` can still move"
    return "every role has finished" if all(map(at.is_final, at.roles)) else ""


def _unspecified(at: Stepper, culprits: Sequence[str]) -> str:
    unspecified = any(map(at.has_unspecified_reception, culprits or at.roles))
    return "" if unspecified else "every awaited channel may still serve"


def _growing(at: Stepper, lap: Sequence[Step]) -> str:
    repeated = _repeated(at, lap)
    if repeated is None:
        return _NOT_REPEATED
    return "" if repeated[1] else "the loop lets no queue grow"


def _orphan(at: Stepper, culprits: Sequence[str]) -> str:
    """A message is queued for a role, one of the culprits if any, that has terminated.

    A role has terminated in a final state without a move. Whether the others have stopped is not
    asked, and that the receiver may stop is not enough: it may still take the message.
    """
    receivers = {receiver for _, receiver in at.queues}
    for role in culprits or at.roles:
        if role in receivers and at.has_terminated(role):
            return ""
    return "no message is left for a role that has terminated"


def _unwaiting(at: Stepper, culprits: Sequence[str], lap: Sequence[Step]) -> str:
    """Why some culprit does not wait, also while the lap, if any, is repeated fairly.

    A state may be final and still have receptions: its role may have to go on and cannot know
    that no message will follow. Only a state without moves is certainly the end of its role.
    """
    for role in culprits:
        if at.has_terminated(role):
            return f"`{role}` has finished"
        if at.is_able(role):
            return f"`{role}` can still move"
        if any(step.actor == role for step in lap):
            return f"`{role}` moves in the loop"
    if not culprits:
        return "no role is named"
    return _endless(at, lap, culprits) if lap else ""


def _stuck(
    at: Stepper,
    culprits: Sequence[str],
    lap: Sequence[Step],
    judge: Callable[[], bool] | None,
    may_end: Callable[[], bool] | None,
) -> str:
    """No run lets a culprit move again; a lap is moreover repeated fairly.

    Without a lap what the machines may still do says so, with one `judge` may say it as well.
    """
    if not lap and may_end is not None and _all_may_stop(at, culprits) and may_end():
        return ""
    if reason := _unwaiting(at, culprits, lap):
        return reason
    may_move = futures(at.configuration(), at.machines).moves
    for role, moves in zip(at.roles, may_move, strict=True):
        if role in culprits and moves:
            is_judged = bool(lap) and judge is not None and judge()
            return "" if is_judged else f"`{role}` may still be served"
    return ""


def _starved(at: Stepper, culprits: Sequence[str], lap: Sequence[Step]) -> str:
    """The culprits wait while the lap is repeated fairly; without a lap no role can move any more.

    Another run may serve them.
    """
    if (reason := _unwaiting(at, culprits, lap)) or lap:
        return reason
    groups = [g for g in connected_groups(at.machines) if not set(culprits).isdisjoint(g)]
    able = [role for group in groups for role in group if at.is_able(role)]
    return f"`{able[0]}` can still move" if able else ""


def _all_may_stop(at: Stepper, culprits: Sequence[str]) -> bool:
    """Nothing is queued, every role may stop, and each culprit waits all the same."""
    return (
        bool(culprits)
        and not at.queues
        and all(map(at.is_final, at.roles))
        and all(at.moves(role) and not at.is_able(role) for role in culprits)
    )


def _endless(at: Stepper, lap: Sequence[Step], about: Sequence[str] = ()) -> str:
    """The lap can be repeated forever, and whoever can move meanwhile takes part in it.

    Roles that exchange no message with those of the lap or `about`, even by way of others, go
    their own way: whatever they do can be mixed in fairly.
    """
    repeated = _repeated(at, lap)
    if repeated is None:
        return _NOT_REPEATED
    acting = {step.actor for step in lap}
    # A role outside the loop takes nothing from its channels, so what it can do behind the first
    # round it can do from there on: leaving it out forever would not be fair.
    concerned = acting.union(about)
    involved = {r for g in connected_groups(at.machines) if not concerned.isdisjoint(g) for r in g}
    for role in at.roles:
        if role in involved and role not in acting and repeated[0].is_able(role):
            return f"`{role}` could move all along, so the loop is not fair"
    return ""


def _repeated(at: Stepper, lap: Sequence[Step]) -> tuple[Stepper, list[Channel]] | None:
    """Where one round of `lap` leads, and the channels that each round makes longer.

    None unless it repeats forever. On one channel a round sends the word w and takes the word v.
    From the content q the rounds repeat exactly when `q w w ..` and `v v ..` are one infinite word;
    both are periodic behind q, so it is enough that they agree on `|q| + |w| + |v|` letters (Fine
    and Wilf, 1965, theorem 1).
    """
    after = Stepper(at.machines, at.configuration())
    sent: dict[Channel, list[str]] = {}
    taken: dict[Channel, list[str]] = {}
    for step in lap:
        if after.make(step) is not None:
            return None
        words = sent if step.send else taken
        words.setdefault((step.sender, step.receiver), []).append(step.label)
    if not lap or after.states != at.states:
        return None
    for channel, word in taken.items():
        more = sent.get(channel, [])
        content = list(at.queues.get(channel, ()))
        if len(more) < len(word):
            return None
        length = len(content) + len(more) + len(word)
        rounds = content + more * (length // len(more) + 1)
        demand = word * (length // len(word) + 1)
        if rounds[:length] != demand[:length]:
            return None
    return after, [channel for channel in sent if len(sent[channel]) > len(taken.get(channel, []))]
