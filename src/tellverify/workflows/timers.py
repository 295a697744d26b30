"""Timers of a protocol: where one may fire, and the text without them.

A search of several sessions knows no timers. What it finds counts where none of them can fire.
"""

from __future__ import annotations

import msgspec

from tellverify.language.checks.walk import child_blocks, preorder, with_blocks
from tellverify.language.syntax import ast
from tellverify.source.span import Span


class TimedPart(msgspec.Struct, frozen=True):
    """The body of a timer of the role `owner`."""

    span: Span
    owner: str


def timed_parts(protocol: ast.Protocol) -> tuple[TimedPart, ...]:
    """The bodies of all timers, in source order."""
    found: list[TimedPart] = []
    for block in (protocol.body, *(local.body for local in protocol.locals)):
        for statement in preorder(block):
            if isinstance(statement, ast.Timeout):
                body = statement.body
                span = Span(body[0].span.start, body[-1].span.end) if body else statement.span
                found.append(TimedPart(span, statement.owner.name.text))
    return tuple(found)


def without_timers(protocol: ast.Protocol) -> ast.Protocol:
    """The protocol in which no timer fires: every timer is replaced by its body."""
    locals_ = tuple(
        msgspec.structs.replace(local, body=_plain(local.body)) for local in protocol.locals
    )
    return msgspec.structs.replace(protocol, body=_plain(protocol.body), locals=locals_)


def _plain(block: ast.Block) -> ast.Block:
    found: list[ast.Statement] = []
    for statement in block:
        if isinstance(statement, ast.Timeout):
            found.extend(_plain(statement.body))
        elif child_blocks(statement):
            inner = [_plain(one) for one in child_blocks(statement)]
            found.append(with_blocks(statement, inner))
        else:
            found.append(statement)
    return tuple(found)
