"""One check from texts to a run: the only place that knows the order of the stages."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from tellverify.diagnostics.limits import MEMORY_LIMIT, TIMEOUT
from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.language.files import inputs
from tellverify.language.files.embedded import Unit
from tellverify.language.linking.dialect import by_upstream
from tellverify.language.linking.modules import CheckedFile
from tellverify.language.lowering.families import declared_roles
from tellverify.language.workspace import FAITHFUL, SourceProtocol, Workspace, named_protocols
from tellverify.obligations.across_sizes import verdicts
from tellverify.obligations.context import Context
from tellverify.obligations.open_families import without_open_families
from tellverify.obligations.options import Options
from tellverify.obligations.refutation_findings import diagnostics_of
from tellverify.obligations.table import decide_protocol
from tellverify.source.activity import ACTIVITY
from tellverify.source.span import Span
from tellverify.verdict.identity import ObligationScope
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Proved, Refuted
from tellverify.verdict.properties import (
    ON_REQUEST,
    Property,
)
from tellverify.verdict.run import Input, ProtocolReport, Verdict
from tellverify.verification.asked_verdicts import (
    asked,
    given_up,
    malformed_verdicts,
    within_limit,
    without_graphs,
)
from tellverify.verification.checked import Checked as Checked
from tellverify.verification.checked import CheckedOrigin, FileResult, assembled
from tellverify.verification.deadline import TimeUp, within
from tellverify.verification.given_up import (
    TOO_MUCH_MEMORY,
    demand_lack_of_memory,
    seconds_of,
    too_late,
    without_memory,
)
from tellverify.verification.tried_sizes import DecidedSizes, tried_sizes

if TYPE_CHECKING:
    from tellverify.verification.suppressions import Settlement

_OF_OBLIGATIONS: Final = ("expect", "assume")  # kinds of comments that name obligations
_MUST_END: Final = "must-end"  # the comment on a protocol that is no endless service
TELLTALE: Final = "telltale"  # the target
_EXPECT: Final = "expect"  # the comment on a text that shows a fault
Decided: TypeAlias = dict[tuple[str, str], DecidedSizes]  # by path and name of a protocol
MARK: Final = "tell:"  # without it a text has no comments that speak to tellverify


def check_paths(paths: Iterable[str], options: Options) -> Checked:
    """Check files, and all choreographies in folders."""
    named = tuple(paths)
    return check_files((inputs.read_found(path, named) for path in inputs.find(named)), options)


def check_text(text: str, options: Options, path: str = "<text>") -> Checked:
    """Check a protocol given as text."""
    return check_files([inputs.decode(path, text.encode("utf-8", "surrogatepass"))], options)


def check_files(files: Iterable[inputs.ReadFile], options: Options) -> Checked:
    """Check texts one by one; an error in one touches only those that import it."""
    return assembled(results(files, options), options)


def results(files: Iterable[inputs.ReadFile], options: Options) -> Iterator[FileResult]:
    """The results for each text, in their order."""
    return results_in(workspace_of(list(files), options), options)


def results_in(
    workspace: Workspace, options: Options, decided: Decided | None = None
) -> Iterator[FileResult]:
    """The results for each file of a workspace, in their order.

    `decided`, which is empty, gets what was found of each protocol at sizes of its families.
    """
    for unit, choreographies in workspace.opened():
        yield _result(workspace, unit, choreographies, options, decided)


def workspace_of(files: Sequence[inputs.ReadFile], options: Options) -> Workspace:
    """The workspace in which files are checked."""
    return Workspace(files, options.dialect, options.event_limit)


def _result(
    workspace: Workspace,
    unit: Unit,
    choreographies: Iterable[CheckedFile],
    options: Options,
    decided: Decided | None = None,
) -> FileResult:
    begun = time.perf_counter()
    read = Input(unit.file.path, unit.file.sha256)
    result = FileResult(read, unit.source, [], list(unit.diagnostics), [], [], {}, {})
    names: set[str] = set()
    for judged in choreographies:
        protocols = named_protocols(judged, names)
        _check_choreography(workspace, judged, protocols, options, result, decided)
    result.seconds = time.perf_counter() - begun
    return result


def check_file(workspace: Workspace, index: int, options: Options) -> FileResult:
    """The results for one file of a workspace, of which no file includes another."""
    try:
        return _result(workspace, *workspace.opened_at(index), options)
    except (MemoryError, SystemError) as error:
        demand_lack_of_memory(error)
        return without_memory(workspace.files[index])


def _check_choreography(
    workspace: Workspace,
    judged: CheckedFile,
    protocols: Iterable[SourceProtocol],
    options: Options,
    result: FileResult,
    decided: Decided | None,
) -> None:
    source = judged.source
    settlement = _settlement(judged, options)
    first, spans = len(result.reports), dict[str, Span]()
    said = list(judged.said) if settlement is None else settlement.findings(judged.said)
    for found in protocols:
        if options.protocols and not any(map(found.is_called, options.protocols)):
            continue
        result.graphs[source.path, found.name] = {}
        spans[found.name] = found.protocol.span
        ACTIVITY.begin(source.path, found.name)
        imported = [(path, workspace.sha256_of(path)) for path in found.paths[1:]]
        files = ((source.path, result.file.sha256), *imported)
        result.origins[source.path, found.name] = CheckedOrigin(files, workspace.dialect)
        own = _options_of(found, options)
        known = DecidedSizes()
        if decided is not None:
            decided[source.path, found.name] = known
        try:
            with within(seconds_of(options)):
                report, more = _check_protocol(
                    workspace, found, said, own, settlement, result, known
                )
        except TimeUp:
            report, more = given_up(found, too_late(options), TIMEOUT, own), []
        except (MemoryError, SystemError) as error:
            demand_lack_of_memory(error)
            report, more = given_up(found, TOO_MUCH_MEMORY, MEMORY_LIMIT, own), []
        more = _with_suggestion(workspace, found, report, more, own)
        result.reports.append(report)
        said.extend(more)
    if settlement is not None:
        is_whole = not (options.protocols or options.properties or options.roles)
        broken = any(d.severity is Severity.ERROR and not d.refutes for d in said)
        said.extend(settlement.complaints(is_whole=is_whole and not broken))
        result.suppressions.extend(settlement.suppressions)
        result.assumptions.extend(settlement.assumptions)
        result.day = result.day or settlement.day
    if options.target == TELLTALE:
        from tellverify.verification.telltale_target import for_telltale

        said = for_telltale(said)
    if _EXPECT in source.text and MARK in source.text:
        from tellverify.verification.negative_examples import as_expected

        reports = result.reports[first:]
        result.reports[first:], said = as_expected(judged, spans, reports, said, options)
    result.diagnostics.extend(said)


def _with_suggestion(
    workspace: Workspace,
    found: SourceProtocol,
    report: ProtocolReport,
    said: list[Diagnostic],
    options: Options,
) -> list[Diagnostic]:
    """The findings about a protocol, with a repair where one is found quickly."""
    if not options.suggest or options.dialect == FAITHFUL or not any(d.refutes for d in said):
        return said
    from tellverify.verification.repairs import with_suggestion

    try:
        with within(options.seconds):
            return with_suggestion(workspace, found, report, said, options, check_file)
    except TimeUp:
        return said


def _options_of(found: SourceProtocol, options: Options) -> Options:
    """The options with what the target and comments of the text ask for.

    The roles of Telltale are projected one by one; an end is due where it says `must-end`.
    """
    if options.target == TELLTALE:
        projectable = (*options.requirements, (Property.PROJECTABLE.value, "bounded"))
        options = msgspec.structs.replace(options, requirements=projectable)
    named = tuple(p.value for p in ON_REQUEST if p.value in found.source.text)
    if _MUST_END not in found.source.text and not named:
        return options
    from tellverify.language.syntax.directives import directives

    said = directives(found.judged.file, found.source)
    about = " ".join(d.argument for kind in _OF_OBLIGATIONS for d in said.of_kind(kind))
    stated = tuple(name for name in named if name in about)
    options = msgspec.structs.replace(options, stated=stated)
    if not any(mark.speaks_of(found.protocol.span) for mark in said.of_kind(_MUST_END)):
        return options
    wanted = (*options.requirements, (Property.CAN_TERMINATE.value, "bounded"))
    return msgspec.structs.replace(options, requirements=wanted)


def _settlement(judged: CheckedFile, options: Options) -> Settlement | None:
    """What comments and levels change, if there are any."""
    if not options.levels and MARK not in judged.source.text:
        return None
    from tellverify.verification.suppressions import Settlement

    return Settlement(judged.file, judged.source, options)


def _check_protocol(
    workspace: Workspace,
    found: SourceProtocol,
    said: Sequence[Diagnostic],
    options: Options,
    settlement: Settlement | None,
    result: FileResult,
    known: DecidedSizes,
) -> tuple[ProtocolReport, list[Diagnostic]]:
    judged, protocol, name, source = found.judged, found.protocol, found.name, found.source
    place = source.position(protocol.name.span.start)
    roles = tuple(declaration.name.text for declaration in declared_roles(protocol))
    report = ProtocolReport(name, source.path, place[0], roles, (), ())
    without = without_graphs(found, said, options)
    if without is not None:
        return msgspec.structs.replace(report, verdicts=without), []
    tried = tried_sizes(workspace, found, options, result.graphs[source.path, name], known)
    result.origins[source.path, name] = msgspec.structs.replace(
        result.origins[source.path, name],
        generic=tried.claim.generic,
        grid=tuple(point.name for point in tried.claim.grid),
        parallel=tuple(one.name for one in tried.instances if one.lowered.order is not None),
    )
    more = list(tried.diagnostics)
    if settlement is not None:
        more = settlement.findings(more)
    new_errors = [d for d in more if d.severity is Severity.ERROR]
    if new_errors:
        malformed = malformed_verdicts(name, place, new_errors, options)
        return msgspec.structs.replace(report, verdicts=malformed), more
    well_formed = Verdict(
        Property.WELL_FORMED, ObligationScope(), Proved(Method.STRUCTURE), True, *place
    )
    outcomes = without_open_families(protocol, tried.outcomes)
    is_timed = any(one.lowered.timed is not None for one in tried.instances)
    sha256 = result.file.sha256
    files = result.origins[source.path, name].files
    context = Context(judged, protocol, name, tried.instances, options, sha256, tried.claim, files)
    decision = decide_protocol(context)
    result.files[source.path, name] = decision.files
    of_sizes = [
        *verdicts(outcomes, tried.bound, place, tried.claim),
        *decision.verdicts,
    ]
    decided = [well_formed, *within_limit(tried.limit, of_sizes)]
    selected = asked(decided, options)
    later = [*decision.diagnostics, *_worded(found, selected, is_timed=is_timed)]
    selected, later = _settled(found, selected, later, options, settlement)
    if any(isinstance(verdict.outcome, Refuted) for verdict in selected):
        from tellverify.verification.known_faults import with_faults

        graphs = result.graphs[source.path, name]
        selected = with_faults(found, selected, graphs, options, [sum_ for _, sum_ in files[1:]])
    if is_timed:
        from tellverify.obligations.timed import presumed_of_timers

        report = msgspec.structs.replace(report, presumes=presumed_of_timers(options))
    report = msgspec.structs.replace(
        report,
        families=tried.families,
        verdicts=selected,
        event_count=tried.events,
        coverage=decision.coverage,
        presuppositions=decision.presuppositions,
        scenarios=decision.scenarios,
    )
    return report, [*more, *later]


def _worded(
    found: SourceProtocol, selected: Iterable[Verdict], *, is_timed: bool
) -> Iterator[Diagnostic]:
    """The findings for refuted verdicts that their deciders have not worded."""
    span = found.protocol.name.span
    for verdict in selected:
        yield from diagnostics_of(found.name, verdict, found.source, span, is_timed=is_timed)


def _settled(
    found: SourceProtocol,
    selected: tuple[Verdict, ...],
    later: list[Diagnostic],
    options: Options,
    settlement: Settlement | None,
) -> tuple[tuple[Verdict, ...], list[Diagnostic]]:
    """Verdicts and findings as the dialect and the comments of the file have them."""
    if options.dialect == FAITHFUL:
        later = by_upstream(later)
    if settlement is None:
        return selected, later
    later = settlement.findings(later)
    return settlement.verdicts(found.name, found.protocol.span, selected, later)
