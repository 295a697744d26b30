"""Random protocols of plain roles as text, most of them refuted: roles are not told of choices."""

from __future__ import annotations

import random

_LABELS = ("Offer", "Answer", "Note", "Next")


class _ProtocolWriter:
    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.roles = ["A", "B", "C", "D"][: self.rng.randint(3, 4)]
        self.lines = ["protocol P =", f"  roles {', '.join(self.roles)}"]
        self.choices = 0

    def send(self, indent: str, sender: str | None = None, label: str = "") -> None:
        p = sender or self.rng.choice(self.roles)
        q = self.rng.choice([role for role in self.roles if role != p])
        self.lines.append(f"{indent}{p} -> {q} : {label or self.rng.choice(_LABELS)}")

    def block(self, indent: str, depth: int) -> None:
        for _ in range(self.rng.randint(1, 3)):
            self.statement(indent, depth)

    def statement(self, indent: str, depth: int) -> None:
        kind = self.rng.random()
        if depth <= 0 or kind < 0.55:
            self.send(indent)
        elif kind < 0.85:
            self.choice(indent, depth, "")
        elif kind < 0.95:
            self.choices += 1
            name = f"Round{self.choices}"
            self.lines.append(f"{indent}rec {name}")
            self.choice(indent + "  ", depth, name)
        else:
            decider = self.rng.choice(self.roles)
            self.lines.append(f"{indent}loop decide by {decider}")
            self.send(indent + "  ", decider)
            self.block(indent + "  ", depth - 1)

    def choice(self, indent: str, depth: int, again: str) -> None:
        decider = self.rng.choice(self.roles)
        self.lines.append(f"{indent}choice {decider} at")
        for number, label in enumerate(self.rng.sample(["Left", "Right", "Stop"], 2)):
            self.lines.append(f"{indent}  | {label} =>")
            self.send(indent + "      ", decider, label)
            if self.rng.random() < 0.85:
                self.block(indent + "      ", depth - 1)
            if again and number == 0:
                self.lines.append(f"{indent}      continue {again}")

    def text(self) -> str:
        self.choice("  ", 2, "")
        if self.rng.random() < 0.5:
            self.block("  ", 1)
        return "\n".join(self.lines) + "\n"


def random_protocol(seed: int) -> str:
    """A protocol, equal for equal seeds."""
    return _ProtocolWriter(seed).text()
