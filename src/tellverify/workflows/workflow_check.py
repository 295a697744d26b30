"""The check of workflow files: from files to reports of a subject of their own kind."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from tellverify.diagnostics import workflows as say
from tellverify.diagnostics.limits import NOT_WELL_FORMED, TIMEOUT
from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.language.files import inputs
from tellverify.language.files.inputs import ReadFile
from tellverify.language.instances import instance_name
from tellverify.language.workspace import Workspace
from tellverify.obligations.options import Options
from tellverify.source.span import NOWHERE
from tellverify.source.text import SourceFile
from tellverify.verdict.drawing import Drawings
from tellverify.verdict.identity import ObligationScope, SubjectKind
from tellverify.verdict.outcome import Outcome, Refuted, Skipped, Unknown
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Family, Input, ProtocolReport, Verdict
from tellverify.verification.checked import Checked, FileResult, assembled
from tellverify.verification.deadline import Allowance, TimeUp, within
from tellverify.verification.output_paths import escape
from tellverify.workflows.composition import composition, joined_sessions
from tellverify.workflows.conditions import cycles_of
from tellverify.workflows.decision import Deciding
from tellverify.workflows.over_sizes import (
    SizedWorkflow,
    combinations,
    families_of,
    families_tried,
    verdicts_of,
    withhold_waiting,
)
from tellverify.workflows.plan import FilePlan, PlannedWorkflow, file_plan
from tellverify.workflows.premises import premise_outcomes
from tellverify.workflows.protocol_files import ProtocolFiles
from tellverify.workflows.reading import commented_workflows, read_workflows
from tellverify.workflows.sessions import ComposedSession
from tellverify.workflows.workflow_graph import workflow_picture
from tellverify.workflows.workflow_text import LocalStep, WorkflowDocument

if TYPE_CHECKING:
    from tellverify.verification.cache import Cache

_NOTHING: Final = 4  # the exit code of a run that has no subject
_MOST_DRAWN: Final = 100  # sessions of a workflow in a picture
_TOML: Final = ".toml"
_COMMENT: Final = "tell: workflow"
_EXPECTED: Final = "tell:"
_TABLE: Final = re.compile(r"^[ \t]*\[\[?[ \t]*workflow[ \t]*[.\]]", re.MULTILINE)
_WHOLE: Final = ObligationScope()


def check_workflows(
    files: Iterable[ReadFile],
    options: Options,
    total: float | None = None,
    cache: Cache | None = None,
) -> Checked:
    """Decide all workflows of the files, TOML or choreographies with comments.

    Each file has `options.seconds`, and all together have `total`; what takes longer is unknown.
    """
    results = workflow_results(list(files), options, total, cache)
    checked = assembled(results, options)
    if checked.run.protocols or checked.run.exit_code != _NOTHING:
        return checked
    reason = f"no workflow was {'selected' if options.protocols else 'found'}"
    return msgspec.structs.replace(
        checked, run=msgspec.structs.replace(checked.run, exit_reason=reason)
    )


def configured_results(
    paths: Sequence[str], options: Options, cache: str = "", confined: str = ""
) -> list[FileResult]:
    """The results of all workflow files at `paths`; `cache` is the file of the cache, or empty.

    What they name lies below the folder `confined`, unless that is empty.
    """
    files = [file for path in paths for file in _configured(path, confined)]
    if not cache:
        return workflow_results(files, options, confined=confined)
    from tellverify.verification.cache import Cache

    kept = Cache(cache)
    found = workflow_results(files, options, cache=kept, confined=confined)
    kept.close()
    return found


def _configured(path: str, confined: str) -> Iterator[ReadFile]:
    """The workflow files at a path that a configuration names; one without any is an error."""
    any_found = False
    for one in workflow_files(path):
        file = _read(one, confined)
        any_found = True
        if file.text is not None and not one.endswith(_TOML) and _COMMENT not in file.text:
            yield _empty(file, "it has no workflow")
        else:
            yield file
    if not any_found:
        yield _empty(ReadFile(path, "", None), "this folder has no workflow")


def _empty(file: ReadFile, reason: str) -> ReadFile:
    said = say.unreadable_workflow(file.path, NOWHERE, reason)
    return ReadFile(file.path, file.sha256, None, said)


def _read(path: str, confined: str) -> ReadFile:
    if confined and escape(os.path.abspath(path), confined):
        return inputs.refused_link(path)
    return inputs.read_any(path)


def workflow_files(path: str) -> Iterator[str]:
    """The workflow files of a folder, sorted; a path that is not a folder is taken as it is."""
    if not os.path.isdir(path):
        yield path.replace(os.sep, "/")
        return
    found = [one for one in inputs.find([path]) if _COMMENT in _text(one)]
    for folder, inner, names in os.walk(path):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        joined = (os.path.normpath(os.path.join(folder, name)) for name in names)
        places = (one.replace(os.sep, "/") for one in joined)
        found.extend(
            one for one in places if one.endswith(_TOML) and _TABLE.search(_text(one)) is not None
        )
    yield from sorted(found)


def _text(path: str) -> str:
    return inputs.read_any(path).text or ""


def workflow_results(
    files: Sequence[ReadFile],
    options: Options,
    total: float | None = None,
    cache: Cache | None = None,
    confined: str = "",
) -> list[FileResult]:
    """The results for each file, in their order, with the protocols that were read.

    `confined` is as for `configured_results`.
    """
    clock = Allowance(options.seconds, total)
    common = ""
    if cache is not None:
        from tellverify.verification.cache import Keys

        common = Keys((), _decisive(options)).key(ReadFile("", "", None), imports=False)
    return [_FileCheck(file, options, clock, cache, common, confined).result() for file in files]


def _decisive(options: Options) -> Options:
    """The options that an interface depends on."""
    return Options(
        dialect=options.dialect,
        event_limit=options.event_limit,
        step_limit=options.step_limit,
        search_limit=options.search_limit,
        queue_limit=options.queue_limit,
        late=options.late,
        fire=options.fire,
    )


def _covering(reports: Sequence[ProtocolReport], files: Sequence[ReadFile]) -> list[ProtocolReport]:
    """The reports, whose refutations cover the faults of exactly what the files say."""
    if not any(isinstance(v.outcome, Refuted) for report in reports for v in report.verdicts):
        return list(reports)
    from tellverify.verification.known_faults import covering, plain_lines

    content = "\n".join(plain_lines(file.text or "") for file in files)
    return [
        msgspec.structs.replace(
            report, verdicts=tuple(covering(v, content) for v in report.verdicts)
        )
        for report in reports
    ]


class _FileCheck:
    """The check of one file."""

    def __init__(
        self,
        file: ReadFile,
        options: Options,
        clock: Allowance,
        cache: Cache | None,
        common: str,
        confined: str,
    ) -> None:
        self._file = file
        self._options = options
        self._clock = clock
        source = SourceFile(file.path, file.text or "")
        read = Input(file.path, file.sha256)
        self._result = FileResult(read, source, [], [], [], [], {}, {})
        self._protocols = (cache, common, confined)

    def result(self) -> FileResult:
        """Reports and findings."""
        found = self._checked()
        self._after_expectations()
        return found

    def _checked(self) -> FileResult:
        file, result = self._file, self._result
        if file.diagnostic is not None:
            result.diagnostics.append(file.diagnostic)
        if file.text is None:
            return result
        document, said = self._document(file)
        result.diagnostics.extend(said)
        if document is None or not document.workflows or (said and file.path.endswith(_TOML)):
            return result
        cache, common, confined = self._protocols
        modules = [one for one, _ in document.modules]
        protocols = ProtocolFiles(
            file.path, modules, self._options, cache, common, confined=confined
        )
        seconds = self._clock.seconds()
        plan: FilePlan | None = None
        try:
            with within(seconds):
                plan = file_plan(document, protocols)
                self._decide(plan, protocols)
        except TimeUp:
            reason = self._clock.reason(seconds)
            self._give_up(document, Unknown(reason, TIMEOUT.number))
        result.more = tuple(protocols.all_files())
        result.reports = _covering(result.reports, [file, *result.more])
        return result

    def _after_expectations(self) -> None:
        """An expected fault of a TOML file does not count."""
        result = self._result
        if not self._file.path.endswith(_TOML) or _EXPECTED not in result.source.text:
            return
        from tellverify.diagnostics.expectations import UNMET_EXPECTATION
        from tellverify.verification.toml_examples import as_expected

        found = as_expected(result.source, result.reports, result.diagnostics, everywhere=True)
        said = found.diagnostics
        others = (one for one in said if one.code is not UNMET_EXPECTATION and not one.refutes)
        is_faulty = any(one.severity is Severity.ERROR for one in others)
        # Those of what was not selected, or left undecided by errors, do not count.
        if self._options.protocols or is_faulty:
            said = [one for one in said if one.code is not UNMET_EXPECTATION]
        result.reports[:], result.diagnostics[:] = found.reports, said

    def _document(self, file: ReadFile) -> tuple[WorkflowDocument | None, list[Diagnostic]]:
        if file.path.endswith(_TOML):
            return read_workflows(file.path, file.text or "")
        found = list(commented_workflows(Workspace([file], self._options.dialect)))
        if not found:
            return None, []
        return found[0]

    def _give_up(self, document: WorkflowDocument, outcome: Outcome) -> None:
        known = {report.name for report in self._result.reports}
        for workflow in document.workflows:
            if workflow.name not in known and self._is_wanted(workflow.name):
                line, column = self._result.source.position(workflow.span.start)
                verdict = Verdict.of(Property.COMPOSITION, _WHOLE, outcome, (line, column))
                self._add(workflow.name, line, (), (), (verdict,), 0)

    def _is_wanted(self, name: str) -> bool:
        return not self._options.protocols or name in self._options.protocols

    def _add(
        self,
        name: str,
        line: int,
        agents: tuple[str, ...],
        families: tuple[Family, ...],
        verdicts: tuple[Verdict, ...],
        events: int,
        drawings: Drawings | None = None,
        presumes: tuple[str, ...] = (),
    ) -> None:
        kept = tuple(one for one in verdicts if self._is_selected(one))
        report = ProtocolReport(
            name,
            self._file.path,
            line,
            agents,
            families,
            kept,
            event_count=events,
            drawings=drawings,
            kind=SubjectKind.WORKFLOW,
            presumes=presumes or msgspec.UNSET,
        )
        self._result.reports.append(report)

    def _is_selected(self, verdict: Verdict) -> bool:
        wanted = self._options.properties
        return not wanted or verdict.property.value in wanted

    def _decide(self, plan: FilePlan, protocols: ProtocolFiles) -> None:
        options = self._options
        decided: dict[str, list[SizedWorkflow]] = {}
        said: dict[str, list[Diagnostic]] = {one.name: list(one.said) for one in plan.workflows}
        general: list[Diagnostic] = []
        tried = list(combinations(plan))
        for sizes in tried:
            whole = composition(plan, protocols, sizes)
            for one in whole.said:
                said.get(one.protocol, general).append(one)
            deciding = Deciding(whole, protocols, options)
            for workflow in plan.workflows:
                errors = [*said[workflow.name], *general]
                if any(one.severity is Severity.ERROR for one in errors):
                    continue
                found = deciding.decide(workflow)
                outcomes, more = premise_outcomes(whole, workflow)
                joined = dict(found.outcomes)
                news = [*found.said, *more]
                for premise in outcomes:
                    joined[premise.property, premise.scope] = premise.outcome
                    if premise.diagnostic is not None:
                        news.append(premise.diagnostic)
                found = msgspec.structs.replace(found, outcomes=joined, said=tuple(news))
                row = (instance_name(sizes), whole, found)
                decided.setdefault(workflow.name, []).append(row)
        withhold_waiting(plan, decided)
        for workflow in plan.workflows:
            if self._is_wanted(workflow.name):
                own = decided.get(workflow.name, [])
                self._report(plan, workflow, own, said, general, protocols)
        if any(map(self._is_wanted, said)):
            self._result.diagnostics.extend(dict.fromkeys(general))

    def _report(
        self,
        plan: FilePlan,
        workflow: PlannedWorkflow,
        rows: Sequence[SizedWorkflow],
        said: dict[str, list[Diagnostic]],
        general: Sequence[Diagnostic],
        protocols: ProtocolFiles,
    ) -> None:
        line, column = self._result.source.position(workflow.text.span.start)
        place = (line, column)
        errors = [one for one in (*said[workflow.name], *general) if one.severity is Severity.ERROR]
        self._result.diagnostics.extend(dict.fromkeys(said[workflow.name]))
        if errors or not rows:
            skipped = Skipped("the workflow has errors", NOT_WELL_FORMED.number)
            verdict = Verdict.of(Property.COMPOSITION, _WHOLE, skipped, place)
            self._add(workflow.name, line, (), (), (verdict,), 0)
            return
        told: set[str] = set()
        for _, _, found in rows:
            for one in found.said:
                if not one.refutes or one.refutes not in told:
                    self._result.diagnostics.append(one)
            told |= {one.refutes for one in found.said}
        whole = rows[-1][1]
        own = whole.of(workflow.name)
        steps = [planned.placed.step for planned in workflow.steps]
        acting = [agent for s in own for _, agent in s.session.agents]
        acting += [step.agent for step in steps if isinstance(step, LocalStep)]
        agents = tuple(dict.fromkeys(acting))
        events = sum(s.interface.events for s in own if s.interface is not None)
        verdicts = tuple(verdicts_of(plan, workflow, rows, place))
        drawings = None
        if len(own) <= _MOST_DRAWN:
            picture = workflow_picture(whole, workflow, cycles_of(whole))
            drawings = Drawings(rows[-1][0], workflow=picture)
        families = families_tried(rows, families_of(workflow))
        presumes = tuple(self._presumed(workflow, own))
        if self._options.keep_graphs:
            from tellverify.workflows.run_evidence import run_files

            shown = {label: found.shown for label, _, found in rows}
            read = [self._file, *protocols.all_files()]
            runs = tuple(run_files(workflow.name, verdicts, shown, read))
            self._result.files[self._file.path, workflow.name] = runs
        self._add(workflow.name, line, agents, families, verdicts, events, drawings, presumes)

    def _presumed(self, workflow: PlannedWorkflow, own: Sequence[ComposedSession]) -> Iterator[str]:
        """What the verdicts take for granted of timers, and of sessions that a join gives up."""
        if any(one.session.head.parts for one in own):
            from tellverify.obligations.timed import presumed_of_timers

            yield from presumed_of_timers(self._options)
        if any(True for _ in joined_sessions(workflow, own)):
            yield "messages of a session that is given up are dropped"
