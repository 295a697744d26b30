"""The table of deciders: every property has its row, and every row its function."""

from __future__ import annotations

from collections import Counter

import pytest

from tellverify.obligations.table import GRAPH_DECIDERS, PROTOCOL_DECIDERS, module_and_name
from tellverify.verdict.properties import PROPERTIES, Property, PropertyScope

# Decided where the text of a protocol, of laws or of models is read.
# A protocol with timeouts has no graph: `obligations.timed` decides all that is asked of it.
ELSEWHERE = {Property.WELL_FORMED, Property.LAW, Property.CLAIM}
ELSEWHERE |= {Property.TIMEOUT_AGREEMENT, Property.FRESH_MESSAGES}
# Two versions and workflows have deciders of their own; `refines` is one of machines.
ELSEWHERE |= {Property.MIXTURE, Property.ROLL_OUT, Property.REFINES}
ELSEWHERE |= {
    prop
    for prop in Property
    if PROPERTIES[prop].scope in (PropertyScope.WORKFLOW, PropertyScope.AGENT)
}
ELSEWHERE |= {Property.LABELS_APART}
UNDER_SCENARIOS = "scenarios:decide_scenarios"  # properties of the other rows, with faults
NAMED = sorted(
    {
        *(row.decide for row in GRAPH_DECIDERS),
        *(row.outside for row in GRAPH_DECIDERS),
        *(row.decide for row in PROTOCOL_DECIDERS),
    }
)


def test_every_property_is_decided_by_one_row() -> None:
    rows = [row for row in (*GRAPH_DECIDERS, *PROTOCOL_DECIDERS) if row.decide != UNDER_SCENARIOS]
    found = Counter(p for row in rows for p in row.properties)
    (scenarios,) = [row for row in PROTOCOL_DECIDERS if row.decide == UNDER_SCENARIOS]
    assert {Property.AGREEMENT, Property.AT_MOST_ONCE} == set(scenarios.properties) - set(found)
    found |= Counter(set(scenarios.properties) - set(found))
    assert found == Counter(set(Property) - ELSEWHERE)


@pytest.mark.parametrize("named", NAMED)
def test_a_row_names_a_function_with_a_docstring(named: str) -> None:
    module, name = module_and_name(named)
    assert callable(getattr(module, name))
    assert getattr(module, name).__doc__
