"""The solver and the reference agree on every guard chain."""

from __future__ import annotations

import random
from itertools import permutations, product

import msgspec
import pytest

from tellverify.annotations.encode import EncodedForm
from tellverify.annotations.guard_cases import is_protected
from tellverify.annotations.guard_proof import Breached, Protected, UndecidedGuard, judge
from tellverify.annotations.guard_steps import (
    Breach,
    GuardKind,
    GuardQuestion,
    World,
    attempted,
    breaches,
)
from tellverify.annotations.rules import default_rules
from tellverify.policy.rows import GuardChain
from tellverify.solver.port import SolverBudget
from tellverify.solver.z3_backend import Z3Solver

CHAIN = default_rules().chain
STAGES = ("capability", "flow", "journal", "leakage", "transport")
FULL = EncodedForm(True, "some", True, True)
RESIDUES = ("charged", "leaked", "recorded", "sent-unrecorded")


def decided(chain: GuardChain, form: EncodedForm = FULL) -> Protected | Breached | UndecidedGuard:
    return judge(chain, form, Z3Solver(), SolverBudget())


def changed(**fields: object) -> GuardChain:
    return msgspec.structs.replace(CHAIN, **fields)


def by_enumeration(chain: GuardChain, form: EncodedForm) -> set[Breach]:
    """All breaches in worlds with small numbers."""
    found: set[Breach] = set()
    worlds = product(
        (True, False), (0, 1, 2), (0, 1), (0, 1), (True, False), range(-1, len(chain.order) + 1)
    )
    cost = {"none": None, "zero": 0, "some": 1}[form.cost]
    asked = GuardQuestion(form.capability, cost, form.facts, 1 if form.leaks else 0)
    for token, limit, spent, leak_limit, delivered, crash in worlds:
        if spent > limit:
            continue
        world = World(
            token=token,
            limit=limit,
            spent=spent,
            leak_limit=leak_limit,
            delivered=delivered,
            crash=crash,
            runtime=1,
        )
        found |= breaches(chain, asked, world, attempted(chain, asked, world))
    return found


@pytest.mark.parametrize(
    "form",
    [
        EncodedForm(*f)
        for f in product((True, False), ("none", "zero", "some"), (True, False), (True, False))
    ],
)
def test_the_canonical_chain_protects_every_form(form: EncodedForm) -> None:
    assert isinstance(decided(CHAIN, form), Protected)
    assert not by_enumeration(CHAIN, form)


@pytest.mark.parametrize(
    ("fields", "breach"),
    [
        ({"order": ("transport", "capability", "flow", "journal", "leakage")}, None),
        ({"order": ("capability", "transport", "flow", "journal", "leakage")}, Breach.UNCHARGED),
        ({"order": ("flow", "journal", "leakage", "transport", "capability"),
          "refusal": "stage-by-stage"}, Breach.UNCHECKED),
        ({"order": ("flow", "journal", "leakage", "transport")}, Breach.UNCHECKED),
        ({"order": ("capability", "journal", "leakage", "transport")}, Breach.UNCHARGED),
        ({"journal": "before-send"}, Breach.EARLY_FACT),
        ({"frontier": "declared"}, Breach.UNADMITTED),
        ({"charges": "both"}, Breach.DOUBLE),
        ({"residue": ("leaked", "sent-unrecorded")}, Breach.LEFTOVER),
        ({"refusal": "stage-by-stage", "residue": ("sent-unrecorded",),
          "order": ("leakage", "capability", "flow", "journal", "transport")}, None),
    ],
)  # fmt: skip
def test_a_wrong_chain_is_refuted_by_an_attempt(
    fields: dict[str, object], breach: Breach | None
) -> None:
    chain = changed(**fields)
    found = decided(chain)
    assert isinstance(found, Breached)
    assert breach is None or found.breach is breach
    assert found.breach in breaches(chain, found.asked, found.world, found.events)
    assert found.events == attempted(chain, found.asked, found.world)


def test_declared_names_are_no_grants() -> None:
    found = decided(changed(frontier="declared"))
    assert isinstance(found, Breached)
    assert not found.world.admits
    assert GuardKind.SENT in {event.kind for event in found.events}
    assert "against it" in found.story()


def test_a_refusal_leaves_nothing_behind() -> None:
    asked = GuardQuestion(True, 5, True, 8)
    for world in (World(token=False), World(limit=4, leak_limit=8), World(limit=5, leak_limit=7)):
        events = attempted(CHAIN, asked, world)
        assert events[-1].kind is GuardKind.REFUSED
        assert not [e for e in events if e.kind not in (GuardKind.REFUSED, GuardKind.CHECKED)]


def test_an_odd_chain_is_not_decided() -> None:
    assert isinstance(decided(changed(order=("capability", "luck", "transport"))), UndecidedGuard)
    assert isinstance(decided(changed(order=("capability", "flow"))), UndecidedGuard)


def test_repeated_stages_are_left_to_the_solver() -> None:
    form = EncodedForm(True, "some", True, True)
    assert is_protected(changed(order=(*STAGES, "flow")), form) is None
    assert is_protected(changed(order=("capability", "luck", "transport")), form) is None
    assert is_protected(changed(order=("capability", "flow")), form) is None


def test_random_chains_agree_with_enumeration() -> None:
    rng = random.Random(20)
    orders = list(permutations(STAGES))
    for number in range(90):
        order = rng.choice(orders)
        kept = tuple(s for s in order if s == "transport" or rng.random() < 0.85)
        chain = changed(
            order=kept,
            journal=rng.choice(("after-send", "before-send")),
            refusal=rng.choice(("all-or-nothing", "stage-by-stage")),
            frontier=rng.choice(("admitted", "declared")),
            charges=rng.choice(("annotation", "runtime", "both")),
            residue=tuple(r for r in RESIDUES if rng.random() < 0.7),
        )
        form = EncodedForm(
            rng.random() < 0.7,
            rng.choice(("none", "zero", "some")),
            rng.random() < 0.7,
            rng.random() < 0.5,
        )
        brute = by_enumeration(chain, form)
        assert is_protected(chain, form) is (not brute), (number, chain, form, brute)
        if brute and number % 6:
            continue  # every refutation takes a while
        found = decided(chain, form)
        if brute:
            assert isinstance(found, Breached), (number, chain, form, brute)
            assert found.breach in brute, (number, chain, form)
        else:
            assert isinstance(found, Protected), (number, chain, form, found)
