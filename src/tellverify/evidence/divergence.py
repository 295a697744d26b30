"""How far the steps of a run can be made, and why the machines cannot make the next one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from tellverify.evidence.trace_replay import Stepper
from tellverify.model.configuration import Configuration
from tellverify.model.machine import Machine
from tellverify.model.step import Step

_MOST_POSSIBLE: Final = 12


class Divergence(msgspec.Struct, frozen=True):
    """The first step of a run that the machines cannot make, why, and what they could do instead.

    `index` counts steps from 0. `possible` lists steps of the same role, or of any role when that
    one can do nothing; `more` counts those that are not listed.
    """

    index: int
    step: Step
    reason: str
    possible: tuple[Step, ...] = ()
    more: int = 0


class Replayed(NamedTuple):
    """How far a run went: the configuration there, and the actor's state after every step."""

    configuration: Configuration
    states: tuple[int, ...]
    divergence: Divergence | None = None


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


def diverged(stepper: Stepper, step: Step) -> Divergence:
    """Why `stepper` cannot make `step`, and what it can do instead."""
    known = step.actor in stepper.roles
    possible = possible_steps(stepper, step.actor) if known else []
    if not possible:
        for role in stepper.roles:
            possible.extend(possible_steps(stepper, role))
    more = max(0, len(possible) - _MOST_POSSIBLE)
    reason = _reason(stepper, step)
    return Divergence(stepper.made, step, reason, tuple(possible[:_MOST_POSSIBLE]), more)


def _reason(stepper: Stepper, step: Step) -> str:
    known = set(stepper.roles)
    for role in (step.actor, step.sender, step.receiver):
        if role not in known:
            return f"the protocol has no role `{role}`"
    if not step.send:
        queue = stepper.queues.get((step.sender, step.receiver), ())
        if not queue:
            return f"nothing from `{step.sender}` is queued for `{step.receiver}`"
        if queue[0] != step.label:
            return f"`{queue[0]}` is ahead of `{step.label}` in the queue from `{step.sender}`"
        return f"`{step.receiver}` cannot take `{step.label}` from `{step.sender}` here"
    if not stepper.moves(step.actor):
        return f"`{step.sender}` has finished"
    return f"`{step.sender}` cannot send `{step.label}` to `{step.receiver}` here"


def possible_steps(stepper: Stepper, role: str) -> list[Step]:
    """What `role` can do now."""
    found = []
    for action, _ in stepper.moves(role):
        pair = (role, action.peer) if action.send else (action.peer, role)
        if action.send or stepper.queues.get(pair, ())[:1] == (action.label,):
            found.append(Step(action.send, *pair, action.label))
    return found
