"""Sessions that a join gives up: does every other role of them come to an end by itself?

When a join has what it waits for, or its time is over, the agent that joins leaves the sessions
that are not complete, and their channels are gone with it: messages queued from it or for it are
dropped. The others run on as far as they can, and their timers may fire.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

import msgspec

from tellverify.model.fault import Fault
from tellverify.model.site import Site
from tellverify.model.step import Step
from tellverify.model.trace import Trace, Waiting

StateT = TypeVar("StateT", bound=Hashable)
EventT = TypeVar("EventT")


class AbandonedSearch(msgspec.Struct, frozen=True):
    """A trace for each role that may be left waiting; `is_complete` when all runs were searched."""

    traces: Mapping[str, Trace]
    is_complete: bool


class LeftSession(ABC, Generic[StateT, EventT]):
    """One session that the agent of one role leaves at any time; `others` are the other roles."""

    others: Sequence[str]

    @abstractmethod
    def first(self) -> StateT:
        """The configuration at the beginning."""

    @abstractmethod
    def steps(self, state: StateT, *, gone: bool) -> Iterable[tuple[EventT, StateT | None]]:
        """Every event and what it leads to, None where only the queue bound forbids it."""

    @abstractmethod
    def left(self, state: StateT) -> StateT:
        """The configuration without the messages that are gone with the agent that joins."""

    @abstractmethod
    def may_stop(self, state: StateT, role: str) -> bool:
        """Whether a role may stop where it is."""

    @abstractmethod
    def trace(self, events: Sequence[EventT | None], role: str, *, is_idle: bool) -> Trace:
        """A run after which `role` waits, replayed; None is where the agent that joins leaves.

        When it `is_idle`, no role has an event left. Raises Defect when it does not replay.
        """


def abandoned_roles(session: LeftSession[StateT, EventT], limit: int) -> AbandonedSearch:
    """The roles that do not end when a session is given up, each with a shortest run to a place
    where it waits and nothing happens any more, else to one from which it reaches no end.

    Breadth first, at most `limit` configurations.
    """
    search = _Search(session)
    is_complete = search.run(limit)
    if is_complete:
        search.find_endless()
    return AbandonedSearch(search.found, is_complete and not search.open_ends)


class _Search(Generic[StateT, EventT]):
    """Configurations of a session, each with whether the agent that joins has left it."""

    def __init__(self, session: LeftSession[StateT, EventT]) -> None:
        self._session = session
        start = (session.first(), False)
        self._number: dict[tuple[StateT, bool], int] = {start: 0}
        self._order = [start]
        self._before: list[tuple[int, EventT | None] | None] = [None]
        self._above: list[list[int]] = [[]]
        self.found: dict[str, Trace] = {}
        self.open_ends: set[int] = set()  # where the queue bound ended the search

    def run(self, limit: int) -> bool:
        """Whether all configurations were visited; roles that wait where nothing happens."""
        session = self._session
        for index, (state, gone) in enumerate(self._order):
            steps = list(session.steps(state, gone=gone))
            for event, target in steps:
                if target is None:
                    self.open_ends.add(index)
                else:
                    self._reach(index, event, (target, gone))
            if not gone:
                self._reach(index, None, (session.left(state), True))
            elif not steps:
                for role in session.others:
                    if role not in self.found and not session.may_stop(state, role):
                        self.found[role] = session.trace(self._run_to(index), role, is_idle=True)
            if len(self._order) > limit:
                return False
        return True

    def _reach(self, index: int, event: EventT | None, node: tuple[StateT, bool]) -> None:
        at = self._number.get(node)
        if at is None:
            at = self._number[node] = len(self._order)
            self._order.append(node)
            self._before.append((index, event))
            self._above.append([])
        self._above[at].append(index)

    def find_endless(self) -> None:
        """Roles that are never at an end again, although something happens."""
        session = self._session
        for role in session.others:
            if role in self.found:
                continue
            good = set(self.open_ends)
            for index, (state, gone) in enumerate(self._order):
                if gone and session.may_stop(state, role):
                    good.add(index)
            work = list(good)
            while work:
                for at in self._above[work.pop()]:
                    if at not in good:
                        good.add(at)
                        work.append(at)
            lost = (i for i, (_, gone) in enumerate(self._order) if gone and i not in good)
            index = next(lost, -1)
            if index >= 0:
                self.found[role] = session.trace(self._run_to(index), role, is_idle=False)

    def _run_to(self, index: int) -> list[EventT | None]:
        made: list[EventT | None] = []
        while (step := self._before[index]) is not None:
            made.append(step[1])
            index = step[0]
        return made[::-1]


def left_trace(
    steps: Sequence[Step],
    leaver: str,
    session: str,
    waiting: Waiting,
    place: Site,
    *,
    is_idle: bool,
) -> Trace:
    """The trace of a run of agents in `session`, after which `waiting` tells of the one that is
    left.
    """
    agent = waiting.role
    words = " or ".join(
        f"`{label.rpartition('.')[2]}` from `{peer}`" for peer, label in waiting.awaits
    )
    if is_idle:
        says = f"`{agent}` waits for {words} without a timer"
    else:
        says = f"`{agent}` can never end it"
    return Trace(
        Fault.STUCK_ROLE,
        tuple(steps),
        (agent,),
        f"in `{session}` alone, `{leaver}` gives the session up and {says}",
        True,
        waiting=(Waiting(leaver, True), waiting),
        place=place,
    )
