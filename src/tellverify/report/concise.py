"""One line a finding, for editors and for `grep`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TextIO

from tellverify.report.entries import entries, folded
from tellverify.report.escape import log_line
from tellverify.report.style import Style
from tellverify.report.text import totals_lines
from tellverify.source.text import SourceFile
from tellverify.verdict.run import Run


def write_concise(
    run: Run, sources: Mapping[str, SourceFile], out: TextIO, *, ascii_only: bool = False
) -> None:
    """`path:line:column: severity[code] message` in source order, then the totals line.

    Refuted obligations that no finding reports follow the findings, as `refuted[code]`.
    """
    style = Style(ascii_only=ascii_only)
    for entry, _ in folded(entries(run)):
        at = entry.region
        where = f"{style.shown(at.path)}:{at.line}:{at.column}"
        word = entry.severity if entry.diagnostic is not None else "refuted"
        line = f"{where}: {word}[{entry.code}] {style.tamed(entry.message)}"
        out.write(f"{log_line(line)}\n")
    out.write(f"{totals_lines(run, style)[0]}\n")
