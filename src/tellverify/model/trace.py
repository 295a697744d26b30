"""Runs that show a fault or witness a possibility."""

from __future__ import annotations

import msgspec

from tellverify.model.failure import Outage
from tellverify.model.fault import Fault as Fault
from tellverify.model.formula import Formula
from tellverify.model.site import Site
from tellverify.model.step import Step


class Waiting(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a role awaits at the end of a run: `(peer, label)` pairs; empty when it has finished."""

    role: str
    finished: bool
    awaits: tuple[tuple[str, str], ...] = ()


class Trace(msgspec.Struct, frozen=True, omit_defaults=True, tag="run", tag_field="kind"):
    """A run of local machines, replayed by `tellverify.model.semantics` before anyone sees it.

    `loop` is the index of the step where a lasso closes, or -1. `minimal` is True when no run
    with fewer events shows the same fault (for a stuck role: none at whose end everyone else has
    finished); otherwise the run is the shortest known.
    `culprits` are the roles the fault is about, `queues` the channels that are not empty at the
    end with their contents, `waiting` the state of every role at the end. `place` is where the
    source shows the fault; without one it is the statement of the last step. `states` has, for
    every step, the local state of its actor after it, or is empty when that was not recorded.
    `formula` is what the run breaks, or as a witness reaches, when that is a formula.
    `outages` are crashes and cut channels of a run of a scenario, in the order in which they
    happen; they are no events. `scenario` has the rules that it keeps to, as text, and `decision`
    what it breaks, when that is about decisions of roles.
    """

    fault: Fault
    steps: tuple[Step, ...]
    culprits: tuple[str, ...]
    explanation: str
    minimal: bool
    loop: int = -1
    queues: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    waiting: tuple[Waiting, ...] = ()
    place: Site = msgspec.field(default_factory=Site)
    states: tuple[int, ...] = ()
    formula: Formula | None = None
    outages: tuple[Outage, ...] = ()
    scenario: str = ""
    decision: str = ""
