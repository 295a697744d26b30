"""Members of a family that a run treats alike share a column; labels name those that act."""

from __future__ import annotations

import pytest

from tellverify.model.failure import Outage
from tellverify.model.fault import Fault
from tellverify.model.site import Site
from tellverify.model.step import Step
from tellverify.model.trace import Trace, Waiting
from tellverify.report.drawing.chart import draw
from tellverify.report.drawing.lanes import label_of, lanes_by_member, lanes_of
from tellverify.report.drawing.mermaid import sequence_diagram
from tellverify.report.drawing.svg_chart import draw_chart
from tellverify.report.style import Style

D = [f"D[{number}]" for number in range(4)]
ROLES = ("Hub", *D)
SITE = Site(path="p.tell", line=3)


def told(sender: str, receiver: str, label: str, site: Site = SITE) -> list[Step]:
    """A message that is taken at once."""
    return [Step(way, sender, receiver, label, site) for way in (True, False)]


def ended(*waiting: str) -> tuple[Waiting, ...]:
    return tuple(
        Waiting(role, role not in waiting, (("Hub", "Go"),) if role in waiting else ())
        for role in ROLES
    )


def trace_of(steps: list[Step], *culprits: str, loop: int = -1, crashed: str = "") -> Trace:
    outages = (Outage(1, crashed),) if crashed else ()
    return Trace(
        Fault.STUCK_ROLE,
        tuple(steps),
        culprits,
        "why",
        False,
        loop=loop,
        waiting=ended(*culprits),
        outages=outages,
    )


def names(trace: Trace) -> list[str]:
    return [lane.name for lane in lanes_of(trace, ROLES, 4)]


ALL = [step for one in D for step in told("Hub", one, "Go")]


def test_members_share_a_column_and_a_culprit_has_its_own() -> None:
    assert names(trace_of(ALL)) == ["Hub", "D[0..4]"]
    assert names(trace_of(ALL, "D[1]")) == ["Hub", "D[0], D[2..4]", "D[1]"]
    assert names(trace_of(ALL, crashed="D[3]")) == ["Hub", "D[0..3]", "D[3]"]


def test_members_that_talk_to_each_other_do_not() -> None:
    assert names(trace_of([*ALL, *told("D[0]", "D[1]", "Hi")])) == ["Hub", *D]


def test_members_that_end_differently_do_not() -> None:
    trace = trace_of(ALL)
    waiting = tuple(
        Waiting(one.role, False, (("Hub", "Go"),)) if one.role in ("D[0]", "D[2]") else one
        for one in trace.waiting
    )
    trace = Trace(trace.fault, trace.steps, (), "", False, waiting=waiting)
    assert names(trace) == ["Hub", "D[0], D[2]", "D[1], D[3]"]


def test_equal_messages_in_a_row_are_one_arrow() -> None:
    votes = [step for one in D for step in told(one, "Hub", "Vote")]
    lines = draw(trace_of([*ALL, *votes], "Hub"), ROLES, Style(width=100))
    assert [line.split() for line in lines[:3]] == [
        ["Hub", "D[0..4]"],
        ["1", "│───", "Go", "[0..4]", "───▶│", "p.tell:3"],
        ["2", "│◀──", "Vote", "[0..4]", "──│", "p.tell:3"],
    ]
    diagram = sequence_diagram(trace_of([*ALL, *votes]), ROLES)
    assert diagram.splitlines()[1:] == [
        "  participant Hub",
        "  participant p1 as D[0..4]",
        "  Hub->>p1: Go [0..4]",
        "  p1->>Hub: Vote [0..4]",
    ]
    chart = draw_chart(trace_of([*ALL, *votes]), ROLES, "Chart")
    assert chart is not None
    assert chart.count('class="row"') == 2
    assert 'data-first="1" data-last="8"' in chart and 'data-first="9" data-last="16"' in chart
    assert chart.count('class="life"') == 2


def test_other_messages_places_and_laps_begin_a_row() -> None:
    other = Site(path="p.tell", line=4)
    steps = [*told("Hub", "D[0]", "Go"), *told("Hub", "D[1]", "Go", other)]
    for trace in (
        trace_of(steps),
        trace_of([*told("Hub", "D[0]", "Go"), *told("Hub", "D[1]", "Come")]),
        trace_of([*told("Hub", "D[0]", "Go"), *told("Hub", "D[1]", "Go")], loop=2),
    ):
        diagram = sequence_diagram(trace, ROLES)
        assert diagram.count("Hub->>p1: ") == 2, diagram
        chart = draw_chart(trace, ROLES, "Chart")
        assert chart is not None and chart.count('class="row"') == 2


@pytest.mark.parametrize(
    "ends, shown",
    [
        ([("Hub", "D[0]"), ("Hub", "D[1]")], "Go [0..2]"),
        ([("D[2]", "Hub")], "Go [2]"),
        ([("Hub", "D[0]"), ("Hub", "D[2]")], "Go [0], [2]"),
        ([("D[0]", "E[1]")], "Go [0] to [1]"),
        ([("Hub", "Other")], "Go"),
    ],
)
def test_a_label_names_those_that_act(ends: list[tuple[str, str]], shown: str) -> None:
    steps = [step for one in (*D, "E[0]", "E[1]", "Other") for step in told("Hub", one, "Go")]
    lanes = lanes_of(
        Trace(Fault.DEADLOCK, tuple(steps), (), "", False), (*ROLES, "E[0]", "E[1]", "Other"), 4
    )
    assert label_of("Go", ends, lanes_by_member(lanes)) == shown
