"""TV266: a range of a family that leaves out exactly its last member."""

from __future__ import annotations

import pytest

from tellverify.language.checks.wellformed import check_structure
from tellverify.language.syntax.parser import parse
from tellverify.source.text import SourceFile


def short(body: str, roles: str = "C, D[4]") -> list[str]:
    source = SourceFile("p.tell", f"protocol P =\n  roles {roles}\n{body}")
    parsed = parse(source)
    assert not parsed.diagnostics
    return [
        source.slice(one.primary.span)
        for one in check_structure(parsed.file, source)
        if one.code.number == "TV266"
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("  C -> D[0..3] : Go\n", ["D[0..3]"]),
        ("  C -> D[*] : Go\n  D[0..3] -> C : Done\n", ["D[0..3]"]),
        ("  C -> D[0] : Lead\n  C -> D[1..3] : Follow\n", ["D[1..3]"]),
        ("  C -> D[0..2] : A\n  C -> D[2..3] : B\n", ["D[2..3]"]),
        ("  loop repeat 2\n    C -> D[0..3] : X\n  C -> D[*] : Y\n", ["D[0..3]"]),
        ("  call L\nwhere\n  protocol L =\n    C -> D[0..3] : Go\n", ["D[0..3]"]),
        # all members
        ("  C -> D[0..4] : Go\n", []),
        # the last one is named by itself or by another range
        ("  C -> D[0..3] : Go\n  C -> D[3] : Stay\n", []),
        ("  C -> D[0..3] : Go\n  C -> D[2..4] : Stay\n", []),
        # more than the last one is left out
        ("  C -> D[0..2] : Go\n", []),
        ("  C -> D[1..3] : Go\n", []),
    ],
)
def test_only_the_last_member_is_missed(body: str, expected: list[str]) -> None:
    assert short(body) == expected


@pytest.mark.parametrize("roles", ["C, D[N]", "C, D[5]", "C, D[3]"])
def test_other_families_are_left_alone(roles: str) -> None:
    assert short("  C -> D[0..3] : Go\n", roles) == []


def test_families_are_told_apart() -> None:
    assert short("  C -> E[0..3] : Go\n  C -> D[3] : Go\n", "C, D[4], E[4]") == ["E[0..3]"]
