"""Counts and lists in English."""

from __future__ import annotations

import pytest

from tellverify.diagnostics.wording import counted, grouped, listed, series


@pytest.mark.parametrize(
    ("number", "noun", "wanted"),
    [(0, "more key", "0 more keys"), (1, "role", "1 role"), (12_345, "query", "12 345 queries")],
)
def test_counts(number: int, noun: str, wanted: str) -> None:
    assert counted(number, noun) == wanted
    assert grouped(number) == wanted.removesuffix(wanted.lstrip("0123456789 ")).rstrip()


@pytest.mark.parametrize(
    ("items", "wanted"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_series(items: list[str], wanted: str) -> None:
    assert series(items) == wanted
    assert series(items, last="or") == wanted.replace("and", "or")


def test_long_lists_say_how_many_are_left_out() -> None:
    assert listed(["a", "b"], 2) == "a, b"
    assert listed(["a", "b", "c", "d"], 2) == "a, b and 2 more"
    assert listed(["a", "b"], 1, what="others") == "a and 1 others"
