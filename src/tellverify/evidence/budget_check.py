"""Check a certificate of worst cases, event by event and without any search.

Accepted means: the potential does not rise along any event by less than its cost, so no run adds up
to more than is claimed; and the run that comes along is one of the graph and adds up to it. That
the graph and the costs are those of the source is not checked here, as with other certificates.
"""

from __future__ import annotations

import hashlib
import os

import msgspec

from tellverify.evidence.budgets import (
    BUDGET_SCHEMA,
    BudgetCertificate,
    BudgetInstance,
    Over,
    WorstCase,
    write_budgets,
)
from tellverify.source.files import read_bytes

_MOST_BYTES = 256 * 1024 * 1024


class BadBudgets(Exception):
    """A certificate does not show what it claims; the text says where."""


def check_budget_file(path: str) -> str:
    """What a file shows, in words. Raises BadBudgets, or Unreadable when it cannot be read."""
    found = read_budgets(read_bytes(path, _MOST_BYTES))
    if os.path.isfile(found.source):
        source = read_bytes(found.source, _MOST_BYTES)
        if hashlib.sha256(source).hexdigest() != found.sha256:
            raise BadBudgets(f"{found.source} changed since its budgets were certified")
    claims = check_budgets(found)
    return f"budgets: {claims} claims"


def read_budgets(content: bytes) -> BudgetCertificate:
    """A certificate from its text. Raises BadBudgets."""
    try:
        found = msgspec.json.decode(content, type=BudgetCertificate)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadBudgets(str(error)[:200].partition("\n")[0]) from None
    if found.schema != BUDGET_SCHEMA:
        raise BadBudgets(f"the schema is not `{BUDGET_SCHEMA}`")
    if write_budgets(found).encode() != content:
        raise BadBudgets("the file is not in canonical form")
    return found


def check_budgets(certificate: BudgetCertificate) -> int:
    """How many claims hold; raises BadBudgets at the first one that does not."""
    count = 0
    names = [part.instance for part in certificate.instances]
    if len(set(names)) < len(names):
        raise BadBudgets("one instance is listed twice")
    for part in certificate.instances:
        _check_graph(part)
        for worst in part.worst:
            _check(part, worst)
        for over in part.over:
            _check_over(part, over)
        count += len(part.worst) + len(part.over)
    if not count:
        raise BadBudgets("it claims nothing")
    return count


def _check_graph(part: BudgetInstance) -> None:
    graph = part.graph
    last = 0
    for number, (source, sender, receiver, label, target) in enumerate(graph.events):
        known = (
            last <= source < graph.states
            and target < graph.states
            and sender < len(graph.roles)
            and receiver < len(graph.roles)
            and label < len(graph.labels)
        )
        if not known:
            raise BadBudgets(f"event {number} of `{part.instance}` is out of range")
        last = source


def _check(part: BudgetInstance, worst: WorstCase) -> None:
    graph = part.graph
    where = f"`{worst.claim}`" + (f" at {part.instance}" if part.instance else "")
    costs = _costs(part, worst.costs, where)
    potential = [int(amount) for amount in worst.potential]
    total = int(worst.total)
    if len(potential) != graph.states or not potential or potential[0] != total:
        raise BadBudgets(f"the potential of {where} does not begin with the total")
    for number, (source, _, _, _, target) in enumerate(graph.events):
        if potential[source] < costs.get(number, 0) + potential[target]:
            raise BadBudgets(f"the potential of {where} is too small at event {number}")
    _, added = _walked(part, worst.run, costs, where)
    if added != total:
        raise BadBudgets(f"the run of {where} adds up to {added} instead of {total}")


def _check_over(part: BudgetInstance, over: Over) -> None:
    where = f"`{over.claim}`" + (f" at {part.instance}" if part.instance else "")
    costs = _costs(part, over.costs, where)
    end, added = _walked(part, over.run, costs, where)
    if over.loop < -1:
        raise BadBudgets(f"the loop of {where} begins nowhere")
    if over.loop < 0:
        if added <= int(over.limit):
            raise BadBudgets(f"the run of {where} adds up to {added} and passes no limit")
        return
    start, before = _walked(part, over.run[: over.loop], costs, where)
    if start != end or over.loop >= len(over.run):
        raise BadBudgets(f"the loop of {where} does not come back")
    if added <= before:
        raise BadBudgets(f"the loop of {where} adds nothing")


def _costs(part: BudgetInstance, given: list[tuple[int, str]], where: str) -> dict[int, int]:
    costs = {event: int(amount) for event, amount in given}
    events = [event for event, _ in given]
    if events != sorted(costs) or any(event >= len(part.graph.events) for event in costs):
        raise BadBudgets(f"the costs of {where} are not in order")
    return costs


def _walked(
    part: BudgetInstance, run: list[int], costs: dict[int, int], where: str
) -> tuple[int, int]:
    """The state at the end of a run, and what it adds up to."""
    events = part.graph.events
    state, added = 0, 0
    for event in run:
        if event >= len(events) or events[event][0] != state:
            raise BadBudgets(f"the run of {where} is not a run of the graph")
        state = events[event][4]
        added += costs.get(event, 0)
    return state, added
