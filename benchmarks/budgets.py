"""Speed of what annotations claim: the specs in one process, and worst cases of large protocols.

Usage: python benchmarks/budgets.py [SENDS] [LOOPS]. First the processor time of all obligations on
annotations, guard chains, budgets and ceremonies of the protocols in `specs/`, next to that of
everything else a check decides. Then a generated protocol of SENDS sends and LOOPS loops
(10,000 and 200 without them): the time of one worst case, of those of all its roles, of everything
that is decided of its annotations with the runs that show loops, and of the whole check; and the
ratio of each to a plain pass over all events.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tellverify.annotations.longest_paths import PathShape, shortest_over, worst_case
from tellverify.language.lowering.lower import lower
from tellverify.language.syntax.parser import parse
from tellverify.model.graph import ProtocolGraph
from tellverify.obligations import guard_chain
from tellverify.obligations.context import Context, Decision
from tellverify.obligations.guard_chain import answered, decide_annotations
from tellverify.obligations.options import Options
from tellverify.source.text import SourceFile
from tellverify.verdict.properties import Property
from tellverify.verification.checked import Checked
from tellverify.verification.pipeline import check_paths, check_text

ROOT = Path(__file__).resolve().parents[1]
OURS = {
    Property.GUARD_CHAIN,
    Property.BUDGET,
    Property.LEAKAGE,
    Property.RECEIPTS,
    Property.CEREMONY,
    Property.CEREMONY_STATUS,
}
ROLES = ("A", "B", "C", "D", "E")


def timed(work: Callable[[], object], rounds: int = 3) -> float:
    """The least processor time of some rounds."""
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return min(seconds)


def measured(sends: int, loops: int, seed: int = 1) -> str:
    """A protocol of so many sends, some of them in so many loops, whose rounds cost `A` nothing."""
    rng = random.Random(seed)
    lines = ["protocol Large =", f"  roles {', '.join(ROLES)}"]
    each = max(sends // max(loops, 1), 4)
    count = 0

    def send(indent: str, sender: str) -> None:
        nonlocal count
        count += 1
        peer = rng.choice([role for role in ROLES if role != sender])
        record = f'{{ guard_capability : "x:y", flow_cost : {rng.randint(1, 99)} }}'
        lines.append(f"{indent}{sender} {record} -> {peer} : m{count}")

    for number in range(loops):
        for _ in range(each - 3):
            send("  ", rng.choice(ROLES))
        lines.append(f"  rec X{number}")
        lines.append("    choice B at")
        lines.append(f"      | Again{number} =>")
        send("          ", "B")
        send("          ", "C")
        lines.append(f"          continue X{number}")
        lines.append(f"      | Leave{number} =>")
        send("          ", "B")
    return "\n".join(lines) + "\n"


def graph_of(text: str) -> ProtocolGraph:
    source = SourceFile("large.tell", text)
    parsed = parse(source)
    graph = lower(parsed.file, source, parsed.file.protocols[0], {}).graph
    assert graph is not None
    return graph


class Counted:
    """Takes the place of what decides annotations, and adds up its processor time."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, context: Context) -> Decision:
        start = time.process_time()
        decided = decide_annotations(context)
        self.seconds += time.process_time() - start
        return decided


def split(check: Callable[[], Checked]) -> tuple[Checked, float, float]:
    """A check with the processor time of annotations, and of everything."""
    counted = Counted()
    guard_chain.decide_annotations = counted
    start = time.process_time()
    checked = check()
    whole = time.process_time() - start
    guard_chain.decide_annotations = decide_annotations
    return checked, counted.seconds, whole


def specs() -> None:
    """The protocols of `specs/`, with the policy beside them."""
    answered.cache_clear()
    options = Options(policy=str(ROOT / "specs" / "policy"))
    checked, spent, whole = split(lambda: check_paths([str(ROOT / "specs")], options))
    verdicts = [v for p in checked.run.protocols for v in p.verdicts]
    ours = sum(v.property in OURS for v in verdicts)
    print(f"{'specs':<46}{'verdicts':>9}{'seconds':>9}{'ratio':>7}")
    print(f"{'annotations, guards, budgets, ceremonies':<46}{ours:>9}{spent:>9.3f}{1:>7.1f}")
    print(f"{'the whole check':<46}{len(verdicts):>9}{whole:>9.3f}{whole / spent:>7.1f}")


def large(sends: int, loops: int) -> None:
    """One generated protocol."""
    text = measured(sends, loops)
    graph = graph_of(text)
    costs = {
        number: [
            int(dict(graph.site_of(e).annotations).get("flow_cost", "0"))
            if graph.sender[e] == number
            else 0
            for e in range(graph.event_count)
        ]
        for number in range(len(graph.roles))
    }
    first = graph.roles.index("A")
    shape = PathShape(graph)

    def passed() -> int:
        total = 0
        for event in range(graph.event_count):
            total += costs[first][event]
        return total

    plain = timed(passed)
    one = timed(lambda: worst_case(PathShape(graph), costs[first]))
    every = timed(lambda: [worst_case(shape, each) for each in costs.values()])
    worst = worst_case(shape, costs[first])
    over = timed(lambda: shortest_over(graph, costs[first], worst, worst.total - 1, 10_000_000), 1)
    _, decided, whole = split(lambda: check_text(text, Options()))
    print()
    print(f"{graph.event_count:,} events, {loops} loops, {len(graph.roles)} roles")
    print(f"{'work':<46}{'seconds':>9}{'ratio':>9}")
    for name, seconds in (
        ("a pass over all events", plain),
        ("the worst case of one role", one),
        ("the worst cases of all roles", every),
        ("the shortest run over a limit", over),
        ("all obligations on annotations, with runs", decided),
        ("the whole check of the text", whole),
    ):
        print(f"{name:<46}{seconds:>9.3f}{seconds / plain:>9.1f}")


def main() -> None:
    sends = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    loops = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    specs()
    large(sends, loops)


if __name__ == "__main__":
    main()
