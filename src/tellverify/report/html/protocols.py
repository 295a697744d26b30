"""The protocols of a run: one row each, worst first, and behind it everything about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from tellverify.diagnostics.wording import counted, series
from tellverify.report.grouping import members
from tellverify.report.html.compared import version_of
from tellverify.report.html.components import (
    HtmlPage,
    code,
    evidence_link,
    items,
    named,
    paragraph,
    protocol_anchor,
    status_chip,
)
from tellverify.report.html.coverage import coverage_of, covered_source
from tellverify.report.html.folders import in_groups
from tellverify.report.html.packs import packs_of
from tellverify.report.html.pictures import pictures
from tellverify.report.html.player import player
from tellverify.report.html.refuted import RefutedCase, cases, headline, shown_case
from tellverify.report.html.story import messages, stories
from tellverify.report.html.verdict_rows import ORDER, short_table, verdict_table
from tellverify.report.tags import EMPTY, Html, element, escaped, joined, prose
from tellverify.verdict.outcome import status
from tellverify.verdict.run import ProtocolReport

MOST_LISTED: Final = 2_000
_MOST_OPEN: Final = 3  # protocols that are unfolded at first
_MOST_CASES: Final = 12  # of one protocol with pictures
_MOST_STEPPED: Final = 40  # runs on one page that can be stepped through
_SECTION: Final = 1_250_000  # characters of all rows together, where that can be kept
_ROOM: Final = 600_000  # of them for what a page may do without
_LEAST_ROOM: Final = 150_000  # for that on a page of however many protocols
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
    failing = [one for one in found if _gravity(page, one)[0] < 2]
    unfolded = found if len(found) <= _MOST_OPEN else failing[:_MOST_OPEN]
    rows: list[tuple[ProtocolReport, Html]] = []
    for one in found[:MOST_LISTED]:
        refuted = by_protocol.get(one.subject, [])
        rows.append((one, _row(page, one, refuted, _Room(0, 0), is_open=one in unfolded)))
    spare = _SECTION - sum(len(row) for _, row in rows)
    room = _Room(max(_LEAST_ROOM, min(_ROOM, spare)), _MOST_STEPPED)
    for number, (one, _) in enumerate(rows):
        if room.characters <= 0:
            break
        refuted = by_protocol.get(one.subject, [])
        rows[number] = (one, _row(page, one, refuted, room, is_open=one in unfolded))
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
    module, dot, name = protocol.name.rpartition(".")
    summary = element(
        "summary",
        element(
            "code",
            element("span", escaped(module + dot)) if dot else EMPTY,
            element("span", escaped(name), class_="name"),
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
        parts += [paragraph(escaped(words)), items(_in_short(page, one) for one in rest)]
    return parts


def _in_short(page: HtmlPage, case: RefutedCase) -> Html:
    """What a refutation says, which obligations it refutes, and its file of evidence."""
    names = series([f"`{one.name}`" for one in case.verdicts])
    link = evidence_link(page, case.protocol, case.verdicts[0])
    said = (code(case.outcome.code), escaped(" "), headline(case), prose(f" ({names}) "), link)
    return joined(said)


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
        what = ", ".join(missing) if parts else "steps and pictures"
        words = f"Left out of a page with this many protocols: {what}."
        parts.append(paragraph(prose(words), class_="quiet"))
    return parts


def _source(page: HtmlPage, protocol: ProtocolReport) -> Html:
    return joined((covered_source(page, protocol), coverage_of(protocol)))
