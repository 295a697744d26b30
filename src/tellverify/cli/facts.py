"""`tellverify facts`: fact schemas and whether their versions go together."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

import click

from tellverify.annotations.fact_schemas import SchemaRead, compared, read_schema
from tellverify.cli.exit import Exit
from tellverify.diagnostics import ceremonies as say
from tellverify.diagnostics.model import Diagnostic
from tellverify.source.span import NOWHERE, Span
from tellverify.source.text import SourceFile


@click.group("facts")
def facts() -> None:
    """Check fact schemas, and compare their versions."""


@facts.command("check")
@click.argument("paths", nargs=-1, required=True, metavar="SCHEMA...")
def check(paths: tuple[str, ...]) -> int:
    """Read fact schemas; exit code 1 when one of them has a fault."""
    wrong = False
    for path in paths:
        read = read_schema(path)
        if read.schema is None:
            wrong = True
            _print(read.diagnostics, {path: read.source})
        else:
            count = len(read.schema.variants)
            click.echo(f"{path}: `{read.schema.name}` version {read.schema.version}, {count} facts")
    return Exit.REFUTED if wrong else Exit.OK


@facts.command("compare")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
def compare(old: str, new: str) -> int:
    """Whether facts of the schema OLD are facts of the schema NEW.

    Exit codes: 0 they are, 1 some are not or a schema has a fault.
    """
    before, after = read_schema(old), read_schema(new)
    if before.schema is None or after.schema is None:
        for path, read in ((old, before), (new, after)):
            _print(read.diagnostics, {path: read.source})
        return Exit.REFUTED
    changes = compared(before.schema, after.schema)
    broken = [change for change in changes if change.breaks]
    found = [
        say.breaking_schema(new, _span(after, change.variant), change.text, old)
        for change in broken
    ]
    _print(found, {new: after.source})
    for change in changes:
        if not change.breaks:
            click.echo(f"compatible: {change.text}")
    kind = "breaking" if broken else "compatible" if changes else "equal"
    versions = f"version {before.schema.version} to {after.schema.version}"
    click.echo(f"{kind}: `{after.schema.name}` {versions}, {len(changes)} changes")
    return Exit.REFUTED if broken else Exit.OK


def _span(read: SchemaRead, variant: str) -> Span:
    """Where a variant is named, or the schema where there is no such variant."""
    if read.schema is None or read.document is None:
        return NOWHERE
    for number, one in enumerate(read.schema.variants):
        if one.name == variant:
            return read.document.span_of(("variants", number, "name"))
    return read.document.span_of(("name",))


def _print(found: Sequence[Diagnostic], sources: Mapping[str, SourceFile]) -> None:
    from tellverify.report.style import Style
    from tellverify.report.text import diagnostic_lines

    ascii_only = not (sys.stdout.encoding or "").lower().startswith("utf")
    style = Style(color=False, ascii_only=ascii_only, width=100)
    for diagnostic in found:
        lines, _ = diagnostic_lines(diagnostic, sources, style)
        click.echo("\n".join([*lines, ""]))
