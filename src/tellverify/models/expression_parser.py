"""Reading types and expressions: precedence climbing (Pratt, POPL 1973), with bounded nesting."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeVar

from tellverify.models.expressions import (
    Binary,
    Call,
    Choice,
    Constant,
    Enum,
    Expression,
    Field,
    Integer,
    Lambda,
    LanguageError,
    ListOf,
    MapOf,
    Name,
    Nat,
    Negation,
    Number,
    Quoted,
    Record,
    RecordOf,
    SetOf,
    Truth,
    Type,
)

_T = TypeVar("_T")
LONGEST: Final = 20_000
LARGEST_UNIVERSE: Final = 8
_DEEPEST: Final = 60
_TOKEN: Final = re.compile(
    r"\s*(?:(\d+)|([A-Za-z_]\w*)|('[A-Za-z_]\w*')|(=>|==|!=|<=|>=|[-+*<>(){}\[\]:,.]))"
)
_BLANK: Final = re.compile(r"\s*")
_STRENGTH: Final = {
    "or": 1,
    "and": 2,
    "==": 4,
    "!=": 4,
    "<": 4,
    "<=": 4,
    ">": 4,
    ">=": 4,
    "+": 5,
    "-": 5,
    "*": 6,
}
_NEGATION: Final = 3
_KEYWORDS: Final = frozenset({"if", "then", "else", "and", "or", "not", "with", "true", "false"})


def parse_type(text: str) -> Type:
    """Read a type. Raises LanguageError."""
    parser = _Parser(text)
    found = parser.type()
    parser.finish()
    return found


def parse_expression(text: str) -> Expression:
    """Read an expression. Raises LanguageError."""
    parser = _Parser(text)
    found = parser.expression(0)
    parser.finish()
    return found


def parse_parameters(text: str) -> tuple[tuple[str, Type], ...]:
    """Read `name: type, ...`; nothing at all is no parameters. Raises LanguageError."""
    if not text.strip():
        return ()
    parser = _Parser(text)
    found = parser.fields(parser.type, "")
    parser.finish()
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise LanguageError(f"this has more than {LONGEST} characters", 0)
        self._tokens = _tokens(text)
        self._index = 0
        self._depth = 0

    def finish(self) -> None:
        kind, text, at = self._tokens[self._index]
        if kind != "end":
            raise LanguageError(f"`{text}` is not expected here", at)

    def type(self) -> Type:
        self._enter()
        kind, text, at = self._next()
        found: Type
        match text:
            case "nat":
                found = Nat()
            case "int":
                found = Integer()
            case "bool":
                found = Truth()
            case "enum":
                found = Enum(self._names())
            case "set":
                self._take("(")
                found = SetOf(self._universe())
                self._take(")")
            case "list":
                self._take("(")
                found = ListOf(self._universe())
                self._take(")")
            case "map":
                self._take("(")
                size = self._universe()
                self._take(",")
                found = MapOf(size, self.type())
                self._take(")")
            case "{":
                found = RecordOf(self.fields(self.type, "}"))
            case _:
                shown = f"`{text}` is" if kind != "end" else "the text ends where there should be"
                raise LanguageError(
                    f"{shown} no type: nat, int, bool, enum, set, list, map or a record", at
                )
        self._depth -= 1
        return found

    def _universe(self) -> int:
        kind, text, at = self._next()
        if kind != "number" or not 1 <= int(text) <= LARGEST_UNIVERSE:
            raise LanguageError(f"a size is a number from 1 to {LARGEST_UNIVERSE}", at)
        return int(text)

    def _names(self) -> tuple[str, ...]:
        self._take("(")
        names: dict[str, None] = {}
        while True:
            kind, text, at = self._next()
            if kind != "name" or text in names:
                raise LanguageError("an enumeration lists different names", at)
            names[text] = None
            if not self._has(","):
                self._take(")")
                return tuple(names)

    def fields(self, part: Callable[[], _T], closing: str) -> tuple[tuple[str, _T], ...]:
        """`name: part, ...` up to a closing sign or the end."""
        found: dict[str, _T] = {}
        while True:
            kind, text, at = self._next()
            if kind != "name" or text in _KEYWORDS:
                raise LanguageError("the name of a field is expected here", at)
            if text in found:
                raise LanguageError(f"`{text}` is there twice", at)
            self._take(":")
            found[text] = part()
            if not self._has(","):
                break
        if closing:
            self._take(closing)
        return tuple(found.items())

    def expression(self, least: int) -> Expression:
        self._enter()
        found = self._operand()
        while True:
            _, text, at = self._tokens[self._index]
            if text == ".":
                self._index += 1
                kind, name, at = self._next()
                if kind != "name":
                    raise LanguageError("the name of a field is expected here", at)
                found = Field(found, name, at)
            elif text == "with":
                self._index += 1
                self._take("{")
                found = Record(self.fields(lambda: self.expression(0), "}"), found, at)
            elif _STRENGTH.get(text, 0) > least:
                self._index += 1
                found = Binary(text, found, self.expression(_STRENGTH[text]), at)
            else:
                break
        self._depth -= 1
        return found

    def _operand(self) -> Expression:
        kind, text, at = self._next()
        match kind, text:
            case "number", _:
                return Number(int(text), at)
            case "quoted", _:
                return Quoted(text[1:-1], at)
            case "name", "true" | "false":
                return Constant(text == "true", at)
            case "name", "not":
                return Negation(self.expression(_NEGATION), at)
            case "name", "if":
                condition = self.expression(0)
                self._take("then")
                then = self.expression(0)
                self._take("else")
                return Choice(condition, then, self.expression(0), at)
            case "name", _ if text not in _KEYWORDS:
                return self._call(text, at) if self._has("(") else Name(text, at)
            case _, "{":
                return Record(self.fields(lambda: self.expression(0), "}"), None, at)
            case _, "(":
                found = self.expression(0)
                self._take(")")
                return found
            case _, "-":
                value = self._next()
                if value[0] == "number":
                    return Number(-int(value[1]), at)
        shown = f"`{text}` is" if kind != "end" else "the text ends where there should be"
        raise LanguageError(f"{shown} no value", at)

    def _call(self, function: str, at: int) -> Expression:
        arguments: list[Expression] = []
        if not self._has(")"):
            while True:
                arguments.append(self._argument())
                if not self._has(","):
                    break
            self._take(")")
        return Call(function, tuple(arguments), at)

    def _argument(self) -> Expression:
        """An expression, or `(x, y) => expression`."""
        tokens = self._tokens[self._index : self._index + 6]
        kinds = [kind for kind, _, _ in tokens]
        texts = [text for _, text, _ in tokens]
        if texts[:1] + texts[2:3] + texts[4:] == ["(", ",", ")", "=>"] and kinds[1] == kinds[3]:
            self._index += 6
            if texts[1] == texts[3]:
                raise LanguageError(f"`{texts[1]}` is there twice", tokens[3][2])
            return Lambda(texts[1], texts[3], self.expression(0), tokens[0][2])
        return self.expression(0)

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise LanguageError("this is nested too deeply", self._tokens[self._index][2])

    def _next(self) -> tuple[str, str, int]:
        token = self._tokens[self._index]
        if token[0] != "end":
            self._index += 1
        return token

    def _has(self, text: str) -> bool:
        found = self._tokens[self._index][1] == text
        self._index += found
        return found

    def _take(self, text: str) -> None:
        kind, found, at = self._tokens[self._index]
        if not self._has(text):
            shown = f"`{found}`" if kind != "end" else "the end"
            raise LanguageError(f"`{text}` is expected here, not {shown}", at)


def _tokens(text: str) -> list[tuple[str, str, int]]:
    found = []
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            start = _BLANK.match(text, at)
            at = start.end() if start is not None else at
            raise LanguageError(f"`{text[at]}` has no meaning here", at)
        kind = ("number", "name", "quoted", "sign")[(match.lastindex or 1) - 1]
        word = match[match.lastindex or 1]
        if kind == "number" and len(word) > 40:
            raise LanguageError("this number is too large", match.start(1))
        found.append((kind, word, match.end() - len(word)))
        at = match.end()
    found.append(("end", "", len(text)))
    return found
