"""What the graph of a search says of events and runs, against its definition."""

from __future__ import annotations

import pytest
from timed_random import random_text
from timed_texts import protocol_of, written_of

from tellverify.search.timed import TimedSearch, search_timed
from tellverify.search.timed_events import TimedEventKind, TimedSettings


def searched(seed: int) -> TimedSearch:
    protocol = protocol_of(written_of(random_text(seed)))
    return search_timed(protocol, TimedSettings(bound=1 + seed % 3), budget=300)[1]


def receives(search: TimedSearch) -> list[bool]:
    return [event.kind is TimedEventKind.RECEIVE for event in search.system.events]


def least_fixed_point(search: TimedSearch, marks: list[int], out: list[bool]) -> list[int]:
    found = list(marks)
    changed = True
    while changed:
        before = list(found)
        for at in range(search.expanded):
            for event, target in search.numbered(at):
                if target >= 0 and not out[event]:
                    found[at] |= found[target]
        changed = found != before
    return found


SEEDS = range(0, 140, 4)


@pytest.mark.parametrize("leaves_out", [False, True])
def test_marks_go_back_along_all_runs(leaves_out: bool) -> None:
    went_back = 0
    for seed in SEEDS:
        search = searched(seed)
        out = receives(search) if leaves_out else [False] * len(search.system.events)
        marks = [1 << at % 7 if at % 5 == 0 else 0 for at in range(len(search.configurations))]
        expected = least_fixed_point(search, marks, out)
        every = (1 << 7) - 1
        found = search.that_lead_to(list(marks), every, out.__getitem__ if leaves_out else None)
        assert found == expected, seed
        for enough in (1, 0b1010):
            found = search.that_lead_to(list(marks), enough, out.__getitem__)
            assert [m & enough for m in found] == [m & enough for m in expected], (seed, enough)
        went_back += any(
            0 <= target <= at for at in range(search.expanded) for _, target in search.numbered(at)
        )
    assert went_back >= 5  # some have loops


def test_movers_are_the_roles_of_events_that_are_left() -> None:
    blocked = 0
    for seed in SEEDS:
        search = searched(seed)
        actors, out = search.system.actors, receives(search)
        blocked += search.blocked
        for gone in (0, 0b10):
            for left_out in (None, out):
                expected = [
                    {
                        actors[event]
                        for event, _ in search.numbered(at)
                        if not gone >> actors[event] & 1 and not (left_out and left_out[event])
                    }
                    for at in range(search.expanded)
                ]
                found = search.movers(left_out and left_out.__getitem__, gone)
                assert [{r for r in range(8) if m >> r & 1} for m in found] == expected, seed
    assert blocked >= 3


def test_runs_lead_to_their_configurations_and_are_shortest() -> None:
    for seed in SEEDS:
        search = searched(seed)
        for at in range(0, len(search.configurations), 7):
            run = search.run_to(at)
            assert len(run) == search.depths[at]
            here = search.configurations[0]
            for event in run:
                here = next(
                    target
                    for _, made, target in search.system.steps(here)
                    if made == event and target is not None
                )
            assert here == search.configurations[at], (seed, at)
