"""One line a finding, for editors and for `grep`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TextIO

from tellverify.diagnostics.model import Severity
from tellverify.report.entries import entries, folded
from tellverify.report.escape import log_line
from tellverify.report.style import Style
from tellverify.report.text import totals_lines
from tellverify.report.titles import titled
from tellverify.source.text import SourceFile
from tellverify.verdict.run import Run


def write_concise(
    run: Run, sources: Mapping[str, SourceFile], out: TextIO, *, ascii_only: bool = False
) -> None:
    """`path:line:column: severity[code] message` in source order, then the totals line.

    Refuted obligations that no finding reports follow the findings, as `refuted[code]`.
    """
    style = Style(ascii_only=ascii_only)
    for entry, _ in folded(entries(titled(run))):
        at = entry.region
        where = f"{style.shown(at.path)}:{at.line}:{at.column}"
        word = entry.severity if entry.diagnostic is not None else "refuted"
        line = f"{where}: {word}[{entry.code}] {style.tamed(entry.message)}"
        out.write(f"{log_line(line)}\n")
    out.write(f"{totals_lines(run, style)[0]}\n")


def write_errors(
    run: Run, sources: Mapping[str, SourceFile], out: TextIO, *, ascii_only: bool = False
) -> None:
    """Only what fails a run, one line each; nothing when it does not fail.

    What the baseline accepts is left out. Where no error stands behind the exit code, its reason.
    """
    if run.exit_code == 0:
        return
    style = Style(ascii_only=ascii_only)
    is_known = True
    for one in entries(titled(run)):
        is_open = one.kind in ("unknown", "skipped") and one.required and run.exit_code != 1
        if one.accepted or one.repeats or not (is_open or one.severity is Severity.ERROR):
            continue
        is_known = False
        region = one.region
        where = f"{style.shown(region.path)}:{region.line}:{region.column}"
        word = one.kind if is_open else str(one.severity)
        out.write(f"{where}: {word}[{one.code}] {style.tamed(one.message)}\n")
    if is_known:
        out.write(f"exit {run.exit_code}: {style.tamed(run.exit_reason)}\n")
