"""The definition of done of a protocol as it is answered: twelve lines with their evidence."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class CompletionAnswer(StrEnum):
    """How far a line is known to be done."""

    YES = "yes"
    NO = "no"
    ASSUMED = "assumed"
    UNDECIDED = "not decidable here"


class Criterion(msgspec.Struct, frozen=True):
    """One line: the question, the answer, the evidence behind it, and the next step.

    `owner` answers for an assumption; `todo` is empty where nothing is left.
    """

    number: int
    text: str
    answer: CompletionAnswer
    evidence: tuple[str, ...]
    todo: str = ""
    owner: str = ""


class Completion(msgspec.Struct, frozen=True):
    """The twelve lines for one protocol."""

    protocol: str
    id: str
    path: str
    line: int
    category: str
    criteria: tuple[Criterion, ...]

    def count(self, answer: CompletionAnswer) -> int:
        """How many lines have this answer."""
        return sum(one.answer is answer for one in self.criteria)
