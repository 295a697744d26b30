"""What is being checked, on one line of standard error, where a person waits for it."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from tellverify.report.escape import tame

_PAUSE: Final = 1.0  # seconds between two lines, and before the first


@contextmanager
def shown_progress() -> Iterator[Callable[[int, int, str], None]]:
    """A function to call for each file that is done, for a terminal.

    Nothing is written before a second has passed, and the line is taken away at the end.
    """
    written = False
    begin = last = time.monotonic()

    def tell(done: int, total: int, path: str) -> None:
        nonlocal last, written
        now = time.monotonic()
        if now - last < _PAUSE:
            return
        last = now
        written = True
        width = shutil.get_terminal_size((100, 24)).columns - 1
        line = f"{done} of {total} files  {now - begin:.0f} s  {tame(path)}"
        sys.stderr.write(f"\r{line[:width]:<{width}}")
        sys.stderr.flush()

    try:
        yield tell
    finally:
        if written:
            width = shutil.get_terminal_size((100, 24)).columns - 1
            sys.stderr.write(f"\r{'':<{width}}\r")
            sys.stderr.flush()
