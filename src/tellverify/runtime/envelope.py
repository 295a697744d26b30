"""The envelope of an execution: how it differs from the canonical one with the same choices."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tellverify.model.step import Step
from tellverify.runtime.executor import Execution
from tellverify.runtime.mode import ExecutionPolicy


class EnvelopeDiff(msgspec.Struct, frozen=True):
    """The widest wave and its bound, and the roles whose events differ from the canonical run.

    With no such role the runs are equal up to swaps of independent events: over FIFO channels the
    n-th receive takes what the n-th send sent, so what every role does fixes the partial order
    (Mazurkiewicz, 1977). `failure_visible` says whether both end alike.
    """

    widest: int
    bound: int
    differing: tuple[str, ...]
    failure_visible: bool

    @property
    def faults(self) -> tuple[str, ...]:
        """Why the execution is outside of its envelope; empty when it is inside."""
        found = []
        if self.widest > self.bound:
            found.append(f"a wave has {self.widest} steps, and the bound is {self.bound}")
        if self.differing:
            names = ", ".join(f"`{role}`" for role in self.differing[:4])
            found.append(f"{names} acted differently from the canonical run")
        if self.failure_visible:
            found.append("the canonical run ends differently")
        return tuple(found)


def envelope_diff(
    execution: Execution, canonical: Execution, policy: ExecutionPolicy
) -> EnvelopeDiff:
    """Compare an execution with the canonical one."""
    left, right = _words(execution.steps), _words(canonical.steps)
    roles = sorted({*left, *right})
    return EnvelopeDiff(
        max(execution.waves, default=0),
        policy.waves,
        tuple(role for role in roles if left.get(role) != right.get(role)),
        execution.ending is not canonical.ending,
    )


def _words(steps: Sequence[Step]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for step in steps:
        found.setdefault(step.actor, []).append(str(step))
    return found
