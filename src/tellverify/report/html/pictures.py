"""The graph of a protocol and the machines of its roles as pictures, each with its table."""

from __future__ import annotations

from tellverify.diagnostics.wording import counted, listed
from tellverify.report.drawing.layout import LayoutTooLarge
from tellverify.report.drawing.svg_graph import draw_graph, move_text
from tellverify.report.drawing.workflow_pictures import workflow_svg
from tellverify.report.families import collapsed
from tellverify.report.html.components import code, paragraph, table
from tellverify.report.tags import EMPTY, Html, element, escaped, joined, prose
from tellverify.verdict.drawing import Drawing, Drawings, WorkflowPicture
from tellverify.verdict.run import ProtocolReport


def pictures(protocol: ProtocolReport, drawings: Drawings) -> Html:
    """All pictures of one protocol, and a note on those too large to draw."""
    made: list[Html] = []
    at = f" with {drawings.instance}" if drawings.instance else ""
    if drawings.graph is not None:
        words = f"Protocol graph{at}: {_size(drawings.graph)}"
        made.append(_picture(drawings.graph, words, protocol.title))
    if drawings.workflow is not None:
        made.append(_workflow(drawings.workflow))
    for machine in drawings.machines:
        names = listed(collapsed(machine.roles), 4)
        also = ", equal up to the names of members" if len(machine.roles) > 1 else ""
        words = f"Machine of {names}: {_size(machine)}{also}"
        made.append(_picture(machine, words, protocol.title))
    parts = [element("div", *made, class_="pictures")] if made else []
    parts += [paragraph(prose(f"Not drawn: {text}."), class_="quiet") for text in drawings.omitted]
    return joined(parts)


def _workflow(picture: WorkflowPicture) -> Html:
    words = f"Phases and orders: {counted(len(picture.steps), 'step')}"
    try:
        drawn = workflow_svg(picture)
    except LayoutTooLarge:
        return paragraph(escaped(f"{words}; too large to be drawn"), class_="quiet")
    rows = [
        [
            escaped(picture.steps[order.source].name),
            escaped(picture.steps[order.target].name),
            escaped(", ".join(order.agents)),
            escaped("in a cycle" if order.in_cycle else ""),
        ]
        for order in picture.orders
    ]
    return _figure(words, drawn, table(("First", "Then", "Agents", ""), rows) if rows else EMPTY)


def _size(drawing: Drawing) -> str:
    moves = counted(len(drawing.moves), "transition")
    return f"{counted(drawing.states, 'state')}, {moves}"


def _picture(drawing: Drawing, words: str, name: str) -> Html:
    try:
        picture = draw_graph(drawing, f"{words}, of {name}")
    except LayoutTooLarge:
        return paragraph(escaped(f"{words}; too large to be drawn"), class_="quiet")
    rows = [
        [
            escaped(str(move.source)),
            code(move_text(drawing, move)),
            escaped(str(move.target)),
            escaped(str(move.line) if move.line else "—"),
        ]
        for move in drawing.moves
    ]
    listed_moves = table(("From", "Event", "To", "Line"), rows) if rows else EMPTY
    return _figure(words, picture, listed_moves)


def _figure(words: str, picture: Html, rows: Html) -> Html:
    """A picture that scrolls by itself, with what it shows as a table."""
    return element(
        "figure",
        element("figcaption", escaped(words)),
        element("div", picture, class_="scroll", tabindex=0, role="group", aria_label=words[:80]),
        element("details", element("summary", escaped("as a table")), rows) if rows else EMPTY,
        class_="picture",
    )
