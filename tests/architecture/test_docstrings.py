"""Whatever other modules may call says in a sentence what it computes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import tellverify

PACKAGE = Path(tellverify.__file__).parent


def test_every_public_function_has_a_docstring() -> None:
    found = [
        (f"{path.relative_to(PACKAGE).as_posix()}:{function.lineno} {function.name}", function)
        for path in sorted(PACKAGE.rglob("*.py"))
        for function in public_functions(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert len(found) > 2_000
    assert [name for name, function in found if ast.get_docstring(function) is None] == []


def public_functions(scope: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef]:
    """The functions of a module and the methods of its classes that have public names."""
    for node in scope.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_functions(node)
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node
