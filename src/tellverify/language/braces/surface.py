"""The old brace surface, read onto the same tree as the layout surface.

    protocol Drop { roles: Courier, Depot;
      Courier[flow_cost = 50] -> Depot: Parcel(freight::Parcel);
      choice Depot { ok: { Depot -> Courier: ok; } no: { Depot -> Courier: no; } } }

A payload that is a type becomes the type of the message (`Parcel of freight.Parcel`), annotations
of a statement become entries of its sender's record, and `#[namespace = "ns"]` becomes the module.
Nesting is followed on an explicit stack; a broken statement is left out after one finding.
"""

from __future__ import annotations

import gc
from typing import Final

import msgspec

from tellverify.diagnostics import brace as say
from tellverify.diagnostics import syntax as faults
from tellverify.diagnostics.model import Diagnostic, Severity, sort_key
from tellverify.language.braces import phrases
from tellverify.language.braces.bodies import Bodies, Frame
from tellverify.language.braces.tokens import BraceToken, Cursor, TokenFault
from tellverify.language.syntax import ast
from tellverify.language.syntax.parser import Parsed
from tellverify.language.syntax.recovery.recovery import MOST_FAULTS
from tellverify.source.span import NOWHERE, Span
from tellverify.source.text import SourceFile

_PROTOCOL: Final = ("protocol", "choreography")
_BRACKETS: Final = {"(": ")", "[": "]", "{": "}"}


def parse_brace(source: SourceFile) -> Parsed:
    """The syntax tree of a text on the brace surface, and diagnostics in source order.

    There are at most 100 diagnostics, and one more that says that there would be others.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        reader = _BraceReader(Cursor(source))
        reader.file()
        return reader.parsed()
    finally:
        if collects:
            gc.enable()


class _BraceReader(Bodies):
    """One text on its way to a tree."""

    def __init__(self, cursor: Cursor) -> None:
        super().__init__(cursor)
        self.namespace: ast.Name | None = None
        self.namespace_span = NOWHERE
        self.protocols: list[ast.Protocol] = []
        self.roles: tuple[ast.RoleDecl, ...] | None = None
        self.roles_span = NOWHERE
        self.first = NOWHERE  # what makes it the brace surface

    def parsed(self) -> Parsed:
        """What was read."""
        cursor = self.cursor
        found = cursor.faults
        broken = [fault for fault in found if fault.severity is Severity.ERROR]
        if cursor.foreign_comment is not None:
            span = cursor.foreign_comment
            mark = cursor.text[span.start : span.end]
            found.append(say.mixed_surfaces(cursor.path, span, mark, self.first))
        if not self.protocols and not broken:
            found.append(faults.no_protocol(cursor.path))
        for protocol in self.protocols[1:]:
            name = protocol.name
            first = self.protocols[0].name.span
            found.append(faults.second_protocol(cursor.path, name.span, name.text, first))
        if self.protocols:
            found.append(say.brace_surface(cursor.path, self.first))
        found.sort(key=sort_key)
        if len(found) > MOST_FAULTS:
            span = found[MOST_FAULTS].primary.span
            found[MOST_FAULTS:] = [faults.too_many_faults(cursor.path, span, MOST_FAULTS)]
        return Parsed(self._file(broken), tuple(found))

    def _file(self, broken: list[Diagnostic]) -> ast.File:
        module = None
        if self.namespace is not None:
            exposing = tuple(protocol.name for protocol in self.protocols[:1])
            module = ast.Module(self.namespace, exposing, self.namespace_span)
        last = max((fault.primary.span.end for fault in broken), default=-1)
        return ast.File(
            module,
            protocols=tuple(
                msgspec.structs.replace(one, complete=last < one.span.start)
                for one in self.protocols
            ),
            comments=self.cursor.free_comments(),
            complete=not broken,
        )

    # The file

    def file(self) -> None:
        """Attributes and protocols, alone or in a `tell!`."""
        cursor = self.cursor
        closer = ""
        if (
            cursor.is_at("tell")
            and cursor.ahead(1).text == "!"
            and cursor.ahead(2).text in _BRACKETS
        ):
            self.first = cursor.next.span
            cursor.place += 2
            closer = _BRACKETS[cursor.take().text]
        while cursor.next.kind != "end":
            if closer and cursor.is_at(closer):
                cursor.take()
                cursor.accept(";")
                closer = ""
                continue
            try:
                self._item()
            except TokenFault:
                self._skip_item()

    def _item(self) -> None:
        cursor = self.cursor
        if cursor.is_at("#"):
            self._attribute()
        elif cursor.is_at(*_PROTOCOL):
            self._protocol()
        elif cursor.is_at("module", "import", "proof_bundle", "effect", "operation", "type"):
            self._mixed(cursor.take())
            raise TokenFault
        else:
            raise cursor.unexpected("`#[namespace = ...]` or `protocol`")

    def _skip_item(self) -> None:
        cursor = self.cursor
        cursor.take()
        while cursor.next.kind != "end" and not cursor.is_at("#", *_PROTOCOL):
            cursor.take()

    def _mixed(self, token: BraceToken) -> None:
        cursor = self.cursor
        cursor.faults.append(say.mixed_surfaces(cursor.path, token.span, token.text, self.first))

    def _attribute(self) -> None:
        cursor = self.cursor
        start = cursor.take()
        self._note_first(start)
        cursor.expect("[")
        key = cursor.name("`namespace`")
        cursor.expect("=")
        text, span = cursor.string()
        cursor.expect("]")
        if key.text != "namespace":
            cursor.faults.append(
                say.brace_syntax(cursor.path, key.span, "`namespace`", f"`{key.text}`")
            )
        elif not text.isascii() or not text.replace("_", "a").isalnum() or not text[0].isalpha():
            what = f"the namespace `{text}` is not a single name"
            help_text = "use letters, digits and underscores only"
            cursor.faults.append(say.no_layout_form(cursor.path, span, what, help_text))
        elif self.namespace is None:
            self.namespace = ast.Name(text, span)
            self.namespace_span = Span(start.start, cursor.last_end)

    def _note_first(self, token: BraceToken) -> None:
        if self.first == NOWHERE:
            self.first = token.span

    def _protocol(self) -> None:
        """A protocol with everything in it."""
        cursor = self.cursor
        word = cursor.take()
        name = phrases.name_of(cursor.name("the name of the protocol"))
        if cursor.is_at("=") and cursor.ahead(1).text != "{":
            self._mixed(cursor.next)
            raise TokenFault
        cursor.accept("=")
        opening = cursor.expect("{")
        self._note_first(word)
        self.roles, self.roles_span, self.locals = None, NOWHERE, []
        if cursor.is_at("roles"):
            self._roles()
        self.has_roles = self.roles is not None

        def finish(frame: Frame, end: int) -> None:
            self.protocols.append(
                ast.Protocol(
                    name,
                    tuple(frame.stmts),
                    roles=self.roles,
                    roles_span=self.roles_span,
                    locals=tuple(self.locals),
                    span=Span(word.start, end),
                )
            )

        self.frames.append(Frame("body", opening, finish))
        self.bodies()

    def _roles(self) -> None:
        cursor = self.cursor
        word = cursor.take()
        try:
            cursor.accept(":")
            listed = [phrases.declaration(cursor)]
            while cursor.accept(","):
                listed.append(phrases.declaration(cursor))
            self.roles = tuple(listed)
            self.roles_span = Span(word.start, cursor.last_end)
            cursor.expect(";")
        except TokenFault:
            cursor.skip_statement()
