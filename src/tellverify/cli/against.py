"""The sides of a comparison with a git revision, for `compare --against` and for `check`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeAlias

import click
import msgspec

from tellverify.cli.asked import files_of, paths_of
from tellverify.cli.check_options import Flags
from tellverify.language.files import inputs
from tellverify.obligations.options import Options
from tellverify.verdict.run import Run
from tellverify.verdict.versions import FailOn
from tellverify.verification.settings import Settings
from tellverify.versions.wire_labels import WireRules

if TYPE_CHECKING:
    from tellverify.versions.comparing import CompareRequest
    from tellverify.versions.sides import VersionSide

Sides: TypeAlias = "tuple[VersionSide, VersionSide, CompareRequest]"


def against(
    revision: str,
    flags: Flags,
    fail_on: FailOn,
    rules: WireRules,
    options: Options,
    settings: Settings,
    are_machines: bool = False,
    option: str = "--against",
) -> Sides:
    """The sides of a comparison with a git revision; `option` is named where git cannot say."""
    from tellverify.verification.git import NoRepository
    from tellverify.versions.opening import holds_machines, machines_against, sides_against

    missing = [path for path in flags.paths if path == "-"]
    if missing:
        raise click.UsageError("standard input has no revision to be compared with")
    are_machines = are_machines or (bool(flags.paths) and all(map(holds_machines, flags.paths)))
    try:
        if are_machines:
            return machines_against(revision, flags.paths, fail_on, rules, options)
        paths, _ = paths_of(flags, settings)
        named, _ = files_of([p for p in paths if os.path.lexists(p)], flags, settings)
        files = [inputs.read_found(path, flags.paths) for path in named]
        return sides_against(revision, paths, files, fail_on, rules, options)
    except NoRepository as error:
        raise click.UsageError(f"{option}: {error}") from None


def require_members(options: Options) -> None:
    """Families whose sizes are given have a member to compare. Raises click.UsageError."""
    for family, sizes in options.instances:
        if not any(sizes):
            raise click.UsageError(
                f"at {family} = 0 the family has no member to compare: give a size of at least 1"
            )


def with_comparison(run: Run, revision: str, flags: Flags, settings: Settings) -> Run:
    """The run of a check that also says how its protocols differ from a git revision.

    It fails where the comparison does.
    """
    from tellverify.versions.comparing import compare

    asked = settings.compare
    rules = WireRules(asked.payloads, asked.renamed)
    options = msgspec.structs.replace(settings.options, protocols=flags.protocols)
    require_members(options)
    option = "--compare-against"
    sides = against(revision, flags, asked.fail_on, rules, options, settings, option=option)
    found = compare(*sides).checked.run
    run = msgspec.structs.replace(run, versions=found.versions)
    if found.exit_code not in (1, 3) or run.exit_code not in (0, 3):
        return run
    if found.exit_code == 3 and run.exit_code == 3:
        return run
    reason = f"against {revision}: {found.exit_reason}"
    return msgspec.structs.replace(run, exit_code=found.exit_code, exit_reason=reason)
