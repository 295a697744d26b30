"""What properties of the user cost: ratios of checks of `specs/` with and without them.

python -m benchmarks.properties
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tellverify.obligations.options import Options
from tellverify.verification.pipeline import check_text

SPECS = Path(__file__).parents[1] / "specs"
ROUNDS = 5
GENERAL = (
    "at most 40 * -> * : *",
    "always count(* -> * : *) >= count(receive * -> * : *)",
    "eventually end",
    "every * -> * : * is followed by receive * -> * : *",
)


def formulas(text: str) -> list[str]:
    """Twenty properties of a protocol, of all patterns, from the labels in its text."""
    labels = []
    for line in text.splitlines():
        _, arrow, behind = line.partition("->")
        if arrow and ":" in behind and not line.lstrip().startswith("--"):
            label = behind.partition(":")[2].split("of")[0].split("(")[0].split("{")[0].strip()
            if label.isidentifier():
                labels.append(label)
    first, last = labels[0], labels[-1]
    found = list(GENERAL)
    for x, y in ((first, last), (last, first), (first, first), (labels[len(labels) // 2], last)):
        found += [
            f"never {x} after {y}",
            f"every {x} is followed by {y}",
            f"{y} only after {x}",
            f"at most 3 {x}",
        ]
    return found[:20]


def fastest(action: Callable[[], object]) -> float:
    """The least time of a few rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - start)
    return best


def main() -> None:
    """Print the times and their ratio."""
    plain = [path.read_text("utf-8") for path in sorted(SPECS.glob("*.tell"))]
    stated = []
    spread = []
    for number, text in enumerate(plain):
        own = formulas(text)
        lines = [f"-- tell: property p{n}: {formula}\n" for n, formula in enumerate(own)]
        stated.append("".join(lines) + text)
        spread.append("".join(lines[number % 20 : number % 20 + 1]) + text)
    check = lambda texts: [check_text(text, Options()) for text in texts]  # noqa: E731
    check(stated)
    base = fastest(lambda: check(plain))
    one = fastest(lambda: check(spread))
    all_ = fastest(lambda: check(stated))
    count = sum(len(formulas(text)) for text in plain)
    print(f"specs without properties   {1000 * base:8.1f} ms")
    print(f"{len(plain)} properties, one each   {1000 * one:8.1f} ms   {one / base:5.2f} times")
    print(f"{count} properties, 20 each   {1000 * all_:8.1f} ms   {all_ / base:5.2f} times")


if __name__ == "__main__":
    main()
