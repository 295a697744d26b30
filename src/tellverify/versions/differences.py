"""What changed between two versions of a protocol, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tellverify.diagnostics.wording import series
from tellverify.model.graph import ProtocolGraph
from tellverify.model.joint_machine import MISSING, JointMachine
from tellverify.model.machine import Action
from tellverify.model.roles import family_of
from tellverify.verdict.versions import VersionChange
from tellverify.versions.mixture_words import every
from tellverify.versions.role_versions import RoleVersions
from tellverify.versions.wire_labels import payload_type

_MEMBER: Final = re.compile(r"\[\d+\]")

# Sender, receiver and label, with families in the place of their members.
_Message = tuple[str, str, str]


def message_changes(
    old: ProtocolGraph | None, new: ProtocolGraph | None
) -> Iterator[VersionChange]:
    """Messages that are added, removed or carry another type; both graphs have plain labels."""
    if old is None or new is None:
        return
    left, right = _types(old), _types(new)
    for message, types in right.items():
        sender, receiver, label = message
        if message not in left:
            yield VersionChange(sender, f"`{label}` from {sender} to {receiver} is added")
        elif left[message] != types:
            was, now = (
                series([f"`{t}`" if t else "nothing" for t in one])
                for one in (left[message], types)
            )
            words = f"`{label}` from {sender} to {receiver} carries {now} in place of {was}"
            yield VersionChange(sender, words)
    for sender, receiver, label in left:
        if (sender, receiver, label) not in right:
            yield VersionChange(sender, f"`{label}` from {sender} to {receiver} is removed")


def _types(graph: ProtocolGraph) -> dict[_Message, tuple[str, ...]]:
    """The payload types of every message, sorted."""
    found: dict[_Message, set[str]] = {}
    for e in range(graph.event_count):
        event = graph.event(e)
        key = (family_of(event.sender), family_of(event.receiver), event.label)
        found.setdefault(key, set()).add(payload_type(graph.site_of(e).payload))
    return {message: tuple(sorted(types)) for message, types in found.items()}


def role_changes(roles: RoleVersions) -> Iterator[VersionChange]:
    """What every changed role does otherwise, where its versions first part."""
    said: set[tuple[str, str]] = set()
    plain_names = {family_of(role) for role in roles.roles if role != family_of(role)}
    plain_names &= set(roles.roles)  # of a role and of a family

    def named(words: str) -> str:
        return words if any(name in words for name in plain_names) else _MEMBER.sub("", words)

    for role in roles.changed:
        name = family_of(role)
        if role in roles.one_sided:
            word = "only the new version has it" if roles.one_sided[role] else "it is removed"
            whole = all(one in roles.one_sided for one in roles.roles if every(one) == every(role))
            family = every(role) if name in plain_names else name
            found = [f"{family if whole else role}: {word}"]
        else:
            found = [named(f"{role} {words}") for words in _partings(roles.pairs[role])]
        for plain in found:
            if (name, plain) not in said:
                said.add((name, plain))
                yield VersionChange(name, plain)


def _partings(pair: JointMachine) -> Iterator[str]:
    """What one version does and the other does not, in each state that both have."""
    old, new = pair.versions
    before: dict[int, Action] = {}
    for row in pair.machine.moves:
        for action, target in row:
            before.setdefault(target, action)
    for number, (a, b) in enumerate(pair.states):
        if MISSING in (a, b):
            continue
        left, right = dict(old.moves[a]), dict(new.moves[b])
        gone = [action for action in left if action not in right]
        more = [action for action in right if action not in left]
        where = f" after {_done(before[number])}" if number else " at the start"
        if more and not gone:
            verb = "may also" if left or new.final[b] else "now has to"
            yield f"{verb} {_actions(more)}{where}"
        elif gone and not more:
            verb = "can no longer" if right else "no longer has to"
            yield f"{verb} {_actions(gone)}{where}"
        elif gone and more:
            yield f"has to {_actions(more)} and no longer to {_actions(gone)}{where}"
        elif old.final[a] != new.final[b]:
            verb = "may stop" if new.final[b] else "may no longer stop"
            yield f"{verb}{where}"


def _actions(actions: list[Action]) -> str:
    return series([_action(action) for action in actions], last="or")


def _action(action: Action) -> str:
    if action.send:
        return f"send `{action.label}` to {action.peer}"
    return f"receive `{action.label}` from {action.peer}"


def _done(action: Action) -> str:
    verb, preposition = ("sending", "to") if action.send else ("receiving", "from")
    return f"{verb} `{action.label}` {preposition} {action.peer}"
