"""Which files git reports as renamed since a committed file was written."""

from __future__ import annotations

import os

from tellverify.verification.git import NoRepository, ask, differences


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
