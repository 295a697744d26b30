"""Copies of one budget row that are charged separately and merged: the errors of a merge.

A row is {limit, spent, epoch}. Merging takes the smaller limit, the larger `spent` and the later
epoch; moving a copy to the next epoch sets its `spent` to 0. A search over short histories of two
copies looks for a merge after which `spent` is not what was charged in the epoch.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final

import msgspec

MOST_STEPS: Final = 4
_COPIES: Final = 2


class Copy(msgspec.Struct, frozen=True):
    """One copy of a row."""

    limit: int
    spent: int = 0
    epoch: int = 1


class Act(StrEnum):
    """What happens to a copy."""

    CHARGE = "charge"
    ROTATE = "rotate"
    MERGE = "merge"


class BudgetStep(msgspec.Struct, frozen=True):
    """An action on a copy; a charge has an amount, and a merge takes in the other copies."""

    act: Act
    copy: int
    amount: int = 0


class MergeFault(StrEnum):
    """The error of a merged copy."""

    HIDDEN = "hidden"  # less than was charged
    STALE = "stale"  # more than was charged in its epoch


class History(msgspec.Struct, frozen=True):
    """The shortest history that ends in a wrong merge."""

    wrong: MergeFault
    steps: tuple[BudgetStep, ...]
    says: int
    truth: int


def merged(one: Copy, other: Copy) -> Copy:
    """The copy that two copies merge to."""
    return Copy(
        min(one.limit, other.limit), max(one.spent, other.spent), max(one.epoch, other.epoch)
    )


def charged(copy: Copy, amount: int) -> Copy | None:
    """A copy after a charge; None where it is refused."""
    if copy.spent + amount > copy.limit:
        return None
    return Copy(copy.limit, copy.spent + amount, copy.epoch)


def wrong_merge(limit: int, costs: Sequence[int], wrong: MergeFault) -> History | None:
    """The shortest history that ends in such a merge, or None.

    It charges `costs` in their order, each once and at either copy, or the first few of them.
    """
    start = tuple(Copy(limit) for _ in range(_COPIES))
    work: deque[tuple[tuple[Copy, ...], tuple[BudgetStep, ...]]] = deque([(start, ())])
    while work:
        copies, steps = work.popleft()
        used = sum(step.act is Act.CHARGE for step in steps)
        for step in _steps(costs[used : used + 1]):
            after = _made(copies, step)
            if after is None:
                continue
            told = replayed_history((*steps, step), limit)
            if told is not None and told.wrong is wrong:
                return told
            if len(steps) + 1 < MOST_STEPS:
                work.append((after, (*steps, step)))
    return None


def _steps(costs: Sequence[int]) -> Iterator[BudgetStep]:
    for copy in range(_COPIES):
        yield from (BudgetStep(Act.CHARGE, copy, cost) for cost in costs)
        yield BudgetStep(Act.ROTATE, copy)
        yield BudgetStep(Act.MERGE, copy)


def _made(copies: tuple[Copy, ...], step: BudgetStep) -> tuple[Copy, ...] | None:
    copy = copies[step.copy]
    match step.act:
        case Act.CHARGE:
            after = charged(copy, step.amount)
            if after is None:
                return None
        case Act.ROTATE:
            after = Copy(copy.limit, 0, copy.epoch + 1)
        case Act.MERGE:
            after = copy
            for other in copies:
                after = merged(after, other)
    return tuple(after if number == step.copy else one for number, one in enumerate(copies))


def replayed_history(steps: Sequence[BudgetStep], limit: int) -> History | None:
    """What a history shows, judged by its steps alone; None when its last merge is correct.

    This is the reference that histories have to pass: it keeps a list of all charges by epoch and
    no merged state but the last.
    """
    copies = [Copy(limit) for _ in range(_COPIES)]
    charges: dict[int, int] = {}
    for step in steps:
        copy = copies[step.copy]
        if step.act is Act.CHARGE:
            if copy.spent + step.amount > copy.limit:
                return None
            charges[copy.epoch] = charges.get(copy.epoch, 0) + step.amount
            copies[step.copy] = Copy(copy.limit, copy.spent + step.amount, copy.epoch)
        elif step.act is Act.ROTATE:
            copies[step.copy] = Copy(copy.limit, 0, copy.epoch + 1)
        else:
            copies[step.copy] = Copy(
                min(one.limit for one in copies),
                max(one.spent for one in copies),
                max(one.epoch for one in copies),
            )
    last = steps[-1]
    if last.act is not Act.MERGE:
        return None
    says, truth = copies[last.copy].spent, charges.get(copies[last.copy].epoch, 0)
    if says == truth:
        return None
    return History(
        MergeFault.HIDDEN if says < truth else MergeFault.STALE, tuple(steps), says, truth
    )


def words(history: History, costs: Sequence[str] = ()) -> str:
    """A history as a sentence; `costs` names the messages that are charged, in their order."""
    said = []
    names = list(costs)
    for step in history.steps:
        copy = f"copy {step.copy + 1}"
        match step.act:
            case Act.CHARGE:
                name = f" for {names.pop(0)}" if names else ""
                said.append(f"{copy} charges {step.amount}{name}")
            case Act.ROTATE:
                said.append(f"{copy} moves to the next epoch")
            case Act.MERGE:
                said.append(f"{copy} merges with the other")
    return f"{', '.join(said)}: {history.says} spent instead of {history.truth}"
