"""The result for one obligation at given family sizes."""

from __future__ import annotations

import msgspec

from tellverify.verdict.outcome import Outcome
from tellverify.verdict.properties import Property


class InstanceFinding(msgspec.Struct, frozen=True):
    """An obligation at given family sizes; `roles` and `channel` as in a verdict's subject.

    `required` is None where the registry of properties says it.
    """

    property: Property
    outcome: Outcome
    roles: tuple[str, ...] = ()
    channel: tuple[str, str] | None = None
    statistics: tuple[tuple[str, int], ...] = ()
    required: bool | None = None
