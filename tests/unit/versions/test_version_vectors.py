"""The worked examples: failing mixtures, lengths, orders and bridges."""

from __future__ import annotations

import pytest
from version_texts import OTA, VECTORS, protocol, versions_of

from tellverify.model.fault import Fault
from tellverify.versions.bridge import find_bridge
from tellverify.versions.mixtures import Mixtures
from tellverify.versions.rollout import rollout
from tellverify.versions.wire_labels import WireRules

WRONG, LOST, DEAD = Fault.UNSPECIFIED_RECEPTION, Fault.ORPHAN_MESSAGE, Fault.DEADLOCK


def found(name: str) -> Mixtures:
    return Mixtures(versions_of(*VECTORS[name]), largest_bound=8, budget=10_000)


def failing(mixtures: Mixtures) -> set[tuple[str, Fault, int]]:
    """Refuted cubes as `A o, B n`, with fault and length; roles of any version are left out."""
    space = mixtures.space
    word = {1: "o", 2: "n"}
    rows = set()
    for one in mixtures.refuted:
        named = (
            f"{role} {word[space.versions_of(one.cube, n)]}"
            for n, role in enumerate(mixtures.changed)
            if space.versions_of(one.cube, n) in word
        )
        rows.add((", ".join(named), one.fault, one.depth))
    return rows


@pytest.mark.parametrize(
    ("name", "fails", "order", "bridge"),
    [
        ("V1", set(), "any", ""),
        ("V2", {("A o, B n", WRONG, 1), ("A n, B o", WRONG, 1)}, "none", "(B) A B"),
        ("V3", {("C n, S o", WRONG, 1)}, "S before C", ""),
        ("V4", {("C o, S n", WRONG, 3)}, "C before S", ""),
        ("V5", {("C o, S n", WRONG, 3), ("C n, S o", WRONG, 1)}, "none", "(C) S C"),
        ("V6", {("A n, B o", DEAD, 0)}, "B before A", ""),
        ("V7", {("A o, B n", WRONG, 1), ("A n, B o", WRONG, 1)}, "none", "(B) A B"),
        ("V8", {("A o, B n", LOST, 3), ("A n, B o", DEAD, 2)}, "none", "(A) B A"),
        (
            "V9",
            {("B o, C n", DEAD, 3), ("B n, C o, D n", DEAD, 5), ("B n, D o", LOST, 3)},
            "none",
            "(C) D B C",
        ),
        ("V10", {("A o, B n", WRONG, 3), ("A n, B o", WRONG, 3)}, "none", "(A) B A"),
        # M takes no part in a session of an S that does not know it
        ("gone", {("S o, M n", DEAD, 1)}, "S before M", ""),
    ],
)
def test_a_vector(name: str, fails: set[tuple[str, Fault, int]], order: str, bridge: str) -> None:
    mixtures = found(name)
    assert failing(mixtures) == fails
    assert mixtures.is_settled
    upgrade = rollout(mixtures.changed, mixtures.cubes)
    said = ", ".join(f"{x} before {y}" for x, y in upgrade.before) or upgrade.kind
    assert said == order
    if upgrade.kind == "none":
        plan = find_bridge(mixtures.roles, largest_bound=8, budget=10_000).plan
        assert plan is not None
        assert plan.is_proved
        steps = (f"({s.role})" if s.is_bridge else s.role for s in plan.steps)
        assert " ".join(steps) == bridge


@pytest.mark.parametrize(("size", "configurations"), [(2, 34), (3, 94), (5, 670)])
def test_devices_come_before_the_coordinator(size: int, configurations: int) -> None:
    mixtures = Mixtures(versions_of(*OTA, {"D": size}), largest_bound=8, budget=10_000)
    assert mixtures.search.count == configurations
    assert mixtures.refuted[0].depth == 4 * size + 1
    assert {one.fault for one in mixtures.refuted} == {WRONG}
    good = mixtures.good()
    assert good is not None
    assert mixtures.total - good == 2**size - 1
    upgrade = rollout(mixtures.changed, mixtures.cubes)
    assert upgrade.before == tuple((f"D[{n}]", "C") for n in range(size))
    assert upgrade.pairs_suffice


def test_a_member_of_a_family_is_upgraded_by_itself() -> None:
    mixtures = Mixtures(versions_of(*OTA, {"D": 3}), largest_bound=8, budget=10_000)
    assert mixtures.is_good((0, 1, 0, 1))  # C and D[1] old
    assert not mixtures.is_good((1, 1, 0, 1))


def test_types_that_read_each_other_are_the_same_on_the_wire() -> None:
    rules = WireRules(payloads=(("crate.V1", "crate.V2"),))
    assert versions_of(*VECTORS["V7"], None, rules).changed == ()
    assert versions_of(*VECTORS["V7"], None, WireRules()).changed == ("A", "B")


def test_a_renamed_role_is_the_same_role() -> None:
    old = protocol("Client, B", "Client -> B : X;B -> Client : Y")
    new = protocol("Caller, B", "Caller -> B : X;B -> Caller : Y")
    assert versions_of(old, new, None, WireRules(renamed=(("Client", "Caller"),))).changed == ()
    roles = versions_of(old, new)
    assert set(roles.changed) == {"Client", "Caller", "B"}
    assert roles.one_sided == {"Client": 0, "Caller": 1}


def test_many_roles_of_which_none_can_be_the_first_have_no_order() -> None:
    names = [f"R{n}" for n in range(18)]
    old, new = (
        protocol(", ".join(names), ";".join(f"R{n} -> R{n + 1} : {x}{n}" for n in range(17)))
        for x in ("X", "Y")
    )
    mixtures = Mixtures(versions_of(old, new), largest_bound=8, budget=10_000)
    assert mixtures.good() == 2
    assert rollout(mixtures.changed, mixtures.cubes).kind == "none"
