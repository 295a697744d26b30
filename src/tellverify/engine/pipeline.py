"""One check from texts to a run: the only place that knows the order of the stages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

import msgspec

from tellverify.core.graph import ProtocolGraph
from tellverify.diagnostics.codes import EVENT_LIMIT, NOT_WELL_FORMED, UNSUPPORTED
from tellverify.diagnostics.model import Diagnostic, Severity, sort_key
from tellverify.engine import inputs
from tellverify.engine.aggregate import Instance, family_of, verdicts
from tellverify.engine.dialect import by_upstream, judged_faithfully
from tellverify.engine.embedded import Unit, units
from tellverify.engine.explain_run import diagnostics_of
from tellverify.engine.findings import Finding
from tellverify.engine.further import Further, Sized, decide_further
from tellverify.engine.judgement import judge
from tellverify.engine.modules import Judged, Modules, judged_alone, may_import
from tellverify.engine.obligations import decide
from tellverify.engine.options import DEFAULT_SIZES, Options
from tellverify.lowering.families import declared_roles, family_groups
from tellverify.lowering.lower import Lowered, lower
from tellverify.source.text import SourceFile
from tellverify.syntax import ast
from tellverify.verdict.outcome import Conflict, Outcome, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.property import OF_EVERY_PROTOCOL, STATEMENTS, Property
from tellverify.verdict.run import Family, Input, ProtocolReport, Run, Subject, Verdict


class Checked(msgspec.Struct, frozen=True):
    """A run with the sources that reports quote, by path.

    `graphs` holds, by path and protocol, the graphs of the instances that refute something, with
    `Options.keep_graphs` all of them; `files` the other evidence, as in `Decided`.
    """

    run: Run
    sources: dict[str, SourceFile]
    graphs: dict[tuple[str, str], dict[str, ProtocolGraph]]
    files: dict[tuple[str, str], tuple[tuple[str, str, str], ...]]


class _Kept(msgspec.Struct):
    """What a check keeps for evidence, by path and protocol."""

    graphs: dict[tuple[str, str], dict[str, ProtocolGraph]]
    files: dict[tuple[str, str], tuple[tuple[str, str, str], ...]]


def check_paths(paths: Iterable[str], options: Options) -> Checked:
    """Check files, and all choreographies in folders."""
    found = inputs.find(paths, embedded=True)
    return check_files((inputs.read(path, embedded=True) for path in found), options)


def check_text(text: str, options: Options, path: str = "<text>") -> Checked:
    """Check a protocol given as text."""
    return check_files([inputs.decode(path, text.encode("utf-8", "surrogatepass"))], options)


def check_files(files: Iterable[inputs.ReadFile], options: Options) -> Checked:
    """Check texts one by one; what is wrong with one touches only those that import it."""
    read: list[Input] = []
    sources: dict[str, SourceFile] = {}
    reports: list[ProtocolReport] = []
    diagnostics: list[Diagnostic] = []
    kept = _Kept({}, {})
    for unit, choreographies in _judged(list(files), options):
        read.append(Input(unit.file.path, unit.file.sha256))
        sources[unit.file.path] = unit.source
        diagnostics.extend(unit.diagnostics)
        for judged in choreographies:
            found, said = _check_file(judged, unit.file.sha256, options, kept)
            reports.extend(found)
            diagnostics.extend(said)
    ordered = tuple(sorted(dict.fromkeys(diagnostics), key=sort_key))
    code, reason = judge(reports, ordered, options, bool(read))
    run = Run(tuple(read), tuple(reports), ordered, code, reason, options.dialect)
    return Checked(run, sources, kept.graphs, kept.files)


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


def _check_file(
    judged: Judged, sha256: str, options: Options, kept: _Kept
) -> tuple[list[ProtocolReport], list[Diagnostic]]:
    source = judged.source
    said = list(judged.said)
    reports = []
    for protocol in judged.file.protocols:
        name = qualified_name(judged.file, protocol)
        if options.protocols and not {name, protocol.name.text} & set(options.protocols):
            continue
        if (source.path, name) in kept.graphs:  # a file with several choreographies
            name = f"{name}@{source.position(protocol.name.span.start)[0]}"
        kept.graphs[source.path, name] = {}
        report, more = _check_protocol(judged, sha256, protocol, name, said, options, kept)
        reports.append(report)
        said.extend(by_upstream(more) if options.dialect == "faithful" else more)
    return reports, said


def qualified_name(file: ast.File, protocol: ast.Protocol) -> str:
    """`module.Protocol`, or the protocol's own name in a file without a module."""
    own = protocol.name.text
    return f"{file.module.name.text}.{own}" if file.module is not None else own


def _check_protocol(
    judged: Judged,
    sha256: str,
    protocol: ast.Protocol,
    name: str,
    said: Sequence[Diagnostic],
    options: Options,
    kept: _Kept,
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
        return msgspec.structs.replace(report, verdicts=_malformed(name, place, errors)), []
    if judged.linked.blocked:
        blocked = _skipped(name, place, judged.linked.blocked)
        return msgspec.structs.replace(report, verdicts=blocked), []
    instances: list[Instance] = []
    sized: list[Sized] = []
    graphs = kept.graphs[source.path, name]
    more: list[Diagnostic] = []
    sizes_tried: dict[str, dict[int, None]] = {}
    events = 0
    for sizes in _sizes(protocol, options):
        lowered = _lowered(judged, protocol, sizes, options)
        more.extend(lowered.diagnostics)
        for family, size in sizes.items():
            sizes_tried.setdefault(family, {})[size] = None
        findings = _decide(lowered, options)
        sized.append(Sized(_instance_name(sizes), sizes, lowered))
        instances.append(Instance(_instance_name(sizes), tuple(findings)))
        if lowered.graph is not None:
            events = max(events, lowered.graph.event_count)
            if options.keep_graphs or any(isinstance(f.outcome, Refuted) for f in findings):
                graphs[_instance_name(sizes)] = lowered.graph
    families = tuple(Family(family, tuple(tried)) for family, tried in sizes_tried.items())
    if options.dialect == "faithful":
        more = by_upstream(more)
    new_errors = [d for d in more if d.severity is Severity.ERROR]
    if new_errors:
        return msgspec.structs.replace(report, verdicts=_malformed(name, place, new_errors)), more
    well_formed = Verdict(Property.WELL_FORMED, Subject(name), Proved("structure"), True, *place)
    further = decide_further(Further(judged, protocol, name, tuple(sized), options, sha256))
    kept.files[source.path, name] = further.files
    found = [well_formed, *verdicts(name, instances, _bound(families), place), *further.verdicts]
    selected = tuple(v for v in found if _is_selected(v, options))
    more.extend(further.diagnostics)
    more.extend(d for v in selected for d in diagnostics_of(v, source, protocol.name.span))
    return (
        msgspec.structs.replace(report, families=families, verdicts=selected, event_count=events),
        more,
    )


def _lowered(
    judged: Judged, protocol: ast.Protocol, sizes: Mapping[str, int], options: Options
) -> Lowered:
    limit = judged.limits.get(protocol.name.span)
    if limit is not None:
        return Lowered(None, limit=limit)
    return lower(judged.file, judged.source, protocol, sizes, options.event_limit, judged.linked)


def _decide(lowered: Lowered, options: Options) -> list[Finding]:
    """All findings at one size, or why there are none."""
    if lowered.parallel and (lowered.graph is not None or lowered.slices):
        from tellverify.engine.parallel import decide_parallel

        return decide_parallel(lowered, options)
    if lowered.graph is not None:
        return decide(lowered.graph, options)
    outcome: Outcome
    if lowered.skipped:
        skip = lowered.skipped[0]
        outcome = Skipped(f"{skip.reason}, line {skip.line}", UNSUPPORTED.number)
    else:
        outcome = Unknown(lowered.limit, EVENT_LIMIT.number)
    return [Finding(p, outcome) for p in OF_EVERY_PROTOCOL if p is not Property.WELL_FORMED]


def _malformed(
    name: str, place: tuple[int, int], errors: Sequence[Diagnostic]
) -> tuple[Verdict, ...]:
    """The verdicts of a protocol whose text has errors."""
    first = min(errors, key=sort_key)
    span = first.primary.span
    refuted = Refuted(
        first.code.number, Conflict(first.message, first.path, span, span), "structure"
    )
    skipped = Skipped("the text is not well-formed", NOT_WELL_FORMED.number)
    return tuple(
        Verdict(
            p,
            Subject(name),
            refuted if p is Property.WELL_FORMED else skipped,
            STATEMENTS[p].required,
            *place,
        )
        for p in OF_EVERY_PROTOCOL
    )


def _skipped(name: str, place: tuple[int, int], reason: str) -> tuple[Verdict, ...]:
    """The verdicts of a protocol that cannot be put together."""
    skipped = Skipped(reason, NOT_WELL_FORMED.number)
    return tuple(
        Verdict(p, Subject(name), skipped, STATEMENTS[p].required, *place)
        for p in OF_EVERY_PROTOCOL
    )


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
