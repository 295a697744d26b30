"""Edits of a protocol: what they cost, and the syntax tree after them.

A *block* is addressed by a path: the number of the body (0 for the protocol, then its local
protocols), and for each step down the index of a statement and of a block inside it. Paths and gaps
are those of the tree before any edit, so edits do not depend on each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from tellverify.language.checks.walk import child_blocks, role_text, with_blocks
from tellverify.language.lowering.families import declared_roles
from tellverify.language.syntax import ast
from tellverify.source.span import Span

BlockPath: TypeAlias = tuple[int, ...]
TURN: Final = "Turn"


class Insert(msgspec.Struct, frozen=True, tag=True):
    """A new message in a gap of a block: gap i is before statement i, the last one at the end.

    `label` is the wish for its name; `group` tells messages of one name apart that stand for
    different choices. `order` ranks the messages of one gap.
    """

    block: BlockPath
    gap: int
    sender: ast.RoleRef
    receiver: ast.RoleRef
    label: str
    group: str = ""
    order: int = 0


class Relabel(msgspec.Struct, frozen=True, tag=True):
    """Another name for the message of a statement."""

    block: BlockPath
    index: int
    label: str


class DecideLoop(msgspec.Struct, frozen=True, tag=True):
    """`loop while` becomes `loop decide by` the sender of its first message."""

    block: BlockPath
    index: int
    decider: ast.RoleRef


class Delete(msgspec.Struct, frozen=True, tag=True):
    """A message less."""

    block: BlockPath
    index: int


class Reverse(msgspec.Struct, frozen=True, tag=True):
    """A message from its receiver to its sender."""

    block: BlockPath
    index: int


class Swap(msgspec.Struct, frozen=True, tag=True):
    """A message and the one behind it in the other order."""

    block: BlockPath
    index: int


class OtherSender(msgspec.Struct, frozen=True, tag=True):
    """A message from another role."""

    block: BlockPath
    index: int
    sender: ast.RoleRef


Edit: TypeAlias = Insert | Relabel | DecideLoop | Delete | Reverse | Swap | OtherSender
Edits: TypeAlias = frozenset[Edit]


def cost(edits: Iterable[Edit]) -> int:
    """What edits cost together; less means closer to the text."""
    total = 0
    for edit in edits:
        match edit:
            case Insert():
                total += 2
            case Relabel() | DecideLoop():
                total += 1
            case Swap():
                total += 3
            case Reverse() | OtherSender():
                total += 4
            case Delete():
                total += 6
    return total


def is_conservative(edits: Iterable[Edit]) -> bool:
    """True when hiding new messages and old names give back the old runs."""
    return all(isinstance(edit, Insert | Relabel) for edit in edits)


def is_compatible(edits: Iterable[Edit]) -> bool:
    """True when no statement is changed by two edits; new messages change none."""
    touched: set[tuple[BlockPath, int]] = set()
    for edit in edits:
        if isinstance(edit, Insert):
            continue
        places = [(edit.block, edit.index)]
        if isinstance(edit, Swap):
            places.append((edit.block, edit.index + 1))
        if not touched.isdisjoint(places):
            return False
        touched.update(places)
    return True


def in_order(edits: Iterable[Edit]) -> list[Edit]:
    """Edits in the order of the text."""
    return sorted(edits, key=_order)


def _order(edit: Edit) -> tuple[BlockPath, int, int, str, str]:
    match edit:
        case Insert(block, gap, sender, receiver, label, _, order):
            return block, gap, order, f"{role_text(sender)} {role_text(receiver)}", label
        case Relabel(block, index, label):
            return block, index, -1, "", label
        case OtherSender(block, index, sender):
            return block, index, -1, role_text(sender), "OtherSender"
        case DecideLoop() | Delete() | Reverse() | Swap():
            return edit.block, edit.index, -1, "", type(edit).__name__


def bare(ref: ast.RoleRef) -> ast.RoleRef:
    """The role reference without its place."""
    return ast.RoleRef(ast.Name(ref.name.text), ref.index)


def bodies(protocol: ast.Protocol) -> tuple[ast.Block, ...]:
    """The bodies that a path may begin with."""
    return (protocol.body, *(local.body for local in protocol.locals))


def blocks_of(protocol: ast.Protocol) -> Iterator[tuple[BlockPath, ast.Block]]:
    """Every block with its path, in the order of the text."""
    work: list[tuple[BlockPath, ast.Block]] = [
        ((i,), body) for i, body in reversed(list(enumerate(bodies(protocol))))
    ]
    while work:
        path, block = work.pop()
        yield path, block
        work += [
            ((*path, index, i), inner)
            for index, statement in reversed(list(enumerate(block)))
            for i, inner in reversed(list(enumerate(child_blocks(statement))))
        ]


def with_whole_families(protocol: ast.Protocol) -> ast.Protocol:
    """The protocol with `D[*]` for `D` in its messages, which means the same of a family."""
    families = {one.name.text for one in declared_roles(protocol) if one.size is not None}

    def whole(ref: ast.RoleRef) -> ast.RoleRef:
        is_whole = ref.index is None and ref.name.text in families
        return msgspec.structs.replace(ref, index=ast.AnyIndex()) if is_whole else ref

    def changed(block: ast.Block) -> ast.Block:
        return tuple(map(inside, block))

    def inside(one: ast.Statement) -> ast.Statement:
        replace = msgspec.structs.replace
        if isinstance(one, ast.Send):
            return replace(one, sender=whole(one.sender), receiver=whole(one.receiver))
        if isinstance(one, ast.Broadcast):
            return replace(one, sender=whole(one.sender))
        inner = child_blocks(one)
        return with_blocks(one, [changed(block) for block in inner]) if inner else one

    if not families:
        return protocol
    locals_ = tuple(
        msgspec.structs.replace(local, body=changed(local.body)) for local in protocol.locals
    )
    return msgspec.structs.replace(protocol, body=changed(protocol.body), locals=locals_)


class Edited(msgspec.Struct, frozen=True):
    """A protocol after edits, and the names that new messages got, in the order of the text.

    Labels that are new have places behind the end of the text: `first_place + i` for edit i.
    """

    protocol: ast.Protocol
    edits: tuple[Edit, ...]
    labels: tuple[str, ...]


def edited(
    protocol: ast.Protocol,
    edits: Edits,
    first_place: int,
    taken: ChannelLabels | None = None,
) -> Edited:
    """The tree of `protocol` after `edits`; `taken` are its `channel_labels`, where known."""
    listed, labels = named(edits, channel_labels(protocol) if taken is None else taken)
    by_block: dict[BlockPath, list[int]] = {}
    for number, edit in enumerate(listed):
        by_block.setdefault(edit.block, []).append(number)
    inner = {path[:depth] for path in by_block for depth in range(1, len(path), 2)}
    rebuilding = _Rebuilding(listed, labels, by_block, inner, first_place)
    changed = [rebuilding.block(body, (i,)) for i, body in enumerate(bodies(protocol))]
    locals_ = tuple(
        msgspec.structs.replace(local, body=body)
        for local, body in zip(protocol.locals, changed[1:], strict=True)
    )
    result = msgspec.structs.replace(protocol, body=changed[0], locals=locals_)
    return Edited(result, listed, labels)


class _Rebuilding:
    """Blocks with edits inside are built again, all others are kept."""

    def __init__(
        self,
        edits: Sequence[Edit],
        labels: Sequence[str],
        by_block: Mapping[BlockPath, list[int]],
        inner: set[BlockPath],
        first_place: int,
    ) -> None:
        self.edits, self.labels, self.by_block, self.inner = edits, labels, by_block, inner
        self.first_place = first_place

    def block(self, block: ast.Block, path: BlockPath) -> ast.Block:
        """The block at `path` after all edits in it."""
        here = self.by_block.get(path, [])
        if not here and path not in self.inner:
            return block
        gaps: dict[int, list[ast.Statement]] = {}
        at: dict[int, int] = {}
        for number in here:
            edit = self.edits[number]
            if isinstance(edit, Insert):
                gaps.setdefault(edit.gap, []).append(self._send(number, edit))
            else:
                at[edit.index] = number
        found: list[ast.Statement] = []
        for number in at.values():
            edit = self.edits[number]
            if isinstance(edit, Swap):
                one = edit.index
                block = (*block[:one], block[one + 1], block[one], *block[one + 2 :])
        for index, statement in enumerate(block):
            found += gaps.get(index, [])
            changed = self._inside(statement, (*path, index))
            if index in at:
                found += self._changed(changed, at[index])
            else:
                found.append(changed)
        return (*found, *gaps.get(len(block), []))

    def _inside(self, statement: ast.Statement, path: BlockPath) -> ast.Statement:
        blocks = child_blocks(statement)
        changed = [self.block(block, (*path, i)) for i, block in enumerate(blocks)]
        if all(new is old for new, old in zip(changed, blocks, strict=True)):
            return statement
        return with_blocks(statement, changed)

    def _place(self, number: int) -> Span:
        return Span(self.first_place + number, self.first_place + number)

    def _send(self, number: int, edit: Insert) -> ast.Send:
        message = ast.Message(ast.Name(self.labels[number], self._place(number)))
        return ast.Send(edit.sender, edit.receiver, message)

    def _changed(self, statement: ast.Statement, number: int) -> list[ast.Statement]:
        replace = msgspec.structs.replace
        edit = self.edits[number]
        match edit, statement:
            case Relabel(), ast.Send() | ast.Broadcast():
                name = ast.Name(self.labels[number], self._place(number))
                return [replace(statement, message=replace(statement.message, label=name))]
            case DecideLoop(decider=decider), ast.Loop():
                return [replace(statement, kind=ast.Decide(decider))]
            case Delete(), _:
                return []
            case OtherSender(sender=sender), ast.Send():
                return [replace(statement, sender=sender)]
            case Reverse(), ast.Send(sender=sender, receiver=receiver):
                return [replace(statement, sender=receiver, receiver=sender)]
            case _:
                return [statement]


class ChannelLabels(msgspec.Struct, frozen=True):
    """The labels that the channels of a protocol carry.

    `written` has them by the ends of a channel as they are written; `members` by the names of both
    ends, with the sends of each and their blocks: `D[*]` and `D[0]` have members in common.
    """

    written: dict[tuple[str, str], set[str]]
    members: dict[tuple[str, str], dict[str, list[tuple[BlockPath, ast.Send]]]]

    def taken(self, edit: Insert) -> set[str]:
        """The labels that a new message cannot have: another one on the channel has it already.

        A message to other members in the same block is no other one.
        """
        sender, receiver = edit.sender, edit.receiver
        one = role_text(sender)
        found = self.written.get((one, role_text(receiver)), set()) | self.written.get(
            (one, ""), set()
        )
        if sender.index is None and receiver.index is None:
            return found
        members = self.members.get((sender.name.text, receiver.name.text), {})
        return found | {
            label
            for label, sends in members.items()
            if any(at != edit.block or _share_members(edit, send) for at, send in sends)
        }


def _share_members(edit: Insert, send: ast.Send) -> bool:
    """Whether a new message may go from a member to a member between which `send` goes."""
    ends = ((edit.sender.index, send.sender.index), (edit.receiver.index, send.receiver.index))
    return not any(
        isinstance(one, ast.ConstIndex) and isinstance(other, ast.ConstIndex) and one != other
        for one, other in ends
    )


def channel_labels(protocol: ast.Protocol) -> ChannelLabels:
    """The labels on every channel."""
    found = ChannelLabels({}, {})
    for path, block in blocks_of(protocol):
        for statement in block:
            match statement:
                case ast.Send(sender=sender, receiver=receiver, message=message):
                    written = role_text(sender), role_text(receiver)
                    found.written.setdefault(written, set()).add(message.label.text)
                    names = sender.name.text, receiver.name.text
                    members = found.members.setdefault(names, {})
                    members.setdefault(message.label.text, []).append((path, statement))
                case ast.Broadcast(sender=sender, message=message):
                    written = role_text(sender), ""
                    found.written.setdefault(written, set()).add(message.label.text)
                case ast.Choice() | ast.Par() | ast.Loop() | ast.Rec() | ast.Continue():
                    continue
                case ast.Call() | ast.Let() | ast.Case() | ast.Timeout() | ast.OperationStatement():
                    continue
    return found


def named(edits: Edits, taken: ChannelLabels) -> tuple[tuple[Edit, ...], tuple[str, ...]]:
    """Edits in the order of the text with the names that they give, empty where they give none."""
    listed = tuple(in_order(edits))
    return listed, _names(taken, listed)


def _names(taken: ChannelLabels, edits: Sequence[Edit]) -> tuple[str, ...]:
    """Names of new messages: the wish, with a number where the channel has that name already."""
    given: dict[tuple[str, str, str, str], str] = {}
    used: dict[tuple[str, str], set[str]] = {}
    names = []
    for edit in edits:
        if not isinstance(edit, Insert):
            names.append(edit.label if isinstance(edit, Relabel) else "")
            continue
        channel = role_text(edit.sender), role_text(edit.receiver)
        key = (*channel, edit.label, edit.group)
        if key not in given:
            known = taken.taken(edit) | used.setdefault(channel, set())
            given[key] = fresh(edit.label, known)
            used[channel].add(given[key])
        names.append(given[key])
    return tuple(names)


def fresh(name: str, taken: set[str]) -> str:
    """`name`, or `name2` and so on, that is not taken."""
    number, found = 2, name
    while found in taken:
        found, number = f"{name}{number}", number + 1
    return found
