"""Graphs of edited protocols by marks, against those of the edited trees."""

from __future__ import annotations

import pytest
from family_texts import FamilyText
from random_families import random_family_text
from random_protocols import random_protocol

from tellverify.model.graph import ProtocolGraph
from tellverify.repair.candidates import Candidates
from tellverify.repair.edits import (
    BlockPath,
    ChannelLabels,
    Edits,
    Insert,
    channel_labels,
    edited,
    is_compatible,
)
from tellverify.repair.judgement import MOST_EVENTS, Judge
from tellverify.repair.marked_lowering import MarkedLowering
from tellverify.repair.outline import RepairAlternative, outline
from tellverify.repair.saturation import CannotSaturate, saturate

CALLED = """protocol P =
  roles A, B, C, D[N]
  choice A at
    | Yes =>
      A -> B : Yes
      call Told
      C -> B : Kept
    | No =>
      A -> B : No
      loop repeat 2
        A -> D[*] : No
        call Told
      C -> B : Dropped
where
  protocol Told =
    B -> A : Told
    A -> B : Good
"""


def described(graph: ProtocolGraph, end: int) -> list[object]:
    """All of a graph but the numbers of labels; of new messages the place alone."""
    sites = [graph.site_of(e) for e in range(graph.event_count)]
    return [
        graph.roles,
        [graph.event(e) for e in range(graph.event_count)],
        list(graph.first),
        list(graph.target),
        bytes(graph.final),
        [(one.span, one.branch if one.span.start < end else "") for one in sites],
    ]


def _place(branch: RepairAlternative) -> tuple[BlockPath, int]:
    return branch.after.block, branch.after.index


def tried(given: FamilyText) -> list[Edits]:
    """Sets of edits as the search tries them: candidates, pairs of them, and saturation."""
    found = Candidates(given.protocol, given.source.path)
    sizes = {family: 2 for symbol in given.symbols() for family in symbol.families}
    judge = Judge(given.file, given.source, [sizes])
    single = found.for_faults(judge.judge(given.protocol), frozenset(), first_only=False)
    single += [
        frozenset({Insert(*_place(branch), one.decider, role, branch.label, one.group)})
        for one in found.outline.decisions
        for branch in one.alternatives
        for role in found.plain
        if role != one.decider
    ]
    pairs = [one | other for one in single[:6] for other in single[-6:]]
    try:
        whole = [saturate(given.protocol)]
    except CannotSaturate:
        whole = []
    return [edits for edits in [*single[:30], *pairs, *whole] if is_compatible(edits)]


@pytest.mark.parametrize("family", [False, True])
def test_marks_give_the_graphs_of_edited_trees(family: bool) -> None:
    texts = [CALLED, *map(random_family_text if family else random_protocol, range(1, 16))]
    quick = slow = 0
    for text in texts:
        given = FamilyText(text)
        protocol, end = given.protocol, len(text) + 1
        taken = channel_labels(protocol)
        sizes = {family: 2 for symbol in given.symbols() for family in symbol.families}
        judge = Judge(given.file, given.source, [sizes])
        lowering = MarkedLowering(
            given.source, protocol, outline(protocol), sizes, MOST_EVENTS, end, taken
        )
        for edits in tried(given):
            graph = lowering.graph(edits)
            if graph is None:
                slow += 1
                continue
            quick += 1
            whole = judge.graph(edited(protocol, edits, end, taken).protocol, sizes)
            assert whole is not None, text
            assert described(graph, end) == described(whole, end), (text, edits)
    assert quick > 150 and slow < quick


def test_a_message_that_would_take_the_name_of_a_branch_needs_the_tree() -> None:
    text = CALLED.replace("      A -> B : Yes\n", "      publish started\n      A -> B : Yes\n")
    given = FamilyText(text)
    found = outline(given.protocol)
    (path,) = [p for p, block in found.blocks.items() if len(p) == 3 and len(block) == 4]
    none = ChannelLabels({}, {})
    place = len(text) + 1
    lowering = MarkedLowering(given.source, given.protocol, found, {"D": 2}, 100, place, none)
    ((teller, told),) = {(d.decider, d.alternatives[0].receiver) for d in found.decisions}
    assert told is not None
    assert lowering.graph(frozenset({Insert(path, 1, teller, told, "New")})) is None
    assert lowering.graph(frozenset({Insert(path, 2, teller, told, "New")})) is not None
