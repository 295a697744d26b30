"""What fails in a run beside messages: roles and channels."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class OutageKind(StrEnum):
    """What fails in a run of a scenario, beside messages."""

    CRASH = "crash"  # a role stops acting
    CUT = "cut"  # a channel delivers nothing any more
    BYZANTINE = "byzantine"  # a role does whatever it likes, from the beginning on


class Outage(msgspec.Struct, frozen=True, omit_defaults=True):
    """What fails behind event number `after` (0: the beginning): `role`, or its channel to `peer`.

    It is no event.
    """

    after: int
    role: str
    peer: str = ""
    kind: OutageKind = OutageKind.CRASH
