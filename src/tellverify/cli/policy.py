"""`tellverify policy`: whether a policy is one, and what it says."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import click
import msgspec

from tellverify.cli.complaints import Stopped, complain
from tellverify.cli.exit import Exit
from tellverify.cli.policies import (
    policy_path_of,
    policy_sources,
    print_findings,
)
from tellverify.cli.rust_code import root_option, tables_of
from tellverify.diagnostics.model import Diagnostic, Severity, sort_key
from tellverify.diagnostics.wording import counted
from tellverify.policy.check import check_policy
from tellverify.policy.json_schema import schema_json
from tellverify.policy.model import Policy
from tellverify.policy.read import read_policy
from tellverify.policy.references import inventory_keys
from tellverify.report.escape import tame
from tellverify.source.builtin_policies import NAMES, PREFIX, exported, name_of_policy
from tellverify.source.text import SourceFile


class FindingRow(msgspec.Struct, frozen=True):
    """A finding as it is written to JSON."""

    code: str
    name: str
    severity: str
    message: str
    path: str
    line: int
    column: int


@click.group("policy")
def policy() -> None:
    """Policies: what a system lets its protocols do, written as TOML."""


@policy.command("check")
@click.argument("path", required=False, metavar="[PATH]")
@click.option("--format", "style", type=click.Choice(("text", "json")), default="text")
@click.option(
    "--fail-on", type=click.Choice(("error", "warning")), default="error", show_default=True
)
@root_option
def check(path: str | None, style: str, fail_on: str, root: str) -> int:
    """Check a policy file, or all files of a folder.

    Tables of admission in Rust that the policy names are compared with its rows. Exit codes: 0 no
    objection, 1 rows that contradict each other or a table that differs, 2 files that cannot be
    read as a policy, or Rust that cannot be read.
    """
    chosen = path if path is None else name_of_policy(path)
    if chosen is None:
        try:
            chosen = policy_path_of(None)
        except Stopped as stop:
            return stop.code
    if chosen is None:
        raise click.UsageError("there is no policy in specs/policy; name one")
    read = read_policy(chosen)
    sources = dict(read.sources) if read.policy is None else policy_sources(read.policy)
    found = read.diagnostics if read.policy is None else check_policy(read.policy)
    if read.policy is not None:
        try:
            tables = tables_of(read.policy, root)
        except Stopped as stop:
            return stop.code
        found = (*found, *tables.diagnostics)
        sources |= tables.sources
    found = _as_expected(chosen, sources, found)
    _show(found, sources, style, read.policy)
    errors = any(each.severity is Severity.ERROR for each in found)
    if read.policy is None and errors:
        return Exit.USAGE
    grave = {Severity.ERROR, Severity.WARNING} if fail_on == "warning" else {Severity.ERROR}
    return Exit.REFUTED if any(each.severity in grave for each in found) else Exit.OK


def _as_expected(
    path: str, sources: Mapping[str, SourceFile], found: Sequence[Diagnostic]
) -> tuple[Diagnostic, ...]:
    """The findings after the `expect` comments of the files that are checked, not of imported ones.

    A file that cannot be read whole is taken as it is.
    """
    from tellverify.verification.toml_examples import as_expected

    chosen = path.replace(os.sep, "/").rstrip("/")
    for name, source in sorted(sources.items()):
        if name == chosen or os.path.dirname(name) == chosen:
            found = as_expected(source, (), found, everywhere=True).diagnostics
    return tuple(found)


@policy.command("export")
@click.argument("name", required=False, default="aura", metavar="[NAME]")
@click.option(
    "--to", "target", required=True, metavar="DIR", help="The folder to create and write."
)
def export(name: str, target: str) -> int:
    """Export the files of a policy that comes with tellverify, as a start for your own.

    Exit codes: 0 they are written, 2 there is no such policy, or one of the files exists.
    """
    chosen = f"{PREFIX}{name.removeprefix(PREFIX)}"
    if chosen.removeprefix(PREFIX) not in NAMES:
        complain(f"the package has no policy `{tame(name)}`; it has {', '.join(NAMES)}")
        return Exit.USAGE
    try:
        for path in exported(chosen, target):
            click.echo(path)
    except FileExistsError as error:
        complain(f"{tame(str(error.filename))} exists already; nothing was written")
        return Exit.USAGE
    except OSError as error:
        complain(f"cannot write {tame(target)}: {(error.strerror or 'no access').lower()}")
        return Exit.USAGE
    return Exit.OK


@policy.command("schema")
def schema() -> int:
    """Print the JSON Schema of a policy file, for editors."""
    click.echo(schema_json(), nl=False)
    return Exit.OK


def _show(
    found: tuple[Diagnostic, ...],
    sources: dict[str, SourceFile],
    style: str,
    policy: Policy | None,
) -> None:
    if style == "json":
        rows = [_row(each, sources) for each in sorted(found, key=sort_key)]
        click.echo(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode())
        return
    print_findings(found, sources)
    if policy is not None:
        version = f" version {policy.version}" if policy.version else ""
        click.echo(
            f"{policy.name}{version}: {len(policy.protocols)} protocols, {len(policy.packs)} packs,"
            f" {len(inventory_keys(policy))} keys of the theorem inventory,"
            f" {len(policy.surfaces)} surfaces, {len(policy.runtimes)} runtimes"
        )
    numbers = [
        counted(count, severity)
        for severity in Severity
        if (count := sum(each.severity is severity for each in found))
    ]
    click.echo(", ".join(numbers) or "nothing to object to")


def _row(found: Diagnostic, sources: dict[str, SourceFile]) -> FindingRow:
    source = sources.get(found.path)
    line, column = source.position(found.primary.span.start) if source is not None else (1, 1)
    return FindingRow(
        found.code.number,
        found.code.name,
        found.severity.value,
        found.message,
        found.path.replace(os.sep, "/"),
        line,
        column,
    )
