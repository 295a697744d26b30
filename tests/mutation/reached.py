"""Which tests run which line of the program: measured once, and asked for each mutant.

As a module it is the plugin of pytest that measures: coverage.py gets the name of each test as the
context of what it runs, and a file gets the seconds of each test and whether it failed.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import coverage
import pytest

RESULT: Final = "TELLVERIFY_MUTATIONRESULT"


class Measured(NamedTuple):
    """The tests that pass as the program is, each with its seconds, and what they run."""

    seconds: dict[str, float]
    failing: tuple[str, ...]
    lines: dict[str, dict[int, frozenset[str]]]

    def tests_of(self, path: str, source: str, line: int, end_line: int) -> list[str]:
        """The tests that run a change of these lines, quickest first; all if none is known to.

        What runs as a module is loaded concerns every test. A line that only other processes run
        is known to none.
        """
        lines = self.lines.get(path, {})
        asked = range(*_statement(ast.parse(source), line, end_line))
        found = {test for number in asked for test in lines.get(number, ())}
        known = found & self.seconds.keys()
        return sorted(self.seconds if "" in found or not known else known, key=self._order)

    def _order(self, test: str) -> tuple[float, str]:
        return self.seconds[test], test


def measure(root: Path, source: Path, package: str, tests: Sequence[str]) -> Measured:
    """Run the tests of a package once, and what each of them runs of it."""
    with tempfile.TemporaryDirectory() as folder:
        data, result = Path(folder) / "data", Path(folder) / "result.json"
        paths = [str(source), str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), RESULT: str(result)}
        tool = [sys.executable, "-m", "coverage", "run", f"--data-file={data}"]
        measured_only = [f"--rcfile={os.devnull}", f"--source={source / 'tellverify' / package}"]
        runner = ["-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", "-p", "reached"]
        subprocess.run(
            [*tool, *measured_only, *runner, *tests],
            cwd=root,
            env=environment,
            stdout=subprocess.DEVNULL,
            check=False,
        )
        read = json.loads(result.read_text(encoding="utf-8"))
        measured = coverage.CoverageData(str(data))
        measured.read()
        lines = {
            Path(path).relative_to(root).as_posix(): {
                number: frozenset(names)
                for number, names in measured.contexts_by_lineno(path).items()
            }
            for path in measured.measured_files()
        }
    failing = tuple(sorted(read["failing"]))
    seconds = {test: time for test, time in read["seconds"].items() if test not in failing}
    return Measured(seconds, failing, lines)


def seconds_of(files: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """The test files of these tests with the seconds of those tests, quickest first."""
    total: dict[str, float] = {}
    for test, seconds in files.items():
        name = test.partition("::")[0]
        total[name] = total.get(name, 0.0) + seconds
    yield from sorted(total.items(), key=lambda row: (row[1], row[0]))


def _statement(tree: ast.Module, line: int, end_line: int) -> tuple[int, int]:
    """The lines of the innermost statement around some lines, without its block."""
    first, behind = line, end_line + 1
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0):
            inner = [child.lineno for child in ast.iter_child_nodes(node) if _is_block(child)]
            end = min(inner, default=(node.end_lineno or node.lineno) + 1)
            if line < max(end, node.lineno + 1):
                first, behind = node.lineno, max(end, node.lineno + 1)
    return first, behind


def _is_block(node: ast.AST) -> bool:
    return isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Give what this test runs its name."""
    running = coverage.Coverage.current()
    if running is not None:
        running.switch_context(item.nodeid)
    return (yield)


_seconds: dict[str, float] = {}
_failing: set[str] = set()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep how long a test took, and whether it failed."""
    _seconds[report.nodeid] = _seconds.get(report.nodeid, 0.0) + report.duration
    if report.failed:
        _failing.add(report.nodeid)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Keep which file cannot be loaded."""
    if report.failed:
        _failing.add(report.nodeid)


def pytest_sessionfinish() -> None:
    """Write what was kept."""
    text = json.dumps({"seconds": _seconds, "failing": sorted(_failing)})
    Path(os.environ[RESULT]).write_text(text, encoding="utf-8")
