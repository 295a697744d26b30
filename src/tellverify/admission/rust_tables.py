"""Tables of admission in Rust: functions of match arms from protocol ids to keys.

A table is read literally. An entry that cannot be resolved makes it unreadable; it never counts as
empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from tellverify.admission.rust_keys import CONSTANT, KeyReader, UnreadableKeys
from tellverify.diagnostics import rust_code as say
from tellverify.diagnostics.model import Diagnostic
from tellverify.policy import rows
from tellverify.policy.model import Policy
from tellverify.source.files import Unreadable
from tellverify.source.rust_source import Node, RustSource, nodes
from tellverify.source.span import NOWHERE, Span
from tellverify.source.text import SourceFile

# What an arm for all other protocols has that refuses them instead of asking for no key.
_REFUSES: Final = re.compile(
    r"\bNone\b|\bErr\b|\bpanic!|\bunreachable!|\btodo!|\bunimplemented!|\bbail!"
)

Reader = Callable[[str], str]
"""The text of a file by its path below the root. Raises Unreadable."""


class TableArm(msgspec.Struct, frozen=True):
    """The keys of one protocol, and where they stand; `protocol` is empty for all others."""

    protocol: str
    keys: tuple[str, ...]
    span: Span


def compared_tables(
    policy: Policy, read: Reader
) -> tuple[tuple[Diagnostic, ...], Mapping[str, SourceFile]]:
    """How the tables that a policy names differ from its rows, with the texts of their files."""
    found: list[Diagnostic] = []
    sources: dict[str, SourceFile] = {}
    for name, table in policy.admission_tables.items():
        place = policy.place("admission_tables", name, "function")
        row = (place.path, place.span)
        try:
            arms = _arms(table, read, sources, frozenset(policy.capabilities))
        except UnreadableKeys as error:
            spot = (table.file, error.span)
            if error.span == NOWHERE and table.file not in sources:
                spot, row = row, ("", NOWHERE)
            found.append(say.unreadable_table(spot, error.reason, error.help, row))
            continue
        found += _drifts(policy, table, arms)
    return tuple(found), sources


def _drifts(
    policy: Policy, table: rows.AdmissionTable, arms: Sequence[TableArm]
) -> Iterator[Diagnostic]:
    by_name: dict[str, TableArm] = {}
    for arm in arms:
        by_name.setdefault(arm.protocol, arm)
    for name in by_name:
        if name and policy.protocol(name) is None:
            helps = ("add the row, or delete the arm",)
            yield say.table_stranger((table.file, by_name[name].span), name, helps)
    for name, row in policy.protocols.items():
        mine = by_name.get(name) or by_name.get(row.qualified) or by_name.get("")
        if mine is None:
            continue
        missing = [key for key in row.keys if key not in mine.keys]
        extra = [key for key in mine.keys if key not in row.keys]
        if missing or extra:
            inside = ("keys",) if row.keys else ("id" if row.id else "protocol",)
            place = policy.place("protocols", name, *inside)
            yield say.table_drift(
                (table.file, mine.span), name, missing, extra, (place.path, place.span)
            )


def _arms(
    table: rows.AdmissionTable,
    read: Reader,
    sources: dict[str, SourceFile],
    keys: frozenset[str],
) -> Sequence[TableArm]:
    rusts = []
    for path in (table.file, *table.constants):
        try:
            rusts.append(RustSource(read(path), path))
        except Unreadable as error:
            what = "the file" if path == table.file else f"`{path}`"
            raise UnreadableKeys(
                f"{what} cannot be read: {error}", "correct the path, or name another `--root`"
            ) from None
        sources[path] = rusts[-1].source
    return _TableReader(table, rusts, keys).arms()


class _TableReader:
    def __init__(
        self, table: rows.AdmissionTable, rusts: Sequence[RustSource], keys: frozenset[str]
    ) -> None:
        self._table = table
        self._rust = rusts[0]
        self._function = self._found()
        self._keys = KeyReader(rusts, self._function, keys)

    def arms(self) -> Sequence[TableArm]:
        """The arms of all matches on protocol ids in the function, in order."""
        found: list[TableArm] = []
        for node in nodes(self._function):
            if node.type == "match_expression":
                found += self._match(node)
        if not found:
            raise UnreadableKeys(
                f"`{self._table.function}` has no `match` on protocol ids",
                'name a function whose arms are `"protocol.id" => keys`',
                self._rust.span(self._function.child_by_field_name("name") or self._function),
            )
        return found

    def _found(self) -> Node:
        for item, _ in self._rust.declarations():
            if item.type == "function_item" and self._rust.name(item) == self._table.function:
                if item.has_error:
                    reason = f"`{self._table.function}` has a syntax error in it"
                    raise UnreadableKeys(reason, "correct it", self._rust.span(item))
                return item
        raise UnreadableKeys(
            f"there is no function `{self._table.function}`", "correct the name in the policy"
        )

    def _match(self, node: Node) -> Iterator[TableArm]:
        """The arms of a match; none of one that is not about protocol ids."""
        body = node.child_by_field_name("body")
        arms = []
        for arm in body.named_children if body is not None else ():
            pattern = arm.child_by_field_name("pattern") if arm.type == "match_arm" else None
            value = arm.child_by_field_name("value") if arm.type == "match_arm" else None
            if pattern is not None and value is not None:
                arms.append((arm, pattern, value))
        if not any(self._is_id(part) for _, one, _ in arms for part in _alternatives(one)):
            return
        for arm, pattern, value in arms:
            names = list(self._names(pattern))
            if names == [""] and _REFUSES.search(self._rust.text(value)):
                continue
            keys = self._keys.keys(value, self._table.field)
            span = self._rust.span(arm)
            yield from (TableArm(name, keys, span) for name in names)

    def _is_id(self, node: Node) -> bool:
        written = self._rust.text(node).rpartition("::")[2]
        return self._rust.string(node) is not None or bool(CONSTANT.fullmatch(written))

    def _names(self, pattern: Node) -> Iterator[str]:
        """The protocols that a pattern stands for; the empty name for `_` and for a variable."""
        condition = pattern.child_by_field_name("condition")
        if condition is not None:
            raise UnreadableKeys(
                "an arm has a condition", "write arms without `if`", self._rust.span(condition)
            )
        for node in _alternatives(pattern):
            text = self._rust.string(node)
            written = self._rust.text(node)
            if text is not None:
                yield text
            elif written == "_" or (node.type == "identifier" and written.islower()):
                yield ""
            elif self._is_id(node):
                yield from self._keys.constant(node)
            else:
                raise UnreadableKeys(
                    f"the pattern `{written}` is no protocol id",
                    "write the id as a string or a constant",
                    self._rust.span(node),
                )


def _alternatives(pattern: Node) -> Iterator[Node]:
    """The parts of `a | b` and of `name @ (a | b)`, at any depth."""
    pending = [pattern]
    while pending:
        node = pending.pop()
        if node.type in ("match_pattern", "or_pattern"):
            inner = node.named_children or [one for one in node.children if one.type == "_"]
            pending.extend(reversed(inner))
        elif node.type == "captured_pattern":
            pending.append(node.children[-1])
        elif node.type == "tuple_pattern" and node.child_count == 3:  # parentheses and one pattern
            pending.append(node.children[1])
        else:
            yield node
