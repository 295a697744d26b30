"""Is a run across sessions one of the machines in its file, and does its end show the fault?

Who may act follows from the definitions: an agent begins a session when those before it are over,
and has then left these permanently.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

from tellverify.evidence import workflow_run_file as form
from tellverify.evidence.recheck.evidence_files import check_source, load
from tellverify.evidence.recheck.graph import require
from tellverify.evidence.workflow_run_file import PartRow, WorkflowRunFile
from tellverify.model.fault import Fault
from tellverify.verdict.extension_sentences import WORKFLOW_SENTENCES

_MOST_CONFIGURATIONS: Final = 50_000
# The code of every obligation that a run across sessions refutes; the last refer to one agent.
_CODES: Final = {
    "session-order": "TV848",
    "labels-apart": "TV851",
    "knows-end": "TV849",
    "knows-outcome": "TV850",
    "abandoned": "TV852",
}
_OF_AGENTS: Final = ("knows-end", "knows-outcome", "abandoned")
_OF_THE_WHOLE: Final = frozenset(_CODES.values()) | {"TV847"}
_Queues: TypeAlias = tuple[tuple[tuple[int, int], tuple[str, ...]], ...]


class Place(NamedTuple):
    """The states of all machines, and the channels that are not empty."""

    states: tuple[int, ...]
    queues: _Queues = ()


def read_workflow_run(path: str) -> WorkflowRunFile:
    """The run in a file in its one form. Raises Rejected."""
    return load(path, WorkflowRunFile, form.WORKFLOW_RUN_SCHEMA, form.write_workflow_run)


def recheck_workflow_run(path: str) -> str:
    """What the file at `path` shows, in words. Raises Rejected."""
    file = read_workflow_run(path)
    home = file.sources[0][0] if file.sources else ""
    evidence = os.path.dirname(os.path.dirname(path)) or "."
    again = f"tellverify workflow check {home} --evidence {evidence}"
    for source, sha256 in file.sources:
        check_source(path, source, sha256, None, again=again)
    run = WorkflowRun(file)
    run.check_obligation()
    for _ in run.steps():
        pass
    run.check_fault()
    return f"{file.workflow}: {file.obligation}: {len(file.run)} steps show {file.fault}"


class WorkflowRun:
    """The machines of a file, and the run as far as it was made. Raises Rejected for bad ones."""

    def __init__(self, file: WorkflowRunFile) -> None:
        self.file = file
        self.parts = file.parts
        for number in range(len(file.parts)):
            self._check_part(number)
        for row in file.sessions:
            known = all(one < len(file.sessions) for one in row.earlier)
            require(known, row.title, "a session before it is unknown")
        require(-1 <= file.leaver < len(file.parts), "leaver", "no such machine")
        require(file.leaves <= len(file.run), "leaves", "behind the end of the run")
        require(all(one < len(file.parts) for one in file.culprits), "culprits", "no such machine")
        require(bool(file.culprits), "culprits", "there are none")
        self._after = [
            [n for n, part in enumerate(self.parts) if number in part.before]
            for number in range(len(self.parts))
        ]
        self._can_go = [_reaching(part, part.goes_on) for part in self.parts]
        self._can_end = [_reaching(part, [*part.goes_on, *part.stops]) for part in self.parts]
        self.at = Place((0,) * len(self.parts))
        self.made = 0

    def _check_part(self, number: int) -> None:
        parts, part = self.parts, self.parts[number]
        name = f"parts[{number}]"
        require(part.session < len(self.file.sessions), name, "no such session")
        require(len(part.held) == len(part.moves), name, "not the bundles of each state")
        size = len(part.moves)
        ends = all(state < size for state in (*part.goes_on, *part.stops))
        require(size > 0 and ends, name, "no such state")
        require(set(part.phases) <= set(part.before), name, "a phase that does not come before")
        for one in part.before:
            known = one < len(parts) and one != number and parts[one].agent == part.agent
            require(known, name, "what comes before is of another agent")
            reached = known and set(parts[one].before) <= set(part.before)
            require(reached, name, "what comes before is not closed")
        for one in part.phases:
            own = self.file.sessions[part.session].workflow
            same = self.file.sessions[parts[one].session].workflow == own
            require(same, name, "a phase of another workflow")
        bundles = len(self.file.bundles)
        require(all(b < bundles for row in part.held for b in row), name, "no such bundle")
        for row in part.moves:
            for kind, peer, _, target in row:
                require(0 < target < size, name, "a move to no state")
                if kind in (form.ASK, form.GRANT):
                    require(peer < bundles, name, "no such bundle")
                else:
                    inside = peer < len(parts) and parts[peer].session == part.session
                    require(inside, name, "a message to another session")

    def check_obligation(self) -> None:
        """The obligation is one that such a run refutes, and all words are its. Raises Rejected."""
        file = self.file
        named, mark, about = file.obligation.partition("[")
        codes = _OF_THE_WHOLE if named == "composition" else {_CODES.get(named, "")}
        known = named == "composition" or named in _CODES
        require(known, "obligation", "no run across sessions refutes it")
        require(bool(mark) == (named in (*_OF_AGENTS, "labels-apart")), "obligation", "of whom?")
        if named in _OF_AGENTS:
            own = {number for number, part in enumerate(self.parts) if _is_of(part.agent, about)}
            require(bool(own), "obligation", "there is no such agent")
            blamed = named != "abandoned" or set(file.culprits) <= own
            require(blamed, "culprits", "not the agent of the obligation")
        leaves = named == "abandoned" or (named == "composition" and file.code == "TV852")
        require((file.leaver >= 0) == leaves, "leaver", "not as the obligation has it")
        require(file.code in codes, "code", f"`{named}` has {' or '.join(sorted(codes))}")
        same = file.statement == WORKFLOW_SENTENCES[named]
        require(same, "statement", f"not that of `{named}`")
        once = len(set(file.culprits)) == len(file.culprits)
        require(once, "culprits", "one is named twice")

    # The run

    def steps(self) -> Iterator[tuple[int, form.MoveRow]]:
        """Every move of the run, made. Raises Rejected at the first that cannot be."""
        for number, index in self.file.run:
            name = f"run[{self.made}]"
            require(number < len(self.parts), name, "no such machine")
            row = self.parts[number].moves[self.at.states[number]]
            require(index < len(row), name, "the machine has no such move here")
            gone = self.made >= self.file.leaves
            after = self._after_move(self.at, number, row[index], gone=gone)
            require(after is not None, name, "the move is not possible here")
            if after is not None:
                self.at = after
            self.made += 1
            yield number, row[index]
        if self.file.leaver >= 0 and self.made == self.file.leaves:
            self.at = self._dropped(self.at)

    def _dropped(self, at: Place) -> Place:
        leaver = self.file.leaver
        return at._replace(queues=tuple(q for q in at.queues if leaver not in q[0]))

    def _after_move(
        self, at: Place, number: int, move: form.MoveRow, *, gone: bool
    ) -> Place | None:
        """What a move leads to; None where it may not be made."""
        leaver = self.file.leaver
        gone = gone and leaver >= 0
        if not self.may_act(at, number) or (gone and number == leaver):
            return None
        kind, peer, label, target = move
        if gone:
            at = self._dropped(at)
        states = (*at.states[:number], target, *at.states[number + 1 :])
        queues = dict(at.queues)
        if kind == form.SEND:
            if not (gone and peer == leaver):
                queues[number, peer] = (*queues.get((number, peer), ()), label)
        elif kind == form.RECEIVE:
            queue = queues.pop((peer, number), ())
            if queue[:1] != (label,):
                return None
            if queue[1:]:
                queues[peer, number] = queue[1:]
        elif kind == form.GRANT and self._is_held(at, peer):
            return None
        return Place(states, tuple(sorted(queues.items())))

    def may_act(self, at: Place, number: int) -> bool:
        """Whether the sessions before are over for the agent, and none behind has begun."""
        if self._is_left(at, number):
            return False
        part = self.parts[number]
        return at.states[number] != 0 or all(
            at.states[one] in self.parts[one].goes_on
            if one in part.phases
            else self._is_final(at, one) or self._may_be_stopped(at, one)
            for one in part.before
        )

    def _is_left(self, at: Place, number: int) -> bool:
        return any(at.states[one] for one in self._after[number])

    def _is_final(self, at: Place, number: int) -> bool:
        part = self.parts[number]
        return at.states[number] in part.goes_on or at.states[number] in part.stops

    def _may_be_stopped(self, at: Place, number: int) -> bool:
        return not at.states[number] and any(
            at.states[one] in self.parts[one].stops for one in self.parts[number].phases
        )

    def _is_held(self, at: Place, bundle: int) -> bool:
        return any(
            bundle in part.held[at.states[number]] and not self._is_left(at, number)
            for number, part in enumerate(self.parts)
        )

    # The fault at the end

    def check_fault(self) -> None:
        """The end of the run shows its fault, of all its culprits. Raises Rejected."""
        shown: dict[str, Callable[[int], bool]] = {
            Fault.INFIDELITY: self._begins_too_much,
            Fault.ORPHAN_MESSAGE: self._leaves_a_message,
            Fault.DEADLOCK: self._is_blocked,
            Fault.STUCK_ROLE: self._is_stuck,
        }
        show = shown.get(self.file.fault)
        require(show is not None, "fault", "no fault of a run across sessions")
        for number in self.file.culprits if show is not None else ():
            part = self.parts[number]
            title = self.file.sessions[part.session].title
            fine = show is not None and show(number)
            require(fine, "fault", f"the end does not show it of `{part.agent}` in `{title}`")

    def _moves(self, at: Place) -> Iterator[tuple[int, Place]]:
        for number, part in enumerate(self.parts):
            for move in part.moves[at.states[number]]:
                after = self._after_move(at, number, move, gone=True)
                if after is not None:
                    yield number, after

    def _is_idle(self) -> bool:
        return next(self._moves(self.at), None) is None

    def _is_cancelled(self, at: Place, session: int) -> bool:
        return any(
            not self._can_go[number][at.states[number]]
            for earlier in self.file.sessions[session].earlier
            for number, part in enumerate(self.parts)
            if part.session == earlier
        )

    def _begins_too_much(self, number: int) -> bool:
        return bool(self.at.states[number]) and self._is_cancelled(
            self.at, self.parts[number].session
        )

    def _leaves_a_message(self, number: int) -> bool:
        ended = self._is_final(self.at, number) and not self._row(number)
        queued = any(receiver == number for (_, receiver), _ in self.at.queues)
        return queued and (ended or self._is_left(self.at, number))

    def _row(self, number: int) -> Sequence[form.MoveRow]:
        return self.parts[number].moves[self.at.states[number]]

    def _is_blocked(self, number: int) -> bool:
        cancelled = not self.at.states[number] and self._is_cancelled(
            self.at, self.parts[number].session
        )
        return self._is_idle() and not self._is_final(self.at, number) and not cancelled

    def _is_stuck(self, number: int) -> bool:
        """It cannot know that nothing more comes, or it never comes to an end."""
        part = self.parts[number]
        if self.file.leaver < 0 and self._is_idle():
            if self._is_final(self.at, number):
                return bool(self._row(number)) and not self._is_left(self.at, number)
            if not self.at.states[number] and self._is_cancelled(self.at, part.session):
                return not any(
                    self.at.states[one] in self.parts[one].stops
                    and self.at.states[one] not in self.parts[one].goes_on
                    for one in part.phases
                )
        if not self.at.states[number] and any(
            not self._can_end[one][self.at.states[one]] for one in part.before
        ):
            return True
        return self._is_never_done(number)

    def _is_never_done(self, number: int) -> bool:
        """No configuration behind the end is one in which the machine is done. Raises Rejected."""
        session = self.parts[number].session
        seen = {self.at}
        work = deque(seen)
        while work:
            at = work.popleft()
            done = self._is_final(at, number) or (
                self.file.leaver < 0
                and not at.states[number]
                and (
                    self._is_cancelled(at, session)
                    or (self.file.sessions[session].endless and self.may_act(at, number))
                )
            )
            if done:
                return False
            for _, after in self._moves(at):
                if after not in seen:
                    seen.add(after)
                    work.append(after)
            require(len(seen) <= _MOST_CONFIGURATIONS, "fault", "too many configurations behind")
        return True


def _is_of(agent: str, about: str) -> bool:
    """Whether an agent is the one in brackets, or a member of that family."""
    return about in (f"{agent}]", f"{agent.partition('[')[0]}]")


def _reaching(part: PartRow, goals: Sequence[int]) -> list[bool]:
    """From which states of a machine one of `goals` is reached."""
    into: list[list[int]] = [[] for _ in part.moves]
    for state, row in enumerate(part.moves):
        for _, _, _, target in row:
            into[target].append(state)
    found = [False] * len(part.moves)
    work = [goal for goal in goals if goal < len(found)]
    while work:
        state = work.pop()
        if not found[state]:
            found[state] = True
            work.extend(into[state])
    return found
