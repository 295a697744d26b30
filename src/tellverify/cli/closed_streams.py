"""Standard streams for a process that was started without them.

A closed number would go to the next file that is opened, and output into that file.
"""

from __future__ import annotations

import errno
import io
import os
import sys


class _Closed(io.RawIOBase):
    """What nothing can be written to."""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))


def open_streams() -> None:
    """Put something in the place of each closed stream: nothing to read, nowhere to write to."""
    number = os.open(os.devnull, os.O_RDWR)
    while number <= 2:
        number = os.dup(number)
    os.close(number)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115
    if sys.stdout is None:
        closed = io.BufferedWriter(_Closed())
        sys.stdout = io.TextIOWrapper(closed, encoding="utf-8", newline="\n")
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8")  # noqa: SIM115
