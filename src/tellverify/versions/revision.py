"""The old side of a comparison with a git revision: the files that differ, as they were."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from tellverify.language.files import inputs
from tellverify.language.files.inputs import ReadFile
from tellverify.language.files.neighbours import declared_modules, neighbours
from tellverify.verification.changed_files import changed_files
from tellverify.verification.git import NoRepository
from tellverify.verification.repository import (
    Differences,
    RevisionPoint,
    contents_at,
    differences_since,
    lies_in_submodule,
    real_paths,
)
from tellverify.versions.fact_changes import SchemaTexts, is_schema, text_of

_SCHEME: Final = "git:"
_CHOREOGRAPHIES: Final = (inputs.SUFFIX, *inputs.EMBEDDING)


class RevisionFiles(msgspec.Struct, frozen=True):
    """Files that differ from a revision, or import one that does: as they were, and as they are.

    `also_old` and `also_new` are files that they may import, `schemas` fact schemas that differ.
    `moved` are old files from elsewhere that are gone, where some of `new` did not exist: protocols
    may have moved from the ones to the others. Old files have the path of the file behind
    `git:REVISION/`; `commit` is that of the revision.
    """

    old: tuple[ReadFile, ...]
    new: tuple[ReadFile, ...]
    also_old: tuple[ReadFile, ...]
    also_new: tuple[ReadFile, ...]
    schemas: tuple[SchemaTexts, ...] = ()
    commit: str = ""
    moved: tuple[ReadFile, ...] = ()


def old_path(revision: str, path: str) -> str:
    """The path under which an old file is shown: `git:main/protocols/ota.tell`."""
    plain = "".join(char if char.isalnum() or char in "._-/~^" else "-" for char in revision)
    return f"{_SCHEME}{plain}/{path}"


def place_of(path: str, revision: str) -> str:
    """The path of the file, of an old one too."""
    return path.removeprefix(old_path(revision, ""))


def files_against(revision: str, paths: Sequence[str], files: Sequence[ReadFile]) -> RevisionFiles:
    """What differs from `revision` among `files` and what was at `paths` before.

    A file differs when one that it imports does, be it among `files` or beside them. The revision
    is where the work since it began, as for `check --changed-since`. Raises NoRepository where
    git cannot say.
    """
    since = differences_since(revision)
    _require_inside(paths, since.point.top)
    read = [*files, *neighbours(files)]
    changed = changed_files(since, read)
    touched = since.below(paths)
    _require_there(paths, touched, since.point, revision)
    places = real_paths(file.path for file in files)
    now = set(places)
    wanted = {
        shown: place
        for place, shown in touched.items()
        if place not in now and shown.endswith(_CHOREOGRAPHIES)
    }
    asked = [number for number in sorted(changed) if number < len(files)]
    for number in asked:
        wanted[files[number].path] = places[number]
    imported = _beside(since, files) | _places(read[len(files) :])
    tables = [place for place in touched if place.endswith((".toml", ".rs"))]
    before = contents_at(since.point, [*wanted.values(), *imported, *tables])
    old = _as_they_were(wanted, before, revision)
    moved: list[ReadFile] = []
    if any(places[number] not in before for number in asked):
        moved = _gone_elsewhere(since, wanted.values(), revision)
    was = [*old, *moved]
    placed = [msgspec.structs.replace(one, path=place_of(one.path, revision)) for one in was]
    later = _places(neighbours([*placed, *files]))
    before |= contents_at(since.point, [place for place in later if place not in before])
    rest = [file for number, file in enumerate(files) if number not in changed]
    known = {*wanted.values(), *places}
    beside = {shown: place for place, shown in (imported | later).items() if place not in known}
    also_old = [
        one for one in _as_they_were(beside, before, revision) if declared_modules(one.text or "")
    ]
    new = tuple(files[number] for number in asked)
    also_new = tuple(file for number, file in enumerate(read) if number not in asked)
    schemas = tuple(
        (touched[place], text, now_text)
        for place in tables
        if is_schema(place, text := before.get(place, b"").decode("utf-8", "replace"))
        and is_schema(place, now_text := text_of(place))
    )
    also = (*rest, *also_old)
    commit = since.point.commit
    return RevisionFiles(tuple(old), new, also, also_new, schemas, commit, tuple(moved))


def _gone_elsewhere(since: Differences, known: Collection[str], revision: str) -> list[ReadFile]:
    """The choreographies of the work tree that are gone, without the `known` ones.

    Raises NoRepository.
    """
    gone = {
        shown: place
        for place, shown in since.below([since.point.top]).items()
        if shown.endswith(_CHOREOGRAPHIES) and place not in known and not os.path.lexists(place)
    }
    return _as_they_were(gone, contents_at(since.point, list(gone.values())), revision)


def _as_they_were(
    wanted: Mapping[str, str], before: Mapping[str, bytes], revision: str
) -> list[ReadFile]:
    return [
        inputs.decode(old_path(revision, shown), before[place])
        for shown, place in wanted.items()
        if place in before
    ]


def _places(files: Sequence[ReadFile]) -> dict[str, str]:
    """The real paths of files, with the paths to show."""
    return {os.path.realpath(file.path): file.path for file in files}


def _beside(since: Differences, files: Sequence[ReadFile]) -> dict[str, str]:
    """The files beside `files` that differ: real paths, with the paths to show."""
    folders = sorted({os.path.dirname(file.path) or "." for file in files})
    places = {os.path.realpath(folder) for folder in folders}
    return {
        place: shown
        for place, shown in since.below(folders).items()
        if os.path.dirname(place) in places and shown.endswith(_CHOREOGRAPHIES)
    }


def _require_inside(paths: Sequence[str], top: str) -> None:
    for path in paths:
        if os.path.commonpath((top, os.path.realpath(path))) != top:
            raise NoRepository(f"{path} is outside of the git work tree")


def _require_there(
    paths: Sequence[str], touched: Iterable[str], point: RevisionPoint, revision: str
) -> None:
    """Every path is one of now or of the revision."""
    for path in paths:
        place = os.path.realpath(path)
        was_there = any(os.path.commonpath((place, one)) == place for one in touched)
        if os.path.lexists(path) or was_there:
            continue
        if lies_in_submodule(point, path):
            reason = f"it was in a submodule at `{revision}`, and that is gone with its files"
            raise NoRepository(f"{path}: {reason}")
        raise NoRepository(f"{path}: no such file or folder, now or at `{revision}`")
