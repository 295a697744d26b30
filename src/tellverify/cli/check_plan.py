"""From flags and configuration to the plan of a check: its files, its questions, its schedule."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Final

import click
import msgspec

from tellverify.cli.asked import files_of, paths_of, read_asked, reviewed, unchecked_texts
from tellverify.cli.check_options import Flags
from tellverify.cli.checked_workflows import checked_workflows
from tellverify.cli.exit import Exit
from tellverify.cli.reports import STANDARD_OUTPUT, keep_inputs
from tellverify.language.files import inputs
from tellverify.language.files.neighbours import neighbours
from tellverify.obligations.options import Options
from tellverify.source.builtin_policies import is_builtin
from tellverify.source.text import SourceFile
from tellverify.verdict.identity import NO_FAULTS
from tellverify.verdict.properties import Property
from tellverify.verification.memory import limit_memory
from tellverify.verification.refused import RefusedFile
from tellverify.verification.schedule import Schedule
from tellverify.verification.settings import Settings, may_be_configured

CACHE_NAME = "verdicts.sqlite"
TOTAL_SECONDS: Final = 600.0  # for a whole check


class CheckPlan(msgspec.Struct, frozen=True):
    """One check before it begins: its files, its questions and its schedule."""

    files: tuple[inputs.ReadFile, ...]
    options: Options
    conduct: Schedule
    settings: Settings
    reports: tuple[tuple[str, str], ...] = ()
    evidence: str | None = None
    only: frozenset[int] | None = None
    notes: tuple[str, ...] = ()


def complain_refused(refused: RefusedFile) -> int:
    """Report the faults of a configuration; nothing is checked."""
    from tellverify.report.style import Style
    from tellverify.report.text_findings import diagnostic_lines

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


def where_configured(flags: Flags, act: Callable[[Flags], int]) -> int:
    """Act in the folder of the configuration, with flags that are relative to it."""
    try:
        folder = settled(flags).folder
        there = moved(flags, folder)
        with working_in(folder):
            return act(there)
    except RefusedFile as refused:
        return complain_refused(refused)


def moved(flags: Flags, folder: str) -> Flags:
    """Flags with their paths relative to `folder` instead of the working folder."""

    def path(given: str) -> str:
        return given if given == "-" else os.path.relpath(given, folder)

    def perhaps(given: str | None) -> str | None:
        return given if given is None or is_builtin(given) else path(given)

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
        base_run=perhaps(flags.base_run),
    )


def settled(flags: Flags, folder: str = ".") -> Settings:
    """What flags, environment and files say. Raises RefusedFile for what cannot be used."""
    table = flags.table()
    plain = not (table or flags.require or flags.config or flags.allow or flags.warn or flags.deny)
    if plain and (flags.isolated or not may_be_configured(folder)):
        return Settings(os.path.abspath(folder))
    from tellverify.verification.configuration_files import read, shown
    from tellverify.verification.configuration_layers import load
    from tellverify.verification.resolved import settings_of

    loaded = load(table, given=flags.config, isolated=flags.isolated, folder=folder)
    from tellverify.verification import weakening

    if flags.require:
        loaded = weakening.with_floor(loaded, flags.require)
    weaker = weakening.weakenings(loaded, strict=flags.strict)
    if flags.strict:
        loaded = weakening.strengthened(loaded, weaker)
    found = settings_of(loaded, flags.levels())
    if not weaker:
        return found
    source = SourceFile(shown(loaded.path), read(loaded.path).text)
    said = weakening.findings(weaker, source, counts=not flags.strict)
    return msgspec.structs.replace(found, weaker=tuple(said), source=source)


def prepared(
    flags: Flags, *, with_baseline: bool = True, edits: Mapping[str, str] | None = None
) -> CheckPlan:
    """Everything that `flags` and the configuration ask for. The working folder is that of the
    configuration; `edits` has texts, by path, that are checked instead of those of the files.
    Raises RefusedFile for a fault of a file that it names.
    """
    found = settled(flags)
    reports = flags.reports or _configured_reports(found)
    if flags.reports:
        found = msgspec.structs.replace(found, confined=found.confined - {"reports"})
    evidence = found.evidence
    options = _options(found, flags, reports, with_baseline=with_baseline)
    paths, notes = paths_of(flags, found)
    named, about_files = files_of(paths, flags, found)
    notes.extend(about_files)
    asked = _edited(read_asked(named, flags), edits)
    beside = neighbours(asked) if options.dialect == "strict" else []
    files = (*asked, *_edited(beside, edits))
    only = None if len(files) == len(asked) else frozenset(range(len(asked)))
    if flags.changed_since is not None:
        changed, about_settings = _changed(flags.changed_since, files, found, options.policy)
        notes.extend(about_settings)
        only = changed if only is None else changed & only
    if "policy" in found.confined and options.policy is not None:
        from tellverify.verification.policy_paths import policy_refusal

        refusal = policy_refusal(options.policy, found.folder)
        if refusal:
            raise click.UsageError(refusal)
    if "reports" in found.confined:
        _refuse_to_replace(reports, [*(one.path for one in files), found.path])
    beside_files = (found.path, found.baseline, options.policy, flags.base_run)
    read = [*(one.path for one in files), *(one for one in beside_files if one)]
    keep_inputs(reports, read)
    if flags.strict:
        options, about_base = reviewed(options, files, flags.base)
        notes.extend(about_base)
    cache, is_own, about_it = _cache(found, flags)
    checked_files = files if only is None else [files[index] for index in sorted(only)]
    workflows = checked_workflows(found, flags, checked_files)
    notes.extend(workflows.notes(options))
    conduct = Schedule(
        found.jobs or os.cpu_count() or 1,
        flags.cluster or "",
        flags.memory,
        cache,
        flags.recheck_cache or not is_own,
        seconds=_total(flags),
        only=only,
        more=workflows.results(options, cache if is_own and not flags.recheck_cache else ""),
        unchecked=partial(unchecked_texts, flags, found, [one.path for one in checked_files]),
    )
    limit_memory(flags.memory, conduct.jobs)
    told = (*notes, *about_it)
    return CheckPlan(files, options, conduct, found, reports, evidence, only, told)


def _options(
    found: Settings, flags: Flags, reports: Sequence[tuple[str, str]], *, with_baseline: bool
) -> Options:
    """The options of the settings and flags, with the baseline and the ledger that they name."""
    draws = flags.style == "json" or any(kind in ("json", "html") for kind, _ in reports)
    options = msgspec.structs.replace(
        found.options,
        protocols=flags.protocols,
        properties=flags.properties or ((Property.REACHABLE.value,) if flags.witness else ()),
        roles=flags.roles,
        witness=flags.witness,
        faults=tuple(n for n in flags.faults if n != NO_FAULTS) if flags.faults else None,
        keep_graphs=found.evidence is not None,
        coverage=flags.verbose or draws,
        draw=draws,
        runtime=flags.runtime or "",
        budgets=flags.budgets,
        today=flags.today,
        seconds=flags.timeout,
        suggest=True,
    )
    if found.baseline is not None and with_baseline:
        from tellverify.verification.baseline import read_baseline

        options = msgspec.structs.replace(options, baseline=read_baseline(found.baseline))
    if found.ledger is not None:
        from tellverify.verification.ledger import read_ledger

        options = msgspec.structs.replace(options, ledger=read_ledger(found.ledger))
    return options


def _changed(
    revision: str, files: Sequence[inputs.ReadFile], settings: Settings, policy: str | None
) -> tuple[frozenset[int], list[str]]:
    """The files that a change since a revision touches, and a note where that is all of them.

    Raises click.UsageError.
    """
    from tellverify.verification.changed_files import changed_files, settings_changed
    from tellverify.verification.git import NoRepository
    from tellverify.verification.repository import differences_since

    try:
        since = differences_since(revision)
        cause = settings_changed(since, settings, policy)
        if cause:
            note = f"`{cause}` has changed since `{revision}`: every file is checked"
            return frozenset(range(len(files))), [note]
        return changed_files(since, files), []
    except NoRepository as error:
        raise click.UsageError(f"--changed-since: {error}") from None


def _edited(files: list[inputs.ReadFile], edits: Mapping[str, str] | None) -> list[inputs.ReadFile]:
    """The files with the texts of `edits` instead of their own."""
    if not edits:
        return files
    return [
        inputs.decode(one.path, edits[one.path].encode("utf-8")) if one.path in edits else one
        for one in files
    ]


def _total(flags: Flags) -> float | None:
    """Seconds for the whole check: a limit that no input outlasts, unless another one is given."""
    if flags.total_timeout is not None:
        return flags.total_timeout
    from tellverify.verification.deadline import is_supported

    return TOTAL_SECONDS if is_supported() else None


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


def _refuse_to_replace(reports: Sequence[tuple[str, str]], read: Sequence[str]) -> None:
    from tellverify.report.kinds import KINDS
    from tellverify.verification.output_paths import report_refusal

    for kind, path in reports:
        if path == STANDARD_OUTPUT:
            continue
        row = KINDS[kind]
        why = report_refusal(kind, path, read, row.suffixes, row.marks)
        if why:
            raise click.UsageError(f"`{kind}={path}` of `reports` is not written: {why}")


def _cache(settings: Settings, flags: Flags) -> tuple[str, bool, list[str]]:
    """The file of the cache, empty for none, whether it is in the user's own folder, and what to
    tell about it.

    It is in the user's folder, never among the files that are checked, unless another folder is
    named. Without a word of the user there is one where there is a configuration.
    """
    wanted = settings.cache or settings.cache_dir is not None or settings.path
    if settings.cache is False or not wanted or (flags.isolated and flags.cache_dir is None):
        return "", True, []
    from tellverify.verification.cache_key import NoKey, is_user_folder, user_folder

    if settings.cache_dir is not None:
        own = is_user_folder(settings.cache_dir)
        return os.path.join(settings.cache_dir, CACHE_NAME), own, []
    try:
        folder = user_folder()
    except NoKey as error:
        return "", True, [f"there is no cache: {error}"]
    if _is_below(folder, settings.folder):
        about = f"there is no cache: {folder} is in the folder of the configuration"
        return "", True, [about]
    return os.path.join(folder, CACHE_NAME), True, []


def _is_below(path: str, folder: str) -> bool:
    top = os.path.join(os.path.realpath(folder), "")
    return os.path.join(os.path.realpath(path), "").startswith(top)
