"""Local types that are the same but for the names of family members."""

from __future__ import annotations

import re
from typing import Final

from tellverify.model.local_type import ExternalChoice, InternalChoice, LocalType, Node

_MEMBER: Final = re.compile(r"(?s)(.*)\[[0-9]+\]")


def family_of(role: str) -> str:
    """The family of `Devices[3]`, which is `Devices`; empty for a role that is no member."""
    found = _MEMBER.fullmatch(role)
    return found[1] if found else ""


def pattern(local: LocalType) -> tuple[Node, ...]:
    """The nodes of `local` with members of families numbered by first occurrence.

    Two types have one pattern exactly when renaming members within their families, one to one,
    makes them equal.
    """
    number: dict[str, str] = {}
    count: dict[str, int] = {}
    nodes: list[Node] = []
    for node in local.nodes:
        if isinstance(node, InternalChoice | ExternalChoice):
            partner = node.partner
            if partner not in number:
                family = family_of(partner)
                number[partner] = partner
                if family:
                    count[family] = count.get(family, -1) + 1
                    number[partner] = f"{family}[#{count[family]}]"
            made = InternalChoice if isinstance(node, InternalChoice) else ExternalChoice
            nodes.append(made(number[partner], node.alternatives))
        else:
            nodes.append(node)
    return tuple(nodes)
