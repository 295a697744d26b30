"""`--base-run`: a run that is shown next to one that was stored before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import click

from tellverify.cli.complaints import complain
from tellverify.cli.exit import Exit, Stopped
from tellverify.diagnostics import inputs as say
from tellverify.report.escape import tame
from tellverify.verdict.run import Run

_F = TypeVar("_F", bound=Callable[..., object])

_HELP: Final = "A run of the base, as `--report json=` stores it: reports begin with what changed."


def base_run_option(command: _F) -> _F:
    """`command` with the option."""
    return click.option("--base-run", metavar="RUN.json", help=_HELP)(command)


def beside_base(run: Run, path: str) -> Run:
    """`run` with the stored run at `path` as what was before. Raises Stopped if it is none."""
    from tellverify.report.run_file import StoredError
    from tellverify.report.stored_run import MOST_BYTES, read_run
    from tellverify.source.files import Unreadable, read_bytes
    from tellverify.verification.baseline import compared_with

    try:
        base = read_run(read_bytes(path, MOST_BYTES))
    except (StoredError, Unreadable) as error:
        found = say.unreadable_run(path, str(error))
        complain(f"--base-run: {tame(found.message)}")
        raise Stopped(Exit.USAGE) from None
    return compared_with(run, base.run, path)
