"""Fragments have one owner; they move by reconfiguration alone, all or nothing."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

import tellverify
from tellverify.runtime.delegation import Footprint, delegated, incoherence
from tellverify.runtime.faults import FaultKind, RuntimeFault
from tellverify.runtime.gate import Contracts
from tellverify.runtime.ownership import OwnedFragment, OwnershipClaim, Registry, fragments_of
from tellverify.runtime.reconfiguration import (
    SURFACES,
    Bundle,
    Reconfiguration,
    ReconfigurationReceipt,
)

FULL = Contracts("full", frozenset(SURFACES))


def claimed(
    registry: Registry, label: str = "anna", bundles: tuple[str, ...] = ()
) -> OwnershipClaim:
    claim = registry.claim("s", label, "p", bundles)
    assert isinstance(claim, OwnershipClaim)
    return claim


def opened(
    contracts: Contracts = FULL, bundles: tuple[str, ...] = ()
) -> tuple[Registry, Reconfiguration, OwnershipClaim]:
    registry = Registry()
    manager = Reconfiguration(registry, contracts)
    claim = claimed(registry, bundles=bundles)
    manager.adopt(claim)
    return registry, manager, claim


def kind_of(result: object) -> FaultKind:
    assert isinstance(result, RuntimeFault), result
    return result.kind


def test_link_bundles_are_the_fragments_of_a_protocol() -> None:
    assert fragments_of("s", "p", ()) == (OwnedFragment("s", "protocol:p"),)
    assert fragments_of("s", "p", ("b", "a", "b")) == (
        OwnedFragment("s", "bundle:b"),
        OwnedFragment("s", "bundle:a"),
    )


def test_a_fragment_has_one_owner_and_claims_are_all_or_nothing() -> None:
    registry = Registry()
    first = claimed(registry, bundles=("x",))
    assert claimed(registry, bundles=("x",)) == first
    assert kind_of(registry.claim("s", "bert", "p", ("y", "x"))) is FaultKind.FRAGMENT_OWNED
    assert OwnedFragment("s", "bundle:y") not in registry.fragments("s")
    assert isinstance(registry.claim("t", "bert", "p", ("x",)), OwnershipClaim)


def test_a_released_session_does_not_revive_old_claims() -> None:
    registry = Registry()
    first = claimed(registry)
    registry.release(first)
    second = claimed(registry)
    assert registry.is_current(second)
    assert not registry.is_current(first)
    registry.release(first)
    assert registry.is_current(second)


def test_a_transfer_makes_the_old_owner_stale() -> None:
    registry, manager, old = opened(bundles=("x", "y"))
    receipt = manager.transfer(old, "bert")
    assert isinstance(receipt, ReconfigurationReceipt)
    assert registry.is_current(receipt.claim)
    refusal = registry.refusal(old)
    assert refusal is not None
    assert refusal.kind is FaultKind.STALE_OWNER
    assert kind_of(manager.transfer(old, "carl")) is FaultKind.STALE_OWNER
    assert kind_of(registry.claim("s", "anna", "p", ("x",))) is FaultKind.FRAGMENT_OWNED
    back = manager.transfer(receipt.claim, "anna")
    assert isinstance(back, ReconfigurationReceipt)
    assert back.claim.generation == 3
    assert not registry.is_current(old)


@pytest.mark.parametrize("lacking", SURFACES)
def test_a_runtime_without_reconfiguration_hands_nothing_over(lacking: str) -> None:
    registry, manager, claim = opened(FULL.without(lacking), ("x",))
    manager.register(Bundle("x"))
    before = registry.snapshot()
    for result in (
        manager.transfer(claim, "bert"),
        manager.delegate("x", claim, "bert"),
        manager.link("x", "x", "y"),
    ):
        assert isinstance(result, RuntimeFault)
        assert result.kind is FaultKind.TRANSFER
        assert f"`{lacking}`" in result.reason
    assert registry.snapshot() == before


def test_a_transfer_is_undone_when_its_receipt_cannot_be_stored() -> None:
    registry = Registry()
    manager = Reconfiguration(registry, FULL, persist=lambda receipt: False)
    claim = claimed(registry, bundles=("x", "y"))
    manager.adopt(claim)
    footprints = dict(manager.footprints)
    assert kind_of(manager.transfer(claim, "bert")) is FaultKind.TRANSFER
    assert registry.is_current(claim)
    assert manager.footprints == footprints
    assert manager.receipts == []


def test_delegation_needs_a_registered_bundle_that_is_a_fragment() -> None:
    _, manager, claim = opened(bundles=("x",))
    assert kind_of(manager.delegate("x", claim, "bert")) is FaultKind.DELEGATION
    manager.register(Bundle("x"))
    manager.register(Bundle("z"))
    assert kind_of(manager.delegate("z", claim, "bert")) is FaultKind.DELEGATION
    receipt = manager.delegate("x", claim, "bert")
    assert isinstance(receipt, ReconfigurationReceipt)
    assert receipt.after[0].delegated_out == {"s"}
    assert receipt.after[1].delegated_in == {"s"}
    again = manager.delegate("x", receipt.claim, "carl")
    assert isinstance(again, ReconfigurationReceipt)
    assert manager.footprints["anna"] == Footprint()
    assert manager.footprints["bert"].delegated_out == {"s"}
    assert incoherence(manager.footprints) == ""


def test_who_gave_a_session_away_cannot_give_it_again() -> None:
    registry, manager, claim = opened()
    assert isinstance(manager.transfer(claim, "bert"), ReconfigurationReceipt)
    forged = OwnershipClaim("s", "anna", 2, claim.fragments)
    assert kind_of(manager.transfer(forged, "carl")) is FaultKind.STALE_OWNER
    assert claim.fragments[0] in registry.fragments("s")


def test_bundles_link_only_when_they_fit() -> None:
    _, manager, _ = opened()
    manager.register(Bundle("a", frozenset("p"), frozenset("q"), frozenset({"1"})))
    manager.register(Bundle("b", frozenset("q"), frozenset("p"), frozenset({"2"})))
    manager.register(Bundle("c", frozenset(), frozenset("z"), frozenset({"3"})))
    manager.register(Bundle("d", frozenset("pq"), frozenset(), frozenset({"1"})))
    assert kind_of(manager.link("a", "x", "n")) is FaultKind.LINK
    assert kind_of(manager.link("a", "c", "n")) is FaultKind.LINK
    assert kind_of(manager.link("a", "d", "n")) is FaultKind.LINK
    assert kind_of(manager.link("a", "b", "c")) is FaultKind.LINK
    linked = manager.link("a", "b", "n")
    assert linked == Bundle("n", frozenset("pq"), frozenset("pq"), frozenset("12"))


def test_footprints_stay_coherent_under_any_delegations() -> None:
    """Random delegations: allowed from the active owner only, and coherent ever after."""
    for seed in range(500):
        rng = random.Random(seed)
        registry = Registry()
        manager = Reconfiguration(registry, FULL)
        claims: dict[str, list[OwnershipClaim]] = {}
        for session in "xyz":
            claim = registry.claim(session, rng.choice("abc"), "p")
            assert isinstance(claim, OwnershipClaim)
            manager.adopt(claim)
            claims[session] = [claim]
        for _ in range(12):
            session = rng.choice("xyz")
            claim = rng.choice(claims[session])
            result = manager.transfer(claim, rng.choice("abcd"))
            current = claim == claims[session][-1]
            if isinstance(result, ReconfigurationReceipt):
                assert current, f"seed {seed}"
                claims[session].append(result.claim)
            assert incoherence(manager.footprints) == "", f"seed {seed}"
            assert registry.is_current(claims[session][-1]), f"seed {seed}"
            assert not any(registry.is_current(c) for c in claims[session][:-1]), f"seed {seed}"


@pytest.mark.parametrize(
    ("footprints", "says"),
    [
        ({"a": Footprint(frozenset("s"), frozenset("s"))}, "in two ways"),
        ({"a": Footprint(frozenset("s")), "b": Footprint(frozenset("s"))}, "has the owners"),
        ({"a": Footprint(delegated_out=frozenset("s"))}, "no authority has it"),
        (
            {
                "a": Footprint(delegated_out=frozenset("s")),
                "b": Footprint(delegated_out=frozenset("s")),
                "c": Footprint(delegated_in=frozenset("s")),
            },
            "was given away by",
        ),
    ],
)
def test_incoherent_footprints_are_named(footprints: dict[str, Footprint], says: str) -> None:
    assert says in incoherence(footprints)


def test_delegation_clears_the_one_before() -> None:
    start = {"a": Footprint(frozenset("s"))}
    once = delegated(start, "s", "a", "b")
    twice = delegated(once, "s", "b", "c")
    assert twice["a"] == Footprint()
    assert incoherence(once) == incoherence(twice) == ""


def test_permits_are_made_in_one_place() -> None:
    package = Path(tellverify.__file__).parent
    made = [
        path.name
        for path in package.glob("**/*.py")
        if re.search(r"\bPermit\(", path.read_text("utf-8").replace("class Permit(", ""))
    ]
    assert made == ["reconfiguration.py"]
