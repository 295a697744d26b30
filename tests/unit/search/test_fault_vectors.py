"""Scenarios on known protocols: verdicts and the lengths of shortest runs."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from fault_systems import echo_broadcast, quorum

from tellverify.language.files import inputs
from tellverify.language.workspace import Workspace
from tellverify.model.decision import parse_decision
from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Action, Machine
from tellverify.model.scenario import Scenario
from tellverify.model.scenario_text import parse_scenario
from tellverify.obligations.machines import Machines
from tellverify.search import omission_values
from tellverify.search.scenario_search import ScenarioCheck, check_scenario

OTA = """protocol Ota =
  roles C, D[N]
  C -> D[*] : Propose
  D[*] -> C : Ready
  choice C at
    | Commit =>
        C -> D[*] : Commit
    | Abort =>
        C -> D[*] : Abort
"""
TWO_PHASE = """protocol TwoPhaseCommit =
  roles C, D[N]
  C -> D[*] : Prepare
  D[*] -> C : Vote
  choice C at
    | Commit =>
        C -> D[*] : Commit
        D[*] -> C : Ack
    | Abort =>
        C -> D[*] : Abort
        D[*] -> C : Ack
"""


def graph_of(text: str, size: int) -> ProtocolGraph:
    place = Workspace([inputs.decode("t.tell", text.encode())])
    graph = place.graph(place.protocols()[0], {"N": size, "D": size}).graph
    assert graph is not None
    return graph


def checked(machines: Sequence[Machine], rules: str, *decisions: str) -> ScenarioCheck:
    scenario = parse_scenario("s", rules) if rules else Scenario()
    stated = [one for text in decisions if (one := parse_decision(text)) is not None]
    found = check_scenario(machines, scenario, stated, largest_bound=8, budget=500_000)
    assert found is not None and found.complete
    return found


def of_ota(size: int, rules: str) -> ScenarioCheck:
    machines = Machines(graph_of(OTA, size)).all()
    return checked(machines, rules, "agreement(Commit, Abort)")


def by_crashed(found: ScenarioCheck) -> dict[str, int]:
    """The first run for each single role that may crash."""
    return {role: n for failed, n in found.by_failure.items() for role in failed.crashed}


@pytest.mark.parametrize("size", [2, 3, 4])
def test_the_crash_of_any_one_role_blocks_ota(size: int) -> None:
    found = of_ota(size, "crash <= 1")
    devices = {f"D[{n}]": 3 * size - 2 + n for n in range(size)}
    assert by_crashed(found) == {"C": 3, **devices}
    assert found.decisions == {}
    assert {role: len(trace.steps) for role, trace in found.stuck.items()}["D[0]"] == 3


def test_the_crash_of_any_one_role_blocks_two_phase_commit() -> None:
    found = checked(Machines(graph_of(TWO_PHASE, 8)).all(), "crash <= 1")
    assert found.configurations == 39_360
    crashed = by_crashed(found)
    assert (crashed["C"], crashed["D[0]"]) == (3, 22)


@pytest.mark.parametrize(
    ("rules", "length"),
    [
        ("loss on C -> D[0]", 7),
        ("loss on D[0] -> C", 9),
        ("loss on *", 3),
        ("loss <= 1 on D[0] -> C", 9),
    ],
)
def test_losses_block_ota(rules: str, length: int) -> None:
    found = of_ota(3, rules)
    assert found.deadlock is not None and len(found.deadlock.steps) == length
    assert found.deadlock.minimal and found.decisions == {}


def test_a_byzantine_coordinator_breaks_agreement_and_a_device_does_not() -> None:
    found = of_ota(3, "byzantine of C")
    assert {n: len(trace.steps) for n, trace in found.decisions.items()} == {0: 6}
    assert of_ota(3, "byzantine <= 1 of D").decisions == {}


def line(role: str, *words: str) -> Machine:
    """The machine of a role that does one thing after the other: `B!Go`, `A?Ok`."""
    rows = []
    for at, word in enumerate(words, start=1):
        send = "!" in word
        peer, label = word.split("!" if send else "?")
        rows.append(((Action(send, peer, label), at),))
    return Machine(role, (*rows, ()), (False,) * len(words) + (True,))


def test_a_byzantine_role_may_be_silent() -> None:
    machines = (
        line("A", "W!Req", "W?Res", "B!Done"),
        line("W", "A?Req", "A!Res"),
        line("B", "A?Done"),
    )
    assert set(checked(machines, "byzantine of W").stuck) == {"A"}  # B has not acted
    everyone = checked(machines, "byzantine of W, engaged-only = false")
    assert set(everyone.stuck) == {"A", "B"}


def test_members_that_look_alike_are_not_one_orbit() -> None:
    """The crash of D[0] leaves E served, that of D[1] does not."""
    machines = (
        line("C", "E?Hi", "D[0]!Go", "D[1]!Go", "D[1]?Ok", "E!Fin", "D[0]?Ok"),
        line("D[0]", "C?Go", "C!Ok"),
        line("D[1]", "C?Go", "C!Ok"),
        line("E", "C!Hi", "C?Fin"),
    )
    assert "E" not in checked(machines, "crash of D[0]").stuck
    assert "E" in checked(machines, "crash of D[1]").stuck


@pytest.mark.parametrize(("needed", "witnesses", "length"), [(2, 3, 6), (3, 4, 10), (4, 5, 14)])
def test_a_quorum_stands_as_many_crashes_as_it_has_spares(
    needed: int, witnesses: int, length: int
) -> None:
    machines = quorum(needed, witnesses)
    spare = witnesses - needed
    held = checked(machines, f"crash <= {spare} of W")
    assert (held.deadlock, held.stuck, held.orphan, held.reception) == (None, {}, None, None)
    broken = checked(machines, f"crash <= {spare + 1} of W")
    assert broken.deadlock is not None and len(broken.deadlock.steps) == length


@pytest.mark.parametrize("awaited", ["X", "Y", "Z"])
def test_every_role_that_may_crash_can_starve_another_one(awaited: str) -> None:
    """`A` and `B` go on, so that no end of a run shows that `W` is never served."""

    def looping(role: str, peer: str, *, first: bool) -> Machine:
        rows = tuple(((Action(send, peer, "Go"), at),) for at, send in ((1, first), (0, not first)))
        return Machine(role, rows, (False, False))

    others = [line(one, *(["W!Hi"] if one == awaited else [])) for one in "XYZ"]
    loop = (looping("A", "B", first=True), looping("B", "A", first=False))
    found = checked((*loop, *others, line("W", f"{awaited}?Hi")), "crash <= 1 of {X, Y, Z}")
    assert not found.stuck  # `W` has not acted
    rules = "crash <= 1 of {X, Y, Z}, engaged-only = false"
    found = checked((*loop, *others, line("W", f"{awaited}?Hi")), rules)
    assert set(found.stuck) == {"W"} and by_crashed(found) == {}


@pytest.mark.parametrize("grouped", [1, 2, 3])
@pytest.mark.parametrize("narrow", [0, 5, 6, 8, 30])
def test_roles_that_share_a_table_have_the_same_failures(
    monkeypatch: pytest.MonkeyPatch, narrow: int, grouped: int
) -> None:
    machines = (
        line("C", "E?Hi", "D[0]!Go", "D[1]!Go", "D[1]?Ok", "E!Fin", "D[0]?Ok"),
        line("D[0]", "C?Go", "C!Ok"),
        line("D[1]", "C?Go", "C!Ok"),
        line("E", "C!Hi", "C?Fin"),
    )
    rules = "crash <= 1, engaged-only = false"
    alone = checked(machines, rules)
    assert len(alone.stuck) == len(machines)
    monkeypatch.setattr(omission_values, "_FEW", 0)
    monkeypatch.setattr(omission_values, "_MANY", 0)
    monkeypatch.setattr(omission_values, "_NARROW", narrow)
    monkeypatch.setattr(omission_values, "_GROUPED", grouped)
    assert checked(machines, rules) == alone


def test_echo_broadcast_needs_three_echoes() -> None:
    rules, asked = "byzantine of S, byzantine of R[2]", "agreement(Accept_v, Accept_w)"
    found = checked(echo_broadcast(2), rules, asked)
    assert [len(trace.steps) for trace in found.decisions.values()] == [10]
    assert checked(echo_broadcast(3), rules, asked).decisions == {}


def test_a_full_queue_to_a_crashed_role_is_not_waiting() -> None:
    """A client that streams to a server does not wait when the server has crashed."""

    def streaming(role: str, peer: str, *, send: bool) -> Machine:
        row = ((Action(send, peer, "Tick"), 0), (Action(send, peer, "End"), 1))
        return Machine(role, (row, ()), (False, True))

    machines = (streaming("A", "B", send=True), streaming("B", "A", send=False))
    found = check_scenario(
        machines, parse_scenario("s", "crash of B"), largest_bound=8, budget=50_000
    )
    assert found is not None and not found.complete and found.bound == 8
    assert found.deadlock is None and found.stuck == {}


def test_a_healing_partition_only_delays() -> None:
    assert of_ota(3, "partition {C} | * heals").deadlock is None
    lasting = of_ota(3, "partition {C} | *")
    assert lasting.deadlock is not None and len(lasting.deadlock.steps) == 3


def test_duplicates_block_bare_queues_and_are_harmless_when_discarded() -> None:
    assert of_ota(2, "duplicate").orphan is not None
    clean = of_ota(2, "duplicate, deduplicate = true")
    assert (clean.deadlock, clean.orphan, clean.reception) == (None, None, None)


def test_a_search_that_ends_at_a_budget_says_what_was_decided() -> None:
    machines = Machines(graph_of(OTA, 3)).all()
    found = check_scenario(machines, parse_scenario("s", "loss"), largest_bound=8, budget=240)
    assert found is not None and found.overflow and not found.complete
    assert found.decided == "loss <= 1"


@pytest.mark.parametrize("setting", ["", ", engaged-only = false"])
def test_where_only_runs_without_faults_are_decided_that_is_said(setting: str) -> None:
    """Also where such a run, here one that leaves a message behind, is replayed."""
    a = Machine("A", (((Action(True, "B", "m"), 1),), ()), (False, True))
    b = Machine("B", ((),), (True,))
    scenario = parse_scenario("s", f"loss{setting}")
    found = check_scenario([a, b], scenario, largest_bound=8, budget=2)
    assert found is not None and found.overflow
    assert found.decided == "no faults"
