"""Every clause of the rechecker of traces: a well-formed file that is wrong in this clause alone.

Each test states a trace that is accepted, and then one that differs from it in what the clause is
about and in nothing else that another clause looks at.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from test_evidence_replay import machine

from tellverify.evidence.graph_file import GRAPH_SCHEMA, GraphFile, NeutralGraph
from tellverify.evidence.itf import TraceSubject, read_itf
from tellverify.evidence.itf_writing import write_itf
from tellverify.evidence.machines_file import MACHINES_SCHEMA, MachinesFile, row_of
from tellverify.evidence.neutral_machine import machine_of
from tellverify.evidence.recheck.graph import Rejected, check_graph
from tellverify.evidence.recheck.traces import check_trace
from tellverify.model.fault import Fault
from tellverify.model.machine import Machine
from tellverify.model.site import Site
from tellverify.model.step import Step
from tellverify.model.trace import Trace
from tellverify.verdict.properties import PROPERTIES, Property

OBLIGATIONS = {
    Fault.INFIDELITY: ("TV421", "fidelity"),
    Fault.DEADLOCK: ("TV511", "no-deadlock"),
    Fault.UNSPECIFIED_RECEPTION: ("TV513", "no-unspecified-reception"),
    Fault.ORPHAN_MESSAGE: ("TV514", "no-orphan-message"),
    Fault.STUCK_ROLE: ("TV512", "no-stuck-role"),
    Fault.STARVATION: ("TV524", "progress"),
    Fault.UNBOUNDED_QUEUE: ("TV521", "bounded-queues"),
    Fault.NO_TERMINATION: ("TV522", "can-terminate"),
    Fault.ENDLESS_RUN: ("TV523", "terminates"),
}


def graph(events: Sequence[str], final: Sequence[int], roles: str = "ABC") -> NeutralGraph:
    """A graph from events like `0 A B m 1`, in their order."""
    rows = [event.split() for event in events]
    labels = tuple(dict.fromkeys(row[3] for row in rows))
    numbered = [
        (int(s), roles.index(p), roles.index(q), labels.index(m), int(t)) for s, p, q, m, t in rows
    ]
    states = 1 + max(max(event[0], event[4]) for event in numbered)
    return NeutralGraph(tuple(roles), labels, states, tuple(final), numbered)


def steps(words: str, lines: dict[str, int]) -> tuple[Step, ...]:
    """`A!Bm B?Am`: A sends m to B, B takes m from A; `lines` has the line of a label."""
    found = []
    for word in words.split():
        actor, kind, peer, label = word[0], word[1], word[2], word[3:]
        pair = (actor, peer) if kind == "!" else (peer, actor)
        line = lines.get(label, 0)
        found.append(Step(kind == "!", *pair, label, Site("p.tell" if line else "", line=line)))
    return tuple(found)


def graph_file(neutral: NeutralGraph) -> GraphFile:
    """Every event stands in the line of the number of its label, from 1 on."""
    sites = [(0, 1 + event[3]) for event in neutral.events]
    return GraphFile(GRAPH_SCHEMA, [("p.tell", "0" * 64)], "strict", "P", "", neutral, sites)


def said(
    basis: NeutralGraph | Sequence[Machine],
    fault: Fault,
    culprits: str,
    words: str,
    loop: int = -1,
    compared: NeutralGraph | None = None,
    **changes: object,
) -> str:
    """Why the trace is rejected, empty when it is accepted."""
    file: GraphFile | MachinesFile
    if isinstance(basis, NeutralGraph):
        first = check_graph(basis, "graph")
        machines = [machine_of(basis, first, role) for role in range(len(basis.roles))]
        file = graph_file(basis)
        lines = {label: number + 1 for number, label in enumerate(basis.labels)}
    else:
        machines, lines = list(basis), {}
        rows = [row_of(one) for one in machines]
        file = MachinesFile(MACHINES_SCHEMA, "P", [("m.json", "0" * 64)], rows, compared)
    code, obligation = OBLIGATIONS[fault]
    named = str(changes.get("obligation", obligation)).partition("[")[0]
    subject = TraceSubject(
        source="p.tell",
        protocol="P",
        obligation=obligation,
        statement=PROPERTIES[Property(named)].sentence,
        code=code,
        fault=fault,
        culprits=tuple(culprits),
    )
    subject = msgspec.structs.replace(subject, **changes)
    run = Trace(fault, steps(words, lines), tuple(culprits), "", False, loop)
    content = write_itf(run, machines, subject).encode()
    try:
        check_trace(read_itf(content), content, file)
    except Rejected as error:
        return str(error)
    return ""


CROSSED = (machine("A", [("B?x", 1)], []), machine("B", [("A?y", 1)], []), machine("C", []))


def test_the_names_of_a_trace_are_those_of_its_fault() -> None:
    assert said(CROSSED, Fault.DEADLOCK, "AB", "") == ""
    assert said(CROSSED, Fault.DEADLOCK, "AB", "", obligation="implementable") == ""
    assert said(CROSSED, Fault.DEADLOCK, "AB", "", code="TV514").startswith("code: ")
    for other in ("fidelity", "no-stuck-role"):
        wrong = said(CROSSED, Fault.DEADLOCK, "AB", "", obligation=other)
        assert wrong == "obligation: `deadlock` does not refute it"
    wrong = said(CROSSED, Fault.DEADLOCK, "AB", "", statement="No role waits.")
    assert wrong == "statement: not that of `no-deadlock`"
    stuck = said(CROSSED, Fault.STUCK_ROLE, "A", "", obligation="implementable")
    assert stuck == "obligation: `stuck-role` does not refute it"


def test_culprits_are_roles_and_those_of_the_obligation() -> None:
    assert said(CROSSED, Fault.STUCK_ROLE, "A", "", obligation="no-stuck-role[A]") == ""
    assert said(CROSSED, Fault.STUCK_ROLE, "AB", "", obligation="no-stuck-role[A]") == ""
    wrong = said(CROSSED, Fault.STUCK_ROLE, "B", "", obligation="no-stuck-role[A]")
    assert wrong == "culprits: not these roles"
    assert said(CROSSED, Fault.DEADLOCK, "ABX", "") == "culprits: not these roles"
    assert "it must name the roles it is about" in said(CROSSED, Fault.DEADLOCK, "", "")


def test_a_culprit_of_a_deadlock_has_not_finished() -> None:
    assert "a culprit has no part in it" in said(CROSSED, Fault.DEADLOCK, "ABC", "")


def test_every_culprit_is_judged_not_only_one() -> None:
    lost = (machine("A", [("B!x", 1)], []), machine("B", []), machine("C", []))
    assert said(lost, Fault.ORPHAN_MESSAGE, "B", "A!Bx") == ""
    assert said(lost, Fault.ORPHAN_MESSAGE, "C", "A!Bx") != ""
    assert said(lost, Fault.ORPHAN_MESSAGE, "BC", "A!Bx") != ""
    assert said(lost, Fault.ORPHAN_MESSAGE, "B", "") != ""


def test_a_role_that_may_still_send_has_no_unspecified_reception() -> None:
    sends_y = machine("A", [("B!y", 1)], [])
    deaf = (sends_y, machine("B", [("A?x", 1)], []), machine("C", []))
    assert said(deaf, Fault.UNSPECIFIED_RECEPTION, "B", "A!By") == ""
    assert said(deaf, Fault.UNSPECIFIED_RECEPTION, "B", "") != ""
    may_send = (sends_y, machine("B", [("A?x", 1), ("C!z", 1)], []), machine("C", [("B?z", 0)]))
    assert said(may_send, Fault.UNSPECIFIED_RECEPTION, "B", "A!By") != ""
    may_stop = (sends_y, machine("B", [("A?x", 1)], [], final=[0]), machine("C", []))
    assert said(may_stop, Fault.UNSPECIFIED_RECEPTION, "B", "A!By") != ""


def test_only_some_faults_have_a_loop() -> None:
    busy = graph(["0 A B m 0", "0 A B n 1", "1 A C x 2"], [2])
    assert said(busy, Fault.STARVATION, "C", "A!Bm B?Am", 0) == ""
    ping = (machine("A", [("B!m", 0)]), machine("B", [("A?m", 0)], []), machine("C", []))
    assert said(ping, Fault.ENDLESS_RUN, "A", "A!Bm B?Am", 0) == ""
    chatter = (*CROSSED, machine("D", [("E!t", 0)]), machine("E", [("D?t", 0)]))
    wrong = said(chatter, Fault.DEADLOCK, "AB", "D!Et E?Dt", 0)
    assert wrong == "loop: this fault has none"


def test_the_events_stand_in_the_lines_that_are_given() -> None:
    one = graph(["0 A B m 1", "1 B C n 2"], [2])
    file = graph_file(one)
    first = check_graph(one, "graph")
    machines = [machine_of(one, first, role) for role in range(3)]
    code, obligation = OBLIGATIONS[Fault.NO_TERMINATION]
    statement = PROPERTIES[Property.CAN_TERMINATE].sentence
    subject = TraceSubject("p.tell", "P", obligation, statement, code, Fault.NO_TERMINATION)
    for site in (Site("p.tell", line=2), Site("q.tell", line=1), Site()):
        run = Trace(Fault.NO_TERMINATION, (Step(True, "A", "B", "m", site),), (), "", False)
        content = write_itf(run, machines, subject).encode()
        with pytest.raises(Rejected, match="state 1: no such event in that line"):
            check_trace(read_itf(content), content, file)


FLOOD = (machine("A", [("B!m", 0)]), machine("B", [("A?m", 0)]), machine("C", []))


def test_the_queue_that_grows_is_that_of_the_culprits() -> None:
    assert said(FLOOD, Fault.UNBOUNDED_QUEUE, "AB", "A!Bm", 0) == ""
    assert said(FLOOD, Fault.UNBOUNDED_QUEUE, "AB", "A!Bm B?Am A!Bm", 0) == ""
    assert said(FLOOD, Fault.UNBOUNDED_QUEUE, "AB", "A!Bm B?Am", 0) != ""
    two = (
        machine("A", [("B!m", 0), ("C!n", 0)]),
        machine("B", [("A?m", 0)]),
        machine("C", [("A?n", 0)]),
    )
    assert said(two, Fault.UNBOUNDED_QUEUE, "AC", "A!Bm A!Cn B?Am", 0) == ""
    wrong = said(two, Fault.UNBOUNDED_QUEUE, "AB", "A!Bm A!Cn B?Am", 0)
    assert "the queue of the culprits does not grow" in wrong
    wrong = said(two, Fault.UNBOUNDED_QUEUE, "AB", "A!Cn", 0)
    assert "the queue of the culprits does not grow" in wrong


def test_a_loop_that_grows_comes_back_to_its_states() -> None:
    twice = (machine("A", [("B!m", 1)], [("B!m", 2)], []), machine("B", [("A?m", 0)]))
    assert "cannot be repeated" in said(twice, Fault.UNBOUNDED_QUEUE, "AB", "A!Bm", 0)
    assert "cannot be repeated" in said(twice, Fault.UNBOUNDED_QUEUE, "AB", "A!Bm B?Am", 0)
    thrice = (
        machine("A", [("B!m", 1)], [("B!m", 2)], [("B!m", 3)], []),
        machine("B", [("A?m", 0)]),
    )
    assert "cannot be repeated" in said(thrice, Fault.UNBOUNDED_QUEUE, "AB", "A!Bm", 0)


def test_a_queue_that_grows_can_be_served_as_the_loop_takes_from_it() -> None:
    """The loop takes from its queue what its rounds put there, at every position."""
    turns = (
        machine("A", [("B!x", 1)], [("B!x", 2)], [("B!y", 0)]),
        machine("B", [("A?x", 0)], []),
    )
    # B takes an x of each round xxy: first x, then x, and then y is ahead.
    wrong = said(turns, Fault.UNBOUNDED_QUEUE, "AB", "A!Bx A!Bx A!By B?Ax", 0)
    assert "the loop cannot be repeated forever" in wrong


STUCK = (
    machine("A", [("B!again", 0), ("B!stop", 1)], [("C!go", 2)], []),
    machine("B", [("A?again", 0), ("A?stop", 1)], []),
    machine("C", [("A?go", 1)], []),
)


def test_a_starved_role_takes_no_part_and_the_loop_is_fair() -> None:
    again = "A!Bagain B?Aagain"
    assert said(STUCK, Fault.STARVATION, "C", again, 0) == ""
    assert "moves in the loop" in said(STUCK, Fault.STARVATION, "BC", again, 0)
    assert "`B` could move all along" in said(STUCK, Fault.STARVATION, "C", "A!Bagain", 0)
    assert said(STUCK, Fault.STARVATION, "C", "A!Bstop B?Astop", 0) != ""
    assert "`A` can still move" in said(STUCK, Fault.STARVATION, "C", again)
    assert "`C` can still move" in said(STUCK, Fault.STARVATION, "C", "A!Bstop A!Cgo")
    done = f"{again} A!Bstop B?Astop A!Cgo C?Ago"
    assert "`C` has finished" in said(STUCK, Fault.STARVATION, "C", done)


def test_a_role_that_a_choice_keeps_waiting_is_not_stuck() -> None:
    again = "A!Bagain B?Aagain"
    for basis in (STUCK, graph(["0 A B again 0", "0 A B stop 1", "1 A C go 2"], [2])):
        assert "`C` may still be served" in said(basis, Fault.STUCK_ROLE, "C", again, 0)
    busy = ["0 A B go 1", "0 A C done 2", "1 A B again 1", "2 A B fin 3"]
    lost = graph(busy, [3])  # after `go` A never tells C
    assert said(lost, Fault.STUCK_ROLE, "C", "A!Bgo B?Ago A!Bagain B?Aagain", 2) == ""
    told = graph([*busy[:3], "1 A C done 3", busy[3]], [3])
    words = said(told, Fault.STUCK_ROLE, "C", "A!Bgo B?Ago A!Bagain B?Aagain", 2)
    assert "`C` may still be served" in words
    hidden = (  # C takes `a` and then awaits one more, which nobody sends behind `b`
        machine("A", [("B!again", 0)]),
        machine("B", [("A?again", 1)], [("C!a", 2)], [("C!b", 3)], [("A?again", 3)]),
        machine("C", [("B?b", 1), ("B?a", 2)], [("B?b", 1)], [("B?a", 3)], []),
    )
    stem = "A!Bagain B?Aagain B!Ca B!Cb C?Ba"
    assert said(hidden, Fault.STUCK_ROLE, "C", f"{stem} {again}", 5) == ""


def test_a_stuck_role_without_a_loop_cannot_be_served() -> None:
    after = "A!Bstop B?Astop A!Cgo"
    assert "`C` can still move" in said(STUCK, Fault.STUCK_ROLE, "C", after)
    assert "`C` has finished" in said(STUCK, Fault.STUCK_ROLE, "C", f"{after} C?Ago")
    helped = (
        machine("A", [("B?x", 1)], [("C!y", 2)], []),
        machine("B", [("A!x", 1)], []),
        machine("C", [("A?y", 1)], []),
    )
    assert said(helped, Fault.STUCK_ROLE, "C", "") != ""
    assert said(helped, Fault.STUCK_ROLE, "C", "B!Ax") != ""
    left = (machine("A", []), machine("B", [("A?x", 1)], []), machine("C", [("B?y", 1)], []))
    assert said(left, Fault.STUCK_ROLE, "C", "") == ""
    assert said(left, Fault.STUCK_ROLE, "BC", "") == ""


def test_an_endless_run_repeats_with_its_culprits() -> None:
    assert said(FLOOD, Fault.ENDLESS_RUN, "AB", "A!Bm B?Am", 0) == ""
    assert "a culprit has no part in it" in said(FLOOD, Fault.ENDLESS_RUN, "AC", "A!Bm B?Am", 0)
    assert "could move all along" in said(FLOOD, Fault.ENDLESS_RUN, "A", "A!Bm", 0)
    once = (machine("A", [("B!m", 1)], [("B!m", 2)], []), machine("B", [("A?m", 0)]))
    assert "cannot be repeated" in said(once, Fault.ENDLESS_RUN, "AB", "A!Bm B?Am", 0)
    assert said(FLOOD, Fault.ENDLESS_RUN, "AB", "A!Bm B?Am") != ""


ROUNDS = graph(["0 A B m 1", "1 B A n 0"], [], "AB")


def test_a_run_without_an_end_repeats_or_stops_where_none_is_reached() -> None:
    assert said(ROUNDS, Fault.NO_TERMINATION, "", "A!Bm B?Am") == ""
    assert said(ROUNDS, Fault.NO_TERMINATION, "", "A!Bm B?Am B!An A?Bn", 0) == ""
    assert said(ROUNDS, Fault.NO_TERMINATION, "", "A!Bm B?Am B!An A?Bn A!Bm", 1) == ""
    cut = said(ROUNDS, Fault.NO_TERMINATION, "", "A!Bm B?Am", 0)
    assert "the loop does not come back" in cut
    cut = said(ROUNDS, Fault.NO_TERMINATION, "", "A!Bm B?Am B!An", 1)
    assert "the loop does not come back" in cut
    assert "it must name the roles" in said(ROUNDS, Fault.NO_TERMINATION, "A", "A!Bm")


def test_a_loop_without_an_end_leaves_its_queues_as_they_were() -> None:
    flood = graph(["0 A B m 0"], [], "AB")
    assert said(flood, Fault.NO_TERMINATION, "", "A!Bm B?Am", 0) == ""
    assert "the loop does not come back" in said(flood, Fault.NO_TERMINATION, "", "A!Bm", 0)


def test_no_end_can_be_reached_from_the_end_of_the_run() -> None:
    leaves = graph(["0 A B m 1", "0 A B n 2", "1 A B m 1"], [2], "AB")
    assert said(leaves, Fault.NO_TERMINATION, "", "A!Bm B?Am") == ""
    assert "can still reach its end" in said(leaves, Fault.NO_TERMINATION, "", "")
    assert "can still reach its end" in said(leaves, Fault.NO_TERMINATION, "", "A!Bn")
    first = graph(["0 A B m 1", "0 A B n 2", "1 A B m 3", "3 A B n 2"], [2], "AB")
    assert "can still reach its end" in said(first, Fault.NO_TERMINATION, "", "A!Bm A!Bm")


def test_machines_have_no_end_in_reach() -> None:
    ends = (machine("A", [("B!m", 1)], []), machine("B", [("A?m", 1)], []))
    assert "can still reach its end" in said(ends, Fault.NO_TERMINATION, "", "A!Bm")
    waits = (ends[0], machine("B", [("A?m", 1)], [("A?m", 2)], []))
    assert said(waits, Fault.NO_TERMINATION, "", "A!Bm") == ""


PONG = graph(["0 A B m 1", "1 B A n 2"], [2], "AB")


def test_infidelity_is_a_run_that_the_protocol_does_not_have() -> None:
    eager = (
        machine("A", [("B!m", 1)], [("B?n", 2)], []),
        machine("B", [("A!n", 1)], [("A?m", 2)], []),
    )
    assert said(eager, Fault.INFIDELITY, "B", "B!An", compared=PONG) == ""
    assert said(eager, Fault.INFIDELITY, "A", "A!Bm", compared=PONG) != ""
    wrong = said(eager, Fault.INFIDELITY, "AB", "B!An", compared=PONG)
    assert "a culprit has no part in it" in wrong
    assert said(eager, Fault.INFIDELITY, "B", "B!An") != ""  # compared with nothing


def test_infidelity_is_an_end_that_the_protocol_does_not_have() -> None:
    early = (machine("A", [("B!m", 1)], []), machine("B", [("A?m", 1)], []))
    assert said(early, Fault.INFIDELITY, "AB", "A!Bm B?Am", compared=PONG) == ""
    assert said(early, Fault.INFIDELITY, "AB", "A!Bm", compared=PONG) != ""
    ends = graph(["0 A B m 1"], [1], "AB")
    assert said(early, Fault.INFIDELITY, "AB", "A!Bm B?Am", compared=ends) != ""
    longer = graph(["0 A B m 1", "1 A C o 2"], [2], "ABC")
    three = (*early, machine("C", []))
    assert said(three, Fault.INFIDELITY, "ABC", "A!Bm B?Am", compared=longer) == ""


def test_a_file_has_no_other_entries_than_such_a_trace() -> None:
    assert said(CROSSED, Fault.DEADLOCK, "AB", "", explanation="any words", minimal=True) == ""
    machines = list(CROSSED)
    code, obligation = OBLIGATIONS[Fault.DEADLOCK]
    statement = PROPERTIES[Property.NO_DEADLOCK].sentence
    subject = TraceSubject("p.tell", "P", obligation, statement, code, Fault.DEADLOCK, ("A", "B"))
    rows = [row_of(one) for one in machines]
    file = MachinesFile(MACHINES_SCHEMA, "P", [("m.json", "0" * 64)], rows)
    content = write_itf(Trace(Fault.DEADLOCK, (), ("A", "B"), "", False), machines, subject)
    for old, new in (('{"#meta"', '{ "#meta"'), ('"form":"states"', '"form":"changes"')):
        assert content.replace(old, new) != content or old == '{"#meta"'
        changed = content.replace(old, new) if old in content else content + " "
        with pytest.raises(Rejected, match=r"not in canonical form|has the form"):
            check_trace(read_itf(changed), changed.encode(), file)
