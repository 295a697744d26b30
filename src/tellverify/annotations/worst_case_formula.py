"""Worst cases for every size of the role families at once, by the structure of the protocol.

Statements one after another add up, of branches the largest counts, a loop adds nothing unless it
has a cost. Only forms whose worst case is exact for every size of at least 1 are read; for the
others there is no formula.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import msgspec

from tellverify.annotations.metadata import Metadata
from tellverify.annotations.polynomial import (
    ZERO,
    Largest,
    Polynomial,
    TooMany,
    constant,
    largest,
    scaled,
    summed,
    variable,
)
from tellverify.language.checks.walk import Walk, drive, same_role
from tellverify.language.lowering.families import declared_roles
from tellverify.language.syntax import ast

Weigh: TypeAlias = Callable[[Metadata], int]
MOST_STATEMENTS: Final = 20_000


class TermGroup(msgspec.Struct, frozen=True):
    """Who is meant: any member of the role `sender`, towards any member of `receiver` or, when
    that is empty, towards everyone.
    """

    sender: str
    receiver: str = ""


class NoFormula(Exception):
    """The protocol has a form for which no exact formula is known; the text names it."""


class _Flow(msgspec.Struct):
    """The cost of a block: the maximum anywhere in it, at its end, and at its jumps to loops.

    `through` is None when its end is not reached.
    """

    best: Largest
    through: Largest | None
    jumps: dict[str, Largest]


class FormulaReader:
    """Formulas of one protocol; the sizes of families are variables with the name of the size."""

    def __init__(
        self, protocol: ast.Protocol, metadata: Callable[[ast.Record | None], Metadata]
    ) -> None:
        self._body = protocol.body
        self._locals: dict[str, ast.LocalProtocol] = {}
        for local in protocol.locals:
            self._locals.setdefault(local.name.text, local)
        self._metadata = metadata
        self._sizes: dict[str, Polynomial] = {}
        self._symbols: dict[str, str] = {}
        self._families: set[str] = set()
        self._counts: set[str] = set()
        for declaration in declared_roles(protocol):
            name = declaration.name.text
            match declaration.size:
                case None:
                    self._sizes[name] = constant(1)
                case ast.ConstIndex(value):
                    self._sizes[name] = constant(value)
                    self._families.add(name)
                case ast.NameIndex(symbol):
                    self._sizes[name] = variable(symbol)
                    self._symbols[name] = symbol
                    self._counts.add(symbol)
                    self._families.add(name)
                case ast.AnyIndex() | ast.RangeIndex():
                    self._sizes[name] = variable(name)
                    self._symbols[name] = name
                    self._families.add(name)

    def sizes(self, given: Mapping[str, int]) -> dict[str, int]:
        """Sizes by variable, from sizes by family."""
        return {self._symbols[family]: size for family, size in given.items()}

    def worst(self, group: TermGroup, weigh: Weigh) -> Largest:
        """The worst case of one member of a group, where `weigh` is the cost of one message.

        Raises NoFormula; also when a loop has a cost, for then there is no worst case.
        """
        if any(name in self._counts and name == size for name, size in self._symbols.items()):
            raise NoFormula("a role family has the name of a size")
        found: list[_Flow] = []
        try:
            drive(_FormulaReading(self, group, weigh).block(self._body, found))
        except TooMany:
            raise NoFormula("too many branches, of which none is the most expensive") from None
        return found[0].best

    def size_of(self, role: str) -> Polynomial:
        """How many members a role has."""
        size = self._sizes.get(role)
        if size is None:
            raise NoFormula(f"the role `{role}` is not declared")
        return size

    def roles(self) -> tuple[str, ...]:
        """All declared roles."""
        return tuple(self._sizes)

    def is_family(self, role: str) -> bool:
        """Whether a role is a family."""
        return role in self._families

    def metadata(self, record: ast.Record | None) -> Metadata:
        """What a record means."""
        return self._metadata(record)

    def local(self, name: str) -> ast.LocalProtocol:
        """The local protocol of a name."""
        found = self._locals.get(name)
        if found is None:
            raise NoFormula(f"there is no local protocol `{name}`")
        return found

    def size_symbol(self, name: str) -> Polynomial:
        """The size that `repeat` names."""
        if name in self._counts:
            return variable(name)
        raise NoFormula(f"`repeat {name}` has no known number of rounds")


class _FormulaReading:
    """One walk over the protocol, for one group and weight."""

    def __init__(self, reader: FormulaReader, group: TermGroup, weigh: Weigh) -> None:
        self._reader = reader
        self._group = group
        self._weigh = weigh
        self._calling: list[str] = []
        self._read = 0

    def block(self, block: ast.Block, out: list[_Flow]) -> Walk:
        """Append the cost of a block to `out`."""
        total = _Flow(ZERO, ZERO, {})
        for statement in block:
            self._read += 1
            if self._read > MOST_STATEMENTS:
                raise NoFormula("the protocol is too large for a formula")
            inner: list[_Flow] = []
            walk = self._statement(statement, inner)
            if walk is not None:
                yield walk
            if inner:
                _append(total, inner[0])
            if total.through is None:
                break
        out.append(total)

    def _statement(self, statement: ast.Statement, out: list[_Flow]) -> Walk | None:
        match statement:
            case ast.Send() | ast.Broadcast():
                cost = self._sent(statement)
                out.append(_Flow(cost, cost, {}))
            case ast.Choice(branches=branches):
                return self._branches([branch.body for branch in branches], out)
            case ast.Case(arms=arms):
                return self._branches([arm.body for arm in arms], out)
            case ast.Par(branches=branches):
                return self._parallel(branches, out)
            case ast.Rec():
                return self._rec(statement, out)
            case ast.Continue(name):
                out.append(_Flow(ZERO, None, {name.text: ZERO}))
            case ast.Loop():
                return self._loop(statement, out)
            case ast.Call(name):
                return self._call(name.text, out)
            case ast.Let(body=body) if body is not None:
                return self.block(body, out)
            case ast.Timeout():
                raise NoFormula("`timeout` has no formula")
            case ast.Let() | ast.OperationStatement():
                pass
        return None

    def _branches(self, bodies: list[ast.Block], out: list[_Flow]) -> Walk:
        inner: list[_Flow] = []
        for body in bodies:
            yield self.block(body, inner)
        ends = [flow.through for flow in inner if flow.through is not None]
        jumps: dict[str, Largest] = {}
        for flow in inner:
            _merge(jumps, flow.jumps, ZERO)
        if not inner:
            out.append(_Flow(ZERO, ZERO, {}))
            return
        through = largest(*ends) if ends else None
        out.append(_Flow(largest(*(flow.best for flow in inner)), through, jumps))

    def _parallel(self, bodies: tuple[ast.Block, ...], out: list[_Flow]) -> Walk:
        inner: list[_Flow] = []
        for body in bodies:
            yield self.block(body, inner)
        best, through = ZERO, ZERO
        for flow in inner:
            if flow.jumps:
                raise NoFormula("a `continue` leaves a parallel branch")
            best = summed(best, flow.best)
            through = summed(through, flow.through) if flow.through is not None else through
        ends = all(flow.through is not None for flow in inner)
        out.append(_Flow(best, through if ends else None, {}))

    def _rec(self, rec: ast.Rec, out: list[_Flow]) -> Walk:
        yield self.block(rec.body, out)
        back = out[0].jumps.pop(rec.name.text, ZERO)
        if back != ZERO:
            raise NoFormula(f"`rec {rec.name.text}` can add to it without bound")

    def _loop(self, loop: ast.Loop, out: list[_Flow]) -> Walk:
        yield self.block(loop.body, out)
        body = out[0]
        if isinstance(loop.kind, ast.Repeat):
            count = loop.kind.count
            if isinstance(count, str):
                _repeat(body, self._reader.size_symbol(count))
            elif count == 0:
                out[0] = _Flow(ZERO, ZERO, {})
            else:
                _repeat(body, constant(count))
            return
        if body.through is not None and body.through != ZERO:
            raise NoFormula("a loop can add to it without bound")
        body.through = None if isinstance(loop.kind, ast.Forever) else ZERO

    def _call(self, name: str, out: list[_Flow]) -> Walk:
        if name in self._calling:
            raise NoFormula(f"the local protocol `{name}` calls itself")
        self._calling.append(name)
        yield self.block(self._reader.local(name).body, out)
        self._calling.pop()

    def _sent(self, statement: ast.Send | ast.Broadcast) -> Largest:
        """What one member of the group pays for a statement."""
        reader, group = self._reader, self._group
        sender = statement.sender
        if sender.name.text != group.sender:
            return ZERO
        cost = self._weigh(reader.metadata(statement.record))
        if not cost:
            return ZERO
        if not self._is_whole(sender):
            raise NoFormula(f"members of `{sender.name.text}` are named one by one")
        copies = constant(0)
        if isinstance(statement, ast.Broadcast):
            for role in reader.roles():
                if role != sender.name.text and group.receiver in ("", role):
                    copies += constant(1) if group.receiver else reader.size_of(role)
        elif group.receiver in ("", statement.receiver.name.text):
            copies = self._copies(statement)
        return scaled((constant(cost),), copies)

    def _copies(self, send: ast.Send) -> Polynomial:
        """How many messages one member of the sender sends to the receiver, or to one of them."""
        reader, receiver = self._reader, send.receiver
        if same_role(send.sender, receiver) or receiver.name.text == send.sender.name.text:
            if self._group.receiver:
                raise NoFormula("a family sends to itself")
            return reader.size_of(receiver.name.text) + constant(-1)
        if not self._is_whole(receiver):
            match receiver.index:
                case ast.ConstIndex() if not self._group.receiver:
                    return constant(1)
                case ast.AnyIndex() | ast.ConstIndex() | ast.NameIndex() | ast.RangeIndex() | None:
                    raise NoFormula(f"members of `{receiver.name.text}` are named one by one")
        return constant(1) if self._group.receiver else reader.size_of(receiver.name.text)

    def _is_whole(self, ref: ast.RoleRef) -> bool:
        """Whether a reference stands for its role, all members of it if that is a family."""
        if not self._reader.is_family(ref.name.text):
            return ref.index is None
        return not isinstance(ref.index, ast.ConstIndex | ast.RangeIndex)


def _append(total: _Flow, flow: _Flow) -> None:
    """Let `flow` follow `total`."""
    before = total.through
    if before is None:
        return
    total.best = largest(total.best, summed(before, flow.best))
    _merge(total.jumps, flow.jumps, before)
    total.through = None if flow.through is None else summed(before, flow.through)


def _merge(jumps: dict[str, Largest], more: Mapping[str, Largest], before: Largest) -> None:
    for name, cost in more.items():
        here = summed(before, cost)
        jumps[name] = largest(jumps[name], here) if name in jumps else here


def _repeat(body: _Flow, count: Polynomial) -> None:
    """Let a body be executed `count` times, at least once."""
    if body.through is None:
        return
    rounds = count + constant(-1)
    before = scaled(body.through, rounds)
    body.best = largest(body.best, summed(before, body.best))
    body.jumps = {name: largest(c, summed(before, c)) for name, c in body.jumps.items()}
    body.through = scaled(body.through, count)
