"""Effects: whether their declarations are consistent, and how a protocol uses them.

Calls in the arguments of other calls are not looked at by Telltale; here their effect and
operation must exist, too. The bodies of operations are opaque, as they are for Telltale.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tellverify.diagnostics import declarations as say_declaration
from tellverify.diagnostics import effects as say
from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.language.checks.suggest import Suggestions
from tellverify.language.checks.walk import preorder
from tellverify.language.syntax import ast
from tellverify.source.span import Span

METADATA: Final[dict[str, tuple[str, ...]]] = {
    "class": ("authoritative", "observational", "best_effort"),
    "progress": ("immediate", "may_block"),
    "region": ("session", "fragment", "global"),
    "agreement_use": ("required", "none", "forbidden"),
    "reentrancy": ("allow", "reject_same_operation", "reject_same_fragment"),
}


def check_effects(path: str, declarations: Sequence[ast.Declaration]) -> Iterator[Diagnostic]:
    """The declarations of effects by themselves."""
    where = Where(path)
    effects: dict[str, Span] = {}
    for declaration in declarations:
        if not isinstance(declaration, ast.Effect):
            continue
        name = declaration.name
        if name.text in effects:
            yield say.duplicate_effect(where, name.text, effects[name.text], name.span)
        effects.setdefault(name.text, name.span)
        operations: dict[str, Span] = {}
        for operation in declaration.operations:
            own = operation.name
            if own.text in operations:
                first = operations[own.text]
                yield say.duplicate_operation(where, name.text, own.text, first, own.span)
            operations.setdefault(own.text, own.span)
            yield from _metadata(where, operation)


def _metadata(where: Where, operation: ast.EffectOperation) -> Iterator[Diagnostic]:
    name = operation.name
    fields: dict[str, tuple[ast.Name, ast.Name]] = {}
    for key, value in operation.metadata:
        if key.text in fields:
            first = fields[key.text][0].span
            yield say_declaration.repeated_field(where, key.text, name.text, first, key.span)
        fields[key.text] = (key, value)
    missing = [key for key in METADATA if key not in fields]
    if missing:
        yield say.missing_metadata(where, name.text, missing, name.span)
    for key_text, (_, value) in fields.items():
        allowed = METADATA.get(key_text, ())
        if value.text not in allowed:
            yield say.metadata_value(where, name.text, key_text, value.text, value.span, allowed)
    yield from _conflicts(where, operation, fields)


def _conflicts(
    where: Where,
    operation: ast.EffectOperation,
    fields: dict[str, tuple[ast.Name, ast.Name]],
) -> Iterator[Diagnostic]:
    """Values that the metadata of authoritative and observing operations must not have."""
    kind = operation.kind
    wanted = {"authoritative": "authoritative", "observe": "observational"}.get(kind)
    if wanted is None:
        return
    place = (Span(operation.span.start, operation.span.start + len(kind)), kind)

    def conflict(key: str, value: ast.Name, advice: str) -> Diagnostic:
        entry = (value.span, f"{key} : {value.text}")
        return say.metadata_conflict(where, operation.name.text, place, entry, advice)

    for key, (_, value) in fields.items():
        known = value.text in METADATA.get(key, ())
        if key == "class" and known and value.text != wanted:
            yield conflict(key, value, f"write `class : {wanted}`")
        elif key == "progress" and kind == "authoritative" and value.text == "immediate":
            yield conflict(key, value, "write `progress : may_block`: authority is asked for")
        elif key == "agreement_use" and kind == "observe" and value.text == "required":
            yield conflict(
                key, value, "write `agreement_use : none`: an observation needs no agreement"
            )


class EffectUse:
    """How one protocol and its local protocols use effects."""

    def __init__(
        self, where: Where, protocol: ast.Protocol, declarations: Sequence[ast.Declaration]
    ) -> None:
        self.where = where
        self.found: list[Diagnostic] = []
        self._protocol = protocol
        self._used = {name.text for name in protocol.uses}
        self._effects: dict[str, ast.Effect] = {}
        self._operations: dict[str, dict[str, ast.EffectOperation]] = {}
        self._unused: dict[str, list[tuple[Span, bool]]] = {}
        self._unknown: set[str] = set()
        self._suggestions = Suggestions()
        for each in declarations:
            if isinstance(each, ast.Effect) and each.name.text not in self._effects:
                self._effects[each.name.text] = each
                operations = {one.name.text: one for one in reversed(each.operations)}
                self._operations[each.name.text] = operations

    def check(self) -> list[Diagnostic]:
        """The findings, in no particular order."""
        for body in (self._protocol.body, *(local.body for local in self._protocol.locals)):
            for statement in preorder(body):
                if not isinstance(statement, ast.Send):
                    self._statement(statement)
        for effect, places in self._unused.items():
            upstream = "rejects" if any(asked for _, asked in places) else "accepts"
            self.found.append(
                say.effect_not_used(
                    self.where,
                    effect,
                    places[0][0],
                    self._effects[effect].name.span,
                    self._protocol.name.span,
                    len(places) - 1,
                    upstream,
                )
            )
        return self.found

    def _statement(self, statement: ast.Statement) -> None:
        match statement:
            case ast.Let():
                self._expression(statement.value)
                self._mode(statement)
            case ast.Case(scrutinee):
                self._expression(scrutinee)
            case ast.Choice(branches=branches):
                for branch in branches:
                    if isinstance(branch.guard, ast.WhenCheck):
                        self._check(branch.guard.call)
            case ast.Begin(arguments=arguments):
                self._nested(arguments)
            case ast.Send() | ast.Broadcast() | ast.Par() | ast.Loop() | ast.Rec() | ast.Continue():
                pass
            case ast.Call() | ast.Timeout() | ast.Await() | ast.Resolve() | ast.Invalidate():
                pass
            case ast.Publish() | ast.PublishAs() | ast.Materialize() | ast.Handoff():
                pass
            case ast.DependentWork():
                pass

    def _expression(self, value: ast.Expression) -> None:
        match value:
            case ast.Check(call):
                self._check(call)
            case ast.Observe(call):
                operation = self._operation(call)
                if operation is not None and operation.kind != "observe":
                    self.found.append(
                        say.observation_of_other(
                            self.where,
                            operation.name.text,
                            operation.kind,
                            call.operation.span,
                            operation.name.span,
                        )
                    )
                self._nested(call.arguments)
            case ast.Apply(arguments=arguments):
                self._nested(arguments)
            case ast.Transfer() | ast.Construct() | ast.Path():
                pass

    def _check(self, call: ast.EffectCall) -> None:
        operation = self._operation(call)
        if operation is not None and operation.kind == "observe":
            self.found.append(
                say.check_of_observation(
                    self.where, operation.name.text, call.operation.span, operation.name.span
                )
            )
        self._nested(call.arguments)

    def _nested(self, arguments: Sequence[ast.Atom]) -> None:
        pending = [each for each in arguments if isinstance(each, ast.EffectCall)]
        while pending:
            call = pending.pop()
            self._operation(call, False)
            pending.extend(each for each in call.arguments if isinstance(each, ast.EffectCall))

    def _operation(self, call: ast.EffectCall, asked: bool = True) -> ast.EffectOperation | None:
        """The operation that is called. `asked` is False where Telltale does not look."""
        effect, name = call.effect, call.operation
        upstream = "rejects" if asked else "accepts"
        declared = self._effects.get(effect.text)
        if declared is None:
            # An undeclared effect in the header is a separate finding.
            if effect.text not in self._used and effect.text not in self._unknown:
                self._unknown.add(effect.text)
                nearest = self._suggestions.nearest(effect.text, list(self._effects))
                self.found.append(
                    say.undeclared_operation(
                        self.where, effect.text, name.text, effect.span, None, nearest, upstream
                    )
                )
            return None
        if effect.text not in self._used:
            self._unused.setdefault(effect.text, []).append((effect.span, asked))
        operation = self._operations[effect.text].get(name.text)
        if operation is None:
            nearest = self._suggestions.nearest(name.text, list(self._operations[effect.text]))
            place = declared.name.span
            self.found.append(
                say.undeclared_operation(
                    self.where, effect.text, name.text, name.span, place, nearest, upstream
                )
            )
        return operation

    def _mode(self, let: ast.Let) -> None:
        """Whether the word before `let` fits the bound expression."""
        name, value, start = let.name.text, let.value, let.span.start
        mode = Span(start, start + len(let.mode or "let"))
        match let.mode, value:
            case "authoritative", ast.Check(call):
                operation = self._declared(call)
                if operation is not None and operation.kind == "command":
                    self.found.append(
                        say.not_authoritative(
                            self.where,
                            name,
                            operation.name.text,
                            operation.kind,
                            call.operation.span,
                            operation.name.span,
                        )
                    )
            case "authoritative", _:
                self.found.append(say.not_a_check(self.where, name, value.span, mode))
            case "observe", ast.Observe():
                pass
            case "observe", _:
                self.found.append(say.not_an_observation(self.where, name, value.span, mode))
            case _, ast.Check(call):
                operation = self._declared(call)
                if operation is not None and operation.kind == "authoritative":
                    self.found.append(
                        say.plain_authoritative(
                            self.where, name, operation.name.text, mode, operation.name.span
                        )
                    )
            case _, ast.Observe(call):
                operation = self._declared(call)
                if operation is None or operation.kind == "observe":
                    self.found.append(
                        say.plain_observation(self.where, name, call.operation.text, mode)
                    )
            case _:
                pass

    def _declared(self, call: ast.EffectCall) -> ast.EffectOperation | None:
        return self._operations.get(call.effect.text, {}).get(call.operation.text)
