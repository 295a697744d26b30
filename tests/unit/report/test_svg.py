"""Pictures: nothing overlaps, nothing is lost, equal inputs give equal bytes."""

from __future__ import annotations

import random
import re
import xml.etree.ElementTree as ElementTree
from collections import Counter

import pytest
from report_samples import ESCROW_TRACE

from tellverify.model.fault import Fault
from tellverify.model.site import Site
from tellverify.model.step import Step
from tellverify.model.trace import Trace, Waiting
from tellverify.report.drawing.layout import Box, LayoutTooLarge, Line, place
from tellverify.report.drawing.svg_chart import draw_chart
from tellverify.report.drawing.svg_graph import draw_graph
from tellverify.report.drawing.text_metrics import cells, cut, wrapped
from tellverify.verdict.drawing import Drawing, Move

SVG = "{http://www.w3.org/2000/svg}"


def _random_drawing(seed: int, states: int = 0) -> Drawing:
    rng = random.Random(seed)
    count = states or rng.randint(1, 25)
    moves = [Move(rng.randrange(state), state, "A", "B", f"l{state}") for state in range(1, count)]
    for number in range(rng.randint(0, count)):
        ends = rng.randrange(count), rng.randrange(count)
        moves.append(Move(*ends, "Sender", "Receiver", "m" * rng.randint(1, 60) + str(number)))
    final = tuple(state for state in range(count) if rng.random() < 0.3)
    return Drawing((), count, final, tuple(moves))


def test_boxes_of_random_graphs_do_not_overlap() -> None:
    for seed in range(200):
        drawing = _random_drawing(seed)
        rng = random.Random(seed)
        boxes = [Box(17, 17 + rng.choice([0, 80]), 26) for _ in range(drawing.states)]
        pairs = dict.fromkeys((m.source, m.target) for m in drawing.moves if m.source != m.target)
        lines = [Line(*pair, rng.randint(20, 200), rng.choice([18, 34])) for pair in pairs]
        layout = place(boxes, lines)
        rectangles = [
            (x - box.left, y - box.height / 2, x + box.right, y + box.height / 2)
            for (x, y), box in zip(layout.centres, boxes, strict=True)
        ]
        rectangles += [
            (
                route.label[0] - line.width / 2,
                route.label[1] - line.height / 2,
                route.label[0] + line.width / 2,
                route.label[1] + line.height / 2,
            )
            for route, line in zip(layout.routes, lines, strict=True)
        ]
        for index, (left, top, right, bottom) in enumerate(rectangles):
            assert left > -0.01 and right < layout.width + 0.01, f"seed {seed}"
            assert top > -0.01 and bottom < layout.height + 0.01, f"seed {seed}"
            for other in rectangles[index + 1 :]:
                apart = (
                    left >= other[2] - 0.01
                    or other[0] >= right - 0.01
                    or top >= other[3] - 0.01
                    or other[1] >= bottom - 0.01
                )
                assert apart, f"seed {seed}"


def test_an_edge_runs_from_its_source_to_its_target() -> None:
    for seed in range(100):
        drawing = _random_drawing(seed)
        boxes = [Box(17, 17, 26) for _ in range(drawing.states)]
        pairs = list(
            dict.fromkeys((m.source, m.target) for m in drawing.moves if m.source != m.target)
        )
        layout = place(boxes, [Line(*pair, 40, 18) for pair in pairs])
        for (source, target), route in zip(pairs, layout.routes, strict=True):
            start, end = route.pieces[0][:2], route.pieces[-1][2:]
            for ends, state in ((start, source), (end, target)):
                x, y = layout.centres[state]
                assert abs(ends[0] - x) < 0.01, f"seed {seed}"
                assert abs(abs(ends[1] - y) - 13) < 0.01, f"seed {seed}"
            for before, after in zip(route.pieces, route.pieces[1:], strict=False):
                assert before[2:] == after[:2], f"seed {seed}"


def test_every_transition_of_a_picture_is_labelled() -> None:
    moves = tuple(Move(at, at + 1, "A", "B", f"label{at}") for at in range(9))
    loops = (Move(9, 0, "B", "A", "again"), Move(4, 4, "A", "B", "loop"))
    text = draw_graph(Drawing((), 10, (9,), moves + loops), "G", standalone=True)
    root = ElementTree.fromstring(text)
    shown = [one.text or "" for one in root.iter(f"{SVG}text")]
    for label in (*(f"label{at}" for at in range(9)), "again", "loop"):
        assert sum(one.endswith(f": {label}") for one in shown) == 1
    assert Counter(one for one in shown if one.isdigit()) == Counter(map(str, range(10)))


def test_pictures_are_the_same_every_time() -> None:
    for seed in range(20):
        drawing = _random_drawing(seed)
        assert draw_graph(drawing, "G") == draw_graph(drawing, "G")


def test_a_large_graph_is_refused_with_its_size() -> None:
    with pytest.raises(LayoutTooLarge, match="10 000 states"):
        draw_graph(Drawing((), 10_000, (), ()), "G")


def test_a_graph_of_very_long_edges_is_refused() -> None:
    chain = tuple(Move(at, at + 1, "A", "B", "m") for at in range(1_400))
    back = tuple(Move(1_400, at, "A", "B", f"b{at}") for at in range(1_400))
    with pytest.raises(LayoutTooLarge, match="ranks"):
        draw_graph(Drawing((), 1_401, (), chain + back), "G")


def test_a_graph_at_the_limit_is_drawn() -> None:
    chain = tuple(Move(at, at + 1, "A", "B", "m") for at in range(1_499))
    assert draw_graph(Drawing((), 1_500, (1_499,), chain), "G").count("<circle") > 1_500


def test_hostile_names_stay_text() -> None:
    name = '<script>alert(1)</script>"\u202e\x00' + "n" * 10_000
    moves = (Move(0, 1, name, name, name), Move(1, 1, name, "B", name))
    text = draw_graph(Drawing((name,), 2, (1,), moves), name, standalone=True)
    root = ElementTree.fromstring(text)
    assert not list(root.iter(f"{SVG}script"))
    assert "\u202e" not in text and len(text) < 20_000
    step = Step(True, name, "B", name, Site(path=name, line=3, branch=name))
    trace = Trace(Fault.STUCK_ROLE, (step,), (name,), name, True, waiting=(Waiting(name, False),))
    chart = draw_chart(trace, (name, "B"), name, standalone=True)
    assert chart is not None
    assert not list(ElementTree.fromstring(chart).iter(f"{SVG}script"))
    assert "\u202e" not in chart and len(chart) < 20_000


def test_a_chart_shows_every_step_once() -> None:
    chart = draw_chart(ESCROW_TRACE, ("Buyer", "Seller", "Courier"), "T", standalone=True)
    assert chart is not None
    root = ElementTree.fromstring(chart)
    rows = [g for g in root.iter(f"{SVG}g") if g.get("class") == "row"]
    assert [(row.get("data-first"), row.get("data-last")) for row in rows] == [
        ("1", "2"),
        ("3", "4"),
    ]
    shown = " ".join(one.text or "" for one in root.iter(f"{SVG}text"))
    assert re.search("waits forever .*Dispatch", shown)


def test_a_receive_takes_the_oldest_message() -> None:
    """Two equal messages: the receive right after the second send takes the first one."""
    send = Step(True, "A", "B", "m")
    take = Step(False, "A", "B", "m")
    trace = Trace(Fault.WITNESS, (send, send, take, take), (), "", True)
    chart = draw_chart(trace, ("A", "B"), "T", standalone=True)
    assert chart is not None
    rows = re.findall(r'data-first="(\d+)" data-last="(\d+)"', chart)
    assert rows == [("1", "1"), ("2", "2"), ("3", "3"), ("4", "4")]


def test_a_long_run_is_folded_and_a_wide_one_has_no_chart() -> None:
    steps = tuple(Step(number % 2 == 0, "A", "B", "m") for number in range(4_000))
    chart = draw_chart(Trace(Fault.WITNESS, steps, (), "", True), ("A", "B"), "T")
    assert chart is not None and "steps left out" in chart and len(chart) < 100_000
    wide = tuple(Step(True, f"R{number}", "B", "m") for number in range(60))
    assert draw_chart(Trace(Fault.WITNESS, wide, (), "", True), (), "T") is None


def test_cutting_text() -> None:
    for text in ("", "short", "x" * 500, "wide 漢字 " * 40, "a b " * 100):
        for most in (8, 12, 30):
            assert cells(cut(text, most)) <= most
            lines = wrapped(text, most, 3)
            assert len(lines) <= 3
            assert all(cells(line) <= most + 1 for line in lines), lines
