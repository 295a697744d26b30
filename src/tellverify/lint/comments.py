"""Rules on comments: those that say again what the next line says, and lore of former times."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from tellverify.diagnostics import shape as say
from tellverify.diagnostics.model import Where
from tellverify.language.checks.walk import preorder
from tellverify.language.syntax import ast
from tellverify.lint.finding import Finding, Fix
from tellverify.source.text import SourceFile

_MARKED: Final = re.compile(r"(?:tell|invariant|note|safety)\s*:", re.IGNORECASE)
_PHASE: Final = re.compile(r"(?:phase|step|stage|round)\s*#?\d+", re.IGNORECASE)
_LORE: Final = re.compile(
    r"\b(?:links?|linked|bundles?|endpoints?|migrat\w+|compos\w+|hand-?offs?|owner\w*)\b",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_FIXTURES: Final = "protocol_compat"
_COMMON: Final = frozenset(
    _WORD.findall(
        """a an and as at by for from in into is it of on or that the then this to with
        send sends sent receive receives received message messages reply replies respond responds
        response request requests ack acknowledgment acknowledgement acknowledge data transmission
        transfer deliver delivery notify notification answer answers initiator responder sender
        receiver coordinator"""
    )
)


def comment_findings(file: ast.File, source: SourceFile) -> Iterator[Finding]:
    """Findings about the comments of a file, in source order."""
    places = _Places(file)
    where = Where(source.path, file.protocols[0].name.text if file.protocols else "")
    for comment in file.comments:
        text = _text(comment)
        gone = Fix(comments=(comment.span,))
        if _MARKED.match(text):
            continue
        words = _words(text)
        subject = places.next_words(comment.span.start)
        if _FIXTURES in source.path:
            yield Finding(say.fixture_comment(where, comment.span), gone)
        elif _PHASE.match(text) or (words and words <= subject):
            yield Finding(say.phase_comment(where, comment.span), gone)
        elif _LORE.search(text):
            fix = Fix(comments=(comment.span,), is_safe=False)
            yield Finding(say.lore_comment(where, comment.span), fix)
        elif words and words <= subject | _COMMON:
            fix = Fix(comments=(comment.span,), is_safe=False)
            yield Finding(say.restating_comment(where, comment.span), fix)
        else:
            yield Finding(say.unmarked_comment(where, comment.span))


def _text(comment: ast.Comment) -> str:
    """What a comment says, without its marks."""
    text = comment.text.strip()
    for opening, closing in (("{-", "-}"), ("/*", "*/")):
        if text.startswith(opening):
            text = text.removeprefix(opening).removesuffix(closing)
    return text.lstrip("-/").strip()


def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(text))


class _Places:
    """The words that stand in the statements of a file, by where they begin."""

    def __init__(self, file: ast.File) -> None:
        found: list[tuple[int, frozenset[str]]] = []
        for protocol in file.protocols:
            head = [protocol.name.text, *(role.name.text for role in protocol.roles or ())]
            found.append((protocol.name.span.start, _words(" ".join([*head, "protocol roles"]))))
            for block in (protocol.body, *(local.body for local in protocol.locals)):
                for statement in preorder(block):
                    found.append((statement.span.start, _of_statement(statement)))
                    if isinstance(statement, ast.Choice):
                        found += [
                            (branch.span.start, _words(branch.label.text) | {"branch"})
                            for branch in statement.branches
                        ]
        found.sort(key=lambda one: one[0])
        self._starts = [start for start, _ in found]
        self._found = [words for _, words in found]

    def next_words(self, offset: int) -> frozenset[str]:
        """The words of what begins next, or of what stands before on the same line of thought."""
        index = bisect_left(self._starts, offset)
        near = self._found[max(index - 1, 0) : index + 1]
        return frozenset().union(*near)


def _of_statement(statement: ast.Statement) -> frozenset[str]:
    match statement:
        case ast.Send(sender, receiver, message):
            names = [sender.name.text, receiver.name.text, message.label.text]
        case ast.Broadcast(sender, message):
            names = [sender.name.text, message.label.text]
        case ast.Choice(decider):
            names = [decider.name.text, "choice", "chooses", "decides"]
        case _:
            names = []
    return _words(" ".join(names))
