"""Reading types and expressions: precedence climbing (Pratt, POPL 1973), with bounded nesting."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeVar

from tellverify.models.expressions import (
    BinaryExpression,
    CallExpression,
    ConditionalExpression,
    ConstantExpression,
    Enum,
    Expression,
    FieldExpression,
    Integer,
    Lambda,
    LanguageError,
    ListOf,
    MapOf,
    NameExpression,
    Nat,
    Negation,
    NumberExpression,
    Quoted,
    RecordExpression,
    RecordOf,
    SetOf,
    TruthExpression,
    Type,
)
from tellverify.models.extents import (
    LARGEST_UNIVERSE,
    MOST_LEVELS,
    MOST_SCALARS,
    MOST_WORK,
    is_affordable,
    scalar_count,
)
from tellverify.source.precedence import END, PrecedenceReader, Token, scan

_T = TypeVar("_T")
LONGEST: Final = 20_000
_DEEPEST: Final = 60
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>\d+)|(?P<name>[A-Za-z_]\w*)|(?P<quoted>'[A-Za-z_]\w*')"
    r"|(?P<sign>=>|==|!=|<=|>=|[-+*<>(){}\[\]:,.]))"
)
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
    _require_few(found)
    return found


def parse_expression(text: str) -> Expression:
    """Read an expression. Raises LanguageError."""
    parser = _Parser(text)
    found = parser.expression(0)
    parser.finish()
    if not is_affordable(found):
        reason = f"this takes more than {MOST_WORK} operations, or more than {MOST_LEVELS} levels"
        raise LanguageError(reason, 0)
    return found


def parse_parameters(text: str) -> tuple[tuple[str, Type], ...]:
    """Read `name: type, ...`; an empty text has no parameters. Raises LanguageError."""
    if not text.strip():
        return ()
    parser = _Parser(text)
    found = parser.fields(parser.type, "")
    parser.finish()
    _require_few(RecordOf(found))
    return found


def _require_few(kind: Type) -> None:
    if scalar_count(kind) > MOST_SCALARS:
        raise LanguageError(f"a value of this type has more than {MOST_SCALARS} parts", 0)


class _Parser(PrecedenceReader[Expression]):
    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise LanguageError(f"this has more than {LONGEST} characters", 0)
        super().__init__(_tokens(text), _DEEPEST)

    def finish(self) -> None:
        kind, text, at, _ = self.here
        if kind != END:
            raise LanguageError(f"`{text}` is not expected here", at)

    def type(self) -> Type:
        self.enter()
        kind, text, at, _ = self.advance()
        found: Type
        match text:
            case "nat":
                found = Nat()
            case "int":
                found = Integer()
            case "bool":
                found = TruthExpression()
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
                shown = f"`{text}` is" if kind != END else "the text ends where there should be"
                raise LanguageError(
                    f"{shown} no type: nat, int, bool, enum, set, list, map or a record", at
                )
        self.leave()
        return found

    def _universe(self) -> int:
        kind, text, at, _ = self.advance()
        if kind != "number" or not 1 <= int(text) <= LARGEST_UNIVERSE:
            raise LanguageError(f"a size is a number from 1 to {LARGEST_UNIVERSE}", at)
        return int(text)

    def _names(self) -> tuple[str, ...]:
        self._take("(")
        names: dict[str, None] = {}
        while True:
            kind, text, at, _ = self.advance()
            if kind != "name" or text in names:
                raise LanguageError("an enumeration lists different names", at)
            names[text] = None
            if not self.has(","):
                self._take(")")
                return tuple(names)

    def fields(self, part: Callable[[], _T], closing: str) -> tuple[tuple[str, _T], ...]:
        """`name: part, ...` up to a closing sign or the end."""
        found: dict[str, _T] = {}
        while True:
            kind, text, at, _ = self.advance()
            if kind != "name" or text in _KEYWORDS:
                raise LanguageError("the name of a field is expected here", at)
            if text in found:
                raise LanguageError(f"`{text}` is there twice", at)
            self._take(":")
            found[text] = part()
            if not self.has(","):
                break
        if closing:
            self._take(closing)
        return tuple(found.items())

    def expression(self, least: int = 0) -> Expression:
        self.enter()
        found = super().expression(least)
        self.leave()
        return found

    def joined(self, left: Expression, least: int) -> Expression | None:
        at = self.here.start
        if self.has("."):
            kind, name, at, _ = self.advance()
            if kind != "name":
                raise LanguageError("the name of a field is expected here", at)
            return FieldExpression(left, name, at)
        if self.has("with"):
            self._take("{")
            return RecordExpression(self.fields(self.expression, "}"), left, at)
        text = self.here.text
        strength = _STRENGTH.get(text, -1)
        if strength < least:
            return None
        self.advance()
        return BinaryExpression(text, left, self.expression(strength + 1), at)

    def operand(self) -> Expression:
        kind, text, at, _ = self.advance()
        match kind, text:
            case "number", _:
                return NumberExpression(int(text), at)
            case "quoted", _:
                return Quoted(text[1:-1], at)
            case "name", "true" | "false":
                return ConstantExpression(text == "true", at)
            case "name", "not":
                return Negation(self.expression(_NEGATION + 1), at)
            case "name", "if":
                condition = self.expression()
                self._take("then")
                then = self.expression()
                self._take("else")
                return ConditionalExpression(condition, then, self.expression(), at)
            case "name", _ if text not in _KEYWORDS:
                return self._call(text, at) if self.has("(") else NameExpression(text, at)
            case _, "{":
                return RecordExpression(self.fields(self.expression, "}"), None, at)
            case _, "(":
                found = self.expression()
                self._take(")")
                return found
            case _, "-":
                value = self.advance()
                if value.kind == "number":
                    return NumberExpression(-int(value.text), at)
            case _:
                pass
        shown = f"`{text}` is" if kind != END else "the text ends where there should be"
        raise LanguageError(f"{shown} no value", at)

    def _call(self, function: str, at: int) -> Expression:
        arguments: list[Expression] = []
        if not self.has(")"):
            while True:
                arguments.append(self._argument())
                if not self.has(","):
                    break
            self._take(")")
        return CallExpression(function, tuple(arguments), at)

    def _argument(self) -> Expression:
        """An expression, or `(x, y) => expression`."""
        tokens = [self.peek(ahead) for ahead in range(6)]
        kinds = [token.kind for token in tokens]
        texts = [token.text for token in tokens]
        if texts[:1] + texts[2:3] + texts[4:] == ["(", ",", ")", "=>"] and kinds[1] == kinds[3]:
            for _ in tokens:
                self.advance()
            if texts[1] == texts[3]:
                raise LanguageError(f"`{texts[1]}` is there twice", tokens[3].start)
            return Lambda(texts[1], texts[3], self.expression(), tokens[0].start)
        return self.expression()

    def too_deep(self) -> LanguageError:
        return LanguageError("this is nested too deeply", self.here.start)

    def _take(self, text: str) -> None:
        kind, found, at, _ = self.here
        if not self.has(text):
            shown = f"`{found}`" if kind != END else "the end"
            raise LanguageError(f"`{text}` is expected here, not {shown}", at)


def _tokens(text: str) -> list[Token]:
    found, stopped_at = scan(_TOKEN, text)
    for token in found:
        if token.kind == "number" and len(token.text) > 40:
            raise LanguageError("this number is too large", token.start)
    if stopped_at is not None:
        raise LanguageError(f"`{text[stopped_at]}` has no meaning here", stopped_at)
    return found
