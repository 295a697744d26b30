"""Are the machines in evidence of two versions those of its sources? The second step of `recheck`.

Both sources are read and lowered again, those of a revision from the commit that the file names.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import msgspec

from tellverify.evidence.itf import MOST_BYTES
from tellverify.evidence.machines_file import row_of
from tellverify.evidence.recheck.graph import Rejected, require
from tellverify.evidence.versions_file import AT_COMMIT, SideRow, VersionsFile
from tellverify.language.files import inputs
from tellverify.language.files.inputs import ReadFile
from tellverify.language.files.work_tree import top_of
from tellverify.language.instances import instance_name, sizes_of
from tellverify.language.workspace import Workspace
from tellverify.source.files import Unreadable, read_bytes
from tellverify.verification.git import NoRepository
from tellverify.verification.repository import RevisionPoint, contents_at
from tellverify.verification.source_graphs import require_file
from tellverify.versions.instance import role_versions
from tellverify.versions.opening import machine_side
from tellverify.versions.role_versions import NEW, OLD
from tellverify.versions.sides import (
    MachineVersion,
    TextVersion,
    Version,
    VersionGraph,
    families_of,
    old_sizes,
)
from tellverify.versions.wire_labels import WireRules


def compare_versions_with_sources(path: str) -> str:
    """What was found equal, in words; `path` was accepted by the rechecker before.

    Raises Rejected where a source is missing, has changed or has other machines.
    """
    try:
        file = msgspec.json.decode(read_bytes(path, MOST_BYTES), type=VersionsFile)
    except (Unreadable, msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Rejected("the file", str(error)[:200].partition("\n")[0]) from None
    old, new = (_version(row, file.dialect) for row in file.sources)
    called = any(file.protocol == row.protocol for row in file.sources)
    require(called, "protocol", "neither version is called so")
    rules = WireRules(tuple(file.payloads), tuple(file.renamed))
    sizes = sizes_of(file.instance)
    known = {*map(rules.new_name, families_of(old)), *families_of(new)}
    same = set(sizes) == known and instance_name(sizes) == file.instance
    require(same, "instance", "not sizes of the families of both versions")
    graphs = (_graph(old, old_sizes(sizes, families_of(old), rules)), _graph(new, sizes))
    found = role_versions((old, new), graphs, rules)
    if isinstance(found, str):
        raise Rejected("source", found)
    roles, _ = found
    for version, rows, side in zip((OLD, NEW), (file.old, file.new), file.sources, strict=True):
        same = [row_of(roles.version(role, version)) for role in roles.roles] == rows
        require(same, "source", f"{side.files[0][0]}: the machines are not those of the file")
    require(list(roles.changed) == file.changed, "changed", "not the roles whose machines differ")
    named = [f"`{side.protocol}` in {side.files[0][0]}" for side in file.sources]
    return f"the machines are those of {named[0]} and of {named[1]}"


def _version(row: SideRow, dialect: str) -> Version:
    files = [_read(*named) for named in row.files]
    if row.kind == "machines":
        version = machine_side(row.files[0][0], files).versions[0]
        assert isinstance(version, MachineVersion)
        wrong = version.system.diagnostics
        require(not wrong, "source", f"{row.files[0][0]}: {wrong[0].message if wrong else ''}")
        return version
    workspace = Workspace(files[:1], dialect, also=files[1:])
    found = next((one for one in workspace.protocols() if one.name == row.protocol), None)
    if found is None:
        raise Rejected("source", f"{row.files[0][0]}: it has no protocol `{row.protocol}`")
    if found.errors:
        raise Rejected("source", f"{row.files[0][0]}: it has errors: {found.errors[0].message}")
    return TextVersion(workspace, found)


def _read(path: str, sha256: str) -> ReadFile:
    """A source as it was when the evidence was made. Raises Rejected."""
    if path.startswith(AT_COMMIT):
        commit, _, name = path[len(AT_COMMIT) :].partition("/")
        content = _at_commit(commit, name)
        file = inputs.decode(path, content)
    else:
        require_file(path)
        file = inputs.read_any(path)
    require(file.sha256 == sha256, "source", f"{path} changed since the versions were compared")
    return file


def _at_commit(commit: str, name: str) -> bytes:
    named = len(commit) >= 40 and all(c in "0123456789abcdef" for c in commit)
    require(named, "source", f"`{commit[:80]}` is not the name of a commit")
    place = os.path.realpath(name)
    point = RevisionPoint(commit, top_of("."))
    try:
        content: bytes | None = contents_at(point, [place]).get(place)
    except NoRepository as error:
        raise Rejected("source", f"{error}: run this there, or with --without-sources") from None
    if content is None:
        reason = f"git has no {name} at {commit[:12]}: fetch it, or use --without-sources"
        raise Rejected("source", reason)
    return content


def _graph(version: Version, sizes: Mapping[str, int]) -> VersionGraph:
    if isinstance(version, MachineVersion):
        return VersionGraph(version.system.machines)
    own: dict[str, int] = {}
    for family in version.found.families:
        require(family in sizes, "instance", f"it has no size of `{family}`")
        own[family] = sizes[family]
    lowered = version.workspace.graph(version.found, own)
    if lowered.graph is None:
        reasons: Sequence[str] = [*(skip.reason for skip in lowered.skipped), lowered.limit]
        raise Rejected("source", f"{version.path}: it has no graph: {next(iter(reasons), '')}")
    return VersionGraph((), lowered.graph)
