"""Machines of the roles of a protocol with timeouts, as a runtime runs them.

A state is the set of places of the text at which the role may be, without numbers of attempts:
a runtime that numbers attempts and discards messages of failed ones feeds such a machine the
messages that are left. A role that learns of a failure takes the message that tells it where it is,
so states that send may also receive.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tellverify.model.timed_text import ON_TIMEOUT as _ON_TIMEOUT
from tellverify.model.timed_text import MessageNode, TimedProtocol
from tellverify.model.timer_steps import CANCEL, TIMEOUT
from tellverify.search.timed_places import KeptPlaces
from tellverify.search.timed_roles import NOT_TAKEN, TimedRoles
from tellverify.search.timed_rows import LocalRow, MessageRow

MOST_TIMED_STATES: Final = 5_000
_NONE: Final[frozenset[int]] = frozenset()


class TimedMove(msgspec.Struct, frozen=True, omit_defaults=True):
    """A move to state `to`: "send", "receive", "timeout" or "cancel".

    A message has `peer` and `label`, a timer the `line` of its statement.
    """

    action: str
    to: int
    peer: str = ""
    label: str = ""
    line: int = 0


class TimedMachine(msgspec.Struct, frozen=True):
    """States 0 to n-1, 0 initial, with their moves; `final[s]`: the role may stop in s."""

    role: str
    moves: tuple[tuple[TimedMove, ...], ...]
    final: tuple[bool, ...]


def timed_machine(protocol: TimedProtocol, role: str) -> TimedMachine | None:
    """The machine of a role; None when it has more than `MOST_TIMED_STATES` states."""
    return _MachineOfRole(protocol, role).run()


class _MachineOfRole:
    def __init__(self, protocol: TimedProtocol, role: str) -> None:
        self.protocol = protocol
        self.role = role
        self.roles = TimedRoles(KeptPlaces(protocol))
        self.me = self.roles.places.role_number[role]
        self.labels = sorted(
            {
                (node.sender, node.label)
                for node in protocol.nodes
                if isinstance(node, MessageNode) and node.receiver == role
            }
        )

    def run(self) -> TimedMachine | None:
        first = self.roles.first()
        number = {self._plain(first): 0}
        order = list(number)
        moves: list[tuple[TimedMove, ...]] = []
        final: list[bool] = []
        for local in order:
            if len(order) > MOST_TIMED_STATES:
                return None
            found = []
            for move, target in self._moves(local):
                plain = self._plain(target)
                if plain not in number:
                    number[plain] = len(order)
                    order.append(plain)
                found.append(msgspec.structs.replace(move, to=number[plain]))
            moves.append(tuple(dict.fromkeys(found)))
            final.append(self.roles.moves(self.me, local).may_stop)
        return TimedMachine(self.role, tuple(moves), tuple(final))

    def _plain(self, local: int) -> int:
        """The same places without what else is known of firings."""
        view = self.roles.locals.rows[local].view
        return self.roles.locals.number(LocalRow(view, frozenset(), _NONE, frozenset()))

    def _moves(self, local: int) -> list[tuple[TimedMove, int]]:
        names, scopes = self.protocol.roles, self.protocol.scopes
        prepared = self.roles.moves(self.me, local)
        found = []
        for send in prepared.sends:
            label = self.roles.messages.rows[send.message].label
            found.append((TimedMove("send", 0, names[send.receiver], label), send.target))
        for sender, label in self.labels:
            row = MessageRow(label, _NONE, _NONE, frozenset(), _NONE, frozenset(), _NONE)
            message = self.roles.messages.number(row)
            number = self.roles.places.role_number[sender]
            target = self.roles.taken(self.me, number, local, message)
            if target != NOT_TAKEN:
                found.append((TimedMove("receive", 0, sender, label), target))
        for fire in prepared.fires:
            name, _ = scopes[fire.scope].alternatives[fire.alternative]
            word = TIMEOUT if name == _ON_TIMEOUT else CANCEL
            found.append((TimedMove(word, 0, line=scopes[fire.scope].line), fire.target))
        return found
