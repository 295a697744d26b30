"""How many seeded small changes to the program its tests notice.

    python tests/mutation/survey.py --count 100 --seed 1 [--only evidence] [--jobs 2]

Each mutant is written to a copy of `src`, and the tests of its package that run its line run
against that copy until the first fails. Changes without any effect count as not noticed, so that
the number is never better than the tests are. Tests that fail without a change are left out, and
named.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from mutants import Mutant, chosen
from reached import Measured, measure, seconds_of

ROOT: Final = Path(__file__).resolve().parents[2]
_QUICK: Final = 40
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


class Survey(NamedTuple):
    """Which mutants were noticed, in the order in which they were chosen."""

    mutants: tuple[Mutant, ...]
    noticed: tuple[bool, ...]

    @property
    def survivors(self) -> list[Mutant]:
        """Those that no test noticed."""
        return [one for one, seen in zip(self.mutants, self.noticed, strict=True) if not seen]


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
            pool.submit(_is_noticed, Path(folder) / str(number), mutant, kept[package])
            for number, (mutant, package) in enumerate(picked)
        ]
        noticed = tuple(row.result() for row in rows)
    return Survey(tuple(mutant for mutant, _ in picked), noticed)


def _measured(package: str) -> Measured:
    found = measure(ROOT, ROOT / "src", package, TESTS[package])
    for test in found.failing:
        print(f"left out, since it fails as it is: {test}", flush=True)
    return found


def _is_noticed(folder: Path, mutant: Mutant, measured: Measured) -> bool:
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
    seen = not all(_run(group, folder, 60 + 5 * seconds) for group, seconds in groups if group)
    shutil.rmtree(folder)
    print(f"{'noticed' if seen else 'SURVIVES'}: {mutant}", flush=True)
    return seen


def _run(tests: Sequence[str], source: Path, seconds: float) -> bool:
    """Whether tests pass with the program in `source`; those that hang do not."""
    paths = os.pathsep.join([str(source), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--no-header", "-p", "no:cacheprovider"]
    with subprocess.Popen(
        [*command, *tests],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as running:
        try:
            return running.wait(seconds) == 0
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, 9)
            return False


def main() -> int:
    """Run a survey as the command line asks, and say what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=sorted(TESTS), action="append")
    parser.add_argument("--jobs", type=int, default=1)
    asked = parser.parse_args()
    found = survey(asked.only or tuple(TESTS), asked.seed, asked.count, asked.jobs)
    for mutant in found.survivors:
        print(f"not noticed: {mutant}")
    print(f"{sum(found.noticed)} of {len(found.noticed)} noticed")
    return 0 if 10 * sum(found.noticed) >= 9 * len(found.noticed) else 1


if __name__ == "__main__":
    sys.exit(main())
