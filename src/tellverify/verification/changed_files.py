"""Which files differ from a git revision, and which import or include those."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from typing import Final

from tellverify.language.files import inputs
from tellverify.language.files.inputs import ReadFile
from tellverify.language.files.neighbours import declared_modules, imported_modules
from tellverify.verification.repository import QUIET, NoRepository, contents_at

_INCLUDE: Final = re.compile(r'\binclude_str\s*!\s*[({\[]\s*"([^"\n]*)"')


class UnknownChanges(Exception):
    """Git cannot say what differs from a revision; the text says why."""


def changed_files(revision: str, files: Sequence[ReadFile]) -> frozenset[int]:
    """The numbers of the files that differ from `revision`, or depend on one that does.

    Files that git does not know have changed. Raises UnknownChanges without git, outside of a
    repository and for a revision that does not exist.
    """
    if revision.startswith("-") or not revision.strip():
        raise UnknownChanges(f"`{revision}` is not a git revision")
    top = _git("rev-parse", "--show-toplevel").rstrip("\n")
    base = _base(revision)
    changed = _paths(_git("diff", "--name-only", "-z", "--no-renames", base, "--"), top)
    new = _git("ls-files", "--others", "--exclude-standard", "--full-name", "-z", "--", top)
    changed |= _paths(new, top)
    places = [os.path.realpath(file.path) for file in files]
    known = {place for place in places if place.startswith(os.path.join(top, ""))}
    found = {
        number
        for number, place in enumerate(places)
        if place not in known
        or not os.path.exists(files[number].path)
        or not changed.isdisjoint(_with_folders(place, top))
    }
    elsewhere = _modules_elsewhere(files, sorted(changed.difference(places)), base)
    return frozenset(_with_dependants(files, places, found, elsewhere))


def _with_folders(place: str, top: str) -> Iterator[str]:
    """`place` and the folders above it below `top`; of a submodule git names the folder alone."""
    while len(place) > len(top):
        yield place
        place = os.path.dirname(place)


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *QUIET, *arguments], capture_output=True, check=False, stdin=subprocess.DEVNULL
        )
    except OSError as error:
        raise UnknownChanges(f"--changed-since needs git: {error.strerror}") from None
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        why = lines[0] if lines else f"exit code {done.returncode}"
        raise UnknownChanges(f"--changed-since: git says: {why}")
    return os.fsdecode(done.stdout)


def _base(revision: str) -> str:
    """The commit where the work since `revision` began; what others did there is no change."""
    commit = _git("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}").strip()
    try:
        return _git("merge-base", commit, "HEAD").strip() or commit
    except UnknownChanges:
        return commit  # no common history, as in a shallow clone


def _paths(text: str, top: str) -> set[str]:
    return {os.path.realpath(os.path.join(top, name)) for name in text.split("\0") if name}


def _modules_elsewhere(files: Sequence[ReadFile], changed: Sequence[str], base: str) -> set[str]:
    """The modules that `changed` files declare or declared, and which `files` import and lack."""
    texts = [file.text or "" for file in files]
    missing = {module for text in texts for module in imported_modules(text)}
    missing -= {module for text in texts for module in declared_modules(text)}
    if not missing:
        return missing
    places = [place for place in changed if place.endswith(inputs.SUFFIX)]
    try:
        before = contents_at(base, places)
    except NoRepository as error:
        raise UnknownChanges(f"--changed-since: git says: {error}") from None
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
        folder = os.path.dirname(places[number])
        for path in _INCLUDE.findall(text):
            users.setdefault(os.path.realpath(os.path.join(folder, path)), []).append(number)
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
