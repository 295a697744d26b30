"""The picture of all mixtures."""

from __future__ import annotations

import pytest
from version_texts import OTA, VECTORS, protocol, versions_of

from tellverify.report.drawing.svg_lattice import draw_lattice
from tellverify.versions.lattice import lattice
from tellverify.versions.mixtures import Mixtures
from tellverify.versions.role_versions import RoleVersions


def mixtures(roles: RoleVersions) -> Mixtures:
    return Mixtures(roles, largest_bound=8, budget=50_000)


def test_members_of_a_family_are_counted() -> None:
    nodes = lattice(mixtures(versions_of(*OTA, {"D": 3})))
    assert len(nodes) == 2 * 4
    failing = {node.words for node in nodes if not node.is_good}
    assert failing == {"C", "C, 1 of 3 D", "C, 2 of 3 D"}
    assert [node.words for node in nodes if node.is_kept] == [
        "all old",
        "1 of 3 D",
        "2 of 3 D",
        "every D",
        "C, every D",
    ]


def test_an_edge_is_one_upgrade() -> None:
    nodes = lattice(mixtures(versions_of(*VECTORS["V9"])))
    assert len(nodes) == 8
    for node in nodes:
        assert all(nodes[target].level == node.level + 1 for target in node.after)
    assert nodes[0].words == "all old"
    assert not any(node.is_kept for node in nodes)  # no order is safe


def test_equal_versions_have_no_picture() -> None:
    assert lattice(mixtures(versions_of(*VECTORS["V1"]))) == ()


@pytest.mark.parametrize("pairs", [3, 7])
def test_a_picture_has_at_most_64_nodes(pairs: int) -> None:
    """Independent pairs, each with roles that are not of a family."""
    names = [f"{letter}{n}" for n in range(pairs) for letter in "AB"]
    old = ";".join(f"A{n} -> B{n} : X" for n in range(pairs))
    new = ";".join(f"A{n} -> B{n} : Y" for n in range(pairs))
    roles = ", ".join(names)
    nodes = lattice(mixtures(versions_of(protocol(roles, old), protocol(roles, new))))
    assert len(nodes) <= 64
    assert bool(nodes) == (pairs == 3)


def test_the_drawing_names_every_node() -> None:
    nodes = lattice(mixtures(versions_of(*OTA, {"D": 2})))
    picture = draw_lattice(nodes, "all", standalone=True)
    assert picture.startswith("<svg")
    assert all(node.words in picture for node in nodes)
    assert picture.count('culprit"') == 2
