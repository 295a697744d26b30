"""Random protocols as text: what a user may write, with faults of every kind in many of them."""

from __future__ import annotations

import random

_ROLES = ("A", "B", "C", "D", "E")
_LABELS = ("x", "y", "z", "w", "Done", "go")


class _Writer:
    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.roles = list(_ROLES[: self.rng.randint(2, 5)])
        self.has_family = self.rng.random() < 0.2
        declared = [*self.roles, *(["F[N]"] if self.has_family else [])]
        self.lines = ["protocol P =", f"  roles {', '.join(declared)}"]

    def role(self) -> str:
        if self.has_family and self.rng.random() < 0.3:
            return "F[*]"
        return self.rng.choice(self.roles)

    def send(self, indent: str, sender: str | None = None) -> None:
        p = sender or self.role()
        q = self.role()
        while q == p:
            q = self.role()
        self.lines.append(f"{indent}{p} -> {q} : {self.rng.choice(_LABELS)}")

    def block(self, indent: str, depth: int, bound: list[str], first: str | None = None) -> None:
        for number in range(self.rng.randint(1, 3)):
            self.statement(indent, depth, bound, first if number == 0 else None)

    def statement(self, indent: str, depth: int, bound: list[str], first: str | None) -> None:
        rng, add = self.rng, self.lines.append
        kind = 0.0 if first or depth <= 0 else rng.random()
        if kind < 0.5:
            self.send(indent, first)
        elif kind < 0.68:
            decider = rng.choice(self.roles)
            add(f"{indent}choice {decider} at")
            for label in rng.sample(["l1", "l2", "l3"], rng.randint(2, 3)):
                add(f"{indent}  | {label} =>")
                self.block(indent + "      ", depth - 1, bound, decider)
                if bound and rng.random() < 0.3:
                    add(f"{indent}      continue {rng.choice(bound)}")
        elif kind < 0.78:
            name = f"X{len(bound)}"
            add(f"{indent}rec {name}")
            self.block(indent + "  ", depth - 1, [*bound, name])
            if rng.random() < 0.6:
                add(f"{indent}  continue {name}")
        elif kind < 0.91:
            decider = rng.choice(self.roles)
            heads = [f"decide by {decider}"] * 2 + [f"repeat {rng.randint(0, 3)}", 'while "p"']
            head = rng.choice([*heads, "forever"])
            add(f"{indent}loop {head}")
            opener = decider if head.startswith("decide") else None
            self.block(indent + "  ", depth - 1, bound, opener)
        elif kind < 0.96:
            add(f"{indent}par")
            for _ in range(2):
                add(f"{indent}  |")
                self.block(indent + "    ", depth - 1, [])
        else:
            add(f"{indent}{rng.choice(self.roles)} ->* : {rng.choice(_LABELS)}")


def random_text(seed: int) -> str:
    """A protocol, equal for equal seeds."""
    writer = _Writer(seed)
    writer.block("  ", 3, [])
    return "\n".join(writer.lines) + "\n"
