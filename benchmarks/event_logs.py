"""Measures how fast event logs are followed and what that takes, and prints a table.

    python benchmarks/event_logs.py [--lines 10000,100000,1000000] [--open 1,10,1000]

One row for each length and number of sessions that are open at a time: lines a second through the
monitor, the same as a multiple of decoding the lines alone, and the peak of memory of the whole
process. The aim is 100,000 lines a second, and memory that does not grow with the lines but for
some bytes a session. The exit code is 0.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tellverify.evidence.event_log import log_line, read_log
from tellverify.evidence.monitor import Monitor
from tellverify.language.lowering.lower import lower
from tellverify.language.syntax.surface import read_tell
from tellverify.obligations.machines import Machines
from tellverify.runtime.chooser import Seeded
from tellverify.runtime.executor import Executor
from tellverify.runtime.mode import CANONICAL
from tellverify.source.text import SourceFile

SPEC = Path(__file__).resolve().parent.parent / "specs" / "ota_activation.tell"


def main() -> None:
    """Print a row for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", default="10000,100000,1000000")
    parser.add_argument("--open", default="1,10,1000")
    given = parser.parse_args()
    source = SourceFile("ota.tell", SPEC.read_text(encoding="utf-8"))
    parsed = read_tell(source)
    graph = lower(parsed.file, source, parsed.file.protocols[0], {"Devices": 3}).graph
    assert graph is not None
    machines = Machines(graph).all()
    steps = Executor(machines).run(CANONICAL, Seeded(0)).steps
    print(
        f"{'lines':>9} {'open':>6} {'lines/s':>11} {'of decoding':>12} {'sessions':>9} {'MiB':>7}"
    )
    for lines in map(int, given.lines.split(",")):
        for opened in map(int, given.open.split(",")):
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "log.jsonl")
                with open(path, "w", encoding="utf-8") as file:
                    file.writelines(_lines([log_line(step) for step in steps], lines, opened))
                decoding = _time_decoding(path)
                started = time.perf_counter()
                monitor = Monitor(machines)
                count = 0
                with open(path, "rb") as log:
                    for _, event in read_log(log):
                        assert monitor.make(event) is None
                        count += 1
                spent = time.perf_counter() - started
                row = f"{count:>9} {opened:>6} {count / spent:>11,.0f} {spent / decoding:>12.1f}"
                print(f"{row} {monitor.sessions:>9} {_peak(path):>7.1f}", flush=True)


def _lines(run: list[str], lines: int, opened: int) -> Iterator[str]:
    """Runs interleaved, `opened` at a time."""
    done = batch = 0
    while done < lines:
        for line in run:
            for session in range(opened):
                yield f'{line.rstrip()[:-1]},"session":{batch * opened + session},"time":1.5}}\n'
                done += 1
        batch += 1


def _time_decoding(path: str) -> float:
    started = time.perf_counter()
    with open(path, "rb") as file:
        for line in file:
            json.loads(line)
    return time.perf_counter() - started


def _peak(path: str) -> float:
    """The most memory, in MiB, that the command takes for a log."""
    if sys.platform == "win32":
        return 0.0
    arguments = ["replay", path, str(SPEC), "--instances", "Devices=3"]
    child = os.fork()
    if child == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.execv(sys.executable, [sys.executable, "-m", "tellverify", *arguments])
    _, status, usage = os.wait4(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
