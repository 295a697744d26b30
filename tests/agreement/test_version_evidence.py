"""Evidence of comparisons: accepted as it is written, rejected with one wrong clause."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec import structs
from random_pairs import random_pair
from version_texts import OTA, VECTORS, versions_of

from tellverify.evidence.machines_file import MachineRow
from tellverify.evidence.recheck.graph import Rejected
from tellverify.evidence.recheck.versions import recheck_versions
from tellverify.evidence.versions_file import RefutedRow, SearchProof, VersionsFile
from tellverify.versions.evidence import versions_file
from tellverify.versions.instance import ComparedInstance
from tellverify.versions.mixtures import Mixtures
from tellverify.versions.role_versions import RoleVersions
from tellverify.versions.rollout import rollout


def evidence(roles: RoleVersions) -> VersionsFile:
    mixtures = Mixtures(roles, largest_bound=8, budget=20_000)
    order = rollout(mixtures.changed, mixtures.cubes)
    one = ComparedInstance({}, roles, (None, None), (None, None), mixtures, order)
    return versions_file(one, "P", [])


@pytest.mark.parametrize("name", VECTORS)
def test_what_is_written_is_accepted(name: str) -> None:
    file = evidence(versions_of(*VECTORS[name]))
    assert file.proof is not None
    assert f"in {file.proof.configurations} configurations" in recheck_versions(file)


def test_random_pairs_are_accepted_loops_included() -> None:
    accepted = proofs = stuck = seed = 0
    while accepted < 60:
        seed += 1
        roles = random_pair(seed)
        if roles is None or not roles.changed:
            continue
        file = evidence(roles)
        recheck_versions(file)
        accepted += 1
        proofs += file.proof is not None
        stuck += any(row.fault == "stuck-role" for row in file.refuted)
    assert proofs >= 40


def without_a_row(file: VersionsFile) -> VersionsFile:
    return structs.replace(file, refuted=file.refuted[1:])


def with_a_wider_row(file: VersionsFile) -> VersionsFile:
    first: RefutedRow = file.refuted[0]
    return structs.replace(file, refuted=[structs.replace(first, old=[]), *file.refuted[1:]])


def with_a_shorter_run(file: VersionsFile) -> VersionsFile:
    first = file.refuted[0]
    return structs.replace(
        file, refuted=[structs.replace(first, steps=first.steps[:-1]), *file.refuted[1:]]
    )


def with_another_fault(file: VersionsFile) -> VersionsFile:
    first = structs.replace(file.refuted[0], fault="deadlock")
    return structs.replace(file, refuted=[first, *file.refuted[1:]])


def with_another_culprit(file: VersionsFile) -> VersionsFile:
    first = structs.replace(file.refuted[0], culprit="C")
    return structs.replace(file, refuted=[first, *file.refuted[1:]])


def with_a_wrong_count(file: VersionsFile) -> VersionsFile:
    assert file.proof is not None
    return structs.replace(
        file, proof=SearchProof(file.proof.configurations + 1, file.proof.sha256)
    )


def with_a_wrong_digest(file: VersionsFile) -> VersionsFile:
    assert file.proof is not None
    return structs.replace(file, proof=SearchProof(file.proof.configurations, "0" * 64))


def with_fewer_changed(file: VersionsFile) -> VersionsFile:
    return structs.replace(file, changed=file.changed[:-1])


def with_another_machine(file: VersionsFile) -> VersionsFile:
    first: MachineRow = file.new[0]
    return structs.replace(file, new=[structs.replace(first, final=[]), *file.new[1:]])


@pytest.mark.parametrize(
    "spoil",
    [
        without_a_row,
        with_a_wider_row,
        with_a_shorter_run,
        with_another_fault,
        with_another_culprit,
        with_a_wrong_count,
        with_a_wrong_digest,
        with_fewer_changed,
        with_another_machine,
    ],
)
def test_one_wrong_clause_is_rejected(spoil: Callable[[VersionsFile], VersionsFile]) -> None:
    file = evidence(versions_of(*OTA, {"D": 2}))
    recheck_versions(file)
    with pytest.raises(Rejected):
        recheck_versions(spoil(file))
