"""The group of commands, each loaded when it is named."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Final

import click

from tellverify.cli.commands import COMMANDS, SECTIONS
from tellverify.cli.exit import Exit, Stopped
from tellverify.model.limits import MachineTooLarge
from tellverify.verification.interruption import code_of
from tellverify.version import VERSION

_COMPLETES: Final = "_TELLVERIFY_COMPLETE"
_UNWRITABLE: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
_WORDS: Final = {
    "verify": "check",
    "fix": "repair",
    "mend": "repair",
    "format": "fmt",
    "help": "explain",
    "simulate": "run",
    "execute": "run",
    "graph": "show graph",
    "draw": "show",
    "projection": "project",
    "version": "--version",
}


class ReaderGone(Exception):
    """The output was closed by its reader. Click would make a BrokenPipeError exit code 1."""


class LazyGroup(click.Group):
    """A group that knows the names and first lines of its commands, but not the commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        row = COMMANDS.get(cmd_name)
        if row is None:
            return None
        command = getattr(importlib.import_module(row[0]), row[1])
        if not isinstance(command, click.Command):
            raise TypeError(f"{row[0]}.{row[1]} is not a command")
        if _COMPLETES in os.environ:
            from tellverify.cli.completions import complete_files

            complete_files(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is named; of one that does not exist, those that may be meant."""
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in COMMANDS:
            from difflib import get_close_matches

            meant = _WORDS.get(name.lower()) or next(
                iter(get_close_matches(name.lower(), COMMANDS, 1, 0.6)), ""
            )
            did = f" Did you mean `{meant}`?" if meant else ""
            if os.path.exists(name):
                did = f" To check a file or folder: `tellverify check {name}`."
            ctx.fail(f"There is no command `{name}`.{did}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise ReaderGone from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        widest = max(map(len, COMMANDS))
        placed = {name for names in SECTIONS.values() for name in names}
        others = tuple(name for name in COMMANDS if name not in placed)
        for title, names in (*SECTIONS.items(), *([("More", others)] if others else [])):
            with formatter.section(title):
                rows = [(name.ljust(widest), COMMANDS[name][2]) for name in names]
                formatter.write_dl(rows)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Decide whether every role of a choreography can play its part.",
)
@click.version_option(VERSION, prog_name="tellverify", message="%(prog)s %(version)s")
def tellverify() -> None:
    """The group itself does nothing."""


def run(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit code; says what went wrong on standard error."""
    try:
        os.getcwd()
    except OSError:
        _tell("tellverify: the working folder is gone")
        return Exit.USAGE
    return guarded(
        lambda: tellverify.main(
            list(arguments), prog_name="tellverify", standalone_mode=False, obj=tuple(arguments)
        )
    )


def guarded(action: Callable[[], object]) -> int:
    """The exit code of an action; says on standard error what went wrong in it."""
    try:
        code = action()
        sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.UsageError as error:
        _show(error)
        return Exit.USAGE
    except (click.Abort, KeyboardInterrupt) as stop:
        cause = stop.__cause__ if isinstance(stop, click.Abort) else stop
        _tell("interrupted")
        return code_of(cause) if isinstance(cause, KeyboardInterrupt) else Exit.INTERRUPTED
    except Stopped as stop:
        return stop.code
    except (BrokenPipeError, ReaderGone):
        # The reader of the output has gone, so no message can reach it.
        _discard_output()
        return Exit.DEFECT if os.name == "nt" else 128 + 13
    except click.ClickException as error:
        _show(error)
        return Exit.USAGE
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            return _defect()
        _discard_output()
        _tell(f"tellverify: cannot write the output: {error.strerror}")
        return Exit.USAGE
    except MachineTooLarge as error:
        _tell(f"tellverify: too large: {error}")
        return Exit.UNKNOWN
    except Exception:
        return _defect()
    return code if isinstance(code, int) else Exit.OK


def _tell(text: str) -> None:
    """A line on standard error; where that cannot be written either, the exit code has to do."""
    try:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
    except OSError:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def _show(error: click.ClickException) -> None:
    """Report the fault of a call; its quotations may come from a file."""
    from tellverify.report.escape import log_line

    text = "\n".join(map(log_line, error.format_message().split("\n")))
    shown = click.ClickException(text)
    if isinstance(error, click.UsageError):
        shown = click.UsageError(text, error.ctx)
    try:
        shown.show()
    except OSError:
        _tell(text)


def _discard_output() -> None:
    """Discard the output still to be written, so that the end of the process is quiet."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError:  # a stream that was closed from the beginning
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def _defect() -> int:
    """A fault of tellverify: write the details needed to fix it to a file and name the file."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile(
        "w", prefix="tellverify-defect-", suffix=".txt", delete=False, encoding="utf-8"
    ) as report:
        report.write(f"tellverify {VERSION}\n{sys.version}\n{traceback.format_exc()}")
    _tell(f"tellverify: a defect of tellverify, not of the protocol; details are in {report.name}")
    return Exit.DEFECT
