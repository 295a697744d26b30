"""What a configuration of a protocol with timeouts shows by itself."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum

from tellverify.search.timed_events import TimedProperty
from tellverify.search.timed_layout import LOCAL
from tellverify.search.timed_roles import EMPTY
from tellverify.search.timed_system import TimedSystem


class _Rest(IntEnum):
    """What mail may mean for a role that cannot move."""

    HARMLESS = 0
    LEFT_WHEN_IDLE = 1  # the role may stop, and messages may still make it move
    LEFT = 2  # the role may stop and waits for nothing, unless it learns of a failure
    SPOILT = 3  # the role may not stop, and a message is at hand wherever it may receive


class TimedVerdicts:
    """Judges configurations of one system; what depends on one role alone is kept."""

    def __init__(self, system: TimedSystem) -> None:
        self.system = system
        layout = system.layout
        self._masks = [
            LOCAL << layout.local[role] | layout.mail[role] for role in range(system.size)
        ]
        self._rests: list[dict[int, _Rest]] = [{} for _ in range(system.size)]

    def faults(self, configuration: int, moving: int) -> Iterator[TimedProperty]:
        """What `configuration` refutes; `moving` has a bit for each role with an event."""
        system = self.system
        idle = not moving
        everyone = range(system.size)
        all_stop = idle and all(system.may_stop(role, configuration) for role in everyone)
        if idle and not all_stop:
            yield TimedProperty.NO_DEADLOCK
        if configuration & system.layout.all_queues:
            for role in everyone:
                if moving >> role & 1 or not configuration & system.layout.mail[role]:
                    continue
                rest = self._rest(role, configuration)
                if rest is _Rest.SPOILT:
                    if self._is_spoilt(role, configuration):
                        yield TimedProperty.NO_UNSPECIFIED_RECEPTION
                elif rest is not _Rest.HARMLESS and (
                    idle or (rest is _Rest.LEFT and not self._may_wait(role, configuration))
                ):
                    yield TimedProperty.NO_ORPHAN_MESSAGE
        elif all_stop and self._disagrees(configuration):
            yield TimedProperty.TIMEOUT_AGREEMENT

    def finds_spoilt(self, role: int, configuration: int) -> bool:
        """Whether a role waits, has no event, and never takes any message that is at hand.

        A message that it could take were its channel not cut is an event of it.
        """
        if self.system.part(role, configuration).moves:
            return False
        rest = self._rest(role, configuration)
        return rest is _Rest.SPOILT and self._is_spoilt(role, configuration)

    def _rest(self, role: int, configuration: int) -> _Rest:
        key = configuration & self._masks[role]
        found = self._rests[role].get(key)
        if found is None:
            found = self._rests[role][key] = self._find_rest(role, configuration)
        return found

    def _find_rest(self, role: int, configuration: int) -> _Rest:
        system = self.system
        local = system.local(role, configuration)
        prepared = system.prepared(role, local)
        if prepared.may_stop:
            return _Rest.LEFT_WHEN_IDLE if prepared.is_waiting else _Rest.LEFT
        awaited = system.roles.awaited_when_told(role, local)
        heads = {sender: system.queue(at, configuration) for at, sender in system.into[role]}
        if not awaited or any(heads[sender] == EMPTY for sender in awaited):
            return _Rest.HARMLESS
        return _Rest.SPOILT

    def _known_complete(self, configuration: int) -> frozenset[int]:
        """Entries that their owners know to be complete; no other role knows earlier."""
        system = self.system
        rows = system.roles.locals.rows
        return frozenset().union(
            *(rows[system.local(role, configuration)].complete for role in range(system.size))
        )

    def _may_wait(self, role: int, configuration: int) -> bool:
        """Whether a role receives something once it learns of entries that may still fail."""
        complete = self._known_complete(configuration)
        local = self.system.local(role, configuration)
        return bool(self.system.roles.awaited_when_told(role, local, complete))

    def has_terminated(self, role: int, configuration: int) -> bool:
        """Whether a role may stop and has no event left, whoever may still tell it of failures."""
        prepared = self.system.prepared(role, self.system.local(role, configuration))
        if not prepared.may_stop or prepared.is_waiting or prepared.fires:
            return False
        return not self._may_wait(role, configuration)

    def _is_spoilt(self, role: int, configuration: int) -> bool:
        """Whether no message at hand can vanish, of which the role takes none."""
        system = self.system
        complete = self._known_complete(configuration)
        awaited = system.roles.awaited_when_told(role, system.local(role, configuration))
        queues = system.roles.queues.rows
        return all(
            system.entries_of(queues[system.queue(at, configuration)][0]) <= complete
            for at, sender in system.into[role]
            if sender in awaited
        )

    def _disagrees(self, configuration: int) -> bool:
        """Whether some role ends in the body of an entry that others know to have failed."""
        system = self.system
        everyone = range(system.size)
        failed = frozenset().union(*(system.failed_entries(r, configuration) for r in everyone))
        return bool(failed) and any(
            not failed.isdisjoint(
                system.roles.ends_unaware_of(role, system.local(role, configuration))
            )
            for role in everyone
        )
