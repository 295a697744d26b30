"""From statements to instructions, at given sizes of the role families."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tellverify.language.checks.walk import (
    DONE,
    Walk,
    drive,
    leading_send,
    loop_text,
    names_one,
    same_role,
)
from tellverify.language.lowering.determinize import Rows, determinize
from tellverify.language.lowering.families import RoleFault
from tellverify.language.lowering.interleave import interleave, shared_events
from tellverify.language.lowering.lowering_notes import LoweringNotes
from tellverify.language.lowering.numbering import StateNumbering
from tellverify.language.lowering.program import OverBudget, Program, ScopeDraft, Tag
from tellverify.language.lowering.sites import least_responses, milliseconds
from tellverify.language.syntax import ast


class Emitter:
    """Writes one program for a protocol.

    `alone` is None when parallel branches are to be interleaved. Otherwise they are written one
    after the other, except that of a par statement in `alone` (by identity) one branch alone is.
    With `nested` a par statement is one transition, whose sender is the number of roles and as much
    more as there are entries in `nested` before its own: the graphs of its branches.
    """

    def __init__(
        self,
        protocol: ast.Protocol,
        tables: StateNumbering,
        budget: int,
        alone: Mapping[int, int] | None = None,
        nested: list[tuple[Rows, ...]] | None = None,
    ) -> None:
        self.tables = tables
        self.notes = LoweringNotes(tables, budget)
        self.alone = alone
        self.nested = nested
        self.program = Program()
        self._body = protocol.body
        self._locals = {local.name.text: local for local in reversed(protocol.locals)}
        self._calling: set[str] = set()
        self._scope: dict[str, list[tuple[int, int, int]]] = {}
        self._bodies: list[int] = []  # the scopes in whose bodies a statement stands
        self._level = 0
        self._tag: Tag | None = None
        self._branch = ""

    def run(self) -> Program:
        """Write the whole protocol. Raises OverBudget with the construct that is too large."""
        self.tables.source = self.tables.home
        try:
            drive(self._block(self._body))
        except OverBudget as error:
            if error.args or not self.notes.causes:
                raise
            self.tables.source = self.tables.home
            raise self.notes.too_large(*self.notes.causes[0]) from None
        self.program.exit()
        return self.program

    def _instances(self, ref: ast.RoleRef) -> Sequence[int]:
        try:
            return self.tables.roles.instances(ref)
        except RoleFault as fault:
            self.notes.skip(str(fault), ref.span)
            return ()

    # Statements

    def _block(self, block: ast.Block) -> Walk:
        for statement in block:
            if isinstance(statement, ast.Send):
                self._send(statement)
                continue
            self.notes.spend(1, self.program.here)
            inner = self._compound(statement)
            if inner is None:
                continue
            yield inner
            if not isinstance(statement, ast.Call | ast.Let):
                self._tag = None
            if isinstance(statement, ast.Loop) and isinstance(statement.kind, ast.Forever):
                return  # nothing comes after it
            if isinstance(statement, ast.Continue):
                return

    def _compound(self, statement: ast.Statement) -> Walk | None:
        """The walk of a statement that is more than a send; None when it has no event."""
        match statement:
            case ast.Broadcast():
                self._broadcast(statement)
            case ast.Choice():
                return self._choice(statement)
            case ast.Case():
                return self._case(statement)
            case ast.Par():
                return self._par(statement)
            case ast.Loop():
                return self._loop(statement)
            case ast.Rec():
                return self._rec(statement)
            case ast.Continue():
                self._continue(statement)
                return iter(())
            case ast.Call():
                return self._call(statement)
            case ast.Let(body=body) if body is not None:
                return self._block(body)
            case ast.Timeout():
                return self._timeout(statement)
            case ast.Send() | ast.Let() | ast.OperationStatement():
                pass
        return None

    def _send(self, statement: ast.Send) -> None:
        senders = self._instances(statement.sender)
        receivers = self._instances(statement.receiver)
        if len(senders) == 1 and senders == receivers and names_one(statement):
            self.notes.skip(
                f"`{statement.sender.name.text}` sends a message to itself", statement.sender.span
            )
            return
        self._events(statement, senders, receivers)

    def _broadcast(self, statement: ast.Broadcast) -> None:
        senders = self._instances(statement.sender)
        self._events(statement, senders, self.tables.roles.others(statement.sender.name.text))

    def _events(
        self,
        statement: ast.Send | ast.Broadcast,
        senders: Sequence[int],
        receivers: Sequence[int],
    ) -> None:
        count = len(senders) * len(receivers)
        text = statement.message.label.text
        self.notes.emit(count, text, statement.message.label.span)
        tag, self._tag = self._tag, None
        for responses in least_responses(statement.record):
            if responses and not senders:
                span = statement.message.label.span
                self.notes.skip(
                    f"no member sends what `min_responses : {responses}` waits for", span
                )
            self.tables.roles.note_responses(responses, (*senders[:1], *receivers[:1]))
        label = self.tables.label(text)
        head = label
        if tag is not None and tag.text != text and same_role(tag.decider, statement.sender):
            head = self.tables.label(f"{tag.text}.{text}")
        site = self.tables.site(statement, self._branch)
        if count == 1 and senders[0] != receivers[0]:
            self.program.emit(senders[0], receivers[0], head, site)
            return
        froms: list[int] = []
        tos: list[int] = []
        for sender in senders:
            peers = [peer for peer in receivers if peer != sender]
            froms += [sender] * len(peers)
            tos += peers
        if froms:
            labels = [label] * len(froms)
            labels[0] = head
            if head != label and len(froms) > 1:
                self.tables.roles.note_instance(froms[0])
                self.tables.roles.note_instance(tos[0])
            self.program.emit_all(froms, tos, labels, site)

    def _choice(self, choice: ast.Choice) -> Walk:
        outer, inherited = self._branch, self._tag
        prefix = ""
        if inherited is not None and same_role(inherited.decider, choice.decider):
            prefix = inherited.text + "."
        seen: set[str] = set()
        fork, ends = self.program.fork(), []
        for branch in choice.branches:
            text = branch.label.text
            if text in seen:
                self.notes.repeated.add(text)
            seen.add(text)
            self.program.forks[fork].append(self.program.here)
            self._branch, self._tag = text, Tag(prefix + text, choice.decider)
            yield self._block(branch.body)
            ends.append(self.program.fork())
        self._branch = outer
        self._join(ends)

    def _case(self, case: ast.Case) -> Walk:
        outer, inherited = self._branch, self._tag
        fork, ends = self.program.fork(), []
        for arm in case.arms:
            self.program.forks[fork].append(self.program.here)
            self._branch, self._tag = arm.constructor.text, inherited
            yield self._block(arm.body)
            ends.append(self.program.fork())
        if not case.arms:
            ends.append(fork)
        self._branch = outer
        self._join(ends)

    def _join(self, ends: list[int]) -> None:
        """Lead all of `ends` to the next instruction."""
        for place in ends:
            self.program.forks[place].append(self.program.here)

    def _rec(self, rec: ast.Rec) -> Walk:
        binders = self._scope.setdefault(rec.name.text, [])
        self._tag = None
        head = self.program.fork(self.program.here + 1)
        self.program.marks[head] = (f"rec {rec.name.text}", rec.name.span)
        binders.append((head, self._level, len(self._bodies)))
        yield self._block(rec.body)
        binders.pop()

    def _continue(self, statement: ast.Continue) -> None:
        name = statement.name.text
        binders = self._scope.get(name)
        if not binders:
            self.notes.skip(f"`continue {name}` is not inside a `rec {name}`", statement.name.span)
        elif binders[-1][1] != self._level:
            self.notes.skip(f"`continue {name}` leaves a parallel branch", statement.name.span)
        else:
            head, _, depth = binders[-1]
            for scope in reversed(self._bodies[depth:]):
                self.program.leave(scope)
            self.program.fork(head)

    # Timeouts

    def _timeout(self, statement: ast.Timeout) -> Walk:
        """The body and the alternatives, all of which lead to what follows."""
        owners = self._instances(statement.owner)
        duration = statement.duration
        text = f"timeout {duration.amount}{duration.unit} {statement.owner.name.text}"
        if self._level:
            self.notes.skip(f"`{text}` stands in a parallel branch", statement.head)
            return
        if len(owners) != 1:
            self.notes.skip(f"the timer of `{text}` has {len(owners)} owners", statement.head)
            return
        program = self.program
        site = self.tables.timer_site(statement, self._branch)
        around = self._bodies[-1] if self._bodies else -1
        draft = ScopeDraft(owners[0], around, milliseconds(duration), site)
        scope = len(program.scopes)
        program.scopes.append(draft)
        program.enter(scope)
        self._bodies.append(scope)
        start = program.here
        yield self._block(statement.body)
        self._bodies.pop()
        draft.parts.append(range(start, program.here))
        program.leave(scope)
        ends = [program.fork()]
        for block in (statement.on_timeout, statement.on_cancel):
            if block is None:
                continue
            self._tag = None
            start = program.here
            yield self._block(block)
            draft.parts.append(range(start, program.here))
            ends.append(program.fork())
        self._join(ends)

    def _call(self, call: ast.Call) -> Walk:
        name = call.name.text
        local = self._locals.get(name)
        if local is None:
            self.notes.skip(f"there is no local protocol `{name}`", call.name.span)
        elif name in self._calling:
            self.notes.skip(f"the local protocol `{name}` calls itself", call.name.span)
        else:
            self._calling.add(name)
            self.notes.causes.append((f"call {name}", call.span))
            here = self.tables.source
            self.tables.source = self.tables.imported.get(name, here)
            yield self._block(local.body)
            self.tables.source = here
            self.notes.causes.pop()
            self._calling.remove(name)

    # Loops

    def _loop(self, loop: ast.Loop) -> Walk:
        self._tag = None
        match loop.kind:
            case ast.Forever():
                return self._undecided(loop, may_end=False)
            case ast.Decide(decider):
                send = leading_send(loop.body)
                if send is not None and same_role(send.sender, decider):
                    return self._decide(loop, send)
                return self._undecided(loop)
            case ast.Repeat(count):
                times = count if isinstance(count, int) else self.tables.roles.size_of(count)
                return self._undecided(loop) if times is None else self._repeat(loop, times)
            case ast.While():
                return self._undecided(loop)

    def _head(self, loop: ast.Loop) -> int:
        """A fork at the head of a loop, marked as a place where a cycle may begin."""
        head = self.program.fork(self.program.here + 1)
        self.program.marks[head] = (loop_text(loop.kind), loop.head)
        return head

    def _undecided(self, loop: ast.Loop, *, may_end: bool = True) -> Walk:
        """A loop that no role decides: another round is possible, and the continuation too."""
        head = self._head(loop)
        yield self._block(loop.body)
        self.program.fork(head)
        if may_end:
            self._join([head])

    def _decide(self, loop: ast.Loop, send: ast.Send) -> Walk:
        """The choice between another round and `Done`."""
        outer = self._branch
        head = self._head(loop)
        self._branch = send.message.label.text
        if self._branch == DONE:
            self.notes.repeated.add(DONE)
        yield self._block(loop.body)
        self.program.fork(head)
        self._join([head])
        self._branch = outer
        label, site = self.tables.label(DONE), self.tables.head_site(loop, DONE)
        for sender in self._instances(send.sender):
            for receiver in self._instances(send.receiver):
                if sender != receiver:
                    self.program.emit(sender, receiver, label, site)

    def _repeat(self, loop: ast.Loop, times: int) -> Walk:
        """Copies of a block; each is as long as the first, which tells at once whether all fit."""
        text = loop_text(loop.kind)
        self.notes.causes.append((text, loop.head))
        for copy in range(times):
            before = self.program.here
            yield self._block(loop.body)
            grown = self.program.here - before
            if not grown:
                break  # more rounds of nothing are nothing
            if not copy and before + times * grown > self.notes.budget:
                raise self.notes.too_large(text, loop.head)
            self._tag = None
        self.notes.causes.pop()

    # Parallel branches

    def _par(self, par: ast.Par) -> Walk:
        self._tag = None
        self._level += 1
        self.notes.pars.setdefault(id(par), par)
        yield self._interleaved(par) if self.alone is None else self._in_sequence(par)
        self._level -= 1

    def _placed(self, branches: list[Rows]) -> None:
        """Write a par statement from the graphs of its branches."""
        if self.nested is None:
            self.notes.collisions.update(dict.fromkeys(shared_events(branches)))
            interleave(self.program, branches, self.notes.budget)
            return
        mark = len(self.tables.roles.names) + len(self.nested)
        self.nested.append(tuple(branches))
        self.program.emit(mark, mark, 0, 0)

    def _interleaved(self, par: ast.Par) -> Walk:
        outer = self.program
        text = f"par with {len(par.branches)} branches"
        self.notes.causes.append((text, par.span))
        branches: list[Rows] = []
        for body in par.branches:
            self.program = Program()
            yield self._block(body)
            self.program.exit()
            rows = determinize(self.program, self.notes.budget)
            self.notes.note(rows)
            branches.append(rows)
        self.program = outer
        self._placed(branches)
        self.notes.causes.pop()

    def _in_sequence(self, par: ast.Par) -> Walk:
        assert self.alone is not None
        chosen = self.alone.get(id(par))
        for index, body in enumerate(par.branches):
            if chosen is None or chosen == index:
                before = self.program.here
                yield self._block(body)
                self._tag = None
                if not self.alone:  # channels are measured where nothing is left out
                    channels = self.notes.channels.setdefault((id(par), index), set())
                    channels.update(self.program.channels_from(before))
