"""Crashes and decisions in protocols with timeouts: verdicts and lengths that are known."""

from __future__ import annotations

import pytest
from timed_statements import timed_protocol
from timed_texts import text_of
from timed_vectors import VECTORS

from tellverify.model.decision import parse_decision
from tellverify.model.machine import Action, Machine
from tellverify.model.scenario import Omission, Scenario, resolved
from tellverify.model.scenario_text import parse_scenario
from tellverify.search.scenario_search import check_scenario
from tellverify.search.timed import search_timed
from tellverify.search.timed_events import TimedSettings
from tellverify.search.timed_failures import TimedFailureFindings, timed_failures


def found(text: str, rules: str, *decisions: str) -> TimedFailureFindings:
    protocol = timed_protocol(text_of(text))
    scenario = parse_scenario("s", rules) if rules else Scenario()
    allowed = resolved(scenario, protocol.roles, ())
    assert allowed is not None
    stated = [one for word in decisions if (one := parse_decision(word)) is not None]
    settings = TimedSettings(marks_acted=True)
    return timed_failures(search_timed(protocol, settings)[1], allowed, stated)


def collecting(size: int) -> str:
    """OTA whose coordinator collects answers until its timer fires, and then aborts."""

    def each(words: str) -> str:
        return "; ".join(words.replace("D", f"D{n}") for n in range(size))

    body = f"{each('D->C Ready')}; {each('C->D Commit')}"
    return f"{each('C->D Propose')}; C({body} / {each('C->D Abort')})"


@pytest.mark.parametrize("size", [2, 3, 4])
def test_a_timer_at_the_coordinator_heals_crashes_of_devices(size: int) -> None:
    devices = ", ".join(f"D{n}" for n in range(size))
    held = found(collecting(size), f"crash of {{{devices}}}", "agreement(Commit, Abort)")
    assert held.complete and held.stuck == {} and held.decisions == {}
    assert held.open_roles == frozenset()


@pytest.mark.parametrize("size", [2, 3, 4])
def test_the_crash_of_the_coordinator_blocks_devices_all_the_same(size: int) -> None:
    broken = found(collecting(size), "crash of C")
    assert broken.by_failure[Omission(frozenset({"C"}))] == 3
    assert len(broken.stuck["D0"].events) == 3 and broken.stuck["D0"].failed.crashed == {"C"}


def test_a_request_that_is_tried_again_is_carried_out_twice() -> None:
    """The server learns with the second request that the first attempt failed."""
    broken = found(VECTORS["T4"].text, "", "at-most-once(Req at S)")
    assert [len(run) for run in broken.decisions.values()] == [5]


def test_a_plain_server_answers_before_it_takes_the_second_request() -> None:
    """The timer of the client is an event of its own: what it tells a clock that does nothing."""
    send, take = (lambda p, m: Action(True, p, m)), (lambda p, m: Action(False, p, m))
    machines = (
        Machine(
            "C",
            (
                ((send("S", "Req"), 1),),
                ((take("S", "Res"), 2), (send("Clock", "Tick"), 0)),
                (),
            ),
            (False, False, True),
        ),
        Machine("S", (((take("C", "Req"), 1),), ((send("C", "Res"), 0),)), (True, False)),
        Machine("Clock", ((),), (True,)),
    )
    rule = parse_decision("at-most-once(Req at S)")
    assert rule is not None
    check = check_scenario(machines, Scenario(), [rule], largest_bound=4, budget=50_000)
    assert check is not None
    assert [len(trace.steps) for trace in check.decisions.values()] == [6]


def test_other_faults_are_refused() -> None:
    with pytest.raises(ValueError, match="are not decided"):
        found(collecting(2), "byzantine of C")


@pytest.mark.parametrize("size", [2, 3])
def test_devices_that_give_up_break_agreement_without_any_crash(size: int) -> None:
    """A device that waits for the decision may give up, which only the coordinator is told."""
    devices = [f"D{n}" for n in range(size)]
    told = [("send", d, "Propose") for d in devices] + [("take", d, "Ready") for d in devices]
    rows: list[tuple[tuple[Action, int], ...]] = [
        ((Action(kind == "send", peer, label), at + 1),)
        for at, (kind, peer, label) in enumerate(told)
    ]
    rows += [((Action(True, d, "Commit"), len(rows) + n + 1),) for n, d in enumerate(devices)]
    coordinator = Machine("C", (*rows, ()), (False,) * len(rows) + (True,))
    device = (
        ((Action(False, "C", "Propose"), 1),),
        ((Action(True, "C", "Ready"), 2),),
        ((Action(False, "C", "Commit"), 3), (Action(True, "C", "GaveUp"), 3)),
        (),
    )
    machines = [coordinator]
    machines += [Machine(d, device, (False, False, False, True)) for d in devices]
    rule = parse_decision("agreement(Commit, GaveUp)")
    assert rule is not None
    check = check_scenario(machines, Scenario(), [rule], largest_bound=8, budget=50_000)
    assert check is not None
    assert [len(trace.steps) for trace in check.decisions.values()] == [4 * size + 2]
