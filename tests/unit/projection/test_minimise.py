"""Minimal machines."""

from __future__ import annotations

from tellverify.model.machine import Action, Machine
from tellverify.projection.minimise import equal_states, minimise

A, B = Action(True, "P", "a"), Action(False, "P", "b")


def machine(*rows: dict[Action, int], final: set[int]) -> Machine:
    return Machine(
        role="R",
        moves=tuple(tuple(row.items()) for row in rows),
        final=tuple(state in final for state in range(len(rows))),
    )


def test_equal_tails_become_one() -> None:
    big = machine({A: 1, B: 2}, {A: 3}, {A: 4}, {}, {}, final={3, 4})
    assert minimise(big) == machine({A: 1, B: 1}, {A: 2}, {}, final={2})


def test_an_unrolled_loop_is_rolled_up() -> None:
    big = machine({A: 1}, {B: 2}, {A: 3}, {B: 0}, final=set())
    assert minimise(big) == machine({A: 1}, {B: 0}, final=set())


def test_a_stop_makes_states_differ() -> None:
    big = machine({A: 1}, {A: 0}, final={1})
    assert minimise(big) == big


def test_a_missing_move_makes_states_differ() -> None:
    assert len(set(equal_states(machine({A: 0}, {A: 1, B: 1}, {B: 2}, final=set())))) == 3


def test_states_out_of_reach_are_left_out() -> None:
    assert minimise(machine({A: 0}, {B: 1}, final=set())) == machine({A: 0}, final=set())


def test_numbers_follow_the_order_of_moves() -> None:
    big = machine({B: 2, A: 1}, {A: 0}, {B: 0}, final={0})
    assert minimise(big) == machine({B: 1, A: 2}, {B: 0}, {A: 0}, final={0})


def test_sites_of_the_first_of_equal_states_stay() -> None:
    big = Machine(
        role="R",
        moves=(((A, 1), (B, 2)), ((A, 3),), ((A, 3),), ()),
        final=(False, False, False, True),
        sites=((0, 1), (2,), (3,), ()),
    )
    assert minimise(big).sites == ((0, 1), (2,), ())


def test_a_long_loop() -> None:
    rows = [{A: index + 1} for index in range(20_000)]
    rows[-1] = {A: 0}
    assert minimise(machine(*rows, final=set())).state_count == 1
