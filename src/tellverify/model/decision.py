"""Decisions of roles: what `agreement(Commit, Abort)` and `at-most-once(Req at S)` say of a run.

A role decides when it first sends or receives one of the listed labels.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from tellverify.model.roles import family_of
from tellverify.model.step import Step

_CALL: Final = re.compile(r"\s*(agreement|at-most-once)\s*\(([^()]*)\)\s*")
_NAME: Final = re.compile(r"[A-Za-z_][\w./-]*(?:\[\d+\])?")


def is_decision(text: str) -> bool:
    """True of text that begins as a decision does, whether it can be read or not."""
    return re.match(r"\s*(agreement|at-most-once)\s*\(", text) is not None


class DecisionKind(StrEnum):
    """A requirement on the labels that roles send and receive."""

    AGREEMENT = "agreement"
    AT_MOST_ONCE = "at-most-once"


class DecisionRule(msgspec.Struct, frozen=True):
    """`agreement(LABEL, LABEL, ..)`, or `at-most-once(LABEL at ROLE)` of a role or family.

    `places` are where the names stand in the text, labels first.
    """

    kind: DecisionKind
    labels: tuple[str, ...]
    role: str = ""
    places: tuple[tuple[int, int], ...] = ()

    @property
    def text(self) -> str:
        """The rule as it is written."""
        at = f" at {self.role}" if self.role else ""
        return f"{self.kind}({', '.join(self.labels)}{at})"

    def concerns(self, role: str) -> bool:
        """True of the roles whose events count."""
        return not self.role or self.role in (role, family_of(role))


class DecisionError(Exception):
    """Text that begins like a decision and is none: why, and where in the text that is."""

    def __init__(self, message: str, start: int, end: int, help: str) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end
        self.help = help


def parse_decision(text: str) -> DecisionRule | None:
    """The decision that `text` states, None when it is a formula. Raises DecisionError."""
    match = _CALL.fullmatch(text)
    if match is None:
        begins = re.match(r"\s*(agreement|at-most-once)\s*\(", text)
        if begins is None:
            return None
        help = "write `agreement(Commit, Abort)` or `at-most-once(Req at S)`"
        raise DecisionError("it is not closed", begins.start(1), len(text), help)
    kind, inner, at = DecisionKind(match[1]), match[2], match.start(2)
    names = [(found[0], at + found.start(), at + found.end()) for found in _NAME.finditer(inner)]
    if kind is DecisionKind.AGREEMENT:
        help = "write `agreement(Commit, Abort)`: two labels or more, between commas"
        rest = re.sub(r"\s", "", _NAME.sub("n", inner))
        labels = tuple(name for name, _, _ in names)
        if not re.fullmatch(r"n(,n)+", rest) or len(set(labels)) < len(labels):
            raise DecisionError(
                "it needs two different labels", at, max(at + 1, match.end(2)), help
            )
        return DecisionRule(kind, labels, "", tuple((low, high) for _, low, high in names))
    help = "write `at-most-once(Req at S)`: a label and a role"
    if re.sub(r"\s+", " ", _NAME.sub("n", inner)).strip() != "n n n" or names[1][0] != "at":
        raise DecisionError("it needs a label and a role", at, max(at + 1, match.end(2)), help)
    label, _, role = names
    return DecisionRule(kind, (label[0],), role[0], (label[1:], role[1:]))


def decided(steps: Iterable[Step], labels: Sequence[str]) -> dict[str, str]:
    """The decision of every role that decides in a run."""
    found: dict[str, str] = {}
    for step in steps:
        if step.label in labels:
            found.setdefault(step.actor, step.label)
    return found


def breaking_roles(rule: DecisionRule, steps: Sequence[Step]) -> tuple[str, ...]:
    """Two roles that decide differently, or one that acts twice; empty when the run keeps `rule`.

    Of several the first in the order in which they decide, or act a second time.
    """
    if rule.kind is DecisionKind.AT_MOST_ONCE:
        seen: set[str] = set()
        for step in steps:
            if step.label in rule.labels and rule.concerns(step.actor):
                if step.actor in seen:
                    return (step.actor,)
                seen.add(step.actor)
        return ()
    first = decided(steps, rule.labels)
    roles = list(first)
    other = next((role for role in roles if first[role] != first[roles[0]]), None)
    return () if other is None else (roles[0], other)
