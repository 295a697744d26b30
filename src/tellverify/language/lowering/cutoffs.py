"""From which index on a protocol treats all members of a family alike, and where it does not.

A family of any size is decided at a few sizes when all members from some index m on take part
alike: one *generic member* `F[m]` then stands for all of them. m is the cut-off of a size symbol
(cut-offs of parameterised systems: Emerson and Namjoshi, POPL 1995). It is at least

- one more than each number that names a member, as an index or as a bound of a range;
- k of each `min_responses : k`;
- one more than the indices of the first event of a statement of several events, where that event
  carries the label of a branch: the other members get the message without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import msgspec

from tellverify.language.checks.walk import index_text, loop_text, preorder, role_text
from tellverify.language.linking.imports import NOT_LINKED, Linked, with_imported
from tellverify.language.lowering.families import declared_roles, family_groups, size_symbol
from tellverify.language.lowering.lower import Lowered, lower
from tellverify.language.syntax import ast
from tellverify.model.sizes import SizeSymbol
from tellverify.source.span import Span
from tellverify.source.text import SourceFile

NO_SIZES: Final[Mapping[str, int]] = MappingProxyType({})
_MOST_MEMBERS: Final = 64  # a cut-off above it is of no use: the grid of sizes is too large


class CutoffFault(msgspec.Struct, frozen=True):
    """A construct whose meaning depends on the size in another way than by one more member."""

    reason: str
    line: int
    span: Span
    path: str = ""  # where it is not in the file of the protocol

    def __str__(self) -> str:
        where = f"{self.path}, " if self.path else ""
        return f"{self.reason} ({where}line {self.line})"


LoweredAt: TypeAlias = Callable[[Mapping[str, int]], Lowered]


def lowering_of(
    file: ast.File,
    source: SourceFile,
    protocol: ast.Protocol,
    budget: int = 500_000,
    linked: Linked = NOT_LINKED,
) -> LoweredAt:
    """`lower` as a function of sizes, which lowers at equal sizes once."""
    known: dict[tuple[tuple[str, int], ...], Lowered] = {}

    def lowered_at(sizes: Mapping[str, int]) -> Lowered:
        key = tuple(sorted(sizes.items()))
        if key not in known:
            known[key] = lower(file, source, protocol, sizes, budget, linked)
        return known[key]

    return lowered_at


def size_symbols(
    protocol: ast.Protocol, lowered_at: LoweredAt, smallest: Mapping[str, int] = NO_SIZES
) -> tuple[SizeSymbol, ...]:
    """The size symbols of a protocol with their cut-offs, in the order of declaration.

    The cut-offs are collected while the protocol is lowered at sizes of two members more than the
    cut-offs found so far, until none grows: then no reference is empty that is not always so.
    `smallest` are sizes below which the text has no graph, to begin with larger ones.
    """
    groups = family_groups(protocol)
    least = {group: max(smallest.get(family, 0) for family in group) for group in groups}
    cutoffs = dict.fromkeys(groups, 0)
    while max(cutoffs.values(), default=0) <= _MOST_MEMBERS:
        tried = {group: max(cutoffs[group] + 2, least[group]) for group in groups}
        sizes = {family: tried[group] for group in groups for family in group}
        named = dict(lowered_at(sizes).named)
        found = {group: max(named.get(family, 0) for family in group) for group in groups}
        grown = {group: max(cutoffs[group], found[group]) for group in groups}
        if grown == cutoffs:
            break
        cutoffs = grown
    names = size_names(protocol)
    return tuple(
        SizeSymbol(name, group, cutoffs[group]) for name, group in zip(names, groups, strict=True)
    )


def size_names(protocol: ast.Protocol) -> tuple[str, ...]:
    """The size symbols by name, a family without one by its own, in the order of declaration."""
    symbols = {one.name.text: size_symbol(one) for one in declared_roles(protocol)}
    first = [group[0] for group in family_groups(protocol)]
    return tuple(name if symbols[name] == "*" else symbols[name] for name in first)


def size_faults(
    source: SourceFile, protocol: ast.Protocol, linked: Linked = NOT_LINKED
) -> tuple[CutoffFault, ...]:
    """The constructs for which a generic member cannot stand for all larger sizes.

    Those are: a whole family, or a range up to its size, that sends to its own family; a range
    with a name for a bound, except the own size as the upper one; as many rounds as a family has
    members; `par`; `timeout`. Called protocols are searched as well.
    """
    sizes = {one.name.text: one.size for one in declared_roles(protocol)}
    symbols = {size.name for size in sizes.values() if isinstance(size, ast.NameIndex)}
    found = []
    for statement, home in _statements(source, protocol, linked):
        for reason, span in _faults(statement, sizes, symbols):
            line = home.position(span.start)[0]
            path = "" if home is source else home.path
            found.append(CutoffFault(reason, line, span, path))
    return tuple(dict.fromkeys(found))


def _statements(
    source: SourceFile, protocol: ast.Protocol, linked: Linked
) -> Iterator[tuple[ast.Statement, SourceFile]]:
    """Every statement of the protocol and of all that it calls, with the file it stands in."""
    whole = with_imported(protocol, linked)
    bodies: dict[str, ast.Block] = {}
    for local in whole.locals:
        bodies.setdefault(local.name.text, local.body)
    called = {""}
    work = [(protocol.body, source)]
    for body, home in work:
        for statement in preorder(body):
            yield statement, home
            if isinstance(statement, ast.Call) and statement.name.text not in called:
                name = statement.name.text
                called.add(name)
                work.append((bodies.get(name, ()), linked.sources.get(name, home)))


def _faults(
    statement: ast.Statement, sizes: Mapping[str, ast.Index | None], symbols: set[str]
) -> Iterator[tuple[str, Span]]:
    match statement:
        case ast.Send(sender=sender, receiver=receiver):
            yield from _bounds(sender, sizes)
            yield from _bounds(receiver, sizes)
            if sender.name.text == receiver.name.text and _reaches_size(sender, sizes):
                shown = f"`{role_text(sender)} -> {role_text(receiver)}`"
                yield f"{shown} lets a family of any size send to itself", statement.span
        case ast.Broadcast(sender=sender):
            yield from _bounds(sender, sizes)
        case ast.Loop(kind=ast.Repeat(count=str(count)) as kind, head=head) if count in symbols:
            yield f"`{loop_text(kind)}` has as many rounds as there are members", head
        case ast.Par():
            yield "`par` has runs in every order of its branches", statement.span
        case ast.Timeout(head=head):
            yield "`timeout` has no graph", head
        case ast.Choice() | ast.Loop() | ast.Rec() | ast.Continue() | ast.Call() | ast.Let():
            return
        case ast.Case() | ast.OperationStatement():
            return


def _bounds(ref: ast.RoleRef, sizes: Mapping[str, ast.Index | None]) -> Iterator[tuple[str, Span]]:
    """Bounds that are sizes, except the own one as the upper bound."""
    if not isinstance(ref.index, ast.RangeIndex):
        return
    own = sizes.get(ref.name.text)
    symbol = own.name if isinstance(own, ast.NameIndex) else None
    low, high = ref.index.low, ref.index.high
    if isinstance(low, str) or (isinstance(high, str) and high != symbol):
        bound = low if isinstance(low, str) else high
        yield f"`{ref.name.text}{index_text(ref.index)}` has the bound `{bound}`", ref.span


def _reaches_size(ref: ast.RoleRef, sizes: Mapping[str, ast.Index | None]) -> bool:
    """True when the reference grows with the size of its family."""
    if not isinstance(sizes.get(ref.name.text), ast.NameIndex | ast.AnyIndex):
        return False
    match ref.index:
        case None | ast.AnyIndex() | ast.NameIndex():
            return True
        case ast.RangeIndex(_, high):
            return isinstance(high, str)
        case ast.ConstIndex():
            return False
