"""What crashes, cut channels and Byzantine roles leave of a system, and whether a run keeps to a
scenario.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tellverify.model.delivery import Delivery
from tellverify.model.failure import Outage, OutageKind
from tellverify.model.machine import Machine
from tellverify.model.scenario import Channel, ResolvedScenario, Scenario, resolved
from tellverify.model.step import Step


def survivors(machines: Sequence[Machine], outages: Iterable[Outage]) -> list[Machine]:
    """Machines of the same states in which crashed and Byzantine roles do nothing and have
    finished, and no role receives from a cut channel.
    """
    gone = {one.role for one in outages if one.kind is not OutageKind.CUT}
    cut = {(one.role, one.peer) for one in outages if one.kind is OutageKind.CUT}
    left = []
    for machine in machines:
        if machine.role in gone:
            left.append(idle(machine))
        elif any(receiver == machine.role for _, receiver in cut):
            rows = tuple(
                tuple(
                    (action, target)
                    for action, target in row
                    if action.send or (action.peer, machine.role) not in cut
                )
                for row in machine.moves
            )
            left.append(Machine(machine.role, rows, machine.final))
        else:
            left.append(machine)
    return left


def idle(machine: Machine) -> Machine:
    """The machine of a role that does nothing in any of its states, and may stop there."""
    count = machine.state_count
    return Machine(machine.role, ((),) * count, (True,) * count)


def channels_of(machines: Iterable[Machine]) -> set[Channel]:
    """The channels that some role sends on or receives from."""
    return {
        (machine.role, action.peer) if action.send else (action.peer, machine.role)
        for machine in machines
        for row in machine.moves
        for action, _ in row
    }


def first_budget(
    budgets: Sequence[tuple[int | None, frozenset[Channel]]],
    left: Sequence[int],
    channel: Channel,
) -> int:
    """The budget that a fault on `channel` is charged to: the first that covers it and is not
    used up, -1 when there is none. `left` has what remains of each, -1 without a limit.
    """
    for number, (_, channels) in enumerate(budgets):
        if channel in channels and left[number] != 0:
            return number
    return -1


class _Ledger:
    """What a run has used of the budgets of each sender."""

    def __init__(self, budgets: Sequence[tuple[int | None, frozenset[Channel]]]) -> None:
        self.budgets = budgets
        self.left: dict[str, list[int]] = {}

    def charge(self, channel: Channel) -> bool:
        full = [-1 if most is None else most for most, _ in self.budgets]
        left = self.left.setdefault(channel[0], full)
        number = first_budget(self.budgets, left, channel)
        if number >= 0 and left[number] > 0:
            left[number] -= 1
        return number >= 0


def departure_from(
    scenario: Scenario,
    machines: Sequence[Machine],
    steps: Sequence[Step],
    outages: Sequence[Outage],
) -> str:
    """Why a run is not one of `scenario`, empty when it is.

    `steps` are a run of `machines`. Judged are its faults alone.
    """
    roles = [machine.role for machine in machines]
    return departure_of_roles(scenario, roles, channels_of(machines), steps, outages)


def departure_of_roles(
    scenario: Scenario,
    roles: Sequence[str],
    channels: Iterable[Channel],
    steps: Sequence[Step],
    outages: Sequence[Outage],
) -> str:
    """`departure_from` for a run of `roles` whose messages use `channels`."""
    found = resolved(scenario, roles, channels)
    if found is None:
        return "the scenario names a member that the family does not have"
    return _outages_allowed(found, outages) or _steps_allowed(found, steps, outages)


def _outages_allowed(found: ResolvedScenario, outages: Sequence[Outage]) -> str:
    crashed = {one.role for one in outages if one.kind is OutageKind.CRASH}
    liars = {one.role for one in outages if one.kind is OutageKind.BYZANTINE}
    cut = frozenset((one.role, one.peer) for one in outages if one.kind is OutageKind.CUT)
    if crashed & liars or not found.may_crash(crashed):
        return "the scenario does not let all these roles crash"
    if not found.may_lie(liars):
        return "the scenario does not let all these roles be Byzantine"
    if cut not in set(found.cut_sets()):
        return "the scenario does not cut these channels"
    return ""


def _steps_allowed(
    found: ResolvedScenario, steps: Sequence[Step], outages: Sequence[Outage]
) -> str:
    liars = {one.role for one in outages if one.kind is OutageKind.BYZANTINE}
    gone = {one.role: one.after for one in outages if one.kind is OutageKind.CRASH}
    cut = {(one.role, one.peer): one.after for one in outages if one.kind is OutageKind.CUT}
    lost, twice = _Ledger(found.loss), _Ledger(found.duplicate)
    never = len(steps)
    for number, step in enumerate(steps):
        channel = (step.sender, step.receiver)
        event = f"event {number + 1}"
        if step.actor in liars or gone.get(step.actor, never) <= number:
            return f"{event}: `{step.actor}` has failed and can no longer act"
        if not step.send and cut.get(channel, never) <= number:
            return f"{event}: the channel is cut"
        match step.delivery:
            case Delivery.FIFO:
                allowed = step.peer not in liars
            case Delivery.LOST:
                allowed = lost.charge(channel)
            case Delivery.DUPLICATED:
                allowed = twice.charge(channel)
            case Delivery.REORDERED:
                allowed = channel in found.reorder
            case Delivery.FORGED | Delivery.ABSORBED:
                allowed = step.peer in liars
        if not allowed:
            word = step.delivery.value or "in order"
            return f"{event}: the scenario has no message from {channel[0]} to {channel[1]} {word}"
    return ""
