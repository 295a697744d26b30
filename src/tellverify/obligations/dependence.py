"""What in a source makes a protocol depend on authority, evidence or transition semantics.

The first condition of the acceptance rule. The policy says which forms of the language, annotation
keys and labels count, and why; that another protocol resembles this one is no such form.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, assert_never

import msgspec

from tellverify.admission.links import AdmissionLink, parse_link
from tellverify.language.checks.walk import preorder
from tellverify.language.syntax import ast
from tellverify.policy.model import Policy
from tellverify.policy.rows import Dependence, Pack
from tellverify.source.span import Span

# Which kinds of surfaces serve which semantics.
_SERVES: Final = {
    "authority": ("evidence", "ownership"),
    "evidence": ("evidence",),
    "transition": ("transition",),
}


class DependenceGround(msgspec.Struct, frozen=True):
    """A place of the source and the row of the policy that says why it counts."""

    row: Dependence
    span: Span


class _Form(msgspec.Struct, frozen=True):
    """A form of the language as it stands in a source; `value` is what `matches` looks at."""

    name: str
    value: str
    span: Span


def grounds(protocol: ast.Protocol, policy: Policy) -> tuple[DependenceGround, ...]:
    """The first place in source order for every row of the policy that the protocol has."""
    found: dict[str, DependenceGround] = {}
    wanted: dict[str, list[Dependence]] = {}
    for row in policy.dependences.values():
        wanted.setdefault(row.form, []).append(row)
    for form in _forms(protocol):
        for row in wanted.get(form.name, ()):
            if row.name not in found and _matches(row, form.value):
                found[row.name] = DependenceGround(row, form.span)
    return tuple(sorted(found.values(), key=lambda ground: (ground.span, ground.row.name)))


def relevant(
    found: tuple[DependenceGround, ...], pack: Pack, policy: Policy
) -> tuple[DependenceGround, ...]:
    """The grounds whose semantics some surface of the pack serves.

    A pack without surfaces in the policy, such as a reserved one, may serve any semantics.
    """
    kinds = {policy.surfaces[name].kind for name in pack.surfaces if name in policy.surfaces}
    if not kinds:
        return found
    return tuple(g for g in found if kinds & set(_SERVES[g.row.semantics]))


def _matches(row: Dependence, value: str) -> bool:
    return not row.matches or value.startswith(row.matches)


def _forms(protocol: ast.Protocol) -> Iterator[_Form]:
    for body in (protocol.body, *(local.body for local in protocol.locals)):
        for statement in preorder(body):
            yield from _of_statement(statement)


def _of_statement(statement: ast.Statement) -> Iterator[_Form]:
    match statement:
        case ast.Send() | ast.Broadcast():
            yield from _of_message(statement)
        case ast.Choice():
            yield from _of_choice(statement)
        case ast.Let():
            yield from _of_let(statement)
        case ast.Materialize(proof=proof, span=span):
            yield _Form("materialize", proof.text, span)
        case ast.Handoff(operation=operation, span=span):
            yield _Form("handoff", operation.text, span)
        case ast.PublishAs(publication=publication, span=span):
            yield _Form("publish", publication.text, span)
        case ast.DependentWork(name=name, span=span):
            yield _Form("dependent-work", name.text, span)
        case ast.Par() | ast.Loop() | ast.Rec() | ast.Continue() | ast.Call() | ast.Case():
            return  # what stands inside is visited on its own
        case (
            ast.Timeout()
            | ast.Begin()
            | ast.Await()
            | ast.Resolve()
            | ast.Invalidate()
            | ast.Publish()
        ):
            return
        case unreachable:
            assert_never(unreachable)


def _of_message(statement: ast.Send | ast.Broadcast) -> Iterator[_Form]:
    label, record = statement.message.label, statement.record
    yield _Form("label", label.text, label.span)
    for entry in record.entries if record is not None else ():
        yield _of_entry(entry)


def _of_choice(statement: ast.Choice) -> Iterator[_Form]:
    for branch in statement.branches:
        if isinstance(branch.guard, ast.WhenCheck):
            yield _Form("when-check", branch.guard.call.operation.text, branch.guard.span)


def _of_let(statement: ast.Let) -> Iterator[_Form]:
    value = statement.value
    if statement.mode:
        yield _Form(f"{statement.mode}-let", statement.name.text, statement.span)
    if isinstance(value, ast.Transfer):
        yield _Form("transfer", value.asset.text, value.span)


def _of_entry(entry: ast.RecordEntry) -> _Form:
    match entry.value:
        case ast.TextValue(text=text):
            link = parse_link(text) if entry.key.text == "link" else None
            value = link.bundle if isinstance(link, AdmissionLink) else text
        case ast.WordValue(word=text):
            value = text
        case ast.DurationValue() | ast.IntsValue() | ast.NamesValue() | ast.IntValue():
            value = ""
    return _Form(entry.key.text, value, entry.span)
