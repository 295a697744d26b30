"""Files that are read because others import them: neighbours, found by module name."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Final

from tellverify.language.files import inputs

_MODULE: Final = re.compile(r"^[ \t]*module[ \t]+([A-Za-z]\w*)", re.MULTILINE)
_IMPORT: Final = re.compile(r"^[ \t]*import[ \t]+([A-Za-z]\w*)", re.MULTILINE)


def declared_modules(text: str) -> list[str]:
    """The modules that a text may declare, found without parsing it."""
    return _MODULE.findall(text)


def imported_modules(text: str) -> list[str]:
    """The modules that a text may import, found without parsing it."""
    return _IMPORT.findall(text)


def neighbours(files: Sequence[inputs.ReadFile]) -> list[inputs.ReadFile]:
    """Files beside `files` that declare modules which these, or neighbours of them, import.

    A module that one of `files` declares is looked for nowhere else.
    """
    declared = {name for file in files for name in declared_modules(file.text or "")}
    seen = {os.path.abspath(file.path) for file in files}
    found: list[inputs.ReadFile] = []
    beside: dict[str, list[inputs.ReadFile]] = {}
    todo = list(files)
    while todo:
        file = todo.pop(0)
        missing = set(imported_modules(file.text or "")) - declared
        if not missing:
            continue
        folder = os.path.dirname(file.path)
        if folder not in beside:
            beside[folder] = [inputs.read_found(path, ()) for path in inputs.beside(folder)]
        for other in beside[folder]:
            place = os.path.abspath(other.path)
            if place not in seen and missing.intersection(declared_modules(other.text or "")):
                seen.add(place)
                found.append(other)
                todo.append(other)
    return found
