"""What the rechecker compares runs with has a limit in work, beyond which a file is rejected."""

from __future__ import annotations

import pytest
from test_evidence_replay import machine, takes

from tellverify.evidence import machines_file, neutral_machine
from tellverify.evidence.graph_file import NeutralGraph
from tellverify.evidence.recheck import traces
from tellverify.evidence.recheck.graph import Rejected
from tellverify.model.configuration import Configuration
from tellverify.model.semantics import System


def test_a_queue_that_grows_counts_by_its_length() -> None:
    pair = [machine("A", [("B!m", 0)], final=[0]), machine("B", [("A?n", 0)], final=[0])]
    start = Configuration((0, 0), ((("A", "B"), ("m",)),))
    looked_at = 0

    class Counted(System):
        def enabled(self, configuration):  # type: ignore[no-untyped-def]
            nonlocal looked_at
            looked_at += 1
            return super().enabled(configuration)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machines_file, "System", Counted)
        assert machines_file.can_end(pair, start, 500_000) is None
    assert 1_000 < looked_at < 10_000


def test_a_small_system_is_still_decided() -> None:
    pair = [machine("A", [("B!m", 1)], []), machine("B", [("A?m", 1)], [])]
    assert machines_file.can_end(pair, System(pair).initial, 4) is True
    stays = [pair[0], machine("B", [("A?n", 1)], [])]
    assert machines_file.can_end(stays, System(stays).initial, 4) is False
    assert machines_file.can_end(pair, System(pair).initial, 1) is None


def test_matching_a_run_with_a_graph_stops_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    events = [(state, 0, 1, 0, state + 1) for state in range(50)]
    graph = NeutralGraph(("A", "B", "C"), ("m", "n"), 51, (50,), events)
    unmatched = [takes("C", "B", "n")]
    assert traces._has_run(graph, unmatched, "complete") is False
    long = NeutralGraph(("A", "B"), ("m",), 51, (50,), events)
    monkeypatch.setattr(traces, "_MOST_WORK", 10)
    with pytest.raises(Rejected, match="too much to compare with"):
        traces._has_run(long, [], "complete")


def test_the_events_behind_a_machine_count(monkeypatch: pytest.MonkeyPatch) -> None:
    events = sorted((0, 0, 1, label, 1) for label in range(20))
    graph = NeutralGraph(("A", "B", "C"), tuple(map(str, range(20))), 2, (1,), events)
    assert neutral_machine.machine_of(graph, [0, 20, 20], 2).final == (True,)
    monkeypatch.setattr(neutral_machine, "_MOST_MEMBERS", 21)
    with pytest.raises(Rejected, match="its machine is too large"):
        neutral_machine.machine_of(graph, [0, 20, 20], 2)
