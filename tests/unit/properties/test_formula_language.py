"""The language of properties: what is read, what is refused, and where the fault is."""

from __future__ import annotations

import random

import pytest

from tellverify.model.formula import text
from tellverify.model.graph import ProtocolGraph, graph_from_edges
from tellverify.properties.formula_parser import parse, parse_event
from tellverify.properties.formula_tree import FormulaError
from tellverify.properties.resolve import formula_of, scope_of

GRAPH: ProtocolGraph = graph_from_edges(
    [(0, "A", "B", "X", 1), (1, "B", "A", "Y", 2), (2, "A", "C", "Z", 3)], final={3}
)
SCOPE = scope_of(GRAPH, (), {})


def long_form(formula: str) -> str:
    found = formula_of(parse(formula), SCOPE)
    assert found is not None
    return text(found)


@pytest.mark.parametrize(
    ("pattern", "logic"),
    [
        ("never X", "[] !X"),
        ("never X after Y", "[] (Y -> N [] !X)"),
        ("every X is followed by Y", "[] (X -> X (<> Y))"),
        ("X only after Y", "!X W (Y && !X)"),
        ("eventually X", "<> X"),
        ("some X", "true U X"),
        ("at most once X", "[] count(X) <= 1"),
        ("at most 3 times X", "always 3 >= count(X)"),
        ("at least twice X", "eventually count(X) >= 2"),
        ("exactly 2 X", "(<> count(X) > 1) && [] count(X) < 3"),
        ("always eventually X", "G F X"),
        ("X again and again", "[] <> (X || N false)"),
        ("either X or Y eventually, never both", "(<> X || <> Y) && !(<> X && <> Y)"),
        ("A sends X to B", "send A -> B : X"),
        ("B receives X from A", "receive A -> B : X"),
        ("X implies Y", "!X || Y"),
        ("X unless Y", "Y R (X || Y)"),
        ("X and Y or Z", "(X && Y) || Z"),
        ("X -> Y -> Z", "X -> (Y -> Z)"),
        ("X U Y U Z", "X U (Y U Z)"),
        ("count(X) == 1", "count(X) <= 1 && count(X) >= 1"),
        ("2 * count(X) - count(Y) < 3", "count(X) + count(X) - count(Y) <= 2"),
        ("!!X", "X"),
        ("X && true", "X"),
    ],
)
def test_a_pattern_is_what_the_page_says_in_temporal_logic(pattern: str, logic: str) -> None:
    assert long_form(pattern) == long_form(logic)


@pytest.mark.parametrize(
    ("formula", "place", "word"),
    [
        ("", 0, "no formula"),
        ("never", 5, "ends where"),
        ("(X", 0, "never closed"),
        ("X)", 1, "operator or the end"),
        ("Y X", 2, "operator or the end"),
        ("every X is followed Y", 20, "`by`"),
        ("always X implies Y", 9, "how far `always` reaches"),
        ("A -> B : ", 8, "ends where"),
        ("count(X)", 8, "ends where a comparison"),
        ("1 < 2", 2, "counts something"),
        ("at most 9999999 X", 8, "counts go up to"),
        ("at most 2 (eventually X)", 10, "only messages"),
        ("* finished", 0, "name the role"),
        ("X & é", 4, "`é` has no meaning"),
        ("X \0", 2, "U+0000"),
        ("A[] finished", 1, "operator or the end"),
        ("choice A finished", 0, "R takes LABEL"),
        ("Y <> ", 2, "operator or the end"),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_place(formula: str, place: int, word: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(formula)
    assert word in caught.value.message
    assert caught.value.span.start == place


@pytest.mark.parametrize(
    "formula",
    [
        "(" * 4_000 + "X" + ")" * 4_000,
        "!" * 9_000 + "X",
        "[]" * 4_000 + "X",
        "X -> " * 1_900 + "X",
        "never " * 1_500 + "X",
        "X" * 1_000_000,
        "(" * 1_000_000,
        "X && " * 400_000,
    ],
)
def test_deep_and_long_formulas_are_refused(formula: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(formula)
    assert "deeper" in caught.value.message or "too long" in caught.value.message


def test_a_long_chain_is_no_deep_formula() -> None:
    assert long_form("X && " * 1_500 + "X") == long_form("X")
    assert len(long_form("Y || X && " * 900 + "X")) > 10


def test_random_text_is_read_or_refused() -> None:
    text_of_all = "never after X Y A -> B : * ( ) [ ] [] <> ! && U R count <= 3 at most takes end é"
    words = text_of_all.split()
    for seed in range(3_000):
        rng = random.Random(seed)
        formula = " ".join(rng.choice(words) for _ in range(rng.randint(1, 12)))
        try:
            tree = parse(formula)
        except FormulaError as error:
            assert 0 <= error.span.start <= len(formula), seed
        else:
            assert formula_of(tree, SCOPE) is not None, seed


def test_letters_are_operators_only_where_one_can_stand() -> None:
    assert long_form("X X") == long_form("X (* -> * : X)")
    assert long_form("R finished U G finished") == "((R finished) U (G finished))"
    assert long_form("U U U") == "((send * -> * : U) U (send * -> * : U))"


def test_a_branch_may_be_asked_for_by_its_label() -> None:
    assert parse_event("branch Accept") == parse("takes  Accept".replace("  ", " "))


def families(size: int) -> ProtocolGraph:
    edges = []
    for number in range(size):
        edges.append((2 * number, "C", f"D[{number}]", "Go", 2 * number + 1))
        edges.append((2 * number + 1, f"D[{number}]", "C", "Done", 2 * number + 2))
    return graph_from_edges(edges, final={2 * size})


def test_variables_stand_for_all_members_at_once() -> None:
    scope = scope_of(families(2), ("D",), {})
    found = formula_of(parse("never C -> D[i] : Go after D[i] -> C : Done"), scope)
    both = formula_of(
        parse(
            "(never C -> D[0] : Go after D[0] -> C : Done)"
            " && never C -> D[1] : Go after D[1] -> C : Done"
        ),
        scope,
    )
    assert found is not None
    assert both is not None
    assert text(found) == text(both)


def test_a_family_in_a_state_means_all_members_and_in_an_event_any() -> None:
    scope = scope_of(families(2), ("D",), {})
    state = formula_of(parse("D finished"), scope)
    event = formula_of(parse("D -> C : Done"), scope)
    assert state is not None
    assert event is not None
    assert text(state) == "((D[0] finished) && (D[1] finished))"
    assert text(event) == "(send D[*] -> C : Done)"


def test_a_member_that_is_not_there_leaves_nothing_to_say() -> None:
    scope = scope_of(families(2), ("D",), {})
    assert formula_of(parse("eventually D[2] -> C : Done"), scope) is None
    with pytest.raises(FormulaError):
        formula_of(parse("eventually C[0] -> D[0] : Go"), scope)
