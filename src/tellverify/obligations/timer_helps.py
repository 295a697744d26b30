"""Whether a timer unblocks a stuck role, verified by searches of the changed protocol."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from tellverify.language.checks.walk import child_blocks
from tellverify.language.lowering.lower import lower
from tellverify.language.syntax import ast
from tellverify.model.scenario import Scenario, TooManyFaultSets
from tellverify.model.scenario_text import parse_scenario
from tellverify.model.trace import Trace
from tellverify.obligations.context import Context, Instance
from tellverify.obligations.stated_decisions import stated_decisions
from tellverify.obligations.timed_scenarios import check_timed_scenario
from tellverify.search.scenario_search import ScenarioCheck
from tellverify.search.timed_failures import undecided_with_timers

_BUDGET: Final = 16_000  # of searches, of which a configuration with timers takes four
_EVENTS: Final = 2_000
_DURATION: Final = ast.DurationValue(30, "s")


class _Candidate(NamedTuple):
    """A protocol with a timer around `first` to `last`, which ends as a branch of the choice."""

    protocol: ast.Protocol
    first: ast.Statement
    last: ast.Statement
    branch: str


def healing_timer(context: Context, instance: Instance, trace: Trace) -> tuple[str, ...]:
    """A timer of the stuck role, under which no run of the scenario leaves it waiting.

    Tried are timers from the statement at which it waits to its own next choice, which end
    as one of the branches does. Nothing of the protocol may break, with or without faults.
    """
    role = trace.culprits[0]
    scenario = parse_scenario("", trace.scenario)
    if "[" in role or context.options.dialect == "faithful" or undecided_with_timers(scenario):
        return ()
    holding = [
        candidate
        for candidate in _candidates(context, role, trace)
        if _holds(context, instance, candidate.protocol, Scenario(), role)
        and _holds(context, instance, candidate.protocol, scenario, role)
    ]
    if not holding:
        return ()
    low, _ = context.source.position(holding[0].first.span.start)
    high, _ = context.source.position(holding[0].last.span.end - 1)
    at = f"in line {low}" if low == high else f"around lines {low} to {high}"
    branches = " or ".join(f"`{candidate.branch}`" for candidate in holding)
    sizes = f" with {instance.name}" if instance.name else ""
    return (
        f"give `{role}` a timer {at} that ends as {branches} does: no run{sizes} leaves it"
        " waiting then",
    )


def _candidates(context: Context, role: str, trace: Trace) -> Iterator[_Candidate]:
    protocol = context.protocol
    for block in _blocks(protocol.body):
        first = next(
            (
                at
                for at, one in enumerate(block)
                if isinstance(one, ast.Send)
                and one.receiver.name.text == role
                and one.span.start <= trace.place.span.start < one.span.end
            ),
            None,
        )
        if first is None or trace.place.path != context.source.path:
            continue
        for last in range(first + 1, len(block)):
            choice = block[last]
            if not isinstance(choice, ast.Choice) or choice.decider.name.text != role:
                continue
            for branch in choice.branches:
                inside = block[first : last + 1]
                timer = ast.Timeout(_DURATION, choice.decider, inside, branch.body)
                changed = (*block[:first], timer, *block[last + 1 :])
                body = _replaced(protocol.body, block, changed)
                yield _Candidate(
                    msgspec.structs.replace(protocol, body=body),
                    block[first],
                    choice,
                    branch.label.text,
                )
            break


def _blocks(body: ast.Block) -> Iterator[ast.Block]:
    work = [body]
    while work:
        block = work.pop()
        yield block
        work += [inner for statement in block for inner in child_blocks(statement)]


def _replaced(body: ast.Block, old: ast.Block, new: ast.Block) -> ast.Block:
    """`body` with one block of the top, or of a loop or branch in it, replaced."""
    if body is old:
        return new
    return tuple(_with_block(one, old, new) for one in body)


def _with_block(one: ast.Statement, old: ast.Block, new: ast.Block) -> ast.Statement:
    if isinstance(one, ast.Choice):
        branches = tuple(
            msgspec.structs.replace(branch, body=_replaced(branch.body, old, new))
            for branch in one.branches
        )
        return msgspec.structs.replace(one, branches=branches)
    if isinstance(one, ast.Rec | ast.Loop):
        return msgspec.structs.replace(one, body=_replaced(one.body, old, new))
    return one


def _holds(
    context: Context, instance: Instance, protocol: ast.Protocol, scenario: Scenario, role: str
) -> bool:
    """Whether a search of all runs finds none that leaves `role` waiting, or breaks anything else.

    Whether other roles are stuck under a scenario is not asked: that is so without the timer.
    """
    judged = context.judged
    lowered = lower(judged.file, judged.source, protocol, instance.sizes, _EVENTS, judged.linked)
    if lowered.timed is None:
        return False
    decisions = [one.rule for one in stated_decisions(context, [])]
    options = msgspec.structs.replace(context.options, search_limit=_BUDGET)
    try:
        found = check_timed_scenario(lowered.timed, scenario, decisions, options)
    except TooManyFaultSets:
        return False
    return found is not None and found.complete and _is_good(found, scenario, role)


def _is_good(found: ScenarioCheck, scenario: Scenario, role: str) -> bool:
    waits = {*found.stuck, *found.open_roles}
    decided = not found.decisions and not found.open_decisions
    others = found.orphan is None and found.reception is None and decided
    return others and not (waits if not scenario.rules else waits & {role})
