"""Files written atomically: no path ever has a partial text."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress


def replace_file(path: str, content: bytes) -> None:
    """Make `content` that of the file at `path`, at once; on an error the file stays as it was.

    A link stays a link to the file that is replaced, and the permissions of that file stay. A path
    that is not a regular file, such as a device or pipe, is written to. Raises OSError.
    """
    target = os.path.realpath(path)
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        mode = 0
    if mode and not stat.S_ISREG(mode):
        with open(target, "wb") as file:
            file.write(content)
        return
    if mode and not os.access(target, os.W_OK):
        raise PermissionError(13, os.strerror(13), path)
    number, new = tempfile.mkstemp(prefix=".tellverify-", dir=os.path.dirname(target))
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
        os.chmod(new, stat.S_IMODE(mode) if mode else 0o666 & ~_mask())
        os.replace(new, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(new)
        raise


def replace_text(path: str, text: str, errors: str = "strict") -> None:
    """`replace_file` of a text as UTF-8, with its line breaks unchanged."""
    replace_file(path, text.encode("utf-8", errors))


def _mask() -> int:
    """The permissions that new files do not get."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
