"""Rules on the parts of a file: its header, its protocol, its roles, its names and branches."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Final

from tellverify.diagnostics import shape as say
from tellverify.diagnostics.model import Where
from tellverify.language.checks.walk import preorder
from tellverify.language.syntax import ast
from tellverify.lint.finding import Fix, LintFinding
from tellverify.source.span import NOWHERE, Span
from tellverify.source.text import SourceFile

FIXTURES: Final = "protocol_compat"  # the folder of two versions of one protocol
_SNAKE: Final = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_CAMEL: Final = re.compile(r"[A-Z][A-Za-z0-9]*")
_NUMBERED: Final = re.compile(r"(.*?[A-Za-z_])([0-9]+)")
_REFUSALS: Final = re.compile(
    r"(?:abort|cancel|declin|den[iy]|fail|refus|reject|expire|time_?out)", re.IGNORECASE
)


def structure_findings(file: ast.File, source: SourceFile) -> Iterator[LintFinding]:
    """Findings about everything but comments and annotations."""
    yield from _header(file, source)
    for protocol in file.protocols:
        where = Where(source.path, protocol.name.text)
        yield from _roles(where, protocol)
        yield from _numbered_roles(where, protocol)
        if not _CAMEL.fullmatch(protocol.name.text):
            yield LintFinding(
                say.odd_name(where, _named(protocol.name), "a protocol", "UpperCamelCase")
            )
        yield from _payloads(where, protocol)
        yield from _branches(where, protocol)
        yield from _ownership(where, protocol)


def _header(file: ast.File, source: SourceFile) -> Iterator[LintFinding]:
    where = Where(source.path)
    first = file.protocols[0].name.span if file.protocols else NOWHERE
    if file.module is None:
        yield LintFinding(say.no_module(where, first))
    else:
        name = file.module.name
        if not _SNAKE.fullmatch(name.text):
            yield LintFinding(say.odd_name(where, _named(name), "a module", "snake_case"))
        exposed = [one.text for one in file.module.exposing]
        wanted = [protocol.name.text for protocol in file.protocols]
        if len(wanted) == 1 and exposed != wanted:
            span = _exposing_span(file.module, source)
            fix = Fix(exposing=(span, wanted[0]), is_safe=False) if span is not None else None
            yield LintFinding(say.exposing_list(where, span or name.span, exposed, wanted[0]), fix)


def _exposing_span(module: ast.Module, source: SourceFile) -> Span | None:
    """The text between the brackets of `exposing (...)`."""
    found = re.search(r"exposing\s*\(([^()]*)\)", source.slice(module.span))
    if found is None:
        return None
    start = module.span.start
    return Span(start + found.start(1), start + found.end(1))


def _roles(where: Where, protocol: ast.Protocol) -> Iterator[LintFinding]:
    declared = protocol.roles or protocol.header_roles or ()
    for role in declared:
        if isinstance(role.size, ast.AnyIndex):
            yield LintFinding(say.open_family(where, role.name.text, role.span))


def _numbered_roles(where: Where, protocol: ast.Protocol) -> Iterator[LintFinding]:
    """Roles `X1` to `Xk` that do the same, each with its own number."""
    groups: dict[str, list[ast.RoleDecl]] = {}
    for role in protocol.roles or protocol.header_roles or ():
        found = _NUMBERED.fullmatch(role.name.text)
        if found is not None and role.size is None:
            groups.setdefault(found[1], []).append(role)
    for stem, roles in groups.items():
        numbers = [role.name.text.removeprefix(stem) for role in roles]
        if len(roles) < 2 or numbers != [str(i) for i in range(1, len(roles) + 1)]:
            continue
        shapes = [_shape(protocol, role.name.text) for role in roles]
        if shapes[0] and all(shape == shapes[0] for shape in shapes):
            yield LintFinding(
                say.numbered_roles(where, stem, [_named(role.name) for role in roles])
            )


def _shape(protocol: ast.Protocol, role: str) -> list[tuple[str, ...]]:
    """What a role sends and receives, with the others by their names."""
    found: list[tuple[str, ...]] = []
    for statement in preorder(protocol.body):
        match statement:
            case ast.Send(sender, receiver, message):
                label = message.label.text
                if sender.name.text == role:
                    found.append(("sends", receiver.name.text, label))
                if receiver.name.text == role:
                    found.append(("receives", sender.name.text, label))
            case ast.Choice(decider) if decider.name.text == role:
                found.append(("decides",))
    return found


def _payloads(where: Where, protocol: ast.Protocol) -> Iterator[LintFinding]:
    """Payload types that do not name their crate; one finding for each type."""
    told: set[tuple[str, ...]] = set()
    for statement in preorder(protocol.body):
        if isinstance(statement, ast.Send | ast.Broadcast):
            kind = statement.message.type
            if kind is None or kind.parts[0] == "crate" or kind.parts in told:
                continue
            told.add(kind.parts)
            yield LintFinding(say.foreign_payload(where, ".".join(kind.parts), kind.span))


def _branches(where: Where, protocol: ast.Protocol) -> Iterator[LintFinding]:
    blocks = [protocol.body, *(local.body for local in protocol.locals)]
    for block in blocks:
        for statement in preorder(block):
            if isinstance(statement, ast.Choice):
                yield from _labels(where, statement)
    for block in blocks:
        yield from _continuations(where, block)


def _labels(where: Where, choice: ast.Choice) -> Iterator[LintFinding]:
    for branch in choice.branches:
        if not _CAMEL.fullmatch(branch.label.text):
            yield LintFinding(say.branch_style(where, _named(branch.label)))


def _continuations(where: Where, block: ast.Block) -> Iterator[LintFinding]:
    """Refusals after which the protocol continues as if nothing had been refused."""
    for choice, rest in pairwise(block):
        if not isinstance(choice, ast.Choice) or not isinstance(rest, ast.Send | ast.Broadcast):
            continue
        for branch in choice.branches:
            ends = branch.body and isinstance(branch.body[-1], ast.Continue)
            if _REFUSALS.search(branch.label.text) and not ends:
                yield LintFinding(
                    say.ignored_refusal(where, _named(branch.label), _named(rest.message.label))
                )


def _ownership(where: Where, protocol: ast.Protocol) -> Iterator[LintFinding]:
    for statement in preorder(protocol.body):
        match statement:
            case ast.Handoff(span=span):
                yield LintFinding(say.ownership_statement(where, span, "handoff"))
            case ast.Let(value=ast.Transfer(span=span)):
                yield LintFinding(say.ownership_statement(where, span, "transfer"))
            case ast.Send() | ast.Broadcast() | ast.Choice() | ast.Par() | ast.Loop() | ast.Rec():
                pass
            case ast.Continue() | ast.Call() | ast.Let() | ast.Case() | ast.Timeout():
                pass
            case ast.Begin() | ast.Await() | ast.Resolve() | ast.Invalidate() | ast.Publish():
                pass
            case ast.PublishAs() | ast.Materialize() | ast.DependentWork():
                pass


def module_clashes(files: Sequence[tuple[ast.File, SourceFile]]) -> Iterator[LintFinding]:
    """Modules whose name is also used by another file of the same check.

    Fixtures of compatibility tests are versions of one protocol, and share its name on purpose.
    """
    named = [
        (file.module.name, source.path)
        for file, source in files
        if file.module is not None and FIXTURES not in source.path
    ]
    named.sort(key=lambda one: (one[0].text, one[1]))
    for _, group in groupby(named, key=lambda one: one[0].text):
        (first, *others) = group
        for name, path in others:
            yield LintFinding(
                say.module_clash(Where(path), _named(name), _named(first[0]), first[1])
            )


def _named(name: ast.Name) -> tuple[str, Span]:
    return name.text, name.span
