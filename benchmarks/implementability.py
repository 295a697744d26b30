"""Measures the implementability check on the graph families and prints a table.

    python benchmarks/implementability.py [FAMILY ...] [--sizes 1000,3000,10000,30000] [--limit S]

For every family: events, best of three in milliseconds for each size, the exponent of growth in
the number of events, and how many times slower the pairwise reference is on a small member. A
wrong answer is marked `!`. It measures and judges nothing: the exit code is 0.
"""

from __future__ import annotations

import argparse
import math
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "agreement"))

from families import FAMILIES, GraphFamily  # noqa: E402
from reference_conditions import reference_implementable  # noqa: E402

from tellverify.model.graph import ProtocolGraph  # noqa: E402

SIZES = (1_000, 3_000, 10_000, 30_000)
SMALLER = {
    "nested_choices": (300, 1_000, 3_000, 10_000),
    "choice_tree": (8, 10, 12, 14),
    "nested_loops": (300, 1_000, 3_000, 10_000),
}
REFERENCE_SIZE = 30
REFERENCE_SMALLER = {"choice_tree": 5}


class OutOfTimeError(Exception):
    """A measurement took longer than the limit."""


def _raise(_signal: int, _frame: FrameType | None) -> None:
    raise OutOfTimeError


def best_of(runs: int, limit: float, call: Callable[[], bool]) -> tuple[float, bool] | None:
    """The shortest time of `runs` calls in seconds with the answer, None beyond the limit."""
    best, answer = math.inf, False
    signal.signal(signal.SIGALRM, _raise)
    for _ in range(runs):
        signal.setitimer(signal.ITIMER_REAL, limit)
        start = time.perf_counter()
        try:
            answer = call()
        except OutOfTimeError:
            return None
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        best = min(best, time.perf_counter() - start)
    return best, answer


def growth(points: Sequence[tuple[int, float]]) -> float | None:
    """The slope of the least-squares line through the points on logarithmic scales."""
    if len(points) < 2:
        return None
    xs = [math.log(events) for events, _ in points]
    ys = [math.log(seconds) for _, seconds in points]
    x_mean, y_mean = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - x_mean) ** 2 for x in xs)
    return sum((x - x_mean) * (y - y_mean) for x, y in zip(xs, ys, strict=True)) / spread


def measure(
    family: GraphFamily, sizes: Sequence[int], limit: float, check: Callable[[ProtocolGraph], bool]
) -> None:
    """Prints the rows of one family."""
    points: list[tuple[int, float]] = []
    for size in sizes:
        graph = family.build(size)
        result = best_of(3, limit, lambda graph=graph: check(graph))
        if result is None:
            print(f"{family.name:<16} {size:>7,} {graph.event_count:>9,}  over {limit:.0f} s")
            break
        seconds, answer = result
        points.append((graph.event_count, seconds))
        wrong = "" if answer == family.implementable else " !"
        print(
            f"{family.name:<16} {size:>7,} {graph.event_count:>9,} {seconds * 1e3:>10.1f}{wrong}",
            flush=True,
        )
    exponent = growth(points)
    size = REFERENCE_SMALLER.get(family.name, REFERENCE_SIZE)
    graph = family.build(size)
    quick = best_of(3, limit, lambda: check(graph))
    slow = best_of(1, limit, lambda: reference_implementable(graph))
    if quick is None:
        against = f"check over {limit:.0f} s"
    elif slow is None:
        against = f"over {limit / quick[0]:,.0f} times"
    else:
        against = f"{slow[0] / quick[0]:,.0f} times"
    fitted = "-" if exponent is None else f"{exponent:.2f}"
    print(f"{'':<16} growth {fitted}; reference at {size}: {against}", flush=True)


def main() -> int:
    """Measures the families that are named, all by default."""
    parser = argparse.ArgumentParser(description="measure the implementability check")
    parser.add_argument("families", nargs="*", help="names of families; all by default")
    parser.add_argument("--sizes", default="", help="comma-separated, for every family")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for one call")
    arguments = parser.parse_args()
    from tellverify.projection.implementability import check_graph

    def check(graph: ProtocolGraph) -> bool:
        return bool(check_graph(graph).implementable)

    print(f"{'family':<16} {'N':>7} {'events':>9} {'ms':>10}")
    for family in FAMILIES:
        if arguments.families and family.name not in arguments.families:
            continue
        sizes: Sequence[int] = SMALLER.get(family.name, SIZES)
        if arguments.sizes:
            sizes = [int(size) for size in arguments.sizes.split(",")]
        measure(family, [size for size in sizes if size <= family.largest], arguments.limit, check)
    return 0


if __name__ == "__main__":
    sys.exit(main())
