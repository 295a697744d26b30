"""Pieces that several sections of the page share."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from tellverify.diagnostics.wording import counted, listed
from tellverify.report.families import collapsed
from tellverify.report.grouping import all_evidence_of
from tellverify.report.tags import EMPTY, Html, element, escaped, href, joined
from tellverify.source.text import SourceFile
from tellverify.verdict.comparison import RunComparison
from tellverify.verdict.run import EvidenceFile, ProtocolReport, Run, Verdict

_MOST_ROLES: Final = 8


class HtmlPage(msgspec.Struct, frozen=True):
    """What every section reads; `files` has the evidence of obligations by their ids.

    The page lies in `folder`, from which its links lead.
    """

    run: Run
    sources: Mapping[str, SourceFile]
    files: Mapping[str, tuple[EvidenceFile, ...]]
    compared: RunComparison
    folder: str = ""


def page_of(run: Run, sources: Mapping[str, SourceFile], folder: str) -> HtmlPage:
    """The page of `run` in `folder`."""
    return HtmlPage(run, sources, all_evidence_of(run), RunComparison(run), folder)


def status_chip(word: str) -> Html:
    """A status: the word, which colour and sign only repeat."""
    return element("span", escaped(word), class_=f"chip {word}")


def code(text: str) -> Html:
    """A name from the source."""
    return element("code", escaped(text))


def named(names: Iterable[str], most: int = _MOST_ROLES) -> Html:
    """Names as code, members of families together, at most `most` of them and a count."""
    items = collapsed(names)
    shown = [code(item) for item in items[:most]]
    separated = joined(part for item in shown for part in (escaped(", "), item)).removeprefix(
        escaped(", ")
    )
    if len(items) > most:
        return Html(f"{separated} and {counted(len(items) - most, 'other')}")
    return Html(separated)


def anchor(prefix: str, name: str) -> str:
    """An id for `name` that no other name has."""
    return f"{prefix}-{hashlib.sha256(name.encode('utf-8', 'backslashreplace')).hexdigest()[:12]}"


def protocol_anchor(protocol: ProtocolReport) -> str:
    """The id of the row of a protocol."""
    return anchor("protocol", protocol.subject.text)


def evidence_link(page: HtmlPage, protocol: ProtocolReport, verdict: Verdict) -> Html:
    """Links to the evidence files of an obligation with their SHA-256, or nothing."""
    files = page.files.get(protocol.id_of(verdict).text, ())
    return joined(file_link(page, file) for file in files)


def file_link(page: HtmlPage, file: EvidenceFile) -> Html:
    """A link to a file of evidence with its SHA-256."""
    name = file.path.replace("\\", "/").rpartition("/")[2]
    digest = escaped(f"SHA-256 {file.sha256[:16]}…")
    return element(
        "span",
        element("a", escaped(name), href=href(file.path, page.folder)),
        element("span", digest, class_="hash", title=file.sha256) if file.sha256 else EMPTY,
        class_="file",
    )


def roles_of(verdicts: Iterable[Verdict]) -> list[str]:
    """The roles and channels that verdicts are about, in their order."""
    found: list[str] = []
    for verdict in verdicts:
        subject = verdict.scope
        if subject.channel is not None:
            found.append(f"{subject.channel[0]} -> {subject.channel[1]}")
        elif subject.roles:
            found.extend(subject.roles)
    return found


def place_text(path: str, line: int) -> Html:
    """`specs/escrow.tell:8` as code."""
    return code(f"{path}:{line}")


def table(head: Iterable[str], rows: Iterable[Iterable[Html]], *, class_: str = "") -> Html:
    """A table with a heading for each column; it scrolls by itself where it is too wide."""
    heads = joined(element("th", escaped(word), scope="col") for word in head)
    body = joined(element("tr", *(element("td", cell) for cell in row)) for row in rows)
    inner = element(
        "table",
        element("thead", element("tr", heads)),
        element("tbody", body),
        class_=class_ or None,
    )
    return element("div", inner, class_="scroll")


def paragraph(text: Html, *, class_: str = "") -> Html:
    """A paragraph."""
    return element("p", text, class_=class_ or None)


def items(parts: Iterable[Html], *, class_: str = "") -> Html:
    """A list."""
    return element("ul", *(element("li", part) for part in parts), class_=class_ or None)


def several(names: Iterable[str], most: int) -> str:
    """Names as plain text."""
    return listed(list(names), most)
