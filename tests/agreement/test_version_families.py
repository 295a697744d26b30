"""Families mixed member by member against all assignments, and the four compatibility fixtures."""

from __future__ import annotations

import re

import pytest
from random_pairs import acting, all_deployments, shortest
from systems import Whole
from version_texts import OTA, protocol, versions_of

from tellverify.versions.bridge import find_bridge
from tellverify.versions.mixture_words import in_words
from tellverify.versions.mixtures import Mixtures
from tellverify.versions.role_versions import NEW
from tellverify.versions.rollout import rollout

ASK = "C -> D[*] : Ask;D[*] -> C : Answer"
FAMILIES = {
    "ota": OTA,
    "answer": (protocol("C, D[N]", ASK), protocol("C, D[N]", ASK.replace("Answer", "Reply"))),
    "longer": (protocol("C, D[N]", ASK), protocol("C, D[N]", f"{ASK};C -> D[*] : Thanks")),
    "first": (
        protocol("C, D[N]", "C -> D[*] : Ask"),
        protocol("C, D[N]", "C -> D[*] : Ask;C -> D[0] : More"),
    ),
    "relay": (
        protocol("C, D[N], E", f"{ASK};C -> E : Done"),
        protocol("C, D[N], E", f"{ASK};C -> E : Done;E -> D[*] : Done"),
    ),
}


def matches(words: str, versions: dict[str, int]) -> bool:
    """Whether a deployment is one of a mixture in words, read as a person would."""
    for part in words.split(", "):
        amount, name, version = re.fullmatch(r"(?:(\w+) )?(\S+) (old|new|absent)", part).groups()  # type: ignore[union-attr]
        members = [v for role, v in versions.items() if role == name or role.split("[")[0] == name]
        wanted = (NEW,) if version == "new" else (1 - NEW,)
        count = sum(v in wanted for v in members)
        needed = {None: len(members), "some": 1, "every": len(members), "two": 2, "three": 3}
        if count < needed[amount]:
            return False
    return True


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("name", FAMILIES)
def test_every_assignment_is_told_by_the_words(name: str, size: int) -> None:
    roles = versions_of(*FAMILIES[name], {"D": size})
    mixtures = Mixtures(roles, largest_bound=8, budget=50_000)
    groups = in_words(mixtures)
    good = 0
    for versions in all_deployments(roles):
        whole = Whole(roles.machines(acting(roles, versions)), 5_000)
        assert whole.finite
        wanted = shortest(whole)
        found = [group for group in groups if matches(group.words, versions)]
        assert bool(found) == (wanted is not None), (versions, [group.words for group in groups])
        good += wanted is None
    assert mixtures.good() == good


@pytest.mark.parametrize("size", [2, 4])
def test_members_that_are_alike_make_few_groups(size: int) -> None:
    mixtures = Mixtures(versions_of(*OTA, {"D": size}), largest_bound=8, budget=50_000)
    (group,) = in_words(mixtures)
    assert group.words == "C new, some D old"
    assert len(group.members) == size


LOGIN = "Client -> Server : Login;choice Server at;  | Ok =>;      Server -> Client : Ok"
FIXTURES = {
    # an answer that an old client never asks for
    "further request": (
        protocol("C, S", "choice C at;  | Get =>;      C -> S : Get;      S -> C : Value"),
        protocol(
            "C, S",
            "choice C at;  | Get =>;      C -> S : Get;      S -> C : Value;  | Count =>;"
            "      C -> S : Count;      S -> C : Number",
        ),
        "S before C",
    ),
    # a message changes its name
    "new name": (
        protocol("C, S", "C -> S : Get;S -> C : Value"),
        protocol("C, S", "C -> S : Fetch;S -> C : Value"),
        "(S) C S",
    ),
    # an answer that an old client may get
    "further answer": (
        protocol("Client, Server", LOGIN + ";  | No =>;      Server -> Client : No"),
        protocol(
            "Client, Server",
            LOGIN
            + ";  | No =>;      Server -> Client : No;  | Wait =>;      Server -> Client : Wait",
        ),
        "Client before Server",
    ),
    # a message is no longer sent, and its receiver still knows it
    "narrower": (
        protocol(
            "A, B",
            "choice A at;  | X =>;      A -> B : X;  | Y =>;      A -> B : Y",
        ),
        protocol("A, B", "A -> B : X"),
        "A before B",
    ),
}


@pytest.mark.parametrize("name", FIXTURES)
def test_the_compatibility_fixtures(name: str) -> None:
    old, new, wanted = FIXTURES[name]
    mixtures = Mixtures(versions_of(old, new), largest_bound=8, budget=10_000)
    upgrade = rollout(mixtures.changed, mixtures.cubes)
    if upgrade.kind == "none":
        plan = find_bridge(mixtures.roles, largest_bound=8, budget=10_000).plan
        assert plan is not None
        said = " ".join(f"({s.role})" if s.is_bridge else s.role for s in plan.steps)
    else:
        said = ", ".join(f"{x} before {y}" for x, y in upgrade.before)
    assert said == wanted
