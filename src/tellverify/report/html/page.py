"""The page as a whole: head, verdict line, contents, ten sections.

One file that loads nothing: style and script are part of it, and its content security policy
allows these two by their digests and nothing else, so that no name from a source could act.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Final

from tellverify.report.drawing.svg_style import DARK, LIGHT, RULES
from tellverify.report.escape import encodable
from tellverify.report.families import counted, grouped
from tellverify.report.grouping import totals
from tellverify.report.html import context, protocols, refuted
from tellverify.report.html import proved_and_open as claims
from tellverify.report.html.components import Page, code, page_of, paragraph, status_chip, table
from tellverify.report.html.coverage import coverage
from tellverify.report.tags import EMPTY, Html, element, escaped, exact, joined, prose
from tellverify.source.text import SourceFile
from tellverify.verdict.run import Run
from tellverify.version import VERSION

_SECTIONS: Final[tuple[tuple[str, str, Callable[[Page], Html]], ...]] = (
    ("proved", "What was proved", claims.proved),
    (
        "refuted",
        "What is refuted",
        lambda page: joined((refuted.refuted(page), refuted.findings(page))),
    ),
    ("open", "What is not known", claims.open_questions),
    ("assumptions", "Assumptions", context.assumptions),
    ("coverage", "Coverage", coverage),
    ("protocols", "Protocols", protocols.protocols),
    ("packs", "Theorem packs", context.packs),
    ("differences", "Differences to the run before", context.differences),
    ("words", "Words and semantics", context.glossary),
)


def write_html(run: Run, sources: Mapping[str, SourceFile], folder: str = "") -> str:
    """The HTML page of `run`; `sources` has the texts that it quotes, as far as they are at hand.

    Links to evidence files lead from a page in `folder`.
    """
    page = page_of(run, sources, folder)
    style = _asset("report.css").replace("/*LIGHT*/", LIGHT).replace("/*DARK*/", DARK) + RULES
    script = _asset("explorer.js")
    sections = [
        _section(number, name, title, write(page))
        for number, (name, title, write) in enumerate(_SECTIONS, start=2)
    ]
    body = joined(
        (
            element("a", escaped("To the verdict"), href="#verdict", class_="skip"),
            _contents(page),
            element("main", _verdict(page), *sections, _foot(run)),
            element("script", Html(script)),
        )
    )
    document = joined(
        (
            Html("<!doctype html>\n"),
            element("html", _head(page, style, script), element("body", body), lang="en"),
            Html("\n"),
        )
    )
    return encodable(document)


def _asset(name: str) -> str:
    return files("tellverify.report.html").joinpath("assets", name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _head(page: Page, style: str, script: str) -> Html:
    policy = (
        f"default-src 'none'; style-src 'sha256-{_digest(style)}';"
        f" script-src 'sha256-{_digest(script)}'; base-uri 'none'; form-action 'none'"
    )
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="generator", content=f"tellverify {VERSION}"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", escaped(f"tellverify: {_headline(page.run)}")),
        element("style", Html(style)),
    )


def _headline(run: Run) -> str:
    """The verdict in a few words."""
    counts = totals(run)
    total = sum(counts.values())
    if not total:
        return "no obligation was checked"
    parts = [
        f"{grouped(counts[word])} {word}"
        for word in ("refuted", "unknown", "skipped", "assumed", "bounded", "proved")
        if counts[word]
    ]
    return f"{', '.join(parts)} of {counted(total, 'obligation')}"


def _mood(run: Run) -> str:
    if run.exit_code == 0:
        return "good"
    return "bad" if run.exit_code in (1, 2) else "open"


def _verdict(page: Page) -> Html:
    run = page.run
    counts = totals(run)
    tiles = [
        element(
            "li",
            element("b", escaped(grouped(counts[word]))),
            status_chip(word),
            class_=f"tile {word}{'' if counts[word] else ' none'}",
        )
        for word in ("refuted", "unknown", "skipped", "assumed", "bounded", "proved")
    ]
    says = {"good": "Holds", "bad": "Does not hold", "open": "Not settled"}[_mood(run)]
    reason = f"Exit {run.exit_code}" + (f": {run.exit_reason}" if run.exit_reason else "")
    again = element("code", escaped(run.command), class_="command")
    return element(
        "section",
        paragraph(escaped("Verification of choreographies"), class_="kicker"),
        element("h1", escaped(says), class_=_mood(run)),
        paragraph(prose(f"{_headline(run)}."), class_="headline"),
        paragraph(prose(f"{reason}."), class_="exit"),
        element("ul", *tiles, class_="tiles"),
        paragraph(joined((escaped("To reproduce: "), again)), class_="again"),
        _presumed(run),
        claims.summary_lines(page) if len(run.protocols) <= 200 else EMPTY,
        _provenance(page),
        id="verdict",
        class_="verdict",
    )


def _presumed(run: Run) -> Html:
    """What all verdicts presume, if they presume anything."""
    if not run.semantics:
        return EMPTY
    presumed = element("strong", escaped(run.semantics))
    return paragraph(joined((escaped("All of this under: "), presumed)), class_="again")


def _provenance(page: Page) -> Html:
    run = page.run
    rows = [
        [code(one.path), element("code", exact(one.sha256[:200]), class_="sum")]
        for one in run.inputs[:500]
    ]
    if len(run.inputs) > len(rows):
        rows.append([escaped(f"and {counted(len(run.inputs) - len(rows), 'more file')}"), EMPTY])
    facts = [
        ("tellverify", VERSION),
        *(("solver", one) for one in run.solvers),
        ("dialect", run.dialect),
        *run.configuration,
    ]
    settings = [[code(name), code(value)] for name, value in facts]
    return element(
        "details",
        element("summary", escaped("Files that were read, versions, settings, evidence")),
        table(("File", "SHA-256"), rows),
        table(("Setting", "Value"), settings),
        element("h3", escaped("Evidence")),
        context.evidence_files(page),
        class_="provenance",
    )


def _contents(page: Page) -> Html:
    counts = totals(page.run)
    numbers = {
        "proved": counts["proved"],
        "refuted": counts["refuted"],
        "open": counts["unknown"] + counts["skipped"] + counts["bounded"],
        "assumptions": counts["assumed"],
        "protocols": len(page.run.protocols),
    }
    links = [("verdict", "Verdict"), *((name, title) for name, title, _ in _SECTIONS)]
    shown = [
        element(
            "li",
            element(
                "a",
                escaped(title),
                element("span", escaped(grouped(numbers[name]))) if name in numbers else EMPTY,
                href=f"#{name}",
            ),
        )
        for name, title in links
    ]
    return element(
        "nav",
        paragraph(escaped("tellverify"), class_="brand"),
        element("ol", *shown),
        aria_label="Contents",
    )


def _section(number: int, name: str, title: str, content: Html) -> Html:
    head = element("h2", element("span", escaped(str(number)), class_="no"), escaped(title))
    return element("section", head, content, id=name)


def _foot(run: Run) -> Html:
    words = (
        f"Rendered by tellverify {VERSION} from one finished run; nothing was computed again."
        " Equal runs give equal pages: this page holds no time and no path of a machine."
    )
    return element("footer", paragraph(escaped(words)))
