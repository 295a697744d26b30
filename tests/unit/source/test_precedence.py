"""Tokens with places, and operators by how tightly they bind."""

from __future__ import annotations

import re

import pytest

from tellverify.source.precedence import END, PrecedenceReader, Token, scan

WORDS = re.compile(r"\s*(?:(?P<name>\w+)|(?P<sign>[-+*()]))")


class Sums(PrecedenceReader[str]):
    """Differences group to the left, products bind more tightly, `+` groups to the right."""

    def operand(self) -> str:
        if self.has("("):
            self.enter()
            inner = self.expression()
            assert self.has(")")
            self.leave()
            return inner
        return self.advance().text

    def joined(self, left: str, least: int) -> str | None:
        for sign, binding, right in (("+", 1, 1), ("-", 2, 3), ("*", 3, 4)):
            if binding >= least and self.has(sign):
                return f"({left}{sign}{self.expression(right)})"
        return None

    def too_deep(self) -> ValueError:
        return ValueError(f"at {self.here.start}")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a - b - c", "((a-b)-c)"),
        ("a + b + c", "(a+(b+c))"),
        ("a - b * c - d", "((a-(b*c))-d)"),
        ("a * (b + c) * d", "((a*(b+c))*d)"),
    ],
)
def test_operators_group_by_how_tightly_they_bind(text: str, tree: str) -> None:
    assert Sums(scan(WORDS, text).tokens, 2).expression() == tree


def test_nesting_is_bounded() -> None:
    assert Sums(scan(WORDS, "((a))").tokens, 2).expression() == "a"
    with pytest.raises(ValueError, match="at 3"):
        Sums(scan(WORDS, "(((a)))").tokens, 2).expression()


def test_tokens_have_places_in_the_text_around() -> None:
    assert scan(WORDS, " ab+c  ", offset=10).tokens == [
        Token("name", "ab", 11, 13),
        Token("sign", "+", 13, 14),
        Token("name", "c", 14, 15),
        Token(END, "", 15, 15),
    ]


def test_scanning_stops_at_what_is_no_token() -> None:
    found, stopped_at = scan(WORDS, "a  ?b")
    assert ([token.text for token in found], stopped_at) == (["a"], 3)
    assert scan(WORDS, "a\n b", " ").stopped_at is None
    assert scan(re.compile(" *(?P<name>[a-z])"), "a\n b", " ").stopped_at == 1


def test_the_reader_stays_at_the_end() -> None:
    reader = Sums(scan(WORDS, "a b").tokens, 2)
    assert [reader.advance().text for _ in range(4)] == ["a", "b", "", ""]
    assert not reader.has("")
    assert (reader.peek(-1).text, reader.peek(-9).text, reader.peek(5).kind) == ("b", "a", END)
