"""How a random run ends, and which fault its end shows.

What is said of an end depends on the last configuration and on what has failed, and short runs
often end alike, so a table keeps the first answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from tellverify.model.decision import DecisionKind, DecisionRule
from tellverify.model.fault import Fault
from tellverify.search.run_rows import CompiledRows, WalkRow
from tellverify.search.simulated_run import RunEnding

_MOST_KNOWN: Final = 4_096  # ends that are kept, for each choice of Byzantine roles

Queues: TypeAlias = Sequence[Sequence[int]]


class RunEnd(NamedTuple):
    """The end of a run, the fault that it shows, whom that concerns and the decision broken."""

    ending: RunEnding
    fault: Fault | None = None
    culprits: tuple[str, ...] = ()
    decision: int = -1


class RunJudge:
    """Judges the ends of runs of `compiled`.

    With `engaged_only` a role that has not acted does not count as waiting.
    """

    def __init__(
        self, compiled: CompiledRows, decisions: Sequence[DecisionRule], *, engaged_only: bool
    ) -> None:
        self.compiled = compiled
        self.made = compiled.made
        self.decisions = decisions
        self.engaged_only = engaged_only
        self._known: dict[object, RunEnd] = {}

    def judged(
        self, rows: Sequence[WalkRow], queues: Queues, crashed: Sequence[int], *, goes_on: bool
    ) -> RunEnd:
        """What the last configuration shows; `goes_on`: some role can make a move that is owed."""
        if goes_on:
            return self._judge(rows, queues, crashed, goes_on=True)
        queued = tuple(map(tuple, queues)) if any(queues) else ()
        key = (*rows, queued, *crashed)
        found = self._known.get(key)
        if found is None:
            found = self._judge(rows, queues, crashed, goes_on=False)
            if len(self._known) < _MOST_KNOWN:
                self._known[key] = found
        return found

    def _judge(
        self, rows: Sequence[WalkRow], queues: Queues, crashed: Sequence[int], *, goes_on: bool
    ) -> RunEnd:
        failed = {*crashed, *self.compiled.liars_by_number}
        machines = self.made.machines
        waits = [
            role
            for role, row in enumerate(rows)
            if role not in failed and not machines[role].final[row.state]
        ]
        if goes_on:
            ending = RunEnding.LIMIT
        elif waits:
            ending = RunEnding.WAITING
        else:
            ending = RunEnding.STOPPED if any(queues) else RunEnding.COMPLETE
        return RunEnd(ending, *self._shown(ending, rows, queues, waits, failed))

    def _shown(
        self,
        ending: RunEnding,
        rows: Sequence[WalkRow],
        queues: Queues,
        waits: Sequence[int],
        failed: set[int],
    ) -> tuple[Fault | None, tuple[str, ...], int]:
        """The faults at the end of the run; decisions first, then messages, then who waits."""
        made = self.made
        for number, rule in enumerate(self.decisions):
            marks = [made.marks[role][row.state][number] for role, row in enumerate(rows)]
            if rule.kind is DecisionKind.AGREEMENT and len({*marks} - {0}) > 1:
                return Fault.DISAGREEMENT, (), number
            if rule.kind is DecisionKind.AT_MOST_ONCE and 2 in marks:
                return Fault.REPETITION, (), number
        if ending is RunEnding.LIMIT:
            return None, (), -1
        names = self.compiled.roles
        for role, (row, machine) in enumerate(zip(rows, made.machines, strict=True)):
            gone = machine.final[row.state] and not machine.moves[row.state]
            if gone and role not in failed and self._has_messages(role, queues):
                return Fault.ORPHAN_MESSAGE, (names[role],), -1
        for role in waits:
            if _has_unspecified_reception(rows[role], queues):
                return Fault.UNSPECIFIED_RECEPTION, (names[role],), -1
        for role in waits:
            if not self.engaged_only or made.acted[role][rows[role].state]:
                return Fault.STUCK_ROLE, (names[role],), -1
        return None, (), -1

    def _has_messages(self, role: int, queues: Queues) -> bool:
        return any(
            bool(queues[at])
            for (_, receiver), at in self.compiled.channels.items()
            if receiver == self.compiled.roles[role]
        )


def _has_unspecified_reception(row: WalkRow, queues: Queues) -> bool:
    """True of a role that can only receive, and finds a wrong message wherever it may."""
    if row.free or not row.takes or any(bag for _, _, bag in row.takes):
        return False
    return all(queues[at] and queues[at][0] not in heads for at, heads, _ in row.takes)
