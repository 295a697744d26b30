"""One check of the protocols in this folder, in every format there is.

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


def check(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """`tellverify check protocols` in `folder`."""
    clean = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("TELLVERIFY_", "GITHUB_", "PYTHONHASHSEED"))
    }
    return subprocess.run(
        [
            *(sys.executable, "-m", "tellverify", "check", "protocols"),
            *("--evidence", "evidence", "--today", "2026-11-22", *arguments),
        ],
        cwd=folder,
        capture_output=True,
        timeout=120,
        check=False,
        env={**clean, "PYTHONIOENCODING": "utf-8", **environment},
    )


def render(
    folder: Path, *arguments: str, protocols: Path = HERE / "protocols", **environment: str
) -> tuple[dict[str, bytes], set[int]]:
    """Every format of the run on `protocols`, by file name, and the exit codes that were seen."""
    shutil.copytree(protocols, folder / "protocols")
    reports = [f"--report={kind}={REPORTS[kind]}" for kind in REPORTS]
    done = check(folder, "--format", "none", *reports, *arguments, **environment)
    if done.stderr:
        raise AssertionError(done.stderr.decode())
    found = {name: (folder / name).read_bytes() for name in REPORTS.values()}
    codes = {done.returncode}
    for style, name in TERMINAL.items():
        done = check(folder, "--format", style, *arguments, **environment)
        found[name] = done.stdout
        codes.add(done.returncode)
    done = check(folder, *arguments, **{**environment, "PYTHONIOENCODING": "ascii"})
    found["run.ascii.txt"] = done.stdout
    # The version of the solver is that of the machine.
    found = {name: SOLVER.sub(b"z3 4.2", text) for name, text in found.items()}
    return found, codes | {done.returncode}


def main() -> None:
    """Write the expected files anew."""
    EXPECTED.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        found, _ = render(Path(folder))
    for name, content in found.items():
        (EXPECTED / name).write_bytes(content)
        print(EXPECTED / name)


if __name__ == "__main__":
    main()
