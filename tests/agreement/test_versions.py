"""Verdict and length of every deployment against one search each with the reference semantics."""

from __future__ import annotations

import os
from collections import deque
from itertools import combinations

import pytest
from random_pairs import LIMIT, acting, all_deployments, random_pair, shortest
from systems import Whole

from tellverify.model.run_end import replay
from tellverify.search.cubes import is_within
from tellverify.versions.mixtures import Mixtures
from tellverify.versions.role_versions import NEW, OLD, RoleVersions
from tellverify.versions.rollout import rollout

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
