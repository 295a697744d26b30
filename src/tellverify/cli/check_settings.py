"""From flags to the settings of a check, in the folder of its configuration."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
import msgspec

from tellverify.cli.check_options import Flags
from tellverify.cli.exit import Exit
from tellverify.source.builtin_policies import is_builtin
from tellverify.source.text import SourceFile
from tellverify.verification.settings import Settings, may_be_configured

if TYPE_CHECKING:
    from tellverify.verification.configuration_files import RefusedFile


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
