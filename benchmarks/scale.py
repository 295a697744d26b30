"""What many files cost, in ratios of one run: evidence, processes, the cache, ten times the files.

    python benchmarks/scale.py [FILES]

The files are copies of the specs and examples of this repository, 305 without an argument. Times
are those of the processor, user and system of a process and its children, the least of three runs;
the clock is given for processes, and means something on an idle machine only. The bounds: evidence
at most twice the check, ten times the files at most twelve times, and from a warm cache at most a
third of that.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUNS = 3


def copies(folder: Path, count: int) -> Path:
    """A folder with `count` files."""
    texts = sorted((ROOT / "specs").glob("*.tell")) + sorted((ROOT / "examples").rglob("*.tell"))
    for number in range(count):
        place = folder / f"part{number // 50:03}"
        place.mkdir(parents=True, exist_ok=True)
        text = texts[number % len(texts)].read_text("utf-8")
        (place / f"p{number:05}.tell").write_text(f"{text}\n-- copy {number}\n", "utf-8")
    return folder


def check(folder: Path, *options: str) -> tuple[float, float]:
    """Seconds of the processor and of the clock for one check."""
    command = [sys.executable, "-m", "tellverify", "check", ".", "--format", "none", *options]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    done = subprocess.run(command, cwd=folder, stderr=subprocess.DEVNULL, check=False)
    clock = time.perf_counter() - begun
    if done.returncode not in (0, 3):  # some examples hold for bounded sizes only
        raise SystemExit(f"the check ends with {done.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent, clock


def least(run: Callable[[], tuple[float, float]]) -> tuple[float, float]:
    """The least time of the processor and of the clock of some runs."""
    found = [run() for _ in range(RUNS)]
    return min(spent for spent, _ in found), min(clock for _, clock in found)


def main() -> None:
    """Print the table; ends with 1 where a ratio is above its bound."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 305
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        os.environ["XDG_CACHE_HOME"] = str(top / "cache")
        few, many = copies(top / "few", count), copies(top / "many", 10 * count)
        evidence = top / "evidence"

        def with_evidence() -> tuple[float, float]:
            shutil.rmtree(evidence, ignore_errors=True)
            return check(few, "--isolated", "--evidence", str(evidence))

        check(few, "--isolated")  # byte code
        alone, clock = least(lambda: check(few, "--isolated"))
        print(f"{count} files: {alone:.2f} s of the processor, {clock:.2f} s")
        both, at_once = least(lambda: check(few, "--isolated", "--jobs", "2"))
        print(f"two processes: {both / alone:.2f} of that, {at_once / clock:.2f} by the clock")
        rows = [("with evidence", least(with_evidence)[0] / alone, 2.0)]
        (many / "tellverify.toml").write_text('fail-on = "error"\n', "utf-8")
        cold = check(many)[0]
        rows.append(("ten times the files", cold / alone, 12.0))
        rows.append(("warm cache, of these", least(lambda: check(many))[0] / cold, 0.34))
    for what, ratio, bound in rows:
        print(f"{what}: {ratio:.2f}, at most {bound}")
    if any(ratio > bound for _, ratio, bound in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
