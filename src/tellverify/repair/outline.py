"""Where messages can be told: the choices of a protocol, and the statements by their labels."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tellverify.language.checks.walk import child_blocks, leading_send
from tellverify.language.syntax import ast
from tellverify.repair.edits import BlockPath, DecideLoop, bare, blocks_of
from tellverify.source.span import Span


class RepairGap(msgspec.Struct, frozen=True):
    """A place for a message: before statement `index` of a block, or at its end."""

    block: BlockPath
    index: int


class RepairAlternative(msgspec.Struct, frozen=True):
    """A branch of a choice, or going on with or leaving a loop that a role decides.

    `after` is the gap behind its first message, `receiver` whom that message goes to; of leaving a
    loop it is the gap behind the loop. `block` is empty for that.
    """

    label: str
    after: RepairGap
    receiver: ast.RoleRef | None
    block: BlockPath = ()


class RepairDecision(msgspec.Struct, frozen=True):
    """A choice or a deciding loop: who decides, and the alternatives that begin with a message."""

    decider: ast.RoleRef
    alternatives: tuple[RepairAlternative, ...]
    group: str


class Outline(msgspec.Struct, frozen=True):
    """All decisions of a protocol, and where the label of each message stands.

    `loops` are the edits that let a role decide a `loop while`, each with the decision it makes.
    """

    decisions: tuple[RepairDecision, ...]
    messages: dict[Span, tuple[BlockPath, int]]
    blocks: dict[BlockPath, ast.Block]
    loops: dict[DecideLoop, tuple[RepairDecision, ...]]


def outline(protocol: ast.Protocol) -> Outline:
    """The outline of a protocol in the order of the text."""
    blocks = dict(blocks_of(protocol))
    messages: dict[Span, tuple[BlockPath, int]] = {}
    decisions: list[RepairDecision] = []
    loops: dict[DecideLoop, tuple[RepairDecision, ...]] = {}
    for path, block in blocks.items():
        for index, statement in enumerate(block):
            match statement:
                case ast.Send(message=message) | ast.Broadcast(message=message):
                    messages[message.label.span] = path, index
                case ast.Choice():
                    decisions.append(_choice(statement, (*path, index)))
                case ast.Case():
                    decisions += _case(statement, (*path, index))
                case ast.Loop(kind=ast.Decide(decider)):
                    decisions += _loop(statement, decider, path, index)
                case ast.Loop(kind=ast.While(), body=body):
                    send = leading_send(body)
                    if send is not None:
                        decider = bare(send.sender)
                        made = tuple(_loop(statement, decider, path, index))
                        loops[DecideLoop(path, index, decider)] = made
                case ast.Par() | ast.Loop() | ast.Rec() | ast.Continue() | ast.Call() | ast.Let():
                    continue
                case ast.Timeout() | ast.OperationStatement():
                    continue
    return Outline(tuple(decisions), messages, blocks, loops)


def _choice(choice: ast.Choice, path: BlockPath) -> RepairDecision:
    alternatives = []
    for number, branch in enumerate(choice.branches):
        inner = (*path, number)
        first = _first_message(branch.body, inner)
        if first is not None:
            gap, receiver = first
            alternatives.append(RepairAlternative(branch.label.text, gap, receiver, inner))
    return RepairDecision(bare(choice.decider), tuple(alternatives), _group(path))


def _case(case: ast.Case, path: BlockPath) -> Iterator[RepairDecision]:
    """The arms of a case as alternatives of the role that sends first in every one."""
    alternatives = []
    deciders = []
    for number, arm in enumerate(case.arms):
        first = _first_message(arm.body, (*path, number))
        if first is None or first[1] is None:
            return
        gap, receiver = first
        alternatives.append(RepairAlternative(arm.constructor.text, gap, receiver, (*path, number)))
        statement = leading_send(arm.body)
        deciders += [] if statement is None else [bare(statement.sender)]
    if len(deciders) == len(case.arms) and len(set(deciders)) == 1:
        yield RepairDecision(deciders[0], tuple(alternatives), _group(path))


def _loop(
    loop: ast.Loop, decider: ast.RoleRef, path: BlockPath, index: int
) -> Iterator[RepairDecision]:
    inner = (*path, index, 0)
    first = _first_message(loop.body, inner)
    if first is None:
        return
    gap, receiver = first
    label = _label_before(loop.body, gap)
    yield RepairDecision(
        bare(decider),
        (
            RepairAlternative(label, gap, receiver, inner),
            RepairAlternative("Done", RepairGap(path, index + 1), receiver),
        ),
        _group((*path, index)),
    )


def _group(path: BlockPath) -> str:
    return ".".join(map(str, path))


def _label_before(body: ast.Block, gap: RepairGap) -> str:
    statement = body[gap.index - 1] if gap.index <= len(body) else None
    return statement.message.label.text if isinstance(statement, ast.Send) else "Again"


def _first_message(body: ast.Block, path: BlockPath) -> tuple[RepairGap, ast.RoleRef | None] | None:
    """The gap behind the first message of a block, when it begins with one, and its receiver."""
    for index, statement in enumerate(body):
        match statement:
            case ast.Send(receiver=receiver):
                return RepairGap(path, index + 1), bare(receiver)
            case ast.Broadcast() | ast.Call():
                return RepairGap(path, index + 1), None
            case ast.Let(body=inner) if inner:
                return _first_message(inner, (*path, index, 0))
            case ast.Choice() | ast.Case() | ast.Par() | ast.Loop() | ast.Rec() | ast.Timeout():
                return None
            case ast.Continue():
                return None
            case ast.Let() | ast.OperationStatement():
                continue
    return None


def concerns(ref: ast.RoleRef, role: str) -> bool:
    """True when a reference may stand for a role of the graph, such as `Devices[1]`."""
    name, _, rest = role.partition("[")
    if ref.name.text != name:
        return False
    match ref.index:
        case ast.ConstIndex(value):
            return rest == f"{value}]"
        case ast.RangeIndex(int(low), int(high)):
            return low <= int(rest[:-1] or 0) < high
        case None | ast.AnyIndex() | ast.NameIndex() | ast.RangeIndex():
            return True


def acts_in(statement: ast.Statement, role: str) -> bool:
    """True when a role sends or receives in a statement or anywhere inside it."""
    work = [statement]
    while work:
        at = work.pop()
        match at:
            case ast.Send(sender=sender, receiver=receiver):
                if concerns(sender, role) or concerns(receiver, role):
                    return True
            case ast.Broadcast() | ast.Call():
                return True
            case ast.Choice() | ast.Par() | ast.Loop() | ast.Rec() | ast.Continue() | ast.Let():
                work += [inner for block in child_blocks(at) for inner in block]
            case ast.Case() | ast.Timeout() | ast.OperationStatement():
                work += [inner for block in child_blocks(at) for inner in block]
    return False


def first_action(block: ast.Block, role: str) -> int | None:
    """The first statement of a block in which a role acts."""
    return next((i for i, statement in enumerate(block) if acts_in(statement, role)), None)


def gaps_behind(decision: RepairDecision, found: Outline, role: str) -> list[RepairGap]:
    """The gaps behind a choice, where its branches have met: at once, and before the next own
    action of a role in this block or in one around it.
    """
    path = tuple(map(int, decision.group.split(".")))
    at_once = RepairGap(path[:-1], path[-1] + 1)
    while len(path) > 1:
        block, at = path[:-1], path[-1] + 1
        own = first_action(found.blocks[block][at:], role)
        if own is not None:
            return list(dict.fromkeys((at_once, RepairGap(block, at + own))))
        path = block[:-1]
    return [at_once]


def is_one(ref: ast.RoleRef) -> bool:
    """True when a reference stands for one role."""
    return ref.index is None or isinstance(ref.index, ast.ConstIndex)
