"""Two versions with timeouts: whether their roles do the same, and where the texts part if not.

Mixtures of timeouts that differ are not decided: messages carry the entries of the scopes of their
own text, and it is not defined which entry of one text is which of the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from tellverify.model.timed_text import (
    BranchNode,
    EndNode,
    EnterNode,
    ExitNode,
    MessageNode,
    TimedNode,
    TimedProtocol,
    TimerScope,
)
from tellverify.verdict.versions import VersionChange
from tellverify.versions.wire_labels import WireRules, payload_type

_UNDECIDED: Final = "mixtures with timeouts are not decided"
_TODO: Final = "let the sessions of the old version end, then replace all roles at once"


class TimedDifference(msgspec.Struct, frozen=True):
    """Where two texts part, in words, empty where their roles do the same; and other durations."""

    words: str
    durations: tuple[VersionChange, ...] = ()


def timed_difference(
    old: TimedProtocol | None, new: TimedProtocol | None, rules: WireRules
) -> TimedDifference:
    """Compare two timed graphs over wire labels; None is a version without a timeout."""
    if old is None or new is None:
        side = "new" if old is None else "old"
        return TimedDifference(f"{_UNDECIDED}: only the {side} version has a timeout; {_TODO}")
    if old.start != new.start or sorted(map(rules.new_name, old.roles)) != sorted(new.roles):
        return TimedDifference(f"{_UNDECIDED}: the roles differ; {_TODO}")
    place = _first_difference(old, new, rules)
    if place:
        return TimedDifference(f"{_UNDECIDED}: the texts differ at {place}; {_TODO}")
    return TimedDifference("", tuple(_durations(old, new)))


def _first_difference(old: TimedProtocol, new: TimedProtocol, rules: WireRules) -> str:
    first = rules.representatives
    for left, right in zip(old.nodes, new.nodes, strict=False):
        if _plain(old, left, rules, first) != _plain(new, right, WireRules(), first):
            return _place(new, right) or _place(old, left) or "their end"
    for one, two in zip(old.scopes, new.scopes, strict=False):
        if _scope(one, rules) != _scope(two, WireRules()):
            return f"the `timeout` in line {two.line}"
    if (len(old.nodes), len(old.scopes)) != (len(new.nodes), len(new.scopes)):
        longer = new if len(new.nodes) >= len(old.nodes) else old
        rest = longer.nodes[min(len(old.nodes), len(new.nodes)) :]
        return next(filter(None, (_place(longer, node) for node in rest)), "their end")
    return ""


def _plain(
    graph: TimedProtocol, node: TimedNode, rules: WireRules, first: dict[str, str]
) -> TimedNode | tuple[object, ...]:
    """A node without its place, a message with its payload type and the new names of its roles."""
    match node:
        case MessageNode(sender, receiver, label, after, site):
            kind = payload_type(graph.site(site).payload)
            named = (rules.new_name(sender), rules.new_name(receiver))
            return (*named, label, first.get(kind, kind), after)
        case BranchNode() | EnterNode() | ExitNode() | EndNode():
            return node


def _scope(scope: TimerScope, rules: WireRules) -> tuple[object, ...]:
    return (rules.new_name(scope.owner), scope.around, scope.body, scope.alternatives)


def _place(graph: TimedProtocol, node: TimedNode) -> str:
    match node:
        case MessageNode(sender, receiver, label, site=site):
            line = graph.site(site).line
            at = f" in line {line}" if line else ""
            return f"`{sender} -> {receiver} : {label}`{at}"
        case EnterNode(scope) | ExitNode(scope):
            return f"the `timeout` in line {graph.scopes[scope].line}"
        case BranchNode() | EndNode():
            return ""


def _durations(old: TimedProtocol, new: TimedProtocol) -> Iterator[VersionChange]:
    """Timeouts of another length: a patch, unless an inner timer is now as long as an outer one."""
    for number, (one, two) in enumerate(zip(old.scopes, new.scopes, strict=True)):
        if one.duration == two.duration and _is_dead(old, number) == _is_dead(new, number):
            continue
        lengths = f"{_length(one.duration)} -> {_length(two.duration)}"
        words = f"the timeout of {two.owner} in line {two.line} changes: {lengths}"
        if _is_dead(new, number) and not _is_dead(old, number):
            action = f"{words}; the one around it, also of {two.owner}, now fires first"
            yield VersionChange(two.owner, words, "minor", action, two.line)
        else:
            yield VersionChange(two.owner, words, "patch", "", two.line)


def _length(duration: int | None) -> str:
    return "none" if duration is None else f"{duration} ms"


def _is_dead(graph: TimedProtocol, number: int) -> bool:
    """Whether a scope lasts as long as one of its owner around it."""
    scope = graph.scopes[number]
    around = scope.around
    while around >= 0:
        outer = graph.scopes[around]
        lasts = scope.duration is not None and outer.duration is not None
        if outer.owner == scope.owner and lasts and (scope.duration or 0) >= (outer.duration or 0):
            return True
        around = outer.around
    return False
