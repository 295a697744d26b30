"""Verdicts on workflows over all sizes of their agent families."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Final, TypeAlias

import msgspec

from tellverify.obligations.options import DEFAULT_SIZES
from tellverify.verdict.identity import Obligation, ObligationScope
from tellverify.verdict.outcome import Bounded, Outcome, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Family, Verdict
from tellverify.workflows.composition import Composition
from tellverify.workflows.decision import DecidedWorkflow
from tellverify.workflows.plan import FilePlan, PlannedWorkflow
from tellverify.workflows.workflow_text import ProtocolStep

_MOST_COMBINATIONS: Final = 27
_WHOLE: Final = ObligationScope()
SizedWorkflow: TypeAlias = tuple[str, Composition, DecidedWorkflow]
"""The name of the sizes, the composition at these, and the outcomes for one workflow."""


def sizes_tried(plan: FilePlan, family: str) -> tuple[int, ...]:
    """The sizes of a family: those of the file, else the first for which all joins have enough."""
    least = max(
        (
            step.join
            for workflow in plan.workflows
            for planned in workflow.steps
            if isinstance(step := planned.placed.step, ProtocolStep)
            and isinstance(step.join, int)
            and planned.roles is not None
            and planned.roles.each == family
        ),
        default=DEFAULT_SIZES[0],
    )
    more = least - DEFAULT_SIZES[0]
    return plan.agents.sizes_of(family, [size + more for size in DEFAULT_SIZES])


def combinations(plan: FilePlan) -> Iterator[dict[str, int]]:
    """The sizes to try: all combinations, or along the diagonal where these are too many."""
    choices = [sizes_tried(plan, family) for family in plan.families]
    count = 1
    for choice in choices:
        count *= len(choice)
    if count <= _MOST_COMBINATIONS:
        rows = sorted(product(*choices), key=lambda row: (sum(row), row))
    else:
        longest = max(map(len, choices))
        rows = [tuple(c[min(n, len(c) - 1)] for c in choices) for n in range(longest)]
    for row in rows:
        yield dict(zip(plan.families, row, strict=True))


def withhold_waiting(plan: FilePlan, decided: dict[str, list[SizedWorkflow]]) -> None:
    """Withhold proofs of workflows that wait for others which are not proved."""
    names = [one.name for one in plan.workflows]
    for index in range(max((len(rows) for rows in decided.values()), default=0)):
        waits: dict[str, set[str]] = {name: set() for name in names}
        for name in names:
            rows = decided.get(name, [])
            if index >= len(rows):
                continue
            whole = rows[index][1]
            for edge in whole.edges:
                left = whole.sessions[edge.before].session.workflow
                right = whole.sessions[edge.after].session.workflow
                if left != right:
                    waits[right].add(left)
            break
        changed = True
        while changed:
            changed = False
            for name in names:
                changed = _withheld(name, index, waits[name], decided) or changed


def _withheld(
    name: str,
    index: int,
    waits: set[str],
    decided: dict[str, list[SizedWorkflow]],
) -> bool:
    rows = decided.get(name, [])
    if index >= len(rows):
        return False
    label, whole, found = rows[index]
    if not isinstance(found.composition, Proved | Bounded):
        return False
    for other in sorted(waits):
        theirs = decided.get(other, [])
        ok = index < len(theirs) and isinstance(theirs[index][2].composition, Proved | Bounded)
        if not ok:
            outcome = Skipped(f"its agents run `{other}` before, which is not proved")
            outcomes = {**found.outcomes, (Property.COMPOSITION, _WHOLE): outcome}
            rows[index] = (label, whole, msgspec.structs.replace(found, outcomes=outcomes))
            return True
    return False


def families_of(workflow: PlannedWorkflow) -> set[str]:
    """The agent families that take part in a workflow."""
    return {
        family
        for planned in workflow.steps
        if planned.roles is not None
        for family in (*planned.roles.families, planned.roles.each)
        if family
    }


def families_tried(rows: Sequence[SizedWorkflow], used: set[str]) -> tuple[Family, ...]:
    """The families of `used` with the sizes that `rows` have, in the order of the rows."""
    tried: dict[str, dict[int, None]] = {}
    for _, one, _ in rows:
        for family, size in one.sizes:
            if family in used:
                tried.setdefault(family, {})[size] = None
    return tuple(Family(name, tuple(sizes)) for name, sizes in tried.items())


def verdicts_of(
    plan: FilePlan,
    workflow: PlannedWorkflow,
    rows: Sequence[SizedWorkflow],
    place: tuple[int, int],
) -> Iterator[Verdict]:
    """Every obligation over all sizes, the whole first."""
    order: dict[Obligation, None] = {(Property.COMPOSITION, _WHOLE): None}
    for _, _, found in rows:
        order.update(dict.fromkeys(found.outcomes))
    used = families_of(workflow)
    open_ones = [name for name in used if not plan.agents.is_fixed(name)]
    by_each = all(name not in plan.inside_protocols for name in open_ones)
    bound = ", ".join(
        f"{name} = {', '.join(map(str, sizes_tried(plan, name)))}"
        for name in plan.families
        if name in open_ones
    )
    every = by_each and all(found.by_conditions for _, _, found in rows)
    listed = any(plan.agents.is_family(name) for name in open_ones)
    count = max(found.configurations for _, _, found in rows)
    for prop, scope in order:
        outcomes = [
            (name, found.outcomes[prop, scope])
            for name, _, found in rows
            if (prop, scope) in found.outcomes
        ]
        least = min((sizes_tried(plan, name)[0] for name in open_ones), default=1)
        claimed = f"every N >= {least}" if every and not listed else ""
        outcome = over_sizes(outcomes, bound, claimed)
        whole = prop is Property.COMPOSITION
        statistics = (("configurations", count),) if whole and count else ()
        yield Verdict.of(prop, scope, outcome, place, statistics)


def over_sizes(outcomes: Sequence[tuple[str, Outcome]], bound: str, claimed: str) -> Outcome:
    """The outcome over all sizes: the first refutation, else the weakest."""
    for name, outcome in outcomes:
        if isinstance(outcome, Refuted):
            return msgspec.structs.replace(outcome, instance=name)
    for kind in (Unknown, Skipped, Bounded):
        for _, outcome in outcomes:
            if isinstance(outcome, kind):
                return outcome
    outcome = outcomes[0][1]
    if not bound or not isinstance(outcome, Proved):
        return outcome
    if claimed:
        how = outcome.detail or outcome.method.row.title
        return Proved(outcome.method, f"{how}, {claimed}")
    return Bounded(bound, outcome.method, outcome.detail)
