"""Small changes to a program, one at a time: what a test suite should notice.

A mutant is one change at one place of a module, made on the syntax tree and written back in place
of the source of that node. The kinds are those by which tests are judged elsewhere (DeMillo, Lipton
and Sayward, "Hints on Test Data Selection", Computer 11(4), 1978): a condition that is never or
always true, an operand or a statement dropped, `and` for `or`, `any` for `all`, `<` for `<=`, a
number off by one, a loop cut short.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

_COMPARED: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_LITERALS: Final = (ast.Constant, ast.JoinedStr, ast.List, ast.Tuple)
_EXCHANGED: Final = {"any": "all", "all": "any", "min": "max", "max": "min"}


class Mutant(NamedTuple):
    """A change to the text of a module between two offsets, in lines from 1 on and bytes from 0."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    text: str
    kind: str

    def applied(self, source: str) -> str:
        """The text of the module with the change."""
        lines = source.splitlines(keepends=True)
        first, last = lines[self.line - 1].encode(), lines[self.end_line - 1].encode()
        before, behind = first[: self.column].decode(), last[self.end_column :].decode()
        return (
            "".join(lines[: self.line - 1])
            + before
            + self.text
            + behind
            + "".join(lines[self.end_line :])
        )

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.kind}: {' '.join(self.text.split())[:90]}"


def mutants_of(path: str, source: str) -> list[Mutant]:
    """All mutants of a module in the order of the text; messages and annotations stay."""
    found = []
    for node in _walked(ast.parse(source)):
        for text, kind in _changes(node):
            place = (node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0)
            found.append(Mutant(path, *place, text, kind))
    return sorted(set(found))


def chosen(root: Path, modules: Sequence[str], seed: int, count: int) -> list[Mutant]:
    """`count` mutants of the modules, equal for equal seeds; long modules have more of them."""
    every = [
        mutant
        for module in modules
        for mutant in mutants_of(module, (root / module).read_text(encoding="utf-8"))
    ]
    rng = random.Random(seed)
    return rng.sample(every, min(count, len(every)))


def _walked(tree: ast.Module) -> Iterator[ast.expr | ast.stmt]:
    """The nodes whose change can be seen: no annotations, defaults of types, or messages."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            pending.extend(node.body)
            continue
        if isinstance(node, ast.AnnAssign):
            pending.extend([node.value] if node.value is not None else [])
            continue
        if isinstance(node, ast.keyword) and node.arg == "strict":
            continue  # of `zip`: a guard of what holds anyway
        if isinstance(node, ast.Raise | ast.JoinedStr | ast.Import | ast.ImportFrom):
            if isinstance(node, ast.Raise):
                yield node
            continue
        if isinstance(node, ast.expr | ast.stmt):
            yield node
        pending.extend(ast.iter_child_nodes(node))


def _changes(node: ast.expr | ast.stmt) -> Iterator[tuple[str, str]]:
    """The texts that may stand in the place of a node, each with its kind."""
    match node:
        case ast.Compare(left, [op], [right]) if type(op) in _COMPARED:
            changed = ast.Compare(left, [_COMPARED[type(op)]()], [right])
            yield f"({ast.unparse(changed)})", "comparison"
        case ast.Compare(left, [first, second], [middle, right]):
            yield f"({ast.unparse(ast.Compare(left, [first], [middle]))})", "operand dropped"
            yield f"({ast.unparse(ast.Compare(middle, [second], [right]))})", "operand dropped"
        case ast.BoolOp(op, values):
            other = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield f"({ast.unparse(ast.BoolOp(other, values))})", "and for or"
            for left_out in range(len(values)):
                rest = [value for place, value in enumerate(values) if place != left_out]
                kept = rest[0] if len(rest) == 1 else ast.BoolOp(op, rest)
                yield f"({ast.unparse(kept)})", "operand dropped"
        case ast.UnaryOp(ast.Not(), operand):
            yield f"({ast.unparse(operand)})", "not dropped"
        case ast.BinOp(left, ast.Add() | ast.Sub(), _) if not isinstance(left, _LITERALS):
            yield f"({ast.unparse(left)})", "operand dropped"
        case ast.Call(ast.Name(name), _, _) if name in _EXCHANGED:
            call = ast.Call(ast.Name(_EXCHANGED[name]), node.args, node.keywords)
            yield ast.unparse(call), f"{_EXCHANGED[name]} for {name}"
        case ast.Constant(bool() as value):
            yield str(not value), "truth value"
        case ast.Constant(int() as number):
            yield str(number + 1), "off by one"
        case ast.IfExp(_, body, orelse):
            yield f"({ast.unparse(body)})", "condition always true"
            yield f"({ast.unparse(orelse)})", "condition never true"
        case ast.For(target, iterable, body, orelse) if not orelse:
            yield _loop(node, target, iterable, body), "loop cut short"
        case ast.Raise():
            yield "pass", "statement dropped"
        case ast.Expr(ast.Call()):
            yield "pass", "statement dropped"
        case ast.AugAssign() | ast.Continue():
            yield "pass", "statement dropped"
        case _:
            pass


def _loop(node: ast.For, target: ast.expr, iterable: ast.expr, body: list[ast.stmt]) -> str:
    """The loop over all entries but the last."""
    short = ast.parse(f"list({ast.unparse(iterable)})[:-1]", mode="eval").body
    text = ast.unparse(ast.For(target, short, body, [], lineno=node.lineno))
    pad = " " * node.col_offset
    return text.replace("\n", f"\n{pad}")
