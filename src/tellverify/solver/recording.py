"""A solver that keeps what it was asked, so that it can be asked again elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.solver.port import Answer, Premise, Sat, Solver, SolverBudget, Unsat
from tellverify.solver.smtlib import ENDING, About, write_script


class Recording:
    """Passes queries on and keeps those that were answered, in their order."""

    def __init__(self, solver: Solver) -> None:
        self._solver = solver
        self._answered: list[tuple[Sequence[Premise], Sat | Unsat]] = []

    def check(self, premises: Sequence[Premise], budget: SolverBudget) -> Answer:
        """See `Solver`."""
        answer = self._solver.check(premises, budget)
        if isinstance(answer, Sat | Unsat):
            self._answered.append((tuple(premises), answer))
        return answer

    def scripts(self, stem: str, about: About) -> list[tuple[str, str, str]]:
        """A file for each answered query: what it belongs to, its name and its text."""
        found = []
        for i, (premises, answer) in enumerate(self._answered, 1):
            text = write_script(premises, answer, about)
            found.append((f"{about.obligation}#{i}", f"{stem}.{i}{ENDING}", text))
        return found
