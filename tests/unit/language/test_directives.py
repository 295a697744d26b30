"""Comments that speak to tellverify: their form and what they cover."""

from __future__ import annotations

import pytest

from tellverify.language.syntax.directives import Directives, directives
from tellverify.language.syntax.surface import read_tell
from tellverify.source.text import SourceFile

BODY = """\
module shop exposing (Order)

protocol Order =
  roles Buyer, Seller
  Buyer -> Seller : Order
  choice Seller at
    | Accept =>
        Seller -> Buyer : Accept
    | Decline =>
        Seller -> Buyer : Decline
"""


def read(text: str) -> Directives:
    source = SourceFile("order.tell", text)
    return directives(read_tell(source).file, source)


def covered(text: str) -> str:
    found = read(text)
    assert not found.diagnostics
    return SourceFile("order.tell", text).slice(found.found[0].covers)


def test_a_text_without_such_comments_has_none() -> None:
    assert read(BODY) == Directives()
    assert read(BODY.replace("protocol", "-- says: hello\nprotocol")) == Directives()


def test_all_parts_are_read() -> None:
    comment = "-- tell: assume(no-stuck-role[Courier], guards) until 2027-03-01: a watchdog: yes  "
    text = BODY.replace("protocol", f"{comment}\nprotocol")
    [found] = read(text).found
    source = SourceFile("order.tell", text)
    assert found.kind == "assume"
    assert found.items == ("no-stuck-role[Courier]", "guards")
    assert found.until == "2027-03-01"
    assert found.text == "a watchdog: yes"
    assert found.line == 3
    assert source.slice(found.span) == comment.rstrip()
    assert source.slice(found.argument_span) == found.argument
    assert source.slice(found.text_span) == found.text


def test_commas_in_brackets_belong_to_the_item() -> None:
    [found] = read(f"-- tell: assume(bounded-queues[A -> B], no-stuck-role[A, B]): x\n{BODY}").found
    assert found.items == ("bounded-queues[A -> B]", "no-stuck-role[A, B]")


def test_a_property_has_a_name_and_a_formula() -> None:
    [found] = read(f"-- tell: property paid-first: G (Order -> F Accept(x))\n{BODY}").found
    assert (found.kind, found.argument, found.text) == (
        "property",
        "paid-first",
        "G (Order -> F Accept(x))",
    )


def test_a_category_needs_no_text() -> None:
    [found] = read(BODY.replace("protocol", "-- tell: category(C)\nprotocol")).found
    assert (found.kind, found.argument, found.text) == ("category", "C", "")


def test_above_module_it_covers_the_file() -> None:
    [found] = read(f"-- tell: allow(TV2): x\n{BODY}").found
    assert found.covers_file
    assert covered(f"-- tell: allow(TV2): x\n{BODY}").endswith(BODY)


def test_above_a_protocol_it_covers_the_protocol() -> None:
    text = BODY.replace("protocol", "-- tell: allow(TV2): x\n\n-- more\nprotocol")
    assert covered(text) == BODY[BODY.index("protocol") :].rstrip()


def test_on_its_own_line_it_covers_the_next_statement() -> None:
    text = BODY.replace("  choice", "  -- tell: allow(TV2): x\n  choice")
    assert covered(text).startswith("choice Seller at\n    | Accept")
    assert covered(text).endswith("Seller -> Buyer : Decline")
    text = BODY.replace("    | Decline", "  -- tell: allow(TV2): x\n    | Decline")
    assert covered(text).startswith("| Decline =>")
    assert "Accept" not in covered(text)


def test_behind_code_it_covers_its_line() -> None:
    text = BODY.replace(": Order\n", ": Order -- tell: allow(TV2): x\n")
    assert covered(text) == "  Buyer -> Seller : Order -- tell: allow(TV2): x"


def test_at_the_end_it_covers_nothing() -> None:
    assert covered(f"{BODY}-- tell: allow(TV2): x\n") == ""


def test_strings_and_block_comments_do_not_count() -> None:
    text = BODY.replace("  Buyer ->", '  Buyer { note : "-- tell: allow(TV2): x" } ->')
    assert read(text) == Directives()
    assert read(f"{{- tell: allow(TV2): x -}}\n{BODY}") == Directives()


def test_the_brace_surface_has_them_too() -> None:
    text = "// tell: allow(TV152): old\nprotocol Order {\n  roles A, B;\n  A -> B: Ping;\n}\n"
    assert [one.kind for one in read(text).found] == ["allow"]
    assert covered(text).startswith("protocol Order {")


@pytest.mark.parametrize(
    ("comment", "code"),
    [
        ("-- tell: alow(TV2): x", "TV023"),
        ("-- tell:", "TV023"),
        ("-- tell: (x)", "TV023"),
        ("-- tell: allow", "TV024"),
        ("-- tell: allow: x", "TV024"),
        ("-- tell: allow(TV2 : x", "TV024"),
        ("-- tell: allow TV2: x", "TV024"),
        ("-- tell: allow(TV2) until 2027-01-01: x", "TV024"),
        ("-- tell: assume(guards) until 2027-02-29: x", "TV024"),
        ("-- tell: assume(guards) until 2027-13-01: x", "TV024"),
        ("-- tell: assume(guards) until soon: x", "TV024"),
        ("-- tell: assume(guards) from 2027-01-01: x", "TV024"),
        ("-- tell: property: x", "TV024"),
        ("-- tell: property(x): y", "TV024"),
        ("-- tell: category C", "TV024"),
        ("-- tell: must-end(C)", "TV024"),
        ("-- tell: must-end now", "TV024"),
    ],
)
def test_what_cannot_be_read_is_said(comment: str, code: str) -> None:
    found = read(f"{comment}\n{BODY}")
    assert not found.found
    assert [one.code.number for one in found.diagnostics] == [code]


def test_a_day_of_a_leap_year_exists() -> None:
    assert read(f"-- tell: assume(guards) until 2028-02-29: x\n{BODY}").found


def test_a_deep_text_is_read() -> None:
    lines = ["protocol Deep =", "  roles A, B"]
    for depth in range(300):
        lines.append(f"{'  ' * (depth + 1)}choice A at")
        lines.append(f"{'  ' * (depth + 1)} | L{depth} =>")
    lines.append(f"{'  ' * 302}A -> B : M -- tell: allow(TV2): x")
    assert [one.line for one in read("\n".join(lines)).found] == [603]
