"""The benchmark families against the reference conditions, and their shape."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from reference_conditions import first_failure, reference_failures, reference_implementable

from tellverify.model.graph import graph_from_edges, leaves_class


def _load() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "families.py"
    specification = importlib.util.spec_from_file_location("benchmark_families", path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module


FAMILIES = _load().FAMILIES


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_members_are_in_the_class_and_as_implementable_as_promised(family) -> None:
    for size in range(family.smallest, 5):
        graph = family.build(size)
        assert leaves_class(graph) is None
        assert graph.first == sorted(graph.first) and graph.first[-1] == graph.event_count
        for state in range(graph.state_count):
            events = [graph.event(t) for t in range(graph.first[state], graph.first[state + 1])]
            assert len(set(events)) == len(events)
            assert bool(events) != bool(graph.final[state])
        assert reference_implementable(graph) == family.implementable


def test_send_coherence_fails_for_a_role_that_is_not_told() -> None:
    graph = graph_from_edges(
        [
            (0, "A", "B", "x", 1),
            (1, "C", "A", "left", 3),
            (0, "A", "B", "y", 2),
            (2, "C", "A", "right", 3),
        ],
        final={3},
    )
    failure = first_failure(graph)
    assert failure is not None
    assert (failure.role, failure.condition) == ("C", "send-coherence")


def test_receive_coherence_asks_whether_the_early_sender_depends_on_the_receiver() -> None:
    def ordered(*tail: tuple[int, str, str, str, int]) -> bool:
        start = [(0, "A", "B", "x", 1), (0, "A", "B", "y", 2)]
        return reference_implementable(graph_from_edges([*start, *tail], final={5}))

    racing = [(1, "A", "C", "m", 3), (3, "B", "C", "n", 5)]
    assert not ordered(*racing, (2, "B", "C", "n", 4), (4, "A", "C", "m", 5))
    told = [(1, "A", "C", "m", 3), (3, "C", "B", "go", 4), (4, "B", "C", "n", 5)]
    assert ordered(*told, (2, "A", "C", "m", 3))


def test_mixed_choice_is_found() -> None:
    graph = graph_from_edges(
        [
            (0, "A", "B", "x", 1),
            (1, "C", "D", "m", 3),
            (0, "A", "B", "y", 2),
            (2, "D", "C", "n", 3),
        ],
        final={3},
    )
    conditions = {(failure.role, failure.condition) for failure in reference_failures(graph)}
    assert ("C", "no-mixed-choice") in conditions


def test_a_graph_outside_the_class_is_refused() -> None:
    graph = graph_from_edges([(0, "A", "B", "x", 1), (0, "B", "A", "y", 1)], final={1})
    with pytest.raises(ValueError, match="mixed-senders"):
        reference_implementable(graph)
