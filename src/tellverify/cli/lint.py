"""`tellverify lint`: is a source in the canonical shape, and bring it there."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Final

import click
import msgspec

from tellverify.annotations.rules import default_rules, rules_of
from tellverify.cli.complaints import complain, say
from tellverify.cli.exit import Exit
from tellverify.cli.policies import load_policy, policy_option, policy_path_of
from tellverify.cli.reports import (
    FORMATS,
    Output,
    command_line,
    deliver,
    keep_inputs,
    report_option,
)
from tellverify.cli.selection import given_or_included, levels_here, selected
from tellverify.diagnostics.model import Severity, sort_key
from tellverify.diagnostics.wording import counted
from tellverify.language.files import inputs
from tellverify.language.files.neighbours import neighbours
from tellverify.language.workspace import Workspace
from tellverify.lint.linted_files import OFF_BY_DEFAULT, Linted, lint_files
from tellverify.report.escape import printable, tame
from tellverify.source.text import SourceFile
from tellverify.source.writing import replace_text
from tellverify.verdict.run import Input, Run, Suppression
from tellverify.verification.reported import located_diagnostic
from tellverify.verification.suppressions import Allowances

_ORDER: Final = [Severity.ERROR.value, Severity.WARNING.value, Severity.NOTE.value]


@click.command("lint")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--fix", is_flag=True, help="Make all safe fixes.")
@click.option("--diff", is_flag=True, help="Show what safe fixes would change; write nothing.")
@click.option("--unsafe-fixes", is_flag=True, help="Also fixes that need review.")
@click.option("--all", "everything", is_flag=True, help="Also the rules that are off by default.")
@click.option("--format", "style", type=click.Choice(FORMATS), default="text", show_default=True)
@report_option
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "note", "never"]),
    default="warning",
    show_default=True,
    help="Findings that make it fail.",
)
@policy_option
@click.option("--stdin-name", default="<stdin>", metavar="NAME", help="Path shown for `-`.")
def lint(
    paths: tuple[str, ...],
    fix: bool,
    diff: bool,
    unsafe_fixes: bool,
    everything: bool,
    style: str,
    reports: tuple[tuple[str, str], ...],
    fail_on: str,
    policy_path: str | None,
    stdin_name: str,
) -> int:
    """Find deviations from the canonical shape: legacy annotations, comments, layout, names.

    PATH is a `.tell` file, a Rust source or Markdown page with protocols, a folder, or `-`; without
    one the files that the configuration includes are read, or the working folder. A fix never
    changes roles, messages or their order: the protocol graphs are compared before anything is
    written. Findings that an `allow` comment covers are neither reported nor fixed. Exit codes: 0
    nothing at or above --fail-on is left, 1 something is, 2 wrong usage, 4 there are no files.
    """  # fmt: skip
    policy = policy_path_of(policy_path)
    rules = rules_of(load_policy(policy)) if policy else default_rules()
    chosen = selected(given_or_included(paths))
    read = [inputs.read_found(path, paths, stdin_name) for path in chosen]
    if not read:
        complain("there are no files with protocols")
        return int(Exit.NOTHING_SELECTED)
    levels = levels_here()
    allowances = Allowances(levels)
    keep_inputs(reports, (one.path for one in read))
    linted = lint_files(
        _workspace(read),
        rules,
        unsafe=unsafe_fixes,
        fix=fix or diff,
        everything=everything,
        kept=allowances.kept,
    )
    failed = False
    if diff:
        _show_changes(linted)
        return int(Exit.OK)
    if fix:
        failed = _write_changes(linted, stdin_name if "-" in paths else None)
        again = _workspace([_read_again(one) for one in linted])
        allowances = Allowances(levels)
        linted = lint_files(
            again, rules, unsafe=False, fix=False, everything=everything, kept=allowances.kept
        )
    linted = [_with_complaints(one, allowances, everything=everything) for one in linted]
    shown = style
    if fix and "-" in paths:  # standard output has the text
        say((found for one in linted for found in one.diagnostics), _sources(linted))
        shown = "none"
    complaints = ["a file could not be written"] if failed else []
    found = _run(linted, read, fail_on, allowances.suppressions)
    return deliver(found, _sources(linted), Output(shown, reports=reports), complaints)


def _workspace(read: Sequence[inputs.ReadFile]) -> Workspace:
    return Workspace(read, also=neighbours(read))


def _with_complaints(one: Linted, allowances: Allowances, *, everything: bool) -> Linted:
    """The findings about a file with those about its comments that allow nothing."""
    skipped = frozenset(() if everything else OFF_BY_DEFAULT)
    said = [found for part in one.judged for found in allowances.complaints(part, skipped)]
    return msgspec.structs.replace(one, diagnostics=(*one.diagnostics, *said))


def _run(
    linted: Sequence[Linted],
    read: Sequence[inputs.ReadFile],
    fail_on: str,
    allowed: Sequence[Suppression],
) -> Run:
    """The findings as a run without protocols."""
    sources = _sources(linted)
    ordered = sorted((d for one in linted for d in one.diagnostics), key=sort_key)
    found = tuple(located_diagnostic(one, sources) for one in ordered)
    grave = [] if fail_on == "never" else _ORDER[: _ORDER.index(fail_on) + 1]
    count = sum(one.severity.value in grave for one in found)
    reason = f"{counted(count, 'finding')} at or above {fail_on}"
    return Run(
        tuple(Input(file.path, file.sha256) for file in read),
        (),
        found,
        int(Exit.REFUTED if count else Exit.OK),
        reason if count else "the shape is canonical",
        command=command_line(),
        suppressions=tuple(
            msgspec.structs.replace(one, diagnostic=located_diagnostic(one.diagnostic, sources))
            for one in dict.fromkeys(allowed)
        ),
    )


def _sources(linted: Sequence[Linted]) -> dict[str, SourceFile]:
    return {one.source.path: one.source for one in linted}


def _show_changes(linted: Sequence[Linted]) -> None:
    for one in linted:
        if one.fixed is None:
            continue
        name = tame(one.source.path)
        lines = difflib.unified_diff(
            one.source.text.splitlines(), one.fixed.splitlines(), name, name, lineterm=""
        )
        for line in lines:
            click.echo(printable(line))


def _write_changes(linted: Sequence[Linted], stdin_name: str | None) -> bool:
    """Write fixed files, that from standard input to standard output; True when one fails."""
    failed = False
    for one in linted:
        if one.reason:
            complain(f"{tame(one.source.path)} stays as it is: {one.reason}")
        if one.source.path == stdin_name:
            click.echo(one.source.text if one.fixed is None else one.fixed, nl=False)
            continue
        if one.fixed is None or one.fixed == one.source.text:
            continue
        try:
            replace_text(one.source.path, one.fixed)
        except OSError as error:
            complain(f"cannot write {tame(one.source.path)}: {error.strerror}")
            failed = True
        else:
            click.echo(f"fixed {one.count} in {tame(one.source.path)}", err=True)
    return failed


def _read_again(one: Linted) -> inputs.ReadFile:
    text = one.source.text if one.fixed is None else one.fixed
    return inputs.decode(one.source.path, text.encode("utf-8", "surrogatepass"))
