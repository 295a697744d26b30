"""Suites of timeouts that begin on a separate line and are not indented.

The grammar takes the next statement for such a suite, at whatever column it stands: one statement,
and the lines below it follow the timeout.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.diagnostics.timeouts import unindented_suite
from tellverify.language.checks.walk import head_place, preorder
from tellverify.language.syntax import ast
from tellverify.source.text import SourceFile

# A clause that ends its line, with comments and empty lines behind it.
_CLAUSE: Final = re.compile(r"on\s+(timeout|cancel)\s*=>(?=\s*(--[^\n]*)?\n)(\s|--[^\n]*\n)*\Z")
_LONGEST: Final = 2_000  # characters between a clause and its suite that are looked at


def check_suites(where: Where, protocol: ast.Protocol, source: SourceFile) -> Iterator[Diagnostic]:
    """The findings on all timeouts of a protocol and its local protocols."""
    if "timeout" not in source.text:
        return
    for body in (protocol.body, *(local.body for local in protocol.locals)):
        for statement in preorder(body):
            if isinstance(statement, ast.Timeout):
                yield from _unindented(where, statement, source)


def _unindented(where: Where, statement: ast.Timeout, source: SourceFile) -> Iterator[Diagnostic]:
    column = source.position(statement.head.start)[1]
    for block in (statement.on_timeout, statement.on_cancel):
        if not block:
            continue
        place = head_place(block[0])
        text = source.text[max(place.start - _LONGEST, statement.head.start) : place.start]
        clause = _CLAUSE.search(text)
        if clause is not None and source.position(place.start)[1] <= column:
            yield unindented_suite(where, f"on {clause[1]}", place, statement.head)
