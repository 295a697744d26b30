"""Canonical numbers of firings under the policy `keep`.

There a firing only tells which messages belong to an earlier attempt. Firings of one scope that
the same roles and messages know of are as good as one, and one that all know of tells nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from tellverify.search.timed_layout import TimedLayout
from tellverify.search.timed_roles import TimedRoles

_Fires = frozenset[tuple[int, int]]
_Renaming = Mapping[tuple[int, int], tuple[int, int] | None]


class KeptFires:
    """Renames the firings of configurations; renamings that are alike are one object."""

    def __init__(self, roles: TimedRoles, layout: TimedLayout) -> None:
        self.roles = roles
        self.layout = layout
        self._renamings: dict[frozenset[object], FiringRenaming] = {}

    def renaming(self, configuration: int) -> FiringRenaming | None:
        """What leaves a configuration as few firings as can be, None when it has no more."""
        roles = self.roles
        rows = self.layout.rows(configuration)
        size = len(self.layout.local)
        local_rows, message_rows = roles.locals.rows, roles.messages.rows
        known = [local_rows[local].fired for local in rows[:size]]
        for queue in rows[size:]:
            known += [message_rows[message].fired for message in roles.queues.rows[queue]]
        renaming = _renaming(known)
        if all(old == new for old, new in renaming.items()):
            return None
        key = frozenset(renaming.items())
        found = self._renamings.get(key)
        if found is None:
            found = self._renamings[key] = FiringRenaming(roles, renaming)
        return found


class FiringRenaming:
    """Applies one renaming."""

    def __init__(self, roles: TimedRoles, renaming: _Renaming) -> None:
        self.roles = roles
        self.renaming = renaming

    def local(self, local: int) -> int:
        """The number of a local state with its firings renamed."""
        row = self.roles.locals.rows[local]
        return self.roles.locals.number(row._replace(fired=self._renamed(row.fired)))

    def queue(self, queue: int) -> int:
        """The number of the content of a queue with its firings renamed."""
        rows = [self.roles.messages.rows[message] for message in self.roles.queues.rows[queue]]
        renamed = [row._replace(fired=self._renamed(row.fired)) for row in rows]
        return self.roles.queues.number(tuple(map(self.roles.messages.number, renamed)))

    def _renamed(self, fired: _Fires) -> _Fires:
        return frozenset(new for old in fired if (new := self.renaming[old]) is not None)


def _renaming(known: list[_Fires]) -> _Renaming:
    """New firings, None for those that all know of."""
    knowers: dict[tuple[int, int], tuple[bool, ...]] = {
        firing: tuple(firing in fired for fired in known) for firing in frozenset().union(*known)
    }
    numbers: dict[tuple[int, tuple[bool, ...]], int] = {}
    last: dict[int, int] = {}
    for scope, who in sorted({(firing[0], who) for firing, who in knowers.items()}):
        if not all(who):
            last[scope] = last.get(scope, 0) + 1
            numbers[scope, who] = last[scope]
    found: dict[tuple[int, int], tuple[int, int] | None] = {}
    for firing, who in knowers.items():
        number = numbers.get((firing[0], who))
        found[firing] = None if number is None else (firing[0], number)
    return found
