"""Random family protocols as text: inside the class of generic members, and just outside of it."""

from __future__ import annotations

import random

_LABELS = ("X", "Y", "Go")
_SYMBOLS = {"D[N]": "N", "E[M]": "M", "E[N]": "N", "E[*]": None, "E[2]": None}


class _FamilyWriter:
    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.families = ["D[N]"]
        if self.rng.random() < 0.4:
            self.families.append(self.rng.choice(("E[M]", "E[N]", "E[*]", "E[2]")))
        self.roles = ["A", "B", "C"][: self.rng.randint(1, 3)]
        self.lines = ["protocol P =", f"  roles {', '.join([*self.roles, *self.families])}"]
        self.locals: list[list[str]] = []

    def reference(self) -> str:
        rng = self.rng
        if rng.random() < 0.4:
            return rng.choice(self.roles)
        family = rng.choice(self.families)
        name = family[0]
        kind = rng.random()
        if kind < 0.6:
            return f"{name}[*]"
        if kind < 0.75:
            return f"{name}[{rng.choice((0, 0, 1))}]"
        if kind < 0.95:
            symbol = _SYMBOLS[family]
            high = symbol if symbol is not None and rng.random() < 0.85 else "2"
            return f"{name}[{rng.choice((0, 1))}..{high}]"
        return name

    def decider(self) -> str:
        return self.rng.choice([*self.roles, *self.roles, "D[0]"])

    def send(self, indent: str, lines: list[str], sender: str | None = None) -> None:
        p = sender or self.reference()
        q = self.reference()
        while q == p or (q[0] == p[0] and self.rng.random() < 0.95 and p != "D[0]"):
            q = self.reference()
        lines.append(f"{indent}{p} -> {q} : {self.rng.choice(_LABELS)}")

    def tail(self, indent: str, lines: list[str], depth: int) -> None:
        for _ in range(self.rng.choice((0, 1, 1, 2))):
            self.statement(indent, lines, depth)

    def statement(self, indent: str, lines: list[str], depth: int) -> None:
        kind = self.rng.random()
        if depth <= 0 or kind < 0.5:
            self.send(indent, lines)
        elif kind < 0.85:
            self.choice(indent, lines, depth)
        elif kind < 0.95:
            decider = self.decider()
            lines.append(f"{indent}loop decide by {decider}")
            self.send(indent + "  ", lines, decider)
            self.tail(indent + "  ", lines, depth - 1)
        else:
            lines.append(f"{indent}loop repeat {self.rng.choice(('2', '3', 'N'))}")
            self.send(indent + "  ", lines)

    def choice(self, indent: str, lines: list[str], depth: int, decider: str = "") -> None:
        """Branches that often tell the same roles the same thing, and often differ by an answer."""
        rng = self.rng
        decider = decider or self.decider()
        lines.append(f"{indent}choice {decider} at")
        told = [self.reference() for _ in range(rng.choice((1, 1, 2, 3)))]
        told = [role for role in dict.fromkeys(told) if role != decider] or ["D[*]"]
        label = rng.choice(_LABELS)
        answer = rng.random() < 0.5
        inner = indent + "    "
        for name in rng.sample(["Left", "Right", "Go"], 2):
            lines.append(f"{indent}  | {name} =>")
            self.prefix(inner, lines, depth, decider, told, name if rng.random() < 0.6 else label)
            if answer:
                sender = rng.choice(told)
                receiver = rng.choice([role for role in self.roles if role != sender] or ["E[*]"])
                if receiver[0] in "ABC" or len(self.families) > 1:
                    lines.append(f"{inner}{sender} -> {receiver} : {name}")
            elif rng.random() < 0.4:
                self.tail(inner, lines, depth - 1)

    def prefix(
        self, indent: str, lines: list[str], depth: int, decider: str, told: list[str], label: str
    ) -> None:
        """The messages that a branch begins with, behind what lets its label through."""
        rng = self.rng
        kind = rng.random()
        sends = [f"{decider} -> {role} : {label}" for role in told]
        if kind < 0.65:
            lines.extend(f"{indent}{send}" for send in sends)
        elif kind < 0.72:
            lines.append(f"{indent}publish started")
            lines.extend(f"{indent}{send}" for send in sends)
        elif kind < 0.8:
            self.locals.append([f"    {send}" for send in sends])
            lines.append(f"{indent}call L{len(self.locals)}")
        elif kind < 0.87:
            lines.append(f"{indent}case host of")
            lines.append(f"{indent}  | Ok(x) =>")
            lines.extend(f"{indent}    {send}" for send in sends)
        elif depth > 0:
            self.choice(indent, lines, depth - 1, decider)
        else:
            lines.extend(f"{indent}{send}" for send in sends)

    def text(self) -> str:
        for _ in range(self.rng.randint(1, 2)):
            self.statement("  ", self.lines, 2)
        if self.rng.random() < 0.3:
            self.send("  ", self.lines)
        where = ["where"] if self.locals else []
        for number, body in enumerate(self.locals, 1):
            where += [f"  protocol L{number} =", *body]
        return "\n".join([*self.lines, *where]) + "\n"


def random_family_text(seed: int) -> str:
    """A family protocol, equal for equal seeds."""
    return _FamilyWriter(seed).text()
