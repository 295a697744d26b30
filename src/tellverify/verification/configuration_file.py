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
PathText: TypeAlias = Annotated[str, Meta(min_length=1, max_length=4_096, pattern=r"^[^\x00]*$")]


_ROWS: Final = Meta(max_length=10_000)


class Semantics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all verdicts presuppose; those about queues, crashes and fairness have one value.

    `late` says what happens to messages of an attempt whose timer fired: the runtime discards them
    or delivers them. `fire` says whether a timer fires while its owner waits, or at any time.
    """

    channels: str = "fifo"
    queue: str | int = "unbounded"
    loss: bool = False
    crashes: list[str] = []
    fairness: str = "weak"
    late: Literal["attempts", "keep"] = "attempts"
    fire: Literal["waits", "any"] = "waits"


class Bounds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far is searched: counts of work, so that answers are equal on every machine."""

    steps: Count = MOST_STEPS
    events: Count = MOST_EVENTS
    configurations: Count = MOST_CONFIGURATIONS
    queue: Annotated[int, Meta(ge=1, le=64)] = LONGEST_QUEUE
    rlimit: Annotated[int, Meta(ge=1, le=2**32 - 1)] = SOLVER_WORK
    instances: Annotated[dict[str, Sizes | Size | str], _ROWS] = {}


class FaultRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """A scenario: what may fail. Its rules are those of `-- tell: faults NAME(RULES)`."""

    rules: Annotated[list[Annotated[str, Meta(max_length=10_000)]], Meta(max_length=1_000)]
    engaged_only: bool = True
    deduplicate: bool = False


class CompareTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """What `compare` accepts, and what counts as the same in two versions.

    `payloads` has types that read each other, as `crate.V1 = crate.V2`; `renamed` roles that have
    a new name, as `OldRole = NewRole`. `against` is a git revision that `check` compares with too.
    """

    fail_on: Literal["major", "ordered", "minor"] = "major"
    payloads: Annotated[list[str], _ROWS] = []
    renamed: Annotated[list[str], _ROWS] = []
    against: str | None = None


class ConfigurationFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`tellverify.toml`, or `[tool.tellverify]` of `pyproject.toml`.

    Paths are relative to the folder of that file. `require` has a strength for each property, for
    `PROPERTY @ SCENARIO` and for `default`; `faults` has scenarios by name; `levels` a level for
    codes, names and bands such as `TV2`.
    """

    include: Annotated[list[PathText], Meta(max_length=1_000)] = []
    exclude: Annotated[list[PathText], Meta(max_length=1_000)] = []
    baseline: PathText | None = None
    ledger: PathText | None = None
    dialect: Literal["strict", "faithful"] = "strict"
    target: Literal["any", "telltale"] = "any"
    policy: PathText | None = None
    evidence: PathText | None = None
    fail_on: Literal["error", "warning", "never"] = "error"
    jobs: Annotated[int, Meta(ge=0, le=256)] = 1
    cache: bool | None = None
    cache_dir: PathText | None = None
    reports: Annotated[list[PathText], Meta(max_length=100)] = []
    workflows: Annotated[list[PathText], Meta(max_length=1_000)] = []
    semantics: Semantics = Semantics()
    bounds: Bounds = Bounds()
    properties: Annotated[dict[str, str], _ROWS] = {}
    faults: Annotated[dict[str, FaultRules], _ROWS] = {}
    require: Annotated[dict[str, Strength], _ROWS] = {}
    levels: Annotated[dict[str, Level], _ROWS] = {}
    compare: CompareTable = CompareTable()


SUPPORTED: Final[dict[str, tuple[object, str]]] = {
    "channels": ("fifo", "there is one queue for each ordered pair of roles"),
    "queue": (
        "unbounded",
        "queues have no limit; the property `bounded-queues` says whether they need one",
    ),
    "loss": (False, 'lost messages are rules of a scenario, `[faults.NAME] rules = ["loss"]`'),
    "crashes": ([], 'crashes are rules of a scenario, `[faults.NAME] rules = ["crash <= 1"]`'),
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
    "TELLVERIFY_LATE": ("semantics", "late"),
    "TELLVERIFY_LEDGER": ("ledger",),
    "TELLVERIFY_POLICY": ("policy",),
    "TELLVERIFY_QUEUE": ("bounds", "queue"),
    "TELLVERIFY_REQUIRE": ("require", "default"),
    "TELLVERIFY_RLIMIT": ("bounds", "rlimit"),
    "TELLVERIFY_STEPS": ("bounds", "steps"),
    "TELLVERIFY_TARGET": ("target",),
}
"""The variables that set a key. `TELLVERIFY_CONFIG` names a file instead of the nearest one."""

PATHS: Final = ("baseline", "ledger", "policy", "evidence", "cache-dir")
"""The keys that hold a path."""

PATH_LISTS: Final = ("workflows", "include")
"""The keys that hold paths or patterns of files that are read."""
