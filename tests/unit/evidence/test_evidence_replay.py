"""Replay agrees with the reference semantics, and ends show what is claimed of them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tellverify.evidence.divergence import replay
from tellverify.evidence.trace_replay import fault_shown
from tellverify.model.configuration import Configuration
from tellverify.model.fault import Fault
from tellverify.model.machine import Action, Machine
from tellverify.model.semantics import System
from tellverify.model.step import Step


def machine(role: str, *states: Sequence[tuple[str, int]], final: Sequence[int] = ()) -> Machine:
    """A machine from rows of `("B!m", target)`; states without moves are final."""
    rows = tuple(
        tuple(
            (Action("!" in text, *text.replace("?", "!").split("!", 1)), target)
            for text, target in moves
        )
        for moves in states
    )
    return Machine(role, rows, tuple(not row or n in final for n, row in enumerate(rows)))


def sends(sender: str, receiver: str, label: str) -> Step:
    return Step(True, sender, receiver, label)


def takes(sender: str, receiver: str, label: str) -> Step:
    return Step(False, sender, receiver, label)


PING = (
    machine("A", [("B!ping", 1)], [("B?pong", 2)], []),
    machine("B", [("A?ping", 1)], [("A!pong", 2)], []),
    machine("C", []),
)


def test_a_run_to_the_end_is_accepted() -> None:
    steps = (
        sends("A", "B", "ping"),
        takes("A", "B", "ping"),
        sends("B", "A", "pong"),
        takes("B", "A", "pong"),
    )
    result = replay(steps, PING)
    assert result.divergence is None
    assert len(result.states) == 4
    assert result.states == (1, 1, 2, 2)
    assert result.configuration == Configuration((2, 2, 0))


@pytest.mark.parametrize(
    ("steps", "index", "reason", "possible"),
    [
        ([takes("A", "B", "ping")], 0, "nothing from `A` is queued for `B`", ["A!B:ping"]),
        ([sends("A", "C", "ping")], 0, "`A` cannot send `ping` to `C` here", ["A!B:ping"]),
        (
            [sends("A", "B", "ping"), takes("A", "B", "pong")],
            1,
            "`ping` is ahead of `pong` in the queue from `A`",
            ["B?A:ping"],
        ),
        ([sends("C", "A", "x")], 0, "`C` has finished", ["A!B:ping"]),
        ([sends("X", "A", "x")], 0, "the protocol has no role `X`", ["A!B:ping"]),
        ([sends("A", "X", "x")], 0, "the protocol has no role `X`", ["A!B:ping"]),
    ],
)
def test_a_divergence_says_why_and_what_was_possible(
    steps: list[Step], index: int, reason: str, possible: list[str]
) -> None:
    divergence = replay(steps, PING).divergence
    assert divergence is not None
    assert divergence.index == index
    assert divergence.reason == reason
    assert [str(step) for step in divergence.possible] == possible


ROLES = ("A", "B", "C")


@st.composite
def systems(draw: st.DrawFn) -> tuple[Machine, ...]:
    """Three arbitrary machines of up to four states."""
    machines = []
    for role in ROLES:
        count = draw(st.integers(1, 4))
        peers = [peer for peer in ROLES if peer != role]
        rows = []
        for _ in range(count):
            actions = draw(
                st.lists(
                    st.builds(
                        lambda send, peer, label: Action(send, peer, label),
                        st.booleans(),
                        st.sampled_from(peers),
                        st.sampled_from("xy"),
                    ),
                    max_size=3,
                    unique=True,
                )
            )
            rows.append(tuple((action, draw(st.integers(0, count - 1))) for action in actions))
        final = tuple(draw(st.booleans()) for _ in range(count))
        machines.append(Machine(role, tuple(rows), final))
    return tuple(machines)


STEPS = st.lists(
    st.builds(
        lambda send, pair, label: Step(send, pair[0], pair[1], label),
        st.booleans(),
        st.permutations(ROLES).map(lambda order: order[:2]),
        st.sampled_from("xy"),
    ),
    max_size=12,
)


@given(systems(), STEPS, st.randoms(use_true_random=False))
def test_replay_agrees_with_the_reference(
    machines: tuple[Machine, ...], noise: list[Step], random: object
) -> None:
    """Walk by the reference as far as possible, then add arbitrary steps; both must agree."""
    system = System(machines)
    configuration = system.initial
    steps: list[Step] = []
    for number in range(8):
        enabled = list(system.enabled(configuration))
        if not enabled:
            break
        step, configuration = enabled[(7 * number + len(noise)) % len(enabled)]
        steps.append(step)
    steps += noise
    expected = system.initial
    made = 0
    for step in steps:
        successor = system.after(expected, step)
        if successor is None:
            break
        expected = successor
        made += 1
    result = replay(steps, machines)
    assert len(result.states) == made
    assert result.configuration == expected
    assert (result.divergence is None) == (made == len(steps))


def test_many_roles_cost_nothing_per_step() -> None:
    idle = tuple(machine(f"D[{index}]", []) for index in range(10_000))
    talk = (
        machine("A", [("B!t", 0)]),
        machine("B", [("A?t", 0)]),
    )
    steps = [make("A", "B", "t") for _ in range(2_000) for make in (sends, takes)]
    assert len(replay(steps, (*idle, *talk)).states) == 4_000


# Faults


def end(machines: Sequence[Machine], *steps: Step) -> Configuration:
    result = replay(steps, machines)
    assert result.divergence is None
    return result.configuration


def test_a_deadlock_is_shown_where_all_wait() -> None:
    crossed = (machine("A", [("B?x", 1)], []), machine("B", [("A?y", 1)], []))
    start = end(crossed)
    assert fault_shown(start, crossed, Fault.DEADLOCK, ("A", "B")) == ""
    assert fault_shown(end(PING), PING, Fault.DEADLOCK, ()) == "`A` can still move"


def test_the_end_of_all_roles_is_no_deadlock() -> None:
    done = (machine("A", []), machine("B", []))
    assert fault_shown(end(done), done, Fault.DEADLOCK, ()) == "every role has finished"


def test_an_orphan_is_a_message_to_somebody_who_has_finished() -> None:
    careless = (machine("A", [("B!x", 1)], []), machine("B", []))
    after = end(careless, sends("A", "B", "x"))
    assert fault_shown(after, careless, Fault.ORPHAN_MESSAGE, ("B",)) == ""
    assert fault_shown(end(careless), careless, Fault.ORPHAN_MESSAGE, ("B",)) != ""


def test_a_message_that_can_still_be_taken_is_no_orphan() -> None:
    patient = (machine("A", [("B!x", 1)], []), machine("B", [("A?x", 0)], final=[0]))
    after = end(patient, sends("A", "B", "x"))
    none_left = "no message is left for a role that has terminated"
    assert fault_shown(after, patient, Fault.ORPHAN_MESSAGE, ()) == none_left


def test_a_message_to_a_role_that_may_stop_is_no_orphan() -> None:
    choosy = (machine("A", [("B!x", 1)], []), machine("B", [("A?y", 1)], [], final=[0]))
    after = end(choosy, sends("A", "B", "x"))
    assert fault_shown(after, choosy, Fault.ORPHAN_MESSAGE, ("B",)) != ""
    assert fault_shown(after, choosy, Fault.STUCK_ROLE, ("B",)) == ""


def test_an_orphan_needs_only_its_receiver_to_have_terminated() -> None:
    busy = (machine("A", [("B!x", 0)]), machine("B", []), machine("C", [("D!t", 0)]))
    after = end(busy, sends("A", "B", "x"))
    assert fault_shown(after, busy, Fault.ORPHAN_MESSAGE, ("B",)) == ""
    assert fault_shown(after, busy, Fault.ORPHAN_MESSAGE, ("A",)) != ""


def test_an_unspecified_reception_spoils_every_awaited_channel() -> None:
    deaf = (
        machine("A", [("B!x", 1)], []),
        machine("B", [("A?y", 1), ("C?z", 1)], []),
        machine("C", [("B!w", 1)], []),
    )
    half = end(deaf, sends("A", "B", "x"))
    assert fault_shown(half, deaf, Fault.UNSPECIFIED_RECEPTION, ("B",)) != ""
    whole = end(deaf, sends("A", "B", "x"), sends("C", "B", "w"))
    assert fault_shown(whole, deaf, Fault.UNSPECIFIED_RECEPTION, ("B",)) == ""


def test_a_role_is_stuck_when_nobody_who_could_help_can_move() -> None:
    left = (
        machine("A", []),
        machine("B", [("A?x", 1)], []),
        machine("C", [("B?x", 1)], []),
        machine("D", [("E!t", 0)]),
        machine("E", [("D?t", 0)]),
    )
    assert fault_shown(end(left), left, Fault.STUCK_ROLE, ("C",)) == ""
    assert fault_shown(end(left), left, Fault.STUCK_ROLE, ("D",)) == "`D` can still move"
    assert fault_shown(end(left), left, Fault.STUCK_ROLE, ("E",)) == "`E` may still be served"


def test_a_role_is_not_stuck_while_a_role_that_may_stop_can_still_serve_it() -> None:
    kind = (machine("A", [("B!x", 1)], [], final=[0]), machine("B", [("A?x", 1)], [], final=[0]))
    assert fault_shown(end(kind), kind, Fault.STUCK_ROLE, ("B",)) == "`B` may still be served"


def test_a_role_is_stuck_although_its_peer_goes_on_with_others() -> None:
    distant = (
        machine("A", [("B!t", 0)]),
        machine("B", [("A?t", 0)]),
        machine("C", [("A?x", 1)], []),
        machine("D", [("A?x", 1), ("A?y", 1)], []),
    )
    held = Configuration((0, 0, 0, 0), ((("A", "D"), ("y",)),))
    for configuration in (end(distant), held):
        assert fault_shown(configuration, distant, Fault.STUCK_ROLE, ("C",)) == ""
    assert fault_shown(held, distant, Fault.STUCK_ROLE, ("D",)) == "`D` can still move"


def test_a_role_that_may_stop_but_cannot_know_it_is_stuck() -> None:
    quiet = (machine("A", []), machine("B", [("A?x", 0)], [], final=[0]))
    assert fault_shown(end(quiet), quiet, Fault.STUCK_ROLE, ("B",)) == ""
    assert fault_shown(end(quiet), quiet, Fault.STUCK_ROLE, ("A",)) == "`A` has finished"


def test_a_lasso_starves_a_role_only_when_it_is_fair() -> None:
    busy = (
        machine("A", [("B!again", 0), ("B!stop", 1)], [("C!go", 2)], []),
        machine("B", [("A?again", 0), ("A?stop", 1)], []),
        machine("C", [("A?go", 1)], []),
    )
    lap = (sends("A", "B", "again"), takes("A", "B", "again"))
    assert fault_shown(end(busy), busy, Fault.STARVATION, ("C",), lap=lap) == ""
    unfair = fault_shown(end(busy), busy, Fault.STARVATION, ("C",), lap=lap[:1])
    assert unfair == "`B` could move all along, so the loop is not fair"
    assert fault_shown(end(busy), busy, Fault.STARVATION, ("B",), lap=lap) != ""
    for judge in (None, lambda: False):  # another choice of A serves C, so it is not stuck
        said = fault_shown(end(busy), busy, Fault.STUCK_ROLE, ("C",), lap=lap, judge=judge)
        assert said == "`C` may still be served"
    deaf = (busy[0], busy[1], machine("C", [("A?no", 1)], []))
    assert fault_shown(end(deaf), deaf, Fault.STUCK_ROLE, ("C",), lap=lap) == ""
    unfair = fault_shown(end(deaf), deaf, Fault.STUCK_ROLE, ("C",), lap=lap[:1])
    assert unfair == "`B` could move all along, so the loop is not fair"
    assert fault_shown(end(deaf), deaf, Fault.STARVATION, ("C",), lap=lap) == ""
    assert fault_shown(end(deaf), deaf, Fault.STARVATION, ("C",)) == "`A` can still move"
    assert fault_shown(end(deaf), deaf, Fault.STARVATION, ()) == "no role is named"


def test_a_queue_grows_when_the_lap_sends_more_than_it_takes() -> None:
    flood = (
        machine("A", [("B!x", 0)]),
        machine("B", [("A?x", 0)]),
    )
    once = (sends("A", "B", "x"),)
    paired = (*once, takes("A", "B", "x"))
    growing = (*paired, *once)
    assert fault_shown(end(flood), flood, Fault.UNBOUNDED_QUEUE, (), lap=once) == ""
    assert fault_shown(end(flood), flood, Fault.UNBOUNDED_QUEUE, (), lap=growing) == ""
    assert fault_shown(end(flood), flood, Fault.UNBOUNDED_QUEUE, (), lap=paired) != ""
    assert fault_shown(end(flood), flood, Fault.UNBOUNDED_QUEUE, ()) != ""


def test_a_lap_whose_queue_runs_out_of_step_does_not_repeat() -> None:
    drift = (
        machine("A", [("B!x", 1)], [("B!y", 0)]),
        machine("B", [("A?x", 0), ("A?y", 0)]),
    )
    lap = (sends("A", "B", "x"), sends("A", "B", "y"), takes("A", "B", "x"))
    assert fault_shown(end(drift), drift, Fault.UNBOUNDED_QUEUE, (), lap=lap) == (
        "the loop cannot be repeated forever"
    )


def test_infidelity_needs_a_judge() -> None:
    assert fault_shown(end(PING), PING, Fault.INFIDELITY, ()) != ""
    assert fault_shown(end(PING), PING, Fault.INFIDELITY, (), judge=lambda: True) == ""
    assert fault_shown(end(PING), PING, Fault.INFIDELITY, (), judge=lambda: False) != ""


def test_an_unknown_culprit_shows_nothing() -> None:
    assert fault_shown(end(PING), PING, Fault.WITNESS, ("X",)) == "the protocol has no role `X`"
