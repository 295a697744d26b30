"""The kinds of report file by name. Each is written by one function, imported when it is asked for.

Every such function takes a finished run and the sources that it may quote, and returns the text
of the whole file. Sources may be missing: a stored run has none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Final, TypeAlias

from tellverify.source.text import SourceFile
from tellverify.verdict.run import Run

Writer: TypeAlias = Callable[[Run, Mapping[str, SourceFile]], str]

KINDS: Final[dict[str, tuple[str, str]]] = {
    "json": ("tellverify.report.run_file", "write_json"),
    "sarif": ("tellverify.report.sarif", "write_sarif"),
    "junit": ("tellverify.report.junit", "write_junit"),
    "gitlab": ("tellverify.report.gitlab", "write_gitlab"),
    "markdown": ("tellverify.report.markdown", "write_markdown"),
    "proof": ("tellverify.report.proof", "write_proof"),
    "html": ("tellverify.report.html", "write_html"),
}


LINKED: Final = ("proof", "html")  # kinds whose links to evidence lead from where they are


def rendered(kind: str, run: Run, sources: Mapping[str, SourceFile], path: str = "") -> str:
    """The text of a report of `kind` that is to be written to `path`."""
    if kind not in LINKED:
        return writer(kind)(run, sources)
    module, name = KINDS[kind]
    write: Callable[[Run, Mapping[str, SourceFile], str], str]
    write = getattr(import_module(module), name)
    return write(run, sources, path.replace("\\", "/").rpartition("/")[0])


def writer(kind: str) -> Writer:
    """The function that writes reports of `kind`, one of `KINDS`."""
    module, name = KINDS[kind]
    found: Writer = getattr(import_module(module), name)
    return found
