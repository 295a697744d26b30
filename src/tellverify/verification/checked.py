"""What comes out of single files, and the run that is put together from all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from tellverify.diagnostics.model import Diagnostic, sort_key
from tellverify.diagnostics.wording import counted
from tellverify.language.files.inputs import ReadFile
from tellverify.model.graph import ProtocolGraph
from tellverify.obligations.options import Options
from tellverify.source.text import SourceFile
from tellverify.verdict.run import Assumption, Input, ProtocolReport, Run, Suppression
from tellverify.verification.exit_code import judge
from tellverify.verification.reported import located, located_diagnostic, with_diagnostics

DEFECT: Final = 70  # the exit code of a run that tellverify itself spoiled
Graphs: TypeAlias = dict[tuple[str, str], dict[str, ProtocolGraph]]
Files: TypeAlias = dict[tuple[str, str], tuple[tuple[str, str, str], ...]]


class CheckedOrigin(msgspec.Struct, frozen=True):
    """The files that a protocol is made of, its own first, with their sums; and its dialect.

    Where something is claimed of every size, `generic` has the generic members of each size symbol
    and `grid` names the instances that the claim rests on. The graphs of the instances in
    `parallel` have the interleavings of branches that mean partial orders.
    """

    files: tuple[tuple[str, str], ...]
    dialect: str
    generic: tuple[tuple[str, ...], ...] = ()
    grid: tuple[str, ...] = ()
    parallel: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """The files without their sums."""
        return tuple(path for path, _ in self.files)


Origins: TypeAlias = dict[tuple[str, str], CheckedOrigin]


class FileResult(msgspec.Struct):
    """What was found out about one file.

    `graphs`, `files` and `origins` are as in `Checked`. `day` is the date that was held for today,
    if that mattered, `seconds` how long it took. `died` is True when the process that checked the
    file ended without an answer.
    `more` are files that were read for it and that are not checked by themselves.
    """

    file: Input
    source: SourceFile
    reports: list[ProtocolReport]
    diagnostics: list[Diagnostic]
    suppressions: list[Suppression]
    assumptions: list[Assumption]
    graphs: Graphs
    files: Files
    origins: Origins = msgspec.field(default_factory=dict)
    day: str = ""
    died: bool = False
    more: tuple[ReadFile, ...] = ()
    seconds: float = 0.0


class Checked(msgspec.Struct, frozen=True):
    """A run with the sources that reports quote, by path.

    `graphs` holds, by path and protocol, the graphs of the instances that refute something, with
    `Options.keep_graphs` all of them; `files` the other evidence, as in `Decision`; `origins`
    what each protocol is made of.
    """

    run: Run
    sources: dict[str, SourceFile]
    graphs: Graphs
    files: Files
    origins: Origins = msgspec.field(default_factory=dict)


def assembled(
    found: Iterable[FileResult], options: Options, unchecked: Callable[[], Sequence[str]] = tuple
) -> Checked:
    """The run of all files, with findings in source order and its exit code.

    `unchecked` gives the texts of the files of the project that were not checked.
    """
    results = list(found)
    read: list[Input] = []
    sources: dict[str, SourceFile] = {}
    reports: list[ProtocolReport] = []
    diagnostics: list[Diagnostic] = []
    findings: list[Diagnostic] = []
    suppressions: list[Suppression] = []
    assumptions: list[Assumption] = []
    graphs: Graphs = {}
    files: Files = {}
    origins: Origins = {}
    day = ""
    dead = 0
    for result in results:
        dead += result.died
        read.append(result.file)
        sources[result.file.path] = result.source
        reported, others = with_diagnostics(result.reports, result.diagnostics)
        reports.extend(reported)
        diagnostics.extend(others)
        findings.extend(result.diagnostics)
        suppressions.extend(result.suppressions)
        assumptions.extend(result.assumptions)
        graphs.update(result.graphs)
        files.update(result.files)
        origins.update(result.origins)
        day = day or result.day
    if options.scenarios or options.required_at:
        from tellverify.verification.unapplied import not_left_out, unapplied

        texts = (source.text for source in sources.values())
        of_settings = unapplied(reports, diagnostics, options, unchecked, texts)
        diagnostics = [*not_left_out(diagnostics), *of_settings]
        findings = [*not_left_out(findings), *of_settings]
    for path, file in _further(results, sources):
        read.append(Input(path, file.sha256))
        sources[path] = file.source()
    if assumptions:
        from tellverify.verification.ledger_numbers import numbered

        assumptions, reports = numbered(assumptions, reports, options.ledger)
    if options.policy is not None:
        from tellverify.obligations.policies import sources_at

        sources = {**sources_at(options.policy), **sources}
    ordered = _ordered(findings)
    sources.update(_configurations(options, ordered, sources))
    code, reason = judge(reports, ordered, options, bool(read))
    if dead:
        code, reason = DEFECT, f"{counted(dead, 'file')} could not be checked"
    run = Run(
        tuple(dict.fromkeys(read)),
        located(reports, sources),
        tuple(located_diagnostic(one, sources) for one in _ordered(diagnostics)),
        code,
        reason,
        options.dialect,
        configuration=(("today", day),) if day else (),
        assumptions=tuple(assumptions),
        suppressions=tuple(_located(one, sources) for one in suppressions),
        baseline=options.baseline,
    )
    return Checked(run, sources, graphs, files, origins)


def _located(one: Suppression, sources: Mapping[str, SourceFile]) -> Suppression:
    located_one = located_diagnostic(one.diagnostic, sources)
    return msgspec.structs.replace(one, diagnostic=located_one)


def _ordered(findings: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Findings in source order, each once."""
    return tuple(sorted(dict.fromkeys(findings), key=sort_key))


def _further(
    results: Sequence[FileResult], known: Mapping[str, SourceFile]
) -> list[tuple[str, ReadFile]]:
    """The files that findings of these quote beside them, by path."""
    found = {file.path: file for result in results for file in result.more}
    return [(path, file) for path, file in sorted(found.items()) if path not in known]


def _configurations(
    options: Options, diagnostics: Iterable[Diagnostic], known: Mapping[str, SourceFile]
) -> dict[str, SourceFile]:
    """The configuration files that findings are about, as the text to quote."""
    told = {diagnostic.path for diagnostic in diagnostics}
    paths = {one.path for one in options.user_properties}
    paths |= {one.path for one in options.scenarios} | {one.path for one in options.required_at}
    paths &= told - set(known)
    if not paths:
        return {}
    from tellverify.language.files.inputs import read_any

    return {path: read_any(path).source() for path in sorted(paths)}
