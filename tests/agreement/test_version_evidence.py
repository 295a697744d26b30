"""Evidence of comparisons: accepted as it is written, rejected with one wrong clause."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec import structs
from random_pairs import random_pair
from version_texts import OTA, VECTORS, protocol, versions_of

from tellverify.evidence.machines_file import MachineRow
from tellverify.evidence.recheck.graph import Rejected
from tellverify.evidence.recheck.mixtures import recheck_versions
from tellverify.evidence.recheck.relations import check_relation
from tellverify.evidence.versions_file import (
    RefutedRow,
    RelationRow,
    SearchProof,
    SendRow,
    VersionsFile,
)
from tellverify.model.machine import Action, Machine
from tellverify.obligations.options import Options
from tellverify.projection.subtyping import sent_to
from tellverify.versions.comparing import CompareRequest
from tellverify.versions.instance import ComparedInstance
from tellverify.versions.mixture_evidence import relation_rows, versions_file
from tellverify.versions.mixtures import Mixtures
from tellverify.versions.role_versions import NEW, OLD, RoleVersions
from tellverify.versions.rollout import rollout
from tellverify.versions.wire_labels import WireRules


def evidence(roles: RoleVersions) -> VersionsFile:
    mixtures = Mixtures(roles, largest_bound=8, budget=20_000)
    order = rollout(mixtures.changed, mixtures.cubes)
    one = ComparedInstance({}, roles, (None, None), (None, None), mixtures, order)
    request = CompareRequest("", "major", WireRules(), Options(), lambda version: version.path)
    return versions_file(one, "P", [], request)


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


def with_an_unsafe_order(file: VersionsFile) -> VersionsFile:
    assert file.order[-1] == "C"
    return structs.replace(file, order=["C", *file.order[:-1]])


def with_an_order_of_fewer_roles(file: VersionsFile) -> VersionsFile:
    return structs.replace(file, order=file.order[:-1])


@pytest.mark.parametrize(
    "spoil",
    [
        with_an_unsafe_order,
        with_an_order_of_fewer_roles,
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


def random_relations(count: int) -> list[tuple[RoleVersions, RelationRow]]:
    """Relations of random pairs, some of them with actions that are put off."""
    found: list[tuple[RoleVersions, RelationRow]] = []
    late, early = (
        "A -> B : Go;B -> A : Ready;A -> B : Value",
        "A -> B : Go;A -> B : Value;B -> A : Ready",
    )
    ahead = versions_of(protocol("A, B", late), protocol("A, B", early))
    for roles in (ahead, *(random_pair(seed) for seed in range(1_500))):
        if roles is None or not roles.changed or len(found) >= count:
            continue
        mixtures = Mixtures(roles, largest_bound=8, budget=20_000)
        order = rollout(mixtures.changed, mixtures.cubes)
        one = ComparedInstance({}, roles, (None, None), (None, None), mixtures, order)
        found += [(roles, row) for row in relation_rows(one)]
    return found


def checked(roles: RoleVersions, row: RelationRow) -> None:
    small, large = roles.version(row.role, NEW), roles.version(row.role, OLD)
    peers = roles.old
    if row.refining == "old":
        small, large, peers = large, small, roles.new
    check_relation(row, small, large, sent_to(row.role, tuple(peers.values())))


def test_relations_are_accepted_and_not_without_one_of_their_nodes() -> None:
    rows = random_relations(40)
    assert len(rows) >= 40
    for roles, row in rows:
        checked(roles, row)
        for n in range(len(row.nodes)):
            with pytest.raises(Rejected):
                checked(roles, structs.replace(row, nodes=[*row.nodes[:n], *row.nodes[n + 1 :]]))


def test_a_file_with_a_relation_of_fewer_nodes_or_another_role_is_rejected() -> None:
    roles, row = random_relations(1)[0]
    file = structs.replace(evidence(roles), relations=[row])
    assert f"may be replaced: {row.role}" in recheck_versions(file)
    for wrong in (
        structs.replace(row, nodes=row.nodes[:-1]),
        structs.replace(row, role="C"),
        structs.replace(row, refining={"old": "new", "new": "old"}[row.refining]),
    ):
        with pytest.raises(Rejected):
            recheck_versions(structs.replace(file, relations=[wrong]))


def test_a_relation_of_a_machine_that_does_not_refine_is_rejected() -> None:
    """The loop without its exit of the subtyping tests: a cycle that leaves out a send."""
    go, done = Action(True, "B", "Go"), Action(True, "B", "Done")
    large = Machine("A", (((go, 0), (done, 1)), ()), (False, True))
    small = Machine("A", (((go, 0),),), (False,))
    with pytest.raises(Rejected):
        check_relation(RelationRow("A", "new", [(0, 0)]), small, large, set())
    check_relation(RelationRow("A", "new", [(0, 0), (1, 1)]), large, large, set())


@pytest.mark.parametrize(("second", "is_subtype"), [("C", True), ("B", False)])
def test_sends_change_places_only_towards_different_roles(second: str, is_subtype: bool) -> None:
    x, y = Action(True, "B", "X"), Action(True, second, "Y")
    ended = (False, False, True)
    large = Machine("A", (((x, 1),), ((y, 2),), ()), ended)
    small = Machine("A", (((y, 1),), ((x, 2),), ()), ended)
    row = RelationRow("A", "new", [(0, 0), (1, SendRow("B", "X", 2)), (2, 2)])
    if is_subtype:
        check_relation(row, small, large, set())
    else:
        with pytest.raises(Rejected):
            check_relation(row, small, large, set())
