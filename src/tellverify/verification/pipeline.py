"""One check from texts to a run: the only place that knows the order of the stages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Final

import msgspec

from tellverify.diagnostics.limits import NOT_WELL_FORMED, TIMEOUT
from tellverify.diagnostics.model import Diagnostic, Severity, sort_key
from tellverify.language.files import inputs
from tellverify.language.files.embedded import Unit, units
from tellverify.language.linking.dialect import by_upstream, judged_faithfully
from tellverify.language.linking.modules import Judged, Modules, judged_alone, may_import
from tellverify.language.lowering.families import declared_roles, family_groups
from tellverify.language.lowering.lower import Lowered, lower
from tellverify.language.syntax import ast
from tellverify.model.graph import ProtocolGraph
from tellverify.obligations.across_sizes import InstanceOutcomes, family_of, verdicts
from tellverify.obligations.context import Context, Instance
from tellverify.obligations.options import DEFAULT_SIZES, MOST_DRAWN, Options
from tellverify.obligations.refutation_findings import diagnostics_of
from tellverify.obligations.table import decide_instance, decide_protocol
from tellverify.source.text import SourceFile
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Conflict, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.properties import OF_EVERY_PROTOCOL, PROPERTIES, Property
from tellverify.verdict.run import Family, Input, ProtocolReport, Subject, Verdict
from tellverify.verification.checked import Checked as Checked
from tellverify.verification.checked import FileResult, assembled
from tellverify.verification.deadline import TimeUp, within

if TYPE_CHECKING:
    from tellverify.verification.suppressions import Settlement

MARK: Final = "tell:"  # without it a text has no comments that speak to tellverify


def check_paths(paths: Iterable[str], options: Options) -> Checked:
    """Check files, and all choreographies in folders."""
    found = inputs.find(paths, embedded=True)
    return check_files((inputs.read(path, embedded=True) for path in found), options)


def check_text(text: str, options: Options, path: str = "<text>") -> Checked:
    """Check a protocol given as text."""
    return check_files([inputs.decode(path, text.encode("utf-8", "surrogatepass"))], options)


def check_files(files: Iterable[inputs.ReadFile], options: Options) -> Checked:
    """Check texts one by one; what is wrong with one touches only those that import it."""
    return assembled(results(files, options), options)


def results(files: Iterable[inputs.ReadFile], options: Options) -> Iterator[FileResult]:
    """What is found out about each text, in their order."""
    for unit, choreographies in _judged(list(files), options):
        yield _result(unit, choreographies, options)


def _result(unit: Unit, choreographies: Iterable[Judged], options: Options) -> FileResult:
    read = Input(unit.file.path, unit.file.sha256)
    result = FileResult(read, unit.source, [], list(unit.diagnostics), [], [], {}, {})
    for judged in choreographies:
        _check_file(judged, options, result)
    return result


class Batch:
    """The files of one check, of which none includes another, checked in any order."""

    def __init__(self, files: Sequence[inputs.ReadFile]) -> None:
        self._files = files
        self._units: list[Unit] | None = None
        self._modules: Modules | None = None

    def result(self, index: int, options: Options) -> FileResult:
        """What is found out about one file, the same as `results` has at its place."""
        unit, choreographies = self._unit(index, options)
        return _result(unit, choreographies, options)

    def judged(self, index: int, options: Options) -> list[Judged]:
        """The choreographies of one file."""
        return list(self._unit(index, options)[1])

    def _unit(self, index: int, options: Options) -> tuple[Unit, Iterator[Judged]]:
        file = self._files[index]
        if options.dialect == "faithful" or not (file.text and may_import([file])):
            (found,) = _judged([file], options)
            return found
        if self._units is None or self._modules is None:
            self._units = list(units(self._files))
            self._modules = Modules(self._units)
        unit = self._units[index]
        return unit, map(self._modules.judged, unit.parsed)


def graphs_of(
    choreographies: Iterable[Judged], options: Options
) -> dict[tuple[str, str], ProtocolGraph]:
    """The protocol graphs of one file, by the names of protocol and instance."""
    found: dict[tuple[str, str], ProtocolGraph] = {}
    names: set[str] = set()
    for judged in choreographies:
        for protocol in judged.file.protocols:
            name = qualified_name(judged.file, protocol)
            if name in names:
                name = f"{name}@{judged.source.position(protocol.name.span.start)[0]}"
            names.add(name)
            for sizes in _sizes(protocol, options):
                graph = _lowered(judged, protocol, sizes, options).graph
                if graph is not None:
                    found[name, _instance_name(sizes)] = graph
    return found


def _judged(
    files: Sequence[inputs.ReadFile], options: Options
) -> Iterator[tuple[Unit, Iterator[Judged]]]:
    """Every file with its choreographies; where there are imports, all are read before any."""
    if options.dialect == "faithful":
        for unit in units(files):
            yield (
                unit,
                (
                    judged_faithfully(parsed, unit.source, options.event_limit)
                    for parsed in unit.parsed
                ),
            )
    elif may_import(files):
        known = list(units(files))
        modules = Modules(known)
        for unit in known:
            yield unit, map(modules.judged, unit.parsed)
    else:
        for unit in units(files):
            yield unit, (judged_alone(parsed, unit.source) for parsed in unit.parsed)


def _check_file(judged: Judged, options: Options, result: FileResult) -> None:
    source = judged.source
    settlement = _settlement(judged, options)
    said = list(judged.said) if settlement is None else settlement.findings(judged.said)
    for protocol in judged.file.protocols:
        name = qualified_name(judged.file, protocol)
        if options.protocols and not {name, protocol.name.text} & set(options.protocols):
            continue
        if (source.path, name) in result.graphs:  # a file with several choreographies
            name = f"{name}@{source.position(protocol.name.span.start)[0]}"
        result.graphs[source.path, name] = {}
        try:
            with within(options.seconds):
                report, more = _check_protocol(
                    judged, protocol, name, said, options, settlement, result
                )
        except TimeUp:
            report, more = _timed_out(protocol, name, source, options), []
        result.reports.append(report)
        said.extend(more)
    if settlement is not None:
        is_whole = not (options.protocols or options.properties or options.roles)
        broken = any(d.severity is Severity.ERROR and not d.refutes for d in said)
        said.extend(settlement.complaints(is_whole=is_whole and not broken))
        result.suppressions.extend(settlement.suppressions)
        result.assumptions.extend(settlement.assumptions)
        result.day = result.day or settlement.day
    result.diagnostics.extend(said)


def _timed_out(
    protocol: ast.Protocol, name: str, source: SourceFile, options: Options
) -> ProtocolReport:
    """The report on a protocol that was given up: nothing is known of it."""
    place = source.position(protocol.name.span.start)
    roles = tuple(declaration.name.text for declaration in declared_roles(protocol))
    reason = f"no answer within {options.seconds:g} s" if options.seconds else "no time was left"
    given_up = tuple(
        Verdict(p, Subject(name), Unknown(reason, TIMEOUT.number), PROPERTIES[p].required, *place)
        for p in OF_EVERY_PROTOCOL
    )
    selected = tuple(v for v in given_up if _is_selected(v, options))
    return ProtocolReport(name, source.path, place[0], roles, (), _required(selected, options))


def _settlement(judged: Judged, options: Options) -> Settlement | None:
    """What comments and levels change, if there are any."""
    if not options.levels and MARK not in judged.source.text:
        return None
    from tellverify.verification.suppressions import Settlement

    return Settlement(judged.file, judged.source, options)


def qualified_name(file: ast.File, protocol: ast.Protocol) -> str:
    """`module.Protocol`, or the protocol's own name in a file without a module."""
    own = protocol.name.text
    return f"{file.module.name.text}.{own}" if file.module is not None else own


def _check_protocol(
    judged: Judged,
    protocol: ast.Protocol,
    name: str,
    said: Sequence[Diagnostic],
    options: Options,
    settlement: Settlement | None,
    result: FileResult,
) -> tuple[ProtocolReport, list[Diagnostic]]:
    source = judged.source
    place = source.position(protocol.name.span.start)
    declared = declared_roles(protocol)
    report = ProtocolReport(
        name,
        source.path,
        place[0],
        tuple(declaration.name.text for declaration in declared),
        (),
        (),
    )
    errors = [d for d in said if d.severity is Severity.ERROR]
    if errors:
        malformed = _malformed(name, place, errors, options)
        return msgspec.structs.replace(report, verdicts=malformed), []
    if judged.linked.blocked:
        blocked = _skipped(name, place, judged.linked.blocked, options)
        return msgspec.structs.replace(report, verdicts=blocked), []
    tried = _tried(judged, protocol, options, result.graphs[source.path, name])
    more = list(tried.diagnostics)
    if options.dialect == "faithful":
        more = by_upstream(more)
    if settlement is not None:
        more = settlement.findings(more)
    new_errors = [d for d in more if d.severity is Severity.ERROR]
    if new_errors:
        malformed = _malformed(name, place, new_errors, options)
        return msgspec.structs.replace(report, verdicts=malformed), more
    well_formed = Verdict(
        Property.WELL_FORMED, Subject(name), Proved(Method.STRUCTURE), True, *place
    )
    sha256 = result.file.sha256
    decision = decide_protocol(Context(judged, protocol, name, tried.instances, options, sha256))
    result.files[source.path, name] = decision.files
    found = [
        well_formed,
        *verdicts(name, tried.outcomes, _bound(tried.families), place),
        *decision.verdicts,
    ]
    selected = _required(tuple(v for v in found if _is_selected(v, options)), options)
    later = [
        *decision.diagnostics,
        *(d for v in selected for d in diagnostics_of(v, source, protocol.name.span)),
    ]
    if options.dialect == "faithful":
        later = by_upstream(later)
    if settlement is not None:
        later = settlement.findings(later)
        selected, later = settlement.verdicts(name, protocol.span, selected, later)
    report = msgspec.structs.replace(
        report,
        families=tried.families,
        verdicts=selected,
        event_count=tried.events,
        coverage=decision.coverage,
    )
    return report, [*more, *later]


class _Tried(msgspec.Struct, frozen=True):
    """What came out at every choice of sizes, and the largest number of events."""

    outcomes: tuple[InstanceOutcomes, ...]
    instances: tuple[Instance, ...]
    families: tuple[Family, ...]
    diagnostics: tuple[Diagnostic, ...]
    events: int


def _tried(
    judged: Judged, protocol: ast.Protocol, options: Options, graphs: dict[str, ProtocolGraph]
) -> _Tried:
    """Decide a protocol at every choice of sizes; graphs that are needed later go to `graphs`."""
    outcomes: list[InstanceOutcomes] = []
    instances: list[Instance] = []
    said: list[Diagnostic] = []
    sizes_tried: dict[str, dict[int, None]] = {}
    events = 0
    for sizes in _sizes(protocol, options):
        lowered = _lowered(judged, protocol, sizes, options)
        said.extend(lowered.diagnostics)
        for family, size in sizes.items():
            sizes_tried.setdefault(family, {})[size] = None
        findings = decide_instance(lowered, options)
        instances.append(Instance(_instance_name(sizes), sizes, lowered))
        outcomes.append(InstanceOutcomes(_instance_name(sizes), tuple(findings)))
        if lowered.graph is not None:
            events = max(events, lowered.graph.event_count)
            is_drawn = options.draw and lowered.graph.event_count <= MOST_DRAWN
            refutes = any(isinstance(f.outcome, Refuted) for f in findings)
            if options.keep_graphs or is_drawn or refutes:
                graphs[_instance_name(sizes)] = lowered.graph
    families = tuple(Family(family, tuple(sizes)) for family, sizes in sizes_tried.items())
    return _Tried(tuple(outcomes), tuple(instances), families, tuple(said), events)


def _required(verdicts: tuple[Verdict, ...], options: Options) -> tuple[Verdict, ...]:
    """The verdicts, required or not as the options say it of their properties."""
    wanted = {name: strength != "nothing" for name, strength in options.requirements}
    if not wanted:
        return verdicts
    return tuple(
        msgspec.structs.replace(v, required=wanted.get(v.property.value, v.required))
        for v in verdicts
    )


def _lowered(
    judged: Judged, protocol: ast.Protocol, sizes: Mapping[str, int], options: Options
) -> Lowered:
    limit = judged.limits.get(protocol.name.span)
    if limit is not None:
        return Lowered(None, limit=limit)
    return lower(judged.file, judged.source, protocol, sizes, options.event_limit, judged.linked)


def _malformed(
    name: str, place: tuple[int, int], errors: Sequence[Diagnostic], options: Options
) -> tuple[Verdict, ...]:
    """The verdicts of a protocol whose text has errors."""
    first = min(errors, key=sort_key)
    span = first.primary.span
    refuted = Refuted(
        first.code.number, Conflict(first.message, first.path, span, span), Method.STRUCTURE
    )
    skipped = Skipped("the text is not well-formed", NOT_WELL_FORMED.number)
    found = tuple(
        Verdict(
            p,
            Subject(name),
            refuted if p is Property.WELL_FORMED else skipped,
            PROPERTIES[p].required,
            *place,
        )
        for p in OF_EVERY_PROTOCOL
    )
    return _required(found, options)


def _skipped(
    name: str, place: tuple[int, int], reason: str, options: Options
) -> tuple[Verdict, ...]:
    """The verdicts of a protocol that cannot be put together."""
    skipped = Skipped(reason, NOT_WELL_FORMED.number)
    found = tuple(
        Verdict(p, Subject(name), skipped, PROPERTIES[p].required, *place)
        for p in OF_EVERY_PROTOCOL
    )
    return _required(found, options)


def _sizes(protocol: ast.Protocol, options: Options) -> Iterable[dict[str, int]]:
    """Every combination of family sizes that is asked for, smallest first."""
    wanted = dict(options.instances)
    groups = family_groups(protocol)
    choices = []
    for group in groups:
        named = [wanted[family] for family in group if family in wanted]
        if len(set(named)) > 1:  # one size under two names: lowering says which and why not
            yield {family: wanted.get(family, DEFAULT_SIZES)[0] for g in groups for family in g}
            return
        choices.append(named[0] if named else DEFAULT_SIZES)
    for chosen in sorted(product(*choices), key=lambda sizes: (sum(sizes), sizes)):
        yield {family: size for group, size in zip(groups, chosen, strict=True) for family in group}


def _instance_name(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{family} = {size}" for family, size in sizes.items())


def _bound(families: Sequence[Family]) -> str:
    """The sizes behind a bounded verdict in words."""
    return ", ".join(f"{family.name} = {', '.join(map(str, family.sizes))}" for family in families)


def _is_selected(verdict: Verdict, options: Options) -> bool:
    """True when the selection of properties and roles leaves the verdict in."""
    if options.properties and verdict.property.value not in options.properties:
        return False
    if options.roles and verdict.subject.roles:
        named = set(options.roles)
        return any(role in named or family_of(role) in named for role in verdict.subject.roles)
    return True
