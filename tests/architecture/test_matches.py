"""A match on a closed union or an enumeration names its members, so that a new one is an error.

mypy reports every match that leaves a member out (`exhaustive-match` in pyproject.toml), and
`case _` would hide that.
"""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import tellverify

PACKAGE = Path(tellverify.__file__).parent
ROOT = Path(__file__).parents[2]
MODULES = sorted(PACKAGE.rglob("*.py"))
BUILTIN = {"bool", "dict", "float", "frozenset", "int", "list", "str", "tuple"}
# Modules that match on values of any type: what the actions of the parser have made.
OPEN = {
    "language/syntax/assemble.py",
    "language/syntax/recovery/automaton.py",
    "language/syntax/telltale_reading.py",
}


def test_no_case_takes_whatever_is_left() -> None:
    wild = [
        f"{name}:{match.cases[-1].pattern.lineno}"
        for path in MODULES
        if (name := path.relative_to(PACKAGE).as_posix()) not in OPEN
        for match in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(match, ast.Match)
        if any(names_members(case.pattern) for case in match.cases)
        if takes_whatever_is_left(match.cases[-1])
    ]
    assert not wild


def names_members(pattern: ast.pattern) -> bool:
    """Whether a case names a class of the package or a member of an enumeration."""
    match pattern:
        case ast.MatchOr(patterns=patterns):
            return any(map(names_members, patterns))
        case ast.MatchClass(cls=ast.Name(id=name)):
            return name not in BUILTIN
        case ast.MatchAs(pattern=ast.pattern() as inner):
            return names_members(inner)
        case _:
            return isinstance(pattern, ast.MatchClass) or (
                isinstance(pattern, ast.MatchValue) and isinstance(pattern.value, ast.Attribute)
            )


def takes_whatever_is_left(case: ast.match_case) -> bool:
    """Whether a case is `case _`, unless all that it does is to say that nothing is left."""
    pattern = case.pattern
    any_value = isinstance(pattern, ast.MatchAs) and pattern.pattern is None
    return any_value and not ast.unparse(case.body[0]).startswith("assert_never(")


def test_the_type_checker_reports_a_match_that_leaves_a_member_out() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert "exhaustive-match" in tomllib.loads(text)["tool"]["mypy"]["enable_error_code"]
