"""Who decides at a choice: a seed, a script of branches, or the words of a given run.

A decision depends on the role and on what the role did before, never on the schedule: equal
choices give every role the same events under every mode, where no race occurs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Protocol

import msgspec

from tellverify.model.machine import Action


class Option(msgspec.Struct, frozen=True):
    """A move that a role may make now; `branch` is the branch of the source it belongs to."""

    action: Action
    branch: str = ""


class Unscripted(Exception):
    """The script names something that is not a branch here; `options` are the branches."""

    def __init__(self, role: str, wanted: str, options: tuple[str, ...]) -> None:
        super().__init__(f"`{wanted}` is not a branch of `{role}` here")
        self.role = role
        self.wanted = wanted
        self.options = options


class Chooser(Protocol):
    """Picks among the moves of a role; `turn` counts the moves that it made before."""

    def pick(self, role: str, turn: int, options: Sequence[Option]) -> int:
        """An index into `options`, of which there are at least two."""
        ...

    def stops(self, role: str, turn: int) -> bool:
        """Whether a role that may stop or continue stops here."""
        ...


def draw(seed: int, *key: object) -> int:
    """A number of 64 bits that depends on all its arguments; equal on every machine."""
    return int.from_bytes(sha256(repr((seed, *key)).encode()).digest()[:8])


class Seeded:
    """Decides by a number that the seed, the role and its turn give."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def pick(self, role: str, turn: int, options: Sequence[Option]) -> int:
        """Any of the options, each about as often as the others."""
        return draw(self._seed, role, turn) % len(options)

    def stops(self, role: str, turn: int) -> bool:
        """Never: whoever can act acts."""
        return False


class Scripted:
    """Takes the branches of a script, one at each choice, and then decides by the seed.

    A choice is where the moves belong to different branches. `Role=Branch` is kept for that role;
    a branch alone is for the role that decides next.
    """

    def __init__(self, script: Sequence[str], seed: int) -> None:
        self._rest = [entry for entry in script if "=" not in entry]
        self._own: dict[str, list[str]] = {}
        for entry in script:
            role, equals, branch = entry.rpartition("=")
            if equals:
                self._own.setdefault(role, []).append(branch)
        self._otherwise = Seeded(seed)

    def pick(self, role: str, turn: int, options: Sequence[Option]) -> int:
        """The option that the script names. Raises Unscripted when there is no such option."""
        names = [option.branch or option.action.label for option in options]
        queue = self._own.get(role) or self._rest
        if len(set(names)) < 2 or not queue:
            return self._otherwise.pick(role, turn, options)
        wanted = queue.pop(0)
        for index, option in enumerate(options):
            if wanted in (names[index], option.action.label):
                return index
        raise Unscripted(role, wanted, tuple(dict.fromkeys(names)))

    def stops(self, role: str, turn: int) -> bool:
        """Never: whoever can act acts."""
        return False

    @property
    def unused(self) -> tuple[str, ...]:
        """The rest of the script."""
        own = [f"{role}={branch}" for role, queue in self._own.items() for branch in queue]
        return (*self._rest, *own)


class Led:
    """Makes every role do its part of a given run; elsewhere takes the first move."""

    def __init__(self, words: Mapping[str, Sequence[Action]]) -> None:
        self._words = words

    def pick(self, role: str, turn: int, options: Sequence[Option]) -> int:
        """The option that comes next in the role's word, if it is there."""
        word = self._words.get(role, ())
        if turn < len(word):
            for index, option in enumerate(options):
                if option.action == word[turn]:
                    return index
        return 0

    def stops(self, role: str, turn: int) -> bool:
        """At the end of the role's word."""
        return turn >= len(self._words.get(role, ()))
