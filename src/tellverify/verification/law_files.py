"""The laws of lattice structures as obligations of a run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tellverify.diagnostics.laws import (
    BROKEN_LAW,
    broken_law,
    constant_view,
    unreadable_structure,
)
from tellverify.diagnostics.limits import STEP_LIMIT, TIMEOUT
from tellverify.diagnostics.model import Diagnostic
from tellverify.language.files.inputs import ReadFile
from tellverify.models.lattice_laws import Law, Side, laws_of, written
from tellverify.models.law_proofs import (
    BrokenLaw,
    Kept,
    Ruling,
    UndecidedLaw,
    judge,
    shows_nothing,
)
from tellverify.models.structures import Structure, read_structures
from tellverify.obligations.options import Options
from tellverify.solver.port import SolverBudget
from tellverify.solver.smtlib import About, Recording
from tellverify.solver.z3_backend import Z3Solver
from tellverify.source.text import SourceFile
from tellverify.verdict.identity import ObligationScope, SubjectKind
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Bounded, Conflict, Outcome, Proved, Refuted, Unknown
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Input, ProtocolReport, Verdict
from tellverify.verification.checked import Checked, FileResult, assembled
from tellverify.verification.deadline import Allowance, TimeUp, within
from tellverify.verification.toml_examples import as_expected

_METHOD: Final = Method.SMT_EVALUATED


def check_laws(files: Iterable[ReadFile], options: Options, total: float | None = None) -> Checked:
    """Decide all laws of the structures in TOML files; a file with errors has no structures.

    Each structure has `options.seconds`, and all together have `total`; what takes longer is
    unknown.
    """
    clock = Allowance(options.seconds, total)
    return assembled((_check_file(file, options, clock) for file in files), options)


def _check_file(file: ReadFile, options: Options, clock: Allowance) -> FileResult:
    text = file.text or ""
    source = SourceFile(file.path, text)
    result = FileResult(Input(file.path, file.sha256), source, [], [], [], [], {}, {})
    if file.diagnostic is not None:
        result.diagnostics.append(file.diagnostic)
    if file.text is None:
        return result
    found = read_structures(file.path, text)
    for fault in found.faults:
        result.diagnostics.append(unreadable_structure(file.path, fault.span, fault.message))
    for structure in found.found:
        if options.protocols and structure.name not in options.protocols:
            continue
        report, said, files = _check_structure(structure, source, file.sha256, options, clock)
        result.reports.append(report)
        result.diagnostics.extend(said)
        result.files[file.path, structure.name] = files
    expected = as_expected(source, result.reports, result.diagnostics)
    result.reports, result.diagnostics = expected.reports, expected.diagnostics
    return result


def _check_structure(
    structure: Structure, source: SourceFile, sha256: str, options: Options, clock: Allowance
) -> tuple[ProtocolReport, list[Diagnostic], tuple[tuple[str, str, str], ...]]:
    verdicts = []
    said: list[Diagnostic] = []
    files: list[tuple[str, str, str]] = []
    laws = list(laws_of(structure))
    decided: list[tuple[Ruling, Recording]] = []
    seconds = clock.seconds()
    budget = SolverBudget(options.step_limit)
    try:
        with within(seconds):
            if structure.view is not None and shows_nothing(structure, Z3Solver(), budget):
                said.append(constant_view(source.path, structure.view.span, structure.name))
            for law in laws:
                solver = Recording(Z3Solver())
                ruling = judge(structure, law, solver, budget)
                decided.append((ruling, solver))
    except TimeUp:
        pass  # laws beyond those that are decided are unknown
    for law, (ruling, solver) in zip(laws, decided, strict=False):
        verdict = _verdict(law, _outcome(structure, law, ruling, source), source)
        verdicts.append(verdict)
        if isinstance(ruling, BrokenLaw):
            said.append(_finding(structure, law, ruling, source))
        if options.keep_graphs:
            about = About(f"{structure.name}/{verdict.name}", source.path, sha256)
            files += solver.scripts(f"law.{law.name.replace(' ', '.')}", about)
    late = Unknown(clock.reason(seconds), TIMEOUT.number)
    verdicts += [_verdict(law, late, source) for law in laws[len(decided) :]]
    line = source.position(structure.span.start)[0]
    report = ProtocolReport(
        structure.name,
        source.path,
        line,
        (),
        (),
        tuple(verdicts),
        kind=SubjectKind.STRUCTURE,
    )
    return report, said, tuple(files)


def _verdict(law: Law, outcome: Outcome, source: SourceFile) -> Verdict:
    place = source.position(law.span.start)
    return Verdict.of(Property.LAW, ObligationScope(item=law.name), outcome, place)


def _outcome(structure: Structure, law: Law, ruling: Ruling, source: SourceFile) -> Outcome:
    match ruling:
        case Kept(""):
            return Proved(Method.SMT, f"for all values of `{structure.name}`")
        case Kept(within):
            return Bounded(within, Method.SMT)
        case UndecidedLaw(reason):
            return Unknown(reason, STEP_LIMIT.number)
        case BrokenLaw():
            left, right = _sides(structure, law, ruling)
            given = ", ".join(f"{name} = {value}" for name, value in ruling.values)
            reason = f"{left}, but {right}, for {given}"
            conflict = Conflict(reason, source.path, law.span, law.span)
            return Refuted(BROKEN_LAW.number, conflict, _METHOD)


def _sides(structure: Structure, law: Law, ruling: BrokenLaw) -> tuple[str, str]:
    if law.holds:
        return f"`{written(law.left)}` is `{ruling.left}`", "the invariant does not hold for that"
    is_viewed = structure.view is not None

    def said(side: Side, value: str) -> str:
        text = f"view({written(side)})" if is_viewed else written(side)
        return f"`{text}` is `{value}`"

    return said(law.left, ruling.left), said(law.right, ruling.right)


def _finding(structure: Structure, law: Law, ruling: BrokenLaw, source: SourceFile) -> Diagnostic:
    return broken_law(
        source.path,
        law.span,
        structure.name,
        law.name,
        _sides(structure, law, ruling),
        ruling.values,
        is_smallest=ruling.is_smallest,
    )
