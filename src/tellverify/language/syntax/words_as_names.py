"""Keywords that are names where they stand, which the next token settles."""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from tellverify.language.syntax.token_lists import Kinds, Tokens

_CLASS_WORDS: Final = ("AUTHORITATIVE", "COMMAND", "OBSERVE")
_VERBS: Final = ("CHECK", "OBSERVE", "TRANSFER")


def read_words_as_names(tokens: Tokens, keywords: list[int], kinds: Kinds) -> None:
    """Settles by the next token which keywords are names, and which clause an `on` begins.

    A word before an arrow, an index or a sender record is a role; a class word before `:` is
    an operation; `check`, `observe` and `transfer` before anything but a word are variables.
    """
    numbers = tokens.kinds
    name, first_keyword = kinds["NAME"], kinds.first_keyword
    arrows = (kinds["ARROW"], kinds["ARROW_ALL"])
    class_words = tuple(kinds[word] for word in _CLASS_WORDS)
    verbs = tuple(kinds[word] for word in _VERBS)
    brace, bracket, colon = kinds["LBRACE"], kinds["LSQB"], kinds["COLON"]
    unit, requires = kinds["UNIT"], kinds["REQUIRES"]
    types = (unit, kinds["MAYBE"], kinds["RESULT"])  # a record type may stand behind them
    needed = {kinds["JUST"]: kinds["LPAR"], kinds["SUBSET"]: kinds["LPAR"]}
    clauses = {kinds[word]: kinds["ON_" + word] for word in ("TIMEOUT", "CANCEL", "STALL")}
    ends = (kinds["BIG_ARROW"], kinds["INDENT"])
    for index in keywords:
        kind, following = numbers[index], numbers[index + 1]
        if following in arrows:
            is_name = kind != unit
        elif following == brace:
            is_name = kind not in types and _is_record(numbers, index + 2, kinds)
        elif following == bracket:
            is_name = kind != requires
        elif following == colon:
            is_name = kind in class_words
        elif kind in verbs:
            is_word = following == name or following >= first_keyword
            is_name = not is_word or _is_head(tokens, index + 1)
        else:
            is_name = needed.get(kind, following) != following or (
                kind == kinds["ALIAS"] and following == kinds["EQUAL"]
            )
        if is_name:
            numbers[index] = name
        elif kind in clauses and following in ends and index and tokens.texts[index - 1] == "on":
            numbers[index - 1] = clauses[kind]


def _is_head(tokens: Tokens, index: int) -> bool:
    place = bisect_left(tokens.heads, index)
    return place < len(tokens.heads) and tokens.heads[place] == index


def _is_record(numbers: list[int], index: int, kinds: Kinds) -> bool:
    """Whether a sender record continues at `index`, after its opening brace."""
    if numbers[index] == kinds["RBRACE"]:
        return True
    is_word = numbers[index] == kinds["NAME"] or numbers[index] >= kinds.first_keyword
    return is_word and numbers[index + 1] == kinds["COLON"]
