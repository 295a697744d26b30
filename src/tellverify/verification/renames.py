"""Which files git reports as renamed since a committed file was written."""

from __future__ import annotations

import os
import subprocess
from typing import Final

# What a repository may configure must not run anything here.
_PLAIN: Final = ("-c", "core.fsmonitor=false", "-c", "core.quotePath=false")


def renamed_since(path: str, missing: frozenset[str]) -> dict[str, str]:
    """The new path of each file of `missing` that was renamed since the last commit of `path`.

    All paths are relative to the working folder, with `/`. Git compares that commit with the
    working tree and pairs files that are alike (`git diff -M`); a new file that git does not track
    is no rename. Nothing is renamed outside of a repository, without git, and when `path` was never
    committed.
    """
    commit = _git("log", "-1", "--format=%H", "--", path).strip()
    if not commit:
        return {}
    options = ("--name-status", "-M", "-z", "--diff-filter=R", "--relative")
    listed = _git("diff", *options, "--no-ext-diff", "--no-textconv", commit, "--")
    words = listed.split("\0")
    found = dict(zip(words[1::3], words[2::3], strict=False))
    return {old: new for old, new in found.items() if old in missing and new not in missing}


def _git(*arguments: str) -> str:
    """What git prints, empty when it fails."""
    try:
        done = subprocess.run(
            ["git", *_PLAIN, *arguments],
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except OSError:
        return ""
    return os.fsdecode(done.stdout) if done.returncode == 0 else ""
