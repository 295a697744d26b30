"""What git knows about files: which ones it tracks, and what they held at a revision.

Nothing that a repository configures is executed: no monitor of files, no hook, no pager.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

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


def real_paths(paths: Iterable[str]) -> list[str]:
    """The real paths of files; each folder is resolved once."""
    folders: dict[str, str] = {}
    found = []
    for path in paths:
        folder, name = os.path.split(path)
        if folder not in folders:
            folders[folder] = os.path.realpath(folder)
        plain = name not in ("", os.curdir, os.pardir) and not os.path.islink(path)
        found.append(os.path.join(folders[folder], name) if plain else os.path.realpath(path))
    return found


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
    return os.path.relpath(_place(place), top).replace(os.sep, "/")


def _place(path: str) -> str:
    """The real path of a file or folder that may be a link itself."""
    folder, name = os.path.split(os.path.abspath(path))
    return os.path.join(os.path.realpath(folder), name)


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


class RevisionPoint(msgspec.Struct, frozen=True):
    """The commit where the work since a revision began, and the top of the work tree."""

    commit: str
    top: str


class Differences(msgspec.Struct, frozen=True):
    """The files of a work tree that differ from a commit.

    `changed` are those that git tracks, now or then, and `untracked` those that it does not know
    and that no `.gitignore` names. Links among them are not followed.
    """

    point: RevisionPoint
    changed: tuple[str, ...]
    untracked: tuple[str, ...]

    def below(self, paths: Sequence[str]) -> dict[str, str]:
        """The changed files at or below `paths`: real paths, with the paths to show."""
        within = {place for path in paths for place in (os.path.realpath(path), _place(path))}
        inside = tuple(os.path.join(one, "") for one in within)
        return {
            place: os.path.relpath(place).replace(os.sep, "/")
            for place in self.changed
            if place in within or place.startswith(inside)
        }


def revision_point(revision: str) -> RevisionPoint:
    """Where the work since `revision` began. Raises NoRepository."""
    if revision.startswith("-") or not revision.strip():
        raise NoRepository(f"`{revision}` is not a git revision")
    if not top_of("."):
        raise NoRepository("the working folder is not in a git work tree")
    asked = ("--verify", "--end-of-options", f"{revision}^{{commit}}")
    try:
        said = _git(".", "rev-parse", "--show-toplevel", *asked)
    except NoRepository as error:
        if "single revision" in str(error):
            shallow = _git(".", "rev-parse", "--is-shallow-repository").strip() == "true"
            more = "; this is a shallow clone, fetch the revision before" if shallow else ""
            raise NoRepository(f"git knows no revision `{revision}`{more}") from None
        if "expected commit" in str(error):
            raise NoRepository(f"`{revision}` is no commit") from None
        raise
    top, _, commit = said.rstrip("\n").rpartition("\n")
    try:
        base = _git(".", "merge-base", commit, "HEAD").strip()
    except NoRepository:
        base = ""  # no common history, as in a shallow clone
    return RevisionPoint(base or commit, os.path.realpath(top))


def differences_since(revision: str) -> Differences:
    """What differs from where the work since `revision` began. Raises NoRepository."""
    point = revision_point(revision)
    tracked = _git(".", "diff", "--name-only", "-z", "--no-renames", point.commit, "--")
    unknown = _git(".", "ls-files", "--others", "--exclude-standard", "--full-name", "-z", ":/")
    return Differences(point, _named(tracked, point.top), _named(unknown, point.top))


def _named(names: str, top: str) -> tuple[str, ...]:
    """The files that git names from the top of its work tree."""
    return tuple(os.path.join(top, name) for name in names.split("\0") if name)


def contents_at(point: RevisionPoint, places: Sequence[str]) -> dict[str, bytes]:
    """The contents of files at a commit, by real path; files that were not there are left out.

    Those in a submodule are of the commit that it had then. One process reads all of a work tree.
    Raises NoRepository.
    """
    by_tree: dict[str, list[str]] = {}
    for place in places:
        by_tree.setdefault(_tree_below(place, point.top), []).append(place)
    found = _blobs_at(point, by_tree.pop("", []))
    for top, inner in by_tree.items():
        then = _submodule_at(point, top)
        if then is not None:
            found |= contents_at(then, inner)
    return found


def _tree_below(place: str, top: str) -> str:
    """The outermost submodule of the work tree `top` that a file lies in, empty for none."""
    found = ""
    folder = os.path.dirname(place)
    while folder.startswith(os.path.join(top, "")):
        if os.path.lexists(os.path.join(folder, ".git")):
            found = folder
        folder = os.path.dirname(folder)
    return found


def _submodule_at(point: RevisionPoint, top: str) -> RevisionPoint | None:
    """The commit of a submodule at that of its work tree, None where it was none."""
    name = os.path.relpath(top, point.top).replace(os.sep, "/")
    said = _git(point.top, "ls-tree", "-z", point.commit, "--", name).split()
    if len(said) < 3 or said[1] != "commit":
        return None
    try:
        _git(top, "cat-file", "-e", f"{said[2]}^{{commit}}")
    except NoRepository:
        reason = (
            f"the submodule {name} lacks the commit that it had then: fetch {said[2][:12]} there"
        )
        raise NoRepository(reason) from None
    return RevisionPoint(said[2], top)


def _blobs_at(point: RevisionPoint, places: Sequence[str]) -> dict[str, bytes]:
    if not places:
        return {}
    names = [os.path.relpath(place, point.top).replace(os.sep, "/") for place in places]
    asked = "".join(f"{point.commit}:{name}\n" for name in names if "\n" not in name)
    command = ("git", *QUIET, "cat-file", "--batch")
    try:
        done = subprocess.run(
            command, input=os.fsencode(asked), cwd=point.top, capture_output=True, check=False
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
