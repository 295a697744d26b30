"""The table of deciders: every property has its row, and every row its function."""

from __future__ import annotations

from collections import Counter

import pytest

from tellverify.obligations.table import GRAPH_DECIDERS, PROTOCOL_DECIDERS, module_and_name
from tellverify.verdict.properties import Property

# Decided where the text of a protocol, of laws or of models is read.
# A protocol with timeouts has no graph: `obligations.timed` decides all that is asked of it.
ELSEWHERE = {Property.WELL_FORMED, Property.LAW, Property.CLAIM}
ELSEWHERE |= {Property.TIMEOUT_AGREEMENT, Property.FRESH_MESSAGES}
NAMED = sorted(
    {
        *(row.decide for row in GRAPH_DECIDERS),
        *(row.outside for row in GRAPH_DECIDERS),
        *(row.decide for row in PROTOCOL_DECIDERS),
    }
)


def test_every_property_is_decided_by_one_row() -> None:
    rows = (*GRAPH_DECIDERS, *PROTOCOL_DECIDERS)
    assert Counter(p for row in rows for p in row.properties) == Counter(set(Property) - ELSEWHERE)


@pytest.mark.parametrize("named", NAMED)
def test_a_row_names_a_function_with_a_docstring(named: str) -> None:
    module, name = module_and_name(named)
    assert callable(getattr(module, name))
    assert getattr(module, name).__doc__
