"""Generated checks in two ways: with and without levels, comments, cache; patterns by two matchers.

What is left out of the findings must be among the suppressions, what is assumed must have been
needed, and what comes out of the cache must be what went in.
"""

from __future__ import annotations

import fnmatch
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from texts import random_text

from tellverify.language.files.inputs import decode
from tellverify.language.workspace import Workspace
from tellverify.obligations.options import Level, Options
from tellverify.verdict.outcome import Assumed, Bounded, Proved, Refuted
from tellverify.verdict.run import Run
from tellverify.verification.include import matches
from tellverify.verification.pipeline import check_file, check_files, check_text
from tellverify.verification.schedule import Schedule, conducted
from tellverify.verification.stored_results import decoded, encoded

OPTIONS = Options(search_limit=2_000)
IGNORE_ALL = tuple(Level(f"TV{band}", "ignore", "test") for band in range(10))


def all_findings(run: Run) -> set[tuple[str, str, str]]:
    """Every finding, counted or not; levels change the severity alone."""
    kept = [*run.findings, *(one.diagnostic for one in run.suppressions)]
    return {(d.code.number, d.message, d.refutes) for d in kept}


@pytest.mark.parametrize("block", range(3))
def test_ignoring_everything_hides_nothing(block: int) -> None:
    left_out = 0
    for seed in range(block * 60, block * 60 + 60):
        text = random_text(seed)
        plain = check_text(text, OPTIONS).run
        quiet = check_text(text, msgspec.structs.replace(OPTIONS, levels=IGNORE_ALL)).run
        left_out += len(quiet.suppressions)
        assert all_findings(plain) <= all_findings(quiet), seed
        refuted = {d.refutes for d in plain.diagnostics} - {""}
        assert refuted <= {d.refutes for d in quiet.diagnostics}, seed
        if plain.exit_code == 3:
            assert quiet.exit_code == 3, seed
        if quiet.exit_code == 0:
            assert plain.exit_code in (0, 1), seed
    assert left_out > 10


@pytest.mark.parametrize("block", range(3))
def test_assuming_everything_proves_nothing(block: int) -> None:
    names = ("implementable", "no-deadlock", "no-orphan-message", "no-unspecified-reception")
    names = (*names, "fidelity", "no-stuck-role", "bounded-queues", "can-terminate", "projectable")
    comment = f"-- tell: assume({', '.join(names)}): a test\n"
    assumed = 0
    for seed in range(block * 60, block * 60 + 60):
        text = random_text(seed)
        plain = check_text(text, OPTIONS).run
        trusting = check_text(comment + text, OPTIONS).run
        if any(d.code.number < "TV4" and d.severity == "error" for d in plain.diagnostics):
            assert trusting.exit_code == plain.exit_code == 1, seed
            continue
        before = {v.name: v.outcome for p in plain.protocols for v in p.verdicts}
        for verdict in (v for p in trusting.protocols for v in p.verdicts):
            outcome = verdict.outcome
            assert not isinstance(outcome, Refuted), seed
            if isinstance(outcome, Assumed):
                assumed += 1
                assert outcome.ledger and outcome.reason == "a test", seed
                assert not isinstance(before[verdict.name], Proved | Bounded), seed
            else:
                assert type(before[verdict.name]) is type(outcome), seed
        if plain.exit_code != 0:
            assert trusting.exit_code == 3, seed
        assert all_findings(plain) <= all_findings(trusting), seed
    assert assumed > 10


def test_what_is_stored_comes_back(tmp_path: Path) -> None:
    files = [decode(f"p{seed}.tell", random_text(seed).encode()) for seed in range(60)]
    plain = check_files(files, OPTIONS).run
    how = Schedule(cache=str(tmp_path / "v.sqlite"))
    cold, warm = conducted(files, OPTIONS, how), conducted(files, OPTIONS, how)
    assert cold.checked.run == warm.checked.run == plain
    assert warm.cached > 10
    workspace = Workspace(files, event_limit=OPTIONS.event_limit)
    for index, file in enumerate(files):
        result = check_file(workspace, index, OPTIONS)
        text = encoded(result)
        decided = all(
            isinstance(v.outcome, Proved | Bounded | Refuted)
            for p in result.reports
            for v in p.verdicts
        )
        assert decided or text is None, file.path
        assert text is None or decoded(text) is not None, file.path


def by_regular_expression(pattern: str, path: str) -> bool:
    """The meaning of a pattern as one expression for the whole path."""
    parts = pattern.split("/")
    expression = ""
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if part == "**":
            expression += "(?:.*)?" if last else "(?:[^/]+/)*"
        else:
            one = "".join(
                "[^/]*" if char == "*" else "[^/]" if char == "?" else re.escape(char)
                for char in part
            )
            expression += one if last else f"{one}/"
    return re.fullmatch(expression, path) is not None


def test_patterns_mean_what_their_expressions_mean() -> None:
    hits = 0
    for seed in range(4_000):
        rng = random.Random(seed)
        parts = [
            rng.choice(["**", "*", "a", "b", "a*", "?", "*b", "ab"])
            for _ in range(rng.randint(1, 5))
        ]
        if parts[-1] == "**":
            parts[-1] = "*"
        names = [rng.choice(["a", "b", "ab", "ba", "aab"]) for _ in range(rng.randint(1, 5))]
        tests = [None if part == "**" else re.compile(fnmatch.translate(part)) for part in parts]
        mine = matches(tests, names)
        hits += mine
        assert mine == by_regular_expression("/".join(parts), "/".join(names)), seed
    assert hits > 200


def test_seeds_of_hashes_processes_and_folders_change_no_byte(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    for seed in range(6):
        (inner / f"p{seed}.tell").write_text(random_text(seed), encoding="utf-8")
    (tmp_path / "tellverify.toml").write_text(
        'include = ["inner/*.tell"]\ncache = false\n[bounds]\nconfigurations = 500\n'
    )
    ways = [("0", "1", tmp_path), ("1", "2", tmp_path), ("77", "3", inner), ("3", "1", inner)]
    for style in ("json", "text", "concise"):
        outputs = set()
        for hashes, jobs, folder in ways:
            done = subprocess.run(
                [sys.executable, "-m", "tellverify", "check", "--format", style, "--jobs", jobs],
                cwd=folder,
                capture_output=True,
                env={**os.environ, "PYTHONHASHSEED": hashes},
                timeout=120,
                check=False,
            )
            assert done.stderr == b""
            outputs.add(done.stdout)
        assert len(outputs) == 1, style
