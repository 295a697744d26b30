"""What a command says on standard error when it cannot go on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import click

from tellverify.cli.exit import Exit
from tellverify.cli.exit import Stopped as Stopped
from tellverify.diagnostics.inputs import UNREADABLE
from tellverify.diagnostics.model import Diagnostic, Severity, sort_key
from tellverify.report.escape import log_line, tame
from tellverify.report.excerpt import location
from tellverify.source.text import SourceFile

if TYPE_CHECKING:
    from tellverify.verdict.run import Run


def complain(text: str) -> None:
    """A line on standard error."""
    click.echo(f"tellverify: {log_line(text)}", err=True)


def say(diagnostics: Iterable[Diagnostic], sources: Mapping[str, SourceFile]) -> None:
    """One line for each finding on standard error."""
    for diagnostic in sorted(dict.fromkeys(diagnostics), key=sort_key):
        source = sources.get(diagnostic.path)
        line, column = location(source, diagnostic.primary.span.start)
        where = f"{tame(diagnostic.path)}:{line}:{column}"
        rank = f"{diagnostic.severity}[{diagnostic.code.number}]"
        click.echo(log_line(f"{where}: {rank} {tame(diagnostic.message)}"), err=True)


def stop_at_errors(diagnostics: Iterable[Diagnostic], sources: Mapping[str, SourceFile]) -> None:
    """Say the errors and stop, if there are any."""
    errors = [each for each in diagnostics if each.severity is Severity.ERROR]
    if errors:
        say(errors, sources)
        raise Stopped(Exit.REFUTED)


def complain_of_unread(run: Run) -> bool:
    """Say which files of a run could not be read; True when there is one."""
    unread = [one for one in run.diagnostics if one.code == UNREADABLE]
    for one in unread:
        complain(f"{one.path}: {one.message}")
    return bool(unread)
