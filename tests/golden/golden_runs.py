"""Checks of the folders beside this file, each in every format there is.

    python tests/golden/golden_runs.py

writes the files of `expected` anew; `git diff` shows what has changed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
EXPECTED = HERE / "expected"
REPORTS = {
    "json": "run.json",
    "sarif": "run.sarif",
    "junit": "run.junit.xml",
    "gitlab": "run.gitlab.json",
    "markdown": "run.md",
    "html": "run.html",
    "proof": "run.proof.md",
}
TERMINAL = {"text": "run.txt", "concise": "run.concise.txt", "github": "run.github.txt"}
SOLVER = re.compile(rb"\bz3 [0-9]+(\.[0-9]+)+")
FILES = (*REPORTS.values(), *TERMINAL.values(), "run.ascii.txt")


@dataclass(frozen=True)
class GoldenRun:
    """One command, the folder beside this file that it reads, and the folder of its outputs."""

    source: str
    expected: Path
    command: str = "check"
    options: tuple[str, ...] = ()


DAY = ("--today", "2026-11-22")
PROTOCOLS = GoldenRun("protocols", EXPECTED, options=DAY)
RUNS = (
    PROTOCOLS,
    GoldenRun("families", EXPECTED / "families", options=DAY),
    GoldenRun("policy", EXPECTED / "policy", options=(*DAY, "--policy", "policy/policy.toml")),
    GoldenRun("laws", EXPECTED / "laws", command="laws"),
)


def check(
    folder: Path, golden: GoldenRun, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """The command of `golden` in `folder`."""
    clean = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("TELLVERIFY_", "GITHUB_", "PYTHONHASHSEED"))
    }
    return subprocess.run(
        [
            *(sys.executable, "-m", "tellverify", golden.command, golden.source),
            *("--evidence", "evidence", *golden.options, *arguments),
        ],
        cwd=folder,
        capture_output=True,
        timeout=120,
        check=False,
        env={**clean, "PYTHONIOENCODING": "utf-8", **environment},
    )


def render(
    folder: Path,
    *arguments: str,
    golden: GoldenRun = PROTOCOLS,
    source: Path | None = None,
    **environment: str,
) -> tuple[dict[str, bytes], set[int]]:
    """Every format of the run `golden`, by file name, and the exit codes that were seen.

    `source` is read in place of the folder of `golden`.
    """
    shutil.copytree(source or HERE / golden.source, folder / golden.source)
    reports = [f"--report={kind}={REPORTS[kind]}" for kind in REPORTS]
    done = check(folder, golden, "--format", "none", *reports, *arguments, **environment)
    if done.stderr not in (b"", b"tellverify: no evidence to write into evidence\n"):
        raise AssertionError(done.stderr.decode())
    found = {name: (folder / name).read_bytes() for name in REPORTS.values()}
    codes = {done.returncode}
    for style, name in TERMINAL.items():
        done = check(folder, golden, "--format", style, *arguments, **environment)
        found[name] = done.stdout
        codes.add(done.returncode)
    done = check(folder, golden, *arguments, **{**environment, "PYTHONIOENCODING": "ascii"})
    found["run.ascii.txt"] = done.stdout
    # The version of the solver is that of the machine.
    found = {name: SOLVER.sub(b"z3 4.2", text) for name, text in found.items()}
    return found, codes | {done.returncode}


def main() -> None:
    """Write the expected files anew."""
    for golden in RUNS:
        golden.expected.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            found, _ = render(Path(folder), golden=golden)
        for name, content in found.items():
            (golden.expected / name).write_bytes(content)
            print(golden.expected / name)


if __name__ == "__main__":
    main()
