"""Persistent maps behave like dictionaries."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tellverify.projection.persistent_map import EMPTY, RoleMaps


@pytest.mark.parametrize("roles", [1, 32, 33, 1024, 1025, 50_000])
def test_like_a_dictionary(roles: int) -> None:
    choose = random.Random(roles)
    maps, current, model = RoleMaps(roles), EMPTY, {}
    for _ in range(200):
        changes = {choose.randrange(roles): choose.randrange(4) for _ in range(3)}
        current = maps.updated(current, changes)
        model.update(changes)
        model = {role: value for role, value in model.items() if value}
        probe = choose.randrange(roles)
        assert maps.value(current, probe) == model.get(probe, 0)
    assert list(maps.items(current)) == sorted(model.items())
    assert maps.updated(EMPTY, model) == current
    assert maps.updated(current, dict.fromkeys(model, 0)) == EMPTY
    doubled = maps.mapped(current, lambda value: value * 2)
    assert dict(maps.items(doubled)) == {role: value * 2 for role, value in model.items()}


@given(st.integers(min_value=0, max_value=2**32))
def test_join_is_asked_exactly_where_maps_differ(seed: int) -> None:
    choose = random.Random(seed)
    roles = choose.choice((5, 40, 2_000))
    maps = RoleMaps(roles)
    models = [
        {choose.randrange(roles): choose.randint(1, 3) for _ in range(choose.randint(0, 9))}
        for _ in range(choose.randint(1, 4))
    ]
    asked: dict[int, tuple[int, ...]] = {}

    def join(role: int, values: tuple[int, ...], origins: tuple[int, ...]) -> int:
        assert role not in asked
        asked[role] = values
        assert [models[origin].get(role, 0) for origin in origins] == list(values)
        return 0 if 0 in values else max(values)

    built = tuple(maps.updated(EMPTY, model) for model in models)
    result = maps.joined(built, tuple(range(len(models))), join)
    expected = {}
    for role in range(roles):
        values = [model.get(role, 0) for model in models]
        assert (role in asked) == (len(set(values)) > 1)
        if all(values):
            expected[role] = max(values)
    assert dict(maps.items(result)) == expected
