"""Protocol graphs and machines as SVG."""

from __future__ import annotations

from typing import Final

import msgspec

from tellverify.diagnostics.wording import counted
from tellverify.report.drawing.layout import Box, DrawingLayout, LayoutTooLarge, Line, Route, place
from tellverify.report.drawing.svg_style import svg
from tellverify.report.drawing.text_metrics import LINE_HEIGHT, cells, cut, text_width
from tellverify.report.tags import Html, element, exact, number
from tellverify.verdict.drawing import Drawing, Move

MOST_STATES: Final = 1_500
MOST_MOVES: Final = 3_000
_RADIUS: Final = 13.0
_MARGIN: Final = 14.0
_START: Final = 20.0
_LOOP: Final = 26.0
_MOST_CELLS: Final = 34
_MOST_LABELS: Final = 6
_HEAD: Final = 7.0


class _Label(msgspec.Struct, frozen=True):
    lines: tuple[str, ...]

    @property
    def width(self) -> float:
        return max(map(text_width, self.lines)) + 8

    @property
    def height(self) -> float:
        return len(self.lines) * LINE_HEIGHT + 2


def draw_graph(drawing: Drawing, title: str, *, standalone: bool = False) -> Html:
    """The picture of a protocol graph, or of a machine.

    Raises LayoutTooLarge for one of more than 1 500 states or 3 000 transitions, or of too long
    ones.
    """
    if drawing.states > MOST_STATES or len(drawing.moves) > MOST_MOVES:
        raise LayoutTooLarge(
            f"{counted(drawing.states, 'state')} and"
            f" {counted(len(drawing.moves), 'transition')}; at most {MOST_STATES} states and"
            f" {MOST_MOVES} transitions are drawn"
        )
    labels, loops = _labels(drawing)
    boxes = [_box(loops.get(state)) for state in range(max(drawing.states, 1))]
    lines = [Line(*pair, label.width, label.height) for pair, label in labels.items()]
    layout = place(boxes, lines)
    parts = [
        element(
            "g",
            *_start(layout),
            *(_edge(route) for route in layout.routes),
            *(_head(route) for route in layout.routes),
            *(
                _plate(label, *route.label)
                for label, route in zip(labels.values(), layout.routes, strict=True)
            ),
            *(_state(drawing, state, layout) for state in range(max(drawing.states, 1))),
            *(_loop(label, *layout.centres[state]) for state, label in loops.items()),
            transform=f"translate({number(_MARGIN)} {number(_MARGIN + _START)})",
        )
    ]
    width = layout.width + 2 * _MARGIN
    height = layout.height + 2 * _MARGIN + _START
    return svg(width, height, title, parts, standalone=standalone)


def move_text(drawing: Drawing, move: Move) -> str:
    """A transition in words: `A -> B : Label` of a graph, `B!Label` or `A?Label` of a machine."""
    if move.sender == move.receiver:
        return move.label
    if not drawing.roles:
        return f"{move.sender} → {move.receiver} : {move.label}"
    if move.sender == drawing.roles[0]:
        return f"{move.receiver}!{move.label}"
    return f"{move.sender}?{move.label}"


def _labels(drawing: Drawing) -> tuple[dict[tuple[int, int], _Label], dict[int, _Label]]:
    """The labels between two states together, and those of loops at one state."""
    found: dict[tuple[int, int], list[str]] = {}
    hidden: dict[tuple[int, int], int] = {}
    for move in drawing.moves:
        pair = (move.source, move.target)
        lines = found.setdefault(pair, [])
        if len(lines) < _MOST_LABELS:
            lines.extend(_broken(drawing, move))
        else:
            hidden[pair] = hidden.get(pair, 0) + 1
    for pair, count in hidden.items():
        found[pair].append(f"and {count} more")
    labels = {pair: _Label(tuple(lines)) for pair, lines in found.items()}
    straight = {pair: label for pair, label in labels.items() if pair[0] != pair[1]}
    loops = {pair[0]: label for pair, label in labels.items() if pair[0] == pair[1]}
    return straight, loops


def _broken(drawing: Drawing, move: Move) -> list[str]:
    """The text of a transition on one line, or on two when it is long."""
    text = move_text(drawing, move)
    if cells(text) <= _MOST_CELLS:
        return [text]
    if drawing.roles:
        sign = "!" if move.sender == drawing.roles[0] else "?"
        peer = move.receiver if sign == "!" else move.sender
        return [cut(f"{peer}{sign}", _MOST_CELLS), cut(move.label, _MOST_CELLS)]
    half = (_MOST_CELLS - 3) // 2
    return [
        f"{cut(move.sender, half)} → {cut(move.receiver, half)} :",
        cut(move.label, _MOST_CELLS),
    ]


def _box(loop: _Label | None) -> Box:
    if loop is None:
        return Box(_RADIUS + 4, _RADIUS + 4, 2 * _RADIUS)
    return Box(_RADIUS + 4, _RADIUS + _LOOP + loop.width, max(2 * _RADIUS, loop.height))


def _start(layout: DrawingLayout) -> list[Html]:
    x, y = layout.centres[0]
    top = y - _RADIUS
    return [
        element("circle", class_="dot", cx=x, cy=top - _START + 4, r=4),
        element("path", class_="edge", d=f"M{number(x)} {number(top - _START + 8)}V{number(top)}"),
        _arrow(x, top, 0.0, 1.0, "head"),
    ]


def _edge(route: Route) -> Html:
    return element("path", class_="edge back" if route.back else "edge", d=_path(route))


def _path(route: Route) -> str:
    x, y = route.pieces[0][:2]
    steps = [f"M{number(x)} {number(y)}"]
    for x1, y1, x2, y2 in route.pieces:
        if x1 == x2:
            steps.append(f"V{number(y2)}")
        else:
            half = number((y1 + y2) / 2)
            steps.append(f"C{number(x1)} {half} {number(x2)} {half} {number(x2)} {number(y2)}")
    return "".join(steps)


def _head(route: Route) -> Html:
    x, y = route.pieces[-1][2:]
    return _arrow(x, y, 0.0, -1.0 if route.back else 1.0, "backhead" if route.back else "head")


def _arrow(x: float, y: float, dx: float, dy: float, name: str) -> Html:
    """The head of an arrow whose tip is at `(x, y)`, in the direction `(dx, dy)`."""
    back_x, back_y = x - dx * _HEAD, y - dy * _HEAD
    side_x, side_y = -dy * _HEAD / 2, dx * _HEAD / 2
    corners = ((x, y), (back_x + side_x, back_y + side_y), (back_x - side_x, back_y - side_y))
    return element(
        "polygon", class_=name, points=" ".join(f"{number(a)},{number(b)}" for a, b in corners)
    )


def _plate(label: _Label, x: float, y: float) -> Html:
    """A label on its edge: a plate that covers the edge, and the lines of text."""
    return element(
        "g",
        element(
            "rect",
            class_="plate",
            x=x - label.width / 2,
            y=y - label.height / 2,
            width=label.width,
            height=label.height,
            rx=3,
        ),
        *_texts(label, x, y, "mid"),
    )


def _texts(label: _Label, x: float, y: float, anchor: str) -> list[Html]:
    top = y - (len(label.lines) * LINE_HEIGHT) / 2 + 12
    return [
        element("text", exact(line), class_=anchor or None, x=x, y=top + place_ * LINE_HEIGHT)
        for place_, line in enumerate(label.lines)
    ]


def _state(drawing: Drawing, state: int, layout: DrawingLayout) -> Html:
    x, y = layout.centres[state]
    parts = [element("circle", class_="state", cx=x, cy=y, r=_RADIUS)]
    if state in drawing.final:
        parts.append(element("circle", class_="ring", cx=x, cy=y, r=_RADIUS - 3))
    shown = str(state)
    parts.append(
        element(
            "text",
            exact(shown),
            class_="mid small" if len(shown) > 2 else "mid",
            x=x,
            y=y + 4,
            font_size=None,
        )
    )
    return element("g", *parts)


def _loop(label: _Label, x: float, y: float) -> Html:
    """A loop at a state, to its right, with its label."""
    right = x + _RADIUS
    out = right + _LOOP - 6
    path = (
        f"M{number(x + 10)} {number(y - 8)}C{number(out)} {number(y - 20)}"
        f" {number(out)} {number(y + 20)} {number(x + 10)} {number(y + 8)}"
    )
    return element(
        "g",
        element("path", class_="edge back", d=path),
        _arrow(x + 10.5, y + 8, -0.9, -0.44, "backhead"),
        *_texts(label, right + _LOOP - 4, y, ""),
    )
