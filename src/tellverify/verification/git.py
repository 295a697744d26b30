"""The one way in which git is asked.

Nothing that the repository configures is run: no monitor of files, hook, pager, filter, textconv or
program that fetches or signs; and nothing is written into it. Git speaks English, so that its
messages are equal for every user.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tellverify.language.files.work_tree import top_of

# A folder that looks like a repository, and is one of the files of another, is none.
_SETTINGS: Final = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "safe.bareRepository=explicit",
)
_QUIET: Final = (*(word for one in _SETTINGS for word in ("-c", one)), "--no-pager")
# Neither the index nor objects that a partial clone left out are brought up to date.
_STILL: Final = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
# What a hook of git tells its programs: where the repository is, which here the folder alone says,
# and how patterns of names are read, which here each question says.
_PLACES: Final = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_PREFIX")
_PATTERNS: Final = tuple(f"GIT_{one}_PATHSPECS" for one in ("LITERAL", "GLOB", "NOGLOB", "ICASE"))
# What it tells of the repository of the working folder, and of no other.
_PARTS: Final = (
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_SHALLOW_FILE",
    "GIT_GRAFT_FILE",
)
# What a user or a `.gitmodules` may set to have fewer files named. Of another work tree below this
# one nothing is asked, since that would run what it configures.
_EVERYTHING: Final = ("--no-relative", "--ignore-submodules=all", "--no-ext-diff", "--no-textconv")
_KEYS: Final = ("config", "-z", "--show-scope", "--name-only", "--list")
_TRUSTED: Final = ("system", "global", "command")


class NoRepository(Exception):
    """Git cannot be asked, or cannot answer; the text says why."""


def ask(
    folder: str,
    *arguments: str,
    given: bytes = b"",
    settings: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """What git prints in a folder, with further settings. Raises NoRepository."""
    command = ["git", *_QUIET, *arguments]
    environment = {**_inherited(folder), **_STILL, **_as_environment(settings)}
    try:
        done = subprocess.run(
            command, input=given, cwd=folder, env=environment, capture_output=True, check=False
        )
    except OSError as error:
        raise NoRepository(f"git cannot be run: {error.strerror}") from None
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise NoRepository(lines[0] if lines else f"git ends with {done.returncode}")
    return done.stdout


def _inherited(folder: str) -> dict[str, str]:
    """The environment without what would name another repository than that of `folder`."""
    dropped = {*_PLACES, *_PATTERNS}
    if top_of(folder) != top_of("."):
        dropped.update(_PARTS)
    return {key: value for key, value in os.environ.items() if key not in dropped}


def names(folder: str, *arguments: str) -> list[str]:
    """The names that git prints with `-z`. Raises NoRepository."""
    return [name for name in os.fsdecode(ask(folder, *arguments)).split("\0") if name]


def differences(folder: str, *arguments: str) -> list[str]:
    """The words of `git diff -z` between a commit and the working tree. Raises NoRepository.

    Files are compared as they are in the working tree, without a filter that the repository names.
    """
    command = ("diff", "-z", *_EVERYTHING, *arguments)
    found = ask(folder, "--literal-pathspecs", *command, settings=_without_filters(folder))
    return [word for word in os.fsdecode(found).split("\0") if word]


def _without_filters(folder: str) -> dict[str, str]:
    """Settings that switch off the filters which the repository itself names.

    Raises NoRepository where git cannot tell who names them, as before its version 2.26.
    """
    words = names(folder, *_KEYS)
    drivers = {
        key.rpartition(".")[0]
        for scope, key in zip(words[::2], words[1::2], strict=True)
        if scope not in _TRUSTED and key.startswith("filter.")
    }
    values = {"clean": "", "smudge": "", "process": "", "required": "false"}
    return {f"{one}.{key}": value for one in sorted(drivers) for key, value in values.items()}


def _as_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Settings behind those that the environment brings."""
    if not settings:
        return {}
    there = os.environ.get("GIT_CONFIG_COUNT", "")
    first = int(there) if there.isdecimal() else 0
    found = {"GIT_CONFIG_COUNT": str(first + len(settings))}
    for number, (key, value) in enumerate(settings.items(), first):
        found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return found


def renamed_since(path: str, missing: frozenset[str]) -> dict[str, str]:
    """The new path of each file of `missing` that was renamed since the last commit of `path`.

    All paths are relative to the working folder, with `/`. Git compares that commit with the
    working tree and pairs files that are alike (`git diff -M`); a new file that git does not track
    is no rename. Nothing is renamed outside of a repository, without git, and when `path` was never
    committed.
    """
    options = ("--name-status", "-M", "--diff-filter=R", "--relative")
    try:
        commit = os.fsdecode(ask(".", "rev-list", "-1", "HEAD", "--", path)).strip()
        words = differences(".", *options, commit, "--") if commit else []
    except NoRepository:
        return {}
    found = dict(zip(words[1::3], words[2::3], strict=False))
    return {old: new for old, new in found.items() if old in missing and new not in missing}
