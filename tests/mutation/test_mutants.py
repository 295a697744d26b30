"""Mutants are well-formed and equal for equal seeds; and, when asked for, tests notice them.

`TELLVERIFY_MUTANTS=100` runs a survey of so many mutants, which takes the better part of an hour.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from mutants import chosen, mutants_of
from reached import Measured, seconds_of
from survey import ROOT, TESTS, Answer, Ran, modules_of, run_tests, survey

TEXT = """def f(a, b):
    if a < b and not a:
        raise ValueError
    for c in (1, 2, 3):
        a += c
    return any(a) if b else 0 < a <= b
"""


def test_a_module_has_mutants_of_every_kind() -> None:
    found = mutants_of("m.py", TEXT)
    kinds = {mutant.kind for mutant in found}
    assert kinds == {
        "comparison",
        "and for or",
        "operand dropped",
        "not dropped",
        "all for any",
        "off by one",
        "condition always true",
        "condition never true",
        "loop cut short",
        "statement dropped",
    }
    texts = {mutant.applied(TEXT) for mutant in found}
    assert len(texts) == len(found) and TEXT not in texts
    for text in texts:
        ast.parse(text)


def test_every_mutant_of_the_program_is_a_program() -> None:
    for package in TESTS:
        modules = modules_of(package)
        assert modules
        for mutant in chosen(ROOT, modules, seed=2, count=40):
            source = (ROOT / mutant.path).read_text(encoding="utf-8")
            changed = mutant.applied(source)
            assert changed != source
            ast.parse(changed)
        assert chosen(ROOT, modules, 5, 9) == chosen(ROOT, modules, 5, 9)


def test_a_mutant_is_shown_to_the_tests_that_run_its_statement() -> None:
    """Quickest first; to all where it runs as the module is loaded, or no test is known for it."""
    seconds = {"t.py::slow": 2.0, "t.py::quick": 0.5, "u.py::other": 1.0}
    reached = {1: {""}, 2: {"t.py::slow", "t.py::quick"}, 4: {"t.py::slow"}, 6: {"t.py::gone"}}
    lines = {number: frozenset(names) for number, names in reached.items()}
    measured = Measured(seconds, (), {"m.py": lines})
    every = ["t.py::quick", "u.py::other", "t.py::slow"]
    # The condition in line 2, the block behind it that no test enters, the loop, and the last line.
    assert measured.tests_of("m.py", TEXT, 2, 2) == ["t.py::quick", "t.py::slow"]
    assert measured.tests_of("m.py", TEXT, 3, 3) == every
    assert measured.tests_of("m.py", TEXT, 4, 5) == ["t.py::slow"]
    assert measured.tests_of("m.py", TEXT, 6, 6) == every
    assert measured.tests_of("m.py", TEXT, 1, 1) == every
    assert measured.tests_of("other.py", TEXT, 2, 2) == every
    long = "x = f(\n  a,\n  b and c,\n)\n"
    shown = Measured(seconds, (), {"m.py": {1: frozenset(("u.py::other",))}})
    assert shown.tests_of("m.py", long, 3, 3) == ["u.py::other"]
    assert list(seconds_of(seconds)) == [("u.py", 1.0), ("t.py", 2.5)]


def test_tests_that_do_not_end_are_no_failure(tmp_path: Path) -> None:
    """Only a test that fails notices a change; a name that is gone is looked for in its file."""
    texts = {
        "test_passes.py": "def test_1():\n    pass\n",
        "test_fails.py": "def test_1():\n    assert False\n",
        "test_cannot_be_loaded.py": "raise ValueError\n",
        "test_does_not_end.py": "def test_1():\n    while True:\n        pass\n",
        "test_takes_memory.py": "def test_1():\n    bytearray(9 << 30)\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    def ran(name: str, seconds: int = 60) -> Ran:
        return run_tests([str(tmp_path / name)], ROOT / "src", seconds)

    assert ran("test_passes.py") == ran("test_passes.py::test_2") == Ran(Answer.SURVIVES)
    assert ran("test_fails.py").answer is Answer.NOTICED
    assert [name.rpartition("::")[2] for name in ran("test_fails.py").failing] == ["test_1"]
    assert ran("test_cannot_be_loaded.py").answer is Answer.NOTICED
    assert ran("test_takes_memory.py").answer is Answer.NOTICED
    assert ran("test_does_not_end.py", 5) == Ran(Answer.TOO_LONG)


def test_a_survey_may_run_under_a_smaller_limit_of_memory(tmp_path: Path) -> None:
    test = tmp_path / "test_passes.py"
    test.write_text("def test_1():\n    pass\n", encoding="utf-8")
    script = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_AS, (7 << 30, 7 << 30))\n"
        "from survey import ROOT, run_tests\n"
        "print(run_tests([sys.argv[1]], ROOT / 'src', 60).answer.value)\n"
    )
    folder = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", script, str(test)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == Answer.SURVIVES.value, done.stderr


@pytest.mark.skipif(
    "TELLVERIFY_MUTANTS" not in os.environ,
    reason="a survey of mutants is asked for by TELLVERIFY_MUTANTS=N",
)
def test_nine_of_ten_mutants_are_noticed() -> None:
    count, seed = int(os.environ["TELLVERIFY_MUTANTS"]), int(os.environ.get("TELLVERIFY_SEED", "1"))
    found = survey(tuple(TESTS), seed, count, jobs=os.cpu_count() or 1)
    left = [*found.of(Answer.SURVIVES), *found.of(Answer.TOO_LONG)]
    assert found.suffices, list(map(str, left))
