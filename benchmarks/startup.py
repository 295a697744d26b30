"""Measures whole processes: start-up, one small file, ten thousand devices, all specs.

    python benchmarks/startup.py [--runs 10]

Start-up is given as a ratio to `python -c pass`, so that the machine cancels out. Byte code is
cached in a folder of its own and warm, as it is for an installed package. No configuration is read;
checks called warm take their results from a cache that an earlier process has filled.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SPECS = ROOT / "specs"
TOOL = str(Path(sys.executable).parent / "tellverify")
SMALL = str(SPECS / "device_epoch_rotation.tell")
OTA = str(SPECS / "ota_activation.tell")


class Measurement(NamedTuple):
    """What one process took: by the clock, and of the processor in user and system mode."""

    seconds: float
    processor: float
    megabytes: float
    code: int


def run(command: Sequence[str], environment: Mapping[str, str]) -> Measurement:
    """Runs a command without output; memory is the largest resident set of that process."""
    start = time.perf_counter()
    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env=environment,
    ) as child:
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024
    return Measurement(
        time.perf_counter() - start,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss * unit / 1e6,
        int(child.returncode),
    )


def medians(
    runs: int, commands: Sequence[Sequence[str]], environment: Mapping[str, str]
) -> list[Measurement]:
    """The median time of each command, with memory and exit code of its last process.

    The commands take turns, so that other work on the machine hits them alike.
    """
    for command in commands:
        run(command, environment)
    results = [[run(command, environment) for command in commands] for _ in range(runs)]
    return [
        rows[-1]._replace(
            seconds=statistics.median(row.seconds for row in rows),
            processor=statistics.median(row.processor for row in rows),
        )
        for rows in zip(*results, strict=True)
    ]


def main() -> int:
    """Prints one line per measurement."""
    parser = argparse.ArgumentParser(description="measure whole processes")
    parser.add_argument("--runs", type=int, default=10)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as cache:
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        measure(runs, {**environment, "PYTHONPYCACHEPREFIX": cache})
    return 0


def measure(runs: int, environment: Mapping[str, str]) -> None:
    """Start-up and small checks in turns, then a large one."""
    titles = (
        "python -c pass",
        "tellverify --version",
        "tellverify check device_epoch_rotation.tell",
        "the same, warm",
        "tellverify check specs",
        "the same, warm",
    )
    check = [TOOL, "check", "--isolated", "--no-cache"]
    warm = [TOOL, "check", "--isolated", "--cache-dir", environment["PYTHONPYCACHEPREFIX"]]
    commands = [
        [sys.executable, "-c", "pass"],
        [TOOL, "--version"],
        [*check, SMALL],
        [*warm, SMALL],
        [*check, str(SPECS)],
        [*warm, str(SPECS)],
    ]
    measured = medians(runs, commands, environment)
    for title, result in zip(titles, measured, strict=True):
        print(
            f"{title:<44} {result.seconds * 1e3:8.1f} ms  {result.megabytes:6.1f} MB"
            f"  {result.seconds / measured[0].seconds:5.2f} times"
            f"  {result.processor / measured[0].processor:5.2f} of the processor"
            f"  exit {result.code}"
        )
    for title, arguments in (
        ("tellverify check ota_activation.tell, N = 10000", ["--instances", "Devices=10000", OTA]),
    ):
        result = run([*check, *arguments], environment)
        print(
            f"{title:<48} {result.seconds:6.2f} s  {result.processor:6.2f} s of the processor"
            f"  {result.megabytes:7.1f} MB  exit {result.code}"
        )


if __name__ == "__main__":
    sys.exit(main())
