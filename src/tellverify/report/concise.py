"""One line a finding, for editors and for `grep`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TextIO

from tellverify.diagnostics.model import sort_key
from tellverify.report.excerpt import location
from tellverify.report.grouping import RefutationIndex, line_of
from tellverify.report.problems import message_of
from tellverify.report.style import Style
from tellverify.report.text import totals_lines
from tellverify.source.text import SourceFile
from tellverify.verdict.run import Run


def write_concise(
    run: Run, sources: Mapping[str, SourceFile], out: TextIO, *, ascii_only: bool = False
) -> None:
    """`path:line:column: severity[code] message` in source order, then the totals line.

    Refuted obligations that no finding tells of follow the findings, as `refuted[code]`.
    """
    style = Style(ascii_only=ascii_only)
    for diagnostic in sorted(run.diagnostics, key=sort_key):
        source = sources.get(diagnostic.path)
        line, column = location(source, diagnostic.primary.span.start)
        where = f"{style.shown(diagnostic.path)}:{line}:{column}"
        message = style.tamed(diagnostic.message)
        out.write(f"{where}: {diagnostic.severity}[{diagnostic.code.number}] {message}\n")
    index = RefutationIndex(run)
    for diagnostic in run.diagnostics:
        index.shown_by(diagnostic)
    for (protocol, verdict, outcome), _ in index.left():
        path, line, column = line_of(protocol, verdict, sources)
        message = style.tamed(message_of(protocol, verdict, outcome))
        where = f"{style.shown(path)}:{line}:{column}"
        out.write(f"{where}: refuted[{outcome.code}] {message}\n")
    out.write(f"{totals_lines(run, style)[0]}\n")
