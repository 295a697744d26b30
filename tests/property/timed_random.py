"""Random protocols with timeouts, small enough for brute force."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from random import Random

from timed_statements import (
    TimedBlock,
    TimedBranches,
    TimedContinue,
    TimedLoop,
    TimedMessage,
    TimedStatement,
    TimedText,
)

SHAPES = ("plain", "nested", "retried", "retry-around-retry", "repeated", "continued", "several")


class RandomTexts:
    """Texts of one generator; labels are new ones or, seldom, used again."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.roles = ["A", "B", "C", "D"][: rng.choice((2, 2, 3, 3, 3, 4))]
        self.labels: list[str] = []

    def text(self, shape: str) -> TimedText:
        match shape:
            case "plain":
                return (*self.maybe_before(), self.block())
            case "nested":
                return (self.block(inner=1), *self.maybe_after())
            case "retried":
                return (TimedLoop("L", (self.block(late_continue="L"),)), *self.maybe_after())
            case "retry-around-retry":
                inner = TimedLoop("M", (self.block(late_continue="M", most=2),))
                outer = self.block(late_continue="L", around=inner, most=1)
                return (TimedLoop("L", (outer,)), *self.maybe_after())
            case "repeated":
                block = self.block(body_continue="L")
                return (TimedLoop("L", (block,)), *self.maybe_after())
            case "continued":
                return (self.block(), *self.messages(1, 3))
            case _:
                return (self.block(most=2), self.block(most=2), *self.maybe_after())

    def maybe_before(self) -> TimedText:
        return self.messages(1, 1) if self.rng.random() < 0.3 else ()

    def maybe_after(self) -> TimedText:
        return self.messages(1, 2) if self.rng.random() < 0.5 else ()

    def message(self, sender: str | None = None, receiver: str | None = None) -> TimedMessage:
        sender = sender or self.rng.choice(self.roles)
        others = [role for role in self.roles if role != sender]
        receiver = receiver or self.rng.choice(others)
        if self.labels and self.rng.random() < 0.15:
            return TimedMessage(sender, receiver, self.rng.choice(self.labels))
        self.labels.append(f"m{len(self.labels)}")
        return TimedMessage(sender, receiver, self.labels[-1])

    def messages(self, least: int, most: int) -> TimedText:
        return tuple(self.message() for _ in range(self.rng.randint(least, most)))

    def block(
        self,
        *,
        inner: int = 0,
        late_continue: str = "",
        body_continue: str = "",
        around: TimedStatement | None = None,
        most: int = 3,
    ) -> TimedBlock:
        rng = self.rng
        owner = rng.choice(self.roles)
        body: list[TimedStatement] = list(self.messages(1, most))
        if rng.random() < 0.7:  # somewhere its owner waits
            others = [role for role in self.roles if role != owner]
            body.insert(rng.randint(0, len(body)), self.message(rng.choice(others), owner))
        if inner and rng.random() < 0.9:
            nested = self.block(inner=inner - 1, most=2)
            body.insert(rng.randint(0, len(body)), nested)
        if around is not None:
            body.insert(rng.randint(0, len(body)), around)
        if rng.random() < 0.2:
            sender = rng.choice(self.roles)
            branches = [(self.message(sender), *(self.messages(0, 1))) for _ in range(2)]
            body.append(TimedBranches(tuple(branches)))
        if body_continue:
            body += self.ending(body_continue)
        cancel = None
        if rng.random() < 0.2:
            cancel = self.alternative(owner, rng.choice(("", late_continue)))
        return TimedBlock(owner, tuple(body), self.alternative(owner, late_continue), cancel)

    def ending(self, name: str) -> TimedText:
        """Again, or again and an exit."""
        if self.rng.random() < 0.5:
            return (TimedContinue(name),)
        sender = self.rng.choice(self.roles)
        again = (self.message(sender), TimedContinue(name))
        return (TimedBranches((again, (self.message(sender),))),)

    def alternative(self, owner: str, name: str) -> TimedText:
        """Nothing, any messages, or messages by which all are told; then perhaps again."""
        again = (TimedContinue(name),) if name else ()
        chance = self.rng.random()
        if chance < 0.15:
            return again
        if chance < 0.4:
            return (*self.messages(1, 2), *again)
        told = [owner]
        found = []
        others = [role for role in self.roles if role != owner]
        for role in self.rng.sample(others, len(others)):
            found.append(self.message(self.rng.choice(told), role))
            told.append(role)
        return (*found, *again)


def random_text(seed: int) -> TimedText:
    """The text of a seed; its shape is chosen by the seed too."""
    texts = RandomTexts(Random(seed))
    return texts.text(SHAPES[seed % len(SHAPES)])


def random_rules(rng: Random, all_roles: Sequence[str]) -> str:
    """A scenario with crashes, losses or a partition."""
    roles = list(all_roles)
    rules = []
    if rng.random() < 0.7:
        some = rng.sample(roles, rng.randint(1, len(roles) - 1))
        rules.append(f"crash <= {rng.randint(1, 2)} of {{{', '.join(some)}}}")
    if rng.random() < 0.3 or not rules:
        one, other = rng.choice(list(combinations(roles, 2)))
        most = rng.choice(("", " <= 1"))
        rules.append(f"loss{most} on {one} -> {other}")
    if rng.random() < 0.25:
        one = rng.choice(roles)
        rules.append(f"partition {{{one}}} | *")
    if rng.random() < 0.2:
        rules.append("engaged-only = false")
    return ", ".join(rules)
