"""The reader of runs that the version before has stored, schema `tellverify/run-1`.

Such a file names protocols without their files, has places without offsets, and keeps findings
apart from the refutations that they report. What today's run needs follows from the rest, or the
file is refused. Fingerprints are those of today: what a baseline knew by the old fingerprint of a
verdict or finding of the file is known by its new one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from tellverify.diagnostics.codes import CODES
from tellverify.diagnostics.model import Annotation, Code, Diagnostic, Kind
from tellverify.model.site import Site
from tellverify.model.step import Step
from tellverify.model.trace import Trace
from tellverify.report.grouping import totals
from tellverify.report.run_1_file import (
    SCHEMA_1,
    Run1,
    Run1Assumption,
    Run1Finding,
    Run1Place,
    Run1Protocol,
    Run1Step,
    Run1Trace,
    Run1Verdict,
)
from tellverify.report.run_file import StoredError
from tellverify.source.span import Span
from tellverify.source.text import SourceFile
from tellverify.verdict.comparison import RunComparison
from tellverify.verdict.drawing import Drawings
from tellverify.verdict.fingerprint import fingerprint
from tellverify.verdict.identity import ObligationScope, Subject, SubjectKind, obligation_name
from tellverify.verdict.methods import Method, method_named
from tellverify.verdict.outcome import (
    Assumed,
    Bounded,
    Conflict,
    Core,
    Outcome,
    Proved,
    Refuted,
    Skipped,
    Unknown,
)
from tellverify.verdict.properties import Property
from tellverify.verdict.run import (
    Assumption,
    Baseline,
    Before,
    EvidenceFile,
    Family,
    ProtocolReport,
    Run,
    Suppression,
    Verdict,
    Witness,
)

_LONGEST: Final = 200
_COLUMNS: Final = 1 << 20  # orders places of a text that is not at hand
_RENAMED_METHODS: Final = {"runs": Method.EXECUTIONS}


def run_of(value: Run1, sources: Mapping[str, SourceFile]) -> Run:
    """The run that an old file stores; `sources` are the texts that are at hand.

    Raises StoredError where the file lacks what a run of today needs, or contradicts itself.
    """
    run = _Conversion(value, sources).run()
    if totals(run) != value.totals:
        raise StoredError("its totals are not those of its verdicts")
    return run


class _Conversion:
    """Converts one run, with the texts that are at hand."""

    def __init__(self, value: Run1, sources: Mapping[str, SourceFile]) -> None:
        self._value = value
        self._sources = sources
        self._paths: dict[str, str] = {}
        for one in value.protocols:
            if self._paths.setdefault(one.name, one.path) != one.path:
                raise StoredError(
                    f"two of its protocols are called `{one.name[:_LONGEST]}`, and files of schema "
                    f"`{SCHEMA_1}` do not keep them apart"
                )

    def run(self) -> Run:
        """The run. A finding that a refutation carries is in its outcome alone."""
        value = self._value
        found = [(one, self._finding(one)) for one in value.diagnostics]
        carried: set[int] = set()
        protocols = tuple(self._protocol(one, found, carried) for one in value.protocols)
        rest = tuple(new for number, (_, new) in enumerate(found) if number not in carried)
        configuration = dict(value.configuration)
        run = Run(
            inputs=value.inputs,
            protocols=protocols,
            diagnostics=rest,
            exit_code=value.exit.code,
            exit_reason=value.exit.reason,
            dialect=configuration.pop("dialect", "strict"),
            command=value.command,
            solvers=value.solvers,
            configuration=tuple(configuration.items()),
            assumptions=tuple(map(self._assumption, value.assumptions)),
            suppressions=tuple(
                Suppression(one.kind, self._finding(one.finding), one.reason, one.place)
                for one in value.suppressions
            ),
            evidence=tuple(
                EvidenceFile(self._identity(one.of), one.path, one.sha256) for one in value.evidence
            ),
            timing=tuple(value.timing.items()),
        )
        return msgspec.structs.replace(run, baseline=self._baseline(run, [new for _, new in found]))

    def _identity(self, old: str) -> str:
        """The id of today of `protocol/obligation`."""
        protocol, obligation = self._parted(old)
        return Subject(SubjectKind.PROTOCOL, self._paths[protocol], protocol).part(obligation)

    def _parted(self, old: str) -> tuple[str, str]:
        protocol, _, obligation = old.partition("/")
        if protocol not in self._paths or not obligation:
            raise StoredError(f"`{old[:_LONGEST]}` is about no protocol of the run")
        return protocol, obligation

    def _assumption(self, one: Run1Assumption) -> Assumption:
        protocol, _, obligation = one.obligation.partition("/")
        return Assumption(
            one.ledger,
            self._paths.get(protocol, ""),
            protocol,
            obligation,
            one.reason,
            one.place,
            one.owner,
            one.until,
            one.in_force,
            one.is_new,
        )

    def _baseline(self, run: Run, found: Sequence[Diagnostic]) -> Baseline | None:
        """The baseline, with fingerprints of today for what the run still has."""
        value = self._value.baseline
        if not (value.path or value.known or value.previous):
            return None
        compared = RunComparison(run)
        today = {
            old.fingerprint: compared.fingerprint_of(new)
            for old, new in zip(self._value.diagnostics, found, strict=True)
        }
        for before, after in zip(self._value.protocols, run.protocols, strict=True):
            for one, verdict in zip(before.verdicts, after.verdicts, strict=True):
                today[one.fingerprint] = fingerprint(after.subject, verdict)
        return Baseline(
            value.path,
            tuple(today.get(one, one) for one in value.known),
            tuple(
                Before(
                    self._paths.get(one.protocol, ""),
                    one.protocol,
                    one.name,
                    one.status,
                    today.get(one.fingerprint, one.fingerprint),
                    one.code,
                )
                for one in value.previous
            ),
        )

    def _protocol(
        self,
        value: Run1Protocol,
        found: Sequence[tuple[Run1Finding, Diagnostic]],
        carried: set[int],
    ) -> ProtocolReport:
        drawings, coverage = value.drawings, value.coverage
        return ProtocolReport(
            name=value.name,
            path=value.path,
            line=value.line,
            roles=value.roles,
            families=tuple(Family(name, sizes) for name, sizes in value.families.items()),
            verdicts=tuple(self._verdict(value, one, found, carried) for one in value.verdicts),
            event_count=value.events,
            drawings=None
            if drawings is None
            else Drawings(
                drawings.instance,
                None if drawings.graph is None else drawings.graph.drawing(),
                tuple(one.drawing() for one in drawings.machines),
                drawings.omitted,
            ),
            coverage=None if coverage is None else coverage.coverage(),
            kind=_kind(value),
        )

    def _verdict(
        self,
        protocol: Run1Protocol,
        value: Run1Verdict,
        found: Sequence[tuple[Run1Finding, Diagnostic]],
        carried: set[int],
    ) -> Verdict:
        if not value.locations:
            raise StoredError(f"`{value.id[:_LONGEST]}` has no location")
        here = value.locations[0]
        about = value.subject
        roles = (about.role,) if about.role else about.roles
        scope = ObligationScope(roles, _channel(value), about.item)
        name = obligation_name(value.property, scope)
        if value.id != f"{protocol.name}/{name}":
            raise StoredError(f"`{value.id[:_LONGEST]}` does not match the id of its subject")
        outcome = self._outcome(value)
        if isinstance(outcome, Refuted):
            wanted = (protocol.name, name, outcome.code)
            for number, (old, diagnostic) in enumerate(found):
                told = (old.protocol, old.refutes, old.code)
                if number not in carried and told == wanted:
                    carried.add(number)
                    outcome = msgspec.structs.replace(outcome, diagnostic=diagnostic)
                    break
        shown = value.evidence
        witness = None
        if shown.kind == "witness" and shown.trace is not None:
            witness = Witness(self._trace(shown.trace, here), shown.instance)
        return Verdict(
            value.property,
            scope,
            outcome,
            value.required,
            here.line,
            here.column,
            tuple(value.statistics.items()),
            value.vacuity,
            witness,
        )

    def _outcome(self, value: Run1Verdict) -> Outcome:
        detail = value.method.options.get("detail", "")
        match value.status:
            case "proved":
                return Proved(_method(value), detail)
            case "bounded":
                return Bounded(value.scope.bound, _method(value), detail)
            case "refuted":
                shown = self._shown(value)
                instance = value.evidence.instance
                return Refuted(value.code or "", shown, _method(value), instance, value.reason)
            case "unknown":
                return Unknown(value.reason, value.code or "")
            case "skipped":
                return Skipped(value.reason, value.code or "")
            case "assumed":
                ledger = value.assumptions[0] if value.assumptions else ""
                return Assumed(value.reason, self._place_of(value, ledger), ledger)
            case other:
                raise StoredError(f"`{other[:_LONGEST]}` is not an outcome")

    def _place_of(self, value: Run1Verdict, ledger: str) -> str:
        """Where the assumption stands that an obligation rests on."""
        ledgers = self._value.assumptions
        own = [one.place for one in ledgers if one.obligation == value.id]
        numbered = [one.place for one in ledgers if one.ledger == ledger]
        return (own or numbered or [""])[0]

    def _shown(self, value: Run1Verdict) -> Trace | Conflict | Core:
        evidence = value.evidence
        match evidence.kind:
            case "counterexample" if evidence.trace is not None:
                return self._trace(evidence.trace, value.locations[0])
            case "conflict" if len(evidence.places) == 2:
                left, right = evidence.places
                regions = (left.region(), right.region())
                spans = (self._span(left), self._span(right))
                return Conflict(evidence.reason, left.path, *spans, regions)
            case "core":
                script = "" if evidence.sha256 else evidence.path
                return Core(evidence.reason, evidence.premises, script)
            case "none" | "counterexample" | "conflict" | "witness" | "certificate":
                name = value.id[:_LONGEST]
                raise StoredError(f"`{name}` is refuted, but no evidence shows it")

    def _trace(self, value: Run1Trace, here: Run1Place) -> Trace:
        return Trace(
            fault=value.fault,
            steps=tuple(map(self._step, value.steps)),
            culprits=value.culprits,
            explanation=value.explanation,
            minimal=value.minimal,
            loop=value.loop,
            queues=tuple((one.sender, one.receiver, one.labels) for one in value.queues),
            waiting=value.waiting,
            place=self._shown_at(value, here),
            states=value.states,
        )

    def _shown_at(self, value: Run1Trace, here: Run1Place) -> Site:
        """Where the run shows its fault; an empty site when that is its last step."""
        last = value.steps[-1] if value.steps else None
        if last is not None and not here.end_line:
            same = (last.line, max(last.column, 1)) == (here.line, here.column)
            if same and last.path in ("", here.path):
                return Site()
        return Site(here.path, self._span(here), here.line, here.column)

    def _step(self, value: Run1Step) -> Step:
        start = self._offset(value.path, value.line, value.column) if value.line else 0
        span = Span(start, start + max(value.length, 0))
        site = Site(value.path, span, value.line, value.column, branch=value.branch)
        if value.action == "send":
            return Step(True, value.role, value.peer, value.label, site)
        return Step(False, value.peer, value.role, value.label, site)

    def _finding(self, value: Run1Finding) -> Diagnostic:
        path = value.location.path
        return Diagnostic(
            _code(value),
            value.message,
            path,
            self._annotation(value.location, path),
            others=tuple(self._annotation(one, path) for one in value.others),
            notes=value.notes,
            helps=value.helps,
            severity=value.severity,
            protocol=value.protocol,
            refutes=value.refutes,
            upstream=value.upstream,
        )

    def _annotation(self, place: Run1Place, path: str) -> Annotation:
        other = place.path if place.path != path else ""
        return Annotation(self._span(place), place.text, other, place.region())

    def _span(self, place: Run1Place) -> Span:
        start = self._offset(place.path, place.line, place.column)
        if not place.end_line:
            return Span(start, start)
        return Span(start, self._offset(place.path, place.end_line, place.end_column))

    def _offset(self, path: str, line: int, column: int) -> int:
        """The code point of a place; where the text is not at hand, a number in its order."""
        source = self._sources.get(path)
        if source is None:
            return line * _COLUMNS + column
        offset = source.offset(line, max(column, 1))
        if offset is None:
            raise StoredError(f"`{path}` has no line {line} with a column {column}")
        return offset


def _channel(value: Run1Verdict) -> tuple[str, str] | None:
    match value.subject.channel:
        case ():
            return None
        case (sender, receiver):
            return sender, receiver
        case _:
            raise StoredError(f"the channel of `{value.id[:_LONGEST]}` does not have two roles")


def _code(value: Run1Finding) -> Code:
    try:
        return CODES[value.code]
    except KeyError:
        return Code(value.code, value.name, value.name, Kind.LINT, value.severity)


def _method(value: Run1Verdict) -> Method:
    text = value.method.options.get("method", "")
    found = _RENAMED_METHODS.get(text) or method_named(text)
    if found is None:
        name = value.id[:_LONGEST]
        if not text:
            raise StoredError(f"it does not say by which method `{name}` is {value.status}")
        raise StoredError(f"this version knows no method `{text[:_LONGEST]}`, that of `{name}`")
    return found


def _kind(value: Run1Protocol) -> SubjectKind:
    asked = {one.property for one in value.verdicts}
    if Property.LAW in asked:
        return SubjectKind.STRUCTURE
    if Property.CLAIM in asked:
        return SubjectKind.MODEL
    # A system of machines has no text that could be well formed.
    return SubjectKind.PROTOCOL if Property.WELL_FORMED in asked else SubjectKind.MACHINES
