"""Canonical layout, by examples: where lines break, and where comments and blank lines go."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from syntax_texts import WHOLE

from tellverify.language.syntax.canonical import canonical
from tellverify.language.syntax.parser import parse
from tellverify.language.syntax.printing.printer import print_file
from tellverify.language.syntax.spans import placed, same_tree
from tellverify.source.span import NOWHERE
from tellverify.source.text import SourceFile

ROOT = Path(__file__).parents[3]
CORPUS = ROOT.parent / "shared" / "corpus"
HEAD = "protocol P =\n  roles A, B\n"


def formatted(text: str) -> str:
    found = canonical(SourceFile("a.tell", text))
    assert found.text is not None, found
    assert canonical(SourceFile("a.tell", found.text)).text == found.text
    return found.text


def body(text: str) -> str:
    """What becomes of statements in a protocol, without the head."""
    indented = "".join(
        f"  {line}" if line.strip() else line for line in dedent(text).splitlines(True)
    )
    found = formatted(HEAD + indented)
    assert found.startswith(HEAD)
    return dedent(found[len(HEAD) :])


@pytest.mark.parametrize(
    "path", sorted([*ROOT.glob("specs/*.tell"), *ROOT.glob("counterexamples/*.tell")]), ids=str
)
def test_our_own_protocols_are_canonical(path: Path) -> None:
    text = path.read_text("utf-8")
    assert canonical(SourceFile(path.name, text)).text in (text, None)


def test_real_files_keep_their_meaning() -> None:
    for path in sorted(CORPUS.rglob("*.tell")):
        text = path.read_text("utf-8")
        before = parse(SourceFile(path.name, text)).file
        after = parse(SourceFile(path.name, formatted(text))).file
        assert same_tree(before, after), path.name
        if path.parent.name == "aura":
            assert formatted(text) == text.rstrip("\n") + "\n", path.name


def test_every_construct_keeps_its_meaning() -> None:
    result = parse(SourceFile("a.tell", WHOLE))
    assert same_tree(result.file, parse(SourceFile("a.tell", formatted(WHOLE))).file)


def test_a_record_of_one_entry_stays_on_the_line() -> None:
    text = "A { retry : 3 } -> B : M\nA {} -> B : M(x)\nA -> B : M { x }\n"
    assert body(text) == text
    assert body("A\n  { retry : 3, }\n  -> B : M\n") == "A { retry : 3 } -> B : M\n"


def test_a_record_of_several_entries_has_one_a_line() -> None:
    text = "A -> B : X\nB[0] { a : 5 s, b : (A, B), c : [1, 2] } -> A : M\nA -> B : Y\n"
    assert body(text) == (
        "A -> B : X\n\n"
        "B[0] { a : 5s\n     , b : (A, B)\n     , c : [1, 2] }\n  -> A : M\n\n"
        "A -> B : Y\n"
    )


def test_a_line_that_is_too_long_is_broken_at_its_arrow() -> None:
    path = ".".join(["long_name"] * 10)
    assert body(f"A -> B : M of {path}\n") == f"\nA\n  -> B : M of {path}\n"


def test_parentheses_become_layout() -> None:
    text = "par ( | A -> B : X | ( A -> B : Y B -> A : Z ) )\nrec R ( A -> B : X continue R )\n"
    assert body(text) == (
        "par\n  | A -> B : X\n  |\n    A -> B : Y\n    B -> A : Z\n"
        "rec R\n  A -> B : X\n  continue R\n"
    )


def test_payloads_stay_as_they_are() -> None:
    text = f"{HEAD}  A -> B : M(  a::b < c,\n      d  )\n  A -> B : N(x -- why\n)\n"
    assert formatted(text) == (
        "protocol P =\n  roles A, B\n\n"
        "  A -> B : M(a::b < c,\n      d)\n\n"
        "  A -> B : N(x -- why\n)\n"
    )


def test_comments_keep_to_their_code() -> None:
    text = """\
    -- first

    A -> B : X -- behind
    choice A at   {- of A -}
      | x =>
          -- before
          A -> B : x
          -- at the end of the branch
      -- before the other branch
      | y => A
          -- in the middle
          -> B : y
    {- last
       words -}
    """
    assert body(text) == dedent("""\
    -- first

    A -> B : X  -- behind
    choice A at  {- of A -}
      | x =>
          -- before
          A -> B : x
          -- at the end of the branch
      -- before the other branch
      | y =>
          -- in the middle
          A -> B : y
    {- last
       words -}
    """)


def test_comments_in_records_stay_in_them() -> None:
    text = "A { a : 1 -- one\n  -- two is next\n  , b : 2 } -- all\n  -> B : M -- end\n"
    assert body(text) == (
        "\nA { a : 1  -- one\n  -- two is next\n  , b : 2 }  -- all\n  -> B : M  -- end\n"
    )


def test_single_blank_lines_stay() -> None:
    text = "\n\nA -> B : X\n\n\n\nA -> B : Y\nrec R\n\n  A -> B : X\n\n\n  continue R\n\n"
    assert body(text) == "\nA -> B : X\n\nA -> B : Y\nrec R\n  A -> B : X\n\n  continue R\n"


def test_marks_go_and_mixed_line_ends_become_plain() -> None:
    text = "\ufeff" + HEAD.replace("\n", "\r\n") + "  A -> B : M -- x\n"
    assert formatted(text) == HEAD + "  A -> B : M  -- x\n"


def test_line_ends_that_agree_stay() -> None:
    plain = HEAD + "  {- a\n     b -}\n  A -> B : M  -- x\n"
    foreign = plain.replace("\n", "\r\n")
    assert formatted(foreign) == formatted(plain).replace("\n", "\r\n")
    assert formatted(formatted(foreign)) == formatted(foreign)


def test_a_tree_without_a_source_has_no_comments() -> None:
    file = parse(SourceFile("a.tell", f"-- note\n{HEAD}  A -> B : M\n")).file
    assert print_file(placed(file, lambda _: NOWHERE)) == f"{HEAD}  A -> B : M\n"


def test_a_text_with_faults_has_no_canonical_form() -> None:
    found = canonical(SourceFile("a.tell", HEAD + "  A => B : M\n"))
    assert found.text is None
    assert [each.code.number for each in found.diagnostics] == ["TV131"]


def test_deep_nesting_neither_recurses_nor_fills_the_memory() -> None:
    deep = "rec X ( " * 1_500 + "A -> B : M " + ")" * 1_500
    found = canonical(SourceFile("a.tell", f"{HEAD}  {deep}\n"))
    assert found.text is not None
    assert found.text.endswith(f"\n{' ' * 3_002}A\n{' ' * 3_004}-> B : M\n")
    deeper = "rec X ( " * 20_000 + "A -> B : M " + ")" * 20_000
    found = canonical(SourceFile("a.tell", f"{HEAD}  {deeper}\n"))
    assert [each.code.number for each in found.diagnostics] == ["TV192"]


def test_comments_around_the_braces_of_an_effect_stay_where_they_are() -> None:
    text = """effect Runtime  -- one
  command ready : Session -> Unit  -- two
  {  -- three
    class : authoritative  -- four
    progress : may_block  -- five
  }  -- six

protocol P =
  roles A, B
  A -> B : M
"""
    assert formatted(text) == text
    below = text.replace("Unit  -- two\n", "Unit\n  -- two\n")
    assert formatted(below) == below
