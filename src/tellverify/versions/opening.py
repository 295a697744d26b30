"""From paths and a git revision to the two sides of a comparison."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from tellverify.evidence.machines_file import MACHINES_SCHEMA, MachinesFile, machines_of
from tellverify.language.files import inputs
from tellverify.language.files.inputs import ReadFile
from tellverify.language.files.neighbours import neighbours
from tellverify.obligations.options import Options
from tellverify.source.text import SourceFile
from tellverify.verdict.versions import FailOn
from tellverify.verification.repository import (
    Differences,
    contents_at,
    differences_since,
    real_paths,
)
from tellverify.versions.comparing import NO_PAIR, CompareRequest
from tellverify.versions.fact_changes import schemas_below
from tellverify.versions.revision import files_against, old_path, place_of
from tellverify.versions.sides import MachineVersion, Version, VersionSide, text_side
from tellverify.versions.wire_labels import WireRules

if TYPE_CHECKING:
    from tellverify.verification.machine_system import MachineSystem

_MACHINES = ".json"


class NoSide(Exception):
    """A path that holds nothing to compare; the text says why."""


def holds_machines(path: str) -> bool:
    """Whether a path is one of machines: a file that is no choreography, or a folder of them."""
    if os.path.isdir(path):
        return not any(inputs.find([path])) and bool(_machine_files(path))
    return os.path.isfile(path) and not path.endswith((inputs.SUFFIX, *inputs.EMBEDDING))


def _machine_files(folder: str) -> list[str]:
    return sorted(
        os.path.join(folder, name).replace(os.sep, "/")
        for name in os.listdir(folder)
        if name.endswith(_MACHINES)
    )


def side_at(path: str, options: Options, *, are_machines: bool) -> VersionSide:
    """The protocols of a file or folder, or the machines there. Raises NoSide."""
    if path != "-" and not os.path.lexists(path):
        raise NoSide(f"{path}: no such file or folder")
    if are_machines:
        paths = _machine_files(path) if os.path.isdir(path) else [path]
        if not paths:
            raise NoSide(f"{path}: the folder has no `{_MACHINES}` file of machines")
        return machine_side(path, [inputs.read_any(one) for one in paths])
    named = [path] if path == "-" or os.path.isfile(path) else list(inputs.find([path]))
    files = [inputs.read_found(one, (path,)) for one in named]
    also = neighbours(files) if options.dialect == "strict" else []
    return text_side(path, files, also, options)


def machine_side(label: str, files: Sequence[ReadFile]) -> VersionSide:
    """All machines of `files` as one version of a protocol.

    It is called as their folder is, or as the only file.
    """
    from tellverify.verification.machine_system import put_together

    system = _evidence(files) or put_together(files)
    first = files[0].path
    folder = os.path.basename(os.path.dirname(first)) if len(files) > 1 else ""
    name = folder or os.path.splitext(os.path.basename(first))[0] or first
    sources = {file.path: SourceFile(file.path, file.text or "") for file in files}
    version = MachineVersion(name, files[0].path, system, sources, tuple(files))
    return VersionSide(label, (version,), tuple(files), system.diagnostics)


def _evidence(files: Sequence[ReadFile]) -> MachineSystem | None:
    """The machines of one file of evidence, as `check --machines --evidence` writes it."""
    if len(files) != 1 or f'"{MACHINES_SCHEMA}"' not in (files[0].text or "")[:200]:
        return None
    from tellverify.verification.machine_system import MachineSystem

    try:
        file = msgspec.json.decode(files[0].text or "", type=MachinesFile)
    except (msgspec.DecodeError, RecursionError):
        return None
    found = machines_of(file)
    return None if isinstance(found, str) else MachineSystem(tuple(found), {}, ())


def both_sides(
    old: str,
    new: str,
    machines: frozenset[str],
    fail_on: FailOn,
    rules: WireRules,
    options: Options,
) -> tuple[VersionSide, VersionSide, CompareRequest]:
    """The sides of two paths; `machines` names those that hold machines: `old`, `new`.

    Raises NoSide.
    """
    sides = [
        side_at(path, options, are_machines=word in machines or holds_machines(path))
        for word, path in (("old", old), ("new", new))
    ]

    def place(version: Version) -> str:
        for path, side in zip((old, new), sides, strict=True):
            if os.path.isdir(path) and version in side.versions:
                return os.path.relpath(version.path, path)
        return version.path

    single = all(
        not os.path.isdir(path) or side.workspace is None
        for path, side in ((old, sides[0]), (new, sides[1]))
    )
    folders = os.path.isdir(old) and os.path.isdir(new)
    schemas = schemas_below(old, new) if folders else ()
    empty = [
        f"{side.label}: the folder holds no choreographies" for side in sides if not side.files
    ]
    nothing = ", ".join(empty) or NO_PAIR
    request = CompareRequest(
        old,
        fail_on,
        rules,
        options,
        place,
        are_single_files=single,
        nothing=nothing,
        schemas=schemas,
    )
    return sides[0], sides[1], request


def _gone_from(folders: Sequence[str], since: Differences) -> list[str]:
    """The files of machines that were in `folders` and are gone."""
    found = []
    for folder in folders:
        place = os.path.realpath(folder)
        for one in since.below([folder]):
            inside = os.path.dirname(one) == place and one.endswith(_MACHINES)
            if inside and not os.path.lexists(one):
                found.append(os.path.join(folder, os.path.basename(one)).replace(os.sep, "/"))
    return found


def sides_against(
    revision: str,
    paths: Sequence[str],
    files: Sequence[ReadFile],
    fail_on: FailOn,
    rules: WireRules,
    options: Options,
) -> tuple[VersionSide, VersionSide, CompareRequest]:
    """What differs from a git revision, as it was and as it is.

    Raises NoRepository where git cannot say.
    """
    found = files_against(revision, paths, files)
    old = text_side(revision, (*found.old, *found.moved), found.also_old, options)
    new = text_side("the working tree", found.new, found.also_new, options)
    if found.old or found.new:
        nothing = f"no protocol that differs from `{revision}` existed before"
    else:
        nothing = f"nothing has changed since `{revision}`"
    request = CompareRequest(
        revision,
        fail_on,
        rules,
        options,
        lambda version: place_of(version.path, revision),
        are_single_files=len(found.old) == len(found.new) == 1,
        nothing=nothing,
        schemas=found.schemas,
        commit=found.commit,
        moved=frozenset(file.path for file in found.moved),
    )
    return old, new, request


def machines_against(
    revision: str,
    paths: Sequence[str],
    fail_on: FailOn,
    rules: WireRules,
    options: Options,
) -> tuple[VersionSide, VersionSide, CompareRequest]:
    """Files of machines as they were at a git revision, and as they are.

    Raises NoSide, and NoRepository where git cannot say.
    """
    folders = [path for path in paths if os.path.isdir(path)]
    named = [
        one for path in paths for one in (_machine_files(path) if os.path.isdir(path) else [path])
    ]
    if not paths:
        raise NoSide("name the files of machines")
    for path in named:
        if not os.path.lexists(path):
            raise NoSide(f"{path}: no such file or folder")
    since = differences_since(revision)
    gone = _gone_from(folders, since)
    asked = sorted(dict.fromkeys([*named, *gone])) if gone else named
    places = real_paths(asked)
    before = contents_at(since.point, places)
    old = [
        inputs.decode(old_path(revision, path), before[place])
        for path, place in zip(asked, places, strict=True)
        if place in before
    ]
    if not old:
        raise NoSide(f"none of the files existed at `{revision}`")
    if not named:
        raise NoSide("no file of machines is left")
    new = machine_side("the working tree", [inputs.read_any(path) for path in named])
    request = CompareRequest(
        revision,
        fail_on,
        rules,
        options,
        lambda version: version.path,
        are_single_files=True,
        commit=since.point.commit,
    )
    return machine_side(revision, old), new, request
