"""`tellverify check`: the verb of CI."""

from __future__ import annotations

import click
import msgspec

from tellverify.cli import check_options
from tellverify.cli.check_options import Flags
from tellverify.cli.check_plan import where_configured
from tellverify.cli.check_run import perform
from tellverify.cli.exit import Exit
from tellverify.cli.reports import deliver
from tellverify.cli.sectioned import SectionedCommand


@click.command("check", cls=SectionedCommand)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@check_options.what
@check_options.how_far
@check_options.how_long
@check_options.enough
@check_options.findings
@check_options.admission
@check_options.output
@check_options.inputs
@check_options.again
@check_options.mending
def check(**given: object) -> int:
    """Decide all obligations of the choreographies in files and folders.

    PATH is a `.tell` file, a Rust source or Markdown page that holds choreographies, a folder, or
    `-` for standard input; without one the files that the configuration includes are checked, or
    the working folder. Exit codes: 0 all required obligations hold, 1 one is refuted or a file has
    errors, 2 wrong usage or configuration, 3 one is not known, 4 nothing was checked, 70 a defect
    of tellverify, 130 interrupted, 129 and 143 ended by HUP and TERM.
    """  # fmt: skip
    flags = msgspec.convert(given, Flags)
    if flags.timeout is not None or flags.total_timeout is not None:
        from tellverify.verification.deadline import is_supported

        if not is_supported():
            raise click.UsageError("time limits are not supported on this platform")
    if flags.unsafe_fixes and not flags.fix:
        raise click.UsageError("--unsafe-fixes says which repairs --fix makes; give both")
    if flags.fix and (flags.watch or flags.machines or "-" in flags.paths):
        raise click.UsageError("--fix changes files of protocols, once")
    return where_configured(flags, _watched if flags.watch else once)


def _watched(flags: Flags) -> int:
    from tellverify.cli.watch import watch

    return watch(flags)


def once(flags: Flags) -> int:
    """Check, report, and return the exit code."""
    done = perform(flags)
    if done is not None and flags.fix:
        from tellverify.cli.fixing import make_fixes

        if make_fixes(done.run, done.sources, unsafe=flags.unsafe_fixes):
            done = perform(flags)
    if done is None:
        return Exit.USAGE
    code = deliver(done.run, done.sources, done.output, done.complaints)
    return 0 if flags.exit_zero and code in (1, 3) else code
