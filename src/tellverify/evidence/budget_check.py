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
    Worst,
    write_budgets,
)

_MOST_BYTES = 256 * 1024 * 1024


class BadBudgets(Exception):
    """A certificate does not show what it claims; the text says where."""


def check_budget_file(path: str) -> str:
    """What a file shows, in words. Raises BadBudgets, or OSError when it cannot be read."""
    with open(path, "rb") as file:
        content = file.read(_MOST_BYTES + 1)
    found = read_budgets(content)
    if os.path.isfile(found.source):
        with open(found.source, "rb") as source:
            if hashlib.sha256(source.read(_MOST_BYTES)).hexdigest() != found.sha256:
                raise BadBudgets(f"{found.source} changed since its budgets were certified")
    claims = check_budgets(found)
    return f"budgets: {claims} worst cases"


def read_budgets(content: bytes) -> BudgetCertificate:
    """A certificate from its text. Raises BadBudgets."""
    try:
        found = msgspec.json.decode(content, type=BudgetCertificate)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadBudgets(str(error)[:200].partition("\n")[0]) from None
    if found.schema != BUDGET_SCHEMA:
        raise BadBudgets(f"the schema is not `{BUDGET_SCHEMA}`")
    if write_budgets(found).encode() != content:
        raise BadBudgets("the file is not in its one form")
    return found


def check_budgets(certificate: BudgetCertificate) -> int:
    """How many claims hold; raises BadBudgets at the first one that does not."""
    count = 0
    for part in certificate.instances:
        _check_graph(part)
        for worst in part.worst:
            _check(part, worst)
            count += 1
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


def _check(part: BudgetInstance, worst: Worst) -> None:
    graph = part.graph
    where = f"`{worst.claim}`" + (f" at {part.instance}" if part.instance else "")
    costs = {event: int(amount) for event, amount in worst.costs}
    if [event for event, _ in worst.costs] != sorted(costs) or any(
        event >= len(graph.events) for event in costs
    ):
        raise BadBudgets(f"the costs of {where} are not in order")
    potential = [int(amount) for amount in worst.potential]
    total = int(worst.total)
    if len(potential) != graph.states or not potential or potential[0] != total:
        raise BadBudgets(f"the potential of {where} does not begin with the total")
    for number, (source, _, _, _, target) in enumerate(graph.events):
        if potential[source] < costs.get(number, 0) + potential[target]:
            raise BadBudgets(f"the potential of {where} is too small at event {number}")
    state, added = 0, 0
    for event in worst.run:
        if event >= len(graph.events) or graph.events[event][0] != state:
            raise BadBudgets(f"the run of {where} is none of the graph")
        state = graph.events[event][4]
        added += costs.get(event, 0)
    if added != total:
        raise BadBudgets(f"the run of {where} adds up to {added} instead of {total}")
