"""`tellverify baseline`: findings that are known, so that only new ones fail a check."""

from __future__ import annotations

import os
from collections.abc import Callable

import click
import msgspec

from tellverify.cli import check_options
from tellverify.cli.check_options import Flags
from tellverify.cli.check_plan import complain_refused, moved, prepared, working_in
from tellverify.cli.check_run import checked
from tellverify.cli.complaints import complain, complain_of_unread
from tellverify.cli.exit import Exit
from tellverify.diagnostics.wording import counted
from tellverify.report.escape import printable
from tellverify.source.writing import replace_text
from tellverify.verdict.run import Baseline, Run
from tellverify.verification.baseline import baseline_of, read_baseline, stale
from tellverify.verification.configuration_files import RefusedFile
from tellverify.verification.configuration_layers import load
from tellverify.verification.interruption import CODES
from tellverify.verification.output_paths import baseline_refusal

_DEFAULT = "tellverify-baseline.json"


@click.group("baseline")
def baseline() -> None:
    """Maintain a file of known findings, which do not fail a check.

    A finding is recognised by its code, protocol, roles, labels and branches, so lines may move. A
    refuted obligation stays known until it is broken in another way: where a role waits forever,
    on a further branch; otherwise when the text of the protocol changes.
    """


def _options(command: Callable[..., int]) -> Callable[..., int]:
    command = click.option("--baseline", "path", metavar="FILE", help="The baseline file.")(command)
    command = check_options.configured(command)
    return click.argument("paths", nargs=-1, metavar="[PATH]...")(command)


@baseline.command("write")
@_options
@click.option(
    "--allow-refuted",
    is_flag=True,
    help="Include refuted obligations, too.",
)
def write(
    paths: tuple[str, ...],
    config: tuple[str, ...],
    isolated: bool,
    path: str | None,
    allow_refuted: bool,
) -> int:
    """Write all findings of a run to the baseline."""

    def save_all(run: Run, place: str) -> int:
        text = baseline_of(run, allow_refuted=allow_refuted)
        left = 0 if allow_refuted else _refuted(run)
        if left:
            click.echo(
                f"tellverify: {counted(left, 'refuted obligation')} not included; "
                "`--allow-refuted` includes them",
                err=True,
            )
        return _save(place, text, _counted(text))

    return _with_run(Flags(paths=paths, config=config, isolated=isolated), path, save_all)


@baseline.command("prune")
@_options
def prune(paths: tuple[str, ...], config: tuple[str, ...], isolated: bool, path: str | None) -> int:
    """Remove entries that no longer occur from the baseline; add nothing."""

    def drop_stale(run: Run, place: str) -> int:
        known = read_baseline(place)
        gone = stale(known, run)
        text = baseline_of(run, allow_refuted=True, keep=frozenset(known.known))
        return _save(place, text, f"{_counted(text)}, {len(gone)} dropped")

    return _with_run(Flags(paths=paths, config=config, isolated=isolated), path, drop_stale)


@baseline.command("verify")
@_options
def verify(
    paths: tuple[str, ...], config: tuple[str, ...], isolated: bool, path: str | None
) -> int:
    """Fail when the baseline has findings that no longer occur."""

    def list_stale(run: Run, place: str) -> int:
        known: Baseline = read_baseline(place)
        gone = stale(known, run)
        for entry in gone:
            click.echo(f"{entry.path}: {entry.code} {entry.protocol or '-'}: {entry.name} is gone")
        if gone:
            click.echo(f"{len(gone)} stale; `tellverify baseline prune` drops them")
            return Exit.REFUTED
        click.echo(f"{len(known.known)} known findings, none is gone")
        return Exit.OK

    return _with_run(Flags(paths=paths, config=config, isolated=isolated), path, list_stale)


def _with_run(flags: Flags, path: str | None, action: Callable[[Run, str], int]) -> int:
    """Check without any baseline; `action` has the run and the place of the baseline."""
    try:
        loaded = load(given=flags.config, isolated=flags.isolated)
        place = path or os.path.join(
            os.path.relpath(loaded.folder), loaded.configuration.baseline or _DEFAULT
        )
        place = os.path.abspath(place)
        settled = moved(flags, loaded.folder)
        with working_in(loaded.folder):
            refusal = "" if path else baseline_refusal(os.path.relpath(place), ".")
            if refusal:
                complain(f"{os.path.relpath(place)}: {refusal}")
                return Exit.USAGE
            ready = prepared(settled, with_baseline=False)
            run = checked(ready).checked.run
            if run.exit_code in (Exit.NOTHING_SELECTED, Exit.DEFECT, *CODES):
                complain(run.exit_reason)
                return run.exit_code
            if complain_of_unread(run):
                return Exit.REFUTED  # nothing is known of such a file
            return action(run, os.path.relpath(place))
    except RefusedFile as refused:
        return complain_refused(refused)


def _save(path: str, text: str, what: str) -> int:
    try:
        replace_text(path, text)
    except OSError as error:
        complain(f"cannot write {path}: {error.strerror}")
        return Exit.USAGE
    click.echo(f"wrote {printable(path)}: {what}")
    return Exit.OK


def _counted(text: str) -> str:
    return counted(len(msgspec.json.decode(text)["findings"]), "known finding")


def _refuted(run: Run) -> int:
    from tellverify.verdict.outcome import Refuted

    return sum(
        isinstance(verdict.outcome, Refuted)
        for protocol in run.protocols
        for verdict in protocol.verdicts
    )
