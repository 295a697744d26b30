"""A tree as canonical text: one spelling for every construct, in the layout surface.

Two texts with the same tree differ after printing only in their comments and in where single blank
lines stand. Nesting is followed on an explicit stack.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from tellverify.language.syntax import ast
from tellverify.language.syntax.printing import phrases
from tellverify.language.syntax.printing.items import item_rows
from tellverify.language.syntax.printing.rows import (
    LARGEST,
    PrintedRow,
    RowPlaces,
    RowTooLarge,
    write,
)
from tellverify.source.span import Span

WIDTH: Final = 100
STEP: Final = 2
_BRANCH: Final = 4


class _Body(msgspec.Struct, frozen=True):
    """Statements that are still to be laid out at a column."""

    block: ast.Block
    indent: int


_Part: TypeAlias = PrintedRow | _Body


def print_file(file: ast.File, source: str = "") -> str:
    """`file` in canonical layout. Parsing the text gives the same tree again.

    The comments of the file and its blank lines are taken over from `source`, the text that the
    spans of the tree belong to; without it there are none. Raises RowTooLarge where the nesting
    makes the text unreasonably large.
    """
    comments = file.comments if source else ()
    printer = _Printer(RowPlaces(source, comments))
    printer.file(file)
    printer.inside.sort()
    return write(printer.rows, printer.places, printer.inside)


class _Printer:
    """The rows of one file in the order of the text."""

    def __init__(self, places: RowPlaces) -> None:
        self.places = places
        self.rows: list[PrintedRow] = []
        self.inside: list[Span] = []  # opaque text, whose comments are part of it
        self._size = 0

    def file(self, file: ast.File) -> None:
        """All items; those before the protocols may be text of one line."""
        for item in (file.module, *file.imports, *file.declarations):
            if item is None:
                continue
            self.rows.extend(item_rows(item, self.places, self.inside))
            if isinstance(item, ast.Operation):
                self.body(item.body, STEP)
                self.rows[-1] = msgspec.structs.replace(self.rows[-1], apart_after=True)
        for protocol in file.protocols:
            self.protocol(protocol)

    def protocol(self, protocol: ast.Protocol) -> None:
        """A protocol with its local ones."""
        head = [f"protocol {protocol.name.text}"]
        if protocol.header_roles is not None:
            head.append(f"({phrases.roles(protocol.header_roles)})")
        for word, names in (
            ("requires", protocol.requires),
            ("uses", protocol.uses),
            ("under", protocol.under),
        ):
            if names:
                head.append(f" {word} {phrases.names(names)}")
        start = protocol.span.start
        self.rows.append(
            PrintedRow(
                0, "".join(head) + " =", start, protocol.name.span.end, opens=True, apart=True
            )
        )
        if protocol.roles is not None:
            span = protocol.roles_span
            roles = f"roles {phrases.roles(protocol.roles)}"
            self.rows.append(PrintedRow(STEP, roles, span.start, span.end))
        self.body(protocol.body, STEP)
        if protocol.locals:
            last = protocol.body[-1].span.end if protocol.body else protocol.roles_span.end
            self.rows.append(PrintedRow(0, "where", self.after(last), opens=True))
        for local in protocol.locals:
            self.local(local)

    def local(self, local: ast.LocalProtocol) -> None:
        """A protocol below `where`."""
        head = f"protocol {local.name.text}"
        if local.header_roles is not None:
            head += f"({phrases.roles(local.header_roles)})"
        span = Span(local.span.start, local.name.span.end)
        self.rows.append(PrintedRow(STEP, f"{head} =", span.start, span.end, opens=True))
        if local.roles is not None:
            first, last = local.roles[0], local.roles[-1]
            roles = f"roles {phrases.roles(local.roles)}"
            self.rows.append(PrintedRow(2 * STEP, roles, first.span.start, last.span.end))
        self.body(local.body, 2 * STEP)

    # Statements

    def body(self, block: ast.Block, indent: int) -> None:
        """The statements of a block with everything in them."""
        todo: list[_Part] = [_Body(block, indent)]
        while todo:
            part = todo.pop()
            if isinstance(part, PrintedRow):
                self._size += part.indent + len(part.text)
                if self._size > LARGEST:
                    raise RowTooLarge
                self.rows.append(part)
                continue
            if len(part.block) > 1:
                todo.extend(_Body((one,), part.indent) for one in reversed(part.block))
            elif part.block:
                todo.extend(reversed(self.statement(part.block[0], part.indent)))

    def statement(self, statement: ast.Statement, indent: int) -> list[_Part]:
        """The rows of a statement, with the bodies in it still to be laid out."""
        span = statement.span
        match statement:
            case ast.Send() | ast.Broadcast():
                return list(self.communication(statement, indent))
            case ast.Choice():
                head = f"choice {phrases.role(statement.decider)} at"
                parts = [self.head(head, indent, span.start, statement.decider.span.end)]
                for branch in statement.branches:
                    parts.extend(self.branch(branch, indent + STEP))
                return parts
            case ast.Case():
                head = f"case {phrases.expression(statement.scrutinee)} of"
                parts = [self.head(head, indent, span.start, statement.scrutinee.span.end)]
                for arm in statement.arms:
                    parts.extend(self.arm(arm, indent + STEP))
                return parts
            case ast.Par():
                return self.par(statement, indent)
            case ast.Loop():
                head = self.loop_head(statement.kind)
                opening = self.head(head, indent, span.start, statement.head.end)
                return [opening, _Body(statement.body, indent + STEP)]
            case ast.Rec():
                opening = self.head(
                    f"rec {statement.name.text}", indent, span.start, statement.name.span.end
                )
                return [opening, _Body(statement.body, indent + STEP)]
            case ast.Let(body=body) if body is not None:
                bound = phrases.expression(statement.value)
                head = f"{phrases.let_head(statement.mode)} {statement.name.text} = {bound} in"
                opening = self.head(head, indent, span.start, statement.value.span.end)
                return [opening, _Body(body, indent + STEP)]
            case ast.Timeout():
                return self.timeout(statement, indent)
            case ast.Continue() | ast.Call() | ast.Let() | ast.OperationStatement():
                return [PrintedRow(indent, phrases.simple(statement), span.start, span.end, indent)]

    def head(self, text: str, indent: int, start: int, end: int) -> _Part:
        """A row that opens a block."""
        return PrintedRow(indent, text, start, end, indent, opens=True)

    def loop_head(self, kind: ast.LoopKind) -> str:
        """`loop` and how often."""
        match kind:
            case ast.Decide(decider=decider):
                return f"loop decide by {phrases.role(decider)}"
            case ast.Repeat(count=count):
                return f"loop repeat {count}"
            case ast.While(text=text):
                return f'loop while "{text}"'
            case ast.Forever():
                return "loop forever"

    def branch(self, branch: ast.Branch, indent: int) -> list[_Part]:
        """`| Label guard =>` and its body."""
        guard = branch.guard
        end = branch.label.span.end if guard is None else guard.span.end
        if isinstance(guard, ast.WhenPredicate):
            self.inside.append(guard.span)
        head = f"| {branch.label.text}{phrases.guard(guard)} =>"
        opening = self.head(head, indent, branch.span.start, end)
        return [opening, _Body(branch.body, indent + _BRANCH)]

    def arm(self, arm: ast.Arm, indent: int) -> list[_Part]:
        """`| Constructor(binders) =>` and its body."""
        binders = f"({phrases.names(arm.binders)})" if arm.binders else ""
        end = arm.binders[-1].span.end if arm.binders else arm.constructor.span.end
        opening = self.head(f"| {arm.constructor.text}{binders} =>", indent, arm.span.start, end)
        return [opening, _Body(arm.body, indent + _BRANCH)]

    def par(self, par: ast.Par, indent: int) -> list[_Part]:
        """A branch of one line stands behind its bar, any other below it."""
        start = par.span.start
        parts = [self.head("par", indent, start, start + len("par"))]
        last = start + len("par")
        for block in par.branches:
            bar = self.after(last)
            rows = self.one_line(block, indent + 2 * STEP)
            if rows is not None:
                text = f"| {rows.text}"
                parts.append(PrintedRow(indent + STEP, text, bar, rows.end, indent + STEP))
            else:
                parts.append(self.head("|", indent + STEP, bar, bar + 1))
                parts.append(_Body(block, indent + 2 * STEP))
            last = block[-1].span.end if block else bar + 1
        return parts

    def one_line(self, block: ast.Block, indent: int) -> PrintedRow | None:
        """The row of a block that is a single statement of one line."""
        if len(block) != 1 or isinstance(
            block[0], ast.Choice | ast.Case | ast.Par | ast.Loop | ast.Rec | ast.Timeout
        ):
            return None
        opaque = len(self.inside)
        rows = self.statement(block[0], indent)
        row = rows[0]
        if len(rows) == 1 and isinstance(row, PrintedRow):
            return row
        del self.inside[opaque:]
        return None

    def timeout(self, timeout: ast.Timeout, indent: int) -> list[_Part]:
        """The body, and a body for each way in which it ends early."""
        head = f"timeout {phrases.duration(timeout.duration)} {phrases.role(timeout.owner)} at"
        parts = [
            self.head(head, indent, timeout.span.start, timeout.head.end),
            _Body(timeout.body, indent + STEP),
        ]
        last = timeout.body
        for word, block in (("timeout", timeout.on_timeout), ("cancel", timeout.on_cancel)):
            if block is not None:
                place = self.after(last[-1].span.end if last else 0)
                parts.append(self.head(f"on {word} =>", indent, place, place))
                parts.append(_Body(block, indent + STEP))
                last = block
        return parts

    def communication(self, statement: ast.Send | ast.Broadcast, indent: int) -> list[PrintedRow]:
        """One row, or the record with an entry a row and the arrow below it."""
        sender = phrases.role(statement.sender)
        message = phrases.message(statement.message)
        if statement.message.bracket:
            self.inside.append(self.payload(statement.message))
        match statement:
            case ast.Send(receiver=receiver):
                arrow = f"-> {phrases.role(receiver)} : {message}"
            case ast.Broadcast():
                arrow = f"->* : {message}"
        span, record = statement.span, statement.record
        entries = [] if record is None else phrases.entries(record)
        if record is not None and len(entries) < 2:
            sender += " {}" if not entries else f" {{ {entries[0]} }}"
        if len(entries) < 2:
            line = f"{sender} {arrow}"
            if indent + len(line.partition("\n")[0]) <= WIDTH:
                far = "\n" in line
                return [
                    PrintedRow(
                        indent, line, span.start, span.end, indent, apart=far, apart_after=far
                    )
                ]
            rows = [PrintedRow(indent, sender, span.start, span.start + 1, indent, apart=True)]
        else:
            rows = self.record(sender, entries, statement, indent)
        end = statement.sender.span.end if record is None else record.span.end
        place = self.after(end)
        rows.append(
            PrintedRow(indent + STEP, arrow, place, span.end, indent, tight=True, apart_after=True)
        )
        return rows

    def record(
        self,
        sender: str,
        entries: list[str],
        statement: ast.Send | ast.Broadcast,
        indent: int,
    ) -> list[PrintedRow]:
        """An entry a row, each behind a comma below the brace."""
        given = statement.record.entries if statement.record is not None else ()
        start = statement.span.start
        end = given[0].span.end
        rows = [PrintedRow(indent, f"{sender} {{ {entries[0]}", start, end, indent, apart=True)]
        column = indent + len(sender) + 1
        for text, entry in zip(entries[1:], given[1:], strict=True):
            span = entry.span
            rows.append(PrintedRow(column, f", {text}", span.start, span.end, indent, tight=True))
        rows[-1] = msgspec.structs.replace(rows[-1], text=f"{rows[-1].text} }}")
        return rows

    # Places

    def after(self, offset: int) -> int:
        """The next code in the source behind `offset`."""
        return self.places.code_after(offset) if self.places.text else -1

    def payload(self, message: ast.Message) -> Span:
        """Where the payload of a message stands."""
        end = message.span.end - 1
        text = self.places.text
        while 0 < end <= len(text) and text[end - 1].isspace():
            end -= 1
        return Span(end - len(message.payload), end)


__all__ = ["RowTooLarge", "print_file"]
