"""Limits of time and memory: how much is left, and the reasons given for stopping."""

from __future__ import annotations

import time
from typing import Final

from tellverify.diagnostics.limits import memory_limit
from tellverify.language.files.inputs import ReadFile
from tellverify.obligations.options import Options
from tellverify.verdict.run import Input
from tellverify.verification.checked import FileResult

_OTHERWISE: Final = "another run or machine may decide more"
TOO_MUCH_MEMORY: Final = f"it needs more memory than `--memory` allows; {_OTHERWISE}"


def seconds_of(options: Options) -> float | None:
    """What a protocol may take: its own limit, or the remaining time of the whole check."""
    if options.until is None:
        return options.seconds
    left = max(options.until - time.monotonic(), 0.0)
    return left if options.seconds is None else min(left, options.seconds)


def too_late(options: Options) -> str:
    """Why a protocol has no answer in time, without what the clock says."""
    is_over = options.until is not None and time.monotonic() >= options.until
    if options.seconds is not None and not is_over:
        limit = f"no answer within {options.seconds:g} s"
    elif options.total is not None:
        limit = f"no time was left of the {options.total:g} s for the whole check"
    else:
        limit = "no time was left"
    return f"{limit}; {_OTHERWISE}"


def demand_lack_of_memory(error: Exception) -> None:
    """Raise `error` again unless it says that there is no memory.

    The interpreter can lose a MemoryError while it handles it, and then says that an error was
    returned without one being set.
    """
    if isinstance(error, SystemError) and "without exception set" not in str(error):
        raise error


def without_memory(file: ReadFile) -> FileResult:
    """The result of a file that cannot even be read with the memory there is."""
    read = Input(file.path, file.sha256)
    return FileResult(read, file.source(), [], [memory_limit(file.path)], [], [], {}, {})
