"""Edits of a text: where new lines stand, which names they get, and which runs they keep."""

from __future__ import annotations

import pytest
from family_texts import FamilyText

from tellverify.language.syntax import ast
from tellverify.repair.edits import (
    DecideLoop,
    Delete,
    Edit,
    Insert,
    OtherSender,
    Relabel,
    Reverse,
    Swap,
    cost,
    edited,
    is_compatible,
    is_conservative,
)
from tellverify.repair.outline import concerns, first_action, outline
from tellverify.repair.rendering import applied, in_words, text_edits
from tellverify.repair.repair import repair
from tellverify.repair.runs_kept import keeps_runs
from tellverify.repair.saturation import CannotSaturate, saturate

TEXT = """protocol P =
  roles A, B, C
  choice A at
    | Yes =>
      A -> B : Yes
      B -> C : Note -- said in both
    | No =>
      A -> B : No

      B -> C : Note
"""
YES, NO = (0, 0, 0), (0, 0, 1)


def role(name: str) -> ast.RoleRef:
    return ast.RoleRef(ast.Name(name))


def tell(block: tuple[int, ...], gap: int, label: str, group: str = "", to: str = "C") -> Insert:
    return Insert(block, gap, role("A"), role(to), label, group)


def changed(text: str, *edits: Edit) -> str:
    given = FamilyText(text)
    result = edited(given.protocol, frozenset(edits), len(text) + 1)
    return applied(text, text_edits(text, outline(given.protocol), result))


def keeps(text: str, *edits: Edit) -> bool:
    given = FamilyText(text)
    result = edited(given.protocol, frozenset(edits), len(text) + 1)
    after = FamilyText(text)
    after.protocol = result.protocol
    before, new = given.graph({}), after.graph({})
    assert before is not None and new is not None
    return keeps_runs(before, new, result, outline(given.protocol), len(text) + 1)


@pytest.mark.parametrize(
    ("edit", "old", "new"),
    [
        (tell(YES, 0, "X"), "      A -> B : Yes\n", "      A -> C : X\n      A -> B : Yes\n"),
        (tell(YES, 1, "X"), "      A -> B : Yes\n", "      A -> B : Yes\n      A -> C : X\n"),
        (tell(YES, 2, "X"), "in both\n", "in both\n      A -> C : X\n"),
        (tell(NO, 1, "X"), "A -> B : No\n\n", "A -> B : No\n      A -> C : X\n\n"),
        (tell(NO, 2, "X"), "Note\n", "Note\n      A -> C : X\n"),
        (tell((0,), 1, "X"), "      B -> C : Note\n", "      B -> C : Note\n  A -> C : X\n"),
        (Relabel(YES, 1, "Other"), "Note -- said", "Other -- said"),
        (Delete(YES, 0), "      A -> B : Yes\n", ""),
        (Reverse(YES, 0), "A -> B : Yes", "B -> A : Yes"),
        (OtherSender(YES, 0, role("C")), "A -> B : Yes", "C -> B : Yes"),
        (Swap(NO, 0), "A -> B : No\n\n      B -> C : Note", "B -> C : Note\n\n      A -> B : No"),
    ],
)
def test_one_edit_changes_one_place(edit: Edit, old: str, new: str) -> None:
    assert changed(TEXT, edit) == new.join(
        TEXT.rsplit(old, 1) if "Note\n" in old else TEXT.split(old)
    )


def test_what_ends_a_block_stands_before_what_follows_the_statement() -> None:
    both = changed(TEXT, tell((0,), 1, "Outer"), tell(NO, 2, "Inner"))
    assert both == TEXT + "      A -> C : Inner\n  A -> C : Outer\n"


def test_a_statement_on_the_line_of_its_branch_gets_a_line_of_its_own() -> None:
    text = (
        "protocol P =\n  roles A, B, C\n  choice A at\n    | Yes => A -> B : Yes\n"
        "    | No => A -> B : No\n"
    )
    new = changed(text, tell(YES, 0, "X"), tell(NO, 1, "Y"), tell(NO, 1, "Z", to="B"))
    assert new.splitlines()[3:] == [
        "    | Yes =>",
        "        A -> C : X",
        "        A -> B : Yes",
        "    | No =>",
        "        A -> B : No",
        "        A -> B : Z",
        "        A -> C : Y",
    ]
    assert not FamilyText(new).errors
    assert _events(new)[:2] == ["A -> C : Yes.X", "A -> B : No"]


def _events(text: str) -> list[str]:
    graph = FamilyText(text).graph({})
    assert graph is not None
    return [str(graph.event(e)) for e in range(graph.event_count)]


def test_a_new_message_gets_a_number_where_its_channel_has_the_name() -> None:
    told = Insert(YES, 2, role("B"), role("C"), "Note")
    assert "B -> C : Note2\n" in changed(TEXT, told)
    first, second = tell(YES, 1, "X", "1"), tell(NO, 1, "X", "2")
    new = changed(TEXT, first, second)
    assert "A -> C : X\n" in new and "A -> C : X2\n" in new
    alike = changed(TEXT, tell(YES, 1, "X", "1"), tell(NO, 1, "X", "1"))
    assert alike.count("A -> C : X\n") == 2


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        ([tell(YES, 1, "X")], ["insert `A -> C : X` at line 6"]),
        ([tell(NO, 2, "X")], ["insert `A -> C : X` at line 11"]),
        ([Relabel(YES, 1, "Other")], ["replace `Note` by `Other` in line 6"]),
        ([Delete(YES, 0)], ["delete line 5"]),
        (
            [tell(YES, 1, "X"), tell(YES, 1, "Y", to="B"), tell(NO, 1, "X", "2")],
            ["insert `A -> B : Y` and `A -> C : X` at line 6", "insert `A -> C : X2` at line 9"],
        ),
    ],
)
def test_edits_are_told_with_their_lines(edits: list[Edit], words: list[str]) -> None:
    for text in (TEXT, TEXT.rstrip("\n")):
        given = FamilyText(text)
        result = edited(given.protocol, frozenset(edits), len(text) + 1)
        found = text_edits(text, outline(given.protocol), result)
        assert [in_words(given.source, one) for one in found] == words


def test_costs_add_up_and_tell_conservative_edits() -> None:
    edits: list[Edit] = [tell(YES, 1, "X"), Relabel(NO, 1, "Y")]
    assert cost(edits) == 3 and is_conservative(edits)
    others: list[Edit] = [Delete(YES, 0), Reverse(NO, 0), DecideLoop((0,), 0, role("A"))]
    assert cost(others) == 11
    others += [Swap(YES, 0), OtherSender(YES, 1, role("A"))]
    assert cost(others) == 18
    assert not any(is_conservative([*edits, other]) for other in others)


def test_no_statement_is_changed_twice() -> None:
    assert is_compatible([Relabel(YES, 0, "X"), Reverse(YES, 1), tell(YES, 0, "Y")])
    assert not is_compatible([Relabel(YES, 0, "X"), Reverse(YES, 0)])
    assert not is_compatible([Swap(YES, 0), Delete(YES, 1)])
    assert is_compatible([Swap(YES, 0), Delete(NO, 1)])


@pytest.mark.parametrize(
    "edit", [Swap(NO, 0), OtherSender(YES, 1, role("A")), Reverse(YES, 0), Delete(NO, 1)]
)
def test_the_tree_after_an_edit_is_that_of_the_new_text(edit: Edit) -> None:
    given = FamilyText(TEXT)
    given.protocol = edited(given.protocol, frozenset({edit}), len(TEXT) + 1).protocol
    graph = given.graph({})
    assert graph is not None
    assert [str(graph.event(e)) for e in range(graph.event_count)] == _events(changed(TEXT, edit))


def test_hiding_new_messages_gives_back_the_runs_and_hiding_nothing_else_does() -> None:
    assert keeps(TEXT, tell(YES, 1, "X"), tell(NO, 2, "X"))
    assert keeps(TEXT, Relabel(YES, 1, "Other"))
    assert keeps(TEXT, Relabel(YES, 0, "Other"))
    assert not keeps(TEXT, Delete(YES, 1))
    assert not keeps(TEXT, Reverse(YES, 1))
    assert not keeps(TEXT, tell(YES, 1, "X"), Delete(NO, 1))


def test_the_outline_has_choices_loops_and_cases_with_first_messages() -> None:
    given = FamilyText(
        "protocol P =\n  roles A, B, C\n  loop decide by A\n    A -> B : Go\n"
        "    case host of\n      | Ok(x) =>\n        B -> A : Fine\n      | Err(x) =>\n"
        "        B -> A : Bad\n  choice C at\n    | One =>\n      publish it\n      C -> A : One\n"
        "    | Two =>\n      choice C at\n        | Three =>\n          C -> B : Three\n"
    )
    assert not given.errors
    found = outline(given.protocol)
    told = [
        (one.decider.name.text, [alternative.label for alternative in one.alternatives])
        for one in found.decisions
    ]
    assert told == [("A", ["Go", "Done"]), ("C", ["One"]), ("B", ["Ok", "Err"]), ("C", ["Three"])]
    gaps = [(a.after.block, a.after.index) for one in found.decisions for a in one.alternatives]
    assert gaps[:3] == [((0, 0, 0), 1), ((0,), 1), ((0, 1, 0), 2)]


@pytest.mark.parametrize(
    ("index", "member", "is_meant"),
    [
        (None, "D[3]", True),
        (ast.AnyIndex(), "D[3]", True),
        (ast.ConstIndex(3), "D[3]", True),
        (ast.ConstIndex(2), "D[3]", False),
        (ast.RangeIndex(1, 3), "D[2]", True),
        (ast.RangeIndex(1, 3), "D[3]", False),
        (ast.RangeIndex(1, "N"), "D[3]", True),
        (None, "E[3]", False),
        (None, "D", True),
    ],
)
def test_references_concern_members(index: ast.Index | None, member: str, is_meant: bool) -> None:
    assert concerns(ast.RoleRef(ast.Name("D"), index), member) is is_meant


def test_the_first_action_of_a_role_may_be_inside_a_statement() -> None:
    found = outline(FamilyText(TEXT).protocol)
    assert first_action(found.blocks[0,], "C") == 0
    assert first_action(found.blocks[YES], "C") == 1
    assert first_action(found.blocks[YES], "D") is None


def _saturated(text: str) -> list[str]:
    before = text.splitlines()
    lines = changed(text, *saturate(FamilyText(text).protocol)).splitlines()
    return [line.strip() for line in lines if line not in before or lines.count(line) > 1]


def test_saturation_tells_all_others_and_makes_every_event_wait_for_the_last() -> None:
    text = (
        "protocol P =\n  roles A, B, C\n  rec Again\n    choice A at\n      | More =>\n"
        "        A -> B : More\n        B -> C : Note\n        continue Again\n      | End =>\n"
        "        A -> B : End\n  C -> B : Bye\n"
    )
    assert _saturated(text) == [
        "A -> C : More", "C -> B : Turn", "C -> A : Turn", "A -> C : End",
    ]  # fmt: skip


def test_saturation_closes_the_rounds_of_a_decided_loop_and_tells_its_end() -> None:
    text = (
        "protocol P =\n  roles A, B, C\n  loop decide by A\n    A -> B : Item\n    B -> C : Copy\n"
        "  C -> B : Bye\n"
    )
    assert _saturated(text) == ["A -> C : Item", "C -> B : Turn", "C -> A : Turn", "A -> C : Done"]


@pytest.mark.parametrize(
    "body",
    [
        "  par\n    | A -> B : X\n    | B -> A : Y\n",
        '  loop while "more"\n    A -> B : X\n  B -> A : Y\n',
    ],
)
def test_saturation_says_nothing_of_runs_without_an_order_or_a_decider(body: str) -> None:
    with pytest.raises(CannotSaturate):
        saturate(FamilyText(f"protocol P =\n  roles A, B\n{body}").protocol)


def test_a_called_protocol_is_repaired_where_it_stands() -> None:
    text = (
        "protocol P =\n  roles A, B, C\n  choice A at\n    | Yes =>\n      call Keep\n    | No =>\n"
        "      A -> B : No\n      C -> B : Gone\nwhere\n  protocol Keep =\n    A -> B : Yes\n"
        "    C -> B : Kept\n"
    )
    given = FamilyText(text)
    assert not given.errors
    best = repair(given.file, given.source, given.protocol).offers[0]
    assert best.cost == 4 and best.conservative
    fixed = FamilyText(best.text)
    assert repair(fixed.file, fixed.source, fixed.protocol).reason == ("the goal already holds")


def test_deep_nesting_is_refused_and_not_followed() -> None:
    depth = 150
    lines = ["protocol P =", "  roles A, B"]
    lines += [f"{'  ' * (i + 1)}rec R{i}" for i in range(depth)]
    lines.append("  " * (depth + 1) + "A -> B : X")
    given = FamilyText("\n".join(lines) + "\n")
    assert not given.errors
    found = repair(given.file, given.source, given.protocol)
    assert found.reason == "the protocol is nested too deep"
