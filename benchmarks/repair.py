"""Processor time that repairs take: random refuted protocols, and the counterexamples.

    python benchmarks/repair.py [protocols]

Prints the median, the 90th, the 99th of 100 and the longest time in milliseconds in one process,
and how many repairs were found, are the smallest, and need how many messages.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "property"))

from random_protocols import random_protocol  # noqa: E402

from tellverify.language.syntax.parser import parse  # noqa: E402
from tellverify.repair.repair import Rank, RepairOptions, Repairs, repair  # noqa: E402
from tellverify.source.text import SourceFile  # noqa: E402

REACHED = "the goal already holds"


def timed(text: str, options: RepairOptions) -> tuple[float, Repairs]:
    """Milliseconds of one repair, reading included, and its result."""
    start = time.process_time()
    source = SourceFile("p.tell", text)
    file = parse(source).file
    found = repair(file, source, file.protocols[0], options)
    return 1_000 * (time.process_time() - start), found


def row(name: str, rows: list[tuple[float, Repairs]]) -> None:
    """Print one row."""
    times = sorted(each for each, _ in rows)
    offers = [found.offers[0] for _, found in rows if found.offers]
    smallest = sum(offer.rank is not Rank.SOME for offer in offers)
    middle = statistics.median(offer.cost for offer in offers) / 2 if offers else 0
    print(
        f"{name:16} {len(rows):5} {len(offers):8} {smallest:8} {middle:8.1f}"
        f" {statistics.median(times):8.1f} {times[len(times) * 9 // 10]:8.1f}"
        f" {times[len(times) * 99 // 100]:8.1f} {times[-1]:8.1f}"
    )


def main() -> None:
    """All rows."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    print(f"{'':16} {'all':>5} {'repaired':>8} {'smallest':>8} {'messages':>8}", end="")
    print(f" {'median':>8} {'90 %':>8} {'99 %':>8} {'longest':>8}")
    for name, options in (("quick", RepairOptions(tries=60)), ("thorough", RepairOptions())):
        rows: list[tuple[float, Repairs]] = []
        seed = 0
        while len(rows) < count:
            seed += 1
            taken, found = timed(random_protocol(seed), options)
            if found.reason != REACHED:
                rows.append((taken, found))
        row(name, rows)
    texts = [path.read_text() for path in sorted((ROOT / "counterexamples").glob("*.tell"))]
    results = [timed(text, RepairOptions()) for text in texts]
    row("counterexamples", [(each, found) for each, found in results if found.offers])


if __name__ == "__main__":
    main()
