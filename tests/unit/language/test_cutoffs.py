"""Cut-offs of size symbols, one construct at a time, and what leaves the class in the text."""

from __future__ import annotations

import pytest
from family_texts import FamilyText

from tellverify.language.linking.imports import Imported, Linked
from tellverify.language.lowering.cutoffs import lowering_of, size_faults, size_symbols
from tellverify.language.syntax import ast


def protocol(body: str, roles: str = "A, B, D[N]") -> FamilyText:
    given = FamilyText(f"protocol P =\n  roles {roles}\n{body}")
    assert not given.errors, given.errors
    return given


def choice(first: str, second: str = "A -> B : Two") -> str:
    return f"  choice A at\n    | One =>\n      {first}\n    | Two =>\n      {second}\n"


@pytest.mark.parametrize(
    ("body", "cutoff"),
    [
        ("  A -> D[*] : X\n", 0),
        ("  A -> D : X\n  D[N] -> B : Y\n", 0),
        ("  A -> B : X\n", 0),
        ("  A -> D[0] : X\n", 1),
        ("  D[2] -> A : X\n  A -> D[1] : Y\n", 3),
        ("  A -> D[1..N] : X\n", 2),
        ("  A -> D[0..3] : X\n", 4),
        ("  D[*] { min_responses : 3 } -> A : X\n", 3),
        ("  A { min_responses : 2 } -> D[*] : X\n", 2),
        ("  D[0] ->* : X\n", 1),
        (choice("A -> D[*] : One"), 0),
        (choice("A -> D[*] : X"), 1),
        (choice("A -> D[1..N] : X"), 2),
        (choice("A -> D[2..N] : X"), 3),
        (choice("A -> B : X"), 0),
        ("  rec Again\n    A -> D[4] : X\n", 5),
        ("  loop decide by A\n    A -> D[*] : X\n", 0),
        ("  let x = host in\n    A -> D[1] : X\n", 2),
        ("  A -> D[63] : X\n", 64),
        ("  A -> D[200] : X\n", 201),
    ],
)
def test_the_cut_off_of_one_construct(body: str, cutoff: int) -> None:
    (symbol,) = protocol(body).symbols()
    assert (symbol.name, symbol.families, symbol.cutoff) == ("N", ("D",), cutoff)


def test_answers_of_an_empty_family_are_not_waited_for_in_silence() -> None:
    """Without members no event is left, and nothing of the protocol would say so."""
    given = protocol("  A -> D[*] : Go\n  D[*] { min_responses : 1 } -> A : Ok\n", "A, D[N]")
    (skip,) = given.lowered_at({"D": 0}).skipped
    assert "no member sends what `min_responses : 1` waits for" in skip.reason
    assert given.lowered_at({"D": 1}).skipped == ()


def test_families_of_one_symbol_share_a_cut_off_and_others_have_their_own() -> None:
    given = protocol(
        "  A -> D[2] : X\n  A -> E[0] : Y\n  A -> F[*] : Z\n  A -> G[5] : W\n  A -> H[1] : V\n",
        "A, D[N], E[N], F[M], G[9], H[*]",
    )
    assert [(one.name, one.families, one.cutoff) for one in given.symbols()] == [
        ("N", ("D", "E"), 3),
        ("M", ("F",), 0),
        ("H", ("H",), 2),
    ]


def test_a_broadcast_names_the_first_receiver_where_it_carries_the_name_of_a_branch() -> None:
    body = "  choice A at\n    | One =>\n      A ->* : X\n    | Two =>\n      A ->* : Two\n"
    assert [s.cutoff for s in protocol(body, "A, D[N], B").symbols()] == [1]
    assert [s.cutoff for s in protocol(body, "A, B, D[N]").symbols()] == [0]


def test_what_is_called_counts_in_this_file_and_in_others() -> None:
    inside = FamilyText(
        "protocol P =\n  roles A, B, D[N]\n  call L\nwhere\n  protocol L =\n    A -> D[3] : X\n"
    )
    assert not inside.errors
    assert [s.cutoff for s in inside.symbols()] == [4]
    outer = protocol("  call Q\n")
    other = FamilyText(
        "protocol Q =\n  roles A, D[N]\n  par\n    | A -> D[1] : X\n    | A -> D[0] : Y\n"
    )
    local = other.protocol
    called = Imported(ast.LocalProtocol(local.name, local.body), other.source, local.roles or ())
    linked = Linked({"Q": called})
    lowered_at = lowering_of(outer.file, outer.source, outer.protocol, linked=linked)
    assert [s.cutoff for s in size_symbols(outer.protocol, lowered_at)] == [2]
    (fault,) = size_faults(outer.source, outer.protocol, linked)
    assert str(fault) == "`par` has runs in every order of its branches (p.tell, line 3)"
    assert size_faults(outer.source, outer.protocol) == ()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("  D[*] -> D[0] : X\n", "`D[*] -> D[0]` lets a family of any size send to itself"),
        ("  D -> D[*] : X\n", "`D -> D[*]` lets a family of any size send to itself"),
        ("  D[N] -> D[N] : X\n", "`D[N] -> D[N]` lets a family of any size send to itself"),
        ("  D[1..N] -> D[0] : X\n", "`D[1..N] -> D[0]` lets a family of any size send to itself"),
        ("  A -> D[0..M] : X\n", "`D[0..M]` has the bound `M`"),
        ("  A -> E[0..N] : X\n", "`E[0..N]` has the bound `N`"),
        ("  A -> G[0..N] : X\n", "`G[0..N]` has the bound `N`"),
        ("  A -> D[N..N] : X\n", "`D[N..N]` has the bound `N`"),
        (
            "  loop repeat M\n    A -> B : X\n",
            "`loop repeat M` has as many rounds as there are members",
        ),
        ("  par\n    | A -> B : X\n    | B -> A : Y\n", "`par` has runs in every order"),
    ],
)
def test_what_leaves_the_class_in_the_text(body: str, reason: str) -> None:
    (fault,) = protocol(body, "A, B, D[N], E[M], G[4]").faults()
    assert fault.startswith(reason) and fault.endswith("(line 3)")


@pytest.mark.parametrize(
    "body",
    [
        "  D[0] -> D[*] : X\n",
        "  D[0..2] -> D[*] : X\n",
        "  A -> D[0..N] : X\n",
        "  G[*] -> G[*] : X\n",
        "  loop repeat 3\n    A -> B : X\n",
    ],
)
def test_what_stays_in_the_class(body: str) -> None:
    assert protocol(body, "A, B, D[N], E[M], G[4]").faults() == []
