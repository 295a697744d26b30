"""Bodies and statements of the brace surface, on an explicit stack of open bodies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tellverify.diagnostics import brace as say
from tellverify.diagnostics import syntax as faults
from tellverify.language.braces import phrases
from tellverify.language.braces.tokens import BraceToken, Cursor, TokenFault
from tellverify.language.syntax import ast
from tellverify.language.syntax.recovery.recovery import MOST_FAULTS
from tellverify.source.span import Span

_REMOVED: Final = frozenset(
    (
        *("heartbeat", "handshake", "retry", "quorum_collect", "acquire", "release", "fork"),
        *("join", "abort", "delegate", "tag", "check", "transfer"),
    )
)


class Frame:
    """A body that is being read; `finish` makes the statement it is the body of."""

    __slots__ = ("alternatives", "branches", "finish", "kind", "opening", "single", "stmts")

    def __init__(
        self,
        kind: str,
        opening: BraceToken,
        finish: Callable[[Frame, int], None],
        single: bool = False,
    ) -> None:
        self.kind = kind
        self.opening = opening
        self.finish = finish
        self.single = single  # ends with its first statement
        self.stmts: list[ast.Statement] = []
        self.branches: list[ast.Block] = []  # of a par
        self.alternatives: list[ast.Branch] = []  # of a choice


class Bodies:
    """The statements of one protocol."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.frames: list[Frame] = []
        self.locals: list[ast.LocalProtocol] = []
        self.has_roles = False

    def bodies(self) -> None:
        """Reads until the body on the bottom of the stack is closed."""
        cursor = self.cursor
        while self.frames:
            frame = self.frames[-1]
            if cursor.next.kind == "end":
                self._close_all()
                return
            place = cursor.place
            if len(cursor.faults) > MOST_FAULTS:
                cursor.place = len(cursor.tokens) - 1
                self.frames.clear()
                return
            try:
                self._part(frame)
            except TokenFault:
                cursor.skip_statement()
                if cursor.place == place and cursor.is_at("|") and frame.kind != "par":
                    cursor.take()
                if frame.single and self.frames and self.frames[-1] is frame:
                    self._close(frame)

    def _part(self, frame: Frame) -> None:
        """The next statement or branch of a body, or its end."""
        cursor = self.cursor
        if cursor.is_at("}"):
            if frame.single:
                raise cursor.unexpected("a statement")
            cursor.take()
            if frame.kind in ("choice", "par", "body", "block"):
                cursor.accept(";")
            self._close(frame)
        elif frame.kind == "choice":
            self._alternative(frame)
        elif frame.kind == "par" and cursor.is_at("|"):
            bar = cursor.take()
            if frame.stmts:
                frame.branches.append(tuple(frame.stmts))
                frame.stmts = []
            elif frame.branches:
                self._empty(bar.span, "a branch")
        else:
            self._statement()

    def _close(self, frame: Frame) -> None:
        self.frames.pop()
        end = self.cursor.last_end
        if not frame.stmts and not frame.branches and frame.kind != "choice":
            only_roles = frame.kind == "body" and self.has_roles
            if not only_roles and not frame.single:
                self._empty(Span(frame.opening.start, end), "a body")
        frame.finish(frame, end)

    def _empty(self, span: Span, what: str) -> None:
        text = f"{what} with nothing in it"
        help_text = "put a message into it"
        self.cursor.faults.append(say.no_layout_form(self.cursor.path, span, text, help_text))

    def _close_all(self) -> None:
        """The text ends inside of bodies: the innermost open brace is reported."""
        cursor = self.cursor
        opening = next(frame.opening for frame in reversed(self.frames) if not frame.single)
        cursor.faults.append(faults.unclosed_bracket(cursor.path, opening.span, "{"))
        while self.frames:
            frame = self.frames.pop()
            frame.finish(frame, cursor.last_end)

    def _add(self, statement: ast.Statement) -> None:
        """A statement of the innermost body, which ends with it if it has no braces."""
        frame = self.frames[-1]
        frame.stmts.append(statement)
        if frame.single:
            self._close(frame)

    # Statements

    def _statement(self) -> None:
        cursor = self.cursor
        word, following = cursor.next, cursor.ahead(1)
        is_role = following.text in ("->", "->*") or word.kind != "word"
        match "" if is_role else word.text:
            case "choice" | "case":
                self._choice()
            case "loop":
                self._loop()
            case "par" | "parallel" if following.text == "{":
                self._par()
            case "rec":
                cursor.take()
                name = phrases.name_of(cursor.name())
                self._open(
                    "block",
                    lambda f, end: self._add(ast.Rec(name, tuple(f.stmts), Span(word.start, end))),
                )
            case "continue":
                cursor.take()
                name = phrases.name_of(cursor.name())
                self._end()
                self._add(ast.Continue(name, Span(word.start, name.span.end)))
            case "call":
                cursor.take()
                name = phrases.name_of(cursor.name())
                self._end()
                self._add(ast.Call(name, Span(word.start, name.span.end)))
            case "protocol":
                self._local()
            case _ if word.text in _REMOVED and not is_role and following.text not in ("[", "{"):
                cursor.faults.append(say.removed_statement(cursor.path, word.span, word.text))
                raise TokenFault
            case _:
                self._communication()

    def _end(self) -> None:
        """The `;` behind a statement; the last one of a body needs none."""
        cursor = self.cursor
        if not cursor.accept(";") and not cursor.is_at("}", "|", ","):
            raise cursor.unexpected("`;`")

    def _open(self, kind: str, finish: Callable[[Frame, int], None]) -> None:
        opening = self.cursor.expect("{")
        self.frames.append(Frame(kind, opening, finish))

    def _local(self) -> None:
        """A protocol in a protocol."""
        cursor = self.cursor
        if len(self.frames) > 1:
            raise cursor.unexpected("a statement")
        word = cursor.take()
        name = phrases.name_of(cursor.name("the name of the protocol"))
        found = self.locals

        def finish(frame: Frame, end: int) -> None:
            found.append(ast.LocalProtocol(name, tuple(frame.stmts), span=Span(word.start, end)))

        self._open("block", finish)

    def _communication(self) -> None:
        """A message or a broadcast with the annotations in front of it."""
        cursor = self.cursor
        notes: list[ast.RecordEntry] = []
        first = cursor.next
        while cursor.is_at("@"):
            notes.append(phrases.annotation(cursor))
            cursor.accept(";")
        if notes and not self._is_sender():
            text = cursor.text[first.start : notes[0].span.end]
            cursor.faults.append(
                say.misplaced_annotation(
                    cursor.path, Span(first.start, notes[-1].span.end), text.split("\n")[0]
                )
            )
            return
        sender = phrases.role(cursor)
        record = phrases.record(cursor)
        if notes:
            given = record.entries if record is not None else ()
            span = record.span if record is not None else notes[0].span
            record = ast.Record((*given, *notes), span)
        start = sender.span.start
        everyone = cursor.accept("->*") is not None
        if not everyone:
            cursor.expect("->")
            everyone = cursor.accept("*") is not None
        receiver = sender if everyone else phrases.role(cursor)
        if not everyone and cursor.is_at("["):
            what = "an annotation of the receiver"
            help_text = "put it behind the sender"
            cursor.faults.append(say.no_layout_form(cursor.path, cursor.next.span, what, help_text))
            raise TokenFault
        cursor.expect(":")
        message = phrases.message(cursor)
        end = cursor.last_end
        self._end()
        if everyone:
            self._add(ast.Broadcast(sender, message, record, Span(start, end)))
        else:
            self._add(ast.Send(sender, receiver, message, record, Span(start, end)))

    def _is_sender(self) -> bool:
        word, following = self.cursor.next, self.cursor.ahead(1).text
        is_block = following == "{" and word.text in ("loop", "par", "parallel")
        return word.kind == "word" and following in ("->", "->*", "[", "{") and not is_block

    def _choice(self) -> None:
        """`choice R {`, `choice at R {`, `choice R at {` or `case choose R of {`."""
        cursor = self.cursor
        word = cursor.take()
        if word.text == "case":
            cursor.expect("choose")
            decider = phrases.role(cursor)
            cursor.expect("of")
        else:
            if cursor.is_at("at") and cursor.ahead(1).kind == "word":
                cursor.take()
            decider = phrases.role(cursor)
            cursor.accept("at")

        def finish(frame: Frame, end: int) -> None:
            if not frame.alternatives and not cursor.faults:
                self._empty(Span(frame.opening.start, end), "a choice")
            self._add(ast.Choice(decider, tuple(frame.alternatives), Span(word.start, end)))

        self._open("choice", finish)

    def _alternative(self, choice: Frame) -> None:
        """`label guard: body`; the body is in braces or a single statement."""
        cursor = self.cursor
        bar = cursor.accept("|")
        label = phrases.name_of(cursor.name("the label of a branch"))
        guard = phrases.guard(cursor)
        is_open = cursor.is_at("{")
        if not is_open:
            cursor.expect(":", "=>", "->")
            is_open = cursor.is_at("{")
        start = bar.start if bar is not None else label.span.start

        def finish(frame: Frame, end: int) -> None:
            span = Span(start, end)
            choice.alternatives.append(ast.Branch(label, tuple(frame.stmts), guard, span))
            cursor.accept(",", ";")

        if is_open:
            self._open("branch", finish)
        else:
            self.frames.append(Frame("branch", cursor.next, finish, single=True))

    def _loop(self) -> None:
        cursor = self.cursor
        word = cursor.take()
        if cursor.accept("("):
            kind = self._loop_kind(":")
            cursor.expect(")")
        else:
            kind = self._loop_kind("")
        head = Span(word.start, cursor.last_end)
        self._open(
            "block",
            lambda frame, end: self._add(
                ast.Loop(kind, tuple(frame.stmts), head, Span(word.start, end))
            ),
        )

    def _loop_kind(self, colon: str) -> ast.LoopKind:
        """`decides: R`, `count: n` or `custom: "..."`; without parentheses as in layout."""
        cursor = self.cursor
        if not colon and cursor.is_at("{"):
            return ast.Forever()
        word = cursor.expect(
            "decides", "decide", "count", "repeat", "custom", "while", "forever"
        ).text
        if word == "forever":
            return ast.Forever()
        if word == "decide":
            cursor.accept("by")
        if colon:
            cursor.expect(colon)
        if word in ("decides", "decide"):
            return ast.Decide(phrases.role(cursor))
        if word in ("count", "repeat"):
            return ast.Repeat(phrases.bound(cursor))
        return ast.While(cursor.string()[0])

    def _par(self) -> None:
        """`parallel { ... | ... }`"""
        word = self.cursor.take()

        def finish(frame: Frame, end: int) -> None:
            if frame.stmts:
                frame.branches.append(tuple(frame.stmts))
            self._add(ast.Par(tuple(frame.branches), Span(word.start, end)))

        self._open("par", finish)
