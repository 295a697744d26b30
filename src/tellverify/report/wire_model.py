"""The shape of a run as JSON, schema `tellverify/run-1`: one struct for each object.

Members with a default are left out of the JSON when they have it. Within a version the schema
only grows, so new members have defaults.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

from tellverify.verdict.methods import Engine, Method

SCHEMA: Final = "tellverify/run-1"

Vacuity: TypeAlias = Literal["exercised", "vacuous", "not-checked"]
BaselineState: TypeAlias = Literal["new", "unchanged", "updated"]


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """A range of a source; lines and columns count from 1, columns in code points."""

    path: str
    line: int
    column: int
    end_line: int = msgspec.field(name="endLine", default=0)
    end_column: int = msgspec.field(name="endColumn", default=0)
    text: str = ""


class WireSubject(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an obligation is about."""

    protocol: str
    role: str = ""
    roles: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    item: str = ""


class Scope(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far an outcome reaches."""

    kind: Literal["all-runs", "up-to", "none"]
    bound: str = ""
    instances: dict[str, tuple[int, ...]] = {}


class WireMethod(msgspec.Struct, frozen=True):
    """What decided, by which method, and how far it says more; no `name` without an answer."""

    engine: Engine
    options: dict[str, str]
    name: Method | msgspec.UnsetType = msgspec.UNSET


class WireStep(msgspec.Struct, frozen=True, omit_defaults=True):
    """A send or a receive of a run."""

    action: Literal["send", "receive"]
    role: str
    peer: str
    label: str
    path: str = ""
    line: int = 0
    branch: str = ""
    column: int = 0
    length: int = 0


class Queue(msgspec.Struct, frozen=True):
    """What is left in a channel at the end of a run."""

    sender: str
    receiver: str
    labels: tuple[str, ...]


class WireWaiting(msgspec.Struct, frozen=True):
    """The state of a role at the end of a run."""

    role: str
    finished: bool
    awaits: tuple[tuple[str, str], ...]


class WireTrace(msgspec.Struct, frozen=True, omit_defaults=True):
    """A run."""

    fault: str
    steps: tuple[WireStep, ...]
    culprits: tuple[str, ...]
    explanation: str
    minimal: bool
    queues: tuple[Queue, ...]
    waiting: tuple[WireWaiting, ...]
    loop: int = -1
    states: tuple[int, ...] = ()


class Premise(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of the premises that cannot hold together."""

    name: str
    text: str
    path: str = ""
    line: int = 0


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an outcome rests on; `path` and `sha256` name its file, where one was written."""

    kind: Literal["none", "counterexample", "conflict", "core", "witness", "certificate"]
    rechecked: bool | msgspec.UnsetType = msgspec.UNSET
    path: str = ""
    sha256: str = ""
    instance: str = ""
    trace: WireTrace | None = None
    reason: str = ""
    places: tuple[Place, ...] = ()
    premises: tuple[Premise, ...] = ()


class WireVerdict(msgspec.Struct, frozen=True):
    """An obligation and its outcome."""

    id: str
    property: str
    subject: WireSubject
    statement: str
    status: str
    required: bool
    scope: Scope
    method: WireMethod
    assumptions: tuple[str, ...]
    evidence: Evidence
    vacuity: Vacuity
    code: str | None
    locations: tuple[Place, ...]
    fingerprint: str
    statistics: dict[str, int]
    reason: str | msgspec.UnsetType = msgspec.UNSET
    baseline: BaselineState | msgspec.UnsetType = msgspec.UNSET


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """A diagnostic."""

    code: str
    name: str
    severity: str
    message: str
    location: Place
    fingerprint: str
    others: tuple[Place, ...] = ()
    notes: tuple[str, ...] = ()
    helps: tuple[str, ...] = ()
    protocol: str = ""
    refutes: str = ""
    upstream: str = ""
    baseline: BaselineState | msgspec.UnsetType = msgspec.UNSET


class WireMove(msgspec.Struct, frozen=True, omit_defaults=True):
    """A transition of a graph or machine."""

    source: int = msgspec.field(name="from")
    target: int = msgspec.field(name="to")
    sender: str
    receiver: str
    label: str
    line: int = 0


class WireDrawing(msgspec.Struct, frozen=True, omit_defaults=True):
    """A graph, or the machine of the first of `roles`; state 0 is initial."""

    states: int
    final: tuple[int, ...]
    moves: tuple[WireMove, ...]
    roles: tuple[str, ...] = ()


class WireDrawings(msgspec.Struct, frozen=True, omit_defaults=True):
    """What pictures of a protocol need, at the family sizes `instance`."""

    instance: str = ""
    graph: WireDrawing | None = None
    machines: tuple[WireDrawing, ...] = ()
    omitted: tuple[str, ...] = ()


class WireCoverageRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """How often a branch, guard or timeout is exercised; a count that is left out is not known."""

    kind: str
    label: str
    line: int
    column: int
    role: str = ""
    places: int | msgspec.UnsetType = msgspec.UNSET
    runs: int | msgspec.UnsetType = msgspec.UNSET


class WireCoverage(msgspec.Struct, frozen=True, omit_defaults=True):
    """What runs exercise, at the family sizes `instance`."""

    rows: tuple[WireCoverageRow, ...]
    instance: str = ""
    states: int | msgspec.UnsetType = msgspec.UNSET
    runs: int | msgspec.UnsetType = msgspec.UNSET


class WireProtocol(msgspec.Struct, frozen=True):
    """A protocol with its verdicts."""

    name: str
    path: str
    line: int
    roles: tuple[str, ...]
    families: dict[str, tuple[int, ...]]
    events: int
    verdicts: tuple[WireVerdict, ...]
    drawings: WireDrawings | msgspec.UnsetType = msgspec.UNSET
    coverage: WireCoverage | msgspec.UnsetType = msgspec.UNSET


class WireAssumption(msgspec.Struct, frozen=True):
    """An entry of the ledger; `until` is an ISO date or empty."""

    ledger: str
    obligation: str
    reason: str
    place: str
    owner: str = ""
    until: str = ""
    in_force: bool = msgspec.field(name="inForce", default=True)
    is_new: bool = msgspec.field(name="isNew", default=False)


class WireSuppression(msgspec.Struct, frozen=True):
    """A finding that was kept from counting, by whom and why."""

    kind: str
    reason: str
    place: str
    finding: Finding


class WireBefore(msgspec.Struct, frozen=True, omit_defaults=True):
    """An obligation or finding of the run before."""

    protocol: str
    name: str
    status: str
    fingerprint: str
    code: str = ""


class WireBaseline(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was known before; all members are missing when no baseline was given."""

    path: str = ""
    known: tuple[str, ...] = ()
    previous: tuple[WireBefore, ...] = ()
    fixed: tuple[WireBefore, ...] = ()


class Tool(msgspec.Struct, frozen=True):
    """Who made the run."""

    name: str
    version: str


class WireInput(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file that was read; `text` is there when it is short and is what the digest is of."""

    path: str
    sha256: str
    text: str = ""


class WireFile(msgspec.Struct, frozen=True):
    """A file of evidence that was written; `of` is the id of what it shows."""

    of: str
    path: str
    sha256: str


class WireExit(msgspec.Struct, frozen=True):
    """The exit code and its reason."""

    code: int
    reason: str


class WireRun(msgspec.Struct, frozen=True):
    """The whole document."""

    schema: str
    tool: Tool
    command: str
    solvers: tuple[str, ...]
    inputs: tuple[WireInput, ...]
    configuration: dict[str, str]
    semantics: str
    protocols: tuple[WireProtocol, ...]
    diagnostics: tuple[Finding, ...]
    assumptions: tuple[WireAssumption, ...]
    suppressions: tuple[WireSuppression, ...]
    baseline: WireBaseline
    totals: dict[str, int]
    exit: WireExit
    evidence: tuple[WireFile, ...] | msgspec.UnsetType = msgspec.UNSET
    timing: dict[str, float] | msgspec.UnsetType = msgspec.UNSET
