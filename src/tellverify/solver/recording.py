"""A solver that records its queries, so that they can be repeated elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tellverify.solver.port import Answer, Premise, Sat, Solver, SolverBudget, Unsat
from tellverify.solver.smtlib import ENDING, About, query_lines, with_heading


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

    def queries(self) -> list[str]:
        """The lines of the answered queries; terms that share parts are written out in full."""
        return [query_lines(premises, answer) for premises, answer in self._answered]

    def scripts(self, stem: str, about: About) -> list[tuple[str, str, str]]:
        """A file for each answered query: what it belongs to, its name and its text."""
        return scripts_of(self.queries(), stem, about)


def scripts_of(queries: Iterable[str], stem: str, about: About) -> list[tuple[str, str, str]]:
    """Scripts of recorded queries, as `Recording.scripts` gives them."""
    return [
        (f"{about.obligation}#{i}", f"{stem}.{i}{ENDING}", with_heading(query, about))
        for i, query in enumerate(queries, 1)
    ]
