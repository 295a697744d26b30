"""Fidelity of parallel branches on shared channels against partial orders written out in full.

TELLVERIFY_PARALLEL=20000 tries so many protocols instead of 600.
"""

from __future__ import annotations

import os

from plain_orders import random_protocol, shortest_infidelity, tagged, text

from tellverify.language.lowering.lower import Lowered, lower
from tellverify.language.syntax.parser import parse
from tellverify.model.trace import Fault
from tellverify.projection.subset import bounded_machine
from tellverify.search.counterexample import find_faults
from tellverify.source.text import SourceFile

COUNT = int(os.environ.get("TELLVERIFY_PARALLEL", "600"))
INFIDELITY = frozenset({Fault.INFIDELITY})


def lowered(written: str) -> Lowered:
    source = SourceFile("p.tell", written)
    file = parse(source).file
    return lower(file, source, file.protocols[0], {})


def test_trackers_agree_with_partial_orders_written_out() -> None:
    faulty = faithful = 0
    for seed in range(COUNT):
        block = random_protocol(seed)
        found = lowered(text(block))
        if found.graph is None or found.order is None or found.graph.event_count > 150:
            continue
        machines = [bounded_machine(found.graph, role, 200) for role in found.graph.roles]
        built = [machine for machine in machines if machine is not None]
        if len(built) < len(machines):
            continue
        shortest, complete = shortest_infidelity(built, tagged(block), 600)
        if not complete:
            continue
        search = find_faults(
            found.graph,
            built,
            wanted=INFIDELITY,
            depth_limit=None,
            budget=20_000,
            order=found.order,
        )
        trace = search.trace(Fault.INFIDELITY)
        if trace is None:
            assert search.covered(Fault.INFIDELITY).complete, f"seed {seed}"
        assert (None if trace is None else len(trace.steps)) == shortest, f"seed {seed}"
        faulty += shortest is not None
        faithful += shortest is None
    assert faulty > COUNT // 6 and faithful > COUNT // 6
