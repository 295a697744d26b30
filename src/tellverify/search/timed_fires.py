"""Canonical numbers of firings under the policy `keep`.

There a firing only tells which messages belong to an earlier attempt. Firings of one scope that
the same roles and messages know of are as good as one, and one that all know of tells nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.search.timed_roles import TimedRoles

_Fires = frozenset[tuple[int, int]]


class KeptFires:
    """Renames the firings of configurations."""

    def __init__(self, roles: TimedRoles) -> None:
        self.roles = roles

    def canonical(self, configuration: Sequence[int]) -> Sequence[int]:
        """The same configuration with as few firings as can be."""
        roles = self.roles
        size = len(roles.places.protocol.roles)
        local_rows, message_rows = roles.locals.rows, roles.messages.rows
        queues = [roles.queues.rows[queue] for queue in configuration[size:]]
        known = [local_rows[local].fired for local in configuration[:size]]
        known += [message_rows[message].fired for queue in queues for message in queue]
        renaming = _renaming(known)
        if all(old == new for old, new in renaming.items()):
            return configuration

        def rename(fired: _Fires) -> _Fires:
            return frozenset(new for old in fired if (new := renaming[old]) is not None)

        found = []
        for local in configuration[:size]:
            row = local_rows[local]
            found.append(roles.locals.number(row._replace(fired=rename(row.fired))))
        for queue in queues:
            rows = [message_rows[message] for message in queue]
            renamed = [roles.messages.number(r._replace(fired=rename(r.fired))) for r in rows]
            found.append(roles.queues.number(tuple(renamed)))
        return tuple(found)


def _renaming(known: list[_Fires]) -> dict[tuple[int, int], tuple[int, int] | None]:
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
