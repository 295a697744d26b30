"""Verdict and length of every deployment against one search each with the reference semantics."""

from __future__ import annotations

import os
import random
from collections import deque
from itertools import combinations

import pytest
from random_pairs import LIMIT, acting, all_deployments, random_pair, shortest
from systems import Whole
from version_texts import protocol, versions_of

from tellverify.model.run_end import replay
from tellverify.search.cubes import is_within
from tellverify.versions.mixtures import Mixtures
from tellverify.versions.role_versions import NEW, OLD, RoleVersions
from tellverify.versions.rollout import rollout
from tellverify.versions.unbounded import answer_for

PAIRS = int(os.environ.get("VERSION_PAIRS", "100"))


def pairs(count: int, first: int = 0) -> list[tuple[int, RoleVersions]]:
    """`count` pairs with a changed role, by seed."""
    found, seed = [], first
    while len(found) < count:
        roles = random_pair(seed)
        if roles is not None and roles.changed:
            found.append((seed, roles))
        seed += 1
    return found


@pytest.fixture(scope="module")
def searched() -> list[tuple[int, RoleVersions, Mixtures]]:
    return [
        (seed, roles, Mixtures(roles, largest_bound=8, budget=20_000))
        for seed, roles in pairs(PAIRS)
    ]


def test_every_deployment_has_the_verdict_and_length_of_a_search_of_its_own(
    searched: list[tuple[int, RoleVersions, Mixtures]],
) -> None:
    compared = refuted = 0
    for seed, roles, mixtures in searched:
        for versions in all_deployments(roles):
            whole = Whole(roles.machines(acting(roles, versions)), LIMIT)
            if not whole.finite:
                continue
            wanted = shortest(whole)
            cube = mixtures.space.deployment(tuple(versions.values()))
            found = next((one for one in mixtures.refuted if not cube & ~one.cube), None)
            compared += 1
            refuted += wanted is not None
            where = (seed, versions)
            assert (found is None) == (wanted is None), where
            if found is None or wanted is None:
                is_proved = mixtures.known_by()[1] == "proved"
                assert is_proved or not is_within(cube, mixtures.open), where
                continue
            depth = min(one.depth for one in mixtures.refuted if not cube & ~one.cube)
            assert depth == wanted[0], where
    assert compared >= 3 * PAIRS
    assert refuted >= PAIRS // 2


def looping_pair(seed: int) -> RoleVersions:
    """Two loops of messages among three roles, one message more or less in the second."""
    chosen = random.Random(seed)
    bodies = [
        f"{sender} -> {receiver} : M{number}"
        for number in range(chosen.randint(2, 4))
        for sender, receiver in [chosen.sample("ABC", 2)]
    ]
    after = list(bodies)
    if chosen.random() < 0.5:
        after.pop(chosen.randrange(len(after)))
    else:
        sender, receiver = chosen.sample("ABC", 2)
        after.insert(chosen.randint(0, len(after)), f"{sender} -> {receiver} : New")
    texts = (f"rec L;  {';  '.join(body)};  continue L" for body in (bodies, after))
    return versions_of(*(protocol("A, B, C", text) for text in texts))


def test_no_deployment_without_a_bound_is_good_that_a_check_of_its_machines_refutes() -> None:
    """The check of one system knows nothing of deployments."""
    compared = refuted = 0
    for seed in range(PAIRS // 4):
        roles = looping_pair(seed)
        mixtures = Mixtures(roles, largest_bound=4, budget=20_000)
        if not mixtures.open:
            continue
        for versions in all_deployments(roles):
            answer = answer_for(roles.machines(acting(roles, versions)), 4)
            cube = mixtures.space.deployment(tuple(versions.values()))
            is_refuted = is_within(cube, mixtures.cubes)
            compared += 1
            refuted += answer == "refuted"
            if answer == "refuted" and not is_refuted:
                assert mixtures.known_by()[1] == "unknown", (seed, versions)
            if answer == "proved":
                assert not is_refuted, (seed, versions)
    assert compared >= PAIRS // 2
    assert refuted >= PAIRS // 8


@pytest.mark.parametrize(
    ("before", "after", "mixed"),
    [
        ("A -> B : Y;B -> A : X", "A -> B : Y", {"A": OLD, "B": NEW}),
        ("A -> B : X;A -> C : Y", "A -> B : X;A -> C : Y;B -> C : Z", {"B": OLD, "C": NEW}),
    ],
)
def test_a_role_is_stuck_beside_a_channel_without_a_bound(
    before: str, after: str, mixed: dict[str, int]
) -> None:
    old, new = (
        protocol(
            "A, B, C",
            f"C -> A : Go;rec L;  {body.replace(';', ';  ')};  C -> B : More;  continue L",
        )
        for body in (before, after)
    )
    roles = versions_of(old, new)
    mixtures = Mixtures(roles, largest_bound=8, budget=20_000)
    chosen = {role: mixed.get(role, NEW) for role in mixtures.changed}
    assert not mixtures.is_good(tuple(chosen.values()))


def test_every_run_is_one_of_its_deployment(
    searched: list[tuple[int, RoleVersions, Mixtures]],
) -> None:
    shown = 0
    for seed, roles, mixtures in searched:
        for one in mixtures.refuted:
            named = dict(zip(mixtures.changed, one.acting, strict=True))
            machines = {machine.role: machine for machine in roles.machines(named)}
            steps = mixtures.steps(one)
            assert len(steps) == one.depth
            assert not isinstance(replay(machines.__getitem__, steps), int), seed
            chosen = dict(zip(mixtures.changed, one.deployment, strict=True))
            assert acting(roles, chosen) == named, seed
            shown += 1
    assert shown >= PAIRS // 2


def plain_orders(mixtures: Mixtures) -> tuple[bool, set[tuple[str, str]], bool]:
    """Whether a safe order exists, its "before" pairs, and whether all orders are safe.

    By listing deployments and walking among the good ones.
    """
    roles = mixtures.changed
    everything = frozenset(range(len(roles)))
    subsets = [frozenset(one) for n in range(len(roles) + 1) for one in combinations(everything, n)]
    good = {
        one
        for one in subsets
        if mixtures.is_good([NEW if n in one else OLD for n in range(len(roles))])
    }

    def reached(start: frozenset[int], forward: bool) -> set[frozenset[int]]:
        met, todo = {start}, deque([start])
        while todo:
            here = todo.popleft()
            for n in everything - here if forward else here:
                after = here | {n} if forward else here - {n}
                if after in good and after not in met:
                    met.add(after)
                    todo.append(after)
        return met

    kept = reached(frozenset(), True) & reached(everything, False)
    if everything not in kept:
        return False, set(), False
    before = {
        (roles[x], roles[y])
        for x in everything
        for y in everything
        if x != y and all(y not in one or x in one for one in kept)
    }
    return True, before, len(good) == len(subsets)


def test_orders_are_those_of_a_walk_among_all_deployments(
    searched: list[tuple[int, RoleVersions, Mixtures]],
) -> None:
    kinds = set()
    for seed, _, mixtures in searched:
        exists, before, any_order = plain_orders(mixtures)
        found = rollout(mixtures.changed, mixtures.cubes)
        kinds.add(found.kind)
        assert (found.kind == "none") == (not exists), seed
        assert (found.kind == "any") == (exists and any_order), seed
        if not exists:
            continue
        assert set(found.before) == before, seed
        upgraded: dict[str, int] = dict.fromkeys(mixtures.changed, OLD)
        for role in found.order:
            upgraded[role] = NEW
            assert mixtures.is_good(tuple(upgraded.values())), seed
        assert set(found.order) == set(mixtures.changed)
    assert kinds == {"any", "ordered", "none"}
