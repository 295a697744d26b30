"""The page as a whole: what its templates show, and the order of its sections.

One file that loads nothing: style and script are part of it, and its content security policy
allows these two by their digests and nothing else, so that no name from a source could act.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Final

from tellverify.diagnostics.wording import counted, grouped, series
from tellverify.report.drawing.svg_style import DARK, LIGHT, RULES
from tellverify.report.escape import encodable
from tellverify.report.grouping import totals
from tellverify.report.html import context, failures, protocols, refuted, system
from tellverify.report.html.compared import versions
from tellverify.report.html.components import HtmlPage, code, page_of, table
from tellverify.report.html.folders import kinds_of
from tellverify.report.html.shell import Section, markup, rendered
from tellverify.report.tags import EMPTY, Html, element, escaped, exact
from tellverify.report.titles import titled
from tellverify.source.text import SourceFile
from tellverify.verdict.run import Run
from tellverify.version import VERSION

_SECTIONS: Final[tuple[tuple[str, str, Callable[[HtmlPage], Html]], ...]] = (
    ("failures", "What fails", failures.failures),
    ("versions", "Two versions", versions),
    ("protocols", "Protocols", protocols.protocols),
    ("findings", "Other findings", refuted.findings),
    ("system", "The system", system.overview),
    ("assumptions", "Assumptions", context.assumptions),
    ("done", "Definition of done", context.completions),
    ("differences", "Against the base", context.differences),
    ("words", "Words and semantics", context.glossary),
)

_STATUSES: Final = ("refuted", "unknown", "skipped", "assumed", "bounded", "proved")


def write_html(run: Run, sources: Mapping[str, SourceFile], folder: str = "") -> str:
    """The HTML page of `run`; `sources` has the texts that it quotes, as far as they are at hand.

    Links to evidence files lead from a page in `folder`.
    """
    page = page_of(titled(run), sources, folder)
    style = _asset("report.css").replace("/*LIGHT*/", LIGHT).replace("/*DARK*/", DARK) + RULES
    script = "".join(map(_asset, ("explorer.js", "player.js", "page.js")))
    run, counts = page.run, totals(page.run)
    policy = (
        f"default-src 'none'; style-src 'sha256-{_digest(style)}';"
        f" script-src 'sha256-{_digest(script)}'; base-uri 'none'; form-action 'none'"
    )
    document = rendered(
        "page",
        {
            "newline": Html("\n"),
            "policy": exact(policy),
            "style": Html(style),
            "script": Html(script),
            "revision": _revision(run),
            "files": _files(run),
            "settings": _settings(run),
            "evidence": context.evidence_files(page),
        },
        version=VERSION,
        semantics=run.semantics,
        command=run.command,
        headline=headline_of(run),
        mood=_mood(run),
        reason=_reason(run),
        counts=[(word, counts[word]) for word in _STATUSES],
        sections=_sections(page),
    )
    return encodable(document)


def _sections(page: HtmlPage) -> list[Section]:
    numbers = {
        "protocols": len(page.run.protocols),
        "findings": len(refuted.other_findings(page.run)),
        "assumptions": len(page.run.assumptions),
    }
    kinds = [f"{one}s" for one in kinds_of(page.run.protocols)]
    subjects = series(kinds).capitalize() or "Protocols"
    return [
        Section(
            name, subjects if name == "protocols" else title, numbers.get(name), markup(content)
        )
        for name, title, write in _SECTIONS
        if (name != "done" or page.run.completions)
        and (name != "versions" or page.run.versions is not None)
        and (content := write(page)) != EMPTY
    ]


def _reason(run: Run) -> str:
    """The exit code and why, and what was not computed."""
    why = f": {run.exit_reason}" if run.exit_reason else ""
    cached = f" {run.cached.text}." if run.cached is not None else ""
    return f"Exit {run.exit_code}{why}.{cached}"


def _asset(name: str) -> str:
    return files("tellverify.report.html").joinpath("assets", name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def headline_of(run: Run) -> str:
    """The verdict in a few words."""
    counts = totals(run)
    total = sum(counts.values())
    if not total:
        return "no obligation was checked"
    parts = [f"{grouped(counts[word])} {word}" for word in _STATUSES if counts[word]]
    return f"{', '.join(parts)} of {counted(total, 'obligation')}"


def _mood(run: Run) -> str:
    if run.exit_code == 0:
        return "good"
    return "bad" if run.exit_code in (1, 2) else "open"


def _revision(run: Run) -> Html:
    """The revision that was checked and what it is compared with, as far as they are known."""
    known = run.revision
    if known is None:
        return EMPTY
    facts = [
        (word, text)
        for word, text in (
            ("commit", known.commit),
            ("branch", known.branch),
            ("base", known.base),
        )
        if text
    ]
    parts = [element("span", escaped(f" {word} "), code(text)) for word, text in facts]
    if known.repository:
        parts.append(
            element("a", escaped(known.repository), href=exact(known.repository), rel="noreferrer")
        )
    return element("p", *parts, class_="revision")


def _files(run: Run) -> Html:
    rows = [
        [code(one.path), element("code", exact(one.sha256[:200]), class_="sum")]
        for one in run.inputs[:500]
    ]
    if len(run.inputs) > len(rows):
        rows.append([escaped(f"and {counted(len(run.inputs) - len(rows), 'more file')}"), EMPTY])
    return table(("File", "SHA-256"), rows)


def _settings(run: Run) -> Html:
    facts = [
        ("tellverify", VERSION),
        *(("solver", one) for one in run.solvers),
        ("dialect", run.dialect),
        *run.configuration,
    ]
    return table(("Setting", "Value"), [[code(name), code(value)] for name, value in facts])
