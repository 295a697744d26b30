"""The end of a command that cannot go on."""

from __future__ import annotations

from tellverify.cli.exit import Exit


class Stopped(Exception):
    """There is nothing to show; what was wrong has been said on standard error."""

    def __init__(self, code: Exit) -> None:
        super().__init__(code)
        self.code = code
