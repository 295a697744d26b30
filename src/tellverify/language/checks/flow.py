"""Control flow: recursion, choices, loops, parallel branches, and dropped or unreachable code."""

from __future__ import annotations

from typing import NamedTuple

from tellverify.diagnostics import flow as say
from tellverify.diagnostics import structure
from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.language.checks.suggest import closest
from tellverify.language.checks.walk import (
    DONE,
    Walk,
    child_blocks,
    drive,
    head_place,
    is_desugared,
    leading_send,
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
        self._roles = {role.name.text for role in declared_roles(protocol)}
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
        self._receivers(choice)
        for branch in branches:
            self._beginning(choice.decider, branch, place)
            yield self._block(branch.body, place._replace(nested=True))

    def _receivers(self, choice: ast.Choice) -> None:
        """Whether all branches begin toward one role; branches that do not begin by a send pass."""
        first: ast.RoleRef | None = None
        for branch in choice.branches:
            send = leading_send(branch.body)
            if send is None or not same_role(send.sender, choice.decider):
                continue
            if self._roles and send.receiver.name.text not in self._roles:
                continue  # that is a finding by itself
            if first is None:
                first = send.receiver
            elif not same_role(first, send.receiver):
                one = (first.span, role_text(first))
                other = (send.receiver.span, role_text(send.receiver))
                self.found.append(
                    say.different_receivers(self.where, role_text(choice.decider), one, other)
                )
                return

    def _beginning(self, decider: ast.RoleRef, branch: ast.Branch, place: FlowPlace) -> None:
        """Every branch must begin with a send by the decider."""
        label, who = branch.label, role_text(decider)
        if not branch.body:
            self.found.append(say.empty_choice_branch(self.where, label.text, who, label.span))
            return
        start = self._summaries.begins(branch.body)
        if isinstance(start, ast.Send) and same_role(start.sender, decider):
            return
        upstream = "accepts" if place.nested else "rejects"
        summary = self._summaries.of_block(branch.body)
        if isinstance(start, ast.Choice) and same_role(start.decider, decider):
            text, span = statement_text(start), head_place(start)
            self.found.append(
                say.late_first_send(self.where, label.text, who, f"`{text}`", span, span, upstream)
            )
            return  # the branches of that choice are judged by themselves
        stranger = next((s for s in summary.first if not same_role(s.sender, decider)), None)
        if stranger is not None and _may_be(stranger.sender, decider):
            return  # that no single member decides is found by its name
        if stranger is not None:
            sender = role_text(stranger.sender)
            others = [(label.span, f"branch `{label.text}`"), (decider.span, f"`{who}` decides")]
            self.found.append(
                say.branch_not_by_decider(
                    self.where, label.text, who, sender, stranger.sender.span, others, upstream
                )
            )
        elif summary.first and not summary.silent:
            written = branch.body[0]
            span, send = head_place(written), head_place(summary.first[0])
            text = f"`{statement_text(written)}`"
            if isinstance(written, ast.Broadcast):
                text = "a broadcast"
            self.found.append(
                say.late_first_send(self.where, label.text, who, text, span, send, upstream)
            )
        elif not self._reported(start, place):
            others = [(decider.span, f"`{who}` decides")]
            self.found.append(
                say.branch_not_by_decider(
                    self.where, label.text, who, "", label.span, others, upstream
                )
            )

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
        self._arms(case, place.after)
        inner = place._replace(unlinked=place.unlinked or ("case", head_place(case)))
        for arm in case.arms:
            yield self._block(arm.body, inner)

    def _arms(self, case: ast.Case, after: Summary) -> None:
        """One role must begin all arms, or none may begin with a message."""
        parts = [(arm, self._summaries.of_block(arm.body)) for arm in case.arms]
        loud = [(arm.constructor, send) for arm, part in parts for send in part.first]
        if not loud:
            return
        constructor, first = loud[0]
        for other_constructor, send in loud[1:]:
            if not same_role(send.sender, first.sender):
                one = (first.sender.span, role_text(first.sender), constructor.text)
                other = (send.sender.span, role_text(send.sender), other_constructor.text)
                self.found.append(say.case_senders(self.where, one, other))
                return
        told = [same_role(send.sender, first.sender) for send in after.first]
        if told and all(told) and not after.silent:
            return  # a silent arm continues with a message of the same role
        for arm, part in parts:
            if part.silent and part.ends:
                self.found.append(
                    say.silent_case(
                        self.where,
                        arm.constructor.text,
                        arm.constructor.span,
                        role_text(first.sender),
                        head_place(first),
                    )
                )
                return

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


def _may_be(sender: ast.RoleRef, decider: ast.RoleRef) -> bool:
    """Whether a decider that is no single member of a family may be the sender."""
    single = isinstance(decider.index, ast.ConstIndex)
    return sender.name.text == decider.name.text and not single
