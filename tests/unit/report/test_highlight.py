"""The lexer of `.tell` for pygments: every text is kept, and keywords are those of the grammar."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pygments.token import Comment, Error, Keyword, Name, Number, String

import tellverify.language.syntax
from tellverify.report.highlight import KEYWORDS, TellLexer

ROOT = Path(__file__).resolve().parents[3]
TEXT = """\
-- one {- not two -}
protocol Order {- a
b - c -} (Buyer, Seller) =
  Buyer { flow_cost : 30, progress : "x" } -> Seller : Offer of crate.type.Offer
  choice Seller at
    | Yes when (ready) =>
        call Pay
    | Later =>
        progress within 20ms
"""


def kinds(text: str) -> list[tuple[object, str]]:
    return [(kind, word) for kind, word in TellLexer().get_tokens(text) if word.strip()]


def test_words_have_the_kinds_that_they_have_where_they_stand() -> None:
    found = kinds(TEXT)
    wanted = [
        (Comment.Single, "-- one {- not two -}"),
        (Name.Function, "Order"),
        (Name, "Buyer"),
        (Name.Attribute, "progress"),
        (String.Double, '"x"'),
        (Name.Tag, "Offer"),
        (Keyword, "of"),
        (Name, "type"),
        (Keyword, "choice"),
        (Name.Function, "Pay"),
        (Keyword, "progress"),
        (Number.Integer, "20ms"),
    ]
    assert [one for one in wanted if one not in found] == []
    comment = "".join(word for kind, word in found if kind is Comment.Multiline)
    assert comment == "{- a\nb - c -}"


def test_keywords_are_those_of_the_grammar() -> None:
    grammar = Path(tellverify.language.syntax.__file__).with_name("tell.lark")
    rules = re.sub(r"//.*", "", grammar.read_text(encoding="utf-8"))
    assert sorted(KEYWORDS) == sorted(set(re.findall(r'"([a-z_]+)"', rules)))


@pytest.mark.parametrize("path", sorted(ROOT.glob("specs/*.tell")), ids=lambda path: path.stem)
def test_specs_are_kept_whole_without_errors(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = list(TellLexer(stripnl=False, ensurenl=False).get_tokens(text))
    assert "".join(word for _, word in found) == text
    assert all(kind is not Error for kind, _ in found)


def test_any_text_is_kept() -> None:
    text = '{- open "\n§ \x00 "open\n\t-> .. é_1 #'
    found = list(TellLexer(stripnl=False, ensurenl=False).get_tokens(text + "\n-}\n" + text))
    assert "".join(word for _, word in found) == text + "\n-}\n" + text
    assert all(kind is not Error for kind, _ in found)
