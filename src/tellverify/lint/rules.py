"""All rules on one file, and the text after their fixes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from tellverify.annotations.rules import Rules
from tellverify.annotations.sites import check_annotations
from tellverify.diagnostics import shape as say
from tellverify.diagnostics.annotations import LEGACY_CAPABILITY
from tellverify.diagnostics.model import Where
from tellverify.evidence.neutral import neutral
from tellverify.language.linking.imports import NOT_LINKED, Linked
from tellverify.language.lowering.families import family_groups
from tellverify.language.lowering.lower import lower
from tellverify.language.syntax import ast
from tellverify.language.syntax.canonical import canonical
from tellverify.language.syntax.spans import same_tree
from tellverify.language.syntax.surface import read_tell
from tellverify.lint.annotations import annotation_findings, rank
from tellverify.lint.comments import comment_findings
from tellverify.lint.finding import Fix, LintFinding
from tellverify.lint.structure import structure_findings
from tellverify.model.graph import ProtocolGraph
from tellverify.source.span import Span
from tellverify.source.text import SourceFile

_SIZES = (1, 2, 3)
_MOST_EVENTS = 100_000


def lint_file(file: ast.File, source: SourceFile, rules: Rules) -> list[LintFinding]:
    """All findings about the shape of a file without errors, in source order."""
    found = [
        *structure_findings(file, source),
        *annotation_findings(file, source, rules),
        *comment_findings(file, source),
    ]
    for protocol in file.protocols:
        where = Where(source.path, protocol.name.text)
        found += [
            LintFinding(one)
            for one in check_annotations(where, protocol, rules)
            if one.code is not LEGACY_CAPABILITY  # reported with its fix
        ]
    shaped = canonical(source)
    if shaped.text is not None and shaped.text != source.text:
        where = Where(source.path)
        span = _first_difference(source, shaped.text)
        found.append(LintFinding(say.layout(where, span), Fix()))
    found.sort(key=lambda one: (one.diagnostic.primary.span, one.diagnostic.code.number))
    return found


def _first_difference(source: SourceFile, text: str) -> Span:
    lines = text.splitlines()
    for number in range(1, source.line_count + 1):
        line = source.line_text(number)
        if number > len(lines) or line != lines[number - 1]:
            start = source.start_of(number)
            return Span(start, start + len(line))
    return Span(len(source.text), len(source.text))


class Fixed(msgspec.Struct, frozen=True):
    """The text after all fixes, or why there is none; `count` says how many were made."""

    text: str | None
    count: int = 0
    reason: str = ""


def fix_file(
    file: ast.File,
    source: SourceFile,
    findings: Sequence[LintFinding],
    rules: Rules,
    linked: Linked = NOT_LINKED,
    *,
    unsafe: bool,
) -> Fixed:
    """The source with all fixes applied, in canonical layout.

    Roles, messages and their order are the same as before: the protocol graphs are compared, or the
    trees of a protocol that has none, and a text with another one is not returned. Neither does a
    message cost anything else: where all annotations of one go, what they charged without saying so
    is written down.
    """
    fixes = [one.fix for one in findings if one.fix is not None and (unsafe or one.fix.is_safe)]
    if not fixes:
        return Fixed(source.text)
    edited = SourceFile(source.path, _edited(file, source, fixes, rules))
    shaped = canonical(edited)
    if shaped.text is None:
        return Fixed(None, reason="the edited text cannot be read back")
    again = read_tell(SourceFile(source.path, shaped.text))
    before = _graphs(file, source, linked)
    if before is None:
        like = msgspec.structs.replace(again.file, module=file.module)
        if not same_tree(file, like, annotated=False):
            return Fixed(None, reason="the protocol would be another one")
    elif before != _graphs(again.file, SourceFile(source.path, shaped.text), linked):
        return Fixed(None, reason="the protocol graph would be another one")
    return Fixed(shaped.text, len(fixes))


def _graphs(file: ast.File, source: SourceFile, linked: Linked) -> list[object] | None:
    """The graphs of all protocols at small sizes, without places; None where one has none."""
    found: list[object] = []
    for protocol in file.protocols:
        groups = family_groups(protocol)
        for size in _SIZES if groups else (1,):
            sizes: Mapping[str, int] = {family: size for group in groups for family in group}
            lowered = lower(file, source, protocol, sizes, _MOST_EVENTS, linked)
            graphs: list[ProtocolGraph] = [*lowered.slices]
            if lowered.graph is not None:
                graphs.append(lowered.graph)
            if not graphs:
                return None
            found += [(size, neutral(graph)) for graph in graphs]
    return found


def _edited(file: ast.File, source: SourceFile, fixes: Sequence[Fix], rules: Rules) -> str:
    """The text with all edits made, from its end to its start."""
    comments = {span for fix in fixes for span in fix.comments}
    entries = {span for fix in fixes for span in fix.entries}
    values = dict(pair for fix in fixes for pair in fix.values)
    sorts = any(fix.sorts for fix in fixes)
    edits = [(_whole_line(source, span), "") for span in comments]
    cost = rules.budgets.implicit_cost
    stays = f"{{ flow_cost : {cost} }}" if cost != rules.budgets.unannotated_cost else ""
    kept_comments = [one.span for one in file.comments if one.span not in comments]
    for record in _records(file):
        if any(record.span.start < one.start < record.span.end for one in kept_comments):
            continue
        edit = _record(record, source, entries, values, sorts=sorts)
        if edit is not None:
            edit = edit or stays
            edits = [one for one in edits if not _overlaps(one[0], record.span)]
            edits.append((_with_blank(source, record.span) if not edit else record.span, edit))
    edits += [fix.exposing for fix in fixes if fix.exposing is not None]
    text = source.text
    for span, new in sorted(edits, key=lambda one: one[0], reverse=True):
        text = text[: span.start] + new + text[span.end :]
    return text


def _overlaps(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def _records(file: ast.File) -> list[ast.Record]:
    from tellverify.annotations.sites import sends_of

    return [
        send.record
        for protocol in file.protocols
        for send in sends_of(protocol)
        if send.record is not None
    ]


def _record(
    record: ast.Record,
    source: SourceFile,
    gone: set[Span],
    values: Mapping[Span, str],
    *,
    sorts: bool,
) -> str | None:
    """The new text of a record, empty when nothing is left of it, None when nothing changes."""
    kept = [entry for entry in record.entries if entry.span not in gone]
    ordered = sorted(kept, key=lambda entry: rank(entry.key.text)) if sorts else kept
    if ordered == list(record.entries) and not any(entry.span in values for entry in ordered):
        return None
    texts = [
        f'{entry.key.text} : "{values[entry.span]}"'
        if entry.span in values
        else source.slice(entry.span)
        for entry in ordered
    ]
    return f"{{ {', '.join(texts)} }}" if texts else ""


def _with_blank(source: SourceFile, span: Span) -> Span:
    """A span with the blanks before it."""
    start = span.start
    while start and source.text[start - 1] in " \t":
        start -= 1
    return Span(start, span.end)


def _whole_line(source: SourceFile, span: Span) -> Span:
    """The line of a comment that stands alone, or the comment with the blanks before it."""
    before = _with_blank(source, span)
    starts_line = before.start == 0 or source.text[before.start - 1] in "\r\n"
    end = span.end
    while end < len(source.text) and source.text[end] in " \t":
        end += 1
    if starts_line and (end == len(source.text) or source.text[end] in "\r\n"):
        if source.text.startswith("\r\n", end):
            end += 1
        return Span(before.start, min(end + 1, len(source.text)))
    return before
