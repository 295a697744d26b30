"""One line a finding, for editors and for `grep`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TextIO

from tellverify.diagnostics.model import Severity
from tellverify.diagnostics.wording import counted
from tellverify.report.entries import entries, folded
from tellverify.report.escape import log_line
from tellverify.report.style import Style
from tellverify.report.summary import failures, limited
from tellverify.report.text import totals_lines
from tellverify.report.titles import titled
from tellverify.source.text import SourceFile
from tellverify.verdict.run import Run


def write_concise(
    run: Run,
    sources: Mapping[str, SourceFile],
    out: TextIO,
    *,
    ascii_only: bool = False,
    most: int | None = None,
) -> None:
    """`path:line:column: severity[code] message` in source order, then the totals line.

    Refuted obligations that no finding reports follow the findings, as `refuted[code]`. Where the
    exit code is neither 0 nor 1, undecided obligations follow, and the reason of the code. At most
    `most` lines are findings.
    """
    style = Style(ascii_only=ascii_only)
    run = titled(run)
    found = entries(run)
    listed = [entry for entry, _ in folded(found)]
    listed += failures(found, run) if run.exit_code == 3 else []
    chosen = limited(listed, most)
    for entry in chosen:
        at = entry.region
        where = f"{style.shown(at.path)}:{at.line}:{at.column}"
        word = str(entry.kind if entry.diagnostic is None else entry.severity)
        code = f"[{entry.code}]" if entry.code else ""
        out.write(f"{log_line(f'{where}: {word}{code} {style.tamed(entry.message)}')}\n")
    if len(chosen) < len(listed):
        out.write(f"{counted(len(listed) - len(chosen), 'more finding')} not shown\n")
    lines = totals_lines(run, style, run.cached.text if run.cached is not None else "")
    out.writelines(f"{line}\n" for line in (lines if run.exit_code > 1 else lines[:1]))


def write_failing(
    run: Run,
    out: TextIO,
    *,
    warned: bool = False,
    ascii_only: bool = False,
    most: int | None = None,
) -> None:
    """Only what fails a run, one line each, at most `most`; nothing when it does not fail.

    With `warned` warnings fail it too. What the baseline accepts is left out. Where no finding
    stands behind the exit code, its reason.
    """
    if run.exit_code == 0:
        return
    style = Style(ascii_only=ascii_only)
    is_known = True
    left = 0
    for one in entries(titled(run)):
        is_open = one.kind in ("unknown", "skipped") and one.required and run.exit_code != 1
        fails = is_open or one.severity is Severity.ERROR
        fails = fails or (warned and one.severity is Severity.WARNING and run.exit_code == 1)
        if one.accepted or one.repeats or not fails:
            continue
        is_known = False
        if most is not None and most <= 0:
            left += 1
            continue
        most = None if most is None else most - 1
        region = one.region
        where = f"{style.shown(region.path)}:{region.line}:{region.column}"
        word = one.kind if is_open else str(one.severity)
        out.write(f"{where}: {word}[{one.code}] {style.tamed(one.message)}\n")
    if left:
        out.write(f"{counted(left, 'more finding')} not shown\n")
    if is_known:
        out.write(f"exit {run.exit_code}: {style.tamed(run.exit_reason)}\n")
