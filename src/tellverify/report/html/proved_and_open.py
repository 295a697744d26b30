"""What was proved, and what is not known and would settle it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tellverify.diagnostics.wording import counted
from tellverify.report.drawing.svg_chart import draw_chart
from tellverify.report.grouping import VerdictGroup, groups, members
from tellverify.report.html.components import (
    HtmlPage,
    anchor,
    code,
    evidence_link,
    items,
    named,
    paragraph,
    roles_of,
    status_chip,
    table,
)
from tellverify.report.tags import EMPTY, Html, element, escaped, joined, prose
from tellverify.report.wording import settling
from tellverify.verdict.identity import requirement_key
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Bounded, Proved, Skipped, Unknown, status
from tellverify.verdict.properties import PROPERTIES
from tellverify.verdict.run import ProtocolReport, Verdict


def proved(page: HtmlPage) -> Html:
    """The sentences that hold of all runs, protocol by protocol."""
    blocks = [
        block for protocol in page.run.protocols if (block := _proved_of(page, protocol)) != EMPTY
    ]
    if not blocks:
        return paragraph(escaped("Nothing was proved of all runs."))
    under = f", under {page.run.semantics}" if page.run.semantics else ""
    words = (
        f"Each sentence holds of all runs{under}. None rests on an entry of the ledger:"
        " what does is called assumed."
    )
    return joined((paragraph(escaped(words), class_="lead"), *blocks))


def _proved_of(page: HtmlPage, protocol: ProtocolReport) -> Html:
    rows: list[list[Html]] = []
    for group in groups(protocol):
        if group.status == "proved":
            rows += [_claim(page, protocol, part) for part in _by_property(group)]
    if not rows:
        return EMPTY
    return element(
        "section",
        element("h3", code(protocol.title), element("span", escaped(members(protocol)))),
        table(("What holds of all runs", "How it is known", "Evidence"), rows, class_="claims"),
        class_="block",
        id=anchor("proved", protocol.subject.text),
    )


def _by_property(group: VerdictGroup) -> Iterator[tuple[Verdict, ...]]:
    """The verdicts of a group, those of one property and item together."""
    parts: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in group.verdicts:
        key = (requirement_key(verdict.property, verdict.scope), verdict.scope.item)
        parts.setdefault(key, []).append(verdict)
    for found in parts.values():
        yield tuple(found)


def sentence(verdicts: Sequence[Verdict]) -> Html:
    """The sentence of an obligation, with the roles it is about, and its name."""
    first = verdicts[0]
    about = roles_of(verdicts)
    parts = [element("span", escaped(PROPERTIES[first.property].sentence), class_="sentence")]
    if first.scope.item:
        parts += [escaped(" "), code(first.scope.item)]
    name = [code(requirement_key(first.property, first.scope))]
    if about:
        name += [escaped(" of "), named(about)]
    return joined((*parts, element("span", *name, class_="obligation")))


def _claim(page: HtmlPage, protocol: ProtocolReport, verdicts: tuple[Verdict, ...]) -> list[Html]:
    first = verdicts[0]
    outcome = first.outcome
    how = _how(outcome.method, outcome.detail) if isinstance(outcome, Proved | Bounded) else EMPTY
    if first.vacuity == "vacuous":
        warning = escaped("Vacuously: what it speaks of occurs in no run.")
        how = joined((how, element("strong", warning, class_="vacuous")))
    numbers = ", ".join(counted(value, _noun(name)) for name, value in first.statistics)
    if numbers:
        how = joined((how, element("span", escaped(numbers), class_="quiet")))
    what = joined((sentence(verdicts), _witness(protocol, first)))
    return [what, how, evidence_link(page, protocol, first) or _none()]


def _witness(protocol: ProtocolReport, verdict: Verdict) -> Html:
    """The run that proves that something can happen, to be unfolded."""
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


def _none() -> Html:
    return element("span", escaped("no file"), class_="quiet")


def _noun(name: str) -> str:
    return name[:-1] if name.endswith("s") else name


def _how(method: Method, detail: str) -> Html:
    return prose(f"{method.row.phrase}, {detail}" if detail else method.row.phrase)


def open_questions(page: HtmlPage) -> Html:
    """Unknown, skipped and bounded obligations, each with what would settle it."""
    rows: list[list[Html]] = []
    for word in ("unknown", "skipped", "bounded"):
        for protocol in page.run.protocols:
            alike: dict[tuple[Html, Html], list[Verdict]] = {}
            for verdict in protocol.verdicts:
                if status(verdict.outcome) == word:
                    key = (_how_far(verdict), prose(settling(protocol, verdict)))
                    alike.setdefault(key, []).append(verdict)
            for (why, settles), verdicts in alike.items():
                rows.append([*_question(page, protocol, verdicts), why, settles])
    if not rows:
        return paragraph(
            escaped("Every obligation is either proved of all runs, refuted, or assumed.")
        )
    head = ("Outcome", "Obligations", "Evidence", "How far, or why not", "What would settle it")
    note = escaped(
        "A bounded outcome says nothing beyond the bound next to it; unknown and skipped never"
        " count as success."
    )
    return joined((paragraph(note, class_="lead"), table(head, rows, class_="questions")))


def _question(page: HtmlPage, protocol: ProtocolReport, verdicts: list[Verdict]) -> list[Html]:
    """Outcome, obligations and evidence of verdicts that share why they are open."""
    chip = status_chip(status(verdicts[0].outcome))
    parts: dict[tuple[str, str, bool], list[Verdict]] = {}
    for verdict in verdicts:
        about = requirement_key(verdict.property, verdict.scope)
        key = (about, verdict.scope.item, verdict.required)
        parts.setdefault(key, []).append(verdict)
    claims = [code(protocol.title)]
    for (_, _, required), found in parts.items():
        tag = EMPTY if required else element("span", escaped("not required"), class_="tag")
        claims.append(element("div", sentence(found), tag, class_="claim"))
    links = dict.fromkeys(
        link for one in verdicts if (link := evidence_link(page, protocol, one)) != EMPTY
    )
    return [chip, joined(claims), joined(links) or _none()]


def _how_far(verdict: Verdict) -> Html:
    match verdict.outcome:
        case Bounded(bound, method, detail):
            return joined((prose(f"holds for {bound}, "), _how(method, detail)))
        case Unknown(reason, number) | Skipped(reason, number):
            return joined((prose(reason), *((escaped(" "), code(number)) if number else ())))
        case _:
            return EMPTY


def summary_lines(page: HtmlPage) -> Html:
    """One line for each protocol: its name, and how many obligations have which outcome."""
    rows = []
    for protocol in page.run.protocols:
        counts: dict[str, int] = {}
        for verdict in protocol.verdicts:
            word = status(verdict.outcome)
            counts[word] = counts.get(word, 0) + 1
        chips = [
            element("span", status_chip(word), escaped(f" {counts[word]}"))
            for word in ("refuted", "unknown", "skipped", "assumed", "bounded", "proved")
            if word in counts
        ]
        rows.append(joined((code(protocol.title), element("span", *chips, class_="chips"))))
    return items(rows, class_="protocols") if rows else EMPTY
