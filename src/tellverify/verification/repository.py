"""What git knows about files: which ones it tracks, and what they held at a revision."""

from __future__ import annotations

import os
from collections.abc import Sequence

from tellverify.language.files.work_tree import top_of
from tellverify.verification.git import NoRepository, ask, differences, names


def is_tracked(path: str) -> bool:
    """Whether git has `path`, or what it leads to, in its index; also when git cannot be asked."""
    for place in dict.fromkeys((os.path.abspath(path), os.path.realpath(path))):
        top = top_of(os.path.dirname(place))
        if not top:
            continue
        try:
            if ask(top, "ls-files", "-z", "--", f":(top,literal){_below(place, top)}"):
                return True
        except NoRepository:
            return True
    return False


def tracked_below(folder: str) -> frozenset[str]:
    """The real paths of all files below `folder` that git tracks; none outside of a work tree.

    Raises NoRepository where there is a work tree and git cannot be asked about it.
    """
    top = top_of(folder)
    if not top:
        return frozenset()
    below = os.path.relpath(os.path.realpath(folder), top).replace(os.sep, "/")
    inside = () if below == "." else ("--", f":(top,literal){below}")
    return frozenset(os.path.join(top, name) for name in names(top, "ls-files", "-z", *inside))


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
    commit = _line(top, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    name = _below(place, top)
    if not ask(top, "ls-tree", "-z", commit, "--", name):
        return None
    return ask(top, "cat-file", "blob", f"{commit}:{name}")


def _below(place: str, top: str) -> str:
    """A path, its last part not resolved, as git names it from the top of its work tree."""
    folder, name = os.path.split(place)
    return os.path.relpath(os.path.join(os.path.realpath(folder), name), top).replace(os.sep, "/")


def _line(folder: str, *arguments: str) -> str:
    """The line that git prints. Raises NoRepository."""
    return os.fsdecode(ask(folder, *arguments)).rstrip("\n")


def base_of(revision: str) -> str:
    """The commit where the work since `revision` began. Raises NoRepository."""
    if revision.startswith("-") or not revision.strip():
        raise NoRepository(f"`{revision}` is not a git revision")
    if not top_of("."):
        raise NoRepository("the working folder is not in a git work tree")
    try:
        commit = _line(".", "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    except NoRepository as error:
        if "single revision" in str(error):
            shallow = _line(".", "rev-parse", "--is-shallow-repository") == "true"
            more = "; this is a shallow clone, fetch the revision before" if shallow else ""
            raise NoRepository(f"git knows no revision `{revision}`{more}") from None
        if "expected commit" in str(error):
            raise NoRepository(f"`{revision}` is no commit") from None
        raise
    try:
        return _line(".", "merge-base", commit, "HEAD") or commit
    except NoRepository:
        return commit  # no common history, as in a shallow clone


def changed_names(commit: str, paths: Sequence[str]) -> dict[str, str]:
    """The files below `paths` that differ from a commit: real paths, with the paths to show.

    Raises NoRepository.
    """
    top = os.path.realpath(_line(".", "rev-parse", "--show-toplevel"))
    changed = differences(".", "--name-only", "--no-renames", commit, "--", *paths)
    places = [os.path.join(top, name) for name in changed]
    return {place: os.path.relpath(place).replace(os.sep, "/") for place in places}


def contents_at(commit: str, places: Sequence[str]) -> dict[str, bytes]:
    """The contents of files at a commit, by real path; files that were not there are left out.

    One process reads them all. Raises NoRepository.
    """
    if not places:
        return {}
    top = os.path.realpath(_line(".", "rev-parse", "--show-toplevel"))
    below = [os.path.relpath(place, top).replace(os.sep, "/") for place in places]
    asked = "".join(f"{commit}:{name}\n" for name in below if "\n" not in name)
    rest = ask(top, "cat-file", "--batch", given=os.fsencode(asked))
    found: dict[str, bytes] = {}
    for place, name in zip(places, below, strict=True):
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
