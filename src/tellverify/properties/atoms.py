"""Reads the atoms of formulas: messages, branches, states of roles and comparisons of counts."""

from __future__ import annotations

from typing import Final, Literal

from tellverify.properties.formula_tree import (
    At,
    BinaryFormula,
    Compare,
    Finished,
    FormulaError,
    MessageAtom,
    NameFormula,
    RoleName,
    Takes,
    Tree,
    Unary,
)
from tellverify.source.precedence import PrecedenceReader, Token
from tellverify.source.span import Span

_COMPARISONS: Final = ("<=", "<", ">=", ">", "==", "=", "!=")
_MOST_DIGITS: Final = 6
# fmt: off
_RESERVED: Final = frozenset((
    "and", "or", "not", "implies", "iff", "until", "unless", "release", "after", "only", "is",
    "followed", "by", "again", "never", "every", "either", "always", "eventually", "next",
    "some", "exactly", "true", "false", "end", "finished", "takes", "sends", "receives", "to",
    "from", "most", "least", "once", "twice", "times", "both", "branch",
))
# fmt: on


class AtomReader(PrecedenceReader[Tree]):
    """Words of a formula from the left, with the atoms that they make."""

    def words(self, *wanted: str) -> None:
        """Read these words. Raises FormulaError at the first that is missing."""
        for number, word in enumerate(wanted):
            if self.here.text != word:
                raise self.unexpected(f"`{' '.join(wanted[number:])}`")
            self.advance()

    def expect(self, symbol: str, opened: Token) -> None:
        """Read a closing symbol. Raises FormulaError when it is missing."""
        if self.here.text == symbol:
            self.advance()
        elif self.here.kind == "end":
            raise FormulaError(f"this `{opened.text}` is never closed", opened.span)
        else:
            raise self.unexpected(f"an operator or `{symbol}`")

    def unexpected(self, wanted: str) -> FormulaError:
        """The error that `wanted` is missing here."""
        here = self.here
        if here.kind == "end":
            return FormulaError(f"the formula ends where {wanted} is needed", here.span)
        return FormulaError(f"`{here.text}` stands where {wanted} is needed", here.span)

    def number(self) -> int:
        """A number. Raises FormulaError when there is none or it is too large."""
        here = self.here
        if here.kind != "number":
            raise self.unexpected("a number")
        if len(here.text.lstrip("0")) > _MOST_DIGITS:
            raise FormulaError(f"counts go up to {10**_MOST_DIGITS - 1:,}", here.span)
        self.advance()
        return int(here.text)

    def atom(self) -> Tree:
        """An atom. Raises FormulaError when none begins here."""
        here, after = self.here, self.peek(1)
        if here.kind == "number" or (here.text == "count" and after.text == "("):
            return self._comparison()
        if here.text == "*" or (here.kind == "word" and self._begins_role()):
            return self._of_role()
        if here.kind != "word" or here.text in _RESERVED:
            if here.text == "takes" and after.kind == "word":
                self.advance()
                return Takes(None, self._label())
            raise self.unexpected("a message, a branch, a role or a count")
        match here.text, after.kind:
            case "send" | "receive", "word" | "symbol" if after.text not in _COMPARISONS:
                return self._message(here)
            case "choice", "word":
                self.advance()
                tree = self._of_role()
                if not isinstance(tree, Takes):
                    raise FormulaError("`choice` is followed by `R takes LABEL`", here.span)
                return tree
            case _:
                return MessageAtom("send", None, None, self._label())

    def _begins_role(self) -> bool:
        """Whether a role stands here and not the label of a message."""
        behind = 1
        if self.peek(1).text == "[":
            behind = 4
        following = self.peek(behind)
        if following.text == "->":
            at = behind + 2
            if self.peek(at).text == "[":
                at += 3
            return behind == 4 or self.peek(at).text == ":"
        if following.text == "at":
            return self.peek(behind + 1).text not in ("most", "least")
        return behind == 4 or following.text in ("sends", "receives", "takes", "finished")

    def _message(self, word: Token) -> Tree:
        """`send A -> B : X`, `receive A -> B : X`, `send X`, `receive X`"""
        action: Literal["send", "receive"] = "send" if word.text == "send" else "receive"
        self.advance()
        if self.here.text == "*" or self._begins_role():
            return self._arrow(action)
        if self.here.kind != "word":
            raise self.unexpected("a message")
        return MessageAtom(action, None, None, self._label())

    def _arrow(self, action: Literal["send", "receive"]) -> Tree:
        sender = self._role()
        self.words("->")
        receiver = self._role()
        self.words(":")
        return MessageAtom(action, _known(sender), _known(receiver), self._label())

    def _of_role(self) -> Tree:
        start = self._at
        role = self._role()
        match self.here.text:
            case "->":
                self._at = start
                return self._arrow("send")
            case "sends":
                self.advance()
                label = self._label()
                peer = self._peer("to")
                return MessageAtom("send", _known(role), peer, label)
            case "receives":
                self.advance()
                label = self._label()
                peer = self._peer("from")
                return MessageAtom("receive", peer, _known(role), label)
            case "takes":
                self.advance()
                return Takes(_known(role), self._label())
            case "finished":
                self.advance()
                return Finished(self._one(role))
            case "at":
                self.advance()
                return At(self._one(role), self._label())
            case _:
                raise self.unexpected("`->`, `sends`, `receives`, `takes`, `finished` or `at`")

    @staticmethod
    def _one(role: RoleName) -> RoleName:
        if role.name.text == "*":
            raise FormulaError("name the role whose state is meant", role.name.span)
        return role

    def _peer(self, word: str) -> RoleName | None:
        if self.here.text != word:
            return None
        self.advance()
        return _known(self._role())

    def _role(self) -> RoleName:
        here = self.here
        if here.kind != "word" and here.text != "*":
            raise self.unexpected("a role")
        self.advance()
        name = NameFormula(here.text, here.span)
        if self.here.text == "[]":
            raise self.unexpected("an index in brackets")
        if self.here.text != "[" or here.text == "*":
            return RoleName(name)
        opened = self.advance()
        index = self.here
        if index.kind == "number":
            if len(index.text) > _MOST_DIGITS:
                raise FormulaError("no family has a member with this index", index.span)
        elif index.kind != "word" and index.text != "*":
            raise self.unexpected("the number of a member, `*` or a variable")
        self.advance()
        self.expect("]", opened)
        text = str(int(index.text)) if index.kind == "number" else index.text
        return RoleName(name, NameFormula(text, index.span))

    def _label(self) -> NameFormula:
        here = self.here
        if here.text == "*":
            self.advance()
            return NameFormula("*", here.span)
        if here.kind != "word":
            raise self.unexpected("the label of a message")
        self.advance()
        text, end = here.text, here.span.end
        while self.here.text == "." and self.peek(1).kind == "word":
            self.advance()
            part = self.advance()
            text, end = f"{text}.{part.text}", part.span.end
        return NameFormula(text, Span(here.span.start, end))

    def _comparison(self) -> Tree:
        left, constant = self._sum()
        relation = self.here
        if relation.text not in _COMPARISONS:
            raise self.unexpected("a comparison such as `<=`")
        self.advance()
        right, other = self._sum()
        less = _difference(right, left)
        more = _difference(left, right)
        if not less:
            raise FormulaError("a comparison counts something", relation.span)
        match relation.text:
            case "<=":
                return Compare(less, other - constant)
            case "<":
                return Compare(less, other - constant - 1)
            case ">=":
                return Compare(more, constant - other)
            case ">":
                return Compare(more, constant - other - 1)
            case _:
                both = (Compare(less, other - constant), Compare(more, constant - other))
                equal = BinaryFormula("and", *both)
                return Unary("not", equal) if relation.text == "!=" else equal

    def _sum(self) -> tuple[list[tuple[int, MessageAtom | Takes]], int]:
        terms: list[tuple[int, MessageAtom | Takes]] = []
        constant, sign = 0, 1
        while True:
            if self.here.kind == "number":
                factor = sign * self.number()
                if self.here.text == "*":
                    self.advance()
                    terms.append((factor, self._count()))
                else:
                    constant += factor
            else:
                terms.append((sign, self._count()))
            if self.here.text not in ("+", "-"):
                return terms, constant
            sign = 1 if self.advance().text == "+" else -1

    def _count(self) -> MessageAtom | Takes:
        if self.here.text != "count":
            raise self.unexpected("`count(..)` or a number")
        self.advance()
        opened = self.here
        self.words("(")
        what = self.here
        tree = self.atom()
        if not isinstance(tree, MessageAtom | Takes):
            raise FormulaError("only messages and branches can be counted", what.span)
        self.expect(")", opened)
        return tree


def _known(role: RoleName) -> RoleName | None:
    return None if role.name.text == "*" else role


def _difference(
    plus: list[tuple[int, MessageAtom | Takes]], minus: list[tuple[int, MessageAtom | Takes]]
) -> tuple[tuple[int, MessageAtom | Takes], ...]:
    terms = [*plus, *((-factor, what) for factor, what in minus)]
    return tuple((factor, what) for factor, what in terms if factor)
