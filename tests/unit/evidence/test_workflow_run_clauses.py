"""Runs across sessions: for each clause one file that is wrong in this clause alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import pytest
from msgspec import structs

from tellverify.evidence.recheck.graph import Rejected
from tellverify.evidence.recheck.workflow_runs import WorkflowRun
from tellverify.evidence.workflow_run_file import (
    ASK,
    GRANT,
    RECEIVE,
    SEND,
    MoveRow,
    PartRow,
    SessionRow,
    WorkflowRunFile,
)
from tellverify.model.fault import Fault

Steps: TypeAlias = Sequence[tuple[int, int]]

SESSIONS = [
    SessionRow("one", "w", [], False),
    SessionRow("two", "w", [0], False),
    SessionRow("other", "v", [], False),
]


def part(
    session: int, role: str, agent: str, *moves: list[MoveRow], **more: list[int] | list[list[int]]
) -> PartRow:
    rows = [list(row) for row in moves]
    given: dict[str, Any] = {
        "goes_on": [len(rows) - 1],
        "stops": [],
        "held": [[] for _ in rows],
        "before": [],
        "phases": [],
        **more,
    }
    return PartRow(session, role, agent, rows, **given)


# Ann tells Bob in the first session and again in the second, each in its phases.
ANN = part(0, "A", "ann", [(SEND, 1, "x", 1)], [])
BOB = part(0, "B", "bob", [(RECEIVE, 0, "x", 1)], [])
ANN_TOO = part(1, "A", "ann", [(SEND, 3, "y", 1)], [], before=[0], phases=[0])
BOB_TOO = part(1, "B", "bob", [(RECEIVE, 2, "y", 1)], [], before=[1], phases=[1])
PARTS = [ANN, BOB, ANN_TOO, BOB_TOO]
BASE = WorkflowRunFile(
    "", "w", "session-order", "", "", "", [1], "", True, "", [], SESSIONS, ["k", "l"], PARTS, []
)


def steps(file: WorkflowRunFile, *run: tuple[int, int]) -> WorkflowRun:
    found = WorkflowRun(structs.replace(file, run=list(run)))
    assert len(list(found.steps())) == len(run)
    return found


def refused(file: WorkflowRunFile, *run: tuple[int, int]) -> str:
    with pytest.raises(Rejected) as found:
        steps(file, *run)
    return str(found.value)


def with_part(number: int, **changes: Any) -> WorkflowRunFile:
    parts = [*PARTS]
    parts[number] = structs.replace(parts[number], **changes)
    return structs.replace(BASE, parts=parts)


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (with_part(3, held=[[]]), "not the bundles of each state"),
        (with_part(3, held=[[], [], []]), "not the bundles of each state"),
        (with_part(3, goes_on=[2]), "no such state"),
        (with_part(3, stops=[1, 2]), "no such state"),
        (with_part(3, moves=[], held=[], goes_on=[]), "no such state"),
        (with_part(3, before=[]), "a phase that does not come before"),
        (with_part(3, before=[0], phases=[]), "what comes before is of another agent"),
        (with_part(3, before=[1, 3]), "what comes before is of another agent"),
        (with_part(3, before=[1, 4]), "what comes before is of another agent"),
        (with_part(3, held=[[], [2]]), "no such bundle"),
        (with_part(3, moves=[[(RECEIVE, 2, "y", 2)], []]), "a move to no state"),
        (with_part(3, moves=[[(RECEIVE, 2, "y", 0)], []]), "a move to no state"),
        (with_part(3, moves=[[(ASK, 2, "", 1)], []]), "no such bundle"),
        (with_part(3, moves=[[(GRANT, 2, "", 1)], []]), "no such bundle"),
        (with_part(3, moves=[[(RECEIVE, 0, "y", 1)], []]), "a message to another session"),
        (with_part(3, moves=[[(RECEIVE, 4, "y", 1)], []]), "a message to another session"),
    ],
)
def test_one_wrong_clause_of_a_machine(file: WorkflowRunFile, why: str) -> None:
    """The last one of the list."""
    steps(BASE, (0, 0))
    assert refused(file) == f"parts[3]: {why}"


def test_what_comes_before_is_closed_and_in_sessions_of_one_workflow() -> None:
    lost = structs.replace(BASE, parts=[*PARTS, part(3, "C", "eve", [])])
    assert refused(lost) == "parts[4]: no such session"
    third = part(2, "A", "ann", [(SEND, 5, "z", 1)], [], before=[2])
    fourth = part(2, "B", "bob", [(RECEIVE, 4, "z", 1)], [])
    file = structs.replace(BASE, parts=[*PARTS, third, fourth])
    assert refused(file) == "parts[4]: what comes before is not closed"
    closed = structs.replace(third, before=[0, 2])
    steps(structs.replace(BASE, parts=[*PARTS, closed, fourth]))
    phases = structs.replace(closed, phases=[0])
    file = structs.replace(BASE, parts=[*PARTS, phases, fourth])
    assert refused(file) == "parts[4]: a phase of another workflow"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"sessions": [*SESSIONS[:2], SessionRow("other", "v", [0, 3], False)]},
            "before it is unknown",
        ),
        ({"leaver": -2}, "no such machine"),
        ({"leaver": 4}, "no such machine"),
        ({"leaves": 1}, "behind the end of the run"),
        ({"culprits": [1, 4]}, "no such machine"),
        ({"culprits": []}, "there are none"),
    ],
)
def test_one_wrong_clause_of_the_file(changes: dict[str, Any], why: str) -> None:
    assert why in refused(structs.replace(BASE, **changes))


def test_an_agent_begins_a_session_when_those_before_are_over() -> None:
    assert "not possible here" in refused(BASE, (2, 0))
    assert "not possible here" in refused(BASE, (0, 0), (2, 0), (3, 0))  # Bob is not that far
    steps(BASE, (0, 0), (2, 0), (1, 0), (3, 0))
    # Ann has left the first session for good once she is in the second.
    goes_on = part(0, "A", "ann", [(SEND, 1, "x", 1)], [(SEND, 1, "x", 2)], [], goes_on=[1, 2])
    file = structs.replace(BASE, parts=[goes_on, *PARTS[1:]])
    steps(file, (0, 0), (0, 0), (2, 0))
    assert "not possible here" in refused(file, (0, 0), (2, 0), (0, 0))


def test_only_what_goes_on_lets_a_later_phase_begin() -> None:
    """Where the session ends the workflow, its next phase does not begin; another workflow does."""
    stops = structs.replace(ANN, goes_on=[], stops=[1])
    other = [
        part(2, "A", "ann", [(SEND, 5, "z", 1)], [], before=[0]),
        part(2, "B", "bob", [(RECEIVE, 4, "z", 1)], []),
    ]
    file = structs.replace(BASE, parts=[stops, *PARTS[1:], *other])
    assert "not possible here" in refused(file, (0, 0), (2, 0))
    steps(file, (0, 0), (4, 0), (5, 0))
    assert "not possible here" in refused(file, (4, 0))


def test_messages_come_in_order_and_are_there_to_be_taken() -> None:
    assert "not possible here" in refused(BASE, (1, 0))
    twice = part(0, "A", "ann", [(SEND, 1, "x", 1)], [(SEND, 1, "w", 2)], [])
    takes = part(
        0, "B", "bob", [(RECEIVE, 0, "x", 1), (RECEIVE, 0, "w", 1)], [(RECEIVE, 0, "w", 2)], []
    )
    file = structs.replace(BASE, parts=[twice, takes, *PARTS[2:]])
    steps(file, (0, 0), (0, 0), (1, 0), (1, 0))
    assert "not possible here" in refused(file, (0, 0), (0, 0), (1, 1))
    assert "no such move" in refused(file, (0, 1))
    assert "no such machine" in refused(file, (4, 0))


def test_a_bundle_is_granted_once_it_is_held_by_nobody() -> None:
    holder = part(
        0, "A", "ann", [(GRANT, 0, "", 1)], [(SEND, 1, "x", 2)], [], held=[[], [0, 1], []]
    )
    asks = part(0, "B", "bob", [(GRANT, 1, "", 1)], [(RECEIVE, 0, "x", 2)], [], held=[[], [1], []])
    file = structs.replace(BASE, parts=[holder, asks])
    assert "not possible here" in refused(file, (0, 0), (1, 0))
    steps(file, (0, 0), (0, 0), (1, 0))
    # The second one does not ask for what the first one took: another bundle is free.
    free = structs.replace(holder, held=[[], [0], []])
    steps(structs.replace(BASE, parts=[free, asks]), (0, 0), (1, 0))
    # To ask is possible while somebody holds it.
    waits = part(0, "B", "bob", [(ASK, 1, "", 1)], [])
    steps(structs.replace(BASE, parts=[holder, waits]), (0, 0), (1, 0))


def test_who_leaves_makes_no_move_and_gets_no_message() -> None:
    gone = structs.replace(BASE, leaver=1, leaves=1)
    assert steps(gone, (0, 0)).at.queues == ()
    assert steps(structs.replace(BASE, leaver=-1), (0, 0)).at.queues == (((0, 1), ("x",)),)
    assert "not possible here" in refused(gone, (0, 0), (1, 0))
    early = structs.replace(BASE, leaver=1, leaves=0)
    assert steps(early, (0, 0)).at.queues == ()
    late = structs.replace(BASE, leaver=1, leaves=2)
    assert steps(late, (0, 0), (1, 0)).at.states == (1, 1, 0, 0)
    # What another one gets stays.
    first = steps(structs.replace(BASE, leaver=0, leaves=1), (0, 0))
    assert first.at.queues == ()
    both = steps(structs.replace(BASE, leaver=1, leaves=1), (0, 0), (2, 0))
    assert both.at.queues == (((2, 3), ("y",)),)


def shows(file: WorkflowRunFile, fault: Fault, *culprits: int, run: Steps = ()) -> None:
    at_fault = structs.replace(file, fault=fault, culprits=list(culprits))
    steps(at_fault, *run).check_fault()


def hides(file: WorkflowRunFile, fault: Fault, *culprits: int, run: Steps = ()) -> None:
    with pytest.raises(Rejected, match="does not show it"):
        shows(file, fault, *culprits, run=run)


def of(*parts: PartRow, **changes: Any) -> WorkflowRunFile:
    return structs.replace(BASE, parts=list(parts), **changes)


# The same two sessions, the second one begun by Bob, whatever Ann has done in the first.
BEGINS = part(1, "B", "bob", [(SEND, 2, "y", 1)], [], before=[1], phases=[1])
WAITS = part(1, "A", "ann", [(RECEIVE, 3, "y", 1)], [], before=[0], phases=[0])
ENDS = structs.replace(ANN, goes_on=[], stops=[1])
TOLD: Steps = ((0, 0), (1, 0))


def test_a_session_that_was_ended_before_it_began() -> None:
    """Ann ends the workflow, and Bob begins the next session all the same."""
    run = (*TOLD, (3, 0))
    shows(of(ENDS, BOB, WAITS, BEGINS), Fault.INFIDELITY, 3, run=run)
    hides(of(ENDS, BOB, WAITS, BEGINS), Fault.INFIDELITY, 2, run=run)  # has not begun
    hides(of(ENDS, BOB, WAITS, BEGINS), Fault.INFIDELITY, 3, 2, run=run)
    hides(of(ENDS, BOB, WAITS, BEGINS), Fault.INFIDELITY, 3, run=TOLD)
    hides(of(ANN, BOB, WAITS, BEGINS), Fault.INFIDELITY, 3, run=run)  # Ann goes on
    both = structs.replace(ANN, stops=[1])
    hides(of(both, BOB, WAITS, BEGINS), Fault.INFIDELITY, 3, run=run)  # she may do either
    apart = [SESSIONS[0], SessionRow("two", "w", [], False), SESSIONS[2]]
    hides(of(ENDS, BOB, WAITS, BEGINS, sessions=apart), Fault.INFIDELITY, 3, run=run)


def test_a_message_that_nobody_takes_any_more() -> None:
    gone = part(0, "B", "bob", [])
    shows(of(ANN, gone), Fault.ORPHAN_MESSAGE, 1, run=[(0, 0)])
    hides(of(ANN, gone), Fault.ORPHAN_MESSAGE, 1)  # nothing was sent
    hides(of(ANN, gone), Fault.ORPHAN_MESSAGE, 0, run=[(0, 0)])  # to Bob, not to Ann
    hides(of(ANN, BOB), Fault.ORPHAN_MESSAGE, 1, run=[(0, 0)])  # Bob still takes it
    lost = part(0, "B", "bob", [], goes_on=[])
    hides(of(ANN, lost), Fault.ORPHAN_MESSAGE, 1, run=[(0, 0)])  # Bob may not stop
    # Bob may stop or take it; he has left the session once he is in the next one.
    may = structs.replace(BOB, goes_on=[0, 1])
    alone = structs.replace(BEGINS, moves=[[(SEND, 2, "y", 1)], []])
    hides(of(ANN, may, WAITS, alone), Fault.ORPHAN_MESSAGE, 1, run=[(0, 0)])
    shows(of(ANN, may, WAITS, alone), Fault.ORPHAN_MESSAGE, 1, run=[(0, 0), (3, 0)])


def test_machines_that_wait_for_each_other() -> None:
    left = part(0, "A", "ann", [(RECEIVE, 1, "x", 1)], [])
    shows(of(left, BOB), Fault.DEADLOCK, 0, 1)
    hides(of(ANN, BOB), Fault.DEADLOCK, 1)  # Ann may send
    resting = structs.replace(left, goes_on=[0, 1])
    shows(of(resting, BOB), Fault.DEADLOCK, 1)
    hides(of(resting, BOB), Fault.DEADLOCK, 0, 1)  # Ann may stop
    stopped = structs.replace(left, goes_on=[1], stops=[0])
    hides(of(stopped, BOB), Fault.DEADLOCK, 0, 1)
    # Ann has ended the workflow: who has not begun the next session does not wait in it.
    blocked = structs.replace(BEGINS, moves=[[(RECEIVE, 2, "y", 1)], []])
    hides(of(ENDS, BOB, WAITS, blocked), Fault.DEADLOCK, 3, run=TOLD)
    shows(of(ANN, BOB, WAITS, blocked), Fault.DEADLOCK, 2, 3, run=TOLD)


def test_who_cannot_know_that_nothing_more_comes() -> None:
    """Nothing moves, and Bob may stop as well as take a message."""
    silent = part(0, "A", "ann", [])
    listens = structs.replace(BOB, goes_on=[0, 1])
    shows(of(silent, listens), Fault.STUCK_ROLE, 1)
    hides(of(silent, part(0, "B", "bob", [])), Fault.STUCK_ROLE, 1)  # nothing can come
    hides(of(ANN, listens), Fault.STUCK_ROLE, 1)  # something may still come
    # Who is in the next session has left this one.
    ahead = part(1, "B", "bob", [(ASK, 0, "", 1)], [], before=[1], phases=[1])
    other = part(1, "A", "ann", [], before=[0], phases=[0])
    hides(of(silent, listens, other, ahead), Fault.STUCK_ROLE, 1, run=[(3, 0)])


def test_who_is_not_told_that_the_next_session_does_not_come() -> None:
    """Ann ends the workflow; Bob goes on to a session that never begins, or ends as well."""
    waits = part(1, "B", "bob", [(RECEIVE, 2, "y", 1)], [], before=[1], phases=[1])
    shows(of(ENDS, BOB, WAITS, waits), Fault.STUCK_ROLE, 3, run=TOLD)
    knows = structs.replace(BOB, goes_on=[], stops=[1])
    hides(of(ENDS, knows, WAITS, waits), Fault.STUCK_ROLE, 3, run=TOLD)
    either = structs.replace(BOB, stops=[1])
    shows(of(ENDS, either, WAITS, waits), Fault.STUCK_ROLE, 3, run=TOLD)


def test_who_never_comes_to_an_end() -> None:
    """Ann talks to Eve without end, and Bob waits in vain; who may still be served is not stuck."""
    talks = part(0, "A", "ann", [(SEND, 2, "x", 1)], [(SEND, 2, "x", 1)], goes_on=[1])
    eve = part(0, "C", "eve", [(RECEIVE, 0, "x", 1)], [(RECEIVE, 0, "x", 1)], goes_on=[1])
    answers = part(0, "A", "ann", [(SEND, 1, "x", 1)], [(SEND, 2, "x", 2)], [], goes_on=[2])
    once = part(0, "C", "eve", [(RECEIVE, 0, "x", 1)], [], goes_on=[1])
    shows(of(structs.replace(ANN, moves=[[], []], goes_on=[0]), BOB, once), Fault.STUCK_ROLE, 1)
    hides(of(answers, BOB, once), Fault.STUCK_ROLE, 1)
    hides(of(answers, BOB, once), Fault.STUCK_ROLE, 2)
    hides(of(talks, eve, once), Fault.STUCK_ROLE, 0)


def test_a_later_session_of_which_an_earlier_one_never_ends() -> None:
    """Bob waits in vain in the first session, so that he never begins the second."""
    silent = part(0, "A", "ann", [])
    lonely = structs.replace(BEGINS, before=[1], phases=[1])
    shows(of(silent, BOB, WAITS, lonely), Fault.STUCK_ROLE, 3)
    hides(BASE, Fault.STUCK_ROLE, 3)  # he may still begin it
    hides(BASE, Fault.STUCK_ROLE, 3, run=[(0, 0)])
    trapped = part(0, "B", "bob", [(RECEIVE, 0, "x", 1)], [(RECEIVE, 0, "w", 1)], goes_on=[])
    shows(of(ANN, trapped, WAITS, lonely), Fault.STUCK_ROLE, 3)


def test_only_faults_of_runs_across_sessions_are_shown() -> None:
    file = structs.replace(BASE, fault="no-such-fault", culprits=[1])
    with pytest.raises(Rejected, match="no fault of a run across sessions"):
        steps(file).check_fault()
