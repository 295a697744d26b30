"""Certificates of worst cases: what runs add up to at most, with a potential for every state.

A certificate holds the graph of each instance, the cost of each event, and for each claim a natural
number p(s) for every state with p(s) >= cost + p(t) for every event from s to t. Then no run from
the first state adds up to more than p(0). A run of the graph that does add up to it comes along, so
the number is exact. What is checked, `tellverify.evidence.budget_check` says.
"""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

import msgspec

from tellverify.evidence.certificate import NeutralGraph, Number

BUDGET_SCHEMA: Final = "tellverify/budgets-1"
BUDGET_NAME: Final = "budgets.json"
# Sums may have any size; JSON keeps them exact as text.
Amount: TypeAlias = Annotated[str, msgspec.Meta(pattern="^(0|[1-9][0-9]*)$", max_length=60)]


class Worst(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A claim: runs add up to at most `total`, and `run` adds up to it.

    `costs` are pairs of an event and what it costs, in the order of events; the others cost
    nothing. `potential` has a number for each state.
    """

    claim: str
    total: Amount
    costs: list[tuple[Number, Amount]]
    potential: list[Amount]
    run: list[Number]


class BudgetInstance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The claims for one choice of family sizes."""

    instance: str
    graph: NeutralGraph
    worst: list[Worst]


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
        start = msgspec.json.encode(msgspec.structs.replace(part, worst=[])).decode()
        claims = ",\n".join(msgspec.json.encode(one).decode() for one in part.worst)
        parts.append(start.removesuffix("]}") + f"\n{claims}\n]}}")
    return head.removesuffix("]}") + "\n" + ",\n".join(parts) + "\n]}\n"
