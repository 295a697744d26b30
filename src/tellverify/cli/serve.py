"""`tellverify serve`: show a check live in a browser, for the review of a design."""

from __future__ import annotations

import secrets
import threading
from typing import Final

import click
import msgspec

from tellverify.cli import check_options
from tellverify.cli.check_options import Flags
from tellverify.cli.check_plan import where_configured
from tellverify.cli.live.live_check import LiveCheck, LiveState
from tellverify.cli.live.live_server import ADDRESS, LiveServer
from tellverify.cli.sectioned import SectionedCommand
from tellverify.diagnostics.wording import counted
from tellverify.report.escape import tame
from tellverify.verification.interruption import code_of

_BYTES: Final = 32  # of randomness in the token
_OWN: Final = ("--write", "--port")


@click.command("serve", cls=SectionedCommand)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@check_options.what
@check_options.how_far
@check_options.how_long
@check_options.enough
@check_options.findings
@check_options.admission
@check_options.inputs
@click.option(
    "--write", "may_write", is_flag=True, help="Let the page save edited texts to their files."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="N",
    help="The port of the loopback interface; a free one by default.",
)
def serve(may_write: bool, port: int, **given: object) -> int:
    """Show the page of a check in a browser, and check again on every change.

    The page has the texts beside the report: edits are checked at once, and nothing
    is written unless `--write` is given. PATH and the options are those of `check`. The server
    listens on this machine alone, and its address has a token. INT and TERM end it. Exit codes: 130
    interrupted, 129 and 143 ended by HUP and TERM, 2 wrong usage or configuration.
    """
    flags = msgspec.convert(given, Flags)
    if "-" in flags.paths:
        raise click.UsageError("standard input does not change; name files or folders")
    arguments = _arguments_of_check()

    def served(there: Flags) -> int:
        live = LiveCheck(there, arguments, may_write=may_write, tell=_told)
        return _served(live, port, may_write=may_write)

    return where_configured(flags, served)


def _served(live: LiveCheck, port: int, *, may_write: bool) -> int:
    try:
        server = LiveServer(live, secrets.token_urlsafe(_BYTES), port)
    except OSError as error:
        words = error.strerror or str(error)
        raise click.ClickException(f"cannot listen on {ADDRESS}:{port}: {words}") from None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        click.echo(f"serving {server.address}")
        save = "the page may save to files" if may_write else "nothing is written; --write saves"
        click.echo(f"edits are checked at once; {save}; Ctrl-C ends")
        live.watch()
        return 0
    except KeyboardInterrupt as stop:
        click.echo("interrupted", err=True)
        return code_of(stop)
    finally:
        live.close()
        server.shutdown()
        server.server_close()


def _told(state: LiveState) -> None:
    """Say on the terminal how a check has ended."""
    for line in state.problem.splitlines():
        click.echo(f"tellverify: {line}", err=True)
    if state.exit_code is not None:
        edited = sum(one.is_edited for one in state.files)
        texts = f", {counted(edited, 'edited text')}" if edited else ""
        files = counted(len(state.files), "file")
        click.echo(f"{files}{texts}: {tame(state.headline)}; exit {state.exit_code}")


def _arguments_of_check() -> tuple[str, ...]:
    """The command line of the same check without a page, which reports name."""
    given = click.get_current_context().find_root().obj
    arguments = [str(one) for one in given] if isinstance(given, tuple) else []
    kept: list[str] = []
    skip = False
    for argument in arguments[1:]:
        if skip:
            skip = False
        elif argument == "--port":
            skip = True
        elif argument.partition("=")[0] not in _OWN:
            kept.append(argument)
    return ("check", *kept)
