"""What the annotations of two versions ask for: grants, costs, leaks and facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from tellverify.annotations.longest_paths import UNBOUNDED, PathShape, worst_totals
from tellverify.annotations.metadata import Metadata, metadata_of, of_sites
from tellverify.annotations.rules import Rules
from tellverify.language.syntax.directives import directives
from tellverify.model.graph import ProtocolGraph
from tellverify.model.roles import family_of
from tellverify.model.timed_text import MessageNode, TimedProtocol
from tellverify.obligations.budgets import read_limit
from tellverify.obligations.guard_chain import rules_for
from tellverify.obligations.options import Options
from tellverify.verdict.versions import VersionChange
from tellverify.versions.sides import MachineVersion, Version
from tellverify.versions.wire_labels import WireRules


class _Annotated(msgspec.Struct, frozen=True):
    """What all messages of a sender ask for, by the sender; families by their names.

    `worst` is the most that one sender is charged in a run, `bits` what each class of observers
    may learn from a message of it.
    """

    capabilities: Mapping[str, dict[str, None]]
    facts: Mapping[str, dict[str, None]]
    worst: Mapping[str, int]
    bits: Mapping[tuple[str, str], int]


def annotation_changes(
    versions: tuple[Version, Version],
    plain: tuple[ProtocolGraph | None, ProtocolGraph | None],
    options: Options,
) -> Iterator[VersionChange]:
    """The changes of annotations, with what each asks for before roll-out."""
    old, new = plain
    if old is None or new is None:
        return
    rules = rules_for(options)
    left, right = _annotated(old, rules), _annotated(new, rules)
    yield from _grants(left, right)
    yield from _facts(left, right)
    yield from _costs(left, right, _limits(versions[1]))
    yield from _leaks(left, right)


def timed_annotation_changes(
    old: TimedProtocol, new: TimedProtocol, renaming: WireRules, options: Options
) -> Iterator[VersionChange]:
    """The changes of annotations of two timed graphs whose nodes correspond one to one.

    No worst case is known of a protocol with timeouts, so costs are compared message by message.
    """
    rules = rules_for(options)
    sent = [_sent(graph, rules, names) for graph, names in ((old, renaming), (new, WireRules()))]
    left, right = (_asked(((role, one) for role, _, one in each), {}) for each in sent)
    yield from _grants(left, right)
    yield from _facts(left, right)
    for (_, _, before), (role, label, after) in zip(*sent, strict=True):
        if before.cost != after.cost:
            rises = after.cost > before.cost
            changes = f"{'rises' if rises else 'falls'} {before.cost} -> {after.cost}"
            words = f"the cost of `{label}` from {role} {changes}"
            action = f"{words}; the worst case with timeouts is not known" if rises else ""
            yield VersionChange(role, words, "minor" if rises else "patch", action)
    yield from _leaks(left, right)


def _sent(
    graph: TimedProtocol, rules: Rules, renaming: WireRules
) -> list[tuple[str, str, Metadata]]:
    """The sender, label and annotations of every message of a timed graph, in its order."""
    metadata = of_sites(graph.sites, rules)
    nothing = metadata_of((), rules)
    return [
        (
            renaming.new_name(family_of(node.sender)),
            node.label,
            metadata[node.site] if node.site >= 0 else nothing,
        )
        for node in graph.nodes
        if isinstance(node, MessageNode)
    ]


def _annotated(graph: ProtocolGraph, rules: Rules) -> _Annotated:
    metadata = of_sites(graph.sites, rules)
    weights: dict[int, tuple[tuple[int, int], int]] = {}
    sent: list[tuple[str, Metadata]] = []
    for e in range(graph.event_count):
        one: Metadata = metadata[graph.site[e]]
        sent.append((family_of(graph.roles[graph.sender[e]]), one))
        if one.cost:
            weights[e] = ((graph.sender[e], -1), one.cost)
    worst: dict[str, int] = {}
    for (payer, _), total in worst_totals(PathShape(graph), weights).items():
        name = family_of(graph.roles[payer])
        known = worst.get(name, 0)
        worst[name] = UNBOUNDED if UNBOUNDED in (total, known) else max(total, known)
    return _asked(sent, worst)


def _asked(sent: Iterable[tuple[str, Metadata]], worst: Mapping[str, int]) -> _Annotated:
    """What messages ask for, each with its sender."""
    capabilities: dict[str, dict[str, None]] = {}
    facts: dict[str, dict[str, None]] = {}
    bits: dict[tuple[str, str], int] = {}
    for sender, one in sent:
        capabilities.setdefault(sender, {}).update(dict.fromkeys(one.capabilities))
        facts.setdefault(sender, {}).update(dict.fromkeys(one.facts))
        for observer, count in one.bits:
            bits[sender, observer] = max(bits.get((sender, observer), 0), count)
    return _Annotated(capabilities, facts, worst, bits)


def _grants(old: _Annotated, new: _Annotated) -> Iterator[VersionChange]:
    for role, asked in new.capabilities.items():
        for key in asked:
            if key not in old.capabilities.get(role, {}):
                yield VersionChange(
                    role,
                    f"{role} needs the capability `{key}`",
                    "minor",
                    f"grant `{key}` to {role}",
                )
    for role, asked in old.capabilities.items():
        for key in asked:
            if key not in new.capabilities.get(role, {}):
                yield VersionChange(
                    role,
                    f"{role} no longer needs the capability `{key}`",
                    "minor",
                    f"allow that {role} sends without `{key}`",
                )


def _facts(old: _Annotated, new: _Annotated) -> Iterator[VersionChange]:
    for role, written in new.facts.items():
        for fact in written:
            if fact not in old.facts.get(role, {}):
                yield VersionChange(
                    role,
                    f"{role} writes the fact `{fact}`",
                    "minor",
                    f"upgrade the readers of the journal of {role}: it writes `{fact}`",
                )


def _costs(old: _Annotated, new: _Annotated, limits: Mapping[str, int]) -> Iterator[VersionChange]:
    for role in dict.fromkeys((*new.worst, *old.worst)):
        before, after = old.worst.get(role, 0), new.worst.get(role, 0)
        rises = before != UNBOUNDED and (after == UNBOUNDED or after > before)
        limit = limits.get(role)
        budget = "" if limit is None else f" (budget {limit})"
        changes = f"{'rises' if rises else 'falls'} {_cost(before)} -> {_cost(after)}"
        if before == after:
            changes = f"is {_cost(after)} as before"
        words = f"worst case of {role} {changes}{budget}"
        over = limit is not None and (after == UNBOUNDED or after > limit)
        if over:
            yield VersionChange(role, words, "major", words)
        elif before != after:
            yield VersionChange(role, words, "minor" if rises else "patch", words if rises else "")


def _cost(total: int) -> str:
    return "without limit" if total == UNBOUNDED else str(total)


def _limits(version: Version) -> dict[str, int]:
    """The budgets that comments of the new text give to senders."""
    if isinstance(version, MachineVersion):
        return {}
    judged, source = version.found.judged, version.found.source
    found = {}
    for directive in directives(judged.file, source).of_kind("budget"):
        for text in directive.items:
            read = read_limit(text)
            if read is not None and not read[1]:
                found[read[0]] = read[2]
    return found


def _leaks(old: _Annotated, new: _Annotated) -> Iterator[VersionChange]:
    for (role, observer), count in new.bits.items():
        before = old.bits.get((role, observer), 0)
        if count > before:
            words = f"`{observer}` learns more from a message of {role}: {before} -> {count} bits"
            yield VersionChange(role, words, "minor", f"review what `{observer}` learns: {words}")
