"""What the text of a timeout shows without a search."""

from __future__ import annotations

import pytest
from timed_random import random_text
from timed_statements import (
    TimedBlock,
    TimedBranches,
    TimedLoop,
    TimedMessage,
    TimedText,
    timed_protocol,
)
from timed_texts import protocol_of, text_of
from timed_vectors import VECTORS

from tellverify.search.timed import TimedFindings, search_timed
from tellverify.search.timed_events import TimedSettings
from tellverify.search.timed_static import timeout_findings

CASES = {
    "T1": set(),
    "T2": {("not-told", "W", "")},
    "T3": {("blind", "W", "GiveUp")},
    "T4": set(),
    "T5": set(),
    "T6": set(),
    "T7": set(),
    "T8": {("goes-on-unsure", "W", "Data")},
    "T9": {("dead-timer", "C", "")},
    "T10": {("not-told", "W", "")},
    "T11": {("goes-on-unsure", "A", "Right")},
    "T12": set(),
    "T13": set(),
    "P7": {("goes-on-unsure", "B", "q"), ("some-rounds-only", "A", "")},
}


@pytest.mark.parametrize("name", CASES)
def test_vectors_have_their_findings_and_no_others(name: str) -> None:
    found = timeout_findings(protocol_of(VECTORS[name].text))
    assert {(f.advice.value, f.role, f.label) for f in found} == CASES[name]


def test_who_hears_from_a_role_that_cannot_know_is_not_told() -> None:
    protocol = protocol_of("C(B->C m0; B->C m1; C->B m2 / ); A->B m3")
    found = {(f.advice.value, f.role, f.label) for f in timeout_findings(protocol)}
    assert ("not-told", "B", "m3") in found
    findings, _ = search_timed(protocol)
    assert findings.stuck_after == {"B": 3}


def test_one_of_two_alternatives_that_tells_nobody_is_found() -> None:
    found = timeout_findings(protocol_of("C(W->C Ready / C->W Skip / C->X Back)"))
    assert [(f.advice.value, f.role) for f in found] == [("not-told", "W")]


@pytest.mark.parametrize(
    ("outer", "inner", "is_dead"), [(100, 99, False), (100, 100, True), (100, 200, True)]
)
def test_inner_timer_that_does_not_end_before_the_outer_one_is_dead(
    outer: int, inner: int, is_dead: bool
) -> None:
    def guarded(duration: int, *body: TimedMessage | TimedBlock) -> TimedBlock:
        return TimedBlock("C", body, (TimedMessage("C", "W", f"Late{duration}"),), None, duration)

    late = guarded(outer, guarded(inner, TimedMessage("W", "C", "Ready")))
    dead = [(f.scope, f.role) for f in timeout_findings(timed_protocol((late,)))]
    assert dead == ([(1, "C")] if is_dead else [])


def without_timers(text: TimedText) -> TimedText:
    """The bodies, without alternatives."""
    found: list = []
    for statement in text:
        match statement:
            case TimedBlock(_, body):
                found += without_timers(body)
            case TimedLoop(name, body):
                found.append(TimedLoop(name, without_timers(body)))
            case TimedBranches(branches):
                found.append(TimedBranches(tuple(map(without_timers, branches))))
            case _:
                found.append(statement)
    return tuple(found)


def is_faulty(findings: TimedFindings) -> bool:
    return bool(findings.refuted or findings.stuck)


def test_protocols_without_findings_are_as_good_as_their_bodies() -> None:
    settings = TimedSettings(bound=2)
    good = 0
    for seed in range(400):
        text = random_text(seed)
        if timeout_findings(timed_protocol(text)):
            continue
        findings, _ = search_timed(timed_protocol(text), settings, budget=1_000, depth=14)
        if is_faulty(findings):
            bodies = timed_protocol(without_timers(text))
            assert is_faulty(search_timed(bodies, settings, budget=1_000)[0]), seed
        else:
            good += 1
    assert good >= 50


def test_text_of_a_vector_is_read_as_it_is_written() -> None:
    assert text_of("C(W->C Ready / C->W Skip)") == (
        TimedBlock("C", (TimedMessage("W", "C", "Ready"),), (TimedMessage("C", "W", "Skip"),)),
    )
