"""A repair that always exists: tell every role every choice, and let every event wait for the last.

After the first message of each branch its decider tells all other roles which branch it is; and
wherever the sender of an event took no part in the event before, the receiver of that one sends it
`Turn`. Then every event is caused by the one before, and every role knows each branch from its
decider before it acts in it, so all conditions of implementability hold.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tellverify.language.checks.walk import child_blocks
from tellverify.language.lowering.families import declared_roles
from tellverify.language.syntax import ast
from tellverify.repair.edits import TURN, BlockPath, Edits, Insert, bare, bodies
from tellverify.repair.outline import RepairAlternative, RepairDecision, RepairGap, is_one, outline

_MOST_MEMBERS = 8  # of a family of a fixed size that are told one by one
_MOST_STEPS = 20_000


class CannotSaturate(Exception):
    """The protocol has a construct that saturation says nothing of."""


class _End(msgspec.Struct, frozen=True):
    """An event that may be the last one so far: who took part, and the gap behind it."""

    roles: tuple[ast.RoleRef, ...]
    gap: RepairGap
    everyone: bool = False


def saturate(protocol: ast.Protocol) -> Edits:
    """All messages that saturation adds. Raises CannotSaturate."""
    return _Saturation(protocol).run()


class _Saturation:
    def __init__(self, protocol: ast.Protocol) -> None:
        found = outline(protocol)
        self.decisions = {decision.group: decision for decision in found.decisions}
        self.bodies = bodies(protocol)
        self.locals = {local.name.text: i for i, local in enumerate(protocol.locals, 1)}
        self.everyone = _references(protocol)
        self.edits: dict[Insert, None] = {}
        self.heads: dict[str, list[ast.RoleRef | None]] = {}
        self.steps = 0

    def run(self) -> Edits:
        """Walk the text in its order; nesting is limited by the caller."""
        self._block(self.bodies[0], (0,), [])
        return frozenset(self.edits)

    def _insert(
        self,
        gap: RepairGap,
        sender: ast.RoleRef,
        receiver: ast.RoleRef,
        label: str,
        group: str = "",
    ) -> None:
        if sender.name.text != receiver.name.text or sender.index != receiver.index:
            order = len(self.edits)
            edit = Insert(gap.block, gap.index, sender, receiver, label, group, order)
            self.edits.setdefault(edit)

    def _wait(self, ends: Sequence[_End], sender: ast.RoleRef | None) -> None:
        """Every end that `sender` took no part in sends it `Turn`."""
        for end in ends:
            if sender is None or end.everyone:
                continue
            if any(_covers(role, sender) for role in end.roles):
                continue
            one = [role for role in reversed(end.roles) if role.name.text != sender.name.text]
            if one:
                self._insert(end.gap, one[0], sender, TURN)

    def _block(
        self, block: ast.Block, path: BlockPath, ends: list[_End], first: int = 0
    ) -> list[_End]:
        """The ends after `block` from its statement `first` on, which comes after `ends`.

        Without ends nothing is waited for.
        """
        for index, statement in enumerate(block[first:], first):
            self.steps += 1
            if self.steps > _MOST_STEPS:
                raise CannotSaturate("the protocol is too large")
            if isinstance(statement, ast.Continue):
                binders = self.heads.get(statement.name.text, [])
                self._wait(ends, binders[-1] if binders else None)
                return []
            ends = self._statement(statement, path, index, ends)
        return ends

    def _statement(
        self, statement: ast.Statement, path: BlockPath, index: int, ends: list[_End]
    ) -> list[_End]:
        after = RepairGap(path, index + 1)
        match statement:
            case ast.Send(sender=sender, receiver=receiver):
                self._wait(ends, bare(sender))
                return [_End((bare(sender), bare(receiver)), after)]
            case ast.Broadcast(sender=sender):
                self._wait(ends, bare(sender))
                return [_End((bare(sender),), after, everyone=True)]
            case ast.Choice() | ast.Case():
                return self._choice(statement, (*path, index), ends)
            case ast.Loop():
                return self._loop(statement, path, index, ends)
            case ast.Rec(name=name, body=body):
                self.heads.setdefault(name.text, []).append(self._first(body))
                ends = self._block(body, (*path, index, 0), ends)
                self.heads[name.text].pop()
                return ends
            case ast.Let(body=body) if body:
                return self._block(body, (*path, index, 0), ends)
            case ast.Call(name=name):
                number = self.locals.get(name.text)
                if number is None:
                    raise CannotSaturate(f"`{name.text}` is in another file, which is not changed")
                ends = self._block(self.bodies[number], (number,), ends)
                return [msgspec.structs.replace(end, gap=after) for end in ends[:1]] or ends
            case ast.Par():
                raise CannotSaturate("`par` has no order of events")
            case ast.Timeout():
                raise CannotSaturate("`timeout` has no graph")
            case ast.Continue() | ast.Let() | ast.OperationStatement():
                return ends

    def _choice(
        self, choice: ast.Choice | ast.Case, path: BlockPath, ends: list[_End]
    ) -> list[_End]:
        blocks = child_blocks(choice)
        decision = self.decisions.get(".".join(map(str, path)))
        self._wait(ends, self._first((choice,)))
        found: list[_End] = []
        for number, block in enumerate(blocks):
            found += self._alternative(decision, block, (*path, number))
        return found

    def _alternative(
        self, decision: RepairDecision | None, body: ast.Block, path: BlockPath
    ) -> list[_End]:
        """The ends of a branch, whose first message is followed by what tells all others."""
        known = decision.alternatives if decision is not None else ()
        here = [one for one in known if one.block == path]
        if decision is None or not here or here[0].after.block != path:
            return self._block(body, path, [])
        first = here[0].after.index
        ends = self._block(body[:first], path, [])
        ends = self._tell(decision, here[0], ends)
        return self._block(body, path, ends, first)

    def _tell(
        self, decision: RepairDecision, one: RepairAlternative, ends: list[_End]
    ) -> list[_End]:
        decider = decision.decider
        told = ends
        for role in self.everyone:
            first = one.receiver
            known = first is not None and is_one(first) and _covers(first, role)
            if not known and role != decider:
                self._insert(one.after, decider, role, one.label, decision.group)
                told = [_End((decider, role), one.after)]
        return told

    def _loop(self, loop: ast.Loop, path: BlockPath, index: int, ends: list[_End]) -> list[_End]:
        inner = (*path, index, 0)
        first = self._first(loop.body)
        self._wait(ends, first)
        group = ".".join(map(str, (*path, index)))
        decision = self.decisions.get(group)
        if isinstance(loop.kind, ast.While):
            raise CannotSaturate("no role decides how often `loop while` runs")
        found = self._alternative(decision, loop.body, inner)
        self._wait(found, first)
        if isinstance(loop.kind, ast.Forever):
            return []
        if decision is None or isinstance(loop.kind, ast.Repeat):
            return found
        done = decision.alternatives[-1]
        receiver = () if done.receiver is None else (done.receiver,)
        return self._tell(decision, done, [_End((decision.decider, *receiver), done.after)])

    def _first(self, block: Sequence[ast.Statement]) -> ast.RoleRef | None:
        """The sender of the first event of a block, None where it cannot be told."""
        for statement in block:
            match statement:
                case ast.Send(sender=sender) | ast.Broadcast(sender=sender):
                    return bare(sender)
                case ast.Choice(decider=decider):
                    return bare(decider)
                case ast.Case(arms=arms):
                    return self._first(arms[0].body) if arms else None
                case ast.Loop(body=body) | ast.Rec(body=body):
                    return self._first(body)
                case ast.Let(body=body) if body:
                    return self._first(body)
                case ast.Call(name=name):
                    number = self.locals.get(name.text)
                    return None if number is None else self._first(self.bodies[number])
                case ast.Par() | ast.Continue() | ast.Let() | ast.Timeout():
                    continue
                case ast.OperationStatement():
                    continue
        return None


def _references(protocol: ast.Protocol) -> list[ast.RoleRef]:
    """One reference for each role; members of families of a fixed size one by one."""
    found = []
    for declaration in declared_roles(protocol):
        name = ast.Name(declaration.name.text)
        match declaration.size:
            case None:
                found.append(ast.RoleRef(name))
            case ast.ConstIndex(value) if value <= _MOST_MEMBERS:
                found += [ast.RoleRef(name, ast.ConstIndex(i)) for i in range(value)]
            case ast.AnyIndex() | ast.ConstIndex() | ast.NameIndex() | ast.RangeIndex():
                found.append(ast.RoleRef(name, ast.AnyIndex()))
    return found


def _covers(ref: ast.RoleRef, other: ast.RoleRef) -> bool:
    """True when all that `other` stands for is in `ref`."""
    if ref.name.text != other.name.text:
        return False
    whole = ref.index is None or isinstance(ref.index, ast.AnyIndex | ast.NameIndex)
    return whole or ref.index == other.index
