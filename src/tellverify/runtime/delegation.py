"""Footprints: the native, received and delegated sessions of an authority.

A session is in at most one of the three lists of an authority. Over all authorities it has at most
one active owner, and an authority that gave it away has exactly one recipient.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Footprint(msgspec.Struct, frozen=True):
    """The sessions of one authority."""

    native: frozenset[str] = frozenset()
    delegated_in: frozenset[str] = frozenset()
    delegated_out: frozenset[str] = frozenset()

    def acts_in(self, session: str) -> bool:
        """Whether the authority may act in a session: what was given away does not count."""
        return session in self.native or session in self.delegated_in

    def without(self, session: str) -> Footprint:
        """The footprint with a session in none of its lists."""
        gone = {session}
        return Footprint(self.native - gone, self.delegated_in - gone, self.delegated_out - gone)


Footprints = Mapping[str, Footprint]


def incoherence(footprints: Footprints) -> str:
    """Why footprints do not fit together, or ""."""
    active: dict[str, list[str]] = {}
    given: dict[str, list[str]] = {}
    taken: dict[str, list[str]] = {}
    for authority, footprint in footprints.items():
        three = (footprint.native, footprint.delegated_in, footprint.delegated_out)
        for session in sorted(frozenset().union(*three)):
            if sum(session in one for one in three) > 1:
                return f"`{authority}` has session `{session}` in two ways"
            if footprint.acts_in(session):
                active.setdefault(session, []).append(authority)
            if session in footprint.delegated_in:
                taken.setdefault(session, []).append(authority)
            if session in footprint.delegated_out:
                given.setdefault(session, []).append(authority)
    for session, owners in active.items():
        if len(owners) > 1:
            return f"session `{session}` has the owners {_names(owners)}"
    for session, givers in given.items():
        if len(givers) > 1:
            return f"session `{session}` was given away by {_names(givers)}"
        if len(taken.get(session, ())) != 1:
            return f"`{givers[0]}` gave session `{session}` away, and no authority has it"
    return ""


def delegated(
    footprints: Footprints, session: str, source: str, target: str
) -> dict[str, Footprint]:
    """The footprints after `source` gave a session to `target`; earlier givers are removed."""
    found = {
        authority: footprint.without(session) if session in footprint.delegated_out else footprint
        for authority, footprint in footprints.items()
    }
    giver = found.get(source, Footprint()).without(session)
    found[source] = msgspec.structs.replace(giver, delegated_out=giver.delegated_out | {session})
    taker = found.get(target, Footprint()).without(session)
    found[target] = msgspec.structs.replace(taker, delegated_in=taker.delegated_in | {session})
    return found


def _names(names: list[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)
