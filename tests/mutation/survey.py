"""How many seeded small changes to the program its tests notice.

    python tests/mutation/survey.py --count 100 --seed 1 [--only evidence] [--jobs 2]

Each mutant is written to a copy of `src`, and the tests of its package that run its line run
against that copy until the first fails. Changes without any effect count as not noticed, so that
the number is never better than the tests are. Tests that fail without a change are left out, and
named. Tests that do not end are no failure: such a mutant is listed apart and does not count as
noticed. The limit is one of processor time, which other work on the machine does not use up; a
slow test that fails must pass without the change, since it may have failed for want of time.
"""

from __future__ import annotations

import argparse
import enum
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from mutants import Mutant, chosen
from reached import RESULT, Measured, measure, seconds_of

ROOT: Final = Path(__file__).resolve().parents[2]
_QUICK: Final = 40
# Seconds from which on a test may fail for want of time alone.
_SLOW: Final = 1.0
# Bytes of address space of a process that runs tests, and seconds after which it is ended even if
# it used little processor time, as a multiple of its limit of processor time.
_MEMORY: Final = 8 << 30
_PATIENCE: Final = 20
# For each package the tests that look at it.
TESTS: Final = {
    "evidence/recheck": (
        "tests/unit/evidence",
        "tests/agreement/test_certificates.py",
        "tests/agreement/test_every_size_certificates.py",
        "tests/cli/test_recheck.py",
        "tests/cli/test_recheck_sources.py",
        "tests/cli/test_check_machines.py",
        "tests/agreement/test_tampering.py",
        "tests/agreement/test_version_evidence.py",
        "tests/cli/test_workflow_evidence.py",
        "tests/cli/test_parallel_evidence.py",
        "tests/cli/test_faults.py",
        "tests/cli/test_timeouts.py",
    ),
    "evidence": (
        "tests/unit/evidence",
        "tests/agreement/test_worst_cases.py",
        "tests/agreement/test_monitor.py",
        "tests/cli/test_event_logs.py",
        "tests/cli/test_recheck.py",
        "tests/cli/test_property_evidence.py",
        "tests/cli/test_check_machines.py",
        "tests/agreement/test_tampering.py",
        "tests/agreement/test_version_evidence.py",
        "tests/cli/test_parallel_evidence.py",
        "tests/agreement/test_partial_log.py",
        "tests/agreement/test_fidelity_monitor.py",
        "tests/cli/test_guards_in_logs.py",
        "tests/cli/test_faults.py",
        "tests/cli/test_timeouts.py",
    ),
    "policy": (
        "tests/unit/policy",
        "tests/unit/admission",
        "tests/agreement/test_admission.py",
        "tests/cli/test_admission_commands.py",
        "tests/cli/test_builtin_policy.py",
        "tests/cli/test_configured_policies.py",
        "tests/cli/test_rust_admission.py",
        "tests/cli/test_done.py",
    ),
    "search": (
        "tests/unit/search",
        "tests/agreement/test_search_by_brute_force.py",
        "tests/agreement/test_machine_verdicts.py",
        "tests/agreement/test_dense_search.py",
        "tests/agreement/test_reductions.py",
        "tests/agreement/test_liveness.py",
        "tests/agreement/test_queues.py",
        "tests/agreement/test_search_against_coherence.py",
        "tests/agreement/test_properties_on_graphs.py",
        "tests/unit/versions",
        "tests/unit/obligations",
        "tests/agreement/test_bounded_claims.py",
        "tests/agreement/test_progress_of_roles.py",
        "tests/agreement/test_parallel_orders.py",
        "tests/agreement/test_versions.py",
        "tests/agreement/test_version_families.py",
        "tests/agreement/test_faults_by_brute_force.py",
        "tests/agreement/test_timed_faults_by_brute_force.py",
        "tests/property/test_timed_failures.py",
        "tests/property/test_timed_monitor.py",
        "tests/property/test_timed_mutants.py",
        "tests/property/test_timed_random.py",
        "tests/property/test_timed_search.py",
        "tests/property/test_timed_simulation.py",
        "tests/property/test_timed_static.py",
        "tests/property/test_timed_vectors.py",
        "tests/agreement/test_simulated_runs.py",
        "tests/cli/test_simulate.py",
        "tests/cli/test_faults.py",
        "tests/cli/test_timeouts.py",
        "tests/cli/test_check_machines.py",
    ),
    "projection": (
        "tests/unit/projection",
        "tests/agreement/test_local_machines.py",
        "tests/agreement/test_certificates.py",
        "tests/agreement/test_strict_projection.py",
        "tests/agreement/test_every_size.py",
        "tests/agreement/test_every_size_certificates.py",
        "tests/agreement/test_implementability.py",
        "tests/agreement/test_liveness.py",
        "tests/agreement/test_queues.py",
        "tests/agreement/test_progress_of_roles.py",
        "tests/agreement/test_gather_orders.py",
        "tests/agreement/test_partial_gathers.py",
        "tests/agreement/test_subtyping.py",
        "tests/agreement/test_marked_lowering.py",
        "tests/agreement/test_settled_checks.py",
    ),
}


class Answer(enum.Enum):
    """What tests say of a mutant."""

    NOTICED = "noticed"
    SURVIVES = "SURVIVES"
    TOO_LONG = "TOO LONG"


class Survey(NamedTuple):
    """What the tests say of each mutant, in the order in which they were chosen."""

    mutants: tuple[Mutant, ...]
    answers: tuple[Answer, ...]

    def of(self, answer: Answer) -> list[Mutant]:
        """The mutants with an answer."""
        return [one for one, own in zip(self.mutants, self.answers, strict=True) if own is answer]

    @property
    def suffices(self) -> bool:
        """Whether at least nine of ten mutants were noticed."""
        return 10 * len(self.of(Answer.NOTICED)) >= 9 * len(self.mutants)


def modules_of(package: str) -> list[str]:
    """The modules below a package, without those of a package that has tests of its own."""
    folder = ROOT / "src" / "tellverify" / package
    own = [other for other in TESTS if other.startswith(f"{package}/")]
    found = sorted(path.relative_to(ROOT).as_posix() for path in folder.rglob("*.py"))
    return [one for one in found if not any(f"tellverify/{other}/" in one for other in own)]


def survey(packages: Sequence[str], seed: int, count: int, jobs: int = 1) -> Survey:
    """Choose mutants evenly over packages, and run the tests of each against it."""
    share = [count // len(packages) + (n < count % len(packages)) for n in range(len(packages))]
    picked = [
        (mutant, package)
        for package, number in zip(packages, share, strict=True)
        for mutant in chosen(ROOT, modules_of(package), seed, number)
    ]
    with ThreadPoolExecutor(jobs) as pool:
        kept = dict(zip(packages, pool.map(_measured, packages), strict=True))
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        rows = [
            pool.submit(_answer, Path(folder) / str(number), mutant, kept[package])
            for number, (mutant, package) in enumerate(picked)
        ]
        answers = tuple(row.result() for row in rows)
    return Survey(tuple(mutant for mutant, _ in picked), answers)


def _measured(package: str) -> Measured:
    found = measure(ROOT, ROOT / "src", package, TESTS[package])
    for test in found.failing:
        print(f"left out, since it fails as it is: {test}", flush=True)
    return found


def _answer(folder: Path, mutant: Mutant, measured: Measured) -> Answer:
    # Compiled modules are copied too: they stay valid, since the copy keeps the times of files.
    shutil.copytree(ROOT / "src", folder)
    source = (ROOT / mutant.path).read_text(encoding="utf-8")
    changed = folder / Path(mutant.path).relative_to("src")
    changed.write_text(mutant.applied(source), encoding="utf-8")
    tests = measured.tests_of(mutant.path, source, mutant.line, mutant.end_line)
    quick = tests[:_QUICK]
    rest = {test: measured.seconds[test] for test in tests[_QUICK:]}
    groups = [(quick, sum(measured.seconds[test] for test in quick))]
    groups += [([test], seconds) for test, seconds in seconds_of(rest)]
    answer = Answer.SURVIVES
    for group, seconds in groups:
        limit = int(60 + 5 * seconds)
        ran = run_tests(group, folder, limit) if group else Ran(Answer.SURVIVES)
        slow = [test for test in ran.failing if measured.seconds.get(test, 0.0) >= _SLOW]
        if slow and run_tests(slow, ROOT / "src", limit).answer is not Answer.SURVIVES:
            print(f"fails now and then: {', '.join(slow)}", flush=True)
        elif ran.answer is not Answer.SURVIVES:
            answer = ran.answer
            break
    shutil.rmtree(folder)
    print(f"{answer.value}: {mutant}", flush=True)
    return answer


class Ran(NamedTuple):
    """What a run of tests says of the program, and the test that failed if it is known."""

    answer: Answer
    failing: tuple[str, ...] = ()


def run_tests(tests: Sequence[str], source: Path, seconds: int) -> Ran:
    """Run tests with the program in `source` until one fails, for so much processor time."""
    with tempfile.NamedTemporaryFile() as result:
        paths = [str(source), str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(paths),
            "PYTHONDONTWRITEBYTECODE": "1",
            RESULT: result.name,
        }
        runner = [sys.executable, "-m", "pytest", "-q", "-x", "--no-header"]
        with subprocess.Popen(
            [*runner, "-p", "no:cacheprovider", "-p", "reached", *tests],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=lambda: _limit(seconds),
        ) as running:
            try:
                code = running.wait(_PATIENCE * seconds)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)
                return Ran(Answer.TOO_LONG)
        if code == pytest.ExitCode.OK:
            return Ran(Answer.SURVIVES)
        if code in (-signal.SIGXCPU, -signal.SIGKILL):
            return Ran(Answer.TOO_LONG)
        if code == pytest.ExitCode.USAGE_ERROR and any("::" in test for test in tests):
            # The change renamed a test, which is no failure.
            files = sorted({test.partition("::")[0] for test in tests})
            return run_tests(files, source, seconds)
        text = Path(result.name).read_text(encoding="utf-8")
        return Ran(Answer.NOTICED, tuple(json.loads(text)["failing"]) if text else ())


def _limit(seconds: int) -> None:
    wanted = {resource.RLIMIT_CPU: (seconds, seconds + 1), resource.RLIMIT_AS: (_MEMORY, _MEMORY)}
    for kind, (soft, hard) in wanted.items():
        # A survey that runs under a limit of its own cannot give its tests more.
        _, allowed = resource.getrlimit(kind)
        if allowed != resource.RLIM_INFINITY:
            soft, hard = min(soft, allowed), min(hard, allowed)
        resource.setrlimit(kind, (soft, hard))


def main() -> int:
    """Run a survey as the command line asks, and say what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=sorted(TESTS), action="append")
    parser.add_argument("--jobs", type=int, default=1)
    asked = parser.parse_args()
    found = survey(asked.only or tuple(TESTS), asked.seed, asked.count, asked.jobs)
    for mutant in found.of(Answer.SURVIVES):
        print(f"not noticed: {mutant}")
    for mutant in found.of(Answer.TOO_LONG):
        print(f"its tests do not end: {mutant}")
    noticed, hung = len(found.of(Answer.NOTICED)), len(found.of(Answer.TOO_LONG))
    print(f"{noticed} of {len(found.mutants)} noticed, {hung} others whose tests do not end")
    return 0 if found.suffices else 1


if __name__ == "__main__":
    sys.exit(main())
