"""The kinds of report file by name. Each is written by one function, imported when it is asked for.

Every such function takes a finished run and the sources that it may quote, and returns the text
of the whole file. Sources may be missing: a stored run has none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Final, TypeAlias

import msgspec

from tellverify.source.text import SourceFile
from tellverify.verdict.run import Run

Writer: TypeAlias = Callable[[Run, Mapping[str, SourceFile]], str]
_PACKAGE: Final = "tellverify.report"


class ReportKind(msgspec.Struct, frozen=True):
    """What the program knows of a kind beside how it is written.

    `write` is `module:function` in this package. A configuration may name paths that end in one of
    `suffixes`, and replace files whose first bytes hold one of `marks`. `flag` is the option of
    `tellverify report` that writes it, with its help, if it has one.
    """

    write: str
    suffixes: tuple[str, ...]
    marks: tuple[bytes, ...]
    flag: tuple[str, str] | None = None


KINDS: Final[dict[str, ReportKind]] = {
    "json": ReportKind(
        "run_file:write_json",
        (".json",),
        (b'"schema": "tellverify/run-',),
        ("--json", "Write the JSON of the run."),
    ),
    "sarif": ReportKind(
        "sarif:write_sarif",
        (".sarif", ".json"),
        (b'"name": "tellverify"',),
        ("--sarif", "Write SARIF 2.1.0."),
    ),
    "junit": ReportKind(
        "junit:write_junit",
        (".xml",),
        (b'<testsuites name="tellverify"',),
        ("--junit", "Write JUnit XML."),
    ),
    "gitlab": ReportKind(
        "gitlab:write_gitlab",
        (".json",),
        (
            b'"check_name": "TV',
            b'"check_name": "tellverify',
            b'"check_name": "cache"',
            b"[]\n",
        ),
        ("--gitlab", "Write GitLab code quality."),
    ),
    "markdown": ReportKind(
        "markdown:write_markdown", (".md", ".markdown"), (b"<!-- tellverify:report:",)
    ),
    "proof": ReportKind(
        "proof:write_proof",
        (".md", ".markdown"),
        (b"# Proof report: ",),
        ("--markdown", "Write the proof report."),
    ),
    "html": ReportKind(
        "html:write_html",
        (".html", ".htm"),
        (b'<meta name="generator" content="tellverify ',),
        ("--html", "Write the HTML page."),
    ),
}

LINKED: Final = ("proof", "html")  # kinds whose links to evidence lead from where they are


def rendered(kind: str, run: Run, sources: Mapping[str, SourceFile], path: str = "") -> str:
    """The text of a report of `kind` that is to be written to `path`."""
    if kind not in LINKED:
        return writer(kind)(run, sources)
    write: Callable[[Run, Mapping[str, SourceFile], str], str]
    write = getattr(*_module_and_name(kind))
    return write(run, sources, path.replace("\\", "/").rpartition("/")[0])


def writer(kind: str) -> Writer:
    """The function that writes reports of `kind`, one of `KINDS`."""
    found: Writer = getattr(*_module_and_name(kind))
    return found


def _module_and_name(kind: str) -> tuple[ModuleType, str]:
    module, _, name = KINDS[kind].write.partition(":")
    return import_module(f"{_PACKAGE}.{module}"), name
