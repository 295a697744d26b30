"""In which states of a session a role may be restarted as its new version.

A state of the pair machine with both sides says that the run of the role so far is one of either
version. So where the deployment with the new role is good, the role may go on as the new version
in the state on the other side. It may as well where both versions have the same future.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from tellverify.model.joint_machine import MISSING, JointMachine
from tellverify.model.machine import Machine
from tellverify.model.roles import family_of
from tellverify.verdict.versions import RestartState, RoleRestart
from tellverify.versions.mixture_words import every, order_words
from tellverify.versions.role_versions import NEW, RoleVersions
from tellverify.versions.rollout import RolloutOrder

_MOST_PAIRS: Final = 200_000
_MEMBER: Final = re.compile(r"\[\d+\]")


def restarts(roles: RoleVersions, order: RolloutOrder) -> tuple[RoleRestart, ...]:
    """For every changed role that both versions have, its old states.

    A family whose changed members have equal tables is one row. A role may be restarted once those
    are new that `order` wants before it: by its pairs, or by its one full order where they do not
    say all.
    """
    found: dict[str, list[RoleRestart]] = {}
    for role in roles.changed:
        if role in roles.one_sided:
            continue
        once = order_words(_earlier(role, order), roles.changed)
        row = RoleRestart(role, once, restart_states(roles.pairs[role]))
        found.setdefault(family_of(role), []).append(row)
    return tuple(row for members in found.values() for row in _joined(members, roles.changed))


def _earlier(role: str, order: RolloutOrder) -> Sequence[str]:
    if order.pairs_suffice:
        return [x for x, y in order.before if y == role]
    return order.order[: order.order.index(role)]


def _joined(members: Sequence[RoleRestart], changed: Sequence[str]) -> Sequence[RoleRestart]:
    """One row for a family whose changed members have equal ones, else a row for each member."""
    first = members[0]
    size = sum(family_of(role) == family_of(first.role) for role in changed)
    tables = {(row.once, _without_members(row.states)) for row in members}
    if len(tables) > 1 or len(members) < size:
        return members
    return [RoleRestart(every(first.role), first.once, first.states)]


def _without_members(states: Sequence[RestartState]) -> tuple[RestartState, ...]:
    return tuple(
        msgspec.structs.replace(one, after=tuple(_MEMBER.sub("", action) for action in one.after))
        for one in states
    )


def restart_states(pair: JointMachine) -> tuple[RestartState, ...]:
    """The states of the old machine in which its role still has something to do."""
    old, new = pair.versions
    paths = _shortest_paths(pair)
    reached: dict[int, list[int]] = {}
    for number, (a, _) in enumerate(pair.states):
        if a != MISSING:
            reached.setdefault(a, []).append(number)
    rows = []
    for a, places in sorted(reached.items()):
        if not old.moves[a]:
            continue
        after = min((paths[place] for place in places), key=len)
        sides = {pair.states[place][NEW] for place in places}
        if MISSING not in sides:
            reason = "the run so far is a run of either version"
            if len(sides) > 1:
                reason += "; it decides in which of these states that one is"
            rows.append(RestartState(a, after, tuple(sorted(sides)), reason))
            continue
        alike = next((b for b in range(new.state_count) if _same_future(old, a, new, b)), None)
        if alike is not None:
            reason = "both versions continue in the same way"
            rows.append(RestartState(a, after, (alike,), reason))
        else:
            rows.append(RestartState(a, after, (), "wait for the end of the session"))
    return tuple(rows)


def _shortest_paths(pair: JointMachine) -> list[tuple[str, ...]]:
    """The actions of a shortest run to every state, which is numbered breadth-first."""
    paths: list[tuple[str, ...] | None] = [None] * pair.machine.state_count
    paths[0] = ()
    for state, row in enumerate(pair.machine.moves):
        here = paths[state] or ()
        for action, target in row:
            if paths[target] is None:
                paths[target] = (*here, str(action))
    return [path or () for path in paths]


def _same_future(old: Machine, a: int, new: Machine, b: int) -> bool:
    """True when the machines have the same runs from these states on, and may stop alike."""
    met, todo = {(a, b)}, [(a, b)]
    while todo and len(met) < _MOST_PAIRS:
        x, y = todo.pop()
        left, right = dict(old.moves[x]), dict(new.moves[y])
        if left.keys() != right.keys() or old.final[x] != new.final[y]:
            return False
        for action, target in left.items():
            pair = (target, right[action])
            if pair not in met:
                met.add(pair)
                todo.append(pair)
    return not todo
