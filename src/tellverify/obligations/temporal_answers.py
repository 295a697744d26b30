"""Answers on formulas and decisions at single family sizes, and one outcome from all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from tellverify.diagnostics.limits import UNSUPPORTED
from tellverify.model.formula import Formula
from tellverify.model.trace import Trace
from tellverify.obligations.context import Context, Instance, sizes_of
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Bounded, Outcome, Proved, Refuted, Skipped, Unknown

if TYPE_CHECKING:
    from tellverify.obligations.timed_formulas import TimedFormulas

_AT_GIVEN_SIZES: Final = "formulas are searched at given sizes alone"


class TemporalAnswer(msgspec.Struct, frozen=True):
    """The results at given sizes; `trace` is a witness where one was asked for."""

    outcome: Outcome
    statistics: tuple[tuple[str, int], ...] = ()
    trace: Trace | None = None


def contradicted(name: str) -> str:
    """The sentence about a run whose events alone break a property."""
    return f"property `{name}` does not hold: these events violate it, whatever follows"


class FormulaOfInstance(NamedTuple):
    """A property at given sizes; `timed` decides it where the protocol has timeouts."""

    instance: Instance
    formula: Formula
    timed: TimedFormulas | None


def united(
    context: Context, answers: Sequence[tuple[Instance, TemporalAnswer]]
) -> tuple[Outcome, tuple[tuple[str, int], ...]]:
    """One outcome from those at all sizes; a fault at the smallest sizes that show it refutes."""
    sums: dict[str, int] = {}
    for _, answer in answers:
        for name, value in answer.statistics:
            sums[name] = sums.get(name, 0) + value
    statistics = tuple(sums.items())
    if not answers:
        reason = "it names a member that no family has at the sizes tried"
        return Skipped(reason, UNSUPPORTED.number), ()
    for instance, answer in answers:
        if isinstance(answer.outcome, Refuted):
            return msgspec.structs.replace(answer.outcome, instance=instance.name), statistics
    for instance, answer in answers:
        outcome = answer.outcome
        if isinstance(outcome, Unknown | Skipped):
            reason = f"{outcome.reason} ({instance.name})" if instance.name else outcome.reason
            return msgspec.structs.replace(outcome, reason=reason), statistics
    limits = dict.fromkeys(a.outcome.bound for _, a in answers if isinstance(a.outcome, Bounded))
    reason = ""
    if sizes := sizes_of([instance for instance, _ in answers]):
        limits = {sizes: None, **limits}
        reason = _AT_GIVEN_SIZES if context.claim.least else context.claim.outside
    last = answers[-1][1].outcome
    if not limits and isinstance(last, Proved):
        return last, statistics
    method = last.method if isinstance(last, Proved | Bounded) else Method.SEARCH
    return Bounded(", ".join(limits), method, "", reason), statistics
