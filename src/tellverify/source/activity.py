"""The current work of this process, for observers.

NOTE: the one value of the package that changes while others read it. The stages write to it, and a
line of progress reads it from another thread; with several processes the first one mirrors another.
Nothing that is decided or reported depends on it.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class ActivityMoment(NamedTuple):
    """An activity as it was at one moment; see `Activity`."""

    path: str
    protocol: str
    question: str
    configurations: int
    depth: int
    limit: int


class Activity:
    """The file, protocol and question at hand, and how far a search is.

    `configurations` were visited in `depth` layers, of at most `limit`; 0 without a search.
    """

    __slots__ = ("configurations", "depth", "limit", "path", "protocol", "question")

    def __init__(self) -> None:
        self.path = self.protocol = self.question = ""
        self.configurations = self.depth = self.limit = 0

    def begin(self, path: str, protocol: str) -> None:
        """A protocol is looked at."""
        self.path, self.protocol = path, protocol
        self.ask("")

    def ask(self, question: str) -> None:
        """An obligation of it is decided."""
        self.question = question
        self.configurations = self.depth = self.limit = 0

    def search(self, configurations: int, depth: int, limit: int) -> None:
        """A search has visited one more layer."""
        self.configurations, self.depth, self.limit = configurations, depth, limit

    def moment(self) -> ActivityMoment:
        """The current activity."""
        search = (self.configurations, self.depth, self.limit)
        return ActivityMoment(self.path, self.protocol, self.question, *search)

    def follow(self, moment: ActivityMoment) -> None:
        """Mirror another process, for the readers of this one."""
        self.path, self.protocol, self.question = moment[:3]
        self.configurations, self.depth, self.limit = moment[3:]


ACTIVITY: Final = Activity()
"""The activity of this process."""
