"""`check --watch`: check again when a file changes, and show what became different."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Sequence

import click
import msgspec

from tellverify.cli.check_options import Flags
from tellverify.cli.check_plan import complain_refused
from tellverify.cli.check_run import CheckResult, perform
from tellverify.cli.reports import deliver, show
from tellverify.cli.stamps import PAUSE, Stamps, stamps
from tellverify.report.style import Style
from tellverify.report.text import totals_lines
from tellverify.verdict.fingerprint import fingerprint
from tellverify.verdict.run import Run
from tellverify.verification.configuration_files import RefusedFile
from tellverify.verification.interruption import CODES, Interrupted, code_of

State = dict[tuple[str, str], object]


def watch(flags: Flags) -> int:
    """Check until interrupted. After the first time only protocols whose outcome changed are shown,
    and the totals."""
    before: State | None = None
    seen = stamps(flags.paths)
    while True:
        try:
            before = _again(flags, before)
            seen = _changed(seen, flags.paths)
        except KeyboardInterrupt as stop:
            click.echo("interrupted", err=True)
            return code_of(stop)


def _again(flags: Flags, before: State | None) -> State | None:
    try:
        done = perform(flags)
    except RefusedFile as refused:
        complain_refused(refused)
        return before
    if done is None:
        return before
    if done.run.exit_code in CODES:
        raise Interrupted(done.run.exit_code)
    now = _state(done.run)
    if before is None or done.output.style != "text":
        deliver(done.run, done.sources, done.output, done.complaints)
    else:
        silent = msgspec.structs.replace(done.output, style="none")
        deliver(done.run, done.sources, silent, done.complaints)
        _show_changes(done, before, now)
    sys.stdout.flush()
    return now


def _state(run: Run) -> State:
    """What a person would call the outcome of each protocol, and of each file without one."""
    state: State = {}
    for protocol in run.protocols:
        state[protocol.path, protocol.name] = tuple(
            fingerprint(protocol.subject, verdict) + type(verdict.outcome).__name__
            for verdict in protocol.verdicts
        )
    for read in run.inputs:
        state[read.path, ""] = tuple(
            (found.code.number, found.message) for found in run.findings if found.path == read.path
        )
    return state


def _show_changes(done: CheckResult, before: State, now: State) -> None:
    run = done.run
    paths = {key[0] for key in now if now[key] != before.get(key)}
    gone = sorted({path for path, _ in before} - {path for path, _ in now})
    part = msgspec.structs.replace(
        run,
        protocols=tuple(
            one
            for one in run.protocols
            if now[one.path, one.name] != before.get((one.path, one.name))
        ),
        diagnostics=tuple(found for found in run.diagnostics if found.path in paths),
    )
    for path in gone:
        click.echo(f"{path} is gone")
    if part.protocols or part.diagnostics:
        page = io.StringIO()
        show(part, done.sources, done.output, page)
        lines = page.getvalue().rstrip("\n").split("\n")
        click.echo("\n".join(lines[: -len(_totals(part))]))
    click.echo("\n".join(_totals(run)))


def _totals(run: Run) -> list[str]:
    return totals_lines(run, Style(width=100))


def _changed(seen: Stamps, paths: Sequence[str]) -> Stamps:
    """Wait until a file has changed; the stamps of all files then."""
    while True:
        time.sleep(PAUSE)
        now = stamps(paths)
        if now != seen:
            return now
