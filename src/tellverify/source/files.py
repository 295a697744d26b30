"""Files read whole: never more than a limit, and never from a source that could block."""

from __future__ import annotations

import os
import stat


class Unreadable(Exception):
    """A file that cannot be read; the text says why, as the end of a sentence about it."""


class OverLimit(Unreadable):
    """A file of more bytes than are read."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"it has {size} bytes, more than the {limit} that are read")
        self.size = size


def read_bytes(path: str, limit: int, first: int | None = None) -> bytes:
    """The content of a regular file of at most `limit` bytes, or its `first` ones. Raises
    Unreadable.

    A file that grows while it is read is too large when it then has more.
    """
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            os.listdir(path)  # which may have a better reason
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable("it is not a regular file")
        if status.st_size > limit:
            raise OverLimit(status.st_size, limit)
        with open(path, "rb") as file:
            content = file.read(status.st_size + 1 if first is None else first)
            if first is None and len(content) > status.st_size:  # it has grown, or has no size
                content += file.read(limit + 1 - len(content))
    except FileNotFoundError:
        link = os.path.islink(path)
        raise Unreadable("the link leads nowhere" if link else "there is no such file") from None
    except (OSError, ValueError) as error:  # a path with a null character is a ValueError
        raise Unreadable(reason_of(error)) from None
    if len(content) > limit:
        raise OverLimit(len(content), limit)
    return content


def reason_of(error: OSError | ValueError) -> str:
    """Why a file could not be opened, read or written, as the system says it."""
    text = error.strerror if isinstance(error, OSError) else str(error)
    return (text or type(error).__name__).lower()
