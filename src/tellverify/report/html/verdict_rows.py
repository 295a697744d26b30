"""The verdicts of one protocol: how each is known, how far, or why not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tellverify.diagnostics.wording import counted, grouped
from tellverify.report.drawing.svg_chart import draw_chart
from tellverify.report.grouping import bound_of, groups, sizes_of
from tellverify.report.html.components import (
    HtmlPage,
    code,
    evidence_link,
    items,
    named,
    roles_of,
    status_chip,
    table,
)
from tellverify.report.tags import EMPTY, Html, element, escaped, joined, prose
from tellverify.report.wording import settling
from tellverify.verdict.identity import requirement_key
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import (
    Assumed,
    Bounded,
    Proved,
    Refuted,
    Skipped,
    Unknown,
    status,
)
from tellverify.verdict.properties import PROPERTIES
from tellverify.verdict.run import ProtocolReport, Verdict

ORDER: Final = ("refuted", "unknown", "skipped", "assumed", "bounded", "proved")
_HEAD: Final = ("Outcome", "Obligations", "How it is known, how far, or why not", "Evidence")


def verdict_table(page: HtmlPage, protocol: ProtocolReport) -> Html:
    """One row for verdicts that agree in outcome, reason and evidence; gravest first."""
    alike: dict[tuple[str, Html, Html], list[Verdict]] = {}
    for word in ORDER:
        for verdict in protocol.verdicts:
            if status(verdict.outcome) == word:
                key = (word, _known(protocol, verdict), evidence_link(page, protocol, verdict))
                alike.setdefault(key, []).append(verdict)
    rows = [
        [
            status_chip(word),
            joined(_claims(verdicts)),
            joined((known, _witness(protocol, verdicts))),
            link,
        ]
        for (word, known, link), verdicts in alike.items()
    ]
    if not any(link != EMPTY for _, _, link in alike):
        return table(_HEAD[:3], [row[:3] for row in rows], class_="verdicts")
    return table(_HEAD, rows, class_="verdicts")


def short_table(protocol: ProtocolReport) -> Html:
    """The same in few words, for a page with many protocols."""
    rows = (
        joined((status_chip(one.status), escaped(f" {one.subject}"), _why(one.detail)))
        for one in sorted(groups(protocol), key=lambda one: ORDER.index(one.status))
    )
    return items(rows, class_="short")


def _why(detail: str) -> Html:
    return element("span", escaped(f": {detail}"), class_="quiet") if detail else EMPTY


def _claims(verdicts: Sequence[Verdict]) -> Iterator[Html]:
    """The obligations of a row, those of one property and item together."""
    parts: dict[tuple[str, str, bool, str], list[Verdict]] = {}
    for verdict in verdicts:
        about = requirement_key(verdict.property, verdict.scope)
        key = (about, verdict.scope.item, verdict.required, verdict.vacuity)
        parts.setdefault(key, []).append(verdict)
    for (_, _, required, vacuity), found in parts.items():
        tags = [element("span", escaped("not required"), class_="tag")] if not required else []
        if vacuity == "vacuous":
            words = "vacuous: nothing it mentions occurs in any run"
            tags.append(element("strong", escaped(words), class_="vacuous"))
        yield element("div", claim(found), *tags, class_="claim")


def claim(verdicts: Sequence[Verdict]) -> Html:
    """An obligation with the roles it is about; its sentence shows when it is pointed at."""
    first = verdicts[0]
    about = roles_of(verdicts)
    words = requirement_key(first.property, first.scope)
    name = element("code", escaped(words), title=PROPERTIES[first.property].sentence)
    parts = [name]
    if first.scope.item:
        parts += [escaped(" "), code(first.scope.item)]
    if about:
        parts += [escaped(" of "), named(about)]
    return joined(parts)


def _known(protocol: ProtocolReport, verdict: Verdict) -> Html:
    numbers = ", ".join(f"{grouped(value)} {name}" for name, value in verdict.statistics)
    counts = element("span", escaped(numbers), class_="quiet") if numbers else EMPTY
    match verdict.outcome:
        case Proved(method, detail) as outcome:
            sizes = sizes_of(outcome)
            if method is Method.GENERIC_MEMBER:
                return joined((prose(f"{sizes}, {detail}" if detail else sizes), counts))
            every = prose(f"{sizes}, ") if sizes else EMPTY
            return joined((every, how(method, detail), counts))
        case Bounded(method=method, detail=detail) as outcome:
            settles = prose(settling(protocol, verdict))
            bound = prose(f"holds for {bound_of(outcome)}, ")
            held = joined((bound, how(method, detail), counts))
            return joined((held, element("span", settles, class_="quiet")))
        case Refuted(code=number, method=method, instance=instance):
            at = f", with {instance}" if instance else ""
            found = prose(f"found {method.row.phrase}{at}")
            return joined((code(number), escaped(" "), found, counts))
        case Unknown(reason, number) | Skipped(reason, number):
            settles = element("span", prose(settling(protocol, verdict)), class_="quiet")
            told = (escaped(" "), code(number)) if number else ()
            return joined((prose(reason), *told, settles))
        case Assumed(reason, place, ledger):
            words = ", ".join(part for part in (ledger, place) if part)
            return joined((prose(reason), element("span", escaped(words), class_="quiet")))


def how(method: Method, detail: str) -> Html:
    """The method of an outcome in words."""
    return prose(f"{method.row.phrase}, {detail}" if detail else method.row.phrase)


def _witness(protocol: ProtocolReport, verdicts: Sequence[Verdict]) -> Html:
    """The runs that prove that something can happen, to be unfolded."""
    return joined(_chart(protocol, one) for one in verdicts if one.witness is not None)


def _chart(protocol: ProtocolReport, verdict: Verdict) -> Html:
    if verdict.witness is None:
        return EMPTY
    trace = verdict.witness.trace
    steps = counted(len(trace.steps), "step")
    chart = draw_chart(trace, protocol.roles, f"A run of {protocol.title} that shows it, {steps}")
    if chart is None:
        return EMPTY
    at = f" with {verdict.witness.instance}" if verdict.witness.instance else ""
    title = element("summary", escaped(f"a run that shows it: {steps}{at}"))
    return element("details", title, element("div", chart, class_="scroll"), class_="witness")
