"""Ceremonies of every size: messages of a generic member happen any number of times."""

from __future__ import annotations

import pytest

from tellverify.annotations.ceremony import Names, Offence, explored
from tellverify.model.graph import ProtocolGraph, generic_events, graph_from_edges

NAMES = Names(("Begun",), ("Done",), ("Dropped",))


def graph(*events: tuple[str, str, str]) -> ProtocolGraph:
    edges = [(n, *event, n + 1) for n, event in enumerate(events)]
    return graph_from_edges(edges, final={len(events)})


@pytest.mark.parametrize(
    ("events", "offence"),
    [
        ((("C", "D[0]", "Begun"), ("C", "D[0]", "Done")), None),
        ((("C", "D[0]", "Begun"), ("D[0]", "C", "Done")), Offence.TWO_OUTCOMES),
        ((("D[0]", "C", "Begun"), ("C", "D[0]", "Done")), Offence.BEGUN_TWICE),
        ((("D[0]", "E[0]", "Begun"), ("C", "D[0]", "Done")), Offence.BEGUN_TWICE),
    ],
)
def test_other_members_record_a_fact_of_their_own(
    events: tuple[tuple[str, str, str], ...], offence: Offence | None
) -> None:
    one = graph(*events)
    facts = [[label] for label in ("Begun", "Done")]
    sited = facts[: len(one.sites)]
    generic = {"D": 0, "E": 0} if "E[0]" in one.roles else {"D": 0}
    assert explored(one, sited, NAMES).run is None
    found = explored(one, sited, NAMES, generic).run
    assert (None if found is None else found.offence) is offence


def test_the_events_of_generic_members_are_both_their_sends_and_receives() -> None:
    one = graph(("C", "D[1]", "A"), ("C", "D[0]", "B"), ("D[1]", "C", "X"))
    assert generic_events(one, {"D": 1}) == {0, 2}
    assert generic_events(one, {}) == frozenset()
