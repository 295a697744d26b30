"""What the annotations of a send mean: its capabilities, its cost, its facts and who observes it.

This reads annotations that were found to be well-formed; `annotations` reports the faults of the
others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tellverify.annotations.rules import Rules
from tellverify.model.site import Site

CAPABILITY: Final = "guard_capability"
COST: Final = "flow_cost"
FACTS: Final = "journal_facts"
LEAK: Final = "leak"
LARGEST_COST: Final = 2**64 - 1


class Metadata(msgspec.Struct, frozen=True):
    """The annotations of a send.

    `cost` is what one message is charged. `bits`
    has what each class of observers learns from one message, sorted. A send without a record is
    not `annotated`: no guard looks at it.
    """

    annotated: bool = False
    capabilities: tuple[str, ...] = ()
    cost: int = 0
    facts: tuple[str, ...] = ()
    bits: tuple[tuple[str, int], ...] = ()


def metadata_of(entries: Sequence[tuple[str, str]], rules: Rules) -> Metadata:
    """The meaning of the entries of a sender record; none for a send without one."""
    if not entries:
        return Metadata(cost=rules.budgets.unannotated_cost)
    costs = [int(text) for key, text in entries if key == COST and _is_number(text)]
    bits: dict[str, int] = {}
    for key, text in entries:
        if key == LEAK:
            for observer in observers(text):
                known = any(observer == row.name for row in rules.leakage.classes)
                name = observer if known else rules.leakage.unrecognised
                bits[name] = bits.get(name, 0) + rules.leakage.bits
    return Metadata(
        annotated=True,
        capabilities=tuple(text for key, text in entries if key == CAPABILITY),
        cost=costs[0] if costs else rules.budgets.implicit_cost,
        facts=tuple(text for key, text in entries if key == FACTS),
        bits=tuple(sorted(bits.items())),
    )


def observers(text: str) -> list[str]:
    """The observers in the value of `leak`: one name, or several in parentheses."""
    inner = text[1:-1] if text.startswith("(") and text.endswith(")") else text
    return [part.strip() for part in inner.split(",") if part.strip()]


def of_sites(sites: Sequence[Site], rules: Rules) -> list[Metadata]:
    """The meaning of the annotations of every site of a graph."""
    known: dict[tuple[tuple[str, str], ...], Metadata] = {}
    found = []
    for site in sites:
        if site.annotations not in known:
            known[site.annotations] = metadata_of(site.annotations, rules)
        found.append(known[site.annotations])
    return found


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 20
