"""Whether a file that a check may read has changed, by times and sizes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from tellverify.verification.configuration_files import NAME, SHARED

PAUSE: Final = 0.3  # seconds between two looks at the files
_WATCHED: Final = (".tell", ".rs", ".md", ".toml", ".json")
_LEFT_OUT: Final = frozenset({"node_modules", "__pycache__", "target"})

Stamps: TypeAlias = dict[str, tuple[int, int]]


def stamps(paths: Iterable[str] = ()) -> Stamps:
    """Times and sizes of everything that a check may read below the working folder or `paths`.

    A path that is no folder stands for itself, whatever its suffix, and for its folder, where files
    that it imports may be.
    """
    found: Stamps = {}
    for path in dict.fromkeys((".", *paths)):
        if not os.path.isdir(path):
            _note(path, found)
            folder = os.path.dirname(path)
            if folder and _is_outside(folder):
                _note_all(((folder, name) for name in _names(folder)), found)
        elif path == "." or _is_outside(path):
            _note_all(_files_below(path), found)
    return found


def _is_outside(folder: str) -> bool:
    """Whether a folder is not below the working folder, which is looked at anyway."""
    return os.path.relpath(folder).startswith(os.pardir)


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _files_below(top: str) -> Iterator[tuple[str, str]]:
    for where, folders, files in os.walk(top):
        folders[:] = [
            name for name in folders if not name.startswith(".") and name not in _LEFT_OUT
        ]
        for name in files:
            yield where, name


def _note_all(files: Iterable[tuple[str, str]], found: Stamps) -> None:
    for where, name in files:
        if name.endswith(_WATCHED) or name in (NAME, SHARED):
            _note(os.path.join(where, name), found)


def _note(path: str, found: Stamps) -> None:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return
    found[path] = (status.st_mtime_ns, status.st_size)
