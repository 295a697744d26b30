"""Repairs that are called smallest, against all cheaper edits wherever they may stand."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterator

import pytest
from family_texts import FamilyText
from random_protocols import random_protocol

from tellverify.language.syntax import ast
from tellverify.repair.edits import Edits, Insert, Relabel, channel_labels, cost, edited
from tellverify.repair.judgement import MOST_EVENTS, Judge
from tellverify.repair.marked_lowering import MarkedLowering
from tellverify.repair.outline import outline
from tellverify.repair.repair import Rank, repair

REPAIRS = int(os.environ.get("TELLVERIFY_REPAIRS", "50"))
_MOST_PAIRS = 200
_MOST_COST = 4


def cheaper(given: FamilyText, price: int, seed: int) -> Iterator[Edits]:
    """All single messages and new names, all pairs of names, and some of a message and a name."""
    found = outline(given.protocol)
    roles = [ast.RoleRef(ast.Name(one.name.text)) for one in given.protocol.roles or ()]
    names = [
        Relabel(path, index, f"New{number}")
        for number, (path, index) in enumerate(found.messages.values())
    ]
    messages = [
        Insert(path, gap, one, other, "New", f"{path} {gap}")
        for path, block in found.blocks.items()
        for gap in range(len(block) + 1)
        for one, other in itertools.permutations(roles, 2)
    ]
    pairs = [frozenset({one, other}) for one in messages for other in names]
    random.Random(seed).shuffle(pairs)
    edits: list[Edits] = [frozenset({one}) for one in (*names, *messages)]
    edits += [frozenset(pair) for pair in itertools.combinations(names, 2)]
    yield from (one for one in (*edits, *pairs[:_MOST_PAIRS]) if cost(one) < price)


_UNTOLD = """protocol P =
  roles P, Q, R
  choice R at
    | One => R -> P : One
    | Two =>
      R -> P : Two
      R -> Q : Two
    | Three => R -> P : Three
"""


@pytest.mark.parametrize("behind", ["", "  Q -> P : Go\n", "  P -> R : Done\n  Q -> P : Go\n"])
def test_a_message_behind_a_choice_is_smaller_than_one_in_each_branch(behind: str) -> None:
    given = FamilyText(_UNTOLD + behind)
    offers = repair(given.file, given.source, given.protocol).offers
    assert (offers[0].rank, offers[0].cost) == (Rank.SMALLEST, 2)
    assert ("R -> Q : Turn",) in [offer.changes for offer in offers]


def test_a_message_behind_a_choice_stands_before_an_action_around_it() -> None:
    text = """protocol P =
  roles P, Q, R
  choice P at
    | Long =>
      P -> R : Long
      choice R at
        | One => R -> P : One
        | Two =>
          R -> P : Two
          R -> Q : Two
        | Three => R -> P : Three
    | Short =>
      P -> R : Short
      P -> Q : Short
  Q -> P : Go
"""
    given = FamilyText(text)
    offers = repair(given.file, given.source, given.protocol).offers
    assert offers[0].cost == 2


def test_the_receiver_of_a_branch_may_tell_behind_a_choice() -> None:
    """Another sender would be one more that `Q` may hear from first."""
    text = """protocol P =
  roles P, Q, R
  choice P at
    | One => P -> R : One
    | Two => P -> R : Two
    | Three =>
      P -> R : Three
      R -> Q : Told
"""
    given = FamilyText(text)
    offers = repair(given.file, given.source, given.protocol).offers
    assert (offers[0].rank, offers[0].cost, offers[0].changes) == (
        Rank.SMALLEST,
        2,
        ("R -> Q : Turn",),
    )


def test_no_cheaper_edits_repair_what_has_a_smallest_repair() -> None:
    compared = 0
    seed = 30
    while compared < REPAIRS // 8:
        seed += 1
        given = FamilyText(random_protocol(seed))
        offers = repair(given.file, given.source, given.protocol).offers
        prices = [one.cost for one in offers if one.rank is Rank.SMALLEST]
        if not prices or min(prices) > _MOST_COST:
            continue
        compared += 1
        end, taken = len(given.source.text) + 1, channel_labels(given.protocol)
        judge = Judge(given.file, given.source, [{}])
        found = outline(given.protocol)
        marks = MarkedLowering(given.source, given.protocol, found, {}, MOST_EVENTS, end, taken)
        for edits in cheaper(given, min(prices), seed):
            graph = marks.graph(edits)
            if graph is None:
                graph = judge.graph(edited(given.protocol, edits, end, taken).protocol, {})
            assert not judge.judge_graphs([graph], first_only=True).holds, (seed, edits)
