"""What merging copies of a budget gets wrong in the runs of one protocol."""

from __future__ import annotations

from collections.abc import Iterator

from tellverify.annotations.longest_paths import shortest_pair, shortest_to
from tellverify.annotations.replicated_budget import MergeFault, words, wrong_merge
from tellverify.annotations.rules import Rules
from tellverify.diagnostics.chain import LOST_CHARGE
from tellverify.language.lowering.families import declared_roles
from tellverify.model.fault import Fault
from tellverify.model.trace import Trace
from tellverify.obligations.context import Context, sizes_of, without_graphs
from tellverify.obligations.graph_runs import both, replayed
from tellverify.obligations.metering import MeteredInstance
from tellverify.obligations.worst_cases import Meters
from tellverify.verdict.identity import ObligationScope
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Bounded, Outcome, Proved, Refuted
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Verdict

_ITEMS = {MergeFault.HIDDEN: "concurrent charges", MergeFault.STALE: "change of epoch"}


def decide_merging(context: Context, rules: Rules, meters: Meters) -> Iterator[Verdict]:
    """For roles whose budget has several copies: a merge that hides a charge, or brings one back.

    Nothing with a single copy.
    """
    if rules.budgets.replicas < 2:
        return
    for declared in declared_roles(context.protocol):
        role = declared.name.text
        for wrong, item in _ITEMS.items():
            if meters.is_whole:
                outcome = _outcome(role, wrong, meters)
            else:
                outcome = _undecided(role, context, meters)
            if outcome is not None:
                subject = ObligationScope((role,), item=item)
                yield Verdict.of(Property.BUDGET_MERGE, subject, outcome, context.place)


def _undecided(role: str, context: Context, meters: Meters) -> Outcome | None:
    """Why the merges of a role are not decided; None for a role that is never charged."""
    charged = any(send.sender == role and send.metadata.cost for send in meters.sends)
    return without_graphs(context.instances) if charged else None


def _outcome(role: str, wrong: MergeFault, meters: Meters) -> Outcome | None:
    """None for a role that is never charged."""
    any_charge = False
    for metered in meters.instances:
        rows = _rows(role, metered)
        any_charge = any_charge or bool(rows)
        runs = [run for row in rows if (run := _run(metered, row, wrong)) is not None]
        if runs:
            return _refuted(metered, min(runs, key=len), wrong)
    if not any_charge:
        return None
    detail = "no row is charged twice in one session"
    sizes = sizes_of([metered.instance for metered in meters.instances])
    if sizes:
        return Bounded(sizes, Method.LONGEST_PATH, detail)
    return Proved(Method.LONGEST_PATH, detail)


def _rows(role: str, metered: MeteredInstance) -> list[tuple[int, int]]:
    rows: dict[tuple[int, int], None] = {}
    graph = metered.graph
    for member in metered.members(role):
        for event in metered.by_sender.get(member, ()):
            if metered.metadata[graph.site[event]].cost:
                rows[member, graph.receiver[event]] = None
    return list(rows)


def _run(
    metered: MeteredInstance, row: tuple[int, int], wrong: MergeFault
) -> tuple[int, ...] | None:
    graph = metered.graph

    def is_charged(event: int) -> bool:
        in_row = (graph.sender[event], graph.receiver[event]) == row
        return in_row and metered.metadata[graph.site[event]].cost > 0

    if wrong is MergeFault.HIDDEN:
        return shortest_pair(graph, is_charged, is_charged)
    return shortest_to(graph, is_charged)


def _refuted(metered: MeteredInstance, run: tuple[int, ...], wrong: MergeFault) -> Outcome | None:
    """The history of copies that the charges of a run allow."""
    graph = metered.graph
    row = (graph.sender[run[-1]], graph.receiver[run[-1]])
    charged = [e for e in run if (graph.sender[e], graph.receiver[e]) == row]
    costs = [metered.metadata[graph.site[e]].cost for e in charged]
    charged = [e for e, cost in zip(charged, costs, strict=True) if cost]
    costs = [cost for cost in costs if cost]
    history = wrong_merge(sum(costs), costs, wrong)
    if history is None:
        return None
    names = [f"`{graph.event(e).label}`" for e in charged]
    event = graph.event(run[-1])
    what = "hides a charge" if wrong is MergeFault.HIDDEN else "brings old charges back"
    explanation = (
        f"merging copies of the budget of `{event.sender}` toward `{event.receiver}` {what}"
    )
    trace = Trace(
        Fault.PROPERTY,
        both(graph, run),
        (event.sender,),
        explanation,
        True,
        place=graph.site_of(run[-1]),
    )
    replayed(metered.machines, trace, lambda: True)  # the history was told from its steps alone
    reason = words(history, names)
    return Refuted(LOST_CHARGE.number, trace, Method.SEARCH, metered.instance.name, reason)
