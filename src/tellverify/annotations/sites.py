"""The faults in the annotations of a protocol; nothing unknown is let through."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

from tellverify.annotations.links import AnnotationLink, LinkFault, read_link
from tellverify.annotations.metadata import COST, LARGEST_COST, OF_GUARDS, metadata_of
from tellverify.annotations.rules import Rules
from tellverify.diagnostics import annotations as say
from tellverify.diagnostics.admission import malformed_link, unresolved_import
from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.language.checks.suggest import closest
from tellverify.language.checks.walk import preorder, role_text
from tellverify.language.lowering.sites import record_entries, value_text
from tellverify.language.syntax import ast
from tellverify.policy import rows
from tellverify.source.span import Span

Annotated: TypeAlias = ast.Send | ast.Broadcast

_LARGEST_CHARGE: Final = 2**32 - 1
_TOKEN: Final = re.compile(r"[a-z0-9_:-]+")
_PART: Final = re.compile(r"[a-z][a-z0-9_-]*")
_SINGLE: Final = frozenset({COST, "parallel"})
_WORDS: Final = ("true", "false")


def check_annotations(
    where: Where, protocol: ast.Protocol, rules: Rules, *, links: bool = True
) -> list[Diagnostic]:
    """All findings about the sender records of a protocol, in no order that matters.

    Those about links are left out where its manifest is derived, which reports them too.
    """
    sends = sends_of(protocol)
    check = _SiteCheck(where, rules)
    for send in sends:
        if send.record is not None:
            check.record(send.record, send.sender.name.text)
    if links:
        check.links()
    found = check.found
    found.extend(_labels(where, sends, rules))
    found.extend(_unannotated(where, sends))
    return found


def check_operations(where: Where, declarations: Sequence[ast.Declaration]) -> Iterator[Diagnostic]:
    """Records in the bodies of operations, which Aura does not read."""
    for declaration in declarations:
        if isinstance(declaration, ast.Operation):
            for statement in preorder(declaration.body):
                if isinstance(statement, Annotated) and statement.record is not None:
                    place = f"the operation `{declaration.name.text}`"
                    yield say.invisible_annotation(where, statement.record.span, place)


def sends_of(protocol: ast.Protocol) -> list[Annotated]:
    """All sends and broadcasts of a protocol and its local protocols, in source order."""
    return [
        statement
        for body in (protocol.body, *(local.body for local in protocol.locals))
        for statement in preorder(body)
        if isinstance(statement, Annotated)
    ]


def _labels(where: Where, sends: Sequence[Annotated], rules: Rules) -> Iterator[Diagnostic]:
    """Labels whose sends differ in what their annotations mean."""
    first: dict[str, Annotated] = {}
    told: set[str] = set()
    for send in sends:
        label = send.message.label
        before = first.setdefault(label.text, send)
        if before is send or label.text in told:
            continue
        one = metadata_of(record_entries(before.record), rules)
        two = metadata_of(record_entries(send.record), rules)
        if one.annotated != two.annotated:
            continue  # reported as a message without annotations
        differing = [
            f"`{key}` {_shown(left)} and {_shown(right)}"
            for key, left, right in (
                ("guard_capability", one.capabilities, two.capabilities),
                ("flow_cost", (str(one.cost),), (str(two.cost),)),
                ("journal_facts", one.facts, two.facts),
                ("leak", tuple(n for n, _ in one.bits), tuple(n for n, _ in two.bits)),
            )
            if left != right
        ]
        if differing:
            told.add(label.text)
            spans = (before.message.label.span, label.span)
            yield say.label_metadata(where, label.text, spans, ", ".join(differing))


def _shown(values: Sequence[str]) -> str:
    return " with ".join(f"`{value}`" for value in values) or "nothing"


def _unannotated(where: Where, sends: Sequence[Annotated]) -> Iterator[Diagnostic]:
    """Sends without a record, in a protocol where others have something for the guard chain.

    Keys of Telltale alone, such as `runtime_timeout`, say nothing of guards.
    """
    keys = {key for send in sends for key, _ in record_entries(send.record)}
    if keys.isdisjoint(OF_GUARDS):
        return
    for send in sends:
        if send.record is None:
            label = send.message.label
            yield say.unannotated_message(where, label.text, role_text(send.sender), label.span)


class _SiteCheck:
    """The records of one protocol, one by one."""

    def __init__(self, where: Where, rules: Rules) -> None:
        self.found: list[Diagnostic] = []
        self._where = where
        self._rules = rules
        self._links: list[tuple[AnnotationLink, str, Span]] = []
        self._broken: list[Diagnostic] = []
        self._role = ""
        self._values: dict[str, Callable[[ast.RecordEntry], None]] = {
            "capability": self._capability,
            "count": self._cost,
            "text": self._text,
            "observers": self._observers,
            "flag": self._flag,
            "link": self._link,
        }

    def record(self, record: ast.Record, role: str) -> None:
        """Judge one record of a role."""
        self._role = role
        seen: dict[str, Span] = {}
        for entry in record.entries:
            key, span = entry.key.text, entry.key.span
            row = self._rules.annotations.get(key)
            if row is None:
                near = closest(key, list(self._rules.annotations))
                self.found.append(say.unknown_annotation(self._where, key, span, near))
                continue
            if key in seen:
                spans = (seen[key], span)
                self.found.append(
                    say.repeated_annotation(self._where, key, spans, adds_up=key not in _SINGLE)
                )
            seen.setdefault(key, span)
            judge = self._values.get(row.value)
            if key == "leakage_budget":
                self._amounts(entry)
            elif judge is not None:
                judge(entry)

    def links(self) -> None:
        """Links that cannot be read, and imports of all links that no link exports."""
        self.found.extend(self._broken)
        exported = {name for link, _, _ in self._links for name in link.exports}
        told: set[tuple[str, str]] = set()
        for link, role, span in self._links:
            for name in link.imports:
                if name not in exported and (link.bundle, name) not in told:
                    told.add((link.bundle, name))
                    self.found.append(unresolved_import(self._where, role, link.bundle, name, span))

    # Values

    def _wrong(self, entry: ast.RecordEntry, reason: str, wanted: str) -> None:
        key = entry.key.text
        self.found.append(say.annotation_value(self._where, key, _value(entry), reason, wanted))

    def _capability(self, entry: ast.RecordEntry) -> None:
        where, span = self._where, _value(entry)
        if not isinstance(entry.value, ast.TextValue):
            shown = value_text(entry.value)
            reason = "it is not a quoted text"
            self.found.append(say.capability_name(where, shown, span, reason))
            return
        name = entry.value.text
        legacy = self._rules.legacy.get(name)
        if legacy is not None or name.startswith("cap:"):
            targets = legacy.to if legacy is not None else ()
            self.found.append(say.legacy_capability(where, name, span, targets))
            return
        reason = _refusal(name)
        if reason:
            self.found.append(say.capability_name(where, name, span, reason))
            return
        reason = _module_fault(name, self._rules.roots)
        if reason:
            self.found.append(say.module_capability(where, name, span, reason))
            return
        for part in name.split(":"):
            if not _PART.fullmatch(part):
                self.found.append(say.loose_capability(where, name, span, part))
                return

    def _cost(self, entry: ast.RecordEntry) -> None:
        wanted = "a natural number, such as `flow_cost : 100`"
        if not isinstance(entry.value, ast.IntValue):
            self._wrong(entry, f"`{value_text(entry.value)}` is no number", wanted)
            return
        cost = entry.value.value
        if cost < 0 or cost > LARGEST_COST:
            reason = "it is negative" if cost < 0 else "it does not fit into 64 bits"
            self._wrong(entry, reason, wanted)
        elif cost > _LARGEST_CHARGE:
            self.found.append(say.clamped_cost(self._where, cost, _value(entry)))
        elif cost == 0:
            self.found.append(say.zero_cost(self._where, _value(entry)))

    def _text(self, entry: ast.RecordEntry) -> None:
        text = value_text(entry.value)
        if not isinstance(entry.value, ast.TextValue) or not text.strip():
            reason = "it is empty" if not text.strip() else f"`{text}` is not a quoted text"
            self._wrong(entry, reason, f'a quoted text, such as `{entry.key.text} : "name"`')

    def _flag(self, entry: ast.RecordEntry) -> None:
        if not (isinstance(entry.value, ast.WordValue) and entry.value.word in _WORDS):
            self._wrong(
                entry, f"`{value_text(entry.value)}` is no truth value", "`true` or `false`"
            )

    def _amounts(self, entry: ast.RecordEntry) -> None:
        parts = value_text(entry.value).strip("[] ").split(",")
        if not all(part.strip().isascii() and part.strip().isdigit() for part in parts):
            self._wrong(entry, "it is no list of numbers", "`flow_cost` and `leak` instead of it")

    def _observers(self, entry: ast.RecordEntry) -> None:
        classes = [row.name for row in self._rules.leakage.classes]
        match entry.value:
            case ast.NamesValue(names) if names:
                named: Sequence[str] = names
            case ast.TextValue(text) | ast.WordValue(text) if text.strip():
                named = (text,)
            case ast.TextValue() | ast.NamesValue():
                self._wrong(entry, "it names no observer", "one of " + ", ".join(classes))
                return
            case ast.DurationValue() | ast.IntsValue() | ast.IntValue() | ast.WordValue():
                shown = value_text(entry.value)
                self._wrong(entry, f"`{shown}` is no observer", "one of " + ", ".join(classes))
                return
        for observer in named:
            if observer not in classes:
                taken_for = self._rules.leakage.unrecognised
                self.found.append(
                    say.unknown_observer(self._where, observer, _value(entry), taken_for, classes)
                )

    def _link(self, entry: ast.RecordEntry) -> None:
        if not isinstance(entry.value, ast.TextValue):
            self._wrong(entry, f"`{value_text(entry.value)}` is not a quoted text", "a quoted link")
            return
        try:
            link = read_link(entry.value.text)
        except LinkFault as fault:
            self._broken.append(malformed_link(self._where, self._role, entry.span, str(fault)))
            return
        self._links.append((link, self._role, entry.span))


def _value(entry: ast.RecordEntry) -> Span:
    """Where the value of an entry stands: the last part of it."""
    text = value_text(entry.value)
    length = len(text) + 2 if isinstance(entry.value, ast.TextValue) else len(text)
    return Span(max(entry.span.end - length, entry.key.span.end), entry.span.end)


def _refusal(name: str) -> str:
    """Why the choreography boundary refuses a name, or the empty text."""
    if not name:
        return "it is empty"
    if not _TOKEN.fullmatch(name):
        return "it may have lower-case letters, digits, `_`, `:` and `-` only"
    if ":" not in name:
        return "it has no namespace"
    return ""


def _module_fault(name: str, roots: dict[str, rows.Root]) -> str:
    """Why a name of a module, or of the host, cannot be launched; the empty text for others."""
    root, _, rest = name.partition(":")
    row = roots.get(root)
    if row is not None and row.kind == "host":
        return f"`{root}` is a name of the host"
    if root != "module":
        return ""
    module, colon, path = rest.partition(":")
    if not colon or not module or not path:
        return "it is not of the form `module:ID:PATH`"
    claimed = roots.get(path.partition(":")[0])
    if claimed is not None and claimed.reserved:
        return f"no module may claim the namespace `{claimed.name}`"
    return "production launches admit first-party capabilities only"
