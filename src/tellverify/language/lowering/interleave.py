"""Parallel branches: all their interleavings, written out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod

from tellverify.language.lowering.determinize import Clash, Rows
from tellverify.language.lowering.program import OverBudget, Program


def shared_events(branches: Sequence[Rows]) -> list[Clash]:
    """Events that two branches have, each with its site in both.

    Whatever a role may do in one branch it may do at any point of the other, so both are possible
    at once and no role can tell them apart.
    """
    found: list[Clash] = []
    seen: dict[tuple[int, int, int], int] = {}
    for rows in branches:
        own: dict[tuple[int, int, int], int] = {}
        events = zip(rows.sender, rows.receiver, rows.label, rows.site, strict=True)
        for sender, receiver, label, site in events:
            own.setdefault((sender, receiver, label), site)
        found.extend((*event, seen[event], site) for event, site in own.items() if event in seen)
        for event, site in own.items():
            seen.setdefault(event, site)
    return list(dict.fromkeys(found))


def interleave(program: Program, branches: Sequence[Rows], budget: int) -> None:
    """Add the product of `branches` to `program`; when all have ended, it continues.

    A state of the product is one state of every branch, in row-major order; each event moves one
    of them. Raises OverBudget when the program would grow beyond `budget`.
    """
    counts = [len(rows.final) for rows in branches]
    total = prod(counts)
    events = sum(len(rows.target) * (total // len(rows.final)) for rows in branches)
    if program.here + events + total > budget:
        raise OverBudget
    strides = [prod(counts[index + 1 :]) for index in range(len(counts))]
    entry: list[int] = []
    place = program.here
    for states in product(*map(range, counts)):
        entry.append(place)
        degree, ended = _degree(branches, states)
        place += degree + (1 if ended or degree != 1 else 0)
    after = place
    for number, states in enumerate(product(*map(range, counts))):
        degree, ended = _degree(branches, states)
        if ended or degree != 1:
            here = program.here
            targets = list(range(here + 1, here + 1 + degree))
            program.fork(*targets, *((after,) if ended else ()))
        for rows, state, stride in zip(branches, states, strides, strict=True):
            for row in range(rows.first[state], rows.first[state + 1]):
                program.emit(rows.sender[row], rows.receiver[row], rows.label[row], rows.site[row])
                program.target[-1] = entry[number + (rows.target[row] - state) * stride]


def _degree(branches: Sequence[Rows], states: Sequence[int]) -> tuple[int, bool]:
    """How many events leave a state of the product, and whether all branches may have ended."""
    degree = 0
    ended = True
    for rows, state in zip(branches, states, strict=True):
        degree += rows.first[state + 1] - rows.first[state]
        ended = ended and bool(rows.final[state])
    return degree, ended
