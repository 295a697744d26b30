"""Everything that flags, environment and files have settled for one check.

Without any of them this is all that is loaded: a check without configuration costs nothing more.
"""

from __future__ import annotations

import os
from typing import Final

import msgspec

from tellverify.diagnostics.model import Diagnostic
from tellverify.obligations.options import Options
from tellverify.source.text import SourceFile
from tellverify.verdict.versions import FailOn

NAMES: Final = ("tellverify.toml", "pyproject.toml")
_PREFIX: Final = "TELLVERIFY_"


class CompareSettings(msgspec.Struct, frozen=True):
    """What `[compare]` says: what fails, pairs of types and roles, and a revision for `check`."""

    fail_on: FailOn = "major"
    payloads: tuple[tuple[str, str], ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    against: str | None = None


class Settings(msgspec.Struct, frozen=True):
    """The options of a check, and what it reads and writes; paths are relative to `folder`.

    `path` is the configuration file, empty without one. `listed` has every setting that decides
    what verdicts say and is not at its default, as text. `cache` is None where it was not set.
    `confined` are the keys whose paths come from that file: what they replace is limited.
    `weaker` has a finding for each setting of the file that asks for less than the default, and
    `source` is the text that these are in.
    """

    folder: str
    path: str = ""
    options: Options = Options()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    baseline: str | None = None
    ledger: str | None = None
    evidence: str | None = None
    reports: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ()
    jobs: int = 1
    cache: bool | None = None
    cache_dir: str | None = None
    listed: tuple[tuple[str, str], ...] = ()
    confined: frozenset[str] = frozenset()
    weaker: tuple[Diagnostic, ...] = ()
    source: SourceFile | None = None
    compare: CompareSettings = CompareSettings()


def may_be_configured(folder: str) -> bool:
    """Whether a file at or above `folder`, or the environment, may hold a setting."""
    if any(name.startswith(_PREFIX) for name in os.environ):
        return True
    here = os.path.abspath(folder)
    while True:
        if any(os.path.lexists(os.path.join(here, name)) for name in NAMES):
            return True
        parent = os.path.dirname(here)
        if parent == here:
            return False
        here = parent
