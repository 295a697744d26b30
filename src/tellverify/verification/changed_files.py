"""Which files differ from a git revision, and which depend on those."""

from __future__ import annotations

import os
from collections.abc import Sequence

from tellverify.language.files import inputs
from tellverify.language.files.embedded import included_places
from tellverify.language.files.inputs import ReadFile
from tellverify.language.files.neighbours import declared_modules, imported_modules
from tellverify.verification.policy_paths import policy_files
from tellverify.verification.repository import (
    Differences,
    RevisionPoint,
    contents_at,
    real_paths,
)
from tellverify.verification.settings import NAMES, Settings


def changed_files(since: Differences, files: Sequence[ReadFile]) -> frozenset[int]:
    """The numbers of the files that differ from a revision, or depend on one that does.

    Files that git does not track have changed, those of a submodule included. Raises
    NoRepository where git cannot say what a file held before.
    """
    changed = set(real_paths((*since.changed, *since.untracked)))
    unchanged = set(real_paths(since.unchanged)) - changed
    places = real_paths(file.path for file in files)
    found = {
        number
        for number, place in enumerate(places)
        if place not in unchanged
        or not os.path.exists(files[number].path)
        or any(_differs(one, changed, unchanged) for one in included_places(files[number]))
    }
    elsewhere = _modules_elsewhere(files, sorted(changed.difference(places)), since.point)
    return frozenset(_with_dependants(files, places, found, elsewhere))


def settings_changed(since: Differences, settings: Settings, policy: str | None) -> str:
    """The path of a file that all verdicts rest on and that has changed since a revision.

    Empty where none has. Files outside the work tree are not what a revision holds, and count as
    unchanged; those in it that git ignores or has in a submodule count as changed.
    """
    gone = _former_settings(since, settings)
    named = [settings.path, settings.baseline or "", settings.ledger or "", *gone]
    named += policy_files(policy) if policy else []
    known = [name for name in named if name]
    unchanged = set(real_paths(since.unchanged)) - {*real_paths(since.changed)}
    inside = os.path.join(since.point.top, "")
    for name, place in zip(known, real_paths(known), strict=True):
        if place.startswith(inside) and place not in unchanged:
            return os.path.relpath(name).replace(os.sep, "/")
    return ""


def _former_settings(since: Differences, settings: Settings) -> list[str]:
    """Files of the work tree that once were a configuration and differ now.

    One below the folder of the configuration that is left may have been the nearest to the working
    folder.
    """
    own = os.path.realpath(settings.path) if settings.path else ""
    named = [place for place in real_paths(since.changed) if os.path.basename(place) in NAMES]
    once = contents_at(since.point, [place for place in named if place != own])
    section = b"tellverify"  # a table of `pyproject.toml`
    return [p for p, text in once.items() if os.path.basename(p) == NAMES[0] or section in text]


def _differs(places: Sequence[str], changed: set[str], unchanged: set[str]) -> bool:
    """Whether the first of `places` that is there has changed, or was not the first before."""
    there = [os.path.realpath(place) for place in places if os.path.exists(place)]
    gone = not changed.isdisjoint(map(os.path.realpath, places))
    return gone or not there or there[0] not in unchanged


def _modules_elsewhere(
    files: Sequence[ReadFile], changed: Sequence[str], since: RevisionPoint
) -> set[str]:
    """The modules that `changed` files declare or declared, and which `files` import and lack."""
    texts = [file.text or "" for file in files]
    missing = {module for text in texts for module in imported_modules(text)}
    missing -= {module for text in texts for module in declared_modules(text)}
    if not missing:
        return missing
    places = [place for place in changed if place.endswith(inputs.SUFFIX)]
    before = contents_at(since, places)
    known = [content.decode("utf-8", "replace") for content in before.values()]
    known += [inputs.read(place).text or "" for place in places if os.path.exists(place)]
    return missing & {module for text in known for module in declared_modules(text)}


def _with_dependants(
    files: Sequence[ReadFile], places: Sequence[str], found: set[int], gone: set[str]
) -> set[int]:
    """`found` with all files that import or include one of them, at any distance."""
    texts = [file.text or "" for file in files]
    users: dict[str, list[int]] = {}
    for number, text in enumerate(texts):
        for module in imported_modules(text):
            users.setdefault(f"module {module}", []).append(number)
    found = set(found)
    todo = sorted(found)
    for module in sorted(gone):
        todo.extend(users.get(f"module {module}", ()))
    found.update(todo)
    while todo:
        number = todo.pop()
        names = [places[number], *(f"module {name}" for name in declared_modules(texts[number]))]
        for name in names:
            for user in users.get(name, ()):
                if user not in found:
                    found.add(user)
                    todo.append(user)
    return found
