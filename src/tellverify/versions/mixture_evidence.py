"""What `recheck` judges of a comparison: one file for each pair and choice of family sizes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from tellverify.evidence.machines_file import row_of
from tellverify.evidence.versions_file import (
    AT_COMMIT,
    MOST_CONFIGURATIONS,
    MOST_DEPLOYMENTS,
    VERSIONS_SCHEMA,
    VERSIONS_SUFFIX,
    ReceiveRow,
    RefutedRow,
    RelationRow,
    SearchProof,
    SendRow,
    SideRow,
    VersionsFile,
    digest_of,
    write_versions,
)
from tellverify.projection.subtyping import ActionTree, PendingReceive, PendingSend
from tellverify.search.cubes import is_within
from tellverify.search.layering import is_acyclic
from tellverify.verdict.identity import Subject, SubjectKind
from tellverify.verdict.outcome import Refuted
from tellverify.verdict.run import EvidenceFile, Run
from tellverify.verification.evidence_files import placed, write_files
from tellverify.versions.comparing import CompareRequest, Comparing
from tellverify.versions.comparison import ComparedPair
from tellverify.versions.instance import ComparedInstance
from tellverify.versions.revision import old_path
from tellverify.versions.role_versions import NEW, OLD
from tellverify.versions.sides import MachineVersion, TextVersion, Version


def write_comparison(found: Comparing, run: Run, folder: str) -> Run:
    """Write the evidence of all pairs below a folder; the run that lists the files.

    Raises OSError where that cannot be done.
    """
    files: list[tuple[str, str, str]] = []
    for pair in found.pairs:
        one = pair.comparison
        subject = Subject(SubjectKind.PROTOCOL, one.path, one.name)
        named = [
            (f"versions[{instance.name}]", _name(instance.name), text)
            for instance, text in _texts(pair, found.request)
        ]
        files += placed(subject, named)
    written = write_files(folder, files)
    known = {
        identity: EvidenceFile(
            identity, written[identity], hashlib.sha256(text.encode()).hexdigest()
        )
        for identity, _, text in files
    }
    evidence = (*run.evidence, *known.values(), *_shown_by(run, known))
    return msgspec.structs.replace(run, evidence=evidence)


def _shown_by(run: Run, known: Mapping[str, EvidenceFile]) -> Iterator[EvidenceFile]:
    """The files once more, as those of the obligations of which they are evidence.

    What holds at several family sizes has a file for each.
    """
    for report in run.protocols:
        subject = Subject(SubjectKind.PROTOCOL, report.path, report.name)
        begin = subject.part("versions[")
        files = [file for identity, file in known.items() if identity.startswith(begin)]
        for verdict in report.verdicts:
            outcome = verdict.outcome
            sizes = outcome.instance if isinstance(outcome, Refuted) else ""
            own = known.get(subject.part(f"versions[{sizes}]")) if sizes else None
            identity = report.id_of(verdict).text
            for shown in files if own is None else (own,):
                yield msgspec.structs.replace(shown, obligation=identity)


def _name(instance: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9]+", "-", instance).strip("-")
    return f"{plain or 'all'}{VERSIONS_SUFFIX}"


def _texts(pair: ComparedPair, request: CompareRequest) -> list[tuple[ComparedInstance, str]]:
    sources = [_side(version, request) for version in (pair.old, pair.new)]
    return [
        (instance, write_versions(versions_file(instance, pair.comparison.name, sources, request)))
        for instance in pair.instances
    ]


def _side(version: Version, request: CompareRequest) -> SideRow:
    """Where a version comes from, files of a revision with the name of their commit."""
    match version:
        case TextVersion(workspace=workspace, found=found):
            sums = [(path, workspace.sha256_of(path)) for path in found.paths]
            kind: Literal["text", "machines"] = "text"
        case MachineVersion(files=files):
            sums = [(file.path, file.sha256) for file in files]
            kind = "machines"
    marked = old_path(request.against, "")
    named = [
        (f"{AT_COMMIT}{request.commit}/{path.removeprefix(marked)}", sha256)
        if request.commit and path.startswith(marked)
        else (path, sha256)
        for path, sha256 in sums
    ]
    return SideRow(kind, version.name, named)


def versions_file(
    one: ComparedInstance, name: str, sources: Sequence[SideRow], request: CompareRequest
) -> VersionsFile:
    """The evidence of one instance; refuted mixtures are those in which roles act."""
    roles, search = one.roles, one.mixtures.search
    rows = []
    for refuted in search.refuted:
        new, old = [], []
        for place, role in enumerate(roles.changed):
            versions = search.space.versions_of(refuted.cube, place)
            if versions == 1 << NEW:
                new.append(role)
            elif versions == 1 << OLD:
                old.append(role)
        steps = [
            (int(step.send), step.sender, step.receiver, step.label)
            for step in search.steps(refuted)
        ]
        culprit = search.system.roles[refuted.role] if refuted.role >= 0 else ""
        rows.append(RefutedRow(new, old, str(refuted.fault), culprit, steps))
    proof = _proof(one)
    return VersionsFile(
        VERSIONS_SCHEMA,
        name,
        one.name,
        list(sources),
        "faithful" if request.options.dialect == "faithful" else "strict",
        list(request.rules.payloads),
        list(request.rules.renamed),
        list(roles.changed),
        [row_of(roles.version(role, OLD)) for role in roles.roles],
        [row_of(roles.version(role, NEW)) for role in roles.roles],
        rows,
        list(one.order.order),
        proof,
        list(relation_rows(one)) if proof is None else [],
    )


def relation_rows(one: ComparedInstance) -> Iterator[RelationRow]:
    """The subtyping of roles, where the search alone shows nothing to the rechecker."""
    found = one.mixtures.proofs.refining
    for role, relation in found.new.items():
        yield RelationRow(role, "new", [(n, _tree_row(tree)) for n, tree in relation.nodes])
    for role, relation in found.old.items():
        yield RelationRow(role, "old", [(n, _tree_row(tree)) for n, tree in relation.nodes])


def _tree_row(tree: ActionTree) -> int | ReceiveRow | SendRow:
    match tree:
        case PendingReceive(branches=branches):
            return ReceiveRow([(a.peer, a.label, _tree_row(rest)) for a, rest in branches])
        case PendingSend(action=action, rest=rest):
            return SendRow(action.peer, action.label, _tree_row(rest))
        case int():
            return tree


def _proof(one: ComparedInstance) -> SearchProof | None:
    search = one.mixtures.search
    acyclic = all(is_acyclic(v) for joint in one.roles.joints() for v in joint.versions)
    few = 2 ** len(one.roles.changed) <= MOST_DEPLOYMENTS
    if not search.is_settled or search.count > MOST_CONFIGURATIONS or not (acyclic or few):
        return None
    if search.open_cubes:
        return None  # the bound cut off runs of refuted mixtures only, but a recheck has no bound
    cubes = search.cubes
    kept = [
        search.system.decode(c)
        for level in search.levels
        for c in level
        if not is_within(search.cube(c), cubes)
    ]
    return SearchProof(len(kept), digest_of(kept))
