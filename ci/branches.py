#!/usr/bin/env python3
"""Which branches of the rechecker, of evidence and of policies no test takes, and why not.

    python3 ci/branches.py            # run the tests that judge these packages, and compare
    python3 ci/branches.py --write    # write what is missing into ci/uncovered.txt, without reasons

`ci/uncovered.txt` has a line `MODULE | LINE OF CODE | REASON` for each line with a branch that
these tests do not take, and `MODULE | * | REASON` for a module that other tests judge, which this
run leaves out to stay quick. A branch without a line there, a line without a reason, and a line
that names nothing any more fail.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
KNOWN = ROOT / "ci" / "uncovered.txt"
WHOLE = "*"
TESTS = (
    "tests/unit/evidence",
    "tests/unit/policy",
    "tests/agreement/test_certificates.py",
    "tests/agreement/test_every_size_certificates.py",
    "tests/unit/properties/test_causal_order.py",
    "tests/cli/test_recheck.py",
    "tests/cli/test_recheck_sources.py",
)


class Branch(NamedTuple):
    """A line of code with a branch that was not taken."""

    module: str
    code: str


def missing_branches(report: dict[str, dict[str, object]]) -> list[Branch]:
    """The branches that a JSON report of coverage.py calls missing, each line once."""
    found: dict[Branch, None] = {}
    for path, row in sorted(report.items()):
        missing = row["missing_branches"]
        assert isinstance(missing, list)
        lines = (ROOT / path).read_text(encoding="utf-8").splitlines() if missing else []
        for start, _ in missing:
            found[Branch(path.removeprefix("src/tellverify/"), lines[start - 1].strip())] = None
    return list(found)


def read_known(text: str) -> tuple[dict[Branch, str], list[str]]:
    """The reasons in the text of the list, and what is wrong with its lines."""
    known: dict[Branch, str] = {}
    wrong = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        module, first, rest = line.partition(" | ")
        code, second, reason = rest.rpartition(" | ")
        if not (first and second and reason.strip()):
            wrong.append(f"line {number} has no reason: {line.strip()}")
            continue
        known[Branch(module, code)] = reason
    return known, wrong


def complaints(missing: Iterable[Branch], known: dict[Branch, str]) -> list[str]:
    """Branches without a reason, and reasons that name nothing any more."""
    found = list(missing)
    modules = {one.module for one in found}
    unknown = [
        f"no test takes a branch of {one.module}: {one.code}"
        for one in found
        if one not in known and Branch(one.module, WHOLE) not in known
    ]
    stale = [
        f"every branch is taken now, remove it: {one.module} | {one.code}"
        for one in known
        if (one.code == WHOLE and one.module not in modules)
        or (one.code != WHOLE and one not in found)
    ]
    return [*unknown, *stale]


def measured() -> dict[str, dict[str, object]]:
    """Run the tests, and what coverage.py reports of each file."""
    with tempfile.TemporaryDirectory() as folder:
        data, report = Path(folder) / "data", Path(folder) / "report.json"
        tool = [sys.executable, "-m", "coverage"]
        tests = ["-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS]
        # The checkout is measured, also where a copy of it is installed.
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        subprocess.run(
            [*tool, "run", f"--data-file={data}", *tests], cwd=ROOT, env=environment, check=True
        )
        subprocess.run(
            [*tool, "json", "-q", f"--data-file={data}", "-o", str(report)], cwd=ROOT, check=True
        )
        files = json.loads(report.read_text(encoding="utf-8"))["files"]
    assert isinstance(files, dict)
    return files


def main() -> int:
    """Compare, or write the list anew with the reasons that it has."""
    text = KNOWN.read_text(encoding="utf-8")
    known, wrong = read_known(text)
    missing = missing_branches(measured())
    if "--write" in sys.argv[1:]:
        left = [one for one in missing if Branch(one.module, WHOLE) not in known]
        rows = [f"{one.module} | {one.code} | {known.get(one, '')}".rstrip() for one in left]
        wholes = [f"{one.module} | * | {why}" for one, why in known.items() if one.code == WHOLE]
        head = [line for line in text.splitlines() if line.startswith("#")]
        KNOWN.write_text("\n".join([*head, *wholes, *rows]) + "\n", encoding="utf-8")
        return 0
    said = [*wrong, *complaints(missing, known)]
    for line in said:
        print(line)
    print(
        f"{len(missing)} lines with branches that these tests do not take, {len(said)} complaints"
    )
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
