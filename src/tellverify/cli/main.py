"""The entry point. Commands are imported only when they are called: start-up counts in CI."""

from __future__ import annotations

import gc
import sys

from tellverify.version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run tellverify and exit with its code. `--version` answers without any further import."""
    try:
        raise SystemExit(_code(sys.argv[1:] if arguments is None else list(arguments)))
    except KeyboardInterrupt as stop:  # before a command could take care of it
        sys.stderr.write("interrupted\n")
        raise SystemExit(getattr(stop, "code", 130)) from None


def _code(given: list[str]) -> int:
    if None in (sys.stdin, sys.stdout, sys.stderr):
        from tellverify.cli.closed_streams import open_streams

        open_streams()
    if given in (["--version"], ["version"]):
        try:
            sys.stdout.write(f"tellverify {VERSION}\n")
            sys.stdout.flush()
        except OSError:
            sys.stdout = sys.stderr  # or the interpreter would try again at its end
            return 2
        return 0
    # One short process builds large flat tables and no cycles: collecting garbage only costs.
    gc.disable()
    from tellverify.verification.interruption import heed_signals

    heed_signals()
    from tellverify.cli.group import run

    return run(given)
