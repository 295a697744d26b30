"""What search says of one group of machines, and how far each answer reaches."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from tellverify.model.fault import Fault
from tellverify.model.machine import Machine
from tellverify.model.step import Step
from tellverify.model.trace import Trace
from tellverify.search.counterexample import FaultSearch, SearchCoverage
from tellverify.search.encoding import Channel

SAFE: Final = (Fault.DEADLOCK, Fault.UNSPECIFIED_RECEPTION, Fault.ORPHAN_MESSAGE, Fault.STUCK_ROLE)

OF_ROLES: Final = (Fault.STUCK_ROLE, Fault.STARVATION)
"""Faults that a run shows of each role for itself."""


class SearchScope(StrEnum):
    """What was searched for a fault: how far an answer that nothing was found reaches."""

    ALL = "all"  # every configuration there is
    COMPATIBLE = "compatible"  # k-multiparty compatible: all, by the theorem
    ENDINGS = "endings"  # every configuration in which no role can act, by persistent sets
    REDUCED = "reduced"  # representatives of every configuration, by persistent sets
    STRUCTURE = "structure"  # no run can show it: no machine has a cycle
    QUEUES = "queues"  # all with queues of up to `bound` messages
    OPEN = "open"  # those, but what some of them lead to depends on longer queues
    RUNS = "runs"  # all runs of up to `depth` events


PROVED: Final = frozenset(
    {
        SearchScope.ALL,
        SearchScope.COMPATIBLE,
        SearchScope.ENDINGS,
        SearchScope.REDUCED,
        SearchScope.STRUCTURE,
    }
)


class Reached(msgspec.Struct, frozen=True):
    """The scope of an answer with its bound, depth, and the configurations that were visited."""

    scope: SearchScope
    bound: int
    depth: int
    configurations: int


class GroupCheck(msgspec.Struct, frozen=True):
    """What was found out about a group.

    `traces` has at most one run for each fault, for stuck roles one for each role and for queues
    that grow one for each channel. `reached` says how far each fault was searched for, of stuck
    roles all but those in `unjudged`, for which it depends on longer queues. `longest` are exact
    where the scope is `ALL`, upper bounds where it is `STRUCTURE`. `has_end`: every role may stop
    somewhere. `rest` is a run to a configuration in which no role can act; `never_rests`: there is
    no such configuration.
    """

    roles: tuple[str, ...]
    machines: tuple[Machine, ...]
    traces: tuple[Trace, ...]
    reached: dict[Fault, Reached]
    unjudged: frozenset[str]
    longest: tuple[tuple[Channel, int], ...]
    has_end: bool
    rest: tuple[Step, ...] | None
    never_rests: bool


def of_runs(found: FaultSearch, covered: SearchCoverage) -> Reached:
    """How far a search of all runs went."""
    scope = SearchScope.ALL if covered.complete else SearchScope.RUNS
    return Reached(scope, 0, covered.depth, found.configurations + found.histories)
