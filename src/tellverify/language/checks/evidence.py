"""Names of evidence and operations: bound where they are used, and begun before they are ended.

Names that are published, materialised or handed over must be bound in the scope. Arguments of calls
and the names in guards may come from the host: they are looked at only when the protocol binds the
name in another scope, or binds one that is almost the same. Telltale checks none of this.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from tellverify.diagnostics import evidence as say
from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.language.checks.operations import check_begun
from tellverify.language.checks.receipt_uses import consumed, words
from tellverify.language.checks.suggest import Suggestions
from tellverify.language.checks.walk import Walk, child_blocks, drive, preorder
from tellverify.language.syntax import ast
from tellverify.source.span import Span

_LITERALS: Final = ("true", "false")


class Bound(NamedTuple):
    """What a name stands for; `sort` is receipt, value, publication or operation."""

    span: Span
    sort: str


class EvidenceCheck:
    """All findings about the names of evidence in one protocol and its local protocols."""

    def __init__(
        self, where: Where, protocol: ast.Protocol, declarations: Sequence[ast.Declaration]
    ) -> None:
        self.where = where
        self.found: list[Diagnostic] = []
        self._protocol = protocol
        self._operations = dict.fromkeys(
            each.name.text for each in declarations if isinstance(each, ast.Operation)
        )
        self._suggestions = Suggestions()
        self._scope: dict[str, Bound] = {}
        self._published: dict[str, Bound] = {}
        self._anywhere: dict[str, Span] = {}

    def check(self) -> list[Diagnostic]:
        """The findings, in no particular order."""
        bodies = (self._protocol.body, *(local.body for local in self._protocol.locals))
        self.found.extend(check_begun(self.where, bodies))
        for body in bodies:
            self._anywhere = {}
            relevant = False
            for statement in preorder(body):
                if isinstance(statement, ast.Send):
                    continue
                relevant = True
                for name in _binds(statement):
                    self._anywhere.setdefault(name.text, name.span)
            if relevant:
                self._scope, self._published = {}, {}
                drive(self._block(body, ()))
        return self.found

    def _block(self, block: ast.Block, bound: Sequence[tuple[ast.Name, str]]) -> Walk:
        saved: list[tuple[dict[str, Bound], str, Bound | None]] = []

        def bind(table: dict[str, Bound], name: ast.Name, sort: str) -> None:
            saved.append((table, name.text, table.get(name.text)))
            table[name.text] = Bound(name.span, sort)

        for name, sort in bound:
            bind(self._scope, name, sort)
        for statement in block:
            if isinstance(statement, ast.Send):
                continue
            self._statement(statement)
            for inner, names in _inside(statement):
                yield self._block(inner, names)
            if isinstance(statement, ast.PublishAs):
                bind(self._published, statement.publication, "publication")
            for name, sort in _bound_behind(statement):
                bind(self._scope, name, sort)
        for table, text, before in reversed(saved):
            if before is None:
                table.pop(text, None)
            else:
                table[text] = before

    def _guards(self, branches: Sequence[ast.Branch]) -> None:
        for branch in branches:
            match branch.guard:
                case ast.WhenPredicate(text, span):
                    for word, offset in words(text):
                        place = Span(span.start + offset, span.start + offset + len(word))
                        self._perhaps(word, "the guard's name", place)
                case ast.WhenCheck(call):
                    for mention in consumed(ast.Begin(call.operation, call.arguments), ""):
                        self._perhaps(mention.name, "the argument", mention.span)
                case None:
                    pass

    def _statement(self, statement: ast.Statement) -> None:
        """The names that `statement` itself uses."""
        match statement:
            case ast.Choice(branches=branches):
                self._guards(branches)
            case ast.Begin(name):
                self._begun(name)
            case ast.Publish(argument=argument) if argument is not None:
                self._bound(argument.parts[0], "the published", _first(argument))
            case ast.PublishAs(witness):
                self._bound(witness.text, "the witness", witness.span)
            case ast.Materialize(_, publication):
                self._materialized(publication)
            case ast.Handoff(receipt=receipt):
                self._handed_off(receipt)
            case ast.Send() | ast.Broadcast() | ast.Par() | ast.Loop() | ast.Rec() | ast.Continue():
                pass
            case ast.Call() | ast.Let() | ast.Case() | ast.Timeout() | ast.Await() | ast.Resolve():
                pass
            case ast.Invalidate() | ast.Publish() | ast.DependentWork():
                pass
        if not isinstance(statement, ast.Handoff | ast.Broadcast):
            for mention in consumed(statement, ""):
                self._perhaps(mention.name, "the argument", mention.span)

    def _begun(self, name: ast.Name) -> None:
        if name.text not in self._operations:
            nearest = self._suggestions.nearest(name.text, self._operations)
            self.found.append(say.undeclared_begin(self.where, name.text, name.span, nearest))

    def _handed_off(self, receipt: ast.Name) -> None:
        found = self._bound(receipt.text, "the receipt", receipt.span)
        if found is not None and found.sort != "receipt":
            self.found.append(
                say.handoff_receipt(self.where, receipt.text, receipt.span, found.span)
            )

    def _materialized(self, name: ast.Name) -> None:
        if name.text not in self._published:
            nearest = self._suggestions.nearest(name.text, self._published)
            self.found.append(
                say.unbound_name(self.where, name.text, "the publication", name.span, None, nearest)
            )

    def _bound(self, name: str, what: str, span: Span) -> Bound | None:
        found = self._scope.get(name)
        if found is None:
            elsewhere = self._anywhere.get(name)
            nearest = "" if elsewhere else self._suggestions.nearest(name, self._scope)
            self.found.append(say.unbound_name(self.where, name, what, span, elsewhere, nearest))
        return found

    def _perhaps(self, name: str, what: str, span: Span) -> None:
        """A name that may come from the host, unless it is most likely a slip."""
        if name in self._scope or name in _LITERALS:
            return
        elsewhere = self._anywhere.get(name)
        nearest = "" if elsewhere else self._suggestions.nearest(name, self._scope)
        if elsewhere is not None or nearest:
            self.found.append(say.unbound_name(self.where, name, what, span, elsewhere, nearest))


def _bound_behind(statement: ast.Statement) -> Iterator[tuple[ast.Name, str]]:
    """The names that a statement binds for those behind it, and what they mean."""
    match statement:
        case ast.Let(name, value, body=None):
            yield name, _sort_of(value)
        case ast.Materialize(proof):
            yield proof, "value"
        case ast.Send() | ast.Broadcast() | ast.Choice() | ast.Par() | ast.Loop() | ast.Rec():
            pass
        case ast.Continue() | ast.Call() | ast.Let() | ast.Case() | ast.Timeout() | ast.Begin():
            pass
        case ast.Await() | ast.Resolve() | ast.Invalidate() | ast.Publish() | ast.PublishAs():
            pass
        case ast.Handoff() | ast.DependentWork():
            pass


def _inside(
    statement: ast.Statement,
) -> Iterator[tuple[ast.Block, Sequence[tuple[ast.Name, str]]]]:
    """The blocks inside a statement, with the names bound in them and their meaning."""
    match statement:
        case ast.Choice(branches=branches):
            for branch in branches:
                guard = branch.guard
                witness = [guard.witness] if isinstance(guard, ast.WhenCheck) else []
                yield branch.body, [(name, "value") for name in witness]
        case ast.Case(arms=arms):
            for arm in arms:
                yield arm.body, [(name, "value") for name in arm.binders]
        case ast.Let(name, value, body=body) if body is not None:
            yield body, [(name, _sort_of(value))]
        case (
            ast.Send()
            | ast.Broadcast()
            | ast.Par()
            | ast.Loop()
            | ast.Rec()
            | ast.Continue()
            | ast.Call()
            | ast.Let()
            | ast.Timeout()
            | ast.OperationStatement()
        ):
            for inner in child_blocks(statement):
                yield inner, ()


def _sort_of(value: ast.Expression) -> str:
    return "receipt" if isinstance(value, ast.Transfer) else "value"


def _first(path: ast.Path) -> Span:
    """The first part of a path."""
    return Span(path.span.start, path.span.start + len(path.parts[0]))


def _binds(statement: ast.Statement) -> Iterator[ast.Name]:
    """The names that a statement binds, for itself or for blocks inside it."""
    for name, _ in _bound_behind(statement):
        yield name
    for _, names in _inside(statement):
        for name, _ in names:
            yield name
