"""Each protocol with its graph, the machines of its roles, and what deciding it took."""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics.wording import counted, listed
from tellverify.report.drawing.layout import LayoutTooLarge
from tellverify.report.drawing.svg_graph import draw_graph, move_text
from tellverify.report.drawing.workflow_pictures import workflow_svg
from tellverify.report.families import collapsed
from tellverify.report.grouping import members
from tellverify.report.html.components import (
    HtmlPage,
    anchor,
    code,
    named,
    paragraph,
    place_text,
    table,
)
from tellverify.report.tags import EMPTY, Html, element, escaped, joined, prose
from tellverify.verdict.drawing import Drawing, WorkflowPicture
from tellverify.verdict.run import ProtocolReport

_MOST_DRAWN: Final = 60  # protocols with pictures on one page
_MOST_LISTED: Final = 500


def protocols(page: HtmlPage) -> Html:
    """All protocols; pictures of the first ones, statistics of all."""
    found = page.run.protocols
    if not found:
        return paragraph(escaped("No protocol was checked."))
    shown = [_protocol(one, drawn=at < _MOST_DRAWN) for at, one in enumerate(found[:_MOST_LISTED])]
    if len(found) > _MOST_LISTED:
        words = f"and {counted(len(found) - _MOST_LISTED, 'more protocol')}, in the JSON report"
        shown.append(paragraph(escaped(words)))
    return joined(shown)


def _protocol(protocol: ProtocolReport, *, drawn: bool) -> Html:
    place = place_text(protocol.path, protocol.line)
    parts = [
        element("h3", code(protocol.title), element("span", escaped(members(protocol)))),
        paragraph(
            joined(
                (
                    place,
                    escaped(f"; {counted(protocol.event_count, 'event')}; "),
                    named(protocol.roles, 12),
                )
            )
        ),
        _statistics(protocol),
    ]
    if drawn:
        parts.append(_drawings(protocol))
    return element("section", *parts, class_="block", id=anchor("protocol", protocol.subject.text))


def _statistics(protocol: ProtocolReport) -> Html:
    rows = []
    seen: set[tuple[tuple[str, int], ...]] = set()
    for verdict in protocol.verdicts:
        if verdict.statistics and verdict.statistics not in seen:
            seen.add(verdict.statistics)
            words = ", ".join(
                f"{name} {value:,}".replace(",", " ") for name, value in verdict.statistics
            )
            rows.append([code(verdict.name), escaped(words)])
    return table(("Decided for", "Statistics"), rows[:20]) if rows else EMPTY


def _drawings(protocol: ProtocolReport) -> Html:
    drawings = protocol.drawings
    if drawings is None:
        return paragraph(
            escaped("No pictures: the protocol has no graph, or none that a page could show."),
            class_="quiet",
        )
    pictures: list[Html] = []
    at = f" with {drawings.instance}" if drawings.instance else ""
    if drawings.graph is not None:
        words = f"Protocol graph{at}: {_size(drawings.graph)}"
        pictures.append(_picture(drawings.graph, words, protocol.title))
    if drawings.workflow is not None:
        pictures.append(_workflow(drawings.workflow))
    for machine in drawings.machines:
        names = listed(collapsed(machine.roles), 4)
        also = ", equal up to the names of members" if len(machine.roles) > 1 else ""
        words = f"Machine of {names}: {_size(machine)}{also}"
        pictures.append(_picture(machine, words, protocol.title))
    notes = [f"Not drawn: {text}." for text in drawings.omitted]
    parts = [element("div", *pictures, class_="pictures")] if pictures else []
    parts += [paragraph(prose(note), class_="quiet") for note in notes]
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
    as_table = element(
        "details",
        element("summary", escaped("as a table")),
        table(("First", "Then", "Agents", ""), rows),
    )
    return element(
        "figure",
        element("figcaption", escaped(words)),
        element("div", drawn, class_="scroll", tabindex=0, role="group", aria_label=words[:80]),
        as_table if rows else EMPTY,
        class_="picture",
    )


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
    as_table = element(
        "details",
        element("summary", escaped("as a table")),
        table(("From", "Event", "To", "Line"), rows),
    )
    return element(
        "figure",
        element("figcaption", escaped(words)),
        element("div", picture, class_="scroll", tabindex=0, role="group", aria_label=words[:80]),
        as_table if rows else EMPTY,
        class_="picture",
    )
