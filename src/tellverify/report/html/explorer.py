"""A counterexample that can be stepped through.

Without scripts it is a chart, the source and a table of all steps. A script adds the steps one by
one and reads everything it shows from that table, so both say the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from tellverify.diagnostics.wording import counted, grouped
from tellverify.model.fault import Fault
from tellverify.model.step import Step
from tellverify.model.timer_steps import CANCEL
from tellverify.model.trace import Trace
from tellverify.report.drawing.configurations import Cell, Scene, scenes
from tellverify.report.drawing.lanes import Lane, lanes_of
from tellverify.report.drawing.sequence import awaited
from tellverify.report.drawing.svg_chart import draw_chart
from tellverify.report.html.components import HtmlPage, code
from tellverify.report.html.excerpts import listing
from tellverify.report.tags import EMPTY, Html, element, escaped, joined
from tellverify.verdict.run import ProtocolReport

_FOR_EVER: Final = (Fault.DEADLOCK, Fault.STUCK_ROLE, Fault.STARVATION)
_MOST_COLUMNS: Final = 16
_IDLE: Final = 8
_MOST_SCENES: Final = 400
_LAST_SCENES: Final = 150
_MOST_QUEUES: Final = 12
_MOST_LABELS: Final = 8
_BUTTONS: Final = (
    ("first", "M4 4v12M16 4L7 10l9 6z", "First (Home)"),
    ("back", "M14 4L5 10l9 6z", "Back (left arrow)"),
    ("forward", "M6 4l9 6-9 6z", "Forward (right arrow)"),
    ("last", "M16 4v12M4 4l9 6-9 6z", "Last (End)"),
)


def explorer(
    page: HtmlPage, protocol: ProtocolReport, trace: Trace, instance: str, key: str
) -> Html:
    """The explorer of `trace`, found at the sizes `instance`; `key` begins its ids."""
    drawings = protocol.drawings
    if drawings is not None and drawings.instance != instance:
        drawings = None
    lanes = lanes_of(trace, protocol.roles, _IDLE)
    shown = lanes[:_MOST_COLUMNS]
    found = list(scenes(trace, [role for lane in shown for role in lane.members], drawings))
    title = f"Sequence chart of a run of {protocol.title} with {counted(len(trace.steps), 'step')}"
    chart = draw_chart(trace, protocol.roles, title, places=False)
    lines: dict[str, list[int]] = {}
    for step in trace.steps:
        if step.site.line:
            lines.setdefault(step.site.path or protocol.path, []).append(step.site.line)
    listings = [listing(path, used, page.sources) for path, used in lines.items()]
    parts = [
        _controls(len(found) - 1, key),
        element(
            "div",
            element(
                "div",
                chart,
                class_="chart scroll",
                tabindex=0,
                role="group",
                aria_label="Sequence chart",
            )
            if chart is not None
            else _no_chart(lanes),
            element("div", *listings, class_="texts"),
            class_="views",
        ),
        element("div", class_="cards", hidden=True),
        _table(protocol, trace, found, shown, len(lanes), key),
    ]
    return element(
        "div",
        *parts,
        class_="explorer",
        id=key,
        tabindex=0,
        role="group",
        aria_label=f"Run of {len(trace.steps)} steps; arrow keys step through it",
        data_loop=trace.loop + 1 if trace.loop >= 0 else None,
    )


def _controls(steps: int, key: str) -> Html:
    buttons = [
        element("button", _icon(shape), type="button", data_go=name, title=words, aria_label=words)
        for name, shape, words in _BUTTONS
    ]
    slider = element(
        "input", type="range", min=0, max=steps, value=0, step=1, aria_label="Step of the run"
    )
    status = element("p", aria_live="polite", class_="now", id=f"{key}-now")
    bar = element("div", *buttons[:2], slider, *buttons[2:], class_="bar")
    return element("div", bar, status, class_="controls", hidden=True)


def _icon(shape: str) -> Html:
    path = element("path", d=shape)
    return element("svg", path, class_="icon", viewBox="0 0 20 20", aria_hidden="true")


def _no_chart(lanes: Sequence[Lane]) -> Html:
    roles = sum(len(lane.members) for lane in lanes)
    words = f"{grouped(roles)} roles take part: too many for a chart."
    return element("p", escaped(words), class_="quiet")


def event_words(step: Step) -> Html:
    """What happens in a step."""
    if step.timer == CANCEL:
        parts = [code(step.sender), Html(" cancels")]
    elif step.timer:
        parts = [Html("the timer of "), code(step.sender), Html(" fires")]
    elif step.send:
        parts = [code(step.sender), Html(" sends "), code(step.label), Html(" to ")]
        parts.append(code(step.receiver))
    else:
        parts = [code(step.receiver), Html(" takes "), code(step.label), Html(" from ")]
        parts.append(code(step.sender))
    for one in step.discards:
        parts += [Html("; "), code(one.label), Html(" from "), code(one.sender)]
        parts.append(Html(" is discarded"))
    return joined(parts)


def _table(
    protocol: ProtocolReport,
    trace: Trace,
    found: Sequence[Scene],
    lanes: Sequence[Lane],
    columns: int,
    key: str,
) -> Html:
    heads = [element("th", escaped(word), scope="col") for word in ("Step", "What happens")]
    heads += [
        element(
            "th",
            code(lane.name),
            scope="col",
            class_="culprit" if lane.members[0] in trace.culprits else None,
        )
        for lane in lanes
    ]
    heads += [element("th", escaped(word), scope="col") for word in ("Queues", "Source")]
    rows: list[Html] = []
    skipped = len(found) - _MOST_SCENES
    for scene in found:
        if skipped > 0 and _MOST_SCENES - _LAST_SCENES <= scene.index < len(found) - _LAST_SCENES:
            if scene.index == _MOST_SCENES - _LAST_SCENES:
                words = f"{counted(skipped, 'step')} left out here; the trace file has them all"
                cell = element("td", escaped(words), colspan=len(heads), class_="quiet")
                rows.append(element("tr", cell, class_="fold"))
            continue
        rows.append(_scene(protocol, trace, scene, lanes, is_last=scene.index == len(found) - 1))
    caption = "All steps. A cell with a bar at its left has changed in that step."
    if any(lane.is_shared for lane in lanes):
        caption += " Members of a family that the run treats alike share a column."
    if columns > len(lanes):
        caption += f" {counted(columns - len(lanes), 'more role')} not shown."
    return element(
        "div",
        element(
            "table",
            element("caption", escaped(caption)),
            element("thead", element("tr", *heads)),
            element("tbody", *rows),
            class_="steps",
            id=f"{key}-steps",
        ),
        class_="scroll tall",
        tabindex=0,
        role="group",
        aria_label="All steps of the run",
    )


def _scene(
    protocol: ProtocolReport, trace: Trace, scene: Scene, lanes: Sequence[Lane], *, is_last: bool
) -> Html:
    step = scene.step
    event = event_words(step) if step is not None else escaped("The run begins.")
    if step is not None and scene.index - 1 == trace.loop:
        event = joined((event, element("span", escaped("the loop begins"), class_="quiet")))
    if is_last and trace.loop >= 0:
        words = f"from here the run repeats forever from step {trace.loop + 1}"
        event = joined((event, element("span", escaped(words), class_="quiet")))
    ends = {one.role: awaited(trace, one) for one in trace.waiting} if is_last else {}
    cells = [
        element("th", escaped(str(scene.index)), scope="row"),
        element("td", event, class_="event"),
    ]
    at = 0
    for lane in lanes:
        count = len(lane.members)
        cells.append(_cell(trace, lane, scene.cells[at : at + count], ends, is_last=is_last))
        at += count
    cells.append(_queues(scene))
    site = step.site if step is not None else None
    place = EMPTY
    path = ""
    if site is not None and site.line:
        path = site.path or protocol.path
        place = code(f"{path.rpartition('/')[2]}:{site.line}")
        if site.branch:
            branch = element("span", escaped("branch "), code(site.branch), class_="quiet")
            place = joined((place, branch))
    cells.append(element("td", place, class_="place"))
    return element(
        "tr",
        *cells,
        data_step=scene.index,
        data_path=path or None,
        data_line=site.line if site is not None and site.line else None,
    )


def _cell(
    trace: Trace, lane: Lane, cells: Sequence[Cell], ends: Mapping[str, str], *, is_last: bool
) -> Html:
    """Where the roles of a lane are; those in one state together."""
    stuck = is_last and lane.members[0] in trace.culprits
    changed = any(cell.changed for cell in cells)
    alike: dict[tuple[int, str], list[str]] = {}
    for role, cell in zip(lane.members, cells, strict=True):
        words = (stuck and ends.get(role)) or cell.words or ends.get(role, "")
        if stuck and trace.fault in _FOR_EVER:
            words = words.replace("waits for", "waits forever for", 1)
        alike.setdefault((cell.state, words), []).append(role)
    parts: list[Html] = []
    for (state, words), members in alike.items():
        which = lane.which(members) if len(alike) > 1 else ""
        if state >= 0 or which:
            head = f"state {state}{which}" if state >= 0 else which.lstrip()
            parts.append(element("b", escaped(head)))
        if words:
            parts.append(element("span", escaped(words)))
    if changed:
        parts.append(element("span", escaped("changed"), class_="sr"))
    names = [name for name, on in (("changed", changed), ("stuck", stuck)) if on]
    return element("td", *parts, class_=" ".join(names) or None, data_role=lane.name[:200])


def _queues(scene: Scene) -> Html:
    if not scene.queues:
        parts = [element("span", escaped("all empty"), class_="quiet")]
    else:
        parts = []
        for sender, receiver, labels in scene.queues[:_MOST_QUEUES]:
            shown = [
                element("span", escaped(label), class_="msg") for label in labels[:_MOST_LABELS]
            ]
            if len(labels) > _MOST_LABELS:
                shown.append(escaped(f"and {grouped(len(labels) - _MOST_LABELS)} more"))
            name = element("span", code(sender), escaped("→"), code(receiver), class_="channel")
            touched = scene.touched == (sender, receiver)
            parts.append(
                element("div", name, *shown, class_="queue changed" if touched else "queue")
            )
        if len(scene.queues) > _MOST_QUEUES:
            parts.append(escaped(f"and {grouped(len(scene.queues) - _MOST_QUEUES)} more"))
    gone = scene.touched is not None and all((s, r) != scene.touched for s, r, _ in scene.queues)
    return element("td", *parts, class_="queues changed" if gone else "queues")
