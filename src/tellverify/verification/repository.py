"""What git knows about files: which ones it tracks, and what they held at a revision.

Nothing that a repository configures is executed: no monitor of files, no hook, no pager.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from typing import Final

_QUIET: Final = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-pager")


class NoRepository(Exception):
    """Git cannot be asked, or cannot answer; the text says why."""


def top_of(folder: str) -> str:
    """The top of the work tree that `folder` lies in, empty outside of any; git is not needed."""
    here = os.path.realpath(folder)
    while not os.path.lexists(os.path.join(here, ".git")):
        above = os.path.dirname(here)
        if above == here:
            return ""
        here = above
    return here


def is_tracked(path: str) -> bool:
    """Whether git has `path`, or what it leads to, in its index; also when git cannot be asked."""
    for place in dict.fromkeys((os.path.abspath(path), os.path.realpath(path))):
        top = top_of(os.path.dirname(place))
        if not top:
            continue
        try:
            if _git(top, "ls-files", "-z", "--", f":(top,literal){_below(place, top)}"):
                return True
        except NoRepository:
            return True
    return False


def tracked_below(folder: str) -> frozenset[str]:
    """The real paths of all files below `folder` that git tracks; none outside of a work tree.

    Raises NoRepository where there is a work tree and git cannot be asked about it.
    """
    if not top_of(folder):
        return frozenset()
    here = os.path.realpath(folder)
    names = _git(here, "ls-files", "-z").split("\0")
    return frozenset(os.path.join(here, name) for name in names if name)


def text_at(revision: str, path: str) -> bytes | None:
    """The content of `path` at `revision`, None where it was not there. Raises NoRepository."""
    place = os.path.abspath(path)
    top = top_of(os.path.dirname(place))
    if not top:
        raise NoRepository(f"{path} is not in a git work tree")
    if revision.startswith("-") or not revision.strip():
        raise NoRepository(f"`{revision}` is no git revision")
    commit = _git(top, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    name = _below(place, top)
    if not _git(top, "ls-tree", "-z", commit.strip(), "--", name):
        return None
    return os.fsencode(_git(top, "cat-file", "blob", f"{commit.strip()}:{name}"))


def _below(place: str, top: str) -> str:
    """A path, its last part not resolved, as git names it from the top of its work tree."""
    folder, name = os.path.split(place)
    return os.path.relpath(os.path.join(os.path.realpath(folder), name), top).replace(os.sep, "/")


def _git(folder: str, *arguments: str) -> str:
    command: Sequence[str] = ("git", *_QUIET, *arguments)
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, check=False, stdin=subprocess.DEVNULL
        )
    except OSError as error:
        raise NoRepository(f"git cannot be run: {error.strerror}") from None
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise NoRepository(lines[0] if lines else f"git ends with {done.returncode}")
    return os.fsdecode(done.stdout)
