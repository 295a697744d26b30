"""The protocols of a run: one row each, worst first, and behind it everything about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from tellverify.diagnostics.wording import counted
from tellverify.report.grouping import members
from tellverify.report.html.compared import version_of
from tellverify.report.html.components import (
    HtmlPage,
    code,
    evidence_link,
    named,
    paragraph,
    protocol_anchor,
    status_chip,
    table,
)
from tellverify.report.html.coverage import coverage_of, covered_source
from tellverify.report.html.folders import in_groups
from tellverify.report.html.packs import packs_of
from tellverify.report.html.pictures import pictures
from tellverify.report.html.player import player
from tellverify.report.html.refuted import RefutedCase, cases, shown_case
from tellverify.report.html.story import messages, stories
from tellverify.report.html.verdict_rows import ORDER, short_table, verdict_table
from tellverify.report.tags import EMPTY, Html, element, escaped, joined, prose
from tellverify.verdict.outcome import status
from tellverify.verdict.run import ProtocolReport

MOST_LISTED: Final = 2_000
_MOST_OPEN: Final = 3  # protocols that are unfolded at first
_MOST_CASES: Final = 12  # of one protocol with pictures
_MOST_STEPPED: Final = 40  # runs on one page that can be stepped through
_ROOM: Final = 600_000  # characters of what a page may do without
_LARGEST: Final = 300_000  # of one protocol


class _Room(msgspec.Struct):
    """The space left on the page for pictures, stories and steps."""

    characters: int
    runs: int


def worst_first(page: HtmlPage) -> list[ProtocolReport]:
    """The protocols of a run: refuted ones first, then those that are not settled."""
    return sorted(page.run.protocols, key=lambda one: _gravity(page, one))


def _gravity(page: HtmlPage, protocol: ProtocolReport) -> tuple[int, str, int, str]:
    required = {status(one.outcome) for one in protocol.verdicts if one.required}
    other = {status(one.outcome) for one in protocol.verdicts}
    place = (protocol.path, protocol.line, protocol.name)
    if "refuted" in required:
        return (0, *place)
    if required & {"unknown", "skipped"}:
        return (1, *place)
    return (2 if "refuted" in other else 3, *place)


def protocols(page: HtmlPage) -> Html:
    """A row for each protocol; those that hold stand behind one line if there are many."""
    found = worst_first(page)
    if not found:
        return paragraph(escaped("No protocol was checked."))
    by_protocol = cases(page)
    room = _Room(_ROOM, _MOST_STEPPED)
    failing = [one for one in found if _gravity(page, one)[0] < 2]
    unfolded = found if len(found) <= _MOST_OPEN else failing[:_MOST_OPEN]
    rows = [
        (one, _row(page, one, by_protocol.get(one.subject, []), room, is_open=one in unfolded))
        for one in found[:MOST_LISTED]
    ]
    shown = list(in_groups(rows))
    if len(found) > MOST_LISTED:
        words = f"and {counted(len(found) - MOST_LISTED, 'more protocol')}, in the JSON report"
        shown.append(paragraph(escaped(words)))
    return joined((_filter() if len(found) > _MOST_OPEN else EMPTY, *shown))


def _filter() -> Html:
    """The controls that hide rows; the script shows them."""
    field = element("input", type="search", aria_label="Search protocols", placeholder="Search")
    buttons = [
        element("button", escaped(word), type="button", data_status=word, aria_pressed="false")
        for word in ORDER
    ]
    shown = element("span", class_="shown", aria_live="polite")
    return element("div", field, *buttons, shown, class_="filter", hidden=True)


def _row(
    page: HtmlPage,
    protocol: ProtocolReport,
    refuted: Sequence[RefutedCase],
    room: _Room,
    *,
    is_open: bool,
) -> Html:
    counts: dict[str, int] = {}
    for verdict in protocol.verdicts:
        word = status(verdict.outcome)
        counts[word] = counts.get(word, 0) + 1
    chips = [
        element("span", status_chip(word), escaped(f" {counts[word]}"))
        for word in ORDER
        if word in counts
    ]
    name, bracket, file = protocol.title.partition(" (")
    module, dot, name = name.rpartition(".")
    summary = element(
        "summary",
        element(
            "code",
            element("span", escaped(module + dot)) if dot else EMPTY,
            element("span", escaped(name), class_="name"),
            element("span", escaped(bracket + file)) if bracket else EMPTY,
        ),
        element("span", element("code", escaped(f"{protocol.path}:{protocol.line}")), class_="at"),
        element("span", *chips, class_="chips"),
    )
    return element(
        "details",
        summary,
        *_body(page, protocol, refuted, room),
        class_="protocol",
        id=protocol_anchor(protocol),
        data_name=f"{protocol.title} {protocol.path}"[:300],
        data_status=" ".join(word for word in ORDER if word in counts),
        open=is_open,
    )


def _body(
    page: HtmlPage, protocol: ProtocolReport, refuted: Sequence[RefutedCase], room: _Room
) -> list[Html]:
    parts = [
        paragraph(
            joined(
                (
                    escaped(f"{members(protocol)}; {counted(protocol.event_count, 'event')}; "),
                    named(protocol.roles, 12),
                )
            ),
            class_="quiet",
        )
    ]
    parts += [
        paragraph(prose(f"Presumes: {one.text}, line {one.line}."))
        for one in protocol.presuppositions
        if one.presumed
    ]
    parts += _cases(page, refuted, room)
    shown = verdict_table(page, protocol) if room.characters > 0 else short_table(protocol)
    room.characters -= len(shown)
    parts.append(shown)
    parts.append(packs_of(page, protocol))
    parts.append(version_of(page, protocol))
    parts += _optional(page, protocol, room)
    return parts


def _cases(page: HtmlPage, refuted: Sequence[RefutedCase], room: _Room) -> list[Html]:
    parts: list[Html] = []
    rest: list[RefutedCase] = []
    for number, case in enumerate(refuted):
        if number >= _MOST_CASES or (number and room.characters <= 0):
            rest.append(case)
            continue
        steps = case.is_run and room.runs > 0 and room.characters > 0
        shown = shown_case(page, case, steps=steps)
        room.runs -= steps
        room.characters -= len(shown)
        parts.append(shown)
    if rest:
        words = f"{counted(len(rest), 'more refutation')}, without pictures:"
        rows = [
            [
                joined(element("div", code(one.name)) for one in case.verdicts),
                code(case.outcome.code),
                evidence_link(page, case.protocol, case.verdicts[0]),
            ]
            for case in rest
        ]
        parts += [paragraph(escaped(words)), table(("Obligation", "Code", "Evidence"), rows)]
    return parts


def _optional(page: HtmlPage, protocol: ProtocolReport, room: _Room) -> list[Html]:
    """The parts that a page with many protocols leaves out, with a note."""
    drawings = protocol.drawings
    if drawings is None:
        return []
    blocks: tuple[tuple[str, Callable[[], Html]], ...] = (
        ("What each role does", lambda: stories(drawings)),
        ("Messages", lambda: messages(drawings)),
        ("Steps", lambda: player(drawings, protocol.roles, protocol.title)),
        ("Source and coverage", lambda: _source(page, protocol)),
        ("Graph and machines", lambda: pictures(protocol, drawings)),
    )
    parts: list[Html] = []
    missing: list[str] = []
    for title, write in blocks:
        if room.characters <= 0:
            missing.append(title.lower())
            continue
        made = write()
        if made == EMPTY:
            continue
        if len(made) > min(room.characters, _LARGEST):
            missing.append(title.lower())
            continue
        room.characters -= len(made)
        if title == "Steps":
            parts.append(made)
        else:
            parts.append(element("details", element("summary", escaped(title)), made))
    if missing:
        words = f"Left out of a page with this many protocols: {', '.join(missing)}."
        parts.append(paragraph(prose(words), class_="quiet"))
    return parts


def _source(page: HtmlPage, protocol: ProtocolReport) -> Html:
    return joined((covered_source(page, protocol), coverage_of(protocol)))
