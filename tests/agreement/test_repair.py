"""Repairs against the definitions and by brute force on small protocols; known least costs."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from family_texts import FamilyText, plain_verdict
from local_machines import canonical_machine
from plain_search import shortest_faults
from random_protocols import random_protocol

from tellverify.language.syntax import ast
from tellverify.model.graph import ProtocolGraph
from tellverify.repair.edits import Delete, Insert, Reverse, edited
from tellverify.repair.judgement import Goal, Judge
from tellverify.repair.outline import outline
from tellverify.repair.rendering import applied, text_edits, unified_diff
from tellverify.repair.repair import Rank, Repair, RepairOptions, Repairs, repair

COUNTEREXAMPLES = Path(__file__).parents[2] / "counterexamples"
SPECS = Path(__file__).parents[2] / "specs"
REPAIRS = int(os.environ.get("TELLVERIFY_REPAIRS", "50"))


def repaired(text: str, **wanted: object) -> Repairs:
    given = FamilyText(text)
    return repair(given.file, given.source, given.protocol, RepairOptions(**wanted))


def offers_of(name: str, **wanted: object) -> tuple[Repair, ...]:
    return repaired((COUNTEREXAMPLES / f"{name}.tell").read_text(), **wanted).offers


REACHED = "the goal already holds"
NOT_BY_MESSAGES = "no new message lets one role decide there"
VECTORS = {
    "mixed_choice": (2, ("Boss -> Clerk : Skip",)),
    "race_of_senders": (2, ("Meter -> Collector : Late",)),
    "deadlock_of_three": (2, ("A -> C : Late",)),
    "stuck_after_stop": (2, ("Worker -> Auditor : Stop",)),
    "unknown_choice": (4, ("Buyer -> Courier : Order", "Buyer -> Courier : Cancel")),
    "lost_choice_in_loop": (4, ("Driver -> Sensor : Again", "Driver -> Sensor : Stop")),
    "infidelity": (4, ("Judge -> Herald : Won", "Judge -> Herald : Lost")),
    "orphan_after_abort": (4, ("Client -> Mirror : Fetch", "Client -> Mirror : Abort")),
    "uninformed_member": (2, ("Coordinator -> Devices[1] : Abort",)),
    "uninformed_member_answers": (2, ("Coordinator -> Devices[1] : Abort",)),
}


@pytest.mark.parametrize("name", VECTORS)
def test_counterexamples_have_the_repair_that_costs_least(name: str) -> None:
    cost, changes = VECTORS[name]
    best = offers_of(name)[0]
    assert (best.cost, best.changes, best.rank) == (cost, changes, Rank.SMALLEST)
    assert best.conservative and best.projectable
    assert plain_verdict(FamilyText(best.text).graph({})) == (True, frozenset())


def test_what_strict_merge_accepts_goes_before_what_costs_one_less() -> None:
    first, second, third = offers_of("late_reader")
    assert (first.cost, first.rank, first.projectable) == (2, Rank.SMALLEST_MERGED, True)
    assert second.changes == ("Porter -> Screen : Next",) and second.cost == 2
    assert (third.cost, third.rank, third.projectable) == (1, Rank.SMALLEST, False)
    assert third.changes == ("rename the message to ExitFarewell",)


def test_a_loop_that_nobody_decides_needs_edits_of_every_kind() -> None:
    conservative = repaired((COUNTEREXAMPLES / "undecided_loop.tell").read_text())
    assert (conservative.offers, conservative.reason) == ((), NOT_BY_MESSAGES)
    (found,) = offers_of("undecided_loop", every_kind=True)
    assert (found.cost, found.changes) == (1, ("loop decide by Customer",))
    assert not found.conservative


UNTOLD = """protocol P =
  roles A, B, C
  loop while "more"
    A -> B : Item
    B -> C : Copy
  C -> A : Sum
"""


def test_a_loop_that_gets_a_decider_is_told_to_others() -> None:
    """C acts in the loop and after it, so it has to know that no more copies come."""
    best = repaired(UNTOLD, every_kind=True).offers[0]
    assert best.changes == ("loop decide by A", "B -> C : Done")
    assert (best.cost, best.rank) == (3, Rank.SMALLEST)
    assert plain_verdict(FamilyText(best.text).graph({})) == (True, frozenset())
    assert not repaired(best.text).fault


def test_undecided_loops_of_a_long_text_are_saturated_as_decided_ones() -> None:
    text = (
        UNTOLD.replace("A, B, C", "A, B, C, D, E")
        + """  loop while "again"
    B -> D : Ask
    loop while "deeper"
      D -> E : Pick
    E -> C : Ping
  C -> D : Last
  E -> A : Last
"""
    )
    best = repaired(text, every_kind=True).offers[0]
    assert "loop decide by D" in best.changes and not best.conservative
    assert plain_verdict(FamilyText(best.text).graph({})) == (True, frozenset())


def test_other_goals() -> None:
    answered = offers_of("unbounded_queue", goal=Goal.BOUNDED_QUEUES)[0]
    assert (answered.cost, answered.changes) == (2, ("Viewer -> Camera : Frame",))
    merged = offers_of("not_mergeable", goal=Goal.PROJECTABLE)
    assert all(one.cost == 2 and one.projectable for one in merged)
    assert ("Waiter -> Guest : Greet",) in [one.changes for one in merged]


def test_the_diff_keeps_comments_and_layout() -> None:
    text = (COUNTEREXAMPLES / "mixed_choice.tell").read_text()
    best = offers_of("mixed_choice")[0]
    assert best.text == applied(text, best.edits)
    assert unified_diff("mixed_choice.tell", text, best.text) == (
        "--- mixed_choice.tell\n+++ mixed_choice.tell\n@@ -10,4 +10,5 @@\n"
        "         Clerk -> Archive : Report\n     | Skip =>\n         Boss -> Archive : Skip\n"
        "+        Boss -> Clerk : Skip\n         Clerk -> Archive : Report\n"
    )


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_new_lines_end_as_the_others_do(ending: str) -> None:
    text = (COUNTEREXAMPLES / "orphan_after_abort.tell").read_text().replace("\n", ending)
    best = repaired(text).offers[0]
    lines = best.text.split(ending)
    assert "        Client -> Mirror : Abort" in lines
    assert "\n" not in best.text.replace(ending, "") and "\r" not in best.text.replace(ending, "")


def test_a_last_line_without_an_end_gets_a_line_behind_it() -> None:
    text = (COUNTEREXAMPLES / "orphan_after_abort.tell").read_text().rstrip("\n")
    best = repaired(text).offers[0]
    assert best.text.startswith(
        text.replace("Fetch\n  ", "Fetch\n        Client -> Mirror", 0)[:40]
    )
    assert best.text.endswith("        Client -> Mirror : Abort")
    assert unified_diff("p", text, best.text).count("No newline at end of file") == 2


def test_comments_behind_a_statement_stay_with_it() -> None:
    text = (COUNTEREXAMPLES / "mixed_choice.tell").read_text()
    marked = text.replace("Archive : Skip\n", "Archive : Skip -- at once\n")
    best = repaired(marked).offers[0]
    assert "Archive : Skip -- at once\n        Boss -> Clerk : Skip\n" in best.text


def test_families_of_any_size_are_told_all_at_once() -> None:
    found = repaired(
        "protocol P =\n  roles Boss, Devices[N]\n  choice Boss at\n    | Commit =>\n"
        "      Boss -> Devices[*] : Commit\n    | Abort =>\n      Boss -> Devices[0] : Abort\n"
    )
    best = found.offers[0]
    assert best.changes == ("Boss -> Devices[*] : Abort2",)  # `Devices[0]` gets an `Abort` already
    every = FamilyText(best.text).every_size()
    assert every.claimed and not every.stuck


MEMBERS = """protocol P =
  roles A, B, D[N], E[2]
  choice A at
    | Right =>
      choice A at
        | Go =>
          A -> B : Go
        | Stop =>
          choice A at
            | Go =>
              A -> E[*] : Go
              E[*] -> A : Yes
            | Left =>
              A -> E : Left
              E[*] -> A : No
      B -> A : Right
    | Left =>
      A -> D : Left
      D[*] -> B : Left
"""


def test_new_names_are_new_to_every_member_that_gets_them() -> None:
    """`E[1]` gets `Go` by `A -> E[*] : Go`; a new `Go` to it could not be told from that."""
    best = repaired(MEMBERS).offers[0]
    told = [one for one in best.changes if one.startswith("A -> E[")]
    assert told and all(not one.endswith(": Go") for one in told)
    every = FamilyText(best.text).every_size()
    assert every.claimed and not every.stuck


WHOLE = """protocol P =
  roles A, B, D[N]
  choice B at
    | Left =>
      B -> D[*] : Left
    | Go =>
      choice B at
        | Right =>
          B -> D : Right
          B -> D[1..2] : Right
          B -> D[0] : Right
          D[0] -> A : Right
        | Left =>
          B -> D : Left
          B -> D[1..2] : Left
          B -> D[0] : Left
          D[1..2] -> B : Left
  D[0] -> D[1..N] : X
"""


def test_a_family_without_an_index_is_all_of_its_members() -> None:
    best = repaired(WHOLE).offers[0]
    told = {one for one in best.changes if one.startswith("B -> D")}
    assert told == {"B -> D[*] : Left2", "B -> D[*] : Left3"}  # only one member gets the branch
    every = FamilyText(best.text).every_size()
    assert every.claimed and not every.stuck


def test_what_needs_no_repair_or_can_have_none_says_so() -> None:
    fine = "protocol P =\n  roles A, B\n  A -> B : X\n"
    assert repaired(fine) == Repairs(tried=1, reason=REACHED)
    torn = "protocol P =\n  roles A, B\n  A -> : X\n"
    assert repaired(torn).reason == "a part of the text could not be read"
    wrong = "protocol P =\n  roles A, B\n  A -> C : X\n"
    assert repaired(wrong).reason == "the protocol is not well-formed"
    alike = (
        "protocol P =\n  roles A, B, D[N]\n  choice D[0] at\n    | L =>\n      D[0] -> D[*] : X\n"
        "      D[0] -> A : Go\n    | R =>\n      D[0] -> D[*] : X\n      D[0] -> A : Go\n"
        "      B -> A : Go\n"
    )
    assert repaired(alike).reason == "the protocol is not well-formed"  # at N = 1
    both = "protocol P =\n  roles A, B\n  par\n    | A -> B : X\n    | B -> A : Y\n"
    assert repaired(both).offers == ()
    refuted = (COUNTEREXAMPLES / "infidelity.tell").read_text()
    assert repaired(refuted, tries=0).reason == "the limit was reached before the first repair"
    assert repaired(refuted, tries=8, seconds=0.0).offers == ()


def test_no_offer_has_failed_the_check_of_its_text() -> None:
    given = FamilyText((COUNTEREXAMPLES / "infidelity.tell").read_text())
    asked: list[str] = []

    def holds(text: str) -> bool:
        asked.append(text)
        return "Scribe -> Herald" in text

    found = repair(given.file, given.source, given.protocol, holds=holds)
    assert len(asked) >= 2
    assert found.offers and all("Scribe -> Herald" in one.text for one in found.offers)
    refused = repair(given.file, given.source, given.protocol, holds=lambda text: False)
    assert refused.offers == ()
    assert refused.reason == "no repair passed the check of the new text"


def _faulty(text: str) -> ProtocolGraph | None:
    """The graph of a text in the class that is not implementable or has a stuck role."""
    graph = FamilyText(text).graph({})
    if graph is None or plain_verdict(graph) in ((True, frozenset()), (None, frozenset())):
        return None
    return graph


@pytest.mark.parametrize("part", range(2))
def test_all_random_refuted_protocols_are_repaired(part: int) -> None:
    done = searched = 0
    seed = 10_000 * part
    while done < REPAIRS // 2:
        seed += 1
        text = random_protocol(seed)
        if _faulty(text) is None:
            continue
        done += 1
        found = repaired(text)
        assert found.offers, text
        for offer in found.offers:
            graph = FamilyText(offer.text).graph({})
            assert plain_verdict(graph) == (True, frozenset()), offer.text
            assert offer.conservative
        if graph is not None and graph.event_count <= 12:
            searched += 1
            machines = [canonical_machine(graph, role) for role in graph.roles]
            assert shortest_faults(machines, 14, 3_000)[0] == {}, offer.text
    assert searched >= REPAIRS // 20


def test_a_small_limit_ends_with_the_best_repair_so_far() -> None:
    costs = []
    for tries in (9, 30, 450):
        found = repaired(random_protocol(63), tries=tries)
        assert found.tried <= tries
        costs.append(found.offers[0].cost)
        assert plain_verdict(FamilyText(found.offers[0].text).graph({})) == (True, frozenset())
    assert costs == sorted(costs, reverse=True) and costs[0] > costs[-1]


def test_equal_texts_have_equal_repairs() -> None:
    for seed in (3, 11, 63):
        text = random_protocol(seed)
        assert repaired(text) == repaired(text)


def _broken(text: str) -> Iterator[str]:
    """The texts with one message deleted or turned round."""
    given = FamilyText(text)
    found = outline(given.protocol)
    for block, index in found.messages.values():
        for edit in (Delete(block, index), Reverse(block, index)):
            changed = edited(given.protocol, frozenset({edit}), len(text) + 1)
            yield applied(text, text_edits(text, found, changed))


def test_specs_with_one_message_less_or_turned_round_are_repaired_by_one_message() -> None:
    done = 0
    for path in sorted(SPECS.glob("*.tell")):
        for text in _broken(path.read_text()):
            if FamilyText(text).errors:
                continue
            found = repaired(text)
            if not found.offers:
                assert found.reason in (REACHED, NOT_BY_MESSAGES), text
                continue
            assert (found.offers[0].cost, found.offers[0].rank) == (2, Rank.SMALLEST), text
            done += 1
    assert done >= 12


def test_good_protocols_with_one_message_less_or_turned_round_are_mended_by_one_message() -> None:
    mended = 0
    for name in VECTORS:
        for text in _broken(offers_of(name)[0].text):
            if FamilyText(text).errors:
                continue
            found = repaired(text)
            if not found.offers:
                assert found.reason in (REACHED, NOT_BY_MESSAGES), text
                continue
            assert found.offers[0].cost <= 2 and found.offers[0].rank is not Rank.SOME, text
            assert plain_verdict(FamilyText(found.offers[0].text).graph({})) == (True, frozenset())
            mended += found.offers[0].cost == 2
    assert mended >= 24


def test_no_single_message_anywhere_repairs_what_costs_more() -> None:
    """The candidates are a choice of edits; this tries all single messages instead."""
    done = 0
    for seed in range(1, 40):
        given = FamilyText(random_protocol(seed))
        offers = repair(given.file, given.source, given.protocol).offers
        if done == 6 or not offers or offers[0].cost < 4 or offers[0].rank is not Rank.SMALLEST:
            continue
        done += 1
        judge = Judge(given.file, given.source, [{}])
        roles = [ast.RoleRef(ast.Name(one.name.text)) for one in given.protocol.roles or ()]
        for path, block in outline(given.protocol).blocks.items():
            for gap in range(len(block) + 1):
                for one, other in itertools.permutations(roles, 2):
                    edits = frozenset({Insert(path, gap, one, other, "New")})
                    tree = edited(given.protocol, edits, len(given.source.text) + 1).protocol
                    assert not judge.judge(tree).holds, (seed, path, gap, one, other)
    assert done == 6
