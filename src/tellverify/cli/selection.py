"""The files of a command without `--config`: those of its paths, without excluded files."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import click

from tellverify.cli.check_options import Flags
from tellverify.cli.exit import Exit
from tellverify.cli.session import complain_refused, settled
from tellverify.language.files import inputs
from tellverify.obligations.options import Level
from tellverify.verification.settings import Settings, may_be_configured


def selected(paths: Collection[str]) -> Iterator[str]:
    """The files that `paths` name, as `inputs.find` has them.

    Files that are found in folders and that `exclude` of the nearest configuration names are left
    out; one that is named itself is not. Ends the command where the configuration is wrong.
    """
    found = inputs.find(paths)
    settings = settings_here() if may_be_configured(".") else None
    if settings is None or not settings.exclude:
        return found
    from tellverify.verification.include import without_excluded

    return without_excluded(found, paths, settings.exclude, settings.folder)


def given_or_included(paths: Collection[str]) -> tuple[str, ...]:
    """The paths that are given, or the files that the configuration includes, or all below here.

    Ends the command where the configuration is wrong.
    """
    if paths or not may_be_configured("."):
        return tuple(paths) or (".",)
    settings = settings_here()
    if not settings.include:
        return (".",)
    from tellverify.verification.include import included, without_excluded

    found, _ = included(settings.include)
    return tuple(without_excluded(found, (), settings.exclude, settings.folder))


def levels_here() -> tuple[Level, ...]:
    """The levels of findings in the nearest configuration. Ends the command where it is wrong."""
    return settings_here().options.levels if may_be_configured(".") else ()


def settings_here() -> Settings:
    """What the nearest configuration says. Ends the command where it is wrong."""
    from tellverify.verification.configuration_files import RefusedFile

    try:
        return settled(Flags())
    except RefusedFile as refused:
        complain_refused(refused)
        raise click.exceptions.Exit(int(Exit.USAGE)) from None
