"""Random protocols as texts, and workflow files of them in a folder."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from tellverify.language.files.inputs import read_any
from tellverify.obligations.options import Options
from tellverify.verdict.outcome import Outcome
from tellverify.verdict.properties import Property
from tellverify.verdict.run import ProtocolReport, Run
from tellverify.workflows.workflow_check import check_workflows

ROLES = ("A", "B", "C")


class RandomProtocol:
    """The text of one random protocol; `choices` are the labels of a choice at its beginning."""

    def __init__(self, name: str, seed: random.Random, roles: Sequence[str] = ROLES) -> None:
        self.name = name
        self.roles = tuple(roles)
        self._seed = seed
        self._labels = 0
        self._used: set[str] = set()
        self.choices: tuple[str, ...] = ()
        body = self._block(seed.randint(1, 3), 2, top=True)
        used = [role for role in self.roles if role in self._used]
        self.roles = tuple(used)
        head = [f"module {name} exposing ({name.title()})", "", f"protocol {name.title()} ="]
        self.text = "\n".join([*head, f"  roles {', '.join(used)}", *body, ""])

    def _label(self) -> str:
        self._labels += 1
        return f"M{self._labels}" if self._seed.random() < 0.8 else f"M{max(self._labels - 1, 1)}"

    def _pair(self, sender: str = "") -> tuple[str, str]:
        sender = sender or self._seed.choice(self.roles)
        receiver = self._seed.choice([role for role in self.roles if role != sender])
        self._used |= {sender, receiver}
        return sender, receiver

    def _block(self, statements: int, indent: int, *, top: bool = False) -> list[str]:
        pad = " " * indent
        lines: list[str] = []
        for number in range(statements):
            roll = self._seed.random()
            last = number == statements - 1
            if roll < 0.35 and last and indent < 10:
                lines += self._choice(indent, top=top)
            elif roll < 0.42 and last and indent < 6:
                decider, receiver = self._pair()
                lines.append(f"{pad}loop decide by {decider}")
                lines.append(f"{pad}  {decider} -> {receiver} : Step")
                if self._seed.random() < 0.5:
                    sender, other = self._pair(receiver)
                    lines.append(f"{pad}  {sender} -> {other} : {self._label()}")
            else:
                sender, receiver = self._pair()
                lines.append(f"{pad}{sender} -> {receiver} : {self._label()}")
        return lines

    def _choice(self, indent: int, *, top: bool) -> list[str]:
        pad = " " * indent
        decider, first = self._pair()
        names = ("Yes", "No") if top else (f"L{indent}", f"R{indent}")
        lines = [f"{pad}choice {decider} at"]
        for name in names:
            lines.append(f"{pad}  | {name} =>")
            lines.append(f"{pad}    {decider} -> {first} : {name}")
            for role in self.roles:
                if role not in (decider, first) and self._seed.random() < 0.7:
                    self._used.add(role)
                    lines.append(f"{pad}    {decider} -> {role} : {name}")
            if self._seed.random() < 0.5:
                lines += self._block(1, indent + 4)
        if top:
            self.choices = names
        return lines


def checked(folder: Path, text: str, **options: object) -> Run:
    """The run of a workflow file with this text, in a folder that has its protocols."""
    path = folder / "workflow.toml"
    path.write_text(text, encoding="utf-8")
    chosen = Options(**options)  # type: ignore[arg-type]
    return check_workflows([read_any(str(path))], chosen).run


def outcome_of(report: ProtocolReport, prop: Property = Property.COMPOSITION) -> Outcome:
    """The outcome of the first obligation of a property."""
    return next(one.outcome for one in report.verdicts if one.property is prop)
