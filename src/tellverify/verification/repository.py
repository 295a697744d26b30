"""What git knows about files: which ones it tracks, and what they held at a revision.

Nothing that a repository configures is executed: no monitor of files, no hook, no pager.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from typing import Final

QUIET: Final = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-pager")


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
    """The content of `path` at `revision`, None where it was not there. Raises NoRepository.

    What lies in another work tree than the working folder, such as a submodule, was not there: its
    revisions are those of another repository.
    """
    place = os.path.abspath(path)
    top = top_of(os.path.dirname(place))
    if not top:
        raise NoRepository(f"{path} is not in a git work tree")
    if top_of(".") not in ("", top):
        return None
    if revision.startswith("-") or not revision.strip():
        raise NoRepository(f"`{revision}` is not a git revision")
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
    command: Sequence[str] = ("git", *QUIET, *arguments)
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


def base_of(revision: str) -> str:
    """The commit where the work since `revision` began. Raises NoRepository."""
    if revision.startswith("-") or not revision.strip():
        raise NoRepository(f"`{revision}` is not a git revision")
    if not top_of("."):
        raise NoRepository("the working folder is not in a git work tree")
    try:
        commit = _git(".", "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    except NoRepository as error:
        if "single revision" in str(error):
            shallow = _git(".", "rev-parse", "--is-shallow-repository").strip() == "true"
            more = "; this is a shallow clone, fetch the revision before" if shallow else ""
            raise NoRepository(f"git knows no revision `{revision}`{more}") from None
        if "expected commit" in str(error):
            raise NoRepository(f"`{revision}` is no commit") from None
        raise
    try:
        return _git(".", "merge-base", commit.strip(), "HEAD").strip() or commit.strip()
    except NoRepository:
        return commit.strip()  # no common history, as in a shallow clone


def changed_names(commit: str, paths: Sequence[str]) -> dict[str, str]:
    """The files below `paths` that differ from a commit: real paths, with the paths to show.

    Raises NoRepository.
    """
    top = os.path.realpath(_git(".", "rev-parse", "--show-toplevel").rstrip("\n"))
    diff = ("diff", "--name-only", "-z", "--no-renames", commit, "--", *paths)
    names = _git(".", "--literal-pathspecs", *diff)
    places = [os.path.join(top, name) for name in names.split("\0") if name]
    return {place: os.path.relpath(place).replace(os.sep, "/") for place in places}


def contents_at(commit: str, places: Sequence[str]) -> dict[str, bytes]:
    """The contents of files at a commit, by real path; files that were not there are left out.

    One process reads them all. Raises NoRepository.
    """
    if not places:
        return {}
    top = os.path.realpath(_git(".", "rev-parse", "--show-toplevel").rstrip("\n"))
    names = [os.path.relpath(place, top).replace(os.sep, "/") for place in places]
    asked = "".join(f"{commit}:{name}\n" for name in names if "\n" not in name)
    command = ("git", *QUIET, "cat-file", "--batch")
    try:
        done = subprocess.run(
            command, input=os.fsencode(asked), cwd=top, capture_output=True, check=False
        )
    except OSError as error:
        raise NoRepository(f"git cannot be run: {error.strerror}") from None
    found: dict[str, bytes] = {}
    rest = done.stdout
    for place, name in zip(places, names, strict=True):
        if "\n" in name:
            continue
        head, _, rest = rest.partition(b"\n")
        parts = head.rsplit(b" ", 2)
        if len(parts) < 3 or not parts[-1].isdigit():
            continue
        size = int(parts[-1])
        if parts[-2] == b"blob":
            found[place] = rest[:size]
        rest = rest[size + 1 :]
    return found
