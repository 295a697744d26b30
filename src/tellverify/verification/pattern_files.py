"""The claims of models of patterns as obligations of a run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tellverify.diagnostics.laws import BROKEN_CLAIM, broken_claim, unreadable_pattern
from tellverify.diagnostics.limits import EVENT_LIMIT, TIMEOUT
from tellverify.diagnostics.model import Diagnostic
from tellverify.diagnostics.wording import counted
from tellverify.language.files.inputs import ReadFile
from tellverify.models.evaluation import Value, shown
from tellverify.models.extents import TooLarge
from tellverify.models.induction import accepts, inductive
from tellverify.models.pattern_model import Model, ModelClaim, PatternInput, read_models
from tellverify.models.pattern_search import ModelRun, Space
from tellverify.models.pattern_traces import write_run
from tellverify.obligations.options import Options
from tellverify.solver.port import SolverBudget
from tellverify.solver.smtlib import About, Recording
from tellverify.solver.z3_backend import Z3Solver
from tellverify.source.text import SourceFile
from tellverify.verdict.identity import ObligationScope, SubjectKind
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Bounded, Conflict, Outcome, Proved, Refuted, Unknown
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Input as ReadInput
from tellverify.verdict.run import ProtocolReport, Verdict
from tellverify.verification.checked import Checked, FileResult, assembled
from tellverify.verification.deadline import Allowance, TimeUp, within
from tellverify.verification.toml_examples import as_expected

_WORK_PER_ACTION: Final = 20  # steps that an action counts when it is tried
_METHOD: Final = Method.SEARCH_EVALUATED


def check_patterns(
    files: Iterable[ReadFile], options: Options, total: float | None = None
) -> Checked:
    """Decide all claims of the models in TOML files; a file with errors has no models.

    Each model has `options.seconds`, and all together have `total`; what takes longer is unknown.
    """
    clock = Allowance(options.seconds, total)
    return assembled((_check_file(file, options, clock) for file in files), options)


def _check_file(file: ReadFile, options: Options, clock: Allowance) -> FileResult:
    text = file.text or ""
    source = SourceFile(file.path, text)
    result = FileResult(ReadInput(file.path, file.sha256), source, [], [], [], [], {}, {})
    if file.diagnostic is not None:
        result.diagnostics.append(file.diagnostic)
    if file.text is None:
        return result
    found = read_models(file.path, text)
    for fault in found.faults:
        result.diagnostics.append(unreadable_pattern(file.path, fault.span, fault.message))
    for model in found.found:
        if options.protocols and model.name not in options.protocols:
            continue
        check = _PatternCheck(model, source, file.sha256, options)
        result.reports.append(check.report(clock))
        result.diagnostics.extend(check.said)
        result.files[file.path, model.name] = tuple(check.files)
    expected = as_expected(source, result.reports, result.diagnostics)
    result.reports, result.diagnostics = expected.reports, expected.diagnostics
    return result


class _PatternCheck:
    def __init__(self, model: Model, source: SourceFile, sha256: str, options: Options) -> None:
        self.said: list[Diagnostic] = []
        self.files: list[tuple[str, str, str]] = []
        self._model = model
        self._source = source
        self._sha256 = sha256
        self._wants_evidence = options.keep_graphs
        self._solver = Recording(Z3Solver())
        self._budget = SolverBudget(options.step_limit)
        self._most_tried = max(options.step_limit // _WORK_PER_ACTION, 1)

    def report(self, clock: Allowance) -> ProtocolReport:
        model = self._model
        seconds = clock.seconds()
        verdicts: list[Verdict] = []
        try:
            with within(seconds):
                self._decide(verdicts)
        except TimeUp:
            late = Unknown(clock.reason(seconds), TIMEOUT.number)
            decided = {verdict.scope for verdict in verdicts}
            verdicts += [
                Verdict.of(Property.CLAIM, _scope(claim), late, self._place(claim))
                for claim in model.claims
                if claim.kind != "lemma" and _scope(claim) not in decided
            ]
        line = self._source.position(model.span.start)[0]
        return ProtocolReport(
            model.name, self._source.path, line, (), (), tuple(verdicts), kind=SubjectKind.MODEL
        )

    def _decide(self, verdicts: list[Verdict]) -> None:
        model = self._model
        proved = inductive(model, self._solver, self._budget)
        if self._wants_evidence:
            about = About(f"{model.name}/{Property.CLAIM}", self._source.path, self._sha256)
            self.files += self._solver.scripts("induction", about)
        claims = [claim for claim in model.claims if claim.kind != "lemma"]
        wanted = [claim for claim in claims if (claim.kind, claim.name) not in proved]
        space: Space | None = None
        reason = ""
        if wanted:
            try:
                space = Space(model, wanted, self._most_tried)
            except TooLarge as error:
                reason = str(error)
        verdicts.extend(  # one after the other, so that those before a time limit are kept
            self._verdict(claim, claim not in wanted, space, reason) for claim in claims
        )

    def _place(self, claim: ModelClaim) -> tuple[int, int]:
        return self._source.position(claim.span.start)

    def _verdict(
        self, claim: ModelClaim, is_proved: bool, space: Space | None, reason: str
    ) -> Verdict:
        statistics = (("states", space.state_count),) if space is not None else ()
        outcome = self._outcome(claim, is_proved, space, reason)
        return Verdict.of(Property.CLAIM, _scope(claim), outcome, self._place(claim), statistics)

    def _outcome(
        self, claim: ModelClaim, is_proved: bool, space: Space | None, reason: str
    ) -> Outcome:
        if is_proved:
            return Proved(Method.INDUCTION, "for all values of the parameters")
        if space is None:
            return Unknown(reason, EVENT_LIMIT.number)
        if space.is_complete or claim.kind != "possible":
            try:
                run = space.violation(claim)
            except TooLarge as error:
                return Unknown(str(error), EVENT_LIMIT.number)
            if run is not None:
                return self._refuted(claim, run)
        if not space.is_complete:
            return Unknown(space.stopped, EVENT_LIMIT.number)
        return Bounded(_ranges(self._model), Method.SEARCH, f"{space.state_count} states")

    def _refuted(self, claim: ModelClaim, run: ModelRun) -> Outcome:
        if not accepts(self._model, run, claim, Z3Solver(), self._budget):
            return Unknown("the run fails when it is judged a second time", "")
        steps = run_in_words(self._model, run)
        end = "no state that meets it can be reached" if claim.kind == "possible" else "it is false"
        message = (
            f"`{self._model.name}` does not keep `{claim.name}`: after"
            f" {counted(len(run.steps), 'step')} {end}"
        )
        obligation = f"{Property.CLAIM}[{claim.kind} {claim.name}]"
        self.said.append(
            broken_claim(
                self._source.path, claim.span, self._model.name, message, steps, obligation
            )
        )
        if self._wants_evidence:
            name = f"claim.{claim.kind}.{claim.name}.itf.json"
            text = write_run(self._model, run, claim, self._source.path, self._sha256)
            self.files.append((f"{self._model.name}/{obligation}", name, text))
        reason = f"{message}: {'; '.join(steps)}"
        conflict = Conflict(reason, self._source.path, claim.span, claim.span)
        return Refuted(BROKEN_CLAIM.number, conflict, _METHOD)


def _scope(claim: ModelClaim) -> ObligationScope:
    return ObligationScope(item=f"{claim.kind} {claim.name}")


def run_in_words(model: Model, run: ModelRun) -> list[str]:
    """A run in words: the parameters, the start, and each action with the state after it."""
    lines = []
    if model.parameters:
        lines.append(f"with {_values(model.parameters, run.parameters)}")
    lines.append(f"start: {shown(run.start, model.state)}")
    inputs = {action.name: action.inputs for action in model.actions}
    for number, step in enumerate(run.steps, 1):
        given = _values(inputs[step.action], step.inputs)
        call = f"{step.action}({given})" if given else step.action
        lines.append(f"{number} {call}: {shown(step.state, model.state)}")
    return lines


def _values(inputs: tuple[PatternInput, ...], values: dict[str, Value]) -> str:
    return ", ".join(f"{one.name} = {shown(values[one.name], one.kind)}" for one in inputs)


def _ranges(model: Model) -> str:
    """The values that the search went through, in words."""
    parts = [
        f"{one.name} = {one.range[0]}..{one.range[1]}"
        for one in (*model.parameters, *(i for action in model.actions for i in action.inputs))
        if one.range is not None
    ]
    return ", ".join(dict.fromkeys(parts)) or "all values"
