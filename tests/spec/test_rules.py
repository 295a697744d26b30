"""Every rule of the language, and what Telltale accepts or drops without a word.

What breaks a rule is found where it is, and a near miss is not. The cases are the documents of
`tests/spec/cases`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from documents import Case, cases, documents, findings, output, rewrite

from tellverify.diagnostics.codes import CODES
from tellverify.language.checks.tiers import FULL, MACHINE, PROOF, SESSION, THEORY
from tellverify.verdict.properties import Property

CASES = cases()
SHOWN = [case for case in CASES if case.text]
LAST_RULE = 112


def test_the_documents_have_every_rule_once() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))
    rules = {name for name in names if re.fullmatch(r"R\d+", name)}
    assert rules == {f"R{number}" for number in range(1, LAST_RULE + 1)}


@pytest.mark.parametrize("case", SHOWN, ids=str)
def test_what_breaks_a_rule_is_found_where_it_is(case: Case) -> None:
    source, found = findings(case.text)
    (one,) = [each for each in found if each.code.number == case.code]
    assert source.slice(one.primary.span) == case.span
    assert (one.upstream or "rejects") == case.telltale


@pytest.mark.parametrize("case", SHOWN, ids=str)
def test_nothing_else_is_wrong_with_it(case: Case) -> None:
    _, found = findings(case.text)
    assert {each.code.number for each in found} <= {case.code, *case.also}


@pytest.mark.parametrize("case", SHOWN, ids=str)
def test_a_near_miss_is_not_found(case: Case) -> None:
    _, found = findings(case.near)
    assert [each.code.number for each in found if each.code.number == case.code] == []


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.stem)
def test_the_outputs_are_those_of_a_check(path: Path, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--rewrite", default=False):
        rewrite(path)
    for case in cases():
        if case.text and case.document == path.name:
            assert output(case.text) == case.output, "`pytest tests/spec --rewrite` writes it anew"


@pytest.mark.parametrize("case", [case for case in CASES if not case.text], ids=str)
def test_what_stands_for_other_rules_exists(case: Case) -> None:
    tiers = (SESSION, MACHINE, FULL, PROOF, THEORY)
    known = {*CODES, *(each.value for each in Property), *tiers}
    assert set(case.stands) <= known
