"""The examples on the pages about annotations, budgets and ceremonies do what they say."""

from __future__ import annotations

import pytest
from page_examples import examples

from tellverify.diagnostics.codes import CODES
from tellverify.diagnostics.explain import ExplainPage, page
from tellverify.obligations.options import Options
from tellverify.verdict.outcome import Refuted, Skipped, Unknown
from tellverify.verification.pipeline import check_text

OURS = [
    found
    for number, code in CODES.items()
    if number[:4] in ("TV35", "TV36", "TV64", "TV65")
    and (found := page(code)) is not None
    and examples(found)
]


@pytest.mark.parametrize("found", OURS, ids=lambda found: found.code.number)
def test_the_first_example_has_the_fault_and_the_second_does_not(
    found: ExplainPage,
) -> None:
    wrong, right = examples(found)
    assert found.code.number in raised(wrong)
    assert not raised(right) & {found.code.number, "TV131"}


def raised(text: str) -> set[str]:
    run = check_text(text, Options(), path="example.tell").run
    outcomes = [verdict.outcome for report in run.protocols for verdict in report.verdicts]
    return {
        *(diagnostic.code.number for diagnostic in run.findings),
        *(one.code for one in outcomes if isinstance(one, Refuted | Unknown | Skipped)),
    }
