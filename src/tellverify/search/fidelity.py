"""Is a history of sends and receives a start of a run of the protocol, up to swaps?

A history h is *faithful* when the graph has a run rho such that for every role the actions in h
are a prefix of the actions in rho (Li, Stutz, Wies, Zufferey, OOPSLA 2025, section 2: channel
compliance and the indistinguishability relation; FIFO order makes the local traces determine the
class). Nothing else counts: the order in which different roles act is the scheduler's.

The monitor follows a search step by step and keeps *explanations*. An explanation is a run of the
graph, of which every send has been performed, together with what it leaves open:

- `state`: where the run of the graph has come to;
- `ahead`: for each role, the actions it performed that the run does not contain yet;
- `owed`: for each role, the receives of the run that it has not performed yet.

For one role at most one of the two is not empty. An explanation is kept as long as some
continuation of its run, now of events that may not have happened yet, contains all that is ahead.
Faithful means that an explanation is left; a history that is not faithful never becomes so again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, TypeAlias

from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Action
from tellverify.model.step import Step

# Actions of a role as one int: twice the number of the event, plus one for a receive.
Actions: TypeAlias = tuple[int, ...]
# What roles have open, sorted by role; roles with nothing are absent.
Open: TypeAlias = tuple[tuple[int, Actions], ...]

DEAD: Final = -1
FOREIGN: Final = -1


class Explanation(NamedTuple):
    """A run of the graph that explains a history, as far as the future depends on it."""

    state: int
    ahead: Open
    owed: Open


class EventMonitor(ABC):
    """What monitors of histories share: numbers of actions, and each step computed once."""

    def __init__(self, roles: Sequence[str], labels: Sequence[str]) -> None:
        self._role = {role: index for index, role in enumerate(roles)}
        self._label = {label: index for index, label in enumerate(labels)}
        self._number: dict[tuple[int, int, int], int] = {}
        self._after: dict[tuple[int, int, int], int] = {}

    def action(self, role: str, action: Action) -> int:
        """The number of an action, FOREIGN when no event of the protocol has it."""
        sender, receiver = (role, action.peer) if action.send else (action.peer, role)
        ends = self._role.get(sender, FOREIGN), self._role.get(receiver, FOREIGN)
        event = self._number.get((*ends, self._label.get(action.label, FOREIGN)))
        if event is None:
            return FOREIGN
        return 2 * event if action.send else 2 * event + 1

    def after(self, state: int, role: int, action: int) -> int:
        """The monitor state when `role` performs `action` (see `action`) next; DEAD stays DEAD."""
        if state == DEAD or action == FOREIGN:
            return DEAD
        key = (state, role, action)
        known = self._after.get(key)
        if known is None:
            known = self._after[key] = self._step(state, role, action)
        return known

    @abstractmethod
    def _step(self, state: int, role: int, action: int) -> int: ...


class FidelityMonitor(EventMonitor):
    """Monitor states are small ints; `initial` belongs to the empty history, DEAD to unfaithful.

    Roles are indices into `graph.roles`; `event[t]` numbers the event of transition t. For graphs
    in which all events of a state have one sender there is exactly one explanation; otherwise a
    set is kept. `explored` remembers which explanations can be continued. `work` counts the
    explanations that were looked at, since the sets can grow with every event.
    """

    def __init__(self, graph: ProtocolGraph) -> None:
        super().__init__(graph.roles, graph.labels)
        self.graph = graph
        self.event = [
            self._number.setdefault(key, len(self._number))
            for key in zip(graph.sender, graph.receiver, graph.label, strict=True)
        ]
        self._states: list[tuple[Explanation, ...]] = []
        self._index: dict[tuple[Explanation, ...], int] = {}
        self.explored: dict[tuple[int, Open], bool] = {}
        self.work = 0
        self.initial = self._intern((Explanation(0, (), ()),))

    def explanations(self, state: int) -> tuple[Explanation, ...]:
        """The explanations behind a monitor state, none for DEAD."""
        return () if state == DEAD else self._states[state]

    def is_complete(self, state: int) -> bool:
        """True when the history is, up to swaps, a run of the graph to a final state."""
        return any(
            self.graph.final[each.state] and not each.ahead and not each.owed
            for each in self.explanations(state)
        )

    def _step(self, state: int, role: int, action: int) -> int:
        found: set[Explanation] = set()
        self.work += len(self._states[state])
        for each in self._states[state]:
            owed = _of(each.owed, role)
            if owed:
                if owed[0] == action:
                    found.add(each._replace(owed=_with(each.owed, role, owed[1:])))
                continue
            ahead = (*_of(each.ahead, role), action)
            found |= self._advanced(each._replace(ahead=_with(each.ahead, role, ahead)))
        alive = [each for each in found if self.is_explainable(each.state, each.ahead)]
        return self._intern(tuple(sorted(alive))) if alive else DEAD

    def _intern(self, explanations: tuple[Explanation, ...]) -> int:
        number = self._index.setdefault(explanations, len(self._states))
        if number == len(self._states):
            self._states.append(explanations)
        return number

    def _advanced(self, start: Explanation) -> set[Explanation]:
        """`start` and what follows from it by events whose sender has performed them.

        An explanation is dropped when every sender at its state has performed an action the run
        lacks, since then the run continues with one of these actions or never explains them.
        """
        graph, event = self.graph, self.event
        kept: set[Explanation] = set()
        seen = {start}
        stack = [start]
        while stack:
            each = stack.pop()
            undecided = graph.first[each.state] == graph.first[each.state + 1]
            for t in range(graph.first[each.state], graph.first[each.state + 1]):
                sent = _of(each.ahead, graph.sender[t])
                if not sent:
                    undecided = True
                elif sent[0] == 2 * event[t]:
                    successor = self._committed(each, t, sent)
                    if successor is not None and successor not in seen:
                        seen.add(successor)
                        stack.append(successor)
            if undecided:
                kept.add(each)
        self.work += len(seen)
        return kept

    def _committed(self, each: Explanation, t: int, sent: Actions) -> Explanation | None:
        """`each` with transition `t` added to its run, whose sender has performed it."""
        sender, receiver = self.graph.sender[t], self.graph.receiver[t]
        receive = 2 * self.event[t] + 1
        ahead, owed = _with(each.ahead, sender, sent[1:]), each.owed
        received = _of(ahead, receiver)
        if not received:
            owed = _with(owed, receiver, (*_of(owed, receiver), receive))
        elif received[0] == receive:
            ahead = _with(ahead, receiver, received[1:])
        else:
            return None
        return Explanation(self.graph.target[t], ahead, owed)

    def is_explainable(self, state: int, ahead: Open) -> bool:
        """True when a run from `state` starts, for every role, with the actions in `ahead`.

        The run may contain events that have not happened. A role with nothing ahead any more is
        free; a message from it cannot be one that its receiver has already taken.
        """
        if not ahead:
            return True
        known = self.explored
        start = (state, ahead)
        if start in known:
            return known[start]
        seen = {start}
        stack = [start]
        while stack:
            for successor in self._continued(*stack.pop()):
                if not successor[1] or known.get(successor):
                    known[start] = True
                    return True
                if successor not in seen and successor not in known:
                    seen.add(successor)
                    stack.append(successor)
        self.work += len(seen)
        known.update(dict.fromkeys(seen, False))
        return False

    def _continued(self, state: int, ahead: Open) -> Iterable[tuple[int, Open]]:
        graph, event = self.graph, self.event
        for t in range(graph.first[state], graph.first[state + 1]):
            sender, receiver = graph.sender[t], graph.receiver[t]
            sent, received = _of(ahead, sender), _of(ahead, receiver)
            if (sent and sent[0] != 2 * event[t]) or (received and received[0] != 2 * event[t] + 1):
                continue
            rest = _with(ahead, sender, sent[1:]) if sent else ahead
            if received:
                rest = _with(rest, receiver, received[1:])
            yield graph.target[t], rest


def is_faithful(graph: ProtocolGraph, steps: Sequence[Step]) -> bool:
    """True when the run `steps` is, up to swaps, a start of a run of `graph`."""
    return monitor_state(FidelityMonitor(graph), steps) != DEAD


def monitor_state(monitor: FidelityMonitor, steps: Sequence[Step]) -> int:
    """The state of `monitor` after `steps`."""
    roles = {role: index for index, role in enumerate(monitor.graph.roles)}
    state = monitor.initial
    for step in steps:
        peer = step.receiver if step.send else step.sender
        action = monitor.action(step.actor, Action(step.send, peer, step.label))
        state = monitor.after(state, roles.get(step.actor, FOREIGN), action)
        if state == DEAD:
            break
    return state


def is_faithful_run(graph: ProtocolGraph, steps: Sequence[Step]) -> bool:
    """`is_faithful` for one long history of a graph in the class, near-linear in its length.

    There the explanation is unique, so it is kept in queues that change, not in a set of values;
    and whether a continuation contains what is ahead need only be asked at the end, since an
    unfaithful history never becomes faithful again.
    """
    monitor = FidelityMonitor(graph)
    roles = {role: index for index, role in enumerate(graph.roles)}
    ahead: dict[int, deque[int]] = {}
    owed: dict[int, deque[int]] = {}
    first, event, state = graph.first, monitor.event, 0
    for step in steps:
        peer = step.receiver if step.send else step.sender
        action = monitor.action(step.actor, Action(step.send, peer, step.label))
        role = roles.get(step.actor, FOREIGN)
        if action == FOREIGN:
            return False
        if owed.get(role):
            if owed[role].popleft() != action:
                return False
            continue
        ahead.setdefault(role, deque()).append(action)
        while first[state] < first[state + 1]:
            sent = ahead.get(graph.sender[first[state]])
            if not sent:
                break
            edges = range(first[state], first[state + 1])
            t = next((t for t in edges if 2 * event[t] == sent[0]), None)
            if t is None:
                return False
            sent.popleft()
            received = ahead.get(graph.receiver[t])
            if not received:
                owed.setdefault(graph.receiver[t], deque()).append(2 * event[t] + 1)
            elif received.popleft() != 2 * event[t] + 1:
                return False
            state = graph.target[t]
    rest = tuple(sorted((role, tuple(actions)) for role, actions in ahead.items() if actions))
    return monitor.is_explainable(state, rest)


def _of(entries: Open, role: int) -> Actions:
    for each, actions in entries:
        if each == role:
            return actions
    return ()


def _with(entries: Open, role: int, actions: Actions) -> Open:
    """`entries` with `actions` for `role`."""
    rest = [entry for entry in entries if entry[0] != role]
    if actions:
        rest.append((role, actions))
        rest.sort()
    return tuple(rest)
