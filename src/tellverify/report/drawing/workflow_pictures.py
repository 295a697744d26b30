"""Workflows as pictures: phases with their agents, and who runs which phase before which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tellverify.report.drawing.layout import Box, DrawingLayout, Line, Route, place
from tellverify.report.drawing.svg_style import svg
from tellverify.report.drawing.text_metrics import SMALL_SIZE, cut, text_width
from tellverify.report.escape import log_line, printable
from tellverify.report.markup import mermaid
from tellverify.report.tags import Html, element, exact, number
from tellverify.verdict.drawing import PictureOrder, PictureStep, WorkflowPicture

_HEIGHT: Final = 38.0
_MARGIN: Final = 14.0
_MOST_CELLS: Final = 40
_HEAD: Final = 7.0
_NAME: Final = 20.0  # of a workflow, above its phases


def drawn(pictures: Sequence[WorkflowPicture], style: str) -> str:
    """The pictures one after the other, as text, SVG, Mermaid or DOT, with a line end."""
    parts: list[str]
    match style:
        case "svg":
            parts = [str(_all_in_one(pictures))]
        case "mermaid":
            parts = ["\n".join(_mermaid(pictures))]
        case "dot":
            parts = ["\n".join(_dot(pictures))]
        case _:
            parts = ["\n".join(line for one in pictures for line in _text(one))]
    return "\n".join(parts) + "\n"


def _words(order: PictureOrder) -> str:
    return ", ".join(order.agents)


# Text


def _text(picture: WorkflowPicture) -> Iterator[str]:
    yield log_line(picture.name)
    for step in picture.steps:
        kind = "ext" if step.local else "cycle" if step.in_cycle else ""
        agents = ", ".join(step.agents)
        yield log_line(f"  {kind:<6}{step.name}: {agents}").rstrip()
    for order in picture.orders:
        names = (picture.steps[order.source].name, picture.steps[order.target].name)
        mark = "cycle" if order.in_cycle else ""
        yield log_line(f"  {mark:<6}{names[0]} before {names[1]}: {_words(order)}")


# SVG


def workflow_svg(picture: WorkflowPicture, *, standalone: bool = False) -> Html:
    """The phases as boxes, from top to bottom. Raises LayoutTooLarge."""
    drawing, width, height = _drawing(picture, _MARGIN)
    return svg(width, height, f"Workflow {picture.name}", [drawing], standalone=standalone)


def _all_in_one(pictures: Sequence[WorkflowPicture]) -> Html:
    """One picture of all workflows, each below its name. Raises LayoutTooLarge."""
    if len(pictures) == 1:
        return workflow_svg(pictures[0], standalone=True)
    parts: list[Html] = []
    widest = top = 0.0
    for picture in pictures:
        name = cut(picture.name, _MOST_CELLS)
        place_of_name = {"x": _MARGIN, "y": top + _MARGIN + _NAME / 2}
        parts.append(element("text", exact(name), class_="strong", **place_of_name))
        drawing, width, height = _drawing(picture, top + _MARGIN + _NAME)
        parts.append(drawing)
        widest = max(widest, width, text_width(name) + 2 * _MARGIN)
        top += height + _NAME
    return svg(widest, top, "Workflows", parts, standalone=True)


def _drawing(picture: WorkflowPicture, top: float) -> tuple[Html, float, float]:
    """The drawing of a workflow, `top` below the edge, and its size."""
    boxes = [_box(step) for step in picture.steps]
    lines = [
        Line(one.source, one.target, text_width(_label(one), SMALL_SIZE) + 8, 16.0)
        for one in picture.orders
    ]
    layout = place(boxes, lines)
    routes = list(zip(picture.orders, layout.routes, strict=True))
    drawing = element(
        "g",
        *(_edge(order, route) for order, route in routes),
        *(_plate(order, route) for order, route in routes),
        *(_step(picture, at, layout) for at in range(len(picture.steps))),
        transform=f"translate({number(_MARGIN)} {number(top)})",
    )
    return drawing, layout.width + 2 * _MARGIN, layout.height + 2 * _MARGIN


def _label(order: PictureOrder) -> str:
    return cut(_words(order), _MOST_CELLS)


def _lines(step: PictureStep) -> tuple[str, str]:
    return cut(step.name, _MOST_CELLS), cut(", ".join(step.agents), _MOST_CELLS)


def _half(step: PictureStep) -> float:
    name, agents = _lines(step)
    return max(text_width(name), text_width(agents, SMALL_SIZE)) / 2 + 10


def _box(step: PictureStep) -> Box:
    return Box(_half(step), _half(step), _HEIGHT)


def _step(picture: WorkflowPicture, at: int, layout: DrawingLayout) -> Html:
    step = picture.steps[at]
    x, y = layout.centres[at]
    name, agents = _lines(step)
    half = _half(step)
    kind = "role culprit" if step.in_cycle else "open queued" if step.local else "role"
    return element(
        "g",
        element("title", exact(f"{step.workflow}: {step.name}")),
        element(
            "rect", class_=kind, x=x - half, y=y - _HEIGHT / 2, width=2 * half, height=_HEIGHT, rx=6
        ),
        element("text", exact(name), class_="mid strong", x=x, y=y - 3),
        element("text", exact(agents), class_="mid small", x=x, y=y + 12),
    )


def _edge(order: PictureOrder, route: Route) -> Html:
    x, y = route.pieces[0][:2]
    steps = [f"M{number(x)} {number(y)}"]
    for x1, y1, x2, y2 in route.pieces:
        half = number((y1 + y2) / 2)
        steps.append(f"C{number(x1)} {half} {number(x2)} {half} {number(x2)} {number(y2)}")
    kind = "stuck" if order.in_cycle else "edge"
    tip_x, tip_y = route.pieces[-1][2:]
    back = -1.0 if route.back else 1.0
    corners = [
        (tip_x, tip_y),
        (tip_x - _HEAD / 2, tip_y - back * _HEAD),
        (tip_x + _HEAD / 2, tip_y - back * _HEAD),
    ]
    points = " ".join(f"{number(a)},{number(b)}" for a, b in corners)
    return element(
        "g",
        element("path", class_=kind, d="".join(steps)),
        element("polygon", class_="head", points=points),
    )


def _plate(order: PictureOrder, route: Route) -> Html:
    x, y = route.label
    width = text_width(_label(order), SMALL_SIZE) + 8
    name = "small mid badtext" if order.in_cycle else "small mid"
    return element(
        "g",
        element("rect", class_="plate", x=x - width / 2, y=y - 8, width=width, height=16, rx=3),
        element("text", exact(_label(order)), class_=name, x=x, y=y + 4),
    )


# Mermaid and DOT


def _mermaid(pictures: Sequence[WorkflowPicture]) -> Iterator[str]:
    yield "flowchart TD"
    red: list[str] = []
    links = 0
    red_links: list[int] = []
    for which, picture in enumerate(pictures):
        yield f'  subgraph w{which}["{mermaid(picture.name)}"]'
        for at, step in enumerate(picture.steps):
            node = f"w{which}s{at}"
            words = f'"{mermaid(step.name)}: {mermaid(", ".join(step.agents))}"'
            yield f"    {node}([{words}])" if step.local else f"    {node}[{words}]"
            if step.in_cycle:
                red.append(node)
        for order in picture.orders:
            words = f'"{mermaid(_words(order))}"'
            yield f"    w{which}s{order.source} -->|{words}| w{which}s{order.target}"
            if order.in_cycle:
                red_links.append(links)
            links += 1
        yield "  end"
    if red:
        yield "  classDef cycle stroke:#b3261e,stroke-width:2px"
        yield f"  class {','.join(red)} cycle"
    if red_links:
        yield f"  linkStyle {','.join(map(str, red_links))} stroke:#b3261e,stroke-width:2px"


def _dot(pictures: Sequence[WorkflowPicture]) -> Iterator[str]:
    yield "digraph workflows {"
    yield "  node [shape=box, style=rounded];"
    for which, picture in enumerate(pictures):
        yield f"  subgraph cluster_{which} {{"
        yield f"    label={_quoted(picture.name)};"
        for at, step in enumerate(picture.steps):
            words = _quoted(f"{step.name}: {', '.join(step.agents)}")
            look = ", color=red" if step.in_cycle else ", style=dashed" if step.local else ""
            yield f"    w{which}s{at} [label={words}{look}];"
        for order in picture.orders:
            look = ", color=red" if order.in_cycle else ""
            ends = f"w{which}s{order.source} -> w{which}s{order.target}"
            yield f"    {ends} [label={_quoted(_words(order))}{look}];"
        yield "  }"
    yield "}"


def _quoted(text: str) -> str:
    shown = printable(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{shown}"'
