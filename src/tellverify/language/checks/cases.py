"""Case analysis: every constructor of the type once, and no other.

The type of the scrutinee is that of the operation it checks or observes, also through a `let` and
through the binders of a case around it. Where it is not known, the constructors of the arms
determine it: `Ok` and `Err` are a Result, `Just` and `Nothing` a Maybe, and others the declared
type that has the most of them. Constructors that no declaration knows are not judged, unless they
stand next to some that one does. Telltale looks at the four built-in names only.
"""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics import cases as say
from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.language.checks.types import Types, Union
from tellverify.language.checks.walk import Walk, child_blocks, drive, head_place
from tellverify.language.syntax import ast
from tellverify.source.span import NOWHERE, Span

_PAIRS: Final = (("Ok", "Err"), ("Just", "Nothing"))


class CaseCheck:
    """All findings about the cases of one protocol and its local protocols."""

    def __init__(self, where: Where, protocol: ast.Protocol, types: Types) -> None:
        self.where = where
        self.found: list[Diagnostic] = []
        self._protocol = protocol
        self._types = types
        self._scope: dict[str, ast.TypeExpression | None] = {}

    def check(self) -> list[Diagnostic]:
        """The findings, in the order in which the cases stand."""
        for body in (self._protocol.body, *(local.body for local in self._protocol.locals)):
            self._scope = {}
            drive(self._block(body, {}))
        return self.found

    def _block(self, block: ast.Block, bound: dict[str, ast.TypeExpression | None]) -> Walk:
        saved = [(name, self._scope.get(name)) for name in bound]
        self._scope.update(bound)
        for statement in block:
            match statement:
                case ast.Send():
                    pass
                case ast.Let(name, value, body=body):
                    answer = self._type_of(value)
                    if body is not None:
                        yield self._block(body, {name.text: answer})
                    else:
                        saved.append((name.text, self._scope.get(name.text)))
                        self._scope[name.text] = answer
                case ast.Case():
                    yield self._case(statement)
                case ast.Choice(branches=branches):
                    for branch in branches:
                        guard = branch.guard
                        witness = guard.witness.text if isinstance(guard, ast.WhenCheck) else ""
                        yield self._block(branch.body, {witness: None} if witness else {})
                case (
                    ast.Broadcast()
                    | ast.Par()
                    | ast.Loop()
                    | ast.Rec()
                    | ast.Continue()
                    | ast.Call()
                    | ast.Timeout()
                    | ast.OperationStatement()
                ):
                    for inner in child_blocks(statement):
                        yield self._block(inner, {})
        for name_text, before in reversed(saved):
            self._scope[name_text] = before

    def _type_of(self, value: ast.Expression) -> ast.TypeExpression | None:
        match value:
            case ast.Path((name,)):
                return self._scope.get(name)
            case ast.Check() | ast.Observe() | ast.Transfer() | ast.Construct() | ast.Apply():
                return self._types.of_expression(value)
            case ast.Path():
                return None

    def _case(self, case: ast.Case) -> Walk:
        names = [arm.constructor.text for arm in case.arms]
        known = self._types.union_of(self._type_of(case.scrutinee))
        union = known or self._types.with_constructors(names)
        self._duplicates(case)
        if union is not None:
            self._arms(case, union)
        for arm in case.arms:
            constructor = union.by_name.get(arm.constructor.text) if union else None
            carried = constructor.carries if constructor is not None and known else None
            bound: dict[str, ast.TypeExpression | None] = {each.text: None for each in arm.binders}
            if len(arm.binders) == 1:
                bound[arm.binders[0].text] = carried
            yield self._block(arm.body, bound)

    def _duplicates(self, case: ast.Case) -> None:
        seen: dict[str, Span] = {}
        for arm in case.arms:
            name = arm.constructor
            if name.text in seen:
                self.found.append(
                    say.duplicate_case(self.where, name.text, name.span, seen[name.text])
                )
            seen.setdefault(name.text, name.span)

    def _arms(self, case: ast.Case, union: Union) -> None:
        """The constructors of the arms, compared with those of the type."""
        constructors = union.by_name
        declared = [(union.span, "declared here")] if union.span != NOWHERE else []
        taken: dict[str, None] = {}
        names = dict.fromkeys(arm.constructor.text for arm in case.arms)
        pair_lacks = _pair_lacks(names)
        for arm in case.arms:
            name = arm.constructor
            constructor = constructors.get(name.text)
            if constructor is None:
                if name.text not in taken:
                    upstream = "rejects" if pair_lacks else "accepts"
                    self.found.append(
                        say.unknown_constructor(
                            self.where,
                            name.text,
                            union.name,
                            name.span,
                            declared,
                            union.names,
                            upstream,
                        )
                    )
            else:
                self._binders(arm, 0 if constructor.carries is None else 1, constructor.span)
            taken.setdefault(name.text)
        missing = [each for each in union.names if each not in taken]
        unknown = sum(name not in constructors for name in taken)
        if len(missing) > unknown:  # an unknown one is most likely meant to be a missing one
            upstream = "rejects" if pair_lacks else "accepts"
            span = head_place(case)
            self.found.append(
                say.missing_case(self.where, missing, union.name, span, declared, upstream)
            )

    def _binders(self, arm: ast.Arm, carried: int, span: Span) -> None:
        if len(arm.binders) > carried:
            place = arm.binders[carried].span.to(arm.binders[-1].span)
            others = [(span, "declared here")] if span != NOWHERE else []
            self.found.append(
                say.binder_count(
                    self.where, arm.constructor.text, len(arm.binders), carried, place, others
                )
            )


def _pair_lacks(names: dict[str, None]) -> bool:
    """True when Telltale rejects these constructors: one of a built-in pair without the other."""
    return any(set(names) <= set(pair) and len(names) < 2 for pair in _PAIRS)
