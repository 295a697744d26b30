"""The entry point. Commands are imported only when they are called: start-up counts in CI."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

from tellverify.version import VERSION


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
