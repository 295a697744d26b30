"""The guard chain as terms: one attempt to send from any state that keeps the invariant.

The invariant is `0 <= spent <= limit` and `0 <= leaked <= leak limit`, at every point of every
run. It holds at the start and, by the queries made here, after every step of every attempt; moving
to a new epoch sets `spent` to 0 and keeps it. So a result proved about one attempt from any such
state holds for all attempts of all runs, loops included.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tellverify.annotations.guard_steps import Breach
from tellverify.policy import rows
from tellverify.solver.port import Premise
from tellverify.solver.term import (
    Add,
    Bool,
    Conjunction,
    Disjunction,
    If,
    Int,
    Less,
    NegatedTerm,
    Term,
    TermSort,
    TermVariable,
)

TRUE: Final = Bool(True)
FALSE: Final = Bool(False)


class EncodedForm(msgspec.Struct, frozen=True):
    """The relevant annotations of a send; costs and bits are symbols, so all values are covered.

    `cost` is "none", "zero" or "some".
    """

    capability: bool
    cost: str
    facts: bool
    leaks: bool


def _flag(name: str) -> TermVariable:
    return TermVariable(name, TermSort.BOOL)


def _number(name: str) -> TermVariable:
    return TermVariable(name, TermSort.INT)


TOKEN, CAVEATS, POLICY, DELIVERED = map(_flag, ("token", "caveats", "policy", "delivered"))
LIMIT, SPENT, LEAK_LIMIT, LEAKED = map(_number, ("limit", "spent", "leak-limit", "leaked"))
COST, BITS, RUNTIME, CRASH = map(_number, ("cost", "bits", "runtime", "crash"))
ADMITTED: Final = Conjunction((TOKEN, CAVEATS, POLICY))


def _at_most(left: Term, right: Term) -> Term:
    return NegatedTerm(Less(right, left))


def _sum(*parts: Term) -> Term:
    return Add(parts)


class _EncodingState(msgspec.Struct):
    """The state of an attempt: whether it continues, and what has happened, as terms."""

    live: Term
    checked: Term = FALSE
    charges: tuple[tuple[Term, Term], ...] = ()  # (whether, amount)
    leaks: Term = FALSE
    coupled: Term = FALSE
    recorded: Term = FALSE
    sent: Term = FALSE


class Encoded(msgspec.Struct, frozen=True):
    """The premises of an attempt, and for every breach the term under which it happens."""

    premises: tuple[Premise, ...]
    breaches: tuple[tuple[Breach, Term], ...]
    steps: int


def encoded(chain: rows.GuardChain, form: EncodedForm) -> Encoded:
    """One attempt of a send of a form."""
    return _EncodingAttempt(chain, form).encoded()


class _EncodingAttempt:
    def __init__(self, chain: rows.GuardChain, form: EncodedForm) -> None:
        self._chain = chain
        self._form = form
        self._own: Term = COST if form.cost == "some" else Int(0)
        self._bad: dict[Breach, list[Term]] = {breach: [] for breach in Breach}
        self._priced = form.cost != "none"
        self._by_annotation = self._priced and chain.charges != "runtime"
        self._by_runtime = self._priced and chain.charges != "annotation"

    def encoded(self) -> Encoded:
        """Walk the stages in their order."""
        chain = self._chain
        state = _EncodingState(TRUE)
        if chain.refusal == "all-or-nothing":
            for stage in chain.order:
                passes = self._passes(stage, state)
                if stage == "capability" and self._form.capability:
                    state.checked = Conjunction((state.live, passes))
                state.live = Conjunction((state.live, passes))
        steps = 0
        for stage in chain.order:
            self._stopped(Conjunction((state.live, self._crashes(steps))), state, crashed=True)
            state.live = Conjunction((state.live, NegatedTerm(self._crashes(steps))))
            steps += 1
            if chain.refusal == "stage-by-stage":
                passes = self._passes(stage, state)
                self._stopped(Conjunction((state.live, NegatedTerm(passes))), state, crashed=False)
                state.live = Conjunction((state.live, passes))
                if stage == "capability" and self._form.capability:
                    state.checked = state.live
            self._carried_out(stage, state)
        if self._form.facts and chain.journal == "after-send":
            ready = Conjunction((state.live, state.sent, state.coupled))
            self._stopped(Conjunction((ready, self._crashes(steps))), state, crashed=True)
            steps += 1
            self._bad[Breach.EARLY_FACT].append(Conjunction((ready, NegatedTerm(state.sent))))
        bad = tuple((breach, Disjunction(tuple(terms))) for breach, terms in self._bad.items())
        return Encoded(self._premises(steps), bad, steps)

    def _premises(self, steps: int) -> tuple[Premise, ...]:
        terms = [
            _at_most(Int(0), SPENT),
            _at_most(SPENT, LIMIT),
            _at_most(Int(0), LEAKED),
            _at_most(LEAKED, LEAK_LIMIT),
            Less(Int(0), COST),
            Less(Int(0), BITS),
            Less(Int(0), RUNTIME),
            _at_most(Int(0), CRASH),
            _at_most(CRASH, Int(steps)),
            Disjunction((TOKEN, NegatedTerm(TOKEN))),
            Disjunction((CAVEATS, NegatedTerm(CAVEATS))),
            Disjunction((POLICY, NegatedTerm(POLICY))),
            Disjunction((DELIVERED, NegatedTerm(DELIVERED))),
        ]
        return tuple(Premise(f"world {number}", term) for number, term in enumerate(terms))

    @staticmethod
    def _crashes(steps: int) -> Term:
        """Whether the crash comes after `steps` steps; a crash after the last step is none."""
        return Conjunction((_at_most(CRASH, Int(steps)), _at_most(Int(steps), CRASH)))

    def _passes(self, stage: str, state: _EncodingState) -> Term:
        form = self._form
        match stage:
            case "capability" if form.capability:
                return TRUE if self._chain.frontier == "declared" else ADMITTED
            case "flow" if self._priced:
                asked = [SPENT, self._charged(state)]
                if self._by_annotation:
                    asked.append(self._own)
                if self._by_runtime:
                    asked.append(RUNTIME)
                return _at_most(_sum(*asked), LIMIT)
            case "leakage" if form.leaks:
                return _at_most(_sum(LEAKED, BITS), LEAK_LIMIT)
            case _:
                return TRUE

    @staticmethod
    def _charged(state: _EncodingState) -> Term:
        return _sum(Int(0), *(If(when, amount, Int(0)) for when, amount in state.charges))

    def _carried_out(self, stage: str, state: _EncodingState) -> None:
        live = state.live
        match stage:
            case "flow" if self._by_annotation:
                self._charge(state, self._own)
            case "journal" if self._form.facts:
                if self._chain.journal == "after-send":
                    state.coupled = live
                else:
                    self._bad[Breach.EARLY_FACT].append(
                        Conjunction((live, NegatedTerm(state.sent)))
                    )
                    state.recorded = live
            case "leakage" if self._form.leaks:
                state.leaks = live
                over = Less(LEAK_LIMIT, _sum(LEAKED, BITS))
                self._bad[Breach.OVERLEAKED].append(Conjunction((live, over)))
            case "transport":
                self._transport(state)
            case _:
                pass

    def _charge(self, state: _EncodingState, amount: Term) -> None:
        live = state.live
        for when, _ in state.charges:
            self._bad[Breach.DOUBLE].append(Conjunction((live, when)))
        state.charges = (*state.charges, (live, amount))
        over = Less(LIMIT, _sum(SPENT, self._charged(state)))
        self._bad[Breach.OVERSPENT].append(Conjunction((live, over)))

    def _transport(self, state: _EncodingState) -> None:
        if self._by_runtime:
            self._charge(state, RUNTIME)
        self._stopped(Conjunction((state.live, NegatedTerm(DELIVERED))), state, crashed=True)
        state.live = Conjunction((state.live, DELIVERED))
        sent = state.live
        if self._form.capability:
            self._bad[Breach.UNCHECKED].append(Conjunction((sent, NegatedTerm(state.checked))))
            self._bad[Breach.UNADMITTED].append(Conjunction((sent, NegatedTerm(ADMITTED))))
        if self._priced:
            charged = Disjunction(tuple(when for when, _ in state.charges))
            self._bad[Breach.UNCHARGED].append(Conjunction((sent, NegatedTerm(charged))))
        if self._form.facts:
            known = Disjunction((state.coupled, state.recorded))
            self._bad[Breach.UNCOUPLED].append(Conjunction((sent, NegatedTerm(known))))
        if self._form.leaks:
            self._bad[Breach.UNACCOUNTED].append(Conjunction((sent, NegatedTerm(state.leaks))))
        state.sent = sent

    def _stopped(self, when: Term, state: _EncodingState, *, crashed: bool) -> None:
        """Effects that must not remain where an attempt stops."""
        chain = self._chain
        nothing = not crashed and chain.refusal == "all-or-nothing"
        allowed = () if nothing else chain.residue
        left: dict[str, Term] = {
            "charged": Conjunction(
                (Disjunction(tuple(c for c, _ in state.charges)), NegatedTerm(state.sent))
            ),
            "leaked": Conjunction((state.leaks, NegatedTerm(state.sent))),
            "recorded": Conjunction((state.recorded, NegatedTerm(state.sent))),
            "sent-unrecorded": Conjunction(
                (state.sent, NegatedTerm(state.recorded), Bool(self._form.facts))
            ),
        }
        bad = Disjunction(tuple(term for name, term in left.items() if name not in allowed))
        breach = Breach.LEFTOVER if crashed else Breach.RESIDUE
        self._bad[breach].append(Conjunction((when, bad)))
