"""`tellverify show tiers`: what Telltale claims to do with a protocol, and the obstacles."""

from __future__ import annotations

import click
import msgspec

from tellverify.cli.complaints import Stopped, complain, stop_at_errors
from tellverify.cli.exit import Exit
from tellverify.cli.opening import opened
from tellverify.diagnostics.model import Diagnostic
from tellverify.language.checks.tiers import (
    FULL,
    MACHINE,
    SESSION,
    THEORY,
    Blocker,
    Tiers,
    tiers_of,
)
from tellverify.language.workspace import Workspace
from tellverify.report.escape import tame
from tellverify.source.text import SourceFile


class BlockerRow(msgspec.Struct, frozen=True):
    """A construct in the way of a tier, with its place."""

    construct: str
    line: int
    column: int
    reason: str


class TierRow(msgspec.Struct, frozen=True):
    """The tiers of one protocol as they are written to JSON."""

    protocol: str
    strongest: str
    session_projectable: bool
    machine_executable: bool
    proof_only: bool
    theory_convertible: bool
    metatheory: str
    next_tier_blocked_by: BlockerRow | None
    session_blocked_by: BlockerRow | None
    machine_blocked_by: BlockerRow | None
    theory_blocked_by: BlockerRow | None
    metatheory_set_by: BlockerRow | None


@click.command("tiers")
@click.argument("file")
@click.option("--protocol", metavar="NAME", help="Only this protocol.")
@click.option(
    "--format", "style", type=click.Choice(("text", "json")), default="text", show_default=True
)
def tiers(file: str, protocol: str | None, style: str) -> int:
    """Show the strongest language tier of each protocol, and what blocks the next one."""
    try:
        workspace = opened(file)
        stop_at_errors(_unreadable(workspace), workspace.sources())
    except Stopped as stop:
        return stop.code
    rows = [
        _row(each.source, each.name, tiers_of(each.judged.file, each.protocol))
        for each in workspace.protocols()
        if protocol is None or each.is_called(protocol)
    ]
    if not rows:
        complain("there is no such protocol" if protocol else "the file has no protocol")
        return Exit.NOTHING_SELECTED
    if style == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode())
        return Exit.OK
    for row in rows:
        for line in _lines(row):
            click.echo(line)
    return Exit.OK


def _unreadable(workspace: Workspace) -> list[Diagnostic]:
    """What keeps a text from being read; a protocol with other errors has tiers all the same."""
    return [
        found
        for unit, _ in workspace.opened()
        for found in (*unit.diagnostics, *(one for each in unit.parsed for one in each.diagnostics))
    ]


def _row(source: SourceFile, name: str, found: Tiers) -> TierRow:
    def place(blocker: Blocker | None) -> BlockerRow | None:
        if blocker is None:
            return None
        line, column = source.position(blocker.span.start)
        return BlockerRow(blocker.construct, line, column, blocker.reason)

    return TierRow(
        name,
        found.strongest,
        found.session is None,
        found.machine is None,
        found.machine is not None,
        found.theory is None,
        found.claims,
        place(found.next_blocker),
        place(found.session),
        place(found.machine),
        place(found.theory),
        place(found.claims_by),
    )


def _lines(row: TierRow) -> list[str]:
    """The tiers of a protocol as text, one a line."""
    rows = [
        (FULL, True, None),
        (SESSION, row.session_projectable, row.session_blocked_by),
        (MACHINE, row.machine_executable, row.machine_blocked_by),
        (THEORY, row.theory_convertible, row.theory_blocked_by),
    ]
    lines = [f"{tame(row.protocol)}: {row.strongest}"]
    for title, holds, blocker in rows:
        text = "yes" if holds else f"no   {_words(blocker)}"
        lines.append(f"  {title:<20} {text}".rstrip())
    reason = (
        f"   `{tame(row.metatheory_set_by.construct)}`, line {row.metatheory_set_by.line}"
        if (row.metatheory_set_by)
        else ""
    )
    lines.append(f"  {'metatheory':<20} {row.metatheory}{reason}")
    blocked = row.next_tier_blocked_by
    if blocked is not None:
        lines.append(f"  {'next tier':<20} blocked by {_words(blocked)}")
    return lines


def _words(blocker: BlockerRow | None) -> str:
    if blocker is None:
        return ""
    place = f"line {blocker.line}:{blocker.column}"
    return f"`{tame(blocker.construct)}`, {place}: {tame(blocker.reason)}"
