"""A finished run: the only thing a report may read."""

from __future__ import annotations

import builtins
from typing import Final, Literal, TypeAlias

import msgspec

from tellverify.diagnostics.model import Diagnostic, sort_key
from tellverify.model.trace import Trace
from tellverify.source.region import Region
from tellverify.verdict.done import Completion
from tellverify.verdict.drawing import Drawings
from tellverify.verdict.identity import (
    ObligationId,
    ObligationScope,
    Subject,
    SubjectKind,
    obligation_name,
)
from tellverify.verdict.methods import Engine
from tellverify.verdict.outcome import Outcome, Refuted
from tellverify.verdict.properties import PROPERTIES, SEMANTICS, Property
from tellverify.verdict.revision import Revision
from tellverify.verdict.versions import ComparedVersions

Vacuity: TypeAlias = Literal["exercised", "vacuous", "not-checked"]
State: TypeAlias = Literal["new", "unchanged", "updated"]


class Witness(msgspec.Struct, frozen=True):
    """A run that shows that something is reached, and the family sizes of its protocol."""

    trace: Trace
    instance: str = ""


class EvidenceFile(msgspec.Struct, frozen=True):
    """A file of evidence that was written: of which obligation, where, and its SHA-256."""

    obligation: str
    path: str
    sha256: str


class Verdict(msgspec.Struct, frozen=True):
    """One obligation and its outcome.

    `vacuity` says whether some run exercised what it refers to: "exercised", "vacuous" (then
    no run exercises it) or "not-checked". `witness` is a run that proves it.
    `expected` is the place of the comment for which the outcome does not count: the text is an
    example of the fault.

    What follows `witness` is filled in when the run is written as a file: the text of the id, the
    sentence, the fingerprint, how it compares with the baseline, where the outcome shows, the file
    of evidence behind it and those of further family sizes, and what carried out its method.
    """

    property: Property
    scope: ObligationScope
    outcome: Outcome
    required: bool
    line: int = 0
    column: int = 0
    statistics: tuple[tuple[str, int], ...] = ()
    vacuity: Vacuity = "not-checked"
    witness: Witness | None = None
    id: str = ""
    statement: str = ""
    fingerprint: str = ""
    state: State | None = None
    place: Region | None = None
    evidence: EvidenceFile | None = None
    further_evidence: tuple[EvidenceFile, ...] = ()
    engine: Engine = Engine.NONE
    expected: str = ""

    @classmethod
    def of(
        cls,
        prop: Property,
        scope: ObligationScope,
        outcome: Outcome,
        place: tuple[int, int] = (0, 0),
        statistics: tuple[tuple[str, int], ...] = (),
        vacuity: Vacuity = "not-checked",
        witness: Witness | None = None,
    ) -> Verdict:
        """A verdict at a line and column, required if the registry says so of the property."""
        required = PROPERTIES[prop].required
        return cls(prop, scope, outcome, required, *place, statistics, vacuity, witness)

    @builtins.property
    def name(self) -> str:
        """The obligation within its subject: `no-stuck-role[Courier]`."""
        return obligation_name(self.property, self.scope)


class Family(msgspec.Struct, frozen=True):
    """A role family, the sizes it was checked for, and its size symbol, `*` for `R[*]`."""

    name: str
    sizes: tuple[int, ...]
    symbol: str = ""


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


class Presupposition(msgspec.Struct, frozen=True):
    """What the verdicts on a protocol take for granted of the statement on `line`.

    When it is not `presumed` it says what need not be taken for granted.
    """

    text: str
    line: int
    presumed: bool = True


class NamedScenario(msgspec.Struct, frozen=True):
    """Faults under which obligations of a protocol were decided: the name and the rules."""

    name: str
    rules: str


class ProtocolReport(msgspec.Struct, frozen=True, rename="camel"):
    """Everything that was found out about one subject; with `drawings` if a report needs them.

    `presumes` is what claims about its runs take for granted beside what their properties presume;
    it is unset for nothing.
    """

    name: str
    path: str
    line: int
    roles: tuple[str, ...]
    families: tuple[Family, ...]
    verdicts: tuple[Verdict, ...]
    event_count: int = 0
    drawings: Drawings | None = None
    coverage: Coverage | None = None
    kind: SubjectKind = SubjectKind.PROTOCOL
    scenarios: tuple[NamedScenario, ...] = ()
    presuppositions: tuple[Presupposition, ...] = ()
    presumes: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET

    @builtins.property
    def presumed(self) -> tuple[str, ...]:
        """What claims about its runs take for granted in particular."""
        return () if self.presumes is msgspec.UNSET else self.presumes

    @builtins.property
    def title(self) -> str:
        """Its name as people read it."""
        return self.name

    @builtins.property
    def subject(self) -> Subject:
        """What all its obligations are about."""
        return Subject(self.kind, self.path, self.name)

    def id_of(self, verdict: Verdict) -> ObligationId:
        """The id of one of its obligations."""
        return ObligationId(self.subject, verdict.property, verdict.scope)


class Input(msgspec.Struct, frozen=True):
    """A file that was read, with the SHA-256 of its bytes.

    The file of a run has its text as well where that is short and what the digest is of.
    """

    path: str
    sha256: str
    text: str = ""


class Assumption(msgspec.Struct, frozen=True, rename="camel"):
    """An entry of the ledger: the assumption, by whom, why, and until when (an ISO date).

    `path` and `protocol` name what the `obligation` is about.
    `in_force` is False past its date, `is_new` when the committed ledger does not have it yet.
    """

    number: str
    path: str
    protocol: str
    obligation: str
    reason: str
    place: str
    owner: str = ""
    until: str = ""
    in_force: bool = True
    is_new: bool = False

    @builtins.property
    def id(self) -> str:
        """The text of the id of the obligation that is assumed."""
        return Subject(SubjectKind.PROTOCOL, self.path, self.protocol).part(self.obligation)


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

    `name` is the obligation, or the message of the finding; `path` is the file as it is called
    now. `faults` are the fingerprints of the faults that a refutation covers. `detail` is how
    far an obligation held, such as the largest cost of a budget, where the run before is at hand.
    """

    path: str
    protocol: str
    name: str
    status: str
    fingerprint: str
    code: str = ""
    faults: tuple[str, ...] = ()
    detail: str = ""


class Baseline(msgspec.Struct, frozen=True):
    """What was known before: fingerprints of accepted findings and faults, and a run to compare
    with. `path` is the file it was read from.
    """

    path: str
    known: tuple[str, ...] = ()
    previous: tuple[Before, ...] = ()


class CachedFiles(msgspec.Struct, frozen=True):
    """How many of the files of a check the cache had; `again` if each was computed all the same."""

    files: int
    of: int
    again: bool = False

    @builtins.property
    def text(self) -> str:
        """`2 of 5 files from the cache`."""
        return f"{self.files} of {self.of} files from the cache" + (
            ", computed again" if self.again else ""
        )


WEAKER: Final = "TV016"  # notes of it are in every report


class Run(msgspec.Struct, frozen=True, rename="camel"):
    """The result of one check: inputs, protocols in input order, findings in source order.

    A finding that reports a refutation is in its outcome; `diagnostics` has all others.

    With the `dialect` "faithful" it speaks about what Telltale itself accepts and runs.
    `command` is the command line that gives this run again, `solvers` names solvers with their
    versions, `configuration` has every setting that is not at its default, as text. `evidence`
    lists the files that were written; an obligation of it is the id `protocol/obligation`. `docs`
    is the address of the documentation.
    `revision` is known in CI, or where the command line says it.
    `completions` has the definition of done of protocols that the policy lists.
    `versions` is what the protocols were compared with, if they were. `cached` is None where the
    cache had nothing.
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
    docs: str = ""
    revision: Revision | None = None
    completions: tuple[Completion, ...] = ()
    versions: ComparedVersions | None = None
    cached: CachedFiles | None = None

    @builtins.property
    def semantics(self) -> str:
        """What the verdicts presume, in words; empty when they are about data and models alone."""
        asked = [verdict.property for one in self.protocols for verdict in one.verdicts]
        presumed = dict.fromkeys(str(w) for prop in asked for w in PROPERTIES[prop].presumes)
        if presumed or not asked:
            presumed |= dict.fromkeys(what for one in self.protocols for what in one.presumed)
        scenarios = dict.fromkeys(one for each in self.protocols for one in each.scenarios)
        under = [f"`@ {one.name}`: {one.rules}" for one in scenarios]
        return "; ".join([", ".join(presumed), *under]) if asked else SEMANTICS

    @builtins.property
    def weakened(self) -> list[Diagnostic]:
        """The findings about settings that ask for less than the defaults."""
        return [one for one in self.diagnostics if one.code.number == WEAKER]

    @builtins.property
    def findings(self) -> list[Diagnostic]:
        """All findings in source order, those that refutations carry and `diagnostics`."""
        carried = [
            verdict.outcome.diagnostic
            for protocol in self.protocols
            for verdict in protocol.verdicts
            if isinstance(verdict.outcome, Refuted) and verdict.outcome.diagnostic is not None
        ]
        return sorted(dict.fromkeys((*carried, *self.diagnostics)), key=sort_key)


def is_comparison(run: Run) -> bool:
    """True of the run of `compare`, whose verdicts are about two versions and nothing else."""
    return run.versions is not None and all(
        verdict.property in (Property.MIXTURE, Property.ROLL_OUT)
        for protocol in run.protocols
        for verdict in protocol.verdicts
    )
