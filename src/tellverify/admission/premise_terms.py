"""The terms that premises on admission are made of."""

from __future__ import annotations

from collections.abc import Iterable

from tellverify.solver.term import (
    Disjunction,
    NegatedTerm,
    Term,
    TermSort,
    TermVariable,
)


def provides(key: str) -> TermVariable:
    """Whether the runtime has a key."""
    return TermVariable(f"provides {key}", TermSort.BOOL)


def requires(pack: str) -> TermVariable:
    """Whether the source requires a pack."""
    return TermVariable(f"requires {pack}", TermSort.BOOL)


def declared(pack: str) -> TermVariable:
    """Whether the source declares a pack."""
    return TermVariable(f"declared {pack}", TermSort.BOOL)


def declares(pack: str, key: str) -> TermVariable:
    """Whether the declaration of a pack has a capability."""
    return TermVariable(f"declares {pack} {key}", TermSort.BOOL)


def holds_fact(fact: str) -> TermVariable:
    """Whether a fact about the contracts of the runtime holds."""
    return TermVariable(f"fact {fact}", TermSort.BOOL)


KNOWN = TermVariable("known by name", TermSort.BOOL)


def policy_says(words: str) -> TermVariable:
    """Whether the policy says something, in its words."""
    return TermVariable(f"policy {words}", TermSort.BOOL)


def lists(field: str, key: str) -> TermVariable:
    """Whether a list of the manifest has an entry."""
    return TermVariable(f"listed {field} {key}", TermSort.BOOL)


def wants(field: str, key: str) -> TermVariable:
    """Whether a list of the manifest has to have an entry."""
    return TermVariable(f"wanted {field} {key}", TermSort.BOOL)


def implies(conditions: Iterable[Term], conclusion: Term) -> Term:
    """That the conclusion holds where all conditions do."""
    return Disjunction((*(NegatedTerm(each) for each in conditions), conclusion))
