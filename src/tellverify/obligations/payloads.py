"""What messages carry: values that a deciding role never saw, and payloads that are unclear."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from tellverify.diagnostics import payloads as say
from tellverify.diagnostics.model import Annotation, Diagnostic, Where
from tellverify.language.checks.walk import guarded_choices, preorder, role_text
from tellverify.language.syntax import ast
from tellverify.model.graph import Event, ProtocolGraph
from tellverify.model.predicate import Atom, inside
from tellverify.model.predicate_text import PredicateFault, read_predicate
from tellverify.model.roles import family_of
from tellverify.obligations.context import Context, Decision
from tellverify.projection.subset import bounded_machine
from tellverify.source.span import Span

_NAME: Final = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(?:$|[:=])")
_HEAD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOST_EVENTS: Final = 20_000
_MOST_STATES: Final = 5_000
_PLAIN = (
    ast.Send | ast.Broadcast | ast.Choice | ast.Par | ast.Loop | ast.Rec | ast.Continue | ast.Call
)


def find_payload_faults(context: Context) -> Decision:
    """Both kinds of findings; they refute nothing."""
    return Decision((), (*_unseen_values(context), *_unclear_payloads(context)))


class _CarriedValue(msgspec.Struct):
    """The messages that carry a name: who takes part, the first one, and where a role takes one."""

    first: Span
    roles: dict[str, None] = msgspec.field(default_factory=dict)
    senders: set[str] = msgspec.field(default_factory=set)
    receipts: dict[str, list[Span]] = msgspec.field(default_factory=dict)

    def by(self, decider: ast.RoleRef) -> list[str]:
        """The roles of these messages that are the decider, or may be."""
        one = role_text(decider)
        if not isinstance(decider.index, ast.ConstIndex | None):
            return [role for role in self.roles if family_of(role) == family_of(one)]
        every = f"{family_of(one)}[*]"
        return [role for role in (one, every) if role in self.roles]


def _unseen_values(context: Context) -> Iterator[Diagnostic]:
    """Guards over names that only messages between other roles carry, or only later ones."""
    choices = guarded_choices(context.protocol, context.source)
    if not choices:
        return
    protocol, where = context.protocol, Where(context.source.path, context.name)
    carried, again = _carried(protocol)
    for choice in choices:
        decider = role_text(choice.decider)
        for name, span in _asked(choice):
            seen = carried.get(name)
            if seen is None:
                continue
            own = seen.by(choice.decider)
            if not own:
                yield say.unseen_value(where, decider, name, span, seen.first, list(seen.roles))
            elif not protocol.locals and seen.senders.isdisjoint(own):
                receipts = [one for role in own for one in seen.receipts[role]]
                if all(_is_later(one, span, again) for one in receipts):
                    yield say.late_value(where, decider, name, span, min(receipts))


def _carried(protocol: ast.Protocol) -> tuple[dict[str, _CarriedValue], list[Span]]:
    """The names that only messages between two roles carry, and the loops and parallel branches.

    What stands in one of these may come before what stands above it.
    """
    found: dict[str, _CarriedValue] = {}
    known: set[str] = set()  # by other statements, or by everyone
    again: list[Span] = []
    for body in (protocol.body, *(local.body for local in protocol.locals)):
        for statement in preorder(body):
            if isinstance(statement, ast.Loop | ast.Rec | ast.Par):
                again.append(statement.span)
            if isinstance(statement, ast.Send):
                for name in _names(statement.message):
                    seen = found.setdefault(name, _CarriedValue(statement.message.span))
                    sender, receiver = _who(statement.sender), _who(statement.receiver)
                    seen.roles.update(dict.fromkeys((sender, receiver)))
                    seen.senders.add(sender)
                    seen.receipts.setdefault(receiver, []).append(statement.message.span)
            elif isinstance(statement, ast.Broadcast):
                known.update(_names(statement.message))
            elif not isinstance(statement, _PLAIN):
                known.update(_words(statement))
    return {name: seen for name, seen in found.items() if name not in known}, again


def _who(ref: ast.RoleRef) -> str:
    """A role or member; any of several members is all of them."""
    single = isinstance(ref.index, ast.ConstIndex | None)
    return role_text(ref) if single else f"{ref.name.text}[*]"


def _is_later(receipt: Span, asked: Span, again: Sequence[Span]) -> bool:
    """Whether a message is only taken behind a place in the text, and in no loop with it."""
    both = asked.to(receipt)
    inside = any(one.start <= both.start and both.end <= one.end for one in again)
    return receipt.start > asked.start and not inside


def _asked(choice: ast.Choice) -> Iterator[tuple[str, Span]]:
    """The first names of what the guards of a choice read, each once, with its place."""
    told: set[str] = set()
    for branch in choice.branches:
        if not isinstance(branch.guard, ast.WhenPredicate):
            continue
        predicate = read_predicate(branch.guard.text, branch.guard.span.start)
        if isinstance(predicate, PredicateFault):
            continue
        for one in inside(predicate):
            head = _HEAD.match(one.text) if isinstance(one, Atom) else None
            if head is not None and isinstance(one, Atom) and head[0] not in told:
                told.add(head[0])
                yield head[0], one.span


def _names(message: ast.Message) -> Iterator[str]:
    """The names in the payload of a message: `amount`, `amount : Int`."""
    for part in message.payload.split(","):
        found = _NAME.match(part)
        if found is not None:
            yield found[1]


def _words(statement: ast.Statement) -> Iterator[str]:
    stack: list[object] = [statement]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            yield node
        elif isinstance(node, tuple | list):
            stack.extend(node)
        elif isinstance(node, msgspec.Struct):
            stack.extend(getattr(node, field) for field in node.__struct_fields__)


def _unclear_payloads(context: Context) -> Iterator[Diagnostic]:
    """Receptions at one state of a role's machine that differ in the payload type alone."""
    where = Where(context.source.path, context.name)
    told: set[tuple[str, str]] = set()
    for instance in context.instances:
        graph = instance.lowered.graph
        if graph is None or graph.event_count > _MOST_EVENTS:
            continue
        kinds = [_type_of(site.payload) for site in graph.sites]
        for receiver in _suspects(graph, kinds):
            for event, first, second in _mixed(graph, kinds, receiver):
                sites = graph.sites[first], graph.sites[second]
                pair = (kinds[first], kinds[second])
                if (mark := (str(sites[0].span), str(sites[1].span))) in told:
                    continue
                told.add(mark)
                left, right = (
                    Annotation(site.span, f"`{kind}`", site.path)
                    for site, kind in zip(sites, pair, strict=True)
                )
                yield say.unclear_payload(where, str(event), event.receiver, left, right, pair)


def _type_of(payload: str) -> str:
    """The type that `of` gives; other payloads are opaque."""
    return payload.partition(" (")[0].partition(" {")[0] if payload.startswith("of ") else ""


def _suspects(graph: ProtocolGraph, kinds: list[str]) -> list[int]:
    """The receivers of some message that has two payload types in the text."""
    types: dict[tuple[int, int, int], set[str]] = {}
    for e in range(graph.event_count):
        key = (graph.sender[e], graph.receiver[e], graph.label[e])
        if kinds[graph.site[e]]:
            types.setdefault(key, set()).add(kinds[graph.site[e]])
    return sorted({key[1] for key, found in types.items() if len(found) > 1})


def _mixed(
    graph: ProtocolGraph, kinds: list[str], receiver: int
) -> Iterator[tuple[Event, int, int]]:
    """Pairs of sites of one message that the receiver may expect at one state.

    The machine is that of the protocol in which the payload type is a part of the label.
    """
    labels = dict.fromkeys((graph.label[e], kinds[graph.site[e]]) for e in range(graph.event_count))
    number = {pair: index for index, pair in enumerate(labels)}
    typed = msgspec.structs.replace(
        graph,
        labels=tuple(str(index) for index in number.values()),
        label=[number[graph.label[e], kinds[graph.site[e]]] for e in range(graph.event_count)],
    )
    pairs = list(number)
    machine = bounded_machine(typed, graph.roles[receiver], _MOST_STATES)
    if machine is None:
        return
    for row, sites in zip(machine.moves, machine.sites, strict=True):
        seen: dict[tuple[str, int], int] = {}
        for (action, _), site in zip(row, sites, strict=True):
            label, kind = pairs[int(action.label)]
            if action.send or not kind:
                continue
            first = seen.setdefault((action.peer, label), site)
            if kinds[first] != kind:
                name = Event(action.peer, graph.roles[receiver], graph.labels[label])
                yield name, first, site
