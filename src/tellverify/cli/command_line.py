"""The command line that gives a run again, as reports show it."""

from __future__ import annotations

import shlex
from typing import Final

import click

_WITH_VALUE: Final = frozenset(
    {"--report", "--format", "--color", "--evidence", "--jobs", "--cluster", "--cache-dir"}
)
_ALONE: Final = frozenset({"-q", "--quiet", "-v", "--verbose", "--no-progress", "--timing"})


def command_line() -> str:
    """The arguments of the running command without those that only say where output goes."""
    given = click.get_current_context().find_root().obj
    arguments = [str(one) for one in given] if isinstance(given, tuple) else []
    kept: list[str] = []
    skip = False
    for position, argument in enumerate(arguments):
        if skip:
            skip = False
        elif argument == "--":
            kept.extend(arguments[position:])
            break
        elif argument in _WITH_VALUE:
            skip = True
        elif argument not in _ALONE and argument.partition("=")[0] not in _WITH_VALUE:
            kept.append(argument)
    return shlex.join(["tellverify", *kept])
