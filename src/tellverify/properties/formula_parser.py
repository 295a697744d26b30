"""Reads properties: patterns in words, and linear temporal logic (operator precedence, Pratt 1973).

Binding from loose to tight: `only after`, `precedes`; `<->`; `->`; `||`; `&&`; `U` `R` `W`; what
stands before its argument. `->` and `U` `R` `W` group to the right.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tellverify.properties.atoms import AtomReader
from tellverify.properties.formula_tree import (
    BinaryFormula,
    BinaryOperator,
    Compare,
    ConstantFormula,
    FormulaError,
    MessageAtom,
    Takes,
    Tree,
    Unary,
)
from tellverify.properties.tokens import tokens
from tellverify.source.precedence import Token
from tellverify.source.span import Span

_DEEPEST: Final = 100
_PATTERN, _IFF, _IMPLIES, _OR, _AND, _UNTIL, _PREFIX = 5, 10, 20, 30, 40, 50, 60
_INFIX: Final[dict[str, tuple[BinaryOperator, int]]] = {
    "<->": ("iff", _IFF),
    "<=>": ("iff", _IFF),
    "iff": ("iff", _IFF),
    "->": ("implies", _IMPLIES),
    "=>": ("implies", _IMPLIES),
    "implies": ("implies", _IMPLIES),
    "||": ("or", _OR),
    "|": ("or", _OR),
    "or": ("or", _OR),
    "&&": ("and", _AND),
    "&": ("and", _AND),
    "and": ("and", _AND),
    "U": ("until", _UNTIL),
    "until": ("until", _UNTIL),
    "R": ("release", _UNTIL),
    "release": ("release", _UNTIL),
    "W": ("weak-until", _UNTIL),
    "unless": ("weak-until", _UNTIL),
}
_RIGHT: Final = (_IMPLIES, _UNTIL)
_LETTERS: Final = ("G", "F", "X", "N")
_AFTER_OPERAND: Final = frozenset(
    (
        *_INFIX,
        "finished",
        "sends",
        "receives",
        "takes",
        "at",
        "after",
        "only",
        "precedes",
        "is",
        "again",
    )
)


def parse(text: str) -> Tree:
    """The tree of a property. Raises FormulaError when `text` is not a property."""
    reader = _FormulaReader(tokens(text), _DEEPEST)
    if reader.here.kind == "end":
        raise FormulaError(
            "there is no formula",
            reader.here.span,
            "write for example `never Cancel after Dispatch`",
        )
    tree = reader.expression(0)
    if reader.here.kind != "end":
        raise reader.unexpected("an operator or the end of the formula")
    return tree


def parse_event(text: str) -> Tree:
    """The tree of what `--witness` names: an event, a branch, or any formula on one position."""
    words = text.split()
    if len(words) == 2 and words[0] == "branch":
        text = f"takes {words[1]}"
    return parse(text)


class _FormulaReader(AtomReader):
    def __init__(self, tokens: list[Token], deepest: int) -> None:
        super().__init__(tokens, deepest)
        self._starts: list[int] = []  # where the expressions begin that are being read

    def _since(self, start: int) -> Span:
        return Span(start, self.peek(-1).end)

    def too_deep(self) -> FormulaError:
        return FormulaError(
            f"the formula is nested deeper than {_DEEPEST} levels",
            self.here.span,
            "state several simpler properties",
        )

    def expression(self, least: int = 0) -> Tree:
        self.enter()
        self._starts.append(self.here.start)
        found = super().expression(least)
        self._starts.pop()
        self.leave()
        return found

    def joined(self, left: Tree, least: int) -> Tree | None:
        if least <= _PATTERN and self.here.text == "only":
            return self._only_after(left)
        if least <= _PATTERN and self.here.text == "precedes":
            return self._precedes(left)
        if self.here.text == "again" and least <= _UNTIL:
            self.words("again", "and", "again")
            return Unary("again", left)
        found = _INFIX.get(self.here.text)
        if found is None or found[1] < least:
            return None
        before = self._since(self._starts[-1])
        self.advance()
        operator, binding = found
        right = self.expression(binding if binding in _RIGHT else binding + 1)
        return BinaryFormula(operator, left, right, before)

    def _only_after(self, left: Tree) -> Tree:
        before = self._since(self._starts[-1])
        self.words("only", "after")
        return BinaryFormula("only-after", left, self.expression(_OR), before)

    def _precedes(self, first: Tree) -> Tree:
        before = self._since(self._starts[-1])
        self.advance()
        what, whole = self._placed(_OR)
        return BinaryFormula("only-after", what, first, whole, before)

    def operand(self) -> Tree:
        here = self.here
        if here.kind == "symbol":
            return self._symbol(here)
        if here.kind == "word":
            if here.text in _LETTERS and self._is_operator():
                self.advance()
                return self._applied(here.text, self.expression(_PREFIX))
            special = self._word(here.text)
            if special is not None:
                return special()
        return self.atom()

    def _symbol(self, here: Token) -> Tree:
        if here.text == "(":
            self.advance()
            inner = self.expression(0)
            self.expect(")", here)
            return inner
        if here.text in ("!", "[]", "<>"):
            self.advance()
            return self._applied(here.text, self.expression(_PREFIX))
        return self.atom()

    def _is_operator(self) -> bool:
        """Whether a letter such as `X` is an operator here and not a role or a message."""
        after = self.peek(1)
        if after.kind == "word":
            return after.text not in _AFTER_OPERAND
        return after.kind == "number" or after.text in ("(", "!", "[]", "<>", "*")

    @staticmethod
    def _applied(operator: str, argument: Tree) -> Tree:
        match operator:
            case "!" | "not":
                return Unary("not", argument)
            case "[]" | "G" | "always":
                return Unary("always", argument)
            case "<>" | "F" | "eventually" | "some":
                return Unary("eventually", argument)
            case "N":
                return Unary("weak-next", argument)
            case _:
                return Unary("next", argument)

    def _word(self, word: str) -> Callable[[], Tree] | None:
        """What reads the expression that `word` begins; None when it begins an atom."""
        match word:
            case "always" | "eventually" | "some" | "next":
                return self._temporal
            case "not":
                return self._not
            case "never":
                return self._never
            case "every":
                return self._every
            case "either":
                return self._either
            case "exactly":
                return self._bounded
            case "at" if self.peek(1).text in ("most", "least"):
                return self._bounded
            case "true" | "false" | "end":
                return self._constant
            case _:
                return None

    def _constant(self) -> Tree:
        word = self.advance().text
        return (
            Unary("weak-next", ConstantFormula(False))
            if word == "end"
            else ConstantFormula(word == "true")
        )

    def _not(self) -> Tree:
        self.advance()
        return Unary("not", self.expression(_PREFIX))

    def _temporal(self) -> Tree:
        word = self.advance()
        tree = self._applied(word.text, self.expression(_PREFIX))
        if self.here.text in _INFIX:
            raise FormulaError(
                f"it is not clear how far `{word.text}` reaches here",
                self.here.span,
                f"write parentheses: `{word.text} (..)`, or around `{word.text} ..`",
            )
        return tree

    def _never(self) -> Tree:
        self.advance()
        what, whole = self._placed(_OR)
        if self.here.text != "after":
            return Unary("never", what)
        self.advance()
        return BinaryFormula("never-after", what, *self._after(whole, _OR))

    def _placed(self, least: int) -> tuple[Tree, Span]:
        """An expression and where it stands."""
        start = self.here.start
        tree = self.expression(least)
        return tree, self._since(start)

    def _after(self, before: Span, least: int) -> tuple[Tree, Span, Span]:
        """The right side of an operator, with the places of both sides."""
        tree, span = self._placed(least)
        return tree, before, span

    def _every(self) -> Tree:
        self.advance()
        what, whole = self._placed(_OR)
        self.words("is", "followed", "by")
        return BinaryFormula("followed-by", what, *self._after(whole, _OR))

    def _either(self) -> Tree:
        self.advance()
        left, whole = self._placed(_AND)
        self.words("or")
        sides = self._after(whole, _AND)
        self.words("eventually")
        if self.here.text == ",":
            self.advance()
        self.words("never", "both")
        return BinaryFormula("either", left, *sides)

    def _bounded(self) -> Tree:
        """`at most N X`, `at least N X`, `exactly N X`"""
        start = self.advance()
        relation = start.text if start.text == "exactly" else self.advance().text
        number = self._times()
        what = self.here
        counted = self.expression(_PREFIX)
        if not isinstance(counted, MessageAtom | Takes):
            span = Span(what.span.start, max(what.span.end, self.peek(-1).span.end))
            raise FormulaError("only messages and branches can be counted", span)
        upper = Unary("always", Compare(((-1, counted),), number))
        lower = Unary("eventually", Compare(((1, counted),), -number))
        if relation == "most":
            return upper
        if not number:
            return upper if relation == "exactly" else ConstantFormula(True)
        return lower if relation == "least" else BinaryFormula("and", lower, upper)

    def _times(self) -> int:
        """`once`, `twice`, `3` or `3 times`"""
        here = self.here
        if here.text in ("once", "twice"):
            self.advance()
            return 1 if here.text == "once" else 2
        number = self.number()
        if self.here.text == "times":
            self.advance()
        return number
