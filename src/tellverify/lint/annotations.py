"""Rules on annotations: legacy keys, keys that are never read, and the order of keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tellverify.annotations.links import AnnotationLink, LinkFault, read_link
from tellverify.annotations.rules import Rules
from tellverify.annotations.sites import sends_of
from tellverify.diagnostics import shape as say
from tellverify.diagnostics.annotations import legacy_capability
from tellverify.diagnostics.model import Where
from tellverify.language.syntax import ast
from tellverify.lint.finding import Fix, LintFinding
from tellverify.source.text import SourceFile

ORDER: Final = (
    "parallel",
    "guard_capability",
    "flow_cost",
    "journal_facts",
    "leak",
    "link",
)


def annotation_findings(file: ast.File, source: SourceFile, rules: Rules) -> Iterator[LintFinding]:
    """Findings about the records of all senders."""
    yield from _fact_styles(file, source)
    for protocol in file.protocols:
        where = Where(source.path, protocol.name.text)
        links: dict[tuple[str, str], tuple[AnnotationLink, ast.RecordEntry]] = {}
        for send in sends_of(protocol):
            if send.record is None:
                continue
            for entry in send.record.entries:
                yield from _entry(where, entry, rules)
                if entry.key.text == "link":
                    yield from _uneven(where, send.sender.name.text, entry, links)
            keys = [entry.key.text for entry in send.record.entries]
            yield from _uses(where, send, set(keys), rules)
            if keys != sorted(keys, key=rank):
                yield LintFinding(say.entry_order(where, send.record.span), Fix(sorts=True))


def _uses(
    where: Where, send: ast.Send | ast.Broadcast, keys: set[str], rules: Rules
) -> Iterator[LintFinding]:
    """Whether `parallel` and `flow_cost` are given where they have a meaning."""
    record = send.record
    if record is None:
        return
    ends = [send.sender, send.receiver] if isinstance(send, ast.Send) else [send.sender]
    fans_out = any(isinstance(one.index, ast.AnyIndex | ast.RangeIndex) for one in ends)
    is_there = "parallel" in keys
    label = send.message.label.text
    if isinstance(send, ast.Send) and is_there != fans_out:
        yield LintFinding(say.parallel_use(where, record.span, label, is_there=is_there))
    if "flow_cost" not in keys and keys - {"parallel"}:
        cost = rules.budgets.implicit_cost
        yield LintFinding(say.implicit_cost(where, record.span, cost))


def _fact_styles(file: ast.File, source: SourceFile) -> Iterator[LintFinding]:
    """The first fact whose style is not that of the first fact of the file."""
    first: tuple[bool, ast.RecordEntry] | None = None
    for protocol in file.protocols:
        for send in sends_of(protocol):
            for entry in send.record.entries if send.record is not None else ():
                if entry.key.text != "journal_facts" or not isinstance(entry.value, ast.TextValue):
                    continue
                style = "::" in entry.value.text
                first = first or (style, entry)
                if style != first[0]:
                    where = Where(source.path, protocol.name.text)
                    yield LintFinding(say.fact_style(where, entry.span, first[1].span))
                    return


def rank(key: str) -> int:
    """The place of a key in a record; keys without one come last, in their present order."""
    return ORDER.index(key) if key in ORDER else len(ORDER)


def _entry(where: Where, entry: ast.RecordEntry, rules: Rules) -> Iterator[LintFinding]:
    key = entry.key.text
    row = rules.annotations.get(key)
    gone = Fix(entries=(entry.span,))
    if key == "link":
        link = _link(entry)
        if link is not None and link.bundle not in rules.live:
            yield LintFinding(say.dead_link(where, entry.span, link.bundle, rules.live), gone)
    elif key == "guard_capability" and isinstance(entry.value, ast.TextValue):
        yield from _capability(where, entry, entry.value.text, rules)
    elif row is not None and row.status == "legacy":
        yield LintFinding(
            say.legacy_annotation(where, key, entry.span, is_spent=_is_spent(entry)), gone
        )
    elif row is not None and row.status == "tolerated":
        fix = Fix(entries=(entry.span,), is_safe=False)
        yield LintFinding(say.unsanctioned_annotation(where, key, entry.span), fix)


def _capability(
    where: Where, entry: ast.RecordEntry, name: str, rules: Rules
) -> Iterator[LintFinding]:
    """A legacy capability; there is a fix where a single name has replaced it."""
    row = rules.legacy.get(name)
    if row is None and not name.startswith("cap:"):
        return
    targets = row.to if row is not None else ()
    is_one = len(targets) == 1 and not targets[0].endswith("*")
    fix = Fix(values=((entry.span, targets[0]),)) if is_one else None
    yield LintFinding(legacy_capability(where, name, entry.span, targets), fix)


def _link(entry: ast.RecordEntry) -> AnnotationLink | None:
    """The link of an entry; one that cannot be read is reported with all annotations."""
    if not isinstance(entry.value, ast.TextValue):
        return None
    try:
        return read_link(entry.value.text)
    except LinkFault:
        return None


def _is_spent(entry: ast.RecordEntry) -> bool:
    """Whether a legacy budget grants anything, so that `leak` may have to take its place."""
    match entry.value:
        case ast.TextValue(text):
            return any(char in "123456789" for char in text)
        case ast.IntsValue(values):
            return any(values)
        case ast.DurationValue() | ast.NamesValue() | ast.IntValue() | ast.WordValue():
            return False


def _uneven(
    where: Where,
    role: str,
    entry: ast.RecordEntry,
    links: dict[tuple[str, str], tuple[AnnotationLink, ast.RecordEntry]],
) -> Iterator[LintFinding]:
    """Links of one role and bundle that export or import different things."""
    link = _link(entry)
    if link is None:
        return
    first = links.setdefault((role, link.bundle), (link, entry))
    if first[0] != link:
        yield LintFinding(say.uneven_link(where, entry.span, first[1].span, role, link.bundle))
