"""Findings at sizes with idle members are those that deciding these sizes gives."""

from __future__ import annotations

from family_texts import FamilyText
from random_families import random_family_text

from tellverify.obligations.idle_members import with_idle_members
from tellverify.obligations.options import Options
from tellverify.obligations.table import decide_instance

NAMED = """protocol P =
  roles A, D[N]
  choice A at
    | Yes =>
      A -> D[0..2] : Yes
      D[0..2] -> A : Kept
    | No =>
      A -> D[0..2] : No
"""


def test_idle_members_change_nothing_but_the_roles() -> None:
    taken = refused = 0
    for text in [NAMED, *map(random_family_text, range(80))]:
        given = FamilyText(text)
        for point in ((2,) * len(given.symbols()), (3,) * len(given.symbols())):
            sizes = {f: n for s, n in zip(given.symbols(), point, strict=True) for f in s.families}
            smaller = given.lowered_at(sizes)
            larger = given.lowered_at({family: n + 1 for family, n in sizes.items()})
            if smaller.graph is None or larger.graph is None:
                continue
            findings = decide_instance(smaller, Options())
            found = with_idle_members(findings, smaller.graph, larger.graph)
            refused += found is None
            if found is not None:
                assert found == decide_instance(larger, Options()), text
                taken += 1
    assert taken > 5 and refused > 20


def test_members_that_take_part_or_faults_are_decided() -> None:
    for text in (NAMED.replace("D[0..2]", "D[*]"), NAMED.replace("Yes\n", "Go\n", 1)):
        given = FamilyText(text.replace("A -> D[0..2] : No", "A -> D[0] : No"))
        smaller, larger = given.lowered_at({"D": 2}), given.lowered_at({"D": 3})
        assert smaller.graph is not None and larger.graph is not None
        findings = decide_instance(smaller, Options())
        assert with_idle_members(findings, smaller.graph, larger.graph) is None
