"""What is claimed of every family size, against the definitions at each of several sizes."""

from __future__ import annotations

import itertools
import os

import pytest
from family_texts import FamilyText, plain_verdict
from random_families import random_family_text
from size_rows import ROWS

from tellverify.projection.generic_member import expand, same_runs


@pytest.mark.parametrize("name", ROWS)
def test_what_is_claimed_just_inside_and_outside_of_the_class(name: str) -> None:
    row = ROWS[name]
    given = FamilyText(row.text)
    assert not given.errors, given.errors
    assert tuple(symbol.cutoff for symbol in given.symbols()) == row.cutoffs
    for sizes in row.holds:
        assert plain_verdict(given.at(sizes)) == (True, frozenset()), sizes
    for sizes in row.refuted:
        assert plain_verdict(given.at(sizes))[0] is False, sizes
    for sizes in row.stuck:
        implementable, stuck = plain_verdict(given.at(sizes))
        assert implementable and stuck, sizes
    assert all(given.at(sizes) is None for sizes in row.no_graph)
    every = given.every_size()
    if row.outside:
        assert row.outside in every.outside
    else:
        assert every.claimed and tuple(n for _, n in every.least) == row.least
        assert bool(every.stuck) == bool(row.stuck)


TEXTS = int(os.environ.get("TELLVERIFY_TEXTS", "200"))
_MOST_EVENTS = 400


def _sizes(given: FamilyText) -> list[tuple[int, ...]]:
    """The grid and some way beyond it: one symbol to 6, two to 4 (never less than cut-off + 3)."""
    most = 6 if len(given.symbols()) == 1 else 4
    tops = [max(most, symbol.cutoff + 3) for symbol in given.symbols()]
    return list(itertools.product(*(range(1, top + 1) for top in tops)))


def _image(sizes: tuple[int, ...], given: FamilyText) -> tuple[int, ...]:
    """The point of the grid that stands for `sizes`."""
    return tuple(min(n, s.cutoff + 1) for n, s in zip(sizes, given.symbols(), strict=True))


def _disagreement(given: FamilyText) -> str:
    """How what is claimed differs from the definitions at some size; empty when it does not."""
    every = given.every_size()
    found: dict[tuple[int, ...], tuple[bool | None, frozenset[str]] | None] = {}
    for sizes in sorted(_sizes(given), key=sum):
        graph = given.at(sizes)
        if graph is None or graph.event_count > _MOST_EVENTS:
            found[sizes] = None
            continue
        implementable, stuck = plain_verdict(graph)
        found[sizes] = implementable, frozenset(role.partition("[")[0] for role in stuck)
    usable = {tuple(n for _, n in one.sizes) for one in every.grid if not one.fault}
    for sizes, verdict in found.items():
        image = _image(sizes, given)
        if image in usable and verdict is not None and verdict != found[image]:
            return f"{sizes}: {verdict}, but {found[image]} at {image}"
        if not every.claimed or any(
            n < low for n, (_, low) in zip(sizes, every.least, strict=True)
        ):
            continue
        if verdict is None or verdict[0] is not True or not verdict[1] <= set(every.stuck):
            return f"{sizes}: {verdict}, but this is claimed: {every}"
    return ""


@pytest.mark.parametrize("part", range(4))
def test_claims_of_random_texts_hold_at_every_size_that_is_tried(part: int) -> None:
    claimed = 0
    for seed in range(part, TEXTS, 4):
        given = FamilyText(random_family_text(seed))
        assert not given.errors, random_family_text(seed)
        assert _disagreement(given) == "", random_family_text(seed)
        claimed += given.every_size().claimed
    assert claimed >= TEXTS // 40


def test_the_graph_with_more_members_is_the_expansion_of_the_generic_one() -> None:
    compared = 0
    for seed in range(TEXTS):
        given = FamilyText(random_family_text(seed))
        if not given.every_size().claimed:
            continue
        symbols = given.symbols()
        graph = given.at([symbol.cutoff + 1 for symbol in symbols])
        assert graph is not None
        generic = {family: s.cutoff for s in symbols for family in s.families}
        for more in itertools.product((1, 2, 3), repeat=len(symbols)):
            larger = given.at([s.cutoff + n for s, n in zip(symbols, more, strict=True)])
            members = {f: n for s, n in zip(symbols, more, strict=True) for f in s.families}
            assert larger is not None
            assert same_runs(larger, expand(graph, generic, members)), random_family_text(seed)
            compared += 1
    assert compared >= TEXTS // 10


def test_an_expansion_with_another_number_of_members_has_other_runs() -> None:
    given = FamilyText(ROWS["one member told"].text)
    two, three = given.at([2]), given.at([3])
    assert two is not None and three is not None
    assert same_runs(three, expand(two, {"Devices": 1}, {"Devices": 2}))
    assert not same_runs(three, expand(two, {"Devices": 1}, {"Devices": 1}))
    assert not same_runs(three, expand(two, {"Devices": 0}, {"Devices": 2}))
