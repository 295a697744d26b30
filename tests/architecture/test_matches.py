"""Matches on closed unions name their members, so that a new one breaks the type check."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import tellverify

PACKAGE = Path(tellverify.__file__).parent
MODULES = sorted(
    path for package in ("obligations", "verdict") for path in (PACKAGE / package).rglob("*.py")
)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_case_takes_whatever_is_left(path: Path) -> None:
    wild = [
        case.pattern.lineno
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Match)
        for case in node.cases
        if any(
            isinstance(pattern, ast.MatchAs) and pattern.pattern is None and pattern.name is None
            for pattern in alternatives(case.pattern)
        )
    ]
    assert not wild


def alternatives(pattern: ast.pattern) -> list[ast.pattern]:
    """The patterns of a case, of which each is enough."""
    return pattern.patterns if isinstance(pattern, ast.MatchOr) else [pattern]
