"""Time of a check for every size of a family beside that of sizes 1, 2 and 3, as a ratio.

    python benchmarks/every_size.py [repetitions]

Prints processor milliseconds of one check in one process, reading included, and the ratio of both.
The specs are checked without a policy, whose rules cost the same either way.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tellverify.obligations.options import Options
from tellverify.verification.pipeline import check_text

SPECS: Final = Path(__file__).parents[1] / "specs"


def rounds(count: int) -> str:
    """A boss asks all members, and hears from all, `count` times."""
    body = "".join(f"  Boss -> D[*] : Ask{n}\n  D[*] -> Boss : Yes{n}\n" for n in range(count))
    return f"protocol Rounds =\n  roles Boss, D[N]\n{body}"


def branches(count: int) -> str:
    """A boss chooses among `count` branches, and tells all members."""
    body = "".join(
        f"    | L{n} =>\n      Boss -> D[*] : Go\n      D[*] -> Boss : Ok\n" for n in range(count)
    )
    return f"protocol Branches =\n  roles Boss, D[N]\n  choice Boss at\n{body}"


def two_families(count: int) -> str:
    """Two families with sizes of their own, asked in turn `count` times."""
    body = "".join(
        f"  Boss -> D[*] : A{n}\n  D[*] -> Boss : B{n}\n"
        f"  Boss -> E[*] : X{n}\n  E[*] -> Boss : Y{n}\n"
        for n in range(count)
    )
    return f"protocol Two =\n  roles Boss, D[N], E[M]\n{body}"


def best(repetitions: int, action: Callable[[], object]) -> float:
    """The least processor milliseconds of several runs."""
    times = []
    for _ in range(repetitions):
        start = time.process_time()
        action()
        times.append(time.process_time() - start)
    return 1_000 * min(times)


def main() -> None:
    """All rows."""
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 25
    texts = {
        name: ((SPECS / f"{name}.tell").read_text(encoding="utf-8"), (family,))
        for name, family in (
            ("ota_activation", "Devices"),
            ("consensus", "Witness"),
            ("session_coordination", "Participants"),
        )
    }
    texts["60 rounds"] = rounds(60), ("D",)
    texts["30 branches"] = branches(30), ("D",)
    texts["two families"] = two_families(20), ("D", "E")
    print(f"{'':22} {'1, 2, 3':>9} {'every N':>9} {'ratio':>6}")
    for name, (text, families) in texts.items():
        forced = Options(instances=tuple((family, (1, 2, 3)) for family in families))
        tried = best(repetitions, lambda t=text, o=forced: check_text(t, o))
        every = best(repetitions, lambda t=text: check_text(t, Options()))
        print(f"{name:22} {tried:9.2f} {every:9.2f} {every / tried:6.2f}")


if __name__ == "__main__":
    main()
