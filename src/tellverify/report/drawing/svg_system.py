"""Who talks to whom, as SVG: a box for each role, a line for each pair with its label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from tellverify.report.drawing.layout import Box, Line, Route, place
from tellverify.report.drawing.svg_style import svg
from tellverify.report.drawing.text_metrics import LINE_HEIGHT, cut, text_width
from tellverify.report.tags import Html, element, exact, number

_HEIGHT: Final = 28.0
_PADDING: Final = 9.0
_MARGIN: Final = 14.0
_MOST_CELLS: Final = 30


def draw_system(roles: Sequence[str], pairs: Mapping[tuple[int, int], str], title: str) -> Html:
    """The picture of `roles`; `pairs` has the label of two roles by their numbers, either way.

    Raises LayoutTooLarge for a picture that cannot be laid out.
    """
    names = [cut(role, _MOST_CELLS) for role in roles]
    halves = [text_width(name) / 2 + _PADDING for name in names]
    texts = [cut(text, _MOST_CELLS) for text in pairs.values()]
    layout = place(
        [Box(half + 4, half + 4, _HEIGHT) for half in halves],
        [
            Line(*pair, text_width(text) + 8, LINE_HEIGHT + 2)
            for pair, text in zip(pairs, texts, strict=True)
        ],
    )
    parts = element(
        "g",
        *(_line(route) for route in layout.routes),
        *(_label(text, route) for text, route in zip(texts, layout.routes, strict=True)),
        *(
            _role(name, half, *centre)
            for name, half, centre in zip(names, halves, layout.centres, strict=True)
        ),
        transform=f"translate({number(_MARGIN)} {number(_MARGIN)})",
    )
    width, height = layout.width + 2 * _MARGIN, layout.height + 2 * _MARGIN
    return svg(width, height, title, [parts], standalone=False)


def _line(route: Route) -> Html:
    x, y = route.pieces[0][:2]
    steps = [f"M{number(x)} {number(y)}"]
    for x1, y1, x2, y2 in route.pieces:
        half = number((y1 + y2) / 2)
        steps.append(f"C{number(x1)} {half} {number(x2)} {half} {number(x2)} {number(y2)}")
    return element("path", class_="edge", d="".join(steps))


def _label(text: str, route: Route) -> Html:
    x, y = route.label
    width, height = text_width(text) + 8, LINE_HEIGHT + 2
    plate = element(
        "rect",
        class_="plate",
        x=x - width / 2,
        y=y - height / 2,
        width=width,
        height=float(height),
        rx=3,
    )
    return element("g", plate, element("text", exact(text), class_="mid small", x=x, y=y + 4))


def _role(name: str, half: float, x: float, y: float) -> Html:
    box = element(
        "rect",
        class_="role",
        x=x - half,
        y=y - _HEIGHT / 2,
        width=2 * half,
        height=_HEIGHT,
        rx=5,
    )
    return element("g", box, element("text", exact(name), class_="mid strong", x=x, y=y + 4))
