"""From flags and configuration to a finished run: what `check`, `baseline` and `audit` share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
import msgspec

from tellverify.cli.check_options import Flags
from tellverify.cli.exit import Exit
from tellverify.language.files import inputs
from tellverify.language.files.neighbours import neighbours
from tellverify.obligations.options import Options
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Run
from tellverify.verification.schedule import Conduct, Conducted, conducted
from tellverify.verification.settings import Settings, may_be_configured

if TYPE_CHECKING:
    from tellverify.verification.configuration_files import Refused

CACHE_FOLDER = os.path.join(".tellverify", "cache")
CACHE_NAME = "verdicts.sqlite"


class Prepared(msgspec.Struct, frozen=True):
    """One check before it begins: what is read, asked, and how it is got through."""

    files: tuple[inputs.ReadFile, ...]
    options: Options
    conduct: Conduct
    settings: Settings
    reports: tuple[tuple[str, str], ...] = ()
    evidence: str | None = None
    only: frozenset[int] | None = None
    notes: tuple[str, ...] = ()


def complain_refused(refused: Refused) -> int:
    """Say what is wrong with a configuration; nothing is checked."""
    from tellverify.report.style import Style
    from tellverify.report.text import diagnostic_lines

    ascii_only = not (sys.stderr.encoding or "").lower().startswith("utf")
    style = Style(ascii_only=ascii_only, width=100)
    for diagnostic in refused.diagnostics:
        lines, _ = diagnostic_lines(diagnostic, {refused.source.path: refused.source}, style)
        for line in lines:
            click.echo(line.rstrip(), err=True)
    return Exit.USAGE


@contextmanager
def working_in(folder: str) -> Iterator[None]:
    """Work in the folder of the configuration, so that all paths are relative to it."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def moved(flags: Flags, folder: str) -> Flags:
    """Flags with their paths relative to `folder` instead of the working folder."""

    def path(given: str) -> str:
        return given if given == "-" else os.path.relpath(given, folder)

    def perhaps(given: str | None) -> str | None:
        return None if given is None else path(given)

    if os.path.samefile(folder, os.getcwd()):
        return flags
    return msgspec.structs.replace(
        flags,
        paths=tuple(path(one) for one in flags.paths) or (path("."),),
        machines=tuple(path(one) for one in flags.machines),
        reports=tuple((kind, path(one)) for kind, one in flags.reports),
        evidence=perhaps(flags.evidence),
        baseline=perhaps(flags.baseline),
        policy=perhaps(flags.policy),
        cache_dir=perhaps(flags.cache_dir),
    )


def settled(flags: Flags, folder: str = ".") -> Settings:
    """What flags, environment and files say. Raises Refused for what cannot be used."""
    table = flags.table()
    plain = not (table or flags.config or flags.allow or flags.warn or flags.deny)
    if plain and (flags.isolated or not may_be_configured(folder)):
        return Settings(os.path.abspath(folder))
    from tellverify.verification.configuration_layers import load
    from tellverify.verification.resolved import settings_of

    loaded = load(table, given=flags.config, isolated=flags.isolated, folder=folder)
    return settings_of(loaded, flags.levels())


def prepared(flags: Flags, *, with_baseline: bool = True) -> Prepared:
    """Everything that `flags` and the configuration ask for. The working folder is that of the
    configuration. Raises Refused for what is wrong with a file that it names.
    """
    found = settled(flags)
    options = found.options
    reports = flags.reports or _configured_reports(found)
    evidence = found.evidence
    draws = flags.style == "json" or any(kind in ("json", "html") for kind, _ in reports)
    options = msgspec.structs.replace(
        options,
        protocols=flags.protocols,
        properties=flags.properties or ((Property.REACHABLE.value,) if flags.witness else ()),
        roles=flags.roles,
        witness=flags.witness,
        keep_graphs=evidence is not None,
        coverage=flags.verbose or draws,
        draw=draws,
        runtime=flags.runtime or "",
        budgets=flags.budgets,
        today=flags.today,
        seconds=flags.timeout,
    )
    if found.baseline is not None and with_baseline:
        from tellverify.verification.baseline import read_baseline

        options = msgspec.structs.replace(options, baseline=read_baseline(found.baseline))
    if found.ledger is not None:
        from tellverify.verification.ledger import read_ledger

        options = msgspec.structs.replace(options, ledger=read_ledger(found.ledger))
    paths, notes = _paths(flags, found)
    asked = [inputs.read_given(path, flags.stdin_name) for path in inputs.find(paths)]
    files = (*asked, *(neighbours(asked) if options.dialect == "strict" else ()))
    only = None if len(files) == len(asked) else frozenset(range(len(asked)))
    if flags.changed_since is not None:
        from tellverify.cli.changed import changed_files

        changed = changed_files(flags.changed_since, files)
        only = changed if only is None else changed & only
    conduct = Conduct(
        found.jobs or os.cpu_count() or 1, _cache(found), flags.total_timeout, only=only
    )
    return Prepared(files, options, conduct, found, reports, evidence, only, tuple(notes))


def _paths(flags: Flags, settings: Settings) -> tuple[Sequence[str], list[str]]:
    """The paths that are named, or what the configuration includes."""
    patterns = settings.include
    everything = not flags.paths or flags.paths == (".",)
    if not patterns or not everything:
        return flags.paths or (".",), []
    from tellverify.verification.include import included

    found, empty = included(patterns)
    return found, [f"no file matches `{pattern}` of `include`" for pattern in empty]


def _configured_reports(settings: Settings) -> tuple[tuple[str, str], ...]:
    if not settings.reports:
        return ()
    from tellverify.report.kinds import KINDS

    found = []
    for text in settings.reports:
        kind, equals, path = text.partition("=")
        if kind not in KINDS or not equals or not path:
            raise click.UsageError(f"`{text}` of `reports` is not {'|'.join(KINDS)}=PATH")
        found.append((kind, path))
    return tuple(found)


def _cache(settings: Settings) -> str:
    """The file of the cache, empty for none.

    Without a word of the user there is one where there is a configuration, or a `.tellverify`
    folder already: nobody finds files where nothing was set up.
    """
    if settings.cache is False:
        return ""
    wanted = settings.cache or settings.cache_dir is not None or settings.path
    if not wanted and not os.path.isdir(".tellverify"):
        return ""
    return os.path.join(settings.cache_dir or CACHE_FOLDER, CACHE_NAME)


def checked(ready: Prepared) -> Conducted:
    """The run of a prepared check, with the settings that made it."""
    found = conducted(ready.files, ready.options, ready.conduct)
    run: Run = found.checked.run
    listed = ready.settings.listed
    if listed:
        run = msgspec.structs.replace(run, configuration=(*listed, *run.configuration))
        done = msgspec.structs.replace(found.checked, run=run)
        found = msgspec.structs.replace(found, checked=done)
    return found
