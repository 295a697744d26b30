"""The port to a solver: queries, budgets and answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

import msgspec

from tellverify.solver.term import Term


class SolverBudget(msgspec.Struct, frozen=True):
    """The work of one query, in units of the solver that are equal on every machine."""

    work: int = 2_000_000


class Premise(msgspec.Struct, frozen=True):
    """A term that is assumed, under a name that is unique in its query."""

    name: str
    term: Term


class Sat(msgspec.Struct, frozen=True, tag=True):
    """All premises hold with these values, one for each variable in them, sorted by name."""

    values: tuple[tuple[str, bool | int], ...]


class Unsat(msgspec.Struct, frozen=True, tag=True):
    """The premises of these names cannot hold together; in the order they were given."""

    core: tuple[str, ...]


class GaveUp(msgspec.Struct, frozen=True, tag=True):
    """The solver does not know. This is never read as one of the other answers."""

    reason: str


Answer: TypeAlias = Sat | Unsat | GaveUp


class Wish(msgspec.Struct, frozen=True):
    """A term that should hold, under a name, and what it costs when it does not."""

    name: str
    term: Term
    weight: int


class Optimum(msgspec.Struct, frozen=True, tag=True):
    """Values at the least cost; `broken` names the wishes that do not hold, in their order."""

    cost: int
    values: tuple[tuple[str, bool | int], ...]
    broken: tuple[str, ...]


class Solver(Protocol):
    """Decides whether premises can hold together; answers do not depend on earlier queries."""

    def check(self, premises: Sequence[Premise], budget: SolverBudget) -> Answer:
        """The answer within the budget; never raises for a reason of the solver."""


class Optimiser(Protocol):
    """Finds the values that keep all premises and break the cheapest wishes (weighted MaxSMT)."""

    def minimise(
        self, premises: Sequence[Premise], wishes: Sequence[Wish], budget: SolverBudget
    ) -> Optimum | Unsat | GaveUp:
        """The optimum, or Unsat without a core if the premises clash."""
