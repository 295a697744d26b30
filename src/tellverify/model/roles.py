"""Names of roles: a member of a family is called `Devices[3]`."""

from __future__ import annotations


def family_of(role: str) -> str:
    """The declared name of a role: `Devices` of `Devices[3]`, and itself of any other."""
    return role.partition("[")[0]
