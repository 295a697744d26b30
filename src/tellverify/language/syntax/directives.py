"""Comments that speak to tellverify: `-- tell: allow(TV242): reason`.

    -- tell: KIND [(ARGUMENT) or NAME] [until YEAR-MONTH-DAY] [: TEXT]
    -- tell: faults [NAME](RULES)

Only comments that the lexer found count, never the text of a string. A comment after code covers
that line. One on a separate line covers the next statement, branch or declaration; above `module`
it covers the whole file.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

import msgspec

from tellverify.diagnostics import directives as say
from tellverify.diagnostics.model import Diagnostic
from tellverify.language.syntax import ast
from tellverify.source.span import NOWHERE, Span
from tellverify.source.text import SourceFile

_MARK: Final = "tell:"
_BEGINNING: Final = re.compile(r"(?:--|//)[ \t]*tell:[ \t]*(?P<kind>[A-Za-z][A-Za-z0-9_-]*)?")
_BODY: Final = re.compile(
    r"""(?:[ \t]*\((?P<argument>[^()]*)\) | [ \t]+(?!until\b)(?P<name>[A-Za-z][A-Za-z0-9_.-]*))?
        (?:[ \t]+until[ \t]+(?P<until>[0-9]{4}-[0-9]{2}-[0-9]{2}))?
        [ \t]*(?::[ \t]*(?P<text>.*?))?[ \t]*""",
    re.VERBOSE,
)


_CALL: Final = re.compile(
    r"(?:[ \t]+(?P<name>[A-Za-z][A-Za-z0-9_-]*))?[ \t]*\((?P<argument>[^()]*)\)[ \t]*"
)


class DirectiveForm(msgspec.Struct, frozen=True):
    """How a kind is written: `pattern` is what help shows, `named` without parentheses, `bare`
    without any argument, `called` with a name, or none, before the parentheses.
    """

    pattern: str
    named: bool = False
    dated: bool = False
    bare: bool = False
    called: bool = False


FORMS: Final[dict[str, DirectiveForm]] = {
    "allow": DirectiveForm("-- tell: allow(CODE, ...): reason"),
    "assume": DirectiveForm(
        "-- tell: assume(OBLIGATION, ...) until 2027-03-01: reason", dated=True
    ),
    "property": DirectiveForm("-- tell: property NAME: FORMULA", named=True),
    "category": DirectiveForm("-- tell: category(C)"),
    "expect": DirectiveForm("-- tell: expect(refuted PROPERTY)"),
    "must-end": DirectiveForm("-- tell: must-end", bare=True),
    "faults": DirectiveForm("-- tell: faults NAME(crash <= 1 of ROLE, ...)", called=True),
    "budget": DirectiveForm("-- tell: budget(ROLE = LIMIT, ...)"),
    "workflow": DirectiveForm("-- tell: workflow NAME: PROTOCOL ; PROTOCOL", named=True),
}
"""The kinds of comments that some part of tellverify reads."""


class Directive(msgspec.Struct, frozen=True):
    """One such comment.

    One with a name before the parentheses has the name, or its kind, as `argument`, and what stands
    in them as `text`.

    `argument` is what stands in parentheses, or the name behind the kind; `text` what stands behind
    the colon: a reason or a formula. `until` is a date as `YYYY-MM-DD`, or empty. `covers` is the
    text that it refers to, which is empty where nothing follows.
    """

    kind: str
    argument: str
    text: str
    until: str
    span: Span
    argument_span: Span
    text_span: Span
    line: int
    covers: Span
    covers_file: bool = False

    def reaches(self, span: Span) -> bool:
        """Whether it covers the text at `span`."""
        covers = self.covers
        return self.covers_file or (covers.start < span.end and span.start < covers.end)

    def speaks_of(self, protocol: Span) -> bool:
        """Whether it is about the protocol at a span, also from behind its last statement."""
        return self.reaches(protocol) or self.covers.start == self.covers.end

    @property
    def items(self) -> tuple[str, ...]:
        """The parts of the argument between commas outside of brackets."""
        found = (part.strip() for part in re.split(r",(?![^\[]*\])", self.argument))
        return tuple(part for part in found if part)


class Directives(msgspec.Struct, frozen=True):
    """The comments of one choreography in source order, and their faults."""

    found: tuple[Directive, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()

    def of_kind(self, kind: str) -> tuple[Directive, ...]:
        """Those of one kind."""
        return tuple(one for one in self.found if one.kind == kind)


NONE: Final = Directives()


def directives(file: ast.File, source: SourceFile) -> Directives:
    """The comments of `file` that speak to tellverify; `source` is the text that its spans are in.

    Comments of an unknown kind (TV023) or form (TV024) are diagnostics and otherwise left out.
    """
    if _MARK not in source.text:
        return NONE
    comments = [(found, one) for one in file.comments if (found := _BEGINNING.match(one.text))]
    if not comments:
        return NONE
    said: list[Diagnostic] = []
    read: list[Directive] = []
    places = _DirectivePlaces(file, source)
    for beginning, comment in comments:
        directive = _read(beginning, comment, places, said)
        if directive is not None:
            read.append(directive)
    return Directives(tuple(read), tuple(said))


def _read(
    beginning: re.Match[str], comment: ast.Comment, places: _DirectivePlaces, said: list[Diagnostic]
) -> Directive | None:
    path, start = places.source.path, comment.span.start
    text = comment.text.rstrip()
    span = Span(start, start + len(text))
    kind = beginning["kind"] or ""
    form = FORMS.get(kind)
    if form is None:
        kind_span = Span(start + beginning.start("kind"), start + beginning.end("kind"))
        at = kind_span if kind else span
        from tellverify.language.checks.suggest import closest  # needed for a fault alone

        known = tuple(FORMS)
        said.append(say.unknown_directive(path, at, kind, known, closest(kind, known)))
        return None
    if form.called:
        return _read_call(beginning, text, comment, places, said)
    body = _BODY.fullmatch(text, beginning.end())
    missing = body is None or (body["name"] if form.named else body["argument"]) is None
    if form.bare:
        missing = body is None or any(body[group] is not None for group in ("argument", "name"))
    if body is None or missing or (body["until"] and not _is_date(body["until"], form)):
        said.append(say.unreadable_directive(path, span, kind, form.pattern))
        return None
    word = "name" if form.named else "argument"
    covers, covers_file = places.covered(span)
    return Directive(
        kind,
        (body[word] or "").strip(),
        body["text"] or "",
        body["until"] or "",
        span,
        Span(start + body.start(word), start + body.end(word)),
        Span(start + body.start("text"), start + body.end("text")) if body["text"] else NOWHERE,
        places.source.position(start)[0],
        covers,
        covers_file,
    )


def _read_call(
    beginning: re.Match[str],
    text: str,
    comment: ast.Comment,
    places: _DirectivePlaces,
    said: list[Diagnostic],
) -> Directive | None:
    """A comment with a name, or none, before parentheses."""
    start = comment.span.start
    span = Span(start, start + len(text))
    kind = beginning["kind"]
    body = _CALL.fullmatch(text, beginning.end())
    if body is None:
        said.append(say.unreadable_directive(places.source.path, span, kind, FORMS[kind].pattern))
        return None
    covers, covers_file = places.covered(span)
    named = "name" if body["name"] else "argument"
    low, high = body.span(named)
    return Directive(
        kind,
        body["name"] or kind,
        body["argument"],
        "",
        span,
        Span(start + low, start + high) if body["name"] else span,
        Span(start + body.start("argument"), start + body.end("argument")),
        places.source.position(start)[0],
        covers,
        covers_file,
    )


def _is_date(text: str, form: DirectiveForm) -> bool:
    """Whether there is such a day, and the kind has one."""
    year, month, day = (int(part) for part in text.split("-"))
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    return form.dated and year > 0 and 1 <= month <= 12 and 1 <= day <= days[month - 1]


class _DirectivePlaces:
    """What stands where in one text."""

    def __init__(self, file: ast.File, source: SourceFile) -> None:
        self.source = source
        self._module = NOWHERE if file.module is None else file.module.span
        self._spans = sorted(set(_spans(file)), key=lambda span: (span.start, -span.end))
        self._starts = [span.start for span in self._spans]

    def covered(self, comment: Span) -> tuple[Span, bool]:
        """The place that a comment covers, and whether that is the whole file."""
        source = self.source
        line, column = source.position(comment.start)
        start = comment.start - column + 1
        if source.text[start : comment.start].strip("\ufeff \t"):
            return Span(start, start + len(source.line_text(line))), False
        at = bisect_left(self._starts, comment.end)
        if at == len(self._spans):
            return Span(comment.end, comment.end), False
        following = self._spans[at]
        if following == self._module:
            return Span(0, len(source.text)), True
        return following, False


def _spans(file: ast.File) -> Iterator[Span]:
    """The spans of everything in a file but its comments."""
    todo: list[object] = [file.module, file.imports, file.declarations, file.protocols]
    while todo:
        node = todo.pop()
        if isinstance(node, Span):
            if node != NOWHERE:
                yield node
        elif isinstance(node, tuple):
            todo.extend(node)
        elif isinstance(node, msgspec.Struct):
            todo.extend(msgspec.structs.astuple(node))
