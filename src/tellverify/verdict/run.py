"""A finished run: the only thing a report may read."""

from __future__ import annotations

import builtins

import msgspec

from tellverify.diagnostics.model import Diagnostic
from tellverify.model.trace import Trace
from tellverify.verdict.drawing import Drawings
from tellverify.verdict.outcome import Outcome
from tellverify.verdict.properties import PROPERTIES, Property


class Subject(msgspec.Struct, frozen=True):
    """What an obligation is about; `roles` is empty when it is the whole protocol.

    A channel is named by its two roles in `channel`, sender first. `item` names what else it may
    be about: a property of the user, a theorem pack, a row of a budget.
    """

    protocol: str
    roles: tuple[str, ...] = ()
    channel: tuple[str, str] | None = None
    item: str = ""


class Witness(msgspec.Struct, frozen=True):
    """A run that shows that something is reached, and the family sizes of its protocol."""

    trace: Trace
    instance: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """One obligation and its outcome.

    `vacuity` says whether some run exercised what it speaks of: "exercised", "vacuous" (then the
    outcome is true for want of a case) or "not-checked". `witness` is a run that proves it.
    """

    property: Property
    subject: Subject
    outcome: Outcome
    required: bool
    line: int = 0
    column: int = 0
    statistics: tuple[tuple[str, int], ...] = ()
    vacuity: str = "not-checked"
    witness: Witness | None = None

    @classmethod
    def of(
        cls,
        prop: Property,
        subject: Subject,
        outcome: Outcome,
        place: tuple[int, int] = (0, 0),
        statistics: tuple[tuple[str, int], ...] = (),
        vacuity: str = "not-checked",
        witness: Witness | None = None,
    ) -> Verdict:
        """A verdict at a line and column, required if the registry says so of the property."""
        required = PROPERTIES[prop].required
        return cls(prop, subject, outcome, required, *place, statistics, vacuity, witness)

    @builtins.property
    def name(self) -> str:
        """The obligation as reports and `Diagnostic.refutes` write it: `no-stuck-role[Courier]`."""
        if self.subject.channel is not None:
            sender, receiver = self.subject.channel
            return f"{self.property}[{sender} -> {receiver}]"
        about = (*((self.subject.item,) if self.subject.item else ()), *self.subject.roles)
        if about:
            return f"{self.property}[{', '.join(about)}]"
        return str(self.property)


class Family(msgspec.Struct, frozen=True):
    """A role family and the sizes it was checked for."""

    name: str
    sizes: tuple[int, ...]


class CoverageRow(msgspec.Struct, frozen=True):
    """How often a branch, guard or timeout is exercised; `role` decides it.

    `places` counts the states of the protocol at which it begins, `runs` the runs that take it;
    -1 stands for not counted.
    """

    kind: str
    label: str
    role: str
    line: int
    column: int
    places: int
    runs: int


class Coverage(msgspec.Struct, frozen=True):
    """What runs exercise, at the family sizes `instance`.

    `states` counts the states of the protocol. `runs` counts its runs up to the order of
    independent events, each up to where it comes back to a state it has been in; -1 when there are
    more than 10^15 or when they were not counted.
    """

    instance: str
    states: int
    runs: int
    rows: tuple[CoverageRow, ...]


class ProtocolReport(msgspec.Struct, frozen=True):
    """Everything that was found out about one protocol; with `drawings` if a report needs them."""

    name: str
    path: str
    line: int
    roles: tuple[str, ...]
    families: tuple[Family, ...]
    verdicts: tuple[Verdict, ...]
    event_count: int = 0
    drawings: Drawings | None = None
    coverage: Coverage | None = None


class Input(msgspec.Struct, frozen=True):
    """A file that was read, with the SHA-256 of its bytes."""

    path: str
    sha256: str


class Assumption(msgspec.Struct, frozen=True):
    """An entry of the ledger: what is taken on whose word, why, and until when (an ISO date).

    `in_force` is False past its date, `is_new` when the committed ledger does not have it yet.
    """

    number: str
    protocol: str
    obligation: str
    reason: str
    place: str
    owner: str = ""
    until: str = ""
    in_force: bool = True
    is_new: bool = False


class Suppression(msgspec.Struct, frozen=True):
    """A finding that an `allow` comment or the configuration keeps from counting, and why.

    `kind` is "comment" or "configuration", `place` where that stands. The finding is not among
    `Run.diagnostics`.
    """

    kind: str
    diagnostic: Diagnostic
    reason: str
    place: str


class Before(msgspec.Struct, frozen=True):
    """An obligation as the run before had it, or a finding it had: then `status` is "finding".

    `name` is the obligation, or the message of the finding.
    """

    protocol: str
    name: str
    status: str
    fingerprint: str
    code: str = ""


class Baseline(msgspec.Struct, frozen=True):
    """What was known before: fingerprints of accepted findings and refutations, and a run to
    compare with. `path` is the file it was read from.
    """

    path: str
    known: tuple[str, ...] = ()
    previous: tuple[Before, ...] = ()


class EvidenceFile(msgspec.Struct, frozen=True):
    """A file of evidence that was written: of which obligation, where, and its SHA-256."""

    obligation: str
    path: str
    sha256: str


class Run(msgspec.Struct, frozen=True):
    """The result of one check: inputs, protocols in input order, findings in source order.

    With the `dialect` "faithful" it speaks about what Telltale itself accepts and runs.
    `command` is the command line that gives this run again, `solvers` names solvers with their
    versions, `configuration` has every setting that is not at its default, as text. `evidence`
    lists the files that were written; an obligation of it is the id `protocol/obligation`.
    """

    inputs: tuple[Input, ...]
    protocols: tuple[ProtocolReport, ...]
    diagnostics: tuple[Diagnostic, ...]
    exit_code: int
    exit_reason: str
    dialect: str = "strict"
    command: str = "tellverify check"
    solvers: tuple[str, ...] = ()
    configuration: tuple[tuple[str, str], ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    baseline: Baseline | None = None
    evidence: tuple[EvidenceFile, ...] = ()
    timing: tuple[tuple[str, float], ...] = ()
