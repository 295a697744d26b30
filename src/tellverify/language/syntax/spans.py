"""Trees without their places, for comparing the content of two texts. Never recursive."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from tellverify.language.syntax import ast
from tellverify.source.span import NOWHERE, Span


def _file(found: object) -> ast.File:
    if not isinstance(found, ast.File):
        raise TypeError("a file stays a file")
    return found


def _rebuilt(tree: object, place: Callable[[Span], Span]) -> object:
    """A copy of `tree` with other places, built bottom up on an explicit stack."""
    done: list[object] = []
    todo: list[tuple[object, int]] = [(tree, -1)]
    while todo:
        node, count = todo.pop()
        if count >= 0:
            parts = done[len(done) - count :]
            del done[len(done) - count :]
            done.append(type(node)(*parts) if isinstance(node, msgspec.Struct) else tuple(parts))
        elif isinstance(node, Span):
            done.append(place(node))
        elif isinstance(node, msgspec.Struct | tuple):
            children = _children(node)
            todo.append((node, len(children)))
            todo.extend((child, -1) for child in reversed(children))
        else:
            done.append(node)
    return done[0]


def _children(node: msgspec.Struct | tuple[object, ...]) -> tuple[object, ...]:
    return node if isinstance(node, tuple) else msgspec.structs.astuple(node)


def same_tree(
    one: ast.File, other: ast.File, *, indented: bool = False, annotated: bool = True
) -> bool:
    """Whether two files have equal trees, whatever their spans and comments are.

    With `indented` the lines of texts such as record types may begin at other columns. Without
    `annotated` the records of senders do not count.
    """
    todo: list[tuple[object, object]] = [
        (getattr(one, field), getattr(other, field))
        for field in one.__struct_fields__
        if field != "comments"
    ]
    while todo:
        left, right = todo.pop()
        if isinstance(left, Span):
            continue
        if not annotated and (isinstance(left, ast.Record) or isinstance(right, ast.Record)):
            continue
        if type(left) is not type(right):
            return False
        if isinstance(left, msgspec.Struct | tuple):
            mine, theirs = _children(left), _children(right)  # type: ignore[arg-type]
            if len(mine) != len(theirs):
                return False
            todo.extend(zip(mine, theirs, strict=True))
        elif left != right and not (indented and _same_lines(left, right)):
            return False
    return True


def _same_lines(left: object, right: object) -> bool:
    """Whether two texts differ at most in the blanks that their lines begin with, and in CR LF."""
    return (
        isinstance(left, str)
        and isinstance(right, str)
        and [line.lstrip(" \t").removesuffix("\r") for line in left.split("\n")]
        == [line.lstrip(" \t").removesuffix("\r") for line in right.split("\n")]
    )


def placed(file: ast.File, place: Callable[[Span], Span]) -> ast.File:
    """`file` with every span replaced by what `place` makes of it, but for `NOWHERE`."""
    return _file(_rebuilt(file, lambda span: span if span == NOWHERE else place(span)))
