"""A decision with its reasons: sets decide, a solver explains, and both must agree.

A plain yes needs no solver. A refusal is shown only when the solver finds that its premises clash
too; where the two ways disagree, or the solver gives up, the decision is not known.
"""

from __future__ import annotations

import msgspec

from tellverify.admission.manifest import Derived
from tellverify.admission.objections import Objection
from tellverify.admission.premises import premises
from tellverify.admission.reasons import Changes, PackClash, clash_of, clashes, least_changes
from tellverify.admission.resolve import AdmissionDecision, admit
from tellverify.admission.runtime import RuntimeInventory
from tellverify.policy.model import Policy
from tellverify.solver.port import GaveUp, Unsat
from tellverify.verdict.methods import Method


class Reasoned(msgspec.Struct, frozen=True):
    """An objection with a smallest set of premises that clash; None for one that refuses nothing
    and where there is no solver."""

    objection: Objection
    clash: PackClash | None


class Explained(msgspec.Struct, frozen=True):
    """A decision, why, and the least that would have to change.

    `unknown` says why the decision cannot be relied on; it is empty otherwise. `remark` says what
    could not be asked. `changes` is None
    for an admitted protocol, and where none suffice (`hopeless`).
    """

    decision: AdmissionDecision
    objections: tuple[Reasoned, ...]
    changes: Changes | None = None
    hopeless: bool = False
    method: Method = Method.SETS
    unknown: str = ""
    remark: str = ""

    @property
    def how(self) -> str:
        """How it was decided, in words, with what could not be asked."""
        return "; ".join(filter(None, (self.method.row.title, self.remark)))


def explain(
    policy: Policy, derived: Derived, runtime: RuntimeInventory, *, changes: bool = True
) -> Explained:
    """Decide an admission and explain a refusal; without `changes`, the remedies are left out."""
    decision = admit(policy, derived.manifest, runtime, derived.source.path)
    plain = tuple(Reasoned(each, None) for each in decision.objections)
    if decision.admitted and not decision.objections:
        return Explained(decision, ())
    try:
        from tellverify.solver.z3_backend import Z3Solver
    except ModuleNotFoundError as error:
        if error.name != "z3":
            raise
        return Explained(decision, plain, remark="z3 is not installed")
    solver = Z3Solver()
    found = clashes(premises(policy, derived, runtime, warnings=True), solver)
    if isinstance(found, GaveUp):
        return Explained(decision, plain, unknown=found.reason)
    refusing = [one for one in found if one.reason.refuses]
    if bool(refusing) == decision.admitted:
        return Explained(decision, plain, unknown="sets and solver do not agree")
    reasoned = tuple(Reasoned(each, clash_of(found, each)) for each in decision.objections)
    unshown = [one for one in reasoned if one.clash is None and one.objection.reason.refuses]
    if unshown:
        return Explained(decision, reasoned, unknown="the solver does not confirm an objection")
    if decision.admitted or not changes:
        return Explained(decision, reasoned, method=Method.SETS_AND_SMT)
    least = least_changes(policy, derived, runtime, solver)
    if isinstance(least, GaveUp):
        return Explained(decision, reasoned, method=Method.SETS_AND_SMT, remark=least.reason)
    hopeless = isinstance(least, Unsat)
    cheapest = None if isinstance(least, Unsat) else least
    return Explained(decision, reasoned, cheapest, hopeless, Method.SETS_AND_SMT)
