"""Unambiguous text that Telltale reads differently, or rejects.

Its keywords have no word boundary, and its search for removed statements and for braces goes over
the text and not over the tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from tellverify.diagnostics import syntax as faults
from tellverify.diagnostics.model import Diagnostic
from tellverify.language.syntax import ast
from tellverify.language.syntax.token_lists import Kinds, Tokens
from tellverify.source.span import Span

_REMOVED_WORD: Final = re.compile(
    r"^[ ]*(heartbeat|handshake|retry|quorum_collect|acquire|release|fork|join|abort|delegate|tag"
    r"|check(?=\s+\w+\s+for\b)|transfer(?=\s+\w+\s+to\b))\b",
    re.MULTILINE,
)
_LOOP: Final = re.compile(r"\bloop\b")
_BODY_ON_LINE: Final = re.compile(r"\b(?:protocol|rec)\b[^\n]*\{")
_CUT: Final = re.compile(r"\b(?:await|begin|invalidate|of|Ok|Err|Nothing)[A-Za-z]")
_CUT_STATEMENT: Final = re.compile(r"(await|begin|invalidate)[A-Za-z]")
_CUT_EXPRESSION: Final = re.compile(r"(Ok|Err|Nothing)\w")
_CUT_MESSAGE: Final = re.compile(r"(of)[A-Za-z]")
_CUT_TYPE: Final = re.compile(r"(Unit|Maybe|Result)\w")


def refused(tokens: Tokens, kinds: Kinds, items: Sequence[object]) -> Iterator[Diagnostic]:
    """What Telltale rejects or misreads in a text that has no other faults."""
    for match in _REMOVED_WORD.finditer(tokens.text):
        yield faults.removed_word_in_front(tokens.path, Span(*match.span(1)), match[1])
    if _LOOP.search(tokens.text):
        yield from _brace_after_loop(tokens, kinds)
    if _BODY_ON_LINE.search(tokens.text):
        yield from _brace_on_line(tokens, kinds)
    if _CUT.search(tokens.text):
        yield from _cut_words(tokens, kinds)
    for item in items:
        for value in _types(item):
            if value.constructor == "path" and (cut := _CUT_TYPE.match(value.text)):
                yield faults.keyword_in_front(tokens.path, value.span, value.text, cut[1])


def _brace_after_loop(tokens: Tokens, kinds: Kinds) -> Iterator[Diagnostic]:
    if "loop" not in tokens.texts:
        return
    loop = tokens.texts.index("loop")
    if kinds["LBRACE"] in tokens.kinds[loop:]:
        brace = tokens.kinds.index(kinds["LBRACE"], loop)
        yield faults.brace_after_loop(tokens.path, _span(tokens, brace), _span(tokens, loop))


def _brace_on_line(tokens: Tokens, kinds: Kinds) -> Iterator[Diagnostic]:
    """The first brace behind each `protocol` or `rec` on the same line."""
    word, end = -1, -1
    for index, text in enumerate(tokens.texts):
        if text in ("protocol", "rec") and (word < 0 or tokens.starts[index] >= end):
            word = index
            end = tokens.text.find("\n", tokens.ends[index])
            end = len(tokens.text) if end < 0 else end
        elif word >= 0 and tokens.kinds[index] == kinds["LBRACE"] and tokens.starts[index] < end:
            span = _span(tokens, index)
            yield faults.brace_on_line(tokens.path, span, _span(tokens, word), tokens.texts[word])
            word = -1


def _span(tokens: Tokens, index: int) -> Span:
    return Span(tokens.starts[index], tokens.ends[index])


def _cut_words(tokens: Tokens, kinds: Kinds) -> Iterator[Diagnostic]:
    numbers = tokens.kinds
    name, colon, equal = kinds["NAME"], kinds["COLON"], kinds["EQUAL"]
    after_sender = (kinds["ARROW"], kinds["ARROW_ALL"], kinds["LBRACE"], kinds["LSQB"])
    for index, text in enumerate(tokens.texts):
        if numbers[index] != name:
            continue
        before = numbers[index - 1] if index else colon
        match = None
        if numbers[index + 1] in after_sender and before not in (colon, kinds["ARROW"]):
            match = _CUT_STATEMENT.match(text)
            if not match and before == name and index > 1 and numbers[index - 2] == colon:
                match = _CUT_MESSAGE.match(text)
        elif before == equal:
            match = _CUT_EXPRESSION.match(text)
        if match:
            yield faults.keyword_in_front(tokens.path, _span(tokens, index), text, match[1])


def _types(item: object) -> Iterator[ast.TypeExpression]:
    """Every type expression in a declaration."""
    pending: list[ast.TypeExpression] = []
    match item:
        case ast.TypeAliasDecl(value=value):
            pending.append(value)
        case ast.UnionType(constructors=constructors):
            pending.extend(value for _, value in constructors if value is not None)
        case ast.Effect(operations=operations):
            for operation in operations:
                pending.extend((operation.argument, operation.result))
        case ast.Operation(parameters=parameters):
            pending.extend(value for _, value in parameters)
        case _:
            pass
    while pending:
        value = pending.pop()
        yield value
        pending.extend(value.arguments)
