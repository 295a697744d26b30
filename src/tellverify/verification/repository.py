"""What git knows about files: which ones it tracks, and what they held at a revision."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

import msgspec

from tellverify.language.files import inputs
from tellverify.language.files.work_tree import top_of
from tellverify.verification.git import NoRepository, ask, differences, names


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
    commit, _ = _commit_and_top(top, revision)
    name = _below(place, top)
    if not ask(top, "ls-tree", "-z", commit, "--", name):
        return None
    return ask(top, "cat-file", "blob", f"{commit}:{name}")


def _below(place: str, top: str) -> str:
    """A path, its last part not resolved, as git names it from the top of its work tree."""
    return os.path.relpath(_place(place), top).replace(os.sep, "/")


def _place(path: str) -> str:
    """The real path of a file or folder that may be a link itself."""
    folder, name = os.path.split(os.path.abspath(path))
    return os.path.join(os.path.realpath(folder), name)


def _lines(folder: str, *arguments: str) -> str:
    """What git prints, without its last end of line. Raises NoRepository."""
    return os.fsdecode(ask(folder, *arguments)).rstrip("\n")


class RevisionPoint(msgspec.Struct, frozen=True):
    """The commit where the work since a revision began, and the top of the work tree."""

    commit: str
    top: str


class Differences(msgspec.Struct, frozen=True):
    """The files of a work tree that differ from a commit.

    `changed` are those that git tracks, now or then, `untracked` those that it does not know and
    that no `.gitignore` names, and `unchanged` the others that it tracks. Links among them are not
    followed; files of a submodule are in none of the three.
    """

    point: RevisionPoint
    changed: tuple[str, ...]
    untracked: tuple[str, ...]
    unchanged: tuple[str, ...]

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
    if not top_of("."):
        raise NoRepository("the working folder is not in a git work tree")
    commit, top = _commit_and_top(".", revision)
    try:
        base = _lines(".", "merge-base", commit, "HEAD")
    except NoRepository:
        base = ""  # no common history, as in a shallow clone
    return RevisionPoint(base or commit, top)


def _commit_and_top(folder: str, revision: str) -> tuple[str, str]:
    """The commit that a revision names in a folder, and the top of its work tree.

    Raises NoRepository.
    """
    if revision.startswith("-") or not revision.strip():
        raise NoRepository(f"`{revision}` is not a git revision")
    asked = ("--verify", "--end-of-options", f"{revision}^{{commit}}")
    try:
        said = _lines(folder, "rev-parse", "--show-toplevel", *asked)
    except NoRepository as error:
        if "single revision" in str(error):
            shallow = _lines(folder, "rev-parse", "--is-shallow-repository") == "true"
            more = "; this is a shallow clone, fetch the revision before" if shallow else ""
            raise NoRepository(f"git knows no revision `{revision}`{more}") from None
        if "expected commit" in str(error):
            raise NoRepository(f"`{revision}` is no commit") from None
        raise
    top, _, commit = said.rpartition("\n")
    return commit, os.path.realpath(top)


def differences_since(revision: str) -> Differences:
    """What differs from where the work since `revision` began. Raises NoRepository."""
    point = revision_point(revision)
    changed = differences(point.top, "--name-only", "--no-renames", point.commit, "--")
    listed = names(point.top, "ls-files", "-z", "-t", "--cached", "--others", "--exclude-standard")
    untracked = [name[2:] for name in listed if name.startswith("? ")]
    tracked = {name[2:] for name in listed if not name.startswith("? ")}
    unchanged = sorted(tracked.difference(changed))
    return Differences(
        point, *(_below_top(some, point.top) for some in (changed, untracked, unchanged))
    )


def _below_top(found: Iterable[str], top: str) -> tuple[str, ...]:
    """The files that git names from the top of its work tree."""
    return tuple(os.path.join(top, name) for name in found)


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


def lies_in_submodule(point: RevisionPoint, path: str) -> bool:
    """Whether a path was a submodule of the work tree at a commit, or lay in one.

    Raises NoRepository.
    """
    inside = _below(path, point.top).split("/")
    names_above = ["/".join(inside[:length]) for length in range(1, len(inside) + 1)]
    rows = names(point.top, "ls-tree", "-z", point.commit, "--", *names_above)
    return any(row.split(" ", 2)[1] == "commit" for row in rows)


def _submodule_at(point: RevisionPoint, top: str) -> RevisionPoint | None:
    """The commit of a submodule at that of its work tree, None where it was none."""
    name = os.path.relpath(top, point.top).replace(os.sep, "/")
    said = _lines(point.top, "ls-tree", "-z", point.commit, "--", name).split()
    if len(said) < 3 or said[1] != "commit":
        return None
    try:
        ask(top, "cat-file", "-e", f"{said[2]}^{{commit}}")
    except NoRepository:
        reason = (
            f"the submodule {name} lacks the commit that it had then: fetch {said[2][:12]} there"
        )
        raise NoRepository(reason) from None
    return RevisionPoint(said[2], top)


def _blobs_at(point: RevisionPoint, places: Sequence[str]) -> dict[str, bytes]:
    if not places:
        return {}
    below = [os.path.relpath(place, point.top).replace(os.sep, "/") for place in places]
    asked = "".join(f"{point.commit}:{name}\n" for name in below if "\n" not in name)
    rest = ask(point.top, "cat-file", "--batch", given=os.fsencode(asked))
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


def tracked_in(entries: Sequence[str]) -> list[str]:
    """The files with protocols that git tracks among `entries` and below them, sorted.

    Of its own folder git never tracks anything. Raises NoRepository where there is a work tree and
    git cannot be asked about it.
    """
    asked = [entry for entry in entries if os.path.basename(entry) != ".git"]
    tracked = tracked_below(".") if asked else frozenset()
    here = os.path.realpath(".")
    found = set()
    for entry in asked:
        place = os.path.join(here, entry)
        inside = os.path.join(place, "")
        for path in tracked:
            if path == place or path.startswith(inside):
                found.add(os.path.relpath(path, here).replace(os.sep, "/"))
    return [path for path in sorted(found) if inputs.may_hold_protocols(path)]
