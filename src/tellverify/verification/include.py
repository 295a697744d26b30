"""The files that the `include` patterns of a configuration name."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from tellverify.language.files import inputs


def included(
    patterns: Sequence[str], folder: str = ".", counts: Callable[[str], bool] | None = None
) -> tuple[list[str], list[str]]:
    """The files below `folder` that match a pattern, and the patterns that match none.

    `*` and `?` stay within one name, `**` stands for any folders. Files that begin with a dot, that
    `.gitignore` names or that are reached through linked folders are left out. Paths are relative
    to `folder`, in the order of the patterns, each once. `counts` is as for `inputs.find`.
    """
    found: dict[str, None] = {}
    empty = []
    for pattern in patterns:
        names = list(_matching(pattern.replace("\\", "/"), folder, counts))
        if not names:
            empty.append(pattern)
        found.update(dict.fromkeys(names))
    return list(found), empty


def without_excluded(
    found: Iterable[str], named: Collection[str], patterns: Sequence[str], folder: str
) -> Iterator[str]:
    """The paths that no pattern excludes, and those that are `named` themselves."""
    return (path for path in found if path in named or not _excluded(path, patterns, folder))


def _excluded(path: str, patterns: Sequence[str], folder: str) -> bool:
    """Whether a file lies where one of `patterns` says, or below a folder that lies there.

    Patterns are relative to `folder`, `path` to the working folder.
    """
    names = os.path.relpath(path, folder).replace(os.sep, "/").split("/")
    for pattern in patterns:
        parts = [part for part in pattern.replace("\\", "/").split("/") if part not in ("", ".")]
        if any(matches(_tests(parts), names[:count]) for count in range(1, len(names) + 1)):
            return True
    return False


def _tests(parts: Sequence[str]) -> list[re.Pattern[str] | None]:
    return [None if part == "**" else re.compile(fnmatch.translate(part)) for part in parts]


def _matching(pattern: str, folder: str, counts: Callable[[str], bool] | None) -> Iterator[str]:
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    if not any(char in pattern for char in "*?["):
        path = "/".join(parts)
        if pattern.startswith("/"):
            path = f"/{path}"
        if os.path.lexists(os.path.join(folder, path)):
            yield from inputs.find([path], counts=counts)
        return
    plain = 0
    while plain < len(parts) - 1 and not any(char in parts[plain] for char in "*?["):
        plain += 1
    top = "/".join(parts[:plain]) or "."
    if pattern.startswith("/"):
        top = f"/{top}" if plain else "/"
    if not os.path.isdir(os.path.join(folder, top)):
        return
    tests = _tests(parts[plain:])
    for path in inputs.find([top], counts=counts):
        if matches(tests, os.path.relpath(path, top).replace(os.sep, "/").split("/")):
            yield path


def matches(tests: Sequence[re.Pattern[str] | None], names: Sequence[str]) -> bool:
    """Whether a path fits a pattern, part by part; None fits any number of folders.

    One row of a table for each part of the pattern, so that no pattern takes long.
    """
    row = [True, *([False] * len(names))]
    for test in tests:
        if test is None:
            reached = False
            following = []
            for before in row:
                reached = reached or before
                following.append(reached)
            row = following
        else:
            steps = zip(row[:-1], names, strict=True)
            fits = (before and test.match(name) is not None for before, name in steps)
            row = [False, *fits]
    return row[-1]
