"""Systems that fall apart into groups, and what bounded searches of a group may claim."""

from __future__ import annotations

from tellverify.evidence.divergence import replay
from tellverify.evidence.trace_replay import fault_shown
from tellverify.model.fault import Fault
from tellverify.model.futures import connected_groups
from tellverify.model.graph import ProtocolGraph, graph_from_edges
from tellverify.model.machine import Action, Machine
from tellverify.search.check_system import SystemCheck, check_system
from tellverify.search.group_answer import Reached, SearchScope
from tellverify.search.sends import longest_burst, most_sent


def machine(role: str, *rows: list[tuple[str, int]], final: tuple[int, ...] = ()) -> Machine:
    """`peer!label` and `peer?label` with their targets; states without moves are final."""
    moves = []
    for row in rows:
        made = []
        for text, target in row:
            send = "!" in text
            peer, label = text.split("!" if send else "?")
            made.append((Action(send, peer, label), target))
        moves.append(tuple(made))
    return Machine(role, tuple(moves), tuple(n in final or not row for n, row in enumerate(moves)))


def checked(*machines: Machine, ends: bool = False, bound: int = 2) -> SystemCheck:
    found = check_system(machines, graph=None, largest_bound=bound, budget=5_000, ends=ends)
    for trace in found.traces:
        made = replay(trace.steps, machines)
        lap = trace.steps[trace.loop :] if trace.loop >= 0 else ()
        shown = (made.configuration, machines, trace.fault, trace.culprits)
        assert made.divergence is None
        assert fault_shown(*shown, lap=lap, judge=lambda: True) == ""
    return found


def faults(found: SystemCheck) -> set[Fault]:
    return {trace.fault for trace in found.traces}


def ticking(number: int = 0) -> tuple[Machine, Machine]:
    """A sender that never waits."""
    feed, sink = f"Feed{number}", f"Sink{number}"
    return (
        machine(feed, [(f"{sink}!t", 0)], final=(0,)),
        machine(sink, [(f"{feed}?t", 0)], final=(0,)),
    )


LATE = (machine("Late", [("Gone?w", 1)], []), machine("Gone", []))
CROSSED = (machine("P", [("Q?x", 1)], []), machine("Q", [("P?y", 1)], []))


def pairs(count: int, messages: int) -> list[Machine]:
    found = []
    for n in range(count):
        rows = [[(f"R{n}!m{k}", k + 1)] for k in range(messages)]
        taken = [[(f"L{n}?m{k}", k + 1)] for k in range(messages)]
        found += [machine(f"L{n}", *rows, []), machine(f"R{n}", *taken, [])]
    return found


def test_groups_are_the_roles_that_exchange_messages() -> None:
    roles = connected_groups((*ticking(), *LATE, machine("Alone", [])))
    assert roles == [("Feed0", "Sink0"), ("Late", "Gone"), ("Alone",)]


def test_a_finite_system_is_decided_with_exact_queues_however_many_groups_it_has() -> None:
    found = checked(*pairs(10, 10))
    assert not found.traces
    assert {reached.scope for reached in found.reached.values()} == {SearchScope.ALL}
    assert dict(found.longest) == {(f"L{n}", f"R{n}"): 10 for n in range(10)}
    assert set(found.roles[Fault.STUCK_ROLE]) == {f"{side}{n}" for side in "LR" for n in range(10)}


def test_a_stream_hides_no_role_that_waits_for_one_that_has_finished() -> None:
    found = checked(*ticking(), *LATE)
    stuck = [trace.culprits for trace in found.traces if trace.fault is Fault.STUCK_ROLE]
    assert stuck == [("Late",)]
    assert Fault.NO_TERMINATION in faults(found)
    assert found.roles[Fault.STUCK_ROLE]["Sink0"].scope is not SearchScope.OPEN


def test_a_stream_within_the_group_hides_it_neither() -> None:
    feed = machine("Feed", [("Sink!t", 0)], final=(0,))
    sink = machine("Sink", [("Feed?t", 0)], final=(0,))
    late = machine("Late", [("Feed?w", 1)], [])
    found = checked(feed, sink, late)
    stuck = [trace.culprits for trace in found.traces if trace.fault is Fault.STUCK_ROLE]
    assert stuck == [("Late",)] and Fault.NO_TERMINATION in faults(found)


def test_what_longer_queues_could_change_is_left_open() -> None:
    sender = machine("A", [("B!t", 1)], [("B!t", 2)], [("B!t", 3)], [("C!w", 0)])
    found = checked(sender, machine("B", []), machine("C", [("A?w", 0)]))
    assert found.roles[Fault.STUCK_ROLE]["C"].scope is SearchScope.OPEN
    assert found.roles[Fault.STUCK_ROLE]["A"].scope is SearchScope.QUEUES
    assert Fault.ORPHAN_MESSAGE in faults(found)


def test_a_bounded_search_shows_the_faults_of_its_configurations() -> None:
    """The fault is deeper than all runs could be searched, since three streams go on beside it."""
    rounds = 20
    call: list[list[tuple[str, int]]] = []
    echo: list[list[tuple[str, int]]] = []
    for n in range(rounds):
        call += [[("Echo!ping", 2 * n + 1)], [("Echo?pong", 2 * n + 2)]]
        echo += [[("Call?ping", 2 * n + 1)], [("Call!pong", 2 * n + 2)]]
    call += [[("Echo!bad", 2 * rounds + 1)], [("Sink!t", 2 * rounds + 1)]]
    echo += [[("Call?good", 2 * rounds + 1)], []]
    streams = [machine(f"S{n}", [("Sink!t", 0)]) for n in range(3)]
    sink = machine("Sink", [("Call?t", 0), *((f"S{n}?t", 0) for n in range(3))])
    found = checked(machine("Call", *call), machine("Echo", *echo), *streams, sink)
    (trace,) = [t for t in found.traces if t.fault is Fault.UNSPECIFIED_RECEPTION]
    assert trace.culprits == ("Echo",) and not trace.minimal


def test_a_deadlock_needs_every_group_to_come_to_rest() -> None:
    alone = checked(*CROSSED)
    beside = checked(*CROSSED, *pairs(1, 2))
    never = checked(
        *CROSSED, machine("U", [("V!t", 1)], [("V?t", 0)]), machine("V", [("U?t", 1)], [("U!t", 0)])
    )
    assert [len(t.steps) for t in alone.traces if t.fault is Fault.DEADLOCK] == [0]
    (whole,) = [t for t in beside.traces if t.fault is Fault.DEADLOCK]
    assert len(whole.steps) == 4 and whole.culprits == ("P", "Q") and whole.minimal
    assert Fault.DEADLOCK not in faults(never) and {Fault.STUCK_ROLE} <= faults(never)
    assert never.reached[Fault.DEADLOCK].scope is SearchScope.ALL


def test_a_message_to_a_terminated_role_is_shown_while_others_go_on() -> None:
    found = checked(*ticking(), machine("A", [("B!x", 1)], []), machine("B", []))
    (orphan,) = [t for t in found.traces if t.fault is Fault.ORPHAN_MESSAGE]
    assert orphan.culprits == ("B",) and len(orphan.steps) == 1


def test_compatibility_is_tried_up_to_the_longest_burst() -> None:
    """Both send ten messages before they take any, so no smaller bound makes them compatible."""
    ends = []
    for me, peer in (("A", "B"), ("B", "A")):
        rows = [[(f"{peer}!{me}{n}", n + 1)] for n in range(10)]
        rows += [[(f"{peer}?{peer}{n}", (n + 11) % 20)] for n in range(10)]
        ends.append(machine(me, *rows))
    logs = machine("Log", [("A?l", 0)])
    first = Machine("A", (((Action(True, "Log", "l"), 0),),), (False,))
    found = checked(*ends)
    assert found.reached[Fault.DEADLOCK].scope is SearchScope.ALL
    assert dict(found.longest) == {("A", "B"): 20, ("B", "A"): 20}
    streaming = checked(first, logs)
    assert streaming.reached[Fault.DEADLOCK].scope is SearchScope.COMPATIBLE
    assert Fault.UNBOUNDED_QUEUE in faults(streaming)


def test_acyclic_machines_bound_their_own_queues() -> None:
    forked = machine("A", [("B!x", 1), ("B!y", 2)], [("B!x", 2)], [("C!z", 3)], [])
    assert most_sent(forked) == {"B": 2, "C": 1}
    looping = machine("A", [("B!x", 0), ("C!z", 1)], [("C!z", 2)], [])
    assert most_sent(looping) == {"B": None, "C": 2}
    assert longest_burst(forked) == 2 and longest_burst(machine("A", [])) == 0
    many = machine("M", *[[("N!k", n + 1)] for n in range(9)], [])
    wide = [*pairs(1, 3), many, machine("N", [])]
    assert dict(checked(*wide).longest)["M", "N"] == 9


def test_alike_groups_keep_their_own_names() -> None:
    found = checked(*pairs(3, 2), *CROSSED)
    (deadlock,) = [t for t in found.traces if t.fault is Fault.DEADLOCK]
    senders = {step.sender for step in deadlock.steps}
    assert senders == {"L0", "L1", "L2"} and deadlock.culprits == ("P", "Q")


def test_runs_that_never_end_are_found_where_queues_grow() -> None:
    found = checked(machine("A", [("B!x", 0)]), machine("B", [("A?y", 0)]), ends=True)
    assert Fault.ENDLESS_RUN in faults(found)
    assert isinstance(found.reached[Fault.ENDLESS_RUN], Reached)


def test_a_role_without_a_move_that_has_not_finished_is_stuck() -> None:
    lost = Machine("Lost", (((Action(True, "B", "x"), 1),), ()), (False, False))
    found = checked(*ticking(), lost, machine("B", [("Lost?x", 1)], []))
    (stuck,) = [t for t in found.traces if t.fault is Fault.STUCK_ROLE]
    assert stuck.culprits == ("Lost",)
    assert stuck.explanation == "`Lost` has not terminated and has no further action"


def test_a_queue_grows_behind_a_burst_that_nobody_takes() -> None:
    """And the search goes on to what the receiver does only after the burst."""
    burst = 12
    rows = [[("Sink!t", n + 1)] for n in range(burst)]
    feed = machine("Feed", *rows, [("Sink!t", burst), ("Sink?stop", burst + 1)], [])
    sink = machine("Sink", [("Feed?t", 1)], [("Feed!stop", 2)], [("Feed?t", 2)], final=(2,))
    found = checked(feed, sink)
    (growth,) = (trace for trace in found.traces if trace.fault is Fault.UNBOUNDED_QUEUE)
    assert growth.culprits == ("Feed", "Sink")
    assert len(growth.steps[: growth.loop]) >= burst
    assert found.reached[Fault.ORPHAN_MESSAGE].bound > burst


def funnel(count: int, messages: int, *, extra: str = "") -> list[Machine]:
    """Pairs of roles, each of which tells one hub when it is done; `extra` spoils the last pair."""
    found = []
    for n in range(count):
        sent = [[(f"R{n}!m{k}", k + 1)] for k in range(messages)]
        taken = [[(f"L{n}?m{k}", k + 1)] for k in range(messages)]
        is_last = n == count - 1
        told = [(f"L{n}?more", messages + 1)] if extra == "waits" and is_last else []
        told = told or [("Hub!done", messages + 1)]
        again = [(f"R{n}!m0", 1)] if extra == "loops" and is_last else []
        found += [
            machine(f"L{n}", *sent, again, final=(messages,)),
            machine(f"R{n}", *taken, told, [(f"L{n}?m0", 1)] if again else []),
        ]
    return [*found, machine("Hub", *([(f"R{n}?done", n + 1)] for n in range(count)), [])]


ENDING = (Fault.DEADLOCK, Fault.STUCK_ROLE, Fault.NO_TERMINATION)


def within(budget: int, *machines: Machine) -> SystemCheck:
    return check_system(machines, graph=None, largest_bound=2, budget=budget, ends=True)


def test_where_every_run_ends_its_ends_decide_about_stuck_roles() -> None:
    """The system is too large to be searched whole; one run of each kind shows all its ends."""
    small = within(100_000, *funnel(2, 2))
    assert not small.traces and small.reached[Fault.STUCK_ROLE].scope is SearchScope.ALL
    large = within(2_000, *funnel(5, 4))
    assert not large.traces
    assert {large.reached[fault].scope for fault in ENDING} == {SearchScope.ENDINGS}
    assert {each.scope for each in large.roles[Fault.STUCK_ROLE].values()} == {SearchScope.ENDINGS}


def test_ends_that_are_bad_or_missing_decide_nothing() -> None:
    waiting = within(2_000, *funnel(5, 4, extra="waits"))
    assert Fault.DEADLOCK in faults(waiting)
    assert waiting.reached[Fault.STUCK_ROLE].scope is not SearchScope.ENDINGS
    endless = within(2_000, *funnel(5, 4, extra="loops"))
    assert endless.reached[Fault.STUCK_ROLE].scope is not SearchScope.ENDINGS
    assert endless.reached[Fault.NO_TERMINATION].scope is not SearchScope.ENDINGS


def lines(count: int, messages: int) -> ProtocolGraph:
    """What `pairs` do, one pair after the other."""
    edges = [(n, k) for n in range(count) for k in range(messages)]
    told = [(state, f"L{n}", f"R{n}", f"m{k}", state + 1) for state, (n, k) in enumerate(edges)]
    return graph_from_edges(told, final={len(told)})


def compared(machines: list[Machine], graph: ProtocolGraph, budget: int) -> SystemCheck:
    return check_system(machines, graph=graph, largest_bound=4, budget=budget, ends=False)


def test_where_runs_are_too_many_histories_with_short_queues_are_compared() -> None:
    """With queues of one message there are 343 configurations, with any 1,000."""
    whole = compared(pairs(3, 3), lines(3, 3), 100_000).reached[Fault.INFIDELITY]
    assert (whole.scope, whole.configurations) == (SearchScope.ALL, 1_000)
    for budget in (1_600, 2_400):
        found = compared(pairs(3, 3), lines(3, 3), budget)
        reached = found.reached[Fault.INFIDELITY]
        assert Fault.INFIDELITY not in faults(found)
        assert (reached.scope, reached.bound, reached.configurations) == (
            SearchScope.QUEUES,
            1,
            343,
        )
    runs = compared(pairs(3, 3), lines(3, 3), 1_000).reached[Fault.INFIDELITY]
    assert (runs.scope, runs.depth) == (SearchScope.RUNS, 6)


def test_a_history_that_is_none_is_found_where_runs_are_too_many() -> None:
    """The last pair has one message more, behind all others of it; the run may not be shortest."""
    taken = [[(f"L3?m{k}", k + 1)] for k in range(3)]
    sent = [[(f"R3!m{k}", k + 1)] for k in range(3)]
    right = machine("R3", *taken, [("L3!more", 4)], [])
    left = machine("L3", *sent, [("R3?more", 4)], [], final=(3,))
    machines = [*pairs(3, 3), left, right]
    found = compared(machines, lines(4, 3), 1_600)
    assert found.reached[Fault.INFIDELITY].scope is SearchScope.RUNS
    (trace,) = [trace for trace in found.traces if trace.fault is Fault.INFIDELITY]
    assert [step.label for step in trace.steps if step.actor == "R3"] == ["m0", "m1", "m2", "more"]
    assert not trace.minimal
    assert Fault.INFIDELITY not in faults(compared(machines, lines(4, 3), 1_000))


def test_whether_every_run_ends_is_answered_only_where_it_is_asked() -> None:
    for budget in (2_000, 100_000):
        machines = funnel(5, 4) if budget < 10_000 else funnel(2, 2)
        asked = within(budget, *machines)
        found = check_system(machines, graph=None, largest_bound=2, budget=budget, ends=False)
        assert Fault.ENDLESS_RUN in asked.reached and Fault.NO_TERMINATION in asked.reached
        assert Fault.ENDLESS_RUN not in found.reached
