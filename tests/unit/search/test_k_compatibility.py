"""k-safety asks every channel, and k-exhaustivity every role."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tellverify.model.machine import Action, Machine
from tellverify.search.breadth_first import explored
from tellverify.search.encoding import CompiledSystem
from tellverify.search.k_compatibility import is_compatible, is_exhaustive, is_safe
from tellverify.search.reachability import Reach


def machine(role: str, *states: Sequence[tuple[str, int]]) -> Machine:
    """A machine from rows of `("B!m", target)`; states without moves are final."""
    rows = tuple(
        tuple(
            (Action("!" in text, *text.replace("?", "!").split("!", 1)), target)
            for text, target in moves
        )
        for moves in states
    )
    return Machine(role, rows, tuple(not row for row in rows))


ONCE = machine("A", [("C!M", 1)], [])
AGAIN = machine("B", [("C!N", 1)], [])
TAKES_BOTH = machine("C", [("A?M", 1)], [("B?N", 2)], [])
FORGETS_B = machine("C", [("A?M", 1)], [])
FORGETS_A = machine("C", [("B?N", 1)], [])


def reach(*machines: Machine, bound: int = 2) -> Reach:
    return Reach(explored(CompiledSystem(machines, bound), 10_000))


@pytest.mark.parametrize("last", [FORGETS_B, FORGETS_A])
def test_a_message_that_is_never_taken_is_unsafe_on_whichever_channel(last: Machine) -> None:
    assert not is_safe(reach(ONCE, AGAIN, last))
    assert is_safe(reach(ONCE, AGAIN, TAKES_BOTH))
    assert is_compatible(reach(ONCE, AGAIN, TAKES_BOTH))
    assert not is_compatible(reach(ONCE, AGAIN, last))


def test_a_role_that_waits_in_vain_is_unsafe() -> None:
    waits = machine("C", [("A?M", 1)], [("B?N", 2)], [("B?More", 3)], [])
    assert not is_safe(reach(ONCE, AGAIN, waits))


def test_a_send_that_the_bound_holds_back_for_ever_is_not_exhaustive() -> None:
    floods = machine("A", [("B!M", 0), ("B!Done", 1)], [])
    deaf = machine("B", [("A?Done", 1)], [])
    takes = machine("B", [("A?M", 0), ("A?Done", 1)], [])
    assert not is_exhaustive(reach(floods, deaf))
    assert is_exhaustive(reach(floods, takes))
