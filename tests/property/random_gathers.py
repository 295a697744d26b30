"""Random choices with gathers in their branches."""

from __future__ import annotations

import random


def random_gather(seed: int) -> tuple[str, int | None, int]:
    """A choice with gathers in its branches, the answers that are needed, and the size."""
    rng = random.Random(seed)
    size = rng.choice((2, 2, 3))
    needed = rng.choice((None, 1, 2, min(size, 2)))
    record = "" if needed is None else f" {{ min_responses : {needed} }}"
    roles = ["C", "R", "A"][: rng.randint(2, 3)]
    lines = ["protocol P =", f"  roles {', '.join(roles)}, D[N]", "  choice C at"]
    for branch in ("One", "Two"):
        lines.append(f"    | {branch} =>")
        told = rng.sample([*roles[1:], "D[*]"], rng.randint(1, len(roles)))
        lines += [f"      C -> {role} : {branch}" for role in told]
        for _ in range(rng.randint(1, 3)):
            kind = rng.random()
            label = rng.choice("XY")
            if kind < 0.5:
                lines.append(f"      D[*]{record} -> R : {label}")
            elif kind < 0.75:
                lines.append(f"      {rng.choice(roles)} -> D[*] : {rng.choice(['Go', branch])}")
            else:
                one, other = rng.sample([*roles, "D[0]", "D[1]"], 2)
                lines.append(f"      {one} -> {other} : {label}")
    return "\n".join(lines) + "\n", needed, size
