"""Certificates of worst cases: what runs add up to at most, with a potential for every state.

A certificate holds the graph of each instance, the cost of each event, and for each claim a natural
number p(s) for every state with p(s) >= cost + p(t) for every event from s to t. Then no run from
the first state adds up to more than p(0). A run of the graph that does add up to it comes along, so
the number is exact. Where a budget is passed there is a run that passes it instead. What is
checked, `tellverify.evidence.budget_check` says.
"""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

import msgspec

from tellverify.evidence.graph_file import NeutralGraph, Number

BUDGET_SCHEMA: Final = "tellverify/budgets-1"
BUDGET_NAME: Final = "budgets.json"
# Sums may have any size; JSON keeps them exact as text.
Amount: TypeAlias = Annotated[str, msgspec.Meta(pattern="^(0|[1-9][0-9]*)$", max_length=60)]


class WorstCase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A claim: runs add up to at most `total`, and `run` adds up to it.

    `costs` are pairs of an event and what it costs, in the order of events; the others cost
    nothing. `potential` has a number for each state.
    """

    claim: str
    total: Amount
    costs: list[tuple[Number, Amount]]
    potential: list[Amount]
    run: list[Number]


class Over(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run that passes `limit`, or that passes every limit when it repeats from `loop` on.

    `loop` is the number of the event in `run` where the loop begins, or -1. Costs are as in
    `WorstCase`.
    """

    claim: str
    limit: Amount
    costs: list[tuple[Number, Amount]]
    run: list[Number]
    loop: int


class BudgetInstance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The claims for one choice of family sizes."""

    instance: str
    graph: NeutralGraph
    worst: list[WorstCase]
    over: list[Over]


class BudgetCertificate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The worst cases of a protocol at every instance that is listed."""

    schema: str
    source: str
    sha256: str
    protocol: str
    instances: list[BudgetInstance]


def write_budgets(certificate: BudgetCertificate) -> str:
    """The text of a certificate: one line for each graph and each claim."""
    head = msgspec.json.encode(msgspec.structs.replace(certificate, instances=[])).decode()
    parts = []
    for part in certificate.instances:
        start = msgspec.json.encode(msgspec.structs.replace(part, worst=[], over=[])).decode()
        claims = ",\n".join(msgspec.json.encode(one).decode() for one in part.worst)
        over = ",\n".join(msgspec.json.encode(one).decode() for one in part.over)
        start = start.removesuffix('],"over":[]}')
        parts.append(f'{start}\n{claims}\n],"over":[\n{over}\n]}}')
    return head.removesuffix("]}") + "\n" + ",\n".join(parts) + "\n]}\n"
