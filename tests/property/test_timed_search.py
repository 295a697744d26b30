"""Runs, coverage and policies of the search of protocols with timeouts."""

from __future__ import annotations

import pytest
from timed_texts import protocol_of
from timed_vectors import VECTORS

from tellverify.search.timed import TimedRun, search_timed
from tellverify.search.timed_events import TimedProperty, TimedSettings
from tellverify.search.timed_rows import FirePolicy, LatePolicy


def shown(run: TimedRun) -> list[str]:
    found = []
    for event in run.events:
        match event.kind.value:
            case "send":
                found.append(f"{event.role}!{event.peer}:{event.label}")
            case "receive":
                found.append(f"{event.role}?{event.peer}:{event.label}")
            case _:
                found.append(f"{event.role} timeout {event.scope}{event.alternative}")
    return found


def test_run_to_a_deadlock_is_a_sequence_of_events() -> None:
    findings, _ = search_timed(protocol_of("C(W->C Ready / W->C GiveUp)"))
    run = findings.refuted[TimedProperty.NO_DEADLOCK]
    assert sorted(shown(run)) == ["C timeout 0T", "W!C:Ready"]


def test_stuck_role_has_a_lasso_when_the_others_go_on() -> None:
    text = "C(C->W Req; W->C Ready; C->W Go / rec L { C->X a; X->C b; continue L })"
    findings, _ = search_timed(protocol_of(text))
    assert findings.stuck_after == {"W": 4}
    run = findings.stuck["W"]
    assert run.loop is not None
    assert sorted(shown(run)[run.loop :]) == ["C!X:a", "C?X:b", "X!C:b", "X?C:a"]


def test_stuck_role_has_no_lasso_when_all_stop() -> None:
    findings, _ = search_timed(protocol_of(VECTORS["T2"].text))
    assert findings.stuck["W"].loop is None
    assert len(findings.stuck["W"].events) == 6


def test_stale_answer_is_refuted_by_its_receive() -> None:
    settings = TimedSettings(LatePolicy.KEEP)
    findings, _ = search_timed(protocol_of(VECTORS["T4"].text), settings)
    run = shown(findings.refuted[TimedProperty.FRESH_MESSAGES])
    assert run[-1] == "C?S:Res"
    assert [step for step in run if "timeout" in step] == ["C timeout 0T"]


def test_alternatives_have_their_names_in_runs() -> None:
    findings, _ = search_timed(protocol_of("C(W->C Ready / C->W No / W->C Blind)"))
    run = shown(findings.refuted[TimedProperty.NO_DEADLOCK])
    assert "C timeout 0X" in run


@pytest.mark.parametrize(("bound", "is_complete"), [(2, False), (3, True)])
def test_full_queue_takes_the_proof_away(bound: int, is_complete: bool) -> None:
    protocol = protocol_of("C(W->C a; W->C b; W->C c / C->W Cancel)")
    findings, _ = search_timed(protocol, TimedSettings(bound=bound))
    assert (findings.complete, findings.blocked) == (is_complete, not is_complete)
    assert findings.refuted == {}


def test_budget_takes_the_proof_away() -> None:
    findings, _ = search_timed(protocol_of(VECTORS["T6"].text), budget=20)
    assert not findings.complete
    assert not findings.blocked
    assert 1 <= findings.configurations <= 21


def test_depth_is_that_of_runs_that_were_searched() -> None:
    findings, search = search_timed(protocol_of(VECTORS["T6"].text), depth=5)
    assert findings.depth == 5
    assert max(search.depths[: search.expanded]) == 5
    assert not findings.complete


def test_role_that_may_be_in_any_round_is_searched_to_a_depth() -> None:
    text = "rec L { C(choice {C->B q; B->C r; continue L | C->B s; B->C t} / C->B u; C->A v) }"
    findings, _ = search_timed(protocol_of(f"{text}; D->A w"), budget=3_000)
    assert findings.drifted
    assert not findings.complete
    assert findings.depth <= 14


def test_role_that_may_be_in_any_round_of_two_loops_ends_the_search() -> None:
    text = (
        "rec L { C(rec M { B(B->C a; choice {C->B b; continue M | C->B c} / B->D x) }; B->C d;"
        " choice {C->B e; continue L | C->B f} / C->D y) }; E->D w"
    )
    findings, _ = search_timed(protocol_of(text), TimedSettings(bound=1), budget=100)
    assert not findings.complete
    assert 1 <= findings.depth <= 14


def test_timer_that_may_fire_where_its_owner_sends() -> None:
    protocol = protocol_of("C(C->W Go / C->W Cancel)")
    waits, _ = search_timed(protocol)
    anywhere, _ = search_timed(protocol, TimedSettings(fire=FirePolicy.ANY))
    assert (waits.configurations, anywhere.configurations) == (3, 6)
    assert waits.complete and anywhere.complete


def test_sender_that_cannot_tell_its_round_is_named() -> None:
    text = "rec L { C(choice {C->B q; continue L | C->B r} / C->B s; C->A t) }; A->B u"
    findings, _ = search_timed(protocol_of(text), TimedSettings(bound=2), depth=8)
    assert findings.unclear == (("A", "u"),)


def test_equal_searches_give_equal_results() -> None:
    protocol = protocol_of(VECTORS["T15"].text)
    first, _ = search_timed(protocol, TimedSettings(bound=2))
    second, _ = search_timed(protocol, TimedSettings(bound=2))
    assert first == second
