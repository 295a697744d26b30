"""Sets, solver and a reference of their own agree on 5,000 generated policies and inventories."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, combinations

import pytest
from admission_cases import KEYS, Case, case
from reference_admission import faults, keys_of, minimal_fact_sets
from truth_tables import satisfiable

from tellverify.admission.objections import AdmissionReason, Objection
from tellverify.admission.premises import Named, Part, premises
from tellverify.admission.reasons import (
    Changes,
    Inventories,
    applied,
    clashes,
    least_changes,
    minimal_inventories,
    possible_changes,
)
from tellverify.admission.resolve import admit, requirements
from tellverify.admission.runtime import RuntimeInventory, all_facts
from tellverify.solver.port import GaveUp, Sat, SolverBudget, Unsat
from tellverify.solver.z3_backend import Z3Solver

SOLVER = Z3Solver()


def inventory_of_keys(keys: Iterable[str]) -> RuntimeInventory:
    """A runtime that has exactly these keys."""
    given = frozenset(keys)
    return RuntimeInventory("some", given, given=given)


CHUNK = 500


def single(objection: Objection) -> set[tuple[str, ...]]:
    """An objection as the single faults that it is made of."""
    code = objection.reason.code.number
    keys = (*objection.keys, *objection.extra, *(one for pair in objection.renamed for one in pair))
    if keys:
        return {(code, objection.pack, key) for key in keys}
    return {(code, objection.pack)} if objection.pack else {(code,)}


def refusals(found: Case) -> set[tuple[str, ...]]:
    path = found.derived.source.path
    decision = admit(found.policy, found.derived.manifest, found.runtime, path)
    refusing = [one for one in decision.objections if one.reason.refuses]
    assert decision.admitted is not bool(refusing)
    return set().union(*(single(one) for one in refusing))


@pytest.mark.parametrize("start", range(0, 5_000, CHUNK))
def test_sets_reference_and_solver_agree(start: int) -> None:
    admitted = 0
    for seed in range(start, start + CHUNK):
        found = case(seed)
        keys = keys_of(found.policy, found.runtime.name)
        assert keys == found.runtime.keys, f"seed {seed}"
        expected = faults(found.policy, found.derived.manifest, keys, found.derived.source.path)
        assert refusals(found) == expected, f"seed {seed}"
        named = premises(found.policy, found.derived, found.runtime)
        answer = SOLVER.check([one.premise for one in named], SolverBudget())
        assert isinstance(answer, Sat) is (not expected), f"seed {seed}"
        admitted += not expected
    assert CHUNK // 20 < admitted < CHUNK * 19 // 20


@pytest.mark.parametrize("start", range(0, 5_000, 1_000))
def test_there_is_a_reason_for_each_fault_and_no_other(start: int) -> None:
    for seed in range(start, start + 1_000, 13):
        found = case(seed)
        named = premises(found.policy, found.derived, found.runtime)
        reasons = clashes(named, SOLVER)
        assert not isinstance(reasons, GaveUp), f"seed {seed}"
        told = {
            tuple(
                part
                for part in (one.reason.code.number, one.pack, one.key)
                if part or (one.key and part == one.pack)
            )
            for one in reasons
        }
        assert told == refusals(found), f"seed {seed}"
        for one in reasons:
            assert [premise.part for premise in one.premises].count(Part.RULE) == 1
            assert not holds(one.premises), f"seed {seed}"
            for left in one.premises:
                assert holds([other for other in one.premises if other is not left])


def holds(named: Iterable[Named]) -> bool:
    """Whether premises hold together, by trying all values of their variables."""
    return satisfiable([one.premise.term for one in named])


@pytest.mark.parametrize("start", range(0, 5_000, 1_000))
def test_the_least_changes_suffice_and_nothing_cheaper_does(start: int) -> None:
    tried = 0
    for seed in range(start, start + 1_000, 17):
        found = case(seed)
        expected = refusals(found)
        if not expected or any(code in ("TV705", "TV717", "TV709") for code, *_ in expected):
            continue
        least = least_changes(found.policy, found.derived, found.runtime, SOLVER)
        if isinstance(least, Unsat):
            continue
        assert isinstance(least, Changes), f"seed {seed}: {least}"
        assert least.changes and least.cost == sum(one.weight for one in least.changes)
        _, wishes = possible_changes(found.policy, found.derived, found.runtime)
        kinds = tuple(dict.fromkeys(change for _, change in wishes))
        if len(kinds) > 12:
            continue
        tried += 1
        every = chain.from_iterable(combinations(kinds, size) for size in range(len(kinds) + 1))
        for some in every:
            if sum(one.weight for one in some) < least.cost:
                after, runtime = applied(found.policy, found.derived, found.runtime, some)
                path = found.derived.source.path
                assert not admit(found.policy, after.manifest, runtime, path).admitted, (
                    f"seed {seed}"
                )
    assert tried > 5


@pytest.mark.parametrize("start", range(0, 5_000, 1_000))
def test_minimal_inventories_are_those_that_trying_finds(start: int) -> None:
    tried = 0
    for seed in range(start, start + 1_000, 11):
        found = case(seed)
        path = found.derived.source.path
        resolved = requirements(found.policy, found.derived.manifest, path)
        minimal = minimal_inventories(found.policy, found.derived, SOLVER)
        if not resolved.resolved:
            assert minimal is None, f"seed {seed}"
            continue
        assert isinstance(minimal, Inventories), f"seed {seed}"
        wanted = set(resolved.flattened)
        assert set(minimal.keys) == wanted, f"seed {seed}"
        facts = list(all_facts(found.policy))
        tried_out = minimal_fact_sets(found.policy, facts, wanted)
        assert {frozenset(one) for one in minimal.facts} == tried_out, f"seed {seed}"
        tried += 1
    assert tried > 5


def test_more_keys_never_turn_an_admission_into_a_refusal() -> None:
    for seed in range(0, 5_000, 7):
        found = case(seed)
        manifest, path = found.derived.manifest, found.derived.source.path
        admitted = {
            keys: admit(
                found.policy,
                manifest,
                inventory_of_keys(keys),
                path,
            ).admitted
            for size in (0, 1, 2, len(KEYS))
            for keys in combinations(KEYS, size)
        }
        for keys, is_admitted in admitted.items():
            for more, is_admitted_then in admitted.items():
                if is_admitted and set(keys) <= set(more):
                    assert is_admitted_then, f"seed {seed}"


def test_every_reason_that_refuses_is_among_the_cases() -> None:
    met = set()
    for seed in range(5_000):
        met |= {code for code, *_ in refusals(case(seed))}
    assert met == {reason.code.number for reason in AdmissionReason if reason.refuses}
