"""The two sides of a comparison: where the protocols of a version come from, and their machines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.diagnostics.wording import counted
from tellverify.language.files.inputs import ReadFile
from tellverify.language.instances import combinations
from tellverify.language.lowering.families import declared_roles
from tellverify.language.workspace import SourceProtocol, Workspace
from tellverify.model.graph import ProtocolGraph
from tellverify.model.limits import MachineTooLarge
from tellverify.model.machine import Action, Machine
from tellverify.model.roles import family_of
from tellverify.model.timed_text import TimedProtocol
from tellverify.obligations.machines import Machines
from tellverify.obligations.options import DEFAULT_SIZES, Options
from tellverify.obligations.table import decide_instance
from tellverify.source.span import Span
from tellverify.source.text import SourceFile
from tellverify.verdict.outcome import Proved, Refuted
from tellverify.verdict.properties import SAFETY, Property
from tellverify.verification.tried_sizes import DecidedSizes, size_key
from tellverify.versions.wire_labels import WireRules

if TYPE_CHECKING:
    from tellverify.verification.machine_system import MachineSystem

_GOOD = (
    Property.IMPLEMENTABLE,
    *SAFETY,
    Property.NO_STUCK_ROLE,
    Property.TIMEOUT_AGREEMENT,
    Property.FRESH_MESSAGES,
)


class TextVersion(msgspec.Struct, frozen=True):
    """One version of a protocol as a text."""

    workspace: Workspace
    found: SourceProtocol

    @property
    def name(self) -> str:
        """`module.Protocol`, or the name of the protocol."""
        return self.found.name

    @property
    def own_name(self) -> str:
        """The name of the protocol without its module."""
        return self.found.protocol.name.text

    @property
    def path(self) -> str:
        """The file that it stands in."""
        return self.found.source.path

    @property
    def span(self) -> Span:
        """Where its name stands."""
        return self.found.protocol.name.span

    @property
    def line(self) -> int:
        """The line of its name."""
        return self.found.source.position(self.span.start)[0]

    @property
    def text(self) -> str:
        """The protocol as it is written, and the files that it imports."""
        span, source = self.found.protocol.span, self.found.source
        imported = {one.path: one.text for one in self.found.judged.linked.sources.values()}
        return "\n".join([source.text[span.start : span.end], *sorted(imported.values())])


class MachineVersion(msgspec.Struct, frozen=True):
    """One version of a protocol as the machines of its roles, read from files."""

    name: str
    path: str
    system: MachineSystem
    sources: Mapping[str, SourceFile]
    files: tuple[ReadFile, ...] = ()

    @property
    def own_name(self) -> str:
        """The name of the system."""
        return self.name

    @property
    def span(self) -> Span:
        """The first entry of its first file."""
        entry = next(iter(self.system.entries.values()), None)
        return Span(0, 0) if entry is None else entry.filed.place(self.text)[1]

    @property
    def line(self) -> int:
        """The line of the first entry."""
        source = self.sources.get(self.path)
        return 1 if source is None else source.position(self.span.start)[0]

    @property
    def text(self) -> str:
        """The text of the first file."""
        source = self.sources.get(self.path)
        return "" if source is None else source.text


Version: TypeAlias = TextVersion | MachineVersion


def role_names(version: Version) -> set[str]:
    """The roles that a version declares, members of families and the families themselves."""
    match version:
        case TextVersion(found=found):
            return {declaration.name.text for declaration in declared_roles(found.protocol)}
        case MachineVersion(system=system):
            roles = {machine.role for machine in system.machines}
            return roles | set(map(family_of, roles))


def text_fault(version: Version) -> str:
    """Why a version has no meaning: an error of its text or file, or a missing import; or empty."""
    match version:
        case TextVersion(found=found):
            wrong, blocked = found.errors, found.judged.linked.blocked
        case MachineVersion(system=system):
            wrong, blocked = system.diagnostics, ""
    return wrong[0].message if wrong else blocked


class VersionSide(msgspec.Struct, frozen=True):
    """All protocols of one side, the files that were read, and their errors."""

    label: str
    versions: tuple[Version, ...]
    files: tuple[ReadFile, ...]
    diagnostics: tuple[Diagnostic, ...]
    workspace: Workspace | None = None


def text_side(
    label: str, files: Sequence[ReadFile], also: Sequence[ReadFile], options: Options
) -> VersionSide:
    """The protocols of `files`, which may import those of `also`."""
    workspace = Workspace(files, options.dialect, options.event_limit, also=also, keeps=True)
    found = [
        TextVersion(workspace, one)
        for one in workspace.protocols()
        if not options.protocols or any(map(one.is_called, options.protocols))
    ]
    said = [one for one in workspace.diagnostics() if one.severity is Severity.ERROR]
    return VersionSide(label, tuple(found), tuple(files), tuple(dict.fromkeys(said)), workspace)


def sizes_of(version: Version, options: Options) -> list[dict[str, int]]:
    """The family sizes at which a version is looked at; those of `check`."""
    if isinstance(version, MachineVersion):
        return [{}]
    protocol = version.found.protocol
    return list(combinations(protocol, dict(options.instances), DEFAULT_SIZES))


def families_of(version: Version) -> tuple[str, ...]:
    """The families of a version that need a size."""
    return version.found.families if isinstance(version, TextVersion) else ()


def common_sizes(
    old: Sequence[Mapping[str, int]], new: Sequence[Mapping[str, int]], rules: WireRules
) -> Iterator[dict[str, int]]:
    """Sizes of the families of both versions, in which the families that both have agree.

    Families of the old version have their new names.
    """
    named = [{rules.new_name(family): size for family, size in left.items()} for left in old]
    for right in new:
        for left in named:
            if all(right.get(family, size) == size for family, size in left.items()):
                yield {**right, **{k: v for k, v in left.items() if k not in right}}


def old_sizes(
    sizes: Mapping[str, int], families: Iterable[str], rules: WireRules
) -> dict[str, int]:
    """The sizes of the old `families` in sizes by new names."""
    names = {family: rules.new_name(family) for family in families}
    return {family: sizes[name] for family, name in names.items() if name in sizes}


class VersionGraph(msgspec.Struct, frozen=True):
    """A version at some sizes: its machines, and its graph unless they come from files.

    A text with timeouts has a timed graph alone. `fault` says why there is none; with `is_broken`
    since the version fails by itself. `is_proved`: it does not, however long queues become.
    """

    machines: tuple[Machine, ...] = ()
    graph: ProtocolGraph | None = None
    fault: str = ""
    is_broken: bool = False
    timed: TimedProtocol | None = None
    is_proved: bool = False


def graph_at(
    version: Version,
    sizes: Mapping[str, int],
    options: Options,
    decided: DecidedSizes | None = None,
) -> VersionGraph:
    """What a version means at sizes of its families, if it is good alone.

    What a check of it has `decided` is not decided again.
    """
    wrong_text = text_fault(version)
    if wrong_text:
        return VersionGraph(fault=wrong_text, is_broken=True)
    if isinstance(version, MachineVersion):
        return _machines_alone(version.system.machines, options)
    families = version.found.families
    own = {family: sizes[family] for family in families if family in sizes}
    known = DecidedSizes() if decided is None else decided
    lowered = known.lowered.get(size_key(own)) or version.workspace.graph(version.found, own)
    wrong = [one for one in lowered.diagnostics if one.severity is Severity.ERROR]
    if wrong:
        return VersionGraph(fault=wrong[0].message, is_broken=True)
    if lowered.graph is None:
        skipped = lowered.skipped[0] if lowered.skipped else None
        reason = skipped.reason if skipped is not None else lowered.limit
        if skipped is not None and "line" not in reason:
            reason = f"{reason}, line {skipped.line}"
        if lowered.timed is None:
            return VersionGraph(fault=reason or "its parallel branches have too many interleavings")
    findings = known.findings.get(size_key(own)) or decide_instance(lowered, options)
    alone = [one for one in findings if one.property in _GOOD]
    for one in alone:
        if isinstance(one.outcome, Refuted):
            return VersionGraph(fault=f"`{one.property}` is refuted", is_broken=True)
    if lowered.timed is not None:
        reason = "mixtures of versions with timeouts are not decided"
        return VersionGraph(fault=reason, timed=lowered.timed)
    proved = all(isinstance(one.outcome, Proved) for one in alone)
    return VersionGraph((), lowered.graph, is_proved=proved)


def _machines_alone(machines: tuple[Machine, ...], options: Options) -> VersionGraph:
    """Machines from files, if they are good together."""
    from tellverify.search.check_system import check_system
    from tellverify.search.group_answer import PROVED, SAFE

    checked = check_system(
        machines,
        graph=None,
        largest_bound=options.queue_limit,
        budget=options.search_limit,
        ends=False,
    )
    found = next((trace for trace in checked.traces if trace.fault in SAFE), None)
    if found is not None:
        events = counted(len(found.steps), "event")
        return VersionGraph(fault=f"{found.fault} after {events}", is_broken=True)
    proved = all(checked.reached[fault].scope in PROVED for fault in SAFE)
    return VersionGraph(machines, is_proved=proved)


def machines_of(graph: ProtocolGraph) -> tuple[Machine, ...] | str:
    """The machines of all roles, or why one is too large."""
    machines = Machines(graph)
    try:
        return tuple(machines.of(role) for role in graph.roles)
    except MachineTooLarge as error:
        return str(error)


def filed_machines(version: MachineVersion, other: MachineVersion | None) -> tuple[Machine, ...]:
    """Machines of files; a label whose payload has several sorts has them in its name."""
    sorts: dict[str, set[str]] = {}
    for one in (version, *((other,) if other is not None else ())):
        for entry in one.system.entries.values():
            for _, _, label, sort in entry.filed.sorts:
                sorts.setdefault(label, set()).add(str(sort))
    found = []
    for machine in version.system.machines:
        entry = version.system.entries.get(machine.role)
        named = {
            Action(send, peer, label): f"{label}({sort})"
            for send, peer, label, sort in (entry.filed.sorts if entry is not None else ())
            if len(sorts[label]) > 1
        }
        moves = tuple(
            tuple((Action(a.send, a.peer, named.get(a, a.label)), target) for a, target in row)
            for row in machine.moves
        )
        found.append(Machine(machine.role, moves, machine.final))
    return tuple(found)
