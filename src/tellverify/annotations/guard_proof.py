"""Whether the guard chain of a policy protects a send, decided for all values by the solver."""

from __future__ import annotations

import msgspec

from tellverify.annotations.encode import Encoded, EncodedForm, encoded
from tellverify.annotations.guard_steps import (
    Breach,
    GuardEvent,
    GuardKind,
    GuardQuestion,
    World,
    attempted,
    breaches,
)
from tellverify.annotations.metadata import Metadata
from tellverify.model.defect import Defect
from tellverify.policy import rows
from tellverify.solver.port import GaveUp, Premise, Sat, Solver, SolverBudget, Unsat
from tellverify.solver.term import Disjunction, Equal, Int, Less, Term, TermSort, TermVariable

_SAYS = {
    Breach.UNCHECKED: "is sent before its capability is checked",
    Breach.UNADMITTED: "is sent although its capability is not admitted",
    Breach.UNCHARGED: "is sent before it is charged",
    Breach.UNCOUPLED: "is sent before its fact is coupled to it",
    Breach.UNACCOUNTED: "is sent before what observers learn is charged",
    Breach.DOUBLE: "is charged twice",
    Breach.OVERSPENT: "is charged beyond the limit of the budget",
    Breach.OVERLEAKED: "shows observers more than their budget",
    Breach.EARLY_FACT: "has its fact recorded before it is sent",
    Breach.RESIDUE: "is refused and leaves something behind",
    Breach.LEFTOVER: "leaves behind what no policy allows when it is cut short",
}


class Protected(msgspec.Struct, frozen=True):
    """No attempt has a breach, whatever its cost and the state of its budgets."""

    queries: int


class Breached(msgspec.Struct, frozen=True):
    """A shortest attempt with a breach, accepted by the reference."""

    breach: Breach
    asked: GuardQuestion
    world: World
    events: tuple[GuardEvent, ...]

    def words(self) -> str:
        """The fault, as a phrase that follows the name of a message."""
        return _SAYS[self.breach]

    def story(self) -> str:
        """The events in words."""
        world = self.world
        against = [
            word
            for word, grants in (
                ("the token", world.token),
                ("a caveat", world.caveats),
                ("the policy", world.policy),
            )
            if not grants
        ]
        begin = f"with {against[0]} against it: " if against and self.asked.capability else ""
        return begin + ", ".join(_told(event) for event in self.events)


class UndecidedGuard(msgspec.Struct, frozen=True):
    """The solver gave up, or the policy has no such chain."""

    reason: str


def form_of(metadata: Metadata) -> EncodedForm:
    """The form of an annotated send."""
    return EncodedForm(
        capability=bool(metadata.capabilities),
        cost="some" if metadata.cost else "zero",
        facts=bool(metadata.facts),
        leaks=bool(metadata.bits),
    )


def judge(
    chain: rows.GuardChain, form: EncodedForm, solver: Solver, budget: SolverBudget
) -> Protected | Breached | UndecidedGuard:
    """Decide one form of sends.

    The attempt that is shown has the fewest events of all that the solver finds when it is asked
    for each breach and each point of a crash; the reference has accepted it.
    """
    reason = _misshapen(chain)
    if reason:
        return UndecidedGuard(reason)
    made = encoded(chain, form)
    whole = Disjunction(tuple(term for _, term in made.breaches))
    answer = solver.check((*made.premises, Premise("breach", whole)), budget)
    if isinstance(answer, Unsat):
        return Protected(1)
    if isinstance(answer, GaveUp):
        return UndecidedGuard(answer.reason)
    found: list[Breached] = []
    for breach, term in made.breaches:
        possible = solver.check((*made.premises, Premise("breach", term)), budget)
        if isinstance(possible, Unsat):
            continue
        for crash in range(made.steps, -1, -1):
            one = _example(chain, form, made, solver, budget, breach, term, crash)
            if one is not None:
                found.append(one)
    if not found:
        raise Defect("a breach of the guard chain cannot be shown")
    order = list(Breach)
    return min(found, key=lambda one: (len(one.events), order.index(one.breach)))


def _example(
    chain: rows.GuardChain,
    form: EncodedForm,
    made: Encoded,
    solver: Solver,
    budget: SolverBudget,
    breach: Breach,
    term: Term,
    crash: int,
) -> Breached | None:
    """A breach with a crash at one point, with small numbers."""
    small: list[Term] = [
        Less(TermVariable(name, TermSort.INT), Int(200))
        for name in ("limit", "spent", "leak-limit", "leaked", "cost", "bits", "runtime")
    ]
    small.append(Equal(TermVariable("crash", TermSort.INT), Int(crash)))
    premises = [
        *made.premises,
        *(Premise(f"small {number}", each) for number, each in enumerate(small)),
        Premise("breach", term),
    ]
    answer = solver.check(premises, budget)
    if not isinstance(answer, Sat):
        return None
    values = dict(answer.values)
    cost = int(values["cost"]) if form.cost == "some" else 0
    asked = GuardQuestion(
        form.capability,
        None if form.cost == "none" else cost,
        form.facts,
        int(values["bits"]) if form.leaks else 0,
    )
    world = World(
        token=bool(values["token"]),
        caveats=bool(values["caveats"]),
        policy=bool(values["policy"]),
        limit=int(values["limit"]),
        spent=int(values["spent"]),
        leak_limit=int(values["leak-limit"]),
        leaked=int(values["leaked"]),
        delivered=bool(values["delivered"]),
        crash=crash if crash < made.steps else -1,
        runtime=int(values["runtime"]),
    )
    events = attempted(chain, asked, world)
    if breach not in breaches(chain, asked, world, events):
        raise Defect(f"the reference does not see the breach `{breach}` that the solver found")
    return Breached(breach, asked, world, events)


def _misshapen(chain: rows.GuardChain) -> str:
    known = ("capability", "flow", "journal", "leakage", "transport")
    for stage in chain.order:
        if stage not in known:
            return f"the policy has a stage `{stage}`, which is not one of {', '.join(known)}"
    if chain.order.count("transport") != 1:
        return "the policy has no single stage `transport`"
    return ""


def _told(event: GuardEvent) -> str:
    match event.kind:
        case GuardKind.CHECKED:
            return "capability checked"
        case GuardKind.CHARGED:
            return f"{event.amount} charged"
        case GuardKind.COUPLED:
            return "fact coupled"
        case GuardKind.LEAKED:
            return f"{event.amount} bits charged to observers"
        case GuardKind.SENT:
            return "message sent"
        case GuardKind.FAILED:
            return "message not delivered"
        case GuardKind.RECORDED:
            return "fact recorded"
        case GuardKind.REFUSED:
            return f"refused by {event.stage}"
        case GuardKind.CRASHED:
            return "crash"
