"""`check --watch`: check again when a file changes, and show what became different."""

from __future__ import annotations

import io
import os
import sys
import time
from typing import Final

import click
import msgspec

from tellverify.cli.check_options import Flags
from tellverify.cli.reports import deliver, show
from tellverify.cli.session import CheckResult, complain_refused, perform
from tellverify.report.style import Style
from tellverify.report.text import totals_lines
from tellverify.verdict.fingerprint import fingerprint
from tellverify.verdict.run import Run
from tellverify.verification.configuration_files import NAME, SHARED, RefusedFile
from tellverify.verification.interruption import CODES, Interrupted, code_of

_PAUSE: Final = 0.3  # seconds between two looks at the files
_WATCHED: Final = (".tell", ".rs", ".md", ".toml", ".json")
_LEFT_OUT: Final = frozenset({"node_modules", "__pycache__", "target"})

State = dict[tuple[str, str], object]


def watch(flags: Flags) -> int:
    """Check until interrupted. After the first time only protocols whose outcome changed are shown,
    and the totals."""
    before: State | None = None
    seen = _stamps()
    while True:
        try:
            before = _again(flags, before)
            seen = _changed(seen)
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


def _changed(seen: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """Wait until a file has changed; the stamps of all files then."""
    while True:
        time.sleep(_PAUSE)
        now = _stamps()
        if now != seen:
            return now


def _stamps() -> dict[str, tuple[int, int]]:
    """Times and sizes of everything that a check may read below the working folder."""
    found: dict[str, tuple[int, int]] = {}
    for where, folders, files in os.walk("."):
        folders[:] = [
            name for name in folders if not name.startswith(".") and name not in _LEFT_OUT
        ]
        for name in files:
            if not (name.endswith(_WATCHED) or name in (NAME, SHARED)):
                continue
            path = os.path.join(where, name)
            try:
                status = os.stat(path)
            except OSError:
                continue
            found[path] = (status.st_mtime_ns, status.st_size)
    return found
