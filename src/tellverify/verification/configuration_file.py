"""What a configuration may hold. The JSON Schema for editors is made from these types."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from tellverify.obligations.options import (
    LONGEST_QUEUE,
    MOST_CONFIGURATIONS,
    MOST_EVENTS,
    MOST_STEPS,
    SOLVER_WORK,
)

Strength: TypeAlias = Literal["proved", "bounded", "assumed", "nothing"]
Level: TypeAlias = Literal["error", "warning", "note", "ignore"]
Count: TypeAlias = Annotated[int, Meta(ge=1, le=10**15)]
Size: TypeAlias = Annotated[int, Meta(ge=0, le=999_999_999)]
Sizes: TypeAlias = Annotated[list[Size], Meta(min_length=1, max_length=1_000)]
Glob: TypeAlias = Annotated[str, Meta(min_length=1, max_length=4_096)]
PathText: TypeAlias = Annotated[str, Meta(min_length=1, max_length=4_096, pattern=r"^[^\x00]*$")]

_ROWS: Final = Meta(max_length=10_000)


class Semantics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all verdicts presuppose. Each has one value that is supported so far."""

    channels: str = "fifo"
    queue: str | int = "unbounded"
    loss: bool = False
    crashes: list[str] = []
    fairness: str = "weak"


class Bounds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far is searched: counts of work, so that answers are equal on every machine."""

    steps: Count = MOST_STEPS
    events: Count = MOST_EVENTS
    configurations: Count = MOST_CONFIGURATIONS
    queue: Annotated[int, Meta(ge=1, le=64)] = LONGEST_QUEUE
    rlimit: Annotated[int, Meta(ge=1, le=2**32 - 1)] = SOLVER_WORK
    instances: Annotated[dict[str, Sizes | Size | str], _ROWS] = {}


class ConfigurationFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`tellverify.toml`, or `[tool.tellverify]` of `pyproject.toml`.

    Paths are relative to the folder of that file. `require` has a strength for each property and
    for `default`; `levels` a level for codes, names and bands such as `TV2`.
    """

    include: Annotated[list[Glob], Meta(max_length=1_000)] = []
    exclude: Annotated[list[Glob], Meta(max_length=1_000)] = []
    baseline: PathText | None = None
    ledger: PathText | None = None
    dialect: Literal["strict", "faithful"] = "strict"
    policy: PathText | None = None
    evidence: PathText | None = None
    fail_on: Literal["error", "warning", "never"] = "error"
    jobs: Annotated[int, Meta(ge=0, le=256)] = 1
    cache: bool | None = None
    cache_dir: PathText | None = None
    reports: Annotated[list[str], Meta(max_length=100)] = []
    workflows: Annotated[list[PathText], Meta(max_length=1_000)] = []
    semantics: Semantics = Semantics()
    bounds: Bounds = Bounds()
    properties: Annotated[dict[str, str], _ROWS] = {}
    require: Annotated[dict[str, Strength], _ROWS] = {}
    levels: Annotated[dict[str, Level], _ROWS] = {}


SUPPORTED: Final[dict[str, tuple[object, str]]] = {
    "channels": ("fifo", "there is one queue for each ordered pair of roles"),
    "queue": (
        "unbounded",
        "queues have no limit; the property `bounded-queues` says whether they need one",
    ),
    "loss": (False, "no message is lost"),
    "crashes": ([], "no role crashes"),
    "fairness": ("weak", "runs are weakly fair"),
}
"""The one value of each key of `[semantics]`, and what all verdicts say instead of another."""

ENVIRONMENT: Final[dict[str, tuple[str, ...]]] = {
    "TELLVERIFY_BASELINE": ("baseline",),
    "TELLVERIFY_CACHE": ("cache",),
    "TELLVERIFY_CACHE_DIR": ("cache-dir",),
    "TELLVERIFY_CONFIGURATIONS": ("bounds", "configurations"),
    "TELLVERIFY_DIALECT": ("dialect",),
    "TELLVERIFY_EVENTS": ("bounds", "events"),
    "TELLVERIFY_EVIDENCE": ("evidence",),
    "TELLVERIFY_FAIL_ON": ("fail-on",),
    "TELLVERIFY_JOBS": ("jobs",),
    "TELLVERIFY_LEDGER": ("ledger",),
    "TELLVERIFY_POLICY": ("policy",),
    "TELLVERIFY_QUEUE": ("bounds", "queue"),
    "TELLVERIFY_REQUIRE": ("require", "default"),
    "TELLVERIFY_RLIMIT": ("bounds", "rlimit"),
    "TELLVERIFY_STEPS": ("bounds", "steps"),
}
"""The variables that set a key. `TELLVERIFY_CONFIG` names a file instead of the nearest one."""

PATHS: Final = ("baseline", "ledger", "policy", "evidence", "cache-dir")
"""The keys that hold a path."""
