"""Machines of a protocol whose gathers come in any order and may need only some of the answers.

The machine of each role is the subset construction on the loosened graph
(`tellverify.projection.loosened`). A receiver that continues after k answers takes the late ones
whenever they arrive, and drops them: until then they stand in its state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

from tellverify.model.graph import ProtocolGraph, stops_only_at_ends
from tellverify.model.limits import MachineTooLarge
from tellverify.model.machine import Action, Machine
from tellverify.projection.availability import AvailabilityBudget
from tellverify.projection.loosened import Gather, Loosened, LooseViews, loosen

_MOST_STATES: Final = 20_000
_MOST_OWED: Final = 4  # late answers of one sender at a time
_Message: TypeAlias = tuple[int, int]  # a sender and a label


class _State(NamedTuple):
    """A subset of the loosened graph, and the late answers that are still to be dropped."""

    subset: int
    owed: tuple[_Message, ...]


def has_thresholds(graph: ProtocolGraph) -> bool:
    """True when some statement says how many answers are needed."""
    return any(key == "min_responses" for site in graph.sites for key, _ in site.annotations)


def threshold_machines(
    graph: ProtocolGraph,
    steps: int,
    needed: Callable[[Gather], int] | None = None,
) -> list[Machine] | None:
    """The machines of all roles, None when a gather needs more answers than it has members.

    `needed` gives the answers that a gather needs; without it, what `min_responses` says. `steps`
    bounds the work. Raises MachineTooLarge and OutOfBudget.
    """
    loosened = loosen(graph, needed)
    if loosened is None:
        return None
    budget = AvailabilityBudget(steps)
    return [
        _ThresholdMachine(graph, loosened, role, budget).machine()
        for role in range(len(graph.roles))
    ]


class _ThresholdMachine:
    def __init__(
        self, graph: ProtocolGraph, loosened: Loosened, role: int, budget: AvailabilityBudget
    ) -> None:
        self.graph = graph
        self.loosened = loosened
        self.role = role
        self.views = LooseViews(loosened, role, budget)
        self.sites: dict[tuple[int, int, int], int] = {}
        for e in range(graph.event_count):
            event = (graph.sender[e], graph.receiver[e], graph.label[e])
            self.sites.setdefault(event, graph.site[e])

    def machine(self) -> Machine:
        """The machine, its states numbered breadth-first."""
        name = self.graph.roles[self.role]
        first = _State(0, ())
        number = {first: 0}
        order = [first]
        rows: list[tuple[tuple[Action, int], ...]] = []
        sites: list[tuple[int, ...]] = []
        for state in order:
            row, places = [], []
            for (send, peer, label), target in self._moves(state):
                if target not in number:
                    number[target] = len(order)
                    order.append(target)
                action = Action(send, self.graph.roles[peer], self.graph.labels[label])
                row.append((action, number[target]))
                ends = (self.role, peer) if send else (peer, self.role)
                places.append(self.sites[(*ends, label)])
            if len(order) > _MOST_STATES:
                raise MachineTooLarge(name, _MOST_STATES)
            rows.append(tuple(row))
            sites.append(tuple(places))
        is_done = stops_only_at_ends(self.graph)
        final = tuple(
            (is_done and not row) or self._is_final(state.subset)
            for state, row in zip(order, rows, strict=True)
        )
        return Machine(name, tuple(rows), final, tuple(sites))

    def _is_final(self, subset: int) -> bool:
        return not self.loosened.final.isdisjoint(self.views.subsets[subset])

    def _moves(self, state: _State) -> list[tuple[tuple[bool, int, int], _State]]:
        """The moves of the loosened graph, and one for each late answer that may arrive.

        A late answer is ahead of all that its sender sends after it, so it is dropped first.
        """
        found: list[tuple[tuple[bool, int, int], _State]] = []
        late = dict.fromkeys(sender for sender, _ in state.owed)
        for action, target in self.views.moves[state.subset].items():
            send, peer, _ = action
            if not send and peer in late:
                continue
            owed = (*state.owed, *self._newly_owed(state.subset, action))
            if any(owed.count(one) > _MOST_OWED for one in owed):
                raise MachineTooLarge(self.graph.roles[self.role], _MOST_STATES)
            found.append((action, _State(target, owed)))
        for sender in late:
            at = next(n for n, (p, _) in enumerate(state.owed) if p == sender)
            rest = (*state.owed[:at], *state.owed[at + 1 :])
            found.append(((False, sender, state.owed[at][1]), _State(state.subset, rest)))
        return found

    def _newly_owed(self, subset: int, action: tuple[bool, int, int]) -> list[_Message]:
        """The answers that are late once the role has made `action`."""
        found: dict[_Message, None] = {}
        for state in self.views.subsets[subset]:
            for event in self.loosened.rows[state]:
                if event.action(self.role) == action and event.gather >= 0:
                    at = event.target
                    while chain := [e for e in self.loosened.rows[at] if e.late]:
                        if chain[0].receiver == self.role:
                            found[chain[0].sender, chain[0].label] = None
                        at = chain[0].target
        return list(found)
