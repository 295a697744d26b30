"""Exit codes of the command line, and the end of a command that cannot go on."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the exit code of `tellverify` says."""

    OK = 0
    REFUTED = 1
    USAGE = 2
    UNKNOWN = 3
    NOTHING_SELECTED = 4
    DEFECT = 70
    HUNG_UP = 129
    INTERRUPTED = 130
    TERMINATED = 143


class Stopped(Exception):
    """There is nothing to show; what was wrong has been said on standard error."""

    def __init__(self, code: Exit) -> None:
        super().__init__(code)
        self.code = code
