"""The shape of runs that the version before has stored, schema `tellverify/run-1`."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from tellverify.diagnostics.model import Severity
from tellverify.model.fault import Fault
from tellverify.model.trace import Waiting
from tellverify.source.region import Region
from tellverify.verdict.drawing import Drawing, Move
from tellverify.verdict.outcome import CorePremise
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Coverage, CoverageRow, Input, Vacuity

SCHEMA_1: Final = "tellverify/run-1"


class Run1Place(msgspec.Struct, frozen=True, rename="camel"):
    """A range of a source."""

    path: str
    line: int
    column: int
    end_line: int = 0
    end_column: int = 0
    text: str = ""

    def region(self) -> Region:
        """The place without its text."""
        return Region(self.path, self.line, self.column, self.end_line, self.end_column)


class Run1Subject(msgspec.Struct, frozen=True):
    """What an obligation is about."""

    role: str = ""
    roles: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    item: str = ""


class Run1Step(msgspec.Struct, frozen=True):
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


class Run1Queue(msgspec.Struct, frozen=True):
    """The messages left in a channel at the end of a run."""

    sender: str
    receiver: str
    labels: tuple[str, ...]


class Run1Trace(msgspec.Struct, frozen=True):
    """A run."""

    fault: Fault
    steps: tuple[Run1Step, ...]
    culprits: tuple[str, ...]
    explanation: str
    minimal: bool
    queues: tuple[Run1Queue, ...]
    waiting: tuple[Waiting, ...]
    loop: int = -1
    states: tuple[int, ...] = ()


class Run1Evidence(msgspec.Struct, frozen=True):
    """What an outcome rests on."""

    kind: Literal["none", "counterexample", "conflict", "core", "witness", "certificate"]
    path: str = ""
    sha256: str = ""
    instance: str = ""
    trace: Run1Trace | None = None
    reason: str = ""
    places: tuple[Run1Place, ...] = ()
    premises: tuple[CorePremise, ...] = ()


class Run1Bound(msgspec.Struct, frozen=True):
    """How far an outcome reaches."""

    bound: str = ""


class Run1Method(msgspec.Struct, frozen=True):
    """How an outcome is known."""

    options: dict[str, str]


class Run1Verdict(msgspec.Struct, frozen=True):
    """An obligation and its outcome."""

    id: str
    property: Property
    subject: Run1Subject
    status: str
    required: bool
    scope: Run1Bound
    method: Run1Method
    assumptions: tuple[str, ...]
    evidence: Run1Evidence
    vacuity: Vacuity
    code: str | None
    locations: tuple[Run1Place, ...]
    fingerprint: str
    statistics: dict[str, int]
    reason: str = ""


class Run1Finding(msgspec.Struct, frozen=True):
    """A diagnostic."""

    code: str
    name: str
    severity: Severity
    message: str
    location: Run1Place
    fingerprint: str
    others: tuple[Run1Place, ...] = ()
    notes: tuple[str, ...] = ()
    helps: tuple[str, ...] = ()
    protocol: str = ""
    refutes: str = ""
    upstream: str = ""


class Run1Move(msgspec.Struct, frozen=True):
    """A transition of a graph or machine."""

    source: int = msgspec.field(name="from")
    target: int = msgspec.field(name="to")
    sender: str
    receiver: str
    label: str
    line: int = 0


class Run1Drawing(msgspec.Struct, frozen=True):
    """A graph, or the machine of the first of `roles`."""

    states: int
    final: tuple[int, ...]
    moves: tuple[Run1Move, ...]
    roles: tuple[str, ...] = ()

    def drawing(self) -> Drawing:
        """The drawing of today."""
        moves = tuple(
            Move(one.source, one.target, one.sender, one.receiver, one.label, one.line)
            for one in self.moves
        )
        return Drawing(self.roles, self.states, self.final, moves)


class Run1Drawings(msgspec.Struct, frozen=True):
    """What pictures of a protocol need."""

    instance: str = ""
    graph: Run1Drawing | None = None
    machines: tuple[Run1Drawing, ...] = ()
    omitted: tuple[str, ...] = ()


class Run1CoverageRow(msgspec.Struct, frozen=True):
    """How often a branch, guard or timeout is exercised; -1 where it was not counted."""

    kind: str
    label: str
    line: int
    column: int
    role: str = ""
    places: int = -1
    runs: int = -1


class Run1Coverage(msgspec.Struct, frozen=True):
    """What runs exercise."""

    rows: tuple[Run1CoverageRow, ...]
    instance: str = ""
    states: int = -1
    runs: int = -1

    def coverage(self) -> Coverage:
        """The coverage of today."""
        rows = tuple(
            CoverageRow(row.kind, row.label, row.role, row.line, row.column, row.places, row.runs)
            for row in self.rows
        )
        return Coverage(self.instance, self.states, self.runs, rows)


class Run1Protocol(msgspec.Struct, frozen=True):
    """A protocol with its verdicts."""

    name: str
    path: str
    line: int
    roles: tuple[str, ...]
    families: dict[str, tuple[int, ...]]
    events: int
    verdicts: tuple[Run1Verdict, ...]
    drawings: Run1Drawings | None = None
    coverage: Run1Coverage | None = None


class Run1Assumption(msgspec.Struct, frozen=True, rename="camel"):
    """An entry of the ledger."""

    ledger: str
    obligation: str
    reason: str
    place: str
    owner: str = ""
    until: str = ""
    in_force: bool = True
    is_new: bool = False


class Run1Suppression(msgspec.Struct, frozen=True):
    """A finding that was kept from counting."""

    kind: str
    reason: str
    place: str
    finding: Run1Finding


class Run1Before(msgspec.Struct, frozen=True):
    """An obligation or finding of the run before."""

    protocol: str
    name: str
    status: str
    fingerprint: str
    code: str = ""


class Run1Baseline(msgspec.Struct, frozen=True):
    """What was known before; all members are missing when no baseline was given."""

    path: str = ""
    known: tuple[str, ...] = ()
    previous: tuple[Run1Before, ...] = ()


class Run1Tool(msgspec.Struct, frozen=True):
    """What made the run."""

    version: str


class Run1File(msgspec.Struct, frozen=True):
    """A file of evidence and the id of what it shows."""

    of: str
    path: str
    sha256: str


class Run1Exit(msgspec.Struct, frozen=True):
    """The exit code and its reason."""

    code: int
    reason: str


class Run1(msgspec.Struct, frozen=True):
    """The whole document."""

    tool: Run1Tool
    command: str
    solvers: tuple[str, ...]
    inputs: tuple[Input, ...]
    configuration: dict[str, str]
    protocols: tuple[Run1Protocol, ...]
    diagnostics: tuple[Run1Finding, ...]
    assumptions: tuple[Run1Assumption, ...]
    suppressions: tuple[Run1Suppression, ...]
    baseline: Run1Baseline
    totals: dict[str, int]
    exit: Run1Exit
    evidence: tuple[Run1File, ...] = ()
    timing: dict[str, float] = {}
