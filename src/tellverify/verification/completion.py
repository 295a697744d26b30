"""The definition of done of a protocol, line by line, with the evidence for each answer.

The twelve lines are those of Aura's guide to choreographies, section 2, phase 4. What a verdict,
the policy or a file decides is answered yes or no. What only code shows is assumed of the owner
that the policy names, once the file is there; without such a name it is not decidable here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence

import msgspec

from tellverify.admission.convergence import Sourced
from tellverify.admission.manifest import derive
from tellverify.annotations.schema_files import named_schema
from tellverify.language.checks.walk import preorder
from tellverify.language.files.inputs import ReadFile
from tellverify.language.syntax import ast
from tellverify.language.syntax.directives import directives
from tellverify.language.workspace import Workspace, named_protocols
from tellverify.policy.model import Policy
from tellverify.verdict.done import Completion, CompletionAnswer, Criterion
from tellverify.verdict.outcome import Assumed, Bounded, Proved, Refuted, Skipped, Unknown, status
from tellverify.verdict.properties import Property
from tellverify.verdict.run import ProtocolReport, Run, Verdict

_COMMUNICATION = (
    Property.WELL_FORMED,
    Property.IMPLEMENTABLE,
    Property.NO_DEADLOCK,
    Property.NO_ORPHAN_MESSAGE,
    Property.NO_UNSPECIFIED_RECEPTION,
)
_NOT_NEEDED = "not required outside category C"


class _Said(msgspec.Struct, frozen=True):
    answer: CompletionAnswer
    evidence: tuple[str, ...]
    todo: str = ""
    owner: str = ""


def completion(
    policy: Policy, sourced: Sourced, report: ProtocolReport, root: str = "."
) -> Completion:
    """The definition of done of one protocol.

    `report` has the verdicts of a check with the same policy; `root` is the folder that the paths
    of the policy are relative to.
    """
    judge = _CompletionJudge(policy, sourced, report, root)
    lines: tuple[tuple[str, Callable[[], _Said]], ...] = (
        ("the operation category is declared", judge.category),
        ("facts have a reducer and a schema version", judge.facts),
        ("the choreography is specified with its roles and messages", judge.choreography),
        ("the runtime wiring exists: role runners and registration", judge.wiring),
        ("fragments are owned by manifest admission and the runtime's ownership", judge.ownership),
        ("delegation and links use the reconfiguration manager", judge.links),
        ("threaded or envelope-bounded execution uses the admitted policy only", judge.execution),
        ("category C uses the ceremony runner and emits standard facts", judge.ceremony),
        ("the status output is implemented", judge.status),
        ("an integration test on a shared bus exists", judge.shared_bus),
        ("a simulation test exists", judge.simulation),
        ("category C has parity and replay tests of its choreography", judge.parity),
    )
    criteria = []
    for number, (text, asked) in enumerate(lines, 1):
        said = asked()
        criteria.append(Criterion(number, text, said.answer, said.evidence, said.todo, said.owner))
    manifest, source = sourced.derived.manifest, sourced.derived.source
    line = source.position(sourced.protocol.name.span.start)[0]
    return Completion(
        manifest.protocol_qualified_name,
        manifest.protocol_id,
        source.path,
        line,
        judge.category_name,
        tuple(criteria),
    )


def completions(
    run: Run, files: Sequence[ReadFile], policy: Policy, root: str = "."
) -> tuple[Completion, ...]:
    """The definition of done of each protocol of a run that the policy lists, in input order.

    `files` are those that the run is about, `root` the folder that the paths of the policy are
    relative to.
    """
    reports = {(one.path, one.name): one for one in run.protocols if policy.protocol(one.name)}
    if not reports:
        return ()
    found = []
    for _, choreographies in Workspace(files).opened():
        taken: set[str] = set()
        for judged in choreographies:
            for each in named_protocols(judged, taken):
                report = reports.get((judged.source.path, each.name))
                if report is not None:
                    sourced = Sourced(each, derive(judged, each.protocol, policy))
                    found.append(completion(policy, sourced, report, root))
    return tuple(found)


class _CompletionJudge:
    def __init__(self, policy: Policy, sourced: Sourced, report: ProtocolReport, root: str) -> None:
        self._policy = policy
        self._sourced = sourced
        self._report = report
        self._root = root
        self._manifest = sourced.derived.manifest
        self._row = policy.protocol(self._manifest.protocol_qualified_name)
        name = self._row.name if self._row is not None else ""
        self._code = policy.code.get(name)
        self._names = policy.ceremony_names.get(name)
        found = directives(sourced.file, sourced.derived.source).of_kind("category")
        self._stated = found[0] if found else None
        in_policy = self._row.category if self._row is not None else ""
        self.category_name = self._stated.argument if self._stated is not None else in_policy

    # What the policy and the source decide

    def category(self) -> _Said:
        """A comment in the source declares it, or a row of the policy that says it is declared."""
        todo = "declare it: `-- tell: category(C)`, or `category_by` in the policy"
        if self._stated is not None:
            source = self._sourced.derived.source
            line = source.position(self._stated.argument_span.start)[0]
            return _Said(CompletionAnswer.YES, (f"{self.category_name}, {source.path}:{line}",))
        if self._row is None or not self._row.category:
            return _Said(CompletionAnswer.NO, ("neither the source nor the policy has one",), todo)
        where = self._at("protocols", self._row.name, "category")
        evidence = (f"{self._row.category}, {self._row.category_by}, {where}",)
        if self._row.category_by == "declared":
            return _Said(CompletionAnswer.YES, evidence)
        return _Said(CompletionAnswer.ASSUMED, evidence, todo, self._policy.name)

    def facts(self) -> _Said:
        """The schema that the policy names is readable; without one there must be no fact."""
        names = self._names
        if names is not None and names.schema:
            path = self._policy.schema_path(names)
            read = named_schema(path, names.schema_type)
            if read.schema is None:
                return _Said(
                    CompletionAnswer.NO, (f"{path}: {read.diagnostics[0].message}",), f"mend {path}"
                )
            own = names.reduction == "rank" and read.schema.reduction is not None
            reducer = "reduced by its own table" if own else f"reduced by {names.reduction}"
            return _Said(
                CompletionAnswer.YES, (f"{path}, version {read.schema.version}, {reducer}",)
            )
        records = any(
            entry.key.text == "journal_facts"
            for statement in self._statements()
            if isinstance(statement, ast.Send | ast.Broadcast) and statement.record is not None
            for entry in statement.record.entries
        )
        if not records and self.category_name in ("A", "B"):
            return _Said(CompletionAnswer.YES, ("it records no fact",))
        todo = "name a fact schema in `[[ceremony_names]]` of the policy"
        return _Said(CompletionAnswer.NO, ("the policy names no fact schema for it",), todo)

    def choreography(self) -> _Said:
        """The verdicts on communication; prose about roles and messages is not judged."""
        found = [one for one in self._report.verdicts if one.property in _COMMUNICATION]
        source = self._sourced.derived.source
        line = source.position(self._sourced.protocol.name.span.start)[0]
        where = f"{len(self._report.roles)} roles, {source.path}:{line}"
        return self._by_verdicts(found, (where, "prose about them is not judged"))

    def execution(self) -> _Said:
        """By the mode of the determinism policy of the protocol."""
        row = self._policy.determinism_of(self._row)
        if row is None:
            todo = "name a determinism policy in the row of the protocol"
            return _Said(
                CompletionAnswer.NO, ("the policy has no determinism policy for it",), todo
            )
        evidence = (f"{row.ref}, {row.mode}, {self._at('determinism', row.ref, 'mode')}",)
        if row.mode == "cooperative":
            return _Said(CompletionAnswer.YES, evidence)
        return self._assumed(self._wiring(), evidence, "wiring")

    def links(self) -> _Said:
        """Every link is of a live bundle, whose consumer in the policy answers for it."""
        handed = [each for each in self._statements() if isinstance(each, ast.Handoff)]
        bundles = tuple(dict.fromkeys(link.bundle_id for link in self._manifest.link_specs))
        if not bundles and not handed:
            return _Said(CompletionAnswer.YES, ("it has no link and hands nothing off",))
        live = {one.bundle: one for one in self._policy.links.live}
        lost = [name for name in bundles if name not in live]
        if lost:
            todo = "remove the link, or add the bundle to `live` in the policy"
            evidence = tuple(f"no runtime consumes the bundle `{name}`" for name in lost)
            return _Said(CompletionAnswer.NO, evidence, todo)
        consumers = [live[name].consumer for name in bundles]
        evidence = tuple(
            f"`{name}` is consumed by {live[name].consumer or 'an unnamed consumer'}"
            for name in bundles
        )
        if handed or not all(consumers):
            return self._assumed(self._wiring(), (*evidence, "it hands roles off"), "wiring")
        return _Said(CompletionAnswer.ASSUMED, evidence, owner=", ".join(dict.fromkeys(consumers)))

    # What verdicts and code decide together

    def wiring(self) -> _Said:
        """The files that the policy names."""
        return self._assumed(self._wiring(), (), "wiring")

    def ownership(self) -> _Said:
        """Admission by manifest is decided; that the code uses it is in the wiring."""
        found = [one for one in self._report.verdicts if one.property is Property.ADMISSION]
        said = self._by_verdicts(found, ())
        if said.answer is not CompletionAnswer.YES:
            return said
        return self._assumed(self._wiring(), said.evidence, "wiring")

    def ceremony(self) -> _Said:
        """The facts are decided; that the ceremony runner records them is in the wiring."""
        if self.category_name in ("A", "B"):
            return _Said(CompletionAnswer.YES, (_NOT_NEEDED,))
        found = [one for one in self._report.verdicts if one.property is Property.CEREMONY]
        said = self._by_verdicts(found, ())
        if said.answer is not CompletionAnswer.YES:
            return said
        return self._assumed(self._wiring(), said.evidence, "wiring")

    def status(self) -> _Said:
        """The file that the policy names for it."""
        return self._assumed(self._code.status if self._code else (), (), "status")

    def shared_bus(self) -> _Said:
        """The tests that the policy names."""
        return self._assumed(self._code.shared_bus if self._code else (), (), "shared_bus")

    def simulation(self) -> _Said:
        """The tests that the policy names."""
        return self._assumed(self._code.simulation if self._code else (), (), "simulation")

    def parity(self) -> _Said:
        """The tests that the policy names, for category C."""
        if self.category_name in ("A", "B"):
            return _Said(CompletionAnswer.YES, (_NOT_NEEDED,))
        return self._assumed(self._code.parity if self._code else (), (), "parity")

    # Parts

    def _wiring(self) -> tuple[str, ...]:
        return self._code.wiring if self._code is not None else ()

    def _assumed(self, paths: Sequence[str], evidence: tuple[str, ...], field: str) -> _Said:
        """Assumed of the owner where all files are there."""
        if self._code is None or not paths:
            todo = f"name the file under `{field}` in `[[code]]` of the policy"
            said = f"the policy names no file under `{field}`"
            return _Said(CompletionAnswer.UNDECIDED, (*evidence, said), todo)
        missing = [one for one in paths if not os.path.isfile(os.path.join(self._root, one))]
        if missing:
            todo = f"add {', '.join(missing)}, or correct `{field}` in the policy"
            return _Said(CompletionAnswer.NO, tuple(f"{one} is not there" for one in missing), todo)
        where = self._at("code", self._code.protocol, field)
        found = tuple(f"{one} is there" for one in paths)
        return _Said(CompletionAnswer.ASSUMED, (*evidence, *found, where), owner=self._code.owner)

    def _by_verdicts(self, found: Iterable[Verdict], evidence: tuple[str, ...]) -> _Said:
        """Yes where all are proved or bounded, no where one is refuted or skipped."""
        judged = list(found)
        against = [one for one in judged if isinstance(one.outcome, Refuted | Skipped)]
        if against:
            lines = tuple(f"`{one.name}` {_why(one)}" for one in against)
            return _Said(CompletionAnswer.NO, lines, f"see `tellverify check {self._report.path}`")
        open_ones = [one for one in judged if not isinstance(one.outcome, Proved | Bounded)]
        if open_ones or not judged:
            lines = tuple(f"`{one.name}` {_why(one)}" for one in open_ones)
            todo = f"see `tellverify check {self._report.path}`"
            return _Said(
                CompletionAnswer.UNDECIDED, lines or ("nothing was decided about it",), todo
            )
        lines = tuple(f"`{one.name}` {_why(one)}" for one in judged)
        return _Said(CompletionAnswer.YES, (*evidence, *lines))

    def _statements(self) -> Iterable[ast.Statement]:
        return preorder(self._sourced.protocol.body)

    def _at(self, section: str, name: str, field: str) -> str:
        place = self._policy.place(section, name, field)
        return f"{place.path}:{place.line}"


def _why(verdict: Verdict) -> str:
    outcome = verdict.outcome
    word = status(outcome)
    match outcome:
        case Bounded():
            return f"{word}: {outcome.bound}"
        case Skipped() | Refuted() if outcome.reason:
            return f"{word}: {outcome.reason}"
        case Proved() | Refuted() | Skipped() | Unknown() | Assumed():
            return word
