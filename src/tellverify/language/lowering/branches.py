"""The branches of a protocol: where each begins in the text, and by which messages in the graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from tellverify.language.checks.walk import DONE, child_blocks, leading_send, preorder, role_text
from tellverify.language.syntax import ast
from tellverify.model.graph import ProtocolGraph
from tellverify.model.roles import family_of
from tellverify.source.span import Span


class TextBranch(msgspec.Struct, frozen=True):
    """A branch as written: its decider, its name, and the messages it may begin with.

    `decider` is empty for a case on an answer of the host. `starts` are the places of labels;
    of the end of a deciding loop it is the head of the loop. `guard` is its predicate or check.
    """

    kind: Literal["choice", "case", "loop", "timeout"]
    decider: str
    label: str
    span: Span
    starts: tuple[Span, ...]
    alone: bool = False
    guard: Span | None = None


def text_branches(protocol: ast.Protocol) -> list[TextBranch]:
    """All branches of a protocol and the local protocols it calls, each once, in source order."""
    locals_of = {local.name.text: local.body for local in protocol.locals}
    found: dict[Span, TextBranch] = {}
    called: dict[str, None] = {}
    bodies = [protocol.body]
    for body in bodies:
        for statement in preorder(body):
            if isinstance(statement, ast.Call) and statement.name.text not in called:
                called[statement.name.text] = None
                bodies.append(locals_of.get(statement.name.text, ()))
            for branch in _of_statement(statement, locals_of):
                found.setdefault(branch.span, branch)
    return [found[span] for span in sorted(found)]


def _of_statement(
    statement: ast.Statement, locals_of: Mapping[str, ast.Block]
) -> Iterable[TextBranch]:
    match statement:
        case ast.Choice(decider=decider, branches=branches):
            for branch in branches:
                yield TextBranch(
                    "choice",
                    role_text(decider),
                    branch.label.text,
                    branch.label.span,
                    _starts(branch.body, locals_of),
                    len(branches) == 1,
                    None if branch.guard is None else branch.guard.span,
                )
        case ast.Case(arms=arms):
            for arm in arms:
                name = arm.constructor
                starts = _starts(arm.body, locals_of)
                yield TextBranch("case", "", name.text, name.span, starts, len(arms) == 1)
        case ast.Loop(kind=ast.Decide(decider), body=body, head=head):
            role = role_text(decider)
            send = leading_send(body)
            if send is not None:
                name = send.message.label
                yield TextBranch("loop", role, name.text, name.span, (name.span,))
            yield TextBranch("loop", role, DONE, head, (head,))
        case ast.Timeout(owner=owner, head=head):
            yield TextBranch("timeout", role_text(owner), "timeout", head, ())
        case ast.Send() | ast.Broadcast() | ast.Par() | ast.Loop() | ast.Rec() | ast.Continue():
            return
        case ast.Call() | ast.Let() | ast.OperationStatement():
            return


def _starts(body: ast.Block, locals_of: Mapping[str, ast.Block]) -> tuple[Span, ...]:
    """The labels of all messages that `body` may begin with."""
    found: dict[Span, None] = {}
    called: set[str] = set()
    work = [body]
    while work:
        for statement in work.pop():
            match statement:
                case ast.Send(message=message) | ast.Broadcast(message=message):
                    found[message.label.span] = None
                case ast.Let(body=inner) if not inner:
                    continue
                case ast.Choice() | ast.Case() | ast.Par() | ast.Loop() | ast.Rec() | ast.Let():
                    work += child_blocks(statement)
                case ast.Call(name=name):
                    if name.text in locals_of and name.text not in called:
                        called.add(name.text)
                        work.append(locals_of[name.text])
                case ast.Timeout(body=inner):
                    work.append(inner)
                case ast.Continue() | ast.OperationStatement():
                    continue
            break
    return tuple(sorted(found))


def begins(graph: ProtocolGraph, path: str, branches: Iterable[TextBranch]) -> list[list[int]]:
    """For each branch the transitions of `graph` that begin it, ascending.

    `path` is that of the file in which the branches are written. What follows the first message
    of a broadcast begins nothing.
    """
    by_place: dict[Span, list[int]] = {}
    for number, site in enumerate(graph.sites):
        if site.path == path:
            by_place.setdefault(site.span, []).append(number)
    of_site: dict[int, list[int]] = {}
    for transition, number in enumerate(graph.site):
        of_site.setdefault(number, []).append(transition)
    first = graph.first
    source = [0] * graph.event_count
    for state in range(graph.state_count):
        source[first[state] : first[state + 1]] = [state] * (first[state + 1] - first[state])
    found = []
    for branch in branches:
        here: list[int] = []
        family = family_of(branch.decider)
        for place in branch.starts:
            for number in by_place.get(place, ()):
                for transition in of_site.get(number, ()):
                    state = source[transition]
                    forks = branch.alone or first[state + 1] - first[state] > 1
                    sender = family_of(graph.roles[graph.sender[transition]])
                    if forks and family in ("", sender):
                        here.append(transition)
        found.append(sorted(set(here)))
    return found
