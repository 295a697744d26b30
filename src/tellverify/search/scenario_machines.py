"""Machines of a scenario: the moves of faults added, states split by budgets and decisions.

Lost, duplicated, reordered and made-up messages are moves of the role that sends or receives them,
so that they depend on its own segment of a configuration, as all moves do. The rest of a budget
is a part of the local state. So is what the role has decided: minimal machines join the ends of
branches, and a joined state no longer says which branch was taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

import msgspec

from tellverify.model.decision import DecisionKind, DecisionRule
from tellverify.model.delivery import Delivery
from tellverify.model.limits import MachineTooLarge
from tellverify.model.machine import Action, Machine
from tellverify.model.outage import first_budget
from tellverify.model.scenario import Channel, ResolvedScenario

_MOST_STATES: Final = 200_000
_Budgets: TypeAlias = Sequence[tuple[int | None, frozenset[Channel]]]


class _Local(NamedTuple):
    """A local state: that of the machine, the rest of its budgets, marks, whether it has acted."""

    state: int
    lost: tuple[int, ...]
    twice: tuple[int, ...]
    marks: tuple[int, ...]
    acted: bool


class ScenarioMachines(msgspec.Struct, frozen=True):
    """The machines of a scenario beside the plain ones, in the same order.

    `acted[r][s]` says that role r has acted when it is in state s, `marks[r][s]` what it has
    decided there: for each decision 0, or 1 and more for the label that came first (for
    `at-most-once` the number of events, up to 2).
    """

    plain: tuple[Machine, ...]
    machines: tuple[Machine, ...]
    acted: tuple[tuple[bool, ...], ...]
    marks: tuple[tuple[tuple[int, ...], ...], ...]


def scenario_machines(
    machines: Sequence[Machine],
    scenario: ResolvedScenario,
    liars: frozenset[str],
    decisions: Sequence[DecisionRule] = (),
) -> ScenarioMachines:
    """The machines of `scenario` when `liars` are the Byzantine roles.

    A Byzantine role is dropped: its machine does nothing, what is sent to it vanishes, and what is
    received from it is made up. Raises MachineTooLarge for a machine with too many states.
    """
    found = [
        _idle(machine, decisions)
        if machine.role in liars
        else _ScenarioMachine(machine, scenario, liars, decisions).built()
        for machine in machines
    ]
    return ScenarioMachines(
        tuple(machines),
        tuple(machine for machine, _, _ in found),
        tuple(acted for _, acted, _ in found),
        tuple(marks for _, _, marks in found),
    )


_Built: TypeAlias = tuple[Machine, tuple[bool, ...], tuple[tuple[int, ...], ...]]


def _idle(machine: Machine, decisions: Sequence[DecisionRule]) -> _Built:
    return Machine(machine.role, ((),), (True,)), (False,), ((0,) * len(decisions),)


class _ScenarioMachine:
    def __init__(
        self,
        machine: Machine,
        scenario: ResolvedScenario,
        liars: frozenset[str],
        decisions: Sequence[DecisionRule],
    ) -> None:
        self.machine = machine
        self.role = machine.role
        self.liars = liars
        self.reorder = scenario.reorder
        self.decisions = decisions
        self.loss = _of_sender(scenario.loss, machine.role)
        self.duplicate = _of_sender(scenario.duplicate, machine.role)

    def built(self) -> _Built:
        """The machine with its new states numbered breadth-first.

        One that nothing happens to, and that never comes back to its beginning, stays as it is.
        """
        if self._is_plain():
            count = self.machine.state_count
            return self.machine, (False, *(True,) * (count - 1)), ((),) * count
        full = [tuple(-1 if m is None else m for m, _ in b) for b in (self.loss, self.duplicate)]
        first = _Local(0, full[0], full[1], (0,) * len(self.decisions), False)
        number = {first: 0}
        order = [first]
        rows: list[tuple[tuple[Action, int], ...]] = []
        sites: list[tuple[int, ...]] = []
        for local in order:
            row, site = [], []
            for place, (action, target) in enumerate(self.machine.moves[local.state]):
                for kind, after in self._moves(local, action, target):
                    if after not in number:
                        number[after] = len(order)
                        order.append(after)
                    row.append((kind, number[after]))
                    site.append(self._site(local.state, place))
            if len(order) > _MOST_STATES:
                raise MachineTooLarge(self.role, _MOST_STATES)
            rows.append(tuple(row))
            sites.append(tuple(site))
        final = tuple(self.machine.final[local.state] for local in order)
        machine = Machine(self.role, tuple(rows), final, tuple(sites))
        return machine, tuple(x.acted for x in order), tuple(x.marks for x in order)

    def _is_plain(self) -> bool:
        if self.decisions or self.liars or any(role == self.role for _, role in self.reorder):
            return False
        if any(channels for _, channels in (*self.loss, *self.duplicate)):
            return False
        return all(target != 0 for row in self.machine.moves for _, target in row)

    def _site(self, state: int, place: int) -> int:
        return self.machine.sites[state][place] if self.machine.sites else -1

    def _moves(self, local: _Local, action: Action, target: int) -> list[tuple[Action, _Local]]:
        """The move with every delivery that the scenario allows, and where each leads."""
        after = _Local(target, local.lost, local.twice, self._marked(local.marks, action), True)
        if action.peer in self.liars:
            kind = Delivery.ABSORBED if action.send else Delivery.FORGED
            return [(_delivered(action, kind), after)]
        found = [(action, after)]
        if not action.send:
            if (action.peer, self.role) in self.reorder:
                found.append((_delivered(action, Delivery.REORDERED), after))
            return found
        channel = (self.role, action.peer)
        for kind in (Delivery.LOST, Delivery.DUPLICATED):
            is_loss = kind is Delivery.LOST
            left = local.lost if is_loss else local.twice
            budgets = self.loss if is_loss else self.duplicate
            used = first_budget(budgets, left, channel)
            if used < 0:
                continue
            rest = tuple(n - (i == used and n > 0) for i, n in enumerate(left))
            charged = after._replace(lost=rest) if is_loss else after._replace(twice=rest)
            found.append((_delivered(action, kind), charged))
        return found

    def _marked(self, marks: tuple[int, ...], action: Action) -> tuple[int, ...]:
        if not self.decisions:
            return marks
        found = list(marks)
        for number, rule in enumerate(self.decisions):
            if action.label not in rule.labels or not rule.concerns(self.role):
                continue
            if rule.kind is DecisionKind.AT_MOST_ONCE:
                found[number] = min(2, found[number] + 1)
            elif not found[number]:
                found[number] = rule.labels.index(action.label) + 1
        return tuple(found)


def _of_sender(budgets: _Budgets, role: str) -> list[tuple[int | None, frozenset[Channel]]]:
    """The budgets with their channels from `role`; positions stay, so that charges agree."""
    return [(most, frozenset(c for c in some if c[0] == role)) for most, some in budgets]


def _delivered(action: Action, delivery: Delivery) -> Action:
    return Action(action.send, action.peer, action.label, delivery)
