"""Are the costs in a certificate of budgets those that the text states?

What a message without a stated cost is charged, a policy says, which the certificate does not name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from tellverify.annotations.metadata import COST
from tellverify.evidence.budgets import BudgetInstance, Over, WorstCase
from tellverify.model.graph import ProtocolGraph
from tellverify.model.roles import family_of

_CLAIM: Final = re.compile(r"(budget|leakage|receipts)\[(?:[^\[\],]+, )?(\w+)(?: -> (\w+))?\]")


def other_costs(part: BudgetInstance, graph: ProtocolGraph) -> str:
    """Why the claims of an instance are not about the sends of its roles; empty when they are.

    `graph` is that of the text, and equal to the one in the file.
    """
    roles = {family_of(role) for role in graph.roles}
    claims: list[WorstCase | Over] = [*part.worst, *part.over]
    for claim in claims:
        found = _CLAIM.fullmatch(claim.claim)
        if found is None or not {found[2], found[3] or found[2]} <= roles:
            return f"`{claim.claim}` is no budget of its roles"
        own = [
            event
            for event in range(graph.event_count)
            if family_of(graph.roles[graph.sender[event]]) == found[2]
            and found[3] in (None, family_of(graph.roles[graph.receiver[event]]))
        ]
        costs = {event: int(amount) for event, amount in claim.costs}
        if not costs.keys() <= set(own):
            return f"`{claim.claim}` is charged for what others send"
        if found[1] == "budget" and _differs(graph, own, costs, is_row=found[3] is not None):
            return f"the costs of `{claim.claim}` are not those that the text states"
    return ""


def _differs(
    graph: ProtocolGraph, own: Iterable[int], costs: dict[int, int], *, is_row: bool
) -> bool:
    """Whether some stated cost of the one member that pays, toward one peer in a row, is another.

    Where no member is charged, no cost may be stated.
    """

    def payer(event: int) -> tuple[int, int]:
        return graph.sender[event], graph.receiver[event] if is_row else -1

    payers = {payer(event) for event in costs}
    stated = {event: cost for event in own if (cost := _stated(graph, event)) is not None}
    if len(payers) > 1:
        return True
    if not payers:
        return any(stated.values())
    return any(
        costs.get(event, 0) != cost for event, cost in stated.items() if payer(event) in payers
    )


def _stated(graph: ProtocolGraph, event: int) -> int | None:
    texts = [text for key, text in graph.site_of(event).annotations if key == COST]
    return int(texts[0]) if texts and texts[0].isascii() and texts[0].isdigit() else None
