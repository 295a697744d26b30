"""Obligations about theorem packs: admitted or not, and the premises that block it."""

from __future__ import annotations

from tellverify.report.grouping import code_of
from tellverify.report.html.components import (
    HtmlPage,
    code,
    evidence_link,
    paragraph,
    status_chip,
)
from tellverify.report.html.refuted import premises
from tellverify.report.tags import Html, element, escaped, joined, prose
from tellverify.verdict.outcome import (
    Assumed,
    Bounded,
    Core,
    Proved,
    Refuted,
    Skipped,
    Unknown,
    status,
)
from tellverify.verdict.run import ProtocolReport, Verdict


def packs_of(page: HtmlPage, protocol: ProtocolReport) -> Html:
    """The packs of one protocol, nothing if no obligation is about one."""
    parts: list[Html] = []
    for verdict in protocol.verdicts:
        outcome = verdict.outcome
        core = outcome.evidence if isinstance(outcome, Refuted) else None
        about_pack = str(verdict.property).startswith("admission")
        if about_pack or isinstance(core, Core):
            parts.append(_pack(page, protocol, verdict))
    return joined(parts)


def _pack(page: HtmlPage, protocol: ProtocolReport, verdict: Verdict) -> Html:
    outcome = verdict.outcome
    admitted = isinstance(outcome, Proved | Bounded)
    about_pack = str(verdict.property).startswith("admission")
    word = ("admitted" if admitted else "not admitted") if about_pack else str(verdict.property)
    item = verdict.scope.item or verdict.name
    head = element(
        "h4",
        code(item),
        escaped(f" of {protocol.title}: {word} "),
        status_chip(status(outcome)),
    )
    parts = [head]
    match outcome:
        case Proved(method, detail) | Bounded(_, method, detail):
            parts.append(paragraph(prose(f"{detail or method}.")))
        case Refuted(evidence=Core() as core):
            words = "The smallest set of premises that cannot hold together; without any one of"
            parts.append(paragraph(prose(core.reason)))
            parts.append(paragraph(escaped(f"{words} them the others can:")))
            parts.append(premises(core))
        case Refuted(reason=reason, code=number):
            parts.append(paragraph(joined((code(number), escaped(" "), prose(reason)))))
        case Assumed(reason=reason):
            parts.append(paragraph(prose(reason)))
        case Unknown() | Skipped():
            number = code_of(outcome)
            parts.append(paragraph(joined((code(number), escaped(" "), prose(outcome.reason)))))
    parts.append(evidence_link(page, protocol, verdict))
    return element("div", *parts, class_="block")
