"""Machines from files put together to a system, and the choreography they are compared with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from tellverify.diagnostics import machines as say
from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.formats.machine_files import FiledMachine, FileFault, read_machines
from tellverify.language.files.inputs import ReadFile
from tellverify.language.files.neighbours import neighbours
from tellverify.language.lowering.families import family_groups
from tellverify.language.syntax import ast
from tellverify.language.workspace import Workspace
from tellverify.model.graph import ProtocolGraph
from tellverify.model.local_type import Sort
from tellverify.model.machine import Machine
from tellverify.model.parallel_order import ParallelOrder
from tellverify.obligations.options import Options
from tellverify.source.span import NOWHERE, Span
from tellverify.source.text import SourceFile

_MEMBER: Final = re.compile(r"(.+)\[(\d{1,6})\]")


class SystemEntry(msgspec.Struct, frozen=True):
    """Where the machine of a role stands."""

    path: str
    filed: FiledMachine


class MachineSystem(msgspec.Struct, frozen=True):
    """Machines in the order of files, where each stands, and the errors in the files."""

    machines: tuple[Machine, ...]
    entries: dict[str, SystemEntry]
    diagnostics: tuple[Diagnostic, ...]


class Choreography(msgspec.Struct, frozen=True):
    """A protocol to compare machines with; `limit` says why there is no graph of it.

    `order` is what its parallel branches mean, if it has any.
    """

    name: str
    span: Span
    graph: ProtocolGraph | None
    diagnostics: tuple[Diagnostic, ...] = ()
    limit: str = ""
    order: ParallelOrder | None = None


def put_together(files: Sequence[ReadFile]) -> MachineSystem:
    """The system of all machines in `files`. Its diagnostics are empty when it can be searched."""
    entries: dict[str, SystemEntry] = {}
    said: list[Diagnostic] = []
    for file in files:
        if file.text is None:
            said += [file.diagnostic] if file.diagnostic is not None else []
            continue
        found = read_machines(file.text)
        if isinstance(found, FileFault):
            said.append(
                say.machine_entry(file.path, found.kind, found.reason, found.pointer, found.span)
            )
            continue
        for filed in found:
            role = filed.machine.role
            known = entries.setdefault(role, SystemEntry(file.path, filed))
            if known.filed is not filed:
                pointer, span = filed.place(file.text)
                said.append(say.role_twice(file.path, role, known.path, pointer, span))
    if not said:
        said += _missing_peers(files, entries)
        said += _different_sorts(files, entries)
    return MachineSystem(tuple(e.filed.machine for e in entries.values()), entries, tuple(said))


def _different_sorts(
    files: Sequence[ReadFile], entries: dict[str, SystemEntry]
) -> list[Diagnostic]:
    """Labels of one channel whose payloads have two sorts; machines without sorts say nothing.

    A label of the theory is a name with a sort, and Telltale's merge refuses one name with two.
    """
    texts = {file.path: file.text or "" for file in files}
    known: dict[tuple[str, str, str], Sort] = {}
    said = []
    for role, entry in entries.items():
        for send, peer, label, sort in entry.filed.sorts:
            message = (role, peer, label) if send else (peer, role, label)
            first = known.setdefault(message, sort)
            if first != sort:
                pointer, span = entry.filed.place(texts[entry.path], peer)
                sorts = (str(first), str(sort))
                said.append(say.payload_sorts(entry.path, message, sorts, pointer, span))
    return said


def _missing_peers(files: Sequence[ReadFile], entries: dict[str, SystemEntry]) -> list[Diagnostic]:
    """The first message of each role to or from one without a machine."""
    texts = {file.path: file.text or "" for file in files}
    said = []
    for role, entry in entries.items():
        peers = (a.peer for row in entry.filed.machine.moves for a, _ in row)
        missing = next((peer for peer in peers if peer not in entries), None)
        if missing is not None:
            pointer, span = entry.filed.place(texts[entry.path], missing)
            said.append(say.machine_missing(entry.path, role, missing, pointer, span))
    return said


def choreography(file: ReadFile, roles: Sequence[str], options: Options) -> Choreography | None:
    """The protocol of `file` that is selected, with families as large as `roles` has members.

    None when it has no such protocol.
    """
    if file.diagnostic is not None:
        return Choreography(file.path, NOWHERE, None, (file.diagnostic,))
    workspace = Workspace([file], options.dialect, options.event_limit, also=neighbours([file]))
    said = workspace.diagnostics()
    errors = tuple(d for d in said if d.severity is Severity.ERROR)
    if errors:
        return Choreography(file.path, NOWHERE, None, errors)
    for found in workspace.protocols():
        protocol, name = found.protocol, found.name
        if options.protocols and not any(map(found.is_called, options.protocols)):
            continue
        blocked = found.judged.linked.blocked
        if blocked:
            return Choreography(name, protocol.name.span, None, (), blocked)
        lowered = workspace.graph(found, _sizes(protocol, roles, options))
        errors = tuple(d for d in lowered.diagnostics if d.severity is Severity.ERROR)
        span = protocol.name.span
        if lowered.graph is None or errors:
            reasons = [f"{skip.reason}, line {skip.line}" for skip in lowered.skipped]
            return Choreography(name, span, None, errors, "; ".join(reasons) or lowered.limit)
        acting = {*lowered.graph.sender, *lowered.graph.receiver}
        missing = [
            say.role_without_machine(file.path, role, name, span)
            for number, role in enumerate(lowered.graph.roles)
            if number in acting and role not in set(roles)
        ]
        limit = ""
        if lowered.parallel and lowered.order is None:
            limit = "the parallel branches are too large for a search of their orders"
        graph = lowered.graph if not missing and not limit else None
        return Choreography(name, span, graph, tuple(missing[:1]), limit, lowered.order)
    return None


def _sizes(protocol: ast.Protocol, roles: Sequence[str], options: Options) -> dict[str, int]:
    """A size for every family: the one that is asked for, else how many members have machines."""
    members: dict[str, int] = {}
    for role in roles:
        match = _MEMBER.fullmatch(role)
        if match:
            members[match[1]] = max(members.get(match[1], 0), int(match[2]) + 1)
    asked = {family: sizes[0] for family, sizes in options.instances}
    found: dict[str, int] = {}
    for group in family_groups(protocol):
        known = [asked.get(family, members.get(family, 0)) for family in group]
        found.update((family, max(1, *known)) for family in group)
    return found


def source_files(files: Sequence[ReadFile]) -> dict[str, SourceFile]:
    """The texts by path, as reports quote them."""
    return {file.path: file.source() for file in files}
