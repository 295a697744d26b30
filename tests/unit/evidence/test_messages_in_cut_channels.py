"""A message that stays in a cut channel is none that its receiver does not expect."""

from __future__ import annotations

import pytest

from tellverify.evidence.fault_run import unshown_in_scenario
from tellverify.model.failure import Outage, OutageKind
from tellverify.model.fault import Fault
from tellverify.model.machine import Action, Machine
from tellverify.model.step import Step
from tellverify.model.trace import Trace

SENDER = Machine("A", (((Action(True, "B", "x"), 1),), ()), (False, True))
OTHER = Machine("C", (((Action(True, "B", "y"), 1),), ()), (True, True))
TAKES = Action(False, "A", "x")
MAY_STOP = Machine("B", (((TAKES, 1),), ()), (True, True))
WAITS = Machine("B", (((TAKES, 1), (Action(False, "C", "y"), 1)), ()), (False, True))
FINISHED = Machine("B", ((),), (True,))
DEAF = Machine("B", (((Action(False, "A", "z"), 1),), ()), (False, True))
SENT = (Step(True, "A", "B", "x"),)


def shown(fault: Fault, receiver: Machine, *outages: Outage) -> str:
    scenario = "partition {A} | {B}" if outages else ""
    trace = Trace(fault, SENT, ("B",), "", True, outages=outages, scenario=scenario)
    return unshown_in_scenario(trace, [SENDER, receiver, OTHER])


CUT = Outage(1, "A", "B", OutageKind.CUT)


@pytest.mark.parametrize(
    ("fault", "expecting", "wrong"),
    [
        (Fault.ORPHAN_MESSAGE, MAY_STOP, FINISHED),
        (Fault.UNSPECIFIED_RECEPTION, WAITS, DEAF),
    ],
)
def test_a_cut_makes_no_message_unexpected(
    fault: Fault, expecting: Machine, wrong: Machine
) -> None:
    assert shown(fault, wrong) == ""
    assert shown(fault, wrong, CUT) == ""
    assert shown(fault, expecting) != ""
    assert shown(fault, expecting, CUT) != ""
