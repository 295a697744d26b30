"""What `recheck` judges of a comparison: one file for each pair and choice of family sizes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import msgspec

from tellverify.evidence.machines_file import row_of
from tellverify.evidence.versions_file import (
    MOST_CONFIGURATIONS,
    MOST_DEPLOYMENTS,
    VERSIONS_SCHEMA,
    VERSIONS_SUFFIX,
    RefutedRow,
    SearchProof,
    VersionsFile,
    digest_of,
    write_versions,
)
from tellverify.search.cubes import is_within
from tellverify.search.layering import is_acyclic
from tellverify.verdict.identity import Subject, SubjectKind
from tellverify.verdict.run import EvidenceFile, Run
from tellverify.verification.evidence_files import placed, write_files
from tellverify.versions.comparing import Comparing
from tellverify.versions.comparison import ComparedPair
from tellverify.versions.instance import ComparedInstance
from tellverify.versions.role_versions import NEW, OLD


def write_comparison(found: Comparing, run: Run, folder: str) -> Run:
    """Write the evidence of all pairs below a folder; the run that lists the files.

    Raises OSError where that cannot be done.
    """
    sums = {one.path: one.sha256 for one in run.inputs}
    files: list[tuple[str, str, str]] = []
    for pair in found.pairs:
        one = pair.comparison
        subject = Subject(SubjectKind.PROTOCOL, one.path, one.name)
        named = [
            (f"versions[{instance.name}]", _name(instance.name), text)
            for instance, text in _texts(pair, sums)
        ]
        files += placed(subject, named)
    written = write_files(folder, files)
    evidence = tuple(
        EvidenceFile(identity, written[identity], hashlib.sha256(text.encode()).hexdigest())
        for identity, _, text in files
    )
    return msgspec.structs.replace(run, evidence=(*run.evidence, *evidence))


def _name(instance: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9]+", "-", instance).strip("-")
    return f"{plain or 'all'}{VERSIONS_SUFFIX}"


def _texts(pair: ComparedPair, sums: dict[str, str]) -> list[tuple[ComparedInstance, str]]:
    one = pair.comparison
    sources = [(path, sums.get(path, "")) for path in dict.fromkeys((one.old_path, one.path))]
    return [
        (instance, write_versions(versions_file(instance, one.name, sources)))
        for instance in pair.instances
    ]


def versions_file(
    one: ComparedInstance, name: str, sources: Sequence[tuple[str, str]]
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
    return VersionsFile(
        VERSIONS_SCHEMA,
        name,
        one.name,
        list(sources),
        list(roles.changed),
        [row_of(roles.version(role, OLD)) for role in roles.roles],
        [row_of(roles.version(role, NEW)) for role in roles.roles],
        rows,
        _proof(one),
    )


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
