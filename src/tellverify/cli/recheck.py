"""`tellverify recheck`: check certificates and traces again, without parser, solver or search."""

from __future__ import annotations

import os
from collections.abc import Iterator

import click

from tellverify.cli.exit import Exit
from tellverify.recheck.files import ENDINGS, recheck
from tellverify.recheck.graph import Rejected
from tellverify.report.escape import printable


@click.command("recheck")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("-q", "--quiet", is_flag=True, help="Show only what is rejected.")
def recheck_command(paths: tuple[str, ...], quiet: bool) -> int:
    """Check certificates, graphs and traces, as `check --evidence` writes them, once more.

    The files are judged by a small program of its own; it trusts nothing they claim. Sources are
    looked for relative to the working folder, and must be the ones the evidence was made of. Exit
    codes: 0 everything was accepted, 1 something was rejected, 4 nothing was found.
    """
    accepted = rejected = 0
    for path in (found for given in paths for found in _evidence(given)):
        reason = ""
        words = ""
        try:
            words = recheck(path)
        except Rejected as error:
            reason = str(error)
        except OSError as error:
            reason = (error.strerror or "it cannot be read").lower()
        shown = printable(path.replace(os.sep, "/"))
        if reason:
            rejected += 1
            click.echo(f"rejected: {shown}: {printable(reason)}")
        else:
            accepted += 1
            if not quiet:
                click.echo(f"accepted: {shown}: {printable(words)}")
    if not accepted + rejected:
        click.echo("tellverify: no certificates and no traces found", err=True)
        return Exit.NOTHING_SELECTED
    if not quiet:
        click.echo(f"{accepted} accepted, {rejected} rejected")
    return Exit.REFUTED if rejected else Exit.OK


def _evidence(path: str) -> Iterator[str]:
    """Files of evidence in a folder, sorted; what is no folder is taken as it is."""
    if not os.path.isdir(path):
        yield path
        return
    for folder, inner, files in os.walk(path):
        inner.sort()
        for name in sorted(files):
            if name.endswith(ENDINGS):
                yield os.path.join(folder, name)
