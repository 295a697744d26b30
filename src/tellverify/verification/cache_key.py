"""The user's cache folder, and the key in it that marks the entries of this user.

A result that is taken from a file is believed only with a code (HMAC-SHA256, RFC 2104) that this
key makes: who can write the file and cannot read the key cannot put a verdict into it.
"""

from __future__ import annotations

import hmac
import os
import secrets
import stat
import sys
from contextlib import suppress
from typing import Final

_NAME: Final = "key"
_LENGTH: Final = 32


class NoKey(Exception):
    """There is no key to authenticate entries with; the text says why."""


def user_folder() -> str:
    """The folder for the caches of this program of this user, absolute. Raises NoKey."""
    home = os.path.expanduser("~")
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "")
    elif sys.platform == "darwin":
        base = os.path.join(home, "Library", "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME", "")
        if not os.path.isabs(base):  # the XDG base directory specification: such a path is ignored
            base = os.path.join(home, ".cache")
    if not os.path.isabs(base):
        raise NoKey("the user has no home folder")
    return os.path.join(base, "tellverify")


def is_user_folder(path: str) -> bool:
    """Whether `path` is the folder for the caches of this user, links resolved."""
    try:
        return os.path.realpath(path) == os.path.realpath(user_folder())
    except NoKey:
        return False


def user_key() -> bytes:
    """The key of this user, made if there is none yet. Raises NoKey."""
    folder = user_folder()
    path = os.path.join(folder, _NAME)
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        if not os.path.lexists(path):
            _make(folder, path)
        return _read(path)
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise NoKey(f"its key {path} cannot be read: {why}") from None


def seal(key: bytes, name: str, text: bytes) -> bytes:
    """The code for `text` as the entry called `name`."""
    parts = (b"%d:" % len(name.encode()), name.encode(), text)
    return hmac.digest(key, b"".join(parts), "sha256")


def is_sealed(key: bytes, name: str, text: bytes, given: bytes) -> bool:
    """Whether `given` is the code for `text` as the entry called `name`."""
    return hmac.compare_digest(seal(key, name, text), given)


def _make(folder: str, path: str) -> None:
    """Make the key whole or not at all: another process may look for it at the same moment."""
    new = os.path.join(folder, f"{_NAME}.{secrets.token_hex(8)}")
    number = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(secrets.token_bytes(_LENGTH))
        with suppress(FileExistsError):
            os.link(new, path)
    finally:
        os.remove(new)


def _read(path: str) -> bytes:
    number = os.open(
        path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    )
    with os.fdopen(number, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise NoKey(f"its key {path} is not a regular file")
        if sys.platform != "win32":
            if status.st_uid != os.geteuid():
                raise NoKey(f"its key {path} belongs to another user")
            if status.st_mode & 0o077:
                raise NoKey(f"users other than its owner can read its key {path}")
        content = file.read(_LENGTH + 1)
    if len(content) != _LENGTH:
        raise NoKey(f"its key {path} does not have {_LENGTH} bytes")
    return content
