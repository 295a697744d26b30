"""The entry point. Commands are imported only when they are called: start-up counts in CI."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from typing import Final

from tellverify.version import VERSION

COMMANDS: Final[dict[str, tuple[str, str, str]]] = {
    "check": ("tellverify.cli.check", "check", "decide all obligations of choreographies"),
    "project": ("tellverify.cli.project", "project", "show what each role does"),
    "show": ("tellverify.cli.show", "show", "show one stage of a protocol"),
    "replay": ("tellverify.cli.replay", "replay", "step a trace through a protocol"),
    "recheck": ("tellverify.cli.recheck", "recheck_command", "check certificates and traces again"),
    "fmt": ("tellverify.cli.fmt", "fmt", "rewrite files in canonical layout"),
    "explain": ("tellverify.cli.explain", "explain", "what a code or property means"),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run tellverify and exit with its code. `--version` answers without any further import."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given in (["--version"], ["version"]):
        sys.stdout.write(f"tellverify {VERSION}\n")
        raise SystemExit(0)
    # One short process builds large flat tables and no cycles: collecting garbage only costs.
    gc.disable()
    from tellverify.cli.group import run

    raise SystemExit(run(given))
