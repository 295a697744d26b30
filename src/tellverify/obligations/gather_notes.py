"""In which order the answers of gathers may be taken, as presuppositions of the verdicts.

A statement of several senders and one receiver is taken in index order. Where the receiver awaits
one message at a time any order is as safe; where it does not, the conditions are asked of a graph
with all orders, which is tested and not proved to suffice. Elsewhere the order is presupposed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tellverify.model.graph import ProtocolGraph, choice_fault, partial_sites
from tellverify.model.roles import family_of
from tellverify.obligations.context import Context, Decision
from tellverify.obligations.policies import policy_at
from tellverify.projection.gather_orders import GatherOrder, safe_orders
from tellverify.verdict.run import Presupposition

_MOST_EVENTS: Final = 2_000
_STEPS: Final = 30_000
_WORDS: Final = {
    GatherOrder.ANY_BY_MOVES: "may be taken in any order",
    GatherOrder.ANY_BY_CONDITIONS: (
        "may be taken in any order, by conditions that are tested and not proved to suffice"
    ),
    GatherOrder.INDEX: "are taken in index order",
}


def decide_notes(context: Context) -> Decision:
    """One note for each statement that is a gather at the smallest sizes with several senders.

    Of those that go on after some of the answers, at any size, also what happens to late ones.
    """
    orders: list[Presupposition] = []
    late: dict[Presupposition, None] = {}
    for instance in context.instances:
        graph = instance.lowered.graph
        if graph is None or instance.lowered.parallel or graph.event_count > _MOST_EVENTS:
            continue
        gathered = _gathered(graph)
        partial = partial_sites(graph)
        if gathered and not orders:
            orders = list(_orders(graph, {s: t for s, t in gathered.items() if s not in partial}))
        for site in sorted(partial & gathered.keys()):
            what = f"the answers of `{gathered[site]}`"
            late.update(dict.fromkeys(_late(context, what, graph.sites[site].line)))
    return Decision(presuppositions=(*orders, *late))


def _gathered(graph: ProtocolGraph) -> dict[int, str]:
    """The statements with several senders and one receiver, as text, by site."""
    ends: dict[int, tuple[set[int], set[int]]] = {}
    for e, site in enumerate(graph.site):
        senders, receivers = ends.setdefault(site, (set(), set()))
        senders.add(graph.sender[e])
        receivers.add(graph.receiver[e])
    found = {}
    for e, site in enumerate(graph.site):
        senders, receivers = ends[site]
        if len(senders) > 1 and len(receivers) == 1:
            event = graph.event(e)  # the last one: the first may carry the name of a branch
            found[site] = f"{family_of(event.sender)}[*] -> {event.receiver} : {event.label}"
    return found


def _orders(graph: ProtocolGraph, gathered: dict[int, str]) -> Iterator[Presupposition]:
    orders: dict[int, GatherOrder] = {}
    if choice_fault(graph) is None:
        for start, order in safe_orders(graph, _STEPS).items():
            site = graph.site[graph.first[start]]
            orders[site] = max(orders.get(site, order), order, key=_rank)
    for site, statement in gathered.items():
        line = graph.sites[site].line
        what = f"the answers of `{statement}`"
        order = orders.get(site, GatherOrder.INDEX)
        yield Presupposition(f"{what} {_WORDS[order]}", line, order is GatherOrder.INDEX)


def _late(context: Context, what: str, line: int) -> Iterator[Presupposition]:
    path = context.options.policy
    policy = policy_at(path).policy if path else None
    if policy is None or policy.gathers.late != "discard":
        return
    place = policy.place("gathers", "", "late")
    where = f" ({place.path}:{place.line})" if place.line else ""
    yield Presupposition(f"{what} that come late are discarded, as the policy says{where}", line)


def _rank(order: GatherOrder) -> int:
    return list(GatherOrder).index(order)
