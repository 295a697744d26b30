"""The spelling of Telltale up to 10.0 reads as the present one does, and can be upgraded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tellverify.language.files import inputs
from tellverify.language.files.embedded import units
from tellverify.language.files.passages import canonical_file
from tellverify.language.syntax import ast
from tellverify.language.syntax.canonical import canonical
from tellverify.language.syntax.old_spelling import respelled
from tellverify.language.syntax.spans import same_tree
from tellverify.language.syntax.surface import read_tell
from tellverify.source.text import SourceFile

ROOT = Path(__file__).parents[3]
SPECS = sorted((ROOT / "specs").glob("*.tell"))
PRESENT = """\
module freight exposing (Dispatch)

protocol Dispatch =
  roles Courier, Depot, Clerk

  Courier { guard_capability : "relay:a=b", flow_cost : 50 } -> Depot : Parcel
  par
    | Depot -> Clerk : Note
    | Courier -> Clerk : Note2
  choice Depot at
    | Accept when (x == y) =>
        Depot { leak : (A, B), flow_cost : 3 } -> Courier : Accept
        Depot -> Clerk : Accept
    | Refuse =>
        Depot -> Courier : Refuse
        choice Depot at
          | Early => Depot -> Clerk : Early
          | Late =>
              Depot -> Clerk : Late
"""
IN_PARENTHESES = """\
module freight exposing (Dispatch)

protocol Dispatch = (
  roles Courier, Depot
  choice Depot at (
  | Accept when (x || y) => Depot -> Courier : Accept
  | Refuse => ( Depot -> Courier : Refuse
      par (
      | Depot -> Courier : Note
      | Courier -> Depot : Note2 )
      choice Courier at ( | Early => Courier -> Depot : Early
        | Late => Courier -> Depot : Late ) ) ) )
"""


def old_of(text: str) -> str:
    """A text of the present spelling as it was written before."""
    text = re.sub(r"choice (\S+) at\b", r"choice at \1", text)
    text = text.replace("=>", "->")
    lines = []
    for line in text.split("\n"):
        record = re.search(r"\{.*|^ *, .*", line)
        if record is not None and "protocol" not in line:
            changed = re.sub(r"([{,] *\w+) : ", r"\1 = ", record[0])
            line = line[: record.start()] + changed
        lines.append(line)
    return "\n".join(lines)


def names(tree: object) -> Iterator[ast.Name]:
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Name):
            yield node
        elif isinstance(node, msgspec.Struct):
            pending.extend(msgspec.structs.astuple(node))
        elif isinstance(node, tuple):
            pending.extend(node)


def codes(text: str) -> list[str]:
    return [one.code.number for one in read_tell(SourceFile("a.tell", text)).diagnostics]


@pytest.mark.parametrize(
    "text",
    [PRESENT, IN_PARENTHESES, *(path.read_text("utf-8") for path in SPECS)],
    ids=range(len(SPECS) + 2),
)
def test_both_spellings_have_one_tree(text: str) -> None:
    old = old_of(text)
    assert respelled(text) is None
    if old == text:
        return
    source = SourceFile("a.tell", old)
    found = read_tell(source)
    assert same_tree(found.file, read_tell(SourceFile("a.tell", text)).file)
    assert [one.code.number for one in found.diagnostics] == ["TV161"]
    for name in names(found.file):
        if name.span.end > name.span.start:
            assert source.slice(name.span) == name.text
    assert canonical(source).text == old
    upgraded = canonical(source, upgrade=True).text
    assert upgraded == canonical(SourceFile("a.tell", text)).text


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("  choice A at\n    | M => A -> B : M\n", "  choice at A\n    | M -> A -> B : M\n"),
        (
            "  choice D[0] at\n    | M => D[0] -> B : M\n",
            "  choice  at  D[0]\n    | M => D[0] -> B : M\n",
        ),
        ("  A { x : 1 } -> B : M\n", "  A { x=1 } -> B : M\n"),
        (
            "  A { x : 1, y : true }\n    -> B : M\n",
            "  A { x = 1\n    , y = true }\n    -> B : M\n",
        ),
        (
            "  choice A at\n    | M =>\n      A { x : 1,\n  y : 2\n } -> B : M\n"
            "    | N => A\n  -> B : N\n    | O => A -> B : O\n",
            "  choice at A\n    | M ->\n      A { x = 1,\n  y = 2\n } -> B : M\n"
            "    | N -> A\n  -> B : N\n    | O -> A -> B : O\n",
        ),
        ("  A { x : 1, y : 2 } ->* : M\n", "  A { x : 1, y = 2 } ->* : M\n"),
    ],
)
def test_each_old_form_is_read(new: str, old: str) -> None:
    head = "protocol P =\n  roles A, B, D[2]\n"
    trees = [read_tell(SourceFile("a.tell", head + body)).file for body in (new, old)]
    assert same_tree(*trees)
    assert "TV161" in codes(head + old)
    assert "TV131" not in codes(head + old)


@pytest.mark.parametrize(
    "body",
    [
        "  par\n    | A -> B : M\n    | B -> A : N\n",
        "  A -> B : M { x = 1 }\n",
        '  A { x : "choice at B" } -> B : M -- choice at A\n',
        "  -- | Label -> x\n  A -> B : M\n",
        "  choice A at\n    | M => A -> B : M\n    | N =>\n        par\n          | A -> B : N\n"
        "          | B -> A : O\n",
    ],
)
def test_texts_of_the_present_spelling_are_not_touched(body: str) -> None:
    assert respelled(f"protocol P =\n  roles A, B\n{body}") is None


def test_lines_may_end_with_carriage_returns() -> None:
    old = old_of(PRESENT).replace("\n", "\r\n")
    found = read_tell(SourceFile("a.tell", old))
    assert [one.code.number for one in found.diagnostics] == ["TV161"]
    assert same_tree(found.file, read_tell(SourceFile("a.tell", PRESENT)).file)


def test_a_file_with_several_protocols_has_one_note() -> None:
    calls = "".join(f'tell!(r#"\n{old_of(PRESENT)}"#);\n' for _ in range(3))
    (unit,) = units([inputs.decode("a.rs", calls.encode())])
    assert [[one.code.number for one in each.diagnostics] for each in unit.parsed] == [
        ["TV161"], [], [],
    ]  # fmt: skip


def test_a_fault_has_its_place_in_the_old_text() -> None:
    text = "protocol P =\n  roles A, B\n  choice at C\n    | M -> A -> B : M\n"
    from tellverify.language.checks.wellformed import check_structure

    source = SourceFile("a.tell", text)
    found = check_structure(read_tell(source).file, source)
    assert {source.slice(one.primary.span) for one in found if one.code.number == "TV201"} == {"C"}


def test_rust_and_markdown_are_upgraded() -> None:
    old = old_of(PRESENT)
    new = canonical(SourceFile("a.tell", PRESENT)).text
    assert new is not None
    for path, before, after in (
        ("a.md", "# Page\n\n```tell\n", "```\n\nand so on\n"),
        ("a.rs", 'tell!(\n    r#"\n', '"#\n);\n'),
    ):
        source = SourceFile(path, before + old + after)
        assert canonical_file(source).text == source.text
        assert canonical_file(source, upgrade=True).text == before + new + after


def test_a_text_that_stays_as_it_is_needs_no_second_look() -> None:
    source = SourceFile("a.rs", f'tell!(r#"\n\ufeff{old_of(PRESENT)}"#);\n')
    assert canonical_file(source).text == source.text


def test_braces_are_upgraded_in_pages() -> None:
    old = "protocol P {\n  roles: A, B;\n  A -> B: M;\n}\n"
    source = SourceFile("a.md", f"```tell\n{old}```\n")
    found = canonical_file(source, upgrade=True)
    assert found.text == "```tell\nprotocol P =\n  roles A, B\n  A -> B : M\n```\n"
