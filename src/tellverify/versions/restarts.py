"""In which states of a session a role may be restarted as its new version.

A state of the pair machine with both sides says that the run of the role so far is one of either
version. So where the deployment with the new role is good, the role may go on as the new version
in the state on the other side. It may as well where both versions have the same future.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.model.joint_machine import MISSING, JointMachine
from tellverify.model.machine import Machine
from tellverify.verdict.versions import RestartState, RoleRestart
from tellverify.versions.mixture_words import every
from tellverify.versions.role_versions import NEW, RoleVersions

_MOST_PAIRS: Final = 200_000


def restarts(roles: RoleVersions, before: Sequence[tuple[str, str]]) -> tuple[RoleRestart, ...]:
    """For every changed role that both versions have, its old states; families with equal tables
    are one row. `before` are the pairs of the order of roll-out.
    """
    found: dict[tuple[str, tuple[RestartState, ...]], RoleRestart] = {}
    for role in roles.changed:
        if role in roles.one_sided:
            continue
        states = restart_states(roles.pairs[role])
        once = tuple(dict.fromkeys(every(x) for x, y in before if y == role))
        plain = tuple(
            RestartState(one.state, _without_members(one.after), one.to, one.reason)
            for one in states
        )
        key = (every(role), plain)
        found.setdefault(key, RoleRestart(every(role), once, states))
    return tuple(found.values())


def _without_members(actions: Sequence[str]) -> tuple[str, ...]:
    return tuple(action.replace("[", " ") for action in actions)


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
            rows.append(RestartState(a, after, tuple(sorted(sides)), reason))
            continue
        alike = next((b for b in range(new.state_count) if _same_future(old, a, new, b)), None)
        if alike is not None:
            reason = "both versions go on in the same way"
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
