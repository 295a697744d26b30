"""The policies that come with the package, under names such as `builtin:aura`.

Findings and evidence name their files as `builtin:aura/packs.toml`: no output depends on where
the package is installed.
"""

from __future__ import annotations

import os
import shutil
from errno import EEXIST
from typing import Final

PREFIX: Final = "builtin:"
NAMES: Final = ("aura",)
_HERE: Final = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "policy")


def is_builtin(path: str) -> bool:
    """Whether a path names a policy of the package, or one of its files."""
    return path.startswith(PREFIX)


def name_of_policy(given: str, folder: str = ".") -> str:
    """The policy that is meant by a path: `aura` is the built-in one where no such path exists."""
    if given in NAMES and not os.path.exists(os.path.join(folder, given)):
        return f"{PREFIX}{given}"
    return given


def located(path: str) -> str:
    """The file or folder behind a path: the path itself unless it is built in.

    A path that leads out of the built-in policies leads to a name that no file has.
    """
    if not is_builtin(path):
        return path
    inside = os.path.normpath(path.removeprefix(PREFIX)).replace(os.sep, "/")
    name = inside.partition("/")[0]
    return os.path.join(_HERE, *inside.split("/")) if name in NAMES else os.path.join(_HERE, PREFIX)


def files_of(path: str) -> tuple[str, ...]:
    """The files of a policy that is a folder, in the order of their names. Raises OSError."""
    names = os.listdir(located(path))
    return tuple(
        f"{path.rstrip('/')}/{name}" if is_builtin(path) else os.path.join(path, name)
        for name in sorted(names)
        if name.endswith(".toml") and not name.startswith(".")
    )


def is_folder(path: str) -> bool:
    """Whether a policy is a folder."""
    return os.path.isdir(located(path))


def exported(path: str, target: str) -> tuple[str, ...]:
    """Write the files of a built-in policy and of the fact schemas beside it into a folder.

    Returns the paths that were written. Raises FileExistsError before anything is written where
    one of them exists, and OSError where one cannot be written.
    """
    top = located(path)
    pairs = []
    for folder, folders, names in os.walk(top):
        folders.sort()
        for name in sorted(names):
            if name.endswith(".toml"):
                source = os.path.join(folder, name)
                pairs.append((source, os.path.join(target, os.path.relpath(source, top))))
    for _, copy in pairs:
        if os.path.lexists(copy):
            raise FileExistsError(EEXIST, os.strerror(EEXIST), copy)
    for source, copy in pairs:
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        shutil.copyfile(source, copy)
    return tuple(copy.replace(os.sep, "/") for _, copy in pairs)
