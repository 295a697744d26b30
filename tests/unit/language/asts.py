"""Short ways to write syntax trees by hand; spans come from a counter, so places differ."""

from __future__ import annotations

from itertools import count

from tellverify.language.syntax import ast
from tellverify.model.graph import ProtocolGraph
from tellverify.source.span import Span
from tellverify.source.text import SourceFile

_places = count(1)
TEXT = SourceFile("p.tell", "\n" * 10)


def place() -> Span:
    start = next(_places) * 10
    return Span(start, start + 5)


def name(text: str) -> ast.Name:
    return ast.Name(text, place())


def index(text: str) -> ast.Index:
    if text == "*":
        return ast.AnyIndex()
    if ".." in text:
        low, high = (int(b) if b.isdigit() else b for b in text.split(".."))
        return ast.RangeIndex(low, high)
    return ast.ConstIndex(int(text)) if text.isdigit() else ast.NameIndex(text)


def _indexed(text: str) -> tuple[str, ast.Index | None]:
    base, _, rest = text.partition("[")
    return base, index(rest[:-1]) if rest else None


def role(text: str) -> ast.RoleRef:
    base, at = _indexed(text)
    span = place()
    return ast.RoleRef(ast.Name(base, span), at, span)


def declared(text: str) -> ast.RoleDecl:
    base, size = _indexed(text)
    span = place()
    return ast.RoleDecl(ast.Name(base, span), size, span)


def send(text: str, record: ast.Record | None = None) -> ast.Send:
    """`send("A -> B : M")`"""
    sender, _, rest = text.partition("->")
    receiver, _, label = rest.partition(":")
    span = place()
    return ast.Send(
        role(sender.strip()),
        role(receiver.strip()),
        ast.Message(ast.Name(label.strip(), span), span=span),
        record,
        span,
    )


def broadcast(sender: str, label: str) -> ast.Broadcast:
    return ast.Broadcast(role(sender), ast.Message(name(label)), None, place())


Body = str | ast.Statement | list["Body"] | tuple["Body", ...]


def block(*body: Body) -> ast.Block:
    """Statements; a text is a send, lists are flattened."""
    out: list[ast.Statement] = []
    for item in body:
        if isinstance(item, str):
            out.append(send(item))
        elif isinstance(item, list | tuple):
            out.extend(block(*item))
        else:
            out.append(item)
    return tuple(out)


def choice(decider: str, **branches: Body) -> ast.Choice:
    return choice_of(decider, *branches.items())


def choice_of(decider: str, *branches: tuple[str, Body]) -> ast.Choice:
    return ast.Choice(
        role(decider),
        tuple(ast.Branch(name(label), block(body), None, place()) for label, body in branches),
        place(),
    )


def case(**arms: Body) -> ast.Case:
    return ast.Case(
        ast.Path(("x",)),
        tuple(ast.Arm(name(label), block(body), (), place()) for label, body in arms.items()),
        place(),
    )


def par(*branches: Body) -> ast.Par:
    return ast.Par(tuple(block(body) for body in branches), place())


def rec(binder: str, *body: Body) -> ast.Rec:
    return ast.Rec(name(binder), block(*body), place())


def again(binder: str) -> ast.Continue:
    span = place()
    return ast.Continue(ast.Name(binder, span), span)


def call(callee: str) -> ast.Call:
    span = place()
    return ast.Call(ast.Name(callee, span), span)


def loop(kind: ast.LoopKind, *body: Body) -> ast.Loop:
    return ast.Loop(kind, block(*body), place(), place())


def decide(decider: str, *body: Body) -> ast.Loop:
    return loop(ast.Decide(role(decider)), *body)


def repeat(times: int | str, *body: Body) -> ast.Loop:
    return loop(ast.Repeat(times), *body)


def loop_while(*body: Body) -> ast.Loop:
    return loop(ast.While("p"), *body)


def forever(*body: Body) -> ast.Loop:
    return loop(ast.Forever(), *body)


def let(*body: Body) -> ast.Let:
    """A let, with a suite when there are statements."""
    return ast.Let(name("w"), ast.Path(("x",)), "", block(*body) if body else None, place())


def publish() -> ast.Publish:
    return ast.Publish(name("seen"), None, place())


def timeout(owner: str, body: Body, late: Body) -> ast.Timeout:
    return ast.Timeout(
        ast.DurationValue(5, "s"), role(owner), block(body), block(late), None, place(), place()
    )


def local(title: str, *body: Body) -> ast.LocalProtocol:
    return ast.LocalProtocol(name(title), block(*body), span=place())


def protocol(roles: str, *body: Body, where: tuple[ast.LocalProtocol, ...] = ()) -> ast.Protocol:
    return ast.Protocol(
        name("P"),
        block(*body),
        roles=tuple(declared(r.strip()) for r in roles.split(",")) if roles else None,
        roles_span=place(),
        locals=where,
        span=place(),
    )


def file(only: ast.Protocol, *declarations: ast.Declaration) -> ast.File:
    return ast.File(protocols=(only,), declarations=declarations)


def shape(graph: ProtocolGraph | None) -> tuple[list[str], list[int]]:
    """The edges as `0 A->B:M 1`, in order, and the final states."""
    assert graph is not None
    edges = []
    for state in range(graph.state_count):
        for row in range(graph.first[state], graph.first[state + 1]):
            event = graph.event(row)
            edges.append(
                f"{state} {event.sender}->{event.receiver}:{event.label} {graph.target[row]}"
            )
    return edges, [state for state, final in enumerate(graph.final) if final]
