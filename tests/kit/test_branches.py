"""The list of branches that no test takes: each has a reason, and none is out of date."""

from __future__ import annotations

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_SPEC = importlib.util.spec_from_file_location("branches", ROOT / "ci" / "branches.py")
assert _SPEC is not None and _SPEC.loader is not None
branches = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(branches)
Branch = branches.Branch


def test_every_committed_line_has_a_reason_and_names_code_that_is_there() -> None:
    known, wrong = branches.read_known(branches.KNOWN.read_text(encoding="utf-8"))
    assert wrong == []
    for one in known:
        lines = (ROOT / "src/tellverify" / one.module).read_text(encoding="utf-8").splitlines()
        assert one.code == branches.WHOLE or one.code in {line.strip() for line in lines}, one


def test_the_tests_of_the_run_are_there() -> None:
    assert all((ROOT / path).exists() for path in branches.TESTS)


def test_a_branch_without_a_reason_and_a_reason_without_a_branch_are_complaints() -> None:
    one, two = Branch("a.py", "if x | y:"), Branch("b.py", "for z in w:")
    known, wrong = branches.read_known(
        "# a remark\n\na.py | if x | y: | it cannot be\nb.py | for z\n"
    )
    assert known == {one: "it cannot be"}
    assert len(wrong) == 1 and "line 4 has no reason" in wrong[0]
    assert branches.complaints([one], known) == []
    assert "no test takes a branch of b.py" in branches.complaints([one, two], known)[0]
    assert "every branch is taken now" in branches.complaints([], known)[0]
    whole = {Branch("b.py", "*"): "judged elsewhere"}
    assert branches.complaints([two], whole) == []
    assert len(branches.complaints([], whole)) == 1


def test_lines_are_named_by_their_code() -> None:
    path = "src/tellverify/policy/json_schema.py"
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    report = {path: {"missing_branches": [[1, 3], [1, -1]]}}
    assert branches.missing_branches(report) == [Branch("policy/json_schema.py", lines[0].strip())]
