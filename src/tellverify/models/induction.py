"""Claims proved for all values of parameters and inputs, and runs judged a second time.

An invariant is proved by induction together with the others: true at the start, and kept by every
action from any state in which all of them hold. Those that are not kept are left out until the
rest is inductive (Flanagan and Leino, *Houdini*, FME 2001, section 2).
"""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.models.pattern_model import Model, ModelClaim, PatternAction, PatternInput
from tellverify.models.pattern_search import ModelRun
from tellverify.models.symbolic import translate, truth
from tellverify.models.symbols import Symbol, constant, equal, unknown
from tellverify.solver.port import Premise, Solver, SolverBudget, Unsat
from tellverify.solver.term import Conjunction, NegatedTerm, Term


def inductive(model: Model, solver: Solver, budget: SolverBudget) -> frozenset[tuple[str, str]]:
    """Kind and name of the claims that are proved; a claim that is not proved may still hold."""
    claims = [claim for claim in model.claims if claim.kind != "possible"]
    proof = _Proof(model, solver, budget)
    kept = [claim for claim in claims if proof.starts(claim)]
    while True:
        still = [claim for claim in kept if proof.is_kept(claim, kept)]
        if len(still) == len(kept):
            return frozenset((claim.kind, claim.name) for claim in kept)
        kept = still


class _Proof:
    def __init__(self, model: Model, solver: Solver, budget: SolverBudget) -> None:
        self._model = model
        self._solver = solver
        self._budget = budget
        self._ranges: list[Term] = []
        self._scope = _unknowns(model.parameters, self._ranges)
        if model.assume is not None:
            self._ranges.append(truth(model.assume, self._scope))
        self._before: list[Term] = []
        self._state = unknown(model.state, "x", self._before)

    def starts(self, claim: ModelClaim) -> bool:
        """Whether the claim holds at the start."""
        start = translate(self._model.start, self._scope)
        broken = NegatedTerm(truth(claim.text, {**self._scope, "x": start}))
        return self._is_unsat([*self._ranges, broken])

    def is_kept(self, claim: ModelClaim, others: Sequence[ModelClaim]) -> bool:
        """Whether no action leads from a state with all of `others` to one without the claim."""
        return all(self._keeps(action, claim, others) for action in self._model.actions)

    def _keeps(
        self, action: PatternAction, claim: ModelClaim, others: Sequence[ModelClaim]
    ) -> bool:
        scope = {**self._scope, "x": self._state}
        terms = [*self._ranges, *self._before]
        scope |= _unknowns(action.inputs, terms)
        terms += [truth(one.text, scope) for one in others]
        if action.when is not None:
            terms.append(truth(action.when, scope))
        after = translate(action.to, scope)
        terms.append(NegatedTerm(truth(claim.text, {**self._scope, "x": after})))
        return self._is_unsat(terms)

    def _is_unsat(self, terms: Sequence[Term]) -> bool:
        premises = [Premise(f"premise {i}", term) for i, term in enumerate(terms)]
        return isinstance(self._solver.check(premises, self._budget), Unsat)


def _unknowns(inputs: Sequence[PatternInput], ranges: list[Term]) -> dict[str, Symbol]:
    return {one.name: unknown(one.kind, one.name, ranges) for one in inputs}


def accepts(
    model: Model, run: ModelRun, claim: ModelClaim, solver: Solver, budget: SolverBudget
) -> bool:
    """Whether the solver finds a run, and that its end does not meet an `always` claim, too.

    The run comes from evaluation; here each of its steps is a term that cannot be false.
    """
    names = {one.name: constant(one.kind, run.parameters[one.name]) for one in model.parameters}
    terms = [] if model.assume is None else [truth(model.assume, names)]
    state = constant(model.state, run.start)
    terms.append(equal(translate(model.start, names), state))
    actions = {action.name: action for action in model.actions}
    for step in run.steps:
        action = actions[step.action]
        given = {one.name: constant(one.kind, step.inputs[one.name]) for one in action.inputs}
        scope = {**names, **given, "x": state}
        if action.when is not None:
            terms.append(truth(action.when, scope))
        state = constant(model.state, step.state)
        terms.append(equal(translate(action.to, scope), state))
    if claim.kind != "possible":
        terms.append(NegatedTerm(truth(claim.text, {**names, "x": state})))
    wrong = Premise("a step is wrong", NegatedTerm(Conjunction(tuple(terms))))
    return isinstance(solver.check([wrong], budget), Unsat)
