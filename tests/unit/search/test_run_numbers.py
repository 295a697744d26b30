"""The random numbers of simulated runs, and what is drawn with them."""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b

import pytest
from fault_systems import quorum

from tellverify.model.failure import OutageKind
from tellverify.model.outage import channels_of
from tellverify.model.scenario import ResolvedScenario, resolved
from tellverify.model.scenario_text import parse_scenario
from tellverify.search.run_numbers import RunNumbers, drawn_failures
from tellverify.search.simulation import Simulator

MACHINES = quorum(2, 3)
ROLES = [machine.role for machine in MACHINES]


def test_numbers_are_those_of_the_hash_in_counter_mode() -> None:
    numbers = RunNumbers(7, 3)
    drawn = [numbers.draw() for _ in range(20)]
    blocks = [blake2b(f"7:3:{block}".encode()).digest() for block in (0, 1)]
    words = [
        int.from_bytes(block[at : at + 4], "little") for block in blocks for at in range(0, 64, 4)
    ]
    assert drawn == [word / 2**32 for word in words[:20]]
    assert drawn[0] == 0.5567328985780478  # equal in every process and on every machine


def test_every_order_is_drawn_about_as_often() -> None:
    numbers = RunNumbers(1, 1)
    orders: Counter[tuple[int, ...]] = Counter()
    for _ in range(6_000):
        some = [0, 1, 2]
        numbers.shuffle(some)
        orders[tuple(some)] += 1
    assert len(orders) == 6 and all(850 < count < 1_150 for count in orders.values())


def test_a_sample_has_different_elements_and_each_of_them_as_often() -> None:
    numbers = RunNumbers(1, 2)
    counts: Counter[str] = Counter()
    for _ in range(3_000):
        found = numbers.sample("abc", 2)
        assert len({*found}) == 2
        counts.update(found)
    assert all(1_900 < counts[letter] < 2_100 for letter in "abc")


def found(rules: str) -> ResolvedScenario:
    allowed = resolved(parse_scenario("s", rules), ROLES, channels_of(MACHINES))
    assert allowed is not None
    return allowed


def test_failures_keep_to_the_budgets_and_to_the_length() -> None:
    scenario = found("crash <= 2 of W, crash <= 1")
    sizes = set()
    for index in range(200):
        pending = drawn_failures(scenario, RunNumbers(1, index), 5, frozenset({"W[0]"}))
        roles = [outage.role for _, outage in pending]
        assert len({*roles}) == len(roles) and "W[0]" not in roles
        assert scenario.may_crash(roles) and all(0 <= at <= 5 for at, _ in pending)
        sizes.add(len(roles))
    assert sizes == {0, 1, 2, 3}


def test_all_channels_of_a_cut_fail_at_one_moment() -> None:
    scenario = found("partition {W[0]} | *")
    drawn = [drawn_failures(scenario, RunNumbers(1, index), 9) for index in range(40)]
    assert any(drawn) and not all(drawn)
    for pending in filter(None, drawn):
        assert len({at for at, _ in pending}) == 1
        assert {outage.kind for _, outage in pending} == {OutageKind.CUT}
        assert {(outage.role, outage.peer) for _, outage in pending} == scenario.cuts[0]


@pytest.mark.parametrize("seed", range(12))
def test_failures_are_drawn_among_as_many_events_as_long_runs_have(seed: int) -> None:
    """A run that fails soon says nothing of how long runs are."""
    plain = Simulator(MACHINES, seed=seed).length
    scenario = parse_scenario("s", "crash <= 1")
    assert Simulator(MACHINES, seed=seed, scenario=scenario).length > plain // 2
