"""Names in the package: a class name exists once, a module name at most twice."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from pathlib import Path

import tellverify

PACKAGE = Path(tellverify.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))


def test_every_class_name_exists_once() -> None:
    """Nested and private classes too, so that a name in a message or a search has one meaning."""
    found = defaultdict(list)
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(path.relative_to(PACKAGE).as_posix())
    assert len(found) > 500
    assert {name: where for name, where in found.items() if len(where) > 1} == {}


def test_every_module_name_exists_at_most_twice() -> None:
    names = Counter(path.stem for path in MODULES if path.stem != "__init__")
    assert len(names) > 300
    assert {name: count for name, count in names.items() if count > 2} == {}


def test_every_test_file_has_a_name_of_its_own() -> None:
    """Without packages, pytest collects no second file of one name."""
    names = Counter(path.name for path in Path(__file__).parents[1].rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []
