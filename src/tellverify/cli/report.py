"""`tellverify report`: renders a stored run again, in any format, without deciding anything."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

import click

from tellverify.cli.complaints import complain
from tellverify.cli.exit import Exit
from tellverify.cli.reports import (
    FORMATS,
    Output,
    base_run_option,
    beside_base,
    deliver,
    parse_reports,
)
from tellverify.diagnostics import inputs as say
from tellverify.diagnostics.model import Diagnostic
from tellverify.report.kinds import KINDS
from tellverify.report.run_file import StoredError
from tellverify.report.stored_run import MOST_BYTES, StoredRun, read_run
from tellverify.source.files import Unreadable, read_bytes

_F = TypeVar("_F", bound=Callable[..., object])


def _files_of_one_kind(command: _F) -> _F:
    """`command` with the flags of the kinds of report that have one of their own."""
    for kind, row in reversed(KINDS.items()):
        if row.flag is not None:
            flag, help_ = row.flag
            command = click.option(flag, kind, metavar="PATH", help=help_)(command)
    return command


@click.command("report")
@click.argument("run", metavar="RUN.json")
@_files_of_one_kind
@click.option(
    "--report",
    "reports",
    multiple=True,
    metavar="KIND=PATH",
    callback=parse_reports,
    help="Write a report file, as for `check`.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(FORMATS),
    default=None,
    help="Report to write to standard output: text, or nothing when a file is written.",
)
@base_run_option
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto")
@click.option("-v", "--verbose", is_flag=True, help="Show runs and verdicts in full.")
def report(
    run: str,
    reports: tuple[tuple[str, str], ...],
    style: str | None,
    base_run: str | None,
    color: str,
    verbose: bool,
    **paths: str | None,
) -> int:
    """Render the run that `tellverify check --report json=RUN.json` has stored.

    Nothing is checked again. Texts that the run does not carry are read from their files if these
    have not changed. A path may be `-` for standard output. Exit codes: 0 everything was written,
    2 RUN.json is not such a run, or something cannot be written.
    """
    files = (*((kind, path) for kind in KINDS if (path := paths.get(kind))), *reports)
    try:
        stored = _read(run)
    except StoredError as error:
        _complain(say.unreadable_run(run, str(error)))
        return Exit.USAGE
    for path in stored.missing:
        complain(f"no text of {path}: it is gone or has changed")
    output = Output(
        style or ("none" if files else "text"), color, verbose, files, read=(run, base_run or run)
    )
    shown = stored.run if base_run is None else beside_base(stored.run, base_run)
    before = shown.exit_code
    # Nothing was decided, so the exit code says only whether everything could be written.
    code = deliver(shown, stored.sources, output)
    return Exit.OK if code == before else Exit.USAGE


def _read(path: str) -> StoredRun:
    """The stored run in a file, or on standard input for `-`. Raises StoredError."""
    try:
        if path == "-":
            return read_run(sys.stdin.buffer.read(MOST_BYTES + 1), _text)
        return read_run(read_bytes(path, MOST_BYTES), _text)
    except Unreadable as error:
        raise StoredError(str(error)) from None


def _text(path: str) -> str | None:
    """The text of an input, if it can still be read."""
    from tellverify.language.files import inputs

    read = inputs.read(path)
    return read.text


def _complain(diagnostic: Diagnostic) -> None:
    click.echo(f"error[{diagnostic.code.number}]: {diagnostic.message}", err=True)
    for help_ in diagnostic.helps:
        click.echo(f"  = help: {help_}", err=True)
