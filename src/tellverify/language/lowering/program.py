"""A protocol as a list of instructions: the form between the syntax tree and the graph.

An instruction is an event, which continues at its target; a fork, which continues at any of its
targets without an event; or an exit, where the protocol ends. A timeout adds instructions that
enter its body and leave it. This is Thompson's construction
(Thompson, CACM 1968) with places in a list for states: what follows a choice is emitted once,
and every branch leads there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tellverify.language.syntax import ast
from tellverify.source.span import Span

FORK: Final = -1
EXIT: Final = -2
ENTER: Final = -3
LEAVE: Final = -4


class OverBudget(Exception):
    """A construct unfolds to more than the budget allows; the text says which."""


class Skip(msgspec.Struct, frozen=True):
    """A construct that has no graph, named with its line."""

    reason: str
    span: Span
    line: int


class Tag(msgspec.Struct, frozen=True):
    """The label of a branch on its way to the first message of the branch."""

    text: str
    decider: ast.RoleRef


class ScopeDraft:
    """A timeout as instructions: its parts are ranges of places, behind where they begin.

    `around` is the scope in whose body it stands, -1 for none. `parts` are the body and the
    alternatives; each begins at the first place of its range.
    """

    __slots__ = ("around", "duration", "owner", "parts", "site")

    def __init__(self, owner: int, around: int, duration: int, site: int) -> None:
        self.owner = owner
        self.around = around
        self.duration = duration  # milliseconds
        self.site = site
        self.parts: list[range] = []


class Program:
    """Instructions in parallel lists; `sender` is negative for those that are no event.

    `forks` has the targets of every fork, `marks` the places where a cycle may begin, with the
    text and span of its head. `receiver` of an ENTER or LEAVE is the number of its scope.
    """

    __slots__ = ("forks", "label", "marks", "receiver", "scopes", "sender", "site", "target")

    def __init__(self) -> None:
        self.sender: list[int] = []
        self.receiver: list[int] = []
        self.label: list[int] = []
        self.site: list[int] = []
        self.target: list[int] = []
        self.forks: dict[int, list[int]] = {}
        self.marks: dict[int, tuple[str, Span]] = {}
        self.scopes: list[ScopeDraft] = []

    @property
    def here(self) -> int:
        """The place of the next instruction."""
        return len(self.sender)

    def emit(self, sender: int, receiver: int, label: int, site: int) -> None:
        """One event that continues at the instruction after it."""
        self.sender.append(sender)
        self.receiver.append(receiver)
        self.label.append(label)
        self.site.append(site)
        self.target.append(len(self.sender))

    def emit_all(
        self, senders: Sequence[int], receivers: Sequence[int], labels: Sequence[int], site: int
    ) -> None:
        """Events of one statement, one after the other."""
        base, count = len(self.sender), len(senders)
        self.sender.extend(senders)
        self.receiver.extend(receivers)
        self.label.extend(labels)
        self.site.extend([site] * count)
        self.target.extend(range(base + 1, base + count + 1))

    def channels_from(self, place: int) -> set[tuple[int, int]]:
        """Sender and receiver of every event from `place` on."""
        ends = zip(self.sender[place:], self.receiver[place:], strict=True)
        return {channel for channel in ends if channel[0] >= 0}

    def fork(self, *targets: int) -> int:
        """A fork; its place, so that targets can be added."""
        place = self._control(FORK)
        self.forks[place] = list(targets)
        return place

    def exit(self) -> int:
        """An exit; its place."""
        return self._control(EXIT)

    def enter(self, scope: int) -> int:
        """The beginning of a timeout; its place."""
        return self._control(ENTER, scope)

    def leave(self, scope: int) -> int:
        """The end of the body of a timeout, which continues at the next instruction; its place."""
        return self._control(LEAVE, scope)

    def _control(self, kind: int, scope: int = 0) -> int:
        place = len(self.sender)
        self.sender.append(kind)
        self.receiver.append(scope)
        self.label.append(0)
        self.site.append(0)
        self.target.append(place)
        return place
