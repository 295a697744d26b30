"""Sessions that wait for each other behind others that do, too many to be searched together."""

from __future__ import annotations

from pathlib import Path

import pytest
from workflow_texts import checked, outcome_of

from tellverify.model.trace import Trace
from tellverify.source.span import NOWHERE
from tellverify.verdict.outcome import Outcome, Proved, Refuted
from tellverify.workflows.order_graph import in_parts
from tellverify.workflows.orders import OrderEdge

NOTE = "protocol Note =\n  roles A, B\n  A -> B : Note\n"
CALL = "protocol Call =\n  roles A, B\n  A -> B : Ask\n  B -> A : Answer\n"
PAIRS = 5  # of crossed notes: more sessions than are searched with what stands behind them


def _outcomes(folder: Path, last: tuple[str, str], more: str = "") -> dict[str, Outcome]:
    """Notes in pairs that cross, which does no harm, and two sessions of `last` behind them, run in
    opposite orders by two agents.
    """
    (folder / "note.tell").write_text(NOTE, encoding="utf-8")
    (folder / "call.tell").write_text(CALL, encoding="utf-8")
    text = ""
    orders: dict[str, list[str]] = {"a": [], "b": []}
    for number in range(PAIRS + 1):
        protocols = ("note", "note") if number < PAIRS else last
        names = [f"left{number}", f"right{number}"]
        for name, protocol, (one, other) in zip(names, protocols, ("ab", "ba"), strict=True):
            text += f'[[workflow.{name}.phase]]\nprotocol = "{protocol}.tell"\n'
            text += f'agents = {{ A = "{one}", B = "{other}" }}\n{more}'
        orders["a"] += names
        orders["b"] += names[::-1]
    for agent, listed in orders.items():
        text += f"[agents.{agent}]\norder = {listed}\n".replace("'", '"')
    return {one.name: outcome_of(one) for one in checked(folder, text).protocols}


@pytest.mark.parametrize(
    ("more", "length"), [("", 4 * PAIRS + 2), ('holds = { a = ["key"] }\n', 8 * PAIRS + 4)]
)
def test_a_deadlock_behind_harmless_cycles_is_found(tmp_path: Path, more: str, length: int) -> None:
    outcomes = _outcomes(tmp_path, ("call", "call"), more)
    for name in (f"left{PAIRS}", f"right{PAIRS}"):
        outcome = outcomes.pop(name)
        assert isinstance(outcome, Refuted) and isinstance(outcome.evidence, Trace)
        assert len(outcome.evidence.steps) == length and not outcome.evidence.minimal
    assert all(isinstance(one, Proved) for one in outcomes.values())


def test_a_harmless_cycle_behind_harmless_cycles_holds(tmp_path: Path) -> None:
    outcomes = _outcomes(tmp_path, ("note", "note"))
    assert all(isinstance(one, Proved) for one in outcomes.values())


def test_sessions_are_ordered_by_the_cycles_that_they_are_on() -> None:
    def edges(*pairs: tuple[int, int]) -> list[OrderEdge]:
        return [OrderEdge(before, after, "a", NOWHERE) for before, after in pairs]

    assert in_parts([3, 1, 2], edges((2, 1), (1, 3))) == [[2], [1], [3]]
    assert in_parts([1, 2, 3, 4], edges((4, 2), (2, 3), (3, 2), (3, 1))) == [[4], [2, 3], [1]]
