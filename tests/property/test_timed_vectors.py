"""The known faults of small protocols with timeouts, by both implementations of the rules."""

from __future__ import annotations

import pytest
from plain_timed import PlainTimed
from timed_texts import protocol_of
from timed_vectors import COMPLETE, VECTORS, Expected

from tellverify.search.timed import search_timed
from tellverify.search.timed_events import TimedSettings
from tellverify.search.timed_rows import LatePolicy

EVENTS = 16
CASES = [
    pytest.param(name, policy, id=f"{name}-{policy}")
    for name, vector in VECTORS.items()
    for policy in ("attempts", "keep")
    if policy == "attempts" or vector.keep is not None
]


def expected_of(name: str, policy: str) -> Expected:
    vector = VECTORS[name]
    found = vector.attempts if policy == "attempts" else vector.keep
    assert found is not None
    return found


@pytest.mark.parametrize(("name", "policy"), CASES)
def test_search_finds_the_faults_and_no_others(name: str, policy: str) -> None:
    vector = VECTORS[name]
    expected = expected_of(name, policy)
    settings = TimedSettings(LatePolicy(policy), bound=vector.bound)
    findings, _ = search_timed(protocol_of(vector.text), settings, budget=1_000)
    assert {str(p): len(run.events) for p, run in findings.refuted.items()} == expected.lengths
    assert findings.stuck_after == expected.stuck
    assert findings.complete == (expected.coverage == COMPLETE)
    assert findings.complete or findings.depth >= EVENTS or findings.blocked
    assert expected.configurations in (None, findings.configurations)
    for label, length in vector.late.items() if policy == "attempts" else ():
        assert [len(r.events) for (_, _, m), r in findings.late.items() if m == label] == [length]


@pytest.mark.parametrize(("name", "policy"), CASES)
def test_brute_force_finds_the_faults_and_no_others(name: str, policy: str) -> None:
    vector = VECTORS[name]
    expected = expected_of(name, policy)
    plain = PlainTimed(protocol_of(vector.text), policy=policy, bound=vector.bound)
    findings = plain.search(14, 1_500)
    assert findings.lengths == expected.lengths
    assert findings.stuck == expected.stuck
    for label, length in vector.late.items() if policy == "attempts" else ():
        assert findings.late[label] == length


def test_late_messages_of_a_retried_request_have_runs_that_end_with_the_event() -> None:
    protocol = protocol_of(VECTORS["T4"].text)
    findings, _ = search_timed(protocol)
    runs = {
        label: [e.kind.value for e in run.events] for (_, _, label), run in findings.late.items()
    }
    assert runs == {
        "Req": ["send", "timeout", "send"],
        "Res": ["send", "timeout", "receive", "send"],
    }
