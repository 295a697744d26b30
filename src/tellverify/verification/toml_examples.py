"""The `expect` comments of TOML files: `# tell: expect(refuted commutative)`.

A comment on a separate line refers to the structure or model that it stands above or in; above
all of them, of the whole file.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from typing import Final

from tellverify.diagnostics import directives as say
from tellverify.diagnostics.model import Diagnostic
from tellverify.language.syntax.directives import FORMS
from tellverify.source.span import Span
from tellverify.source.text import SourceFile
from tellverify.source.toml import has_deep_keys
from tellverify.verdict.run import ProtocolReport
from tellverify.verification.expectations import Expectation, Settled, read_items, settled

MARK: Final = "tell:"
_KIND: Final = "expect"
_COMMENT: Final = re.compile(r"^[ \t]*(#[ \t]*tell:[^\n]*)$", re.MULTILINE)
_PARTS: Final = re.compile(
    r"#[ \t]*tell:[ \t]*(?P<kind>[\w-]*)[ \t]*(?:\((?P<items>[^()]*)\))?[ \t]*(?::.*)?"
)
_MOST: Final = 50
_BETWEEN_ITEMS: Final = re.compile(r",(?![^\[]*\])")


def as_expected(
    source: SourceFile,
    reports: Sequence[ProtocolReport],
    said: Sequence[Diagnostic],
    *,
    everywhere: bool = False,
) -> Settled:
    """Reports and findings of a TOML file after its `expect` comments.

    With `everywhere` also findings in other files, those that it imports, are expected ones.
    """
    if MARK not in source.text:
        return Settled(list(reports), list(said))
    more: list[Diagnostic] = []
    expectations: list[Expectation] = []
    for span in _comments(source.text):
        found = _PARTS.fullmatch(source.slice(span))
        kind = found["kind"] if found else ""
        if found is None or kind != _KIND:
            more.append(say.unknown_directive(source.path, span, kind, (_KIND,)))
            continue
        parts = [part.strip() for part in _BETWEEN_ITEMS.split(found["items"] or "")]
        if not any(parts):
            form = FORMS[_KIND].pattern.replace("--", "#")
            more.append(say.unreadable_directive(source.path, span, kind, form))
            continue
        at = Span(span.start + found.start("items"), span.start + found.end("items"))
        items, wrong = read_items(source.path, at, (part for part in parts if part))
        more.extend(wrong)
        region, subjects = _reach(span, source, reports)
        place = f"{source.path}:{source.position(span.start)[0]}".replace("\\", "/")
        expectations.extend(
            Expectation(word, what, source.path, place, at, region, subjects, everywhere)
            for word, what in items
        )
    found_all = settled(expectations, reports, said)
    return Settled(found_all.reports, [*found_all.diagnostics, *more])


def _comments(text: str) -> Iterator[Span]:
    """The comments that speak to tellverify; a line of a string is none.

    Without comments the document is the same, without a line of a string it is another one. Of a
    text with such strings only the first comments are looked at one by one.
    """
    found = list(_COMMENT.finditer(text))
    whole = _parsed(text)
    is_plain = whole is None or _parsed(_COMMENT.sub("", text)) == whole
    for one in found if is_plain else found[:_MOST]:
        if is_plain or _parsed(text[: one.start()] + text[one.end() :]) == whole:
            yield Span(one.start(1), one.end(1))


def _parsed(text: str) -> dict[str, object] | None:
    try:
        return None if has_deep_keys(text) else tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None


def _reach(
    comment: Span, source: SourceFile, reports: Sequence[ProtocolReport]
) -> tuple[Span, frozenset[str]]:
    """Where a comment looks for findings, and for which subjects it speaks."""
    whole = Span(0, len(source.text) + 1)
    lines = source.text.split("\n")
    line = source.position(comment.start)[0]
    while line < len(lines) and lines[line].strip()[:1] in ("", "#"):
        line += 1
    line += 1  # of the first line behind the comment that is no comment
    above = [report for report in reports if report.line <= line]
    if not above:
        return whole, frozenset(report.name for report in reports)
    mine = max(above, key=lambda report: report.line)
    behind = [report.line for report in reports if report.line > mine.line]
    starts = [0]
    for text in lines:
        starts.append(starts[-1] + len(text) + 1)
    end = starts[min(behind) - 1] if behind else whole.end
    return Span(starts[mine.line - 1], end), frozenset({mine.name})
