"""Timers of a protocol: where a role waits no longer than it says, and the text without them.

An abandoned session ends by the timers of its roles. In every other session none of them is taken
to fire, so that the graph of the protocol is that of the bodies alone.
"""

from __future__ import annotations

import msgspec

from tellverify.language.checks.walk import child_blocks, preorder, with_blocks
from tellverify.language.syntax import ast
from tellverify.source.span import Span


class TimedPart(msgspec.Struct, frozen=True):
    """A part of a text in which `roles` need not wait: the owner of a timer, and whom it tells."""

    span: Span
    roles: tuple[str, ...]


def timed_parts(protocol: ast.Protocol) -> tuple[TimedPart, ...]:
    """The bodies of all timers, in source order.

    A role is told where the first message that concerns it in the block `on timeout` comes from
    the owner, or from a role that was told before.
    """
    found: list[TimedPart] = []
    for block in (protocol.body, *(local.body for local in protocol.locals)):
        for statement in preorder(block):
            if isinstance(statement, ast.Timeout) and statement.body:
                span = Span(statement.body[0].span.start, statement.body[-1].span.end)
                found.append(TimedPart(span, _told(statement)))
    return tuple(found)


def _told(timer: ast.Timeout) -> tuple[str, ...]:
    """The owner and those it tells, as far as they then wait for none but each other."""
    told = {timer.owner.name.text: None}
    met: set[str] = set(told)
    for statement in timer.on_timeout:
        if not isinstance(statement, ast.Send):
            break
        sender, receiver = statement.sender.name.text, statement.receiver.name.text
        if sender in told and receiver not in met:
            told[receiver] = None
        met |= {sender, receiver}
    sends = [one for one in preorder(timer.on_timeout) if isinstance(one, ast.Send)]
    while True:
        waits = {
            one.receiver.name.text
            for one in sends
            if one.receiver.name.text in told and one.sender.name.text not in told
        }
        if not waits:
            return tuple(told)
        told = {role: None for role in told if role not in waits}


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
