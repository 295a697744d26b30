"""In which states of a session a role may go on as its new version."""

from __future__ import annotations

from version_texts import OTA, protocol, versions_of

from tellverify.verdict.versions import RoleRestart
from tellverify.versions.bridge import find_bridge
from tellverify.versions.mixtures import Mixtures
from tellverify.versions.restarts import restarts
from tellverify.versions.role_versions import RoleVersions
from tellverify.versions.rollout import rollout


def table(roles: RoleVersions) -> dict[str, RoleRestart]:
    mixtures = Mixtures(roles, largest_bound=8, budget=50_000)
    found = restarts(roles, rollout(mixtures.changed, mixtures.cubes))
    return {row.role: row for row in found}


def test_members_that_are_alike_are_one_row() -> None:
    found = table(versions_of(*OTA, {"D": 3}))
    assert list(found) == ["C", "every D"]
    assert found["C"].once == ("every D",)
    assert all(state.to for state in found["every D"].states)


LOOP = (
    "rec R;  choice A at;    | Go =>;        A -> W[*] : Go;        W[*] -> A : Done;"
    "        continue R;    | Stop =>;        A -> W[*] : Stop;        A -> W[0] : Last"
)


def test_members_with_other_states_have_rows_of_their_own() -> None:
    new = LOOP + ";    | Wait =>;        A -> W[*] : Wait"
    found = table(versions_of(protocol("A, W[N]", LOOP), protocol("A, W[N]", new), {"W": 2}))
    assert list(found) == ["A", "W[0]", "W[1]"]
    assert len(found["W[0]"].states) > len(found["W[1]"].states)


def test_a_role_that_begins_by_itself_is_not_asleep_beside_a_release_in_between() -> None:
    """C sends first and would wait for a B that knows nothing of it: no plan is safe."""
    old = protocol("B, W", "B -> W : Old")
    new = protocol("B, C, W", "C -> W : New;B -> C : Fin")
    found = find_bridge(versions_of(old, new), largest_bound=4, budget=10_000)
    assert found.plan is None
    assert found.is_exhausted
