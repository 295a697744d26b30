"""The picture of all mixtures."""

from __future__ import annotations

import re

import pytest
from version_texts import OTA, VECTORS, protocol, versions_of

from tellverify.report.drawing.svg_lattice import draw_lattice
from tellverify.versions.lattice import MixturePicture, lattice
from tellverify.versions.mixtures import Mixtures
from tellverify.versions.role_versions import RoleVersions
from tellverify.versions.rollout import rollout


def mixtures(roles: RoleVersions) -> Mixtures:
    return Mixtures(roles, largest_bound=8, budget=50_000)


def picture(roles: RoleVersions) -> MixturePicture:
    found = mixtures(roles)
    return lattice(found, rollout(found.changed, found.cubes))


def test_members_of_a_family_are_counted() -> None:
    nodes = picture(versions_of(*OTA, {"D": 3})).nodes
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
    nodes = picture(versions_of(*VECTORS["V9"])).nodes
    assert len(nodes) == 8
    for node in nodes:
        assert all(nodes[target].level == node.level + 1 for target in node.after)
    assert nodes[0].words == "all old"
    assert not any(node.is_kept for node in nodes)  # no order is safe


def test_equal_versions_have_no_picture() -> None:
    assert picture(versions_of(*VECTORS["V1"])).nodes == ()


@pytest.mark.parametrize(
    ("pairs", "kind", "boxes"), [(3, "mixtures", 64), (7, "groups", 28), (17, "order", 0)]
)
def test_a_picture_has_at_most_64_nodes(pairs: int, kind: str, boxes: int) -> None:
    """Independent pairs, each with roles that are not of a family."""
    names = [f"{letter}{n}" for n in range(pairs) for letter in "AB"]
    old = ";".join(f"A{n} -> B{n} : X" for n in range(pairs))
    new = ";".join(f"A{n} -> B{n} : Y" for n in range(pairs))
    roles = ", ".join(names)
    found = picture(versions_of(protocol(roles, old), protocol(roles, new)))
    assert (found.kind, len(found.nodes)) == (kind, boxes)


def test_groups_that_do_not_matter_to_each_other_are_drawn_apart() -> None:
    def versions(*labels: str) -> str:
        pairs = ";".join(f"A{n} -> B{n} : {label}" for n, label in enumerate(labels))
        return protocol("A0, B0, A1, B1, A2, B2, A3, B3", pairs)

    found = picture(versions_of(versions(*"XXXX"), versions(*"YYXY")))
    assert found.kind == "mixtures"  # of the six roles that have changed
    found = picture(versions_of(versions(*"XXXX"), versions(*"YYYY")))
    assert found.kind == "groups"
    assert [(node.words, node.is_good) for node in found.nodes[:4]] == [
        ("A0, B0 old", True),
        ("B0", False),
        ("A0", False),
        ("A0, B0", True),
    ]
    assert [node.after for node in found.nodes[4:8]] == [(6, 5), (7,), (7,), ()]
    drawn = draw_lattice(found.nodes, "all", standalone=True)
    places = {float(x) for x in re.findall(r'<text x="([0-9.]+)"', drawn)}
    assert len(places) == 4 * 3  # in each part a middle, a left and a right


def test_an_order_is_drawn_where_there_are_too_many_mixtures() -> None:
    """Seven clients that may ask for more, one after the other, and their server."""

    def version(*names: str) -> str:
        asked = [
            f"choice C{n} at;" + ";".join(f"  | {x} =>;      C{n} -> S : {x}{n}" for x in names)
            for n in range(7)
        ]
        return protocol("S, C0, C1, C2, C3, C4, C5, C6", ";".join(asked))

    found = picture(versions_of(version("Get"), version("Get", "Put")))
    assert found.kind == "order"
    assert [node.words for node in found.nodes] == ["S", *(f"C{n}" for n in range(7))]
    assert found.nodes[0].after == tuple(range(1, 8))
    assert {node.level for node in found.nodes[1:]} == {1}


def test_the_drawing_names_every_node() -> None:
    nodes = picture(versions_of(*OTA, {"D": 2})).nodes
    drawn = draw_lattice(nodes, "all", standalone=True)
    assert drawn.startswith("<svg")
    assert all(node.words in drawn for node in nodes)
    assert drawn.count('culprit"') == 2
