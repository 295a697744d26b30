"""Speed and memory of the search of protocols with timeouts, and of scenarios with faults on them.

Usage: python benchmarks/timeouts.py. First the small protocols of the tests: configurations, the
processor time of the search, and configurations a second. Then a coordinator that collects answers
until a deadline, by the number of devices: the same, bytes for each configuration at the peak, and
the time of all crashes of devices read off the search, as a ratio. Last a coordinator that does so
again and again, by the number of devices and the bound of queues.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from tellverify.model.scenario import resolved
from tellverify.model.scenario_text import parse_scenario
from tellverify.model.timed_text import TimedProtocol
from tellverify.search.timed import search_timed
from tellverify.search.timed_events import TimedSettings
from tellverify.search.timed_failures import timed_failures

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "property"))

from timed_statements import timed_protocol
from timed_texts import text_of
from timed_vectors import VECTORS

DEPTHS = {"T14": 12, "T15": 16, "P4": 16}  # of vectors that are searched to so many events
_ROUNDS = 5
_BUDGET = 1_000_000


def least(work: Callable[[], object]) -> float:
    """The least processor time of some rounds."""
    seconds = []
    for _ in range(_ROUNDS):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return min(seconds)


def collecting(size: int) -> TimedProtocol:
    """A coordinator that collects the answers of so many devices until its timer fires."""

    def each(words: str) -> str:
        return "; ".join(words.replace("D", f"D{n}") for n in range(size))

    body = f"{each('D->C Ready')}; {each('C->D Commit')}"
    return timed_protocol(text_of(f"{each('C->D Propose')}; C({body} / {each('C->D Abort')})"))


def vector(name: str) -> None:
    """One small protocol."""
    protocol = timed_protocol(text_of(VECTORS[name].text))
    depth = DEPTHS.get(name)
    found, _ = search_timed(protocol, budget=_BUDGET, depth=depth)
    seconds = least(lambda: search_timed(protocol, budget=_BUDGET, depth=depth))
    rate = found.configurations / seconds
    print(f"{name:<16}{found.configurations:>8,}{seconds * 1e3:>9.1f}{rate:>12,.0f}")


def collected(size: int) -> None:
    """The collecting coordinator with so many devices."""
    protocol = collecting(size)
    rules = "crash of {" + ", ".join(f"D{n}" for n in range(size)) + "}"
    scenario = resolved(parse_scenario("bench", rules), protocol.roles, ())
    if scenario is None:
        raise ValueError(rules)
    settings = TimedSettings(marks_acted=True)
    found, search = search_timed(protocol, settings, budget=_BUDGET)
    seconds = least(lambda: search_timed(protocol, settings, budget=_BUDGET))
    faulty = least(lambda: timed_failures(search, scenario))
    tracemalloc.start()
    held = search_timed(protocol, settings, budget=_BUDGET)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del held
    count = found.configurations
    print(
        f"{size:<16}{count:>8,}{seconds * 1e3:>9.1f}{count / seconds:>12,.0f}"
        f"{peak / count:>8.0f}{(seconds + faulty) / seconds:>8.2f}"
    )


def retried(size: int, bound: int) -> None:
    """A coordinator that proposes again after its timer has fired, and after success."""

    def each(words: str) -> str:
        return "; ".join(words.replace("D", f"D{n}") for n in range(size))

    body = f"{each('C->D Propose')}; {each('D->C Ready')}; {each('C->D Commit')}"
    text = f"rec L {{ C({body}; continue L / {each('C->D Abort')}; continue L) }}"
    protocol = timed_protocol(text_of(text))
    settings = TimedSettings(bound=bound)
    found, _ = search_timed(protocol, settings, budget=_BUDGET)
    seconds = least(lambda: search_timed(protocol, settings, budget=_BUDGET))
    count = found.configurations
    print(
        f"{f'{size}, bound {bound}':<16}{count:>8,}{seconds * 1e3:>9.1f}{count / seconds:>12,.0f}"
    )


def main() -> None:
    """Print all rows."""
    print("{:<16}{:>8}{:>9}{:>12}".format("protocol", "conf.", "ms", "a second"))
    for name in VECTORS:
        vector(name)
    print()
    print(
        "{:<16}{:>8}{:>9}{:>12}{:>8}{:>8}".format(
            "devices", "conf.", "ms", "a second", "bytes", "crashes"
        )
    )
    for size in (2, 3, 4, 5, 6, 7):
        collected(size)
    print()
    print("{:<16}{:>8}{:>9}{:>12}".format("retried", "conf.", "ms", "a second"))
    for size, bound in ((1, 3), (2, 1), (2, 3), (3, 1), (3, 2), (3, 3)):
        retried(size, bound)


if __name__ == "__main__":
    main()
