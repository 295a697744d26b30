"""Control flow: recursion, choices, loops, parallel branches, and dropped or unreachable code."""

from __future__ import annotations

from typing import NamedTuple

from tellverify.diagnostics import flow as say
from tellverify.diagnostics import structure
from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.language.checks.beginnings import Beginnings
from tellverify.language.checks.suggest import closest
from tellverify.language.checks.walk import (
    DONE,
    Walk,
    child_blocks,
    drive,
    head_place,
    is_desugared,
    loop_text,
    role_text,
    same_role,
    statement_text,
)
from tellverify.language.linking.imports import NOT_LINKED, Linked, with_imported
from tellverify.language.lowering.families import declared_roles
from tellverify.language.lowering.first_and_last import NOTHING, Summaries, Summary
from tellverify.language.syntax import ast
from tellverify.source.span import Span


class Binder(NamedTuple):
    """A `rec` around a statement: how many binders and `par`s are around it."""

    span: Span
    depth: int
    pars: int


class FlowPlace(NamedTuple):
    """The context of a block.

    `guarded`: of the binders around it, this many from outside in are known to be guarded by a
    communication. `nested`: inside a choice branch, where Telltale checks no choice. `unlinked`:
    the construct that hides calls from Telltale, with its span. `deciding`: the head of the
    innermost deciding loop. `after`: the facts known about the statements after the block.
    """

    guarded: int = 0
    after: Summary = NOTHING
    nested: bool = False
    unlinked: tuple[str, Span] | None = None
    deciding: Span | None = None


class FlowCheck:
    """All findings about the control flow of one protocol and its local protocols."""

    def __init__(self, where: Where, protocol: ast.Protocol, linked: Linked = NOT_LINKED) -> None:
        self.where = where
        self.found: list[Diagnostic] = []
        self._protocol = protocol
        self._summaries = Summaries(with_imported(protocol, linked))
        self._bodies: dict[str, ast.Block] = {}
        for local in protocol.locals:
            self._bodies.setdefault(local.name.text, local.body)
        roles = {role.name.text for role in declared_roles(protocol)}
        self._beginnings = Beginnings(where, self._summaries, roles)
        self._own = dict.fromkeys(local.name.text for local in protocol.locals)
        self._locals = {**self._own, **dict.fromkeys(linked.imported)}
        self._excused = linked.excused
        self._binders: dict[str, list[Binder]] = {}
        self._depth = 0
        self._pars: list[Span] = []
        self._local = ""

    def check(self) -> list[Diagnostic]:
        """The findings, in the order in which the statements stand."""
        drive(self._block(self._protocol.body, FlowPlace()))
        for local in self._protocol.locals:
            self._local = local.name.text
            drive(self._block(local.body, FlowPlace()))
        return self.found

    def _block(self, block: ast.Block, place: FlowPlace) -> Walk:
        outer_after = place.after
        follow: list[Summary] = []
        reported = dead = False
        for index, statement in enumerate(block):
            if isinstance(statement, ast.Send | ast.Broadcast):
                place = place._replace(guarded=self._depth)
                continue
            if child_blocks(statement):
                follow = follow or self._summaries.suffixes(block, outer_after)
                place = place._replace(after=follow[index + 1])
            inner = self._statement(statement, place)
            if inner is not None:
                yield inner
            summary = self._summaries.of(statement)
            if index + 1 < len(block) and not dead:
                rest, span = head_place(block[index + 1]), head_place(statement)
                text = statement_text(statement)
                if not summary.ends:
                    dead = True
                    self.found.append(say.unreachable_code(self.where, text, rest, span))
                elif not reported:
                    dropping = self._dropping(statement, place)
                    reported = dropping is not None
                    if dropping is not None:
                        inside = None if dropping is statement else head_place(dropping)
                        self.found.append(say.trailing_code(self.where, text, rest, span, inside))
            if not summary.silent:
                place = place._replace(guarded=self._depth)
            if isinstance(statement, ast.Loop) and is_desugared(statement):
                place = place._replace(nested=True)  # the rest goes into the branch `Done`

    def _dropping(self, statement: ast.Statement, place: FlowPlace) -> ast.Statement | None:
        """The statement after which Telltale drops the rest of the block, None for none.

        A call of a protocol of the same file is replaced by what it calls, and ends the block where
        that does.
        """
        pending, called = [statement], set[str]()
        while pending:
            one = pending.pop()
            if _drops_rest(one):
                return one
            if isinstance(one, ast.Call) and place.unlinked is None:
                local = self._bodies.get(one.name.text)
                if local is not None and one.name.text not in called:
                    called.add(one.name.text)
                    pending.extend(reversed(local))
        return None

    def _statement(self, statement: ast.Statement, place: FlowPlace) -> Walk | None:
        match statement:
            case ast.Choice():
                return self._choice(statement, place)
            case ast.Case():
                return self._case(statement, place)
            case ast.Par():
                return self._par(statement, place)
            case ast.Loop():
                return self._loop(statement, place)
            case ast.Rec():
                return self._rec(statement, place)
            case ast.Continue():
                self._continue(statement, place)
            case ast.Call():
                self._call(statement, place)
            case ast.Let(body=body) if body is not None:
                hidden = place.unlinked or ("let", head_place(statement))
                return self._block(body, place._replace(unlinked=hidden))
            case ast.Timeout():
                return self._timeout(statement, place)
            case ast.Send() | ast.Broadcast() | ast.Let() | ast.OperationStatement():
                pass
        return None

    # Recursion and calls

    def _rec(self, rec: ast.Rec, place: FlowPlace) -> Walk:
        binders = self._binders.setdefault(rec.name.text, [])
        binders.append(Binder(rec.name.span, self._depth, len(self._pars)))
        self._depth += 1
        yield self._block(rec.body, place)
        self._depth -= 1
        binders.pop()

    def _continue(self, statement: ast.Continue, place: FlowPlace) -> None:
        name = statement.name
        binders = self._binders.get(name.text)
        if not binders:
            around = [known for known, open_ in self._binders.items() if open_]
            nearest = closest(name.text, around)
            self.found.append(
                say.unbound_continue(self.where, name.text, name.span, self._local, nearest)
            )
            return
        binder = binders[-1]
        if binder.pars < len(self._pars):
            par = self._pars[-1]
            self.found.append(
                say.continue_leaves_par(self.where, name.text, name.span, binder.span, par)
            )
        elif binder.depth >= place.guarded:
            text = f"continue {name.text}"
            self.found.append(
                say.unguarded_recursion(self.where, text, statement.span, binder.span)
            )

    def _call(self, call: ast.Call, place: FlowPlace) -> None:
        name = call.name.text
        if name in self._excused:
            return  # its import is reported
        if name not in self._locals:
            upstream = "rejects" if place.unlinked is None else "drops"
            nearest = closest(name, [other for other in self._locals if "." not in other])
            self.found.append(
                structure.unknown_call(self.where, name, call.name.span, nearest, upstream)
            )
        elif place.unlinked is not None and name in self._own:
            construct, span = place.unlinked
            self.found.append(structure.dropped_call(self.where, name, construct, call.span, span))

    # Choices

    def _choice(self, choice: ast.Choice, place: FlowPlace) -> Walk:
        branches = choice.branches
        if len(branches) == 1:
            label = branches[0].label
            self.found.append(
                say.single_branch(self.where, role_text(choice.decider), label.text, label.span)
            )
        seen: dict[str, Span] = {}
        for branch in branches:
            label = branch.label
            if label.text in seen:
                self.found.append(
                    say.duplicate_branch(self.where, label.text, seen[label.text], label.span)
                )
            seen.setdefault(label.text, label.span)
        self.found.extend(self._beginnings.receivers(choice))
        for branch in branches:
            start = self._summaries.begins(branch.body)
            reported = self._reported(start, place)
            self.found.extend(
                self._beginnings.branch(
                    choice.decider, branch, start, nested=place.nested, reported=reported
                )
            )
            yield self._block(branch.body, place._replace(nested=True))

    def _reported(self, start: ast.Statement | None, place: FlowPlace) -> bool:
        """True when the beginning of a branch is a fault with a separate finding."""
        match start:
            case ast.Continue(name):
                binders = self._binders.get(name.text)
                return not binders or binders[-1].depth >= place.guarded
            case ast.Call(name):
                return name.text not in self._locals
            case ast.Send() | ast.Broadcast() | ast.Choice() | ast.Par() | ast.Loop() | ast.Rec():
                return False
            case ast.Let() | ast.Case() | ast.Timeout() | ast.OperationStatement() | None:
                return False

    def _case(self, case: ast.Case, place: FlowPlace) -> Walk:
        self.found.extend(self._beginnings.arms(case, place.after))
        inner = place._replace(unlinked=place.unlinked or ("case", head_place(case)))
        for arm in case.arms:
            yield self._block(arm.body, inner)

    def _timeout(self, statement: ast.Timeout, place: FlowPlace) -> Walk:
        hidden = place.unlinked or ("timeout", statement.head)
        inner = place._replace(unlinked=hidden, after=NOTHING)
        yield self._block(statement.body, inner)
        fired = inner._replace(guarded=self._depth)  # the event of the timer comes before it
        yield self._block(statement.on_timeout, fired)
        if statement.on_cancel is not None:
            yield self._block(statement.on_cancel, fired)

    # Loops and parallel branches

    def _loop(self, loop: ast.Loop, place: FlowPlace) -> Walk:
        match loop.kind:
            case ast.Decide(decider):
                regular = self._decide(loop, decider, place)
                deciding = loop.head if regular else place.deciding
                nested = place.nested or regular
                inner = place._replace(deciding=deciding, nested=nested, after=NOTHING)
                yield self._block(loop.body, inner)
            case ast.Forever():
                part = self._summaries.of_block(loop.body)
                if part.silent and part.ends:
                    self.found.append(
                        say.unguarded_recursion(
                            self.where, loop_text(loop.kind), loop.head, loop.head
                        )
                    )
                yield self._block(loop.body, place._replace(after=NOTHING))
            case ast.Repeat() | ast.While():
                yield self._block(loop.body, place._replace(after=NOTHING))

    def _decide(self, loop: ast.Loop, decider: ast.RoleRef, place: FlowPlace) -> bool:
        """Check a deciding loop; True when Telltale turns it into a choice."""
        start = loop.body[0] if loop.body else None
        if not isinstance(start, ast.Send) or not same_role(start.sender, decider):
            who = role_text(decider)
            if start is None:
                primary = (loop.head, "the body is empty")
            elif isinstance(start, ast.Send):
                primary = (start.sender.span, f"`{role_text(start.sender)}` sends first")
            else:
                primary = (head_place(start), f"begins with `{statement_text(start)}`")
            self.found.append(say.undecided_loop(self.where, who, primary, loop.head))
            return False
        label = start.message.label
        if label.text == DONE:
            self.found.append(say.done_collision(self.where, label.span, loop.head))
        if place.deciding is not None:
            self.found.append(say.nested_deciding_loops(self.where, loop.head, place.deciding))
        return True

    def _par(self, par: ast.Par, place: FlowPlace) -> Walk:
        span = head_place(par)
        if len(par.branches) < 2:
            self.found.append(say.par_branches(self.where, len(par.branches), span))
        self._pars.append(span)
        for number, body in enumerate(par.branches, 1):
            if not body:
                self.found.append(say.empty_par_branch(self.where, number, span))
            yield self._block(body, place._replace(after=NOTHING))
        self._pars.pop()


def _drops_rest(statement: ast.Statement) -> bool:
    """True for statements after which Telltale drops the rest of the block."""
    match statement:
        case ast.Choice() | ast.Case() | ast.Timeout() | ast.Par() | ast.Rec() | ast.Continue():
            return True
        case ast.Let(body=body):
            return body is not None
        case ast.Loop():
            return not is_desugared(statement)
        case ast.Send() | ast.Broadcast() | ast.Call() | ast.OperationStatement():
            return False
