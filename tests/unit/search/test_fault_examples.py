"""One small protocol for each fault, with the run and the words that are shown."""

from __future__ import annotations

import pytest
from subset import subset_machines

from tellverify.model.defect import Defect
from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph, graph_from_edges
from tellverify.model.machine import Action, Machine
from tellverify.model.step import Step
from tellverify.model.trace import Trace, Waiting
from tellverify.search.counterexample import SEARCHED, FaultSearch, find_faults
from tellverify.search.traces import awaited, build_trace


def faults(graph: ProtocolGraph, depth_limit: int | None = None) -> FaultSearch:
    return find_faults(
        graph,
        subset_machines(graph),
        wanted=frozenset(SEARCHED),
        depth_limit=depth_limit,
        budget=10_000,
    )


def shown(trace: Trace | None) -> list[str]:
    assert trace is not None
    return [str(step) for step in trace.steps]


# A tells B which way to go, but C has to send in one branch without being told.
UNTOLD = graph_from_edges(
    [
        (0, "A", "B", "go", 1),
        (1, "C", "B", "more", 2),
        (0, "A", "B", "stop", 3),
    ],
    final={2, 3},
)


def test_orphan_message_and_infidelity_of_an_untold_sender() -> None:
    found = faults(UNTOLD)
    orphan = found.trace(Fault.ORPHAN_MESSAGE)
    assert shown(orphan) == ["A!B:stop", "B?A:stop", "C!B:more"]
    assert orphan is not None
    assert orphan.culprits == ("B",)
    assert orphan.queues == (("C", "B", ("more",)),)
    assert orphan.explanation == "`B` has terminated, but `more` from `C` is never received"
    unfaithful = found.trace(Fault.INFIDELITY)
    assert sorted(shown(unfaithful)) == ["A!B:stop", "C!B:more"]
    assert unfaithful is not None and sorted(unfaithful.culprits) == ["A", "C"]
    assert "no run of the protocol allows that" in unfaithful.explanation
    assert found.trace(Fault.DEADLOCK) is None and found.covered(Fault.DEADLOCK).complete


def test_deadlock_of_a_receiver_that_cannot_tell_the_branches_apart() -> None:
    # Through C or at once: B cannot tell, if A's last message overtakes that of C.
    graph = graph_from_edges(
        [
            (0, "A", "C", "detour", 1),
            (1, "C", "B", "go", 2),
            (0, "A", "B", "go", 2),
            (2, "A", "B", "go", 3),
        ],
        final={3},
    )
    trace = faults(graph).trace(Fault.DEADLOCK)
    assert trace is not None
    assert sorted(shown(trace)) == ["A!B:go", "A!C:detour", "B?A:go", "C!B:go", "C?A:detour"]
    assert trace.minimal
    assert trace.culprits == ("B",)
    assert trace.explanation == "no role can act: `B` waits for `go` from `A`"
    assert trace.queues == (("C", "B", ("go",)),)


def test_unspecified_reception_of_a_message_that_overtakes() -> None:
    # C decides by what B says, but A's message may be there first, and of the wrong kind.
    graph = graph_from_edges(
        [
            (0, "A", "B", "one", 1),
            (1, "C", "B", "x", 2),
            (2, "B", "A", "end", 6),
            (0, "A", "B", "two", 3),
            (3, "C", "B", "y", 4),
            (4, "B", "A", "end", 6),
        ],
        final={6},
    )
    found = faults(graph)
    trace = found.trace(Fault.UNSPECIFIED_RECEPTION)
    assert trace is not None
    assert len(trace.steps) == 3
    assert trace.culprits == ("B",)
    assert trace.explanation in (
        "`B` waits for `x` from `C`, but the next message from `C` is `y`",
        "`B` waits for `y` from `C`, but the next message from `C` is `x`",
    )
    deadlock = found.trace(Fault.DEADLOCK)  # A waits too, so all wait while some are unfinished
    assert deadlock is not None and len(deadlock.steps) >= len(trace.steps)


def test_stuck_role_in_an_implementable_protocol() -> None:
    graph = graph_from_edges([(0, "A", "B", "again", 0), (0, "A", "C", "stop", 1)], final={1})
    found = faults(graph, depth_limit=6)
    trace = found.trace(Fault.STUCK_ROLE)
    assert shown(trace) == ["A!C:stop", "C?A:stop"]
    assert trace is not None
    assert trace.culprits == ("B",)
    assert trace.explanation == ("`B` waits for `again` from `A`, but no role can act any more")
    assert trace.waiting == (
        Waiting("A", True),
        Waiting("B", True, (("A", "again"),)),
        Waiting("C", True),
    )
    assert {t.fault for t in found.traces} == {Fault.STUCK_ROLE}
    assert not found.covered(Fault.INFIDELITY).complete
    assert found.covered(Fault.INFIDELITY).depth == 6


def test_stuck_role_beside_a_loop_is_a_lasso() -> None:
    graph = graph_from_edges(
        [
            (0, "A", "C", "start", 1),
            (0, "A", "B", "loop", 2),
            (1, "A", "B", "bye", 4),
            (2, "B", "A", "on", 3),
            (3, "A", "B", "loop", 2),
        ],
        final={4},
    )
    found = faults(graph)
    traces = [trace for trace in found.traces if trace.fault is Fault.STUCK_ROLE]
    assert [trace.culprits for trace in traces] == [("C",)]
    assert traces[0].loop >= 0 and not traces[0].minimal
    assert "`C` waits for `start` from `A` and is never served again" in traces[0].explanation


def test_steps_carry_the_sites_of_their_events() -> None:
    trace = faults(UNTOLD).trace(Fault.ORPHAN_MESSAGE)
    assert trace is not None
    assert [step.site.line for step in trace.steps] == [3, 3, 2]


def test_a_depth_limit_is_reported_and_not_exceeded() -> None:
    found = faults(UNTOLD, depth_limit=1)
    assert not found.traces
    for fault in SEARCHED:
        assert found.covered(fault).depth == 1 and not found.covered(fault).complete
    assert faults(UNTOLD, depth_limit=2).trace(Fault.INFIDELITY) is not None


def test_only_wanted_faults_are_reported() -> None:
    found = find_faults(
        UNTOLD,
        subset_machines(UNTOLD),
        wanted=frozenset({Fault.DEADLOCK}),
        depth_limit=None,
        budget=1_000,
    )
    assert not found.traces and found.histories == 0
    with pytest.raises(KeyError):
        found.covered(Fault.INFIDELITY)


def test_machines_from_elsewhere_are_unfaithful_when_they_do_something_else() -> None:
    graph = graph_from_edges([(0, "A", "B", "x", 1)], final={1})
    sender = Machine("A", (((Action(True, "B", "y"), 1),), ()), (False, True))
    receiver = Machine("B", (((Action(False, "A", "y"), 1),), ()), (False, True))
    found = find_faults(
        graph,
        (sender, receiver),
        wanted=frozenset(SEARCHED),
        depth_limit=None,
        budget=100,
    )
    assert shown(found.trace(Fault.INFIDELITY)) == ["A!B:y"]
    assert len(found.traces) == 1


def test_machines_that_stop_too_early_are_unfaithful() -> None:
    graph = graph_from_edges([(0, "A", "B", "x", 1)], final={1})
    idle = tuple(Machine(role, ((),), (True,)) for role in "AB")
    found = find_faults(graph, idle, wanted=frozenset(SEARCHED), depth_limit=None, budget=100)
    trace = found.trace(Fault.INFIDELITY)
    assert trace is not None and trace.steps == ()
    assert "the protocol has not reached its end" in trace.explanation


def test_machines_that_do_not_fit_together_are_refused() -> None:
    graph = graph_from_edges([(0, "A", "B", "x", 1)], final={1})
    alone = subset_machines(graph)[:1]
    with pytest.raises(ValueError, match="`A` has no peer `B`"):
        find_faults(graph, alone, wanted=frozenset(SEARCHED), depth_limit=None, budget=1)


def test_a_run_that_does_not_replay_is_a_defect() -> None:
    machines = {machine.role: machine for machine in subset_machines(UNTOLD)}
    with pytest.raises(Defect, match="event 0"):
        build_trace(
            Fault.DEADLOCK,
            [Step(False, "A", "B", "go")],
            machines.__getitem__,
            (),
            minimal=True,
            culprits=(),
            explanation="",
        )


def test_what_a_role_awaits_reads_as_a_sentence() -> None:
    one = Waiting("S", False, (("C", "Done"), ("C", "Request"), ("C", "GiveUp")))
    assert awaited(one) == "`Done`, `Request` or `GiveUp` from `C`"
    two = Waiting("S", False, (("C", "Done"), ("C", "Stop"), ("D", "Fail")))
    assert awaited(two) == "`Done` or `Stop` from `C` or `Fail` from `D`"
