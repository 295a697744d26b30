"""Rules on comments: those that restate the next line, and outdated ones."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

from tellverify.diagnostics import shape as say
from tellverify.diagnostics.model import Where
from tellverify.language.checks.walk import preorder
from tellverify.language.syntax import ast
from tellverify.lint.finding import Fix, LintFinding
from tellverify.lint.structure import FIXTURES
from tellverify.source.span import Span
from tellverify.source.text import SourceFile

_MARKED: Final = re.compile(r"(?:tell|invariant|note|safety)\s*:", re.IGNORECASE)
_PHASE: Final = re.compile(r"(?:phase|step|stage|round)\s*#?\d+", re.IGNORECASE)
_PHASE_HEAD: Final = re.compile(
    r"\W*(?:phase|step|stage|round)\s*#?\d+\s*[:.,)-]*\s*", re.IGNORECASE
)
_INVARIANT: Final = re.compile(r"(?:invariant|note|safety)\s*:", re.IGNORECASE)
_WHOLE_WORD: Final = re.compile(r"[A-Za-z_][\w']*|[0-9]+")
_SIGN: Final = re.compile(r"[<>=≤≥≠%±!?]")
_DASHES: Final = str.maketrans("\u2010\u2011\u2012\u2013\u2014\u2015\u2192\u21d2", "--------")
_LORE: Final = re.compile(
    r"\b(?:links?|linked|bundles?|endpoints?|migrat\w+|compos\w+|hand-?offs?|owner\w*)\b",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_COMMON: Final = frozenset(
    _WORD.findall(
        """a an and as at by for from in into is it of on or that the then this to with
        send sends sent receive receives received message messages reply replies respond responds
        response request requests ack acknowledgment acknowledgement acknowledge data transmission
        transfer deliver delivery notify notification answer answers initiator responder sender
        receiver coordinator"""
    )
)
_JOINING: Final = frozenset(
    _WORD.findall("a an and by from of the to with send sends phase step stage round")
)
_KEPT: Final = frozenset(
    _WHOLE_WORD.findall(
        """must mustn't shall shan't should shouldn't may might can can't cannot could will won't
        would need needs needed needn't have has required require requires requiring permitted
        allowed allow forbidden forbid forbids prohibited prevent prevents ensure ensures
        ensured guarantee guarantees guaranteed assume assumes assumed assuming invariant
        invariants always never ever only solely just not no none nobody nothing neither nor
        without except unless otherwise else if iff when whenever where wherever while until
        till before after once since during because so therefore provided given least most
        more less fewer than exceed exceeds max min maximum minimum limit limited exactly
        precisely every each all any both either same equal equals different distinct unique
        fresh stale valid twice thrice zero one two three four five six seven eight nine ten
        half majority quorum threshold first last again already yet still don't doesn't
        didn't isn't aren't do does did is are be been unsafe safe atomic atomically
        idempotent monotonic ordered within up per xor precede precedes preceding follow follows
        following await awaits awaiting wait waits waiting expire expires agree agrees bind
        binds owe owes hold holds"""
    )
)


def comment_findings(file: ast.File, source: SourceFile) -> Iterator[LintFinding]:
    """Findings about the comments of a file, in source order.

    Only a comment that says nothing but names of the statement beside it is deleted safely, and
    only with all lines of its paragraph. One that states a condition, a number or what must hold is
    never deleted.
    """
    places = _CommentPlaces(file, source.text)
    where = Where(source.path, file.protocols[0].name.text if file.protocols else "")
    for paragraph in _paragraphs(file.comments, source.text):
        texts = [_text(comment) for comment in paragraph]
        subjects = [places.words_beside(comment.span) for comment in paragraph]
        keeps = any(_states_more(text) for text in texts)
        restates = all(map(_restates, texts, subjects)) and not keeps
        for comment, text, subject in zip(paragraph, texts, subjects, strict=True):
            if _INVARIANT.match(text):
                break  # and what follows goes on with it
            if _MARKED.match(text):
                continue
            fix = None if keeps else Fix(comments=(comment.span,), is_safe=restates)
            yield _finding(text, subject, where, comment, fix, in_fixture=FIXTURES in source.path)


def _finding(
    text: str,
    subject: frozenset[str],
    where: Where,
    comment: ast.Comment,
    fix: Fix | None,
    *,
    in_fixture: bool,
) -> LintFinding:
    words = _words(text)
    if in_fixture:
        return LintFinding(say.fixture_comment(where, comment.span), fix)
    if _LORE.search(text) and not _restates(text, subject):
        gone = None if fix is None else Fix(comments=(comment.span,), is_safe=False)
        return LintFinding(say.lore_comment(where, comment.span), gone)
    if fix is not None and (_PHASE.match(text) or _restates(text, subject)):
        return LintFinding(say.phase_comment(where, comment.span), fix)
    if fix is not None and words and words <= subject | _COMMON:
        fix = Fix(comments=(comment.span,), is_safe=False)
        return LintFinding(say.restating_comment(where, comment.span), fix)
    return LintFinding(say.unmarked_comment(where, comment.span))


def _paragraphs(comments: Sequence[ast.Comment], text: str) -> list[list[ast.Comment]]:
    """Comments on lines that follow each other, and no others, belong together."""
    found: list[list[ast.Comment]] = []
    for comment in comments:
        before = found[-1][-1].span.end if found else 0
        gap = text[before : comment.span.start]
        if found and not gap.strip() and gap.count("\n") <= 1:
            found[-1].append(comment)
        else:
            found.append([comment])
    return found


def _states_more(text: str) -> bool:
    """Whether a comment has a number, a comparison, a modal word or a condition."""
    rest = _behind_phase(text.replace("->", " ").replace("=>", " "))
    words = {word.lower() for word in _WHOLE_WORD.findall(rest)}
    return bool(
        _MARKED.match(text)
        or words & _KEPT
        or any(word[0].isdigit() for word in words)
        or _SIGN.search(rest)
    )


def _restates(text: str, subject: frozenset[str]) -> bool:
    """Whether all words of a comment but its phase are names of the statement beside it."""
    rest = _behind_phase(text)
    if not rest.isascii():
        return False
    names = {_stem(word) for word in subject}
    words = {word for word in _words(rest) if word not in _JOINING}
    return bool(words or _PHASE_HEAD.match(text)) and all(_stem(word) in names for word in words)


def _behind_phase(text: str) -> str:
    """A comment without the number of its own phase; a phase that it refers to stays."""
    head = _PHASE_HEAD.match(text)
    return text[head.end() :] if head is not None else text


def _stem(word: str) -> str:
    """A word without the ending of a verb or a plural: `greets` and `greeting` are `greet`."""
    for ending in ("ing", "es", "ed", "e", "s"):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return word.removesuffix(ending)
    return word


def _text(comment: ast.Comment) -> str:
    """What a comment says, without its marks."""
    text = comment.text.strip()
    for opening, closing in (("{-", "-}"), ("/*", "*/")):
        if text.startswith(opening):
            text = text.removeprefix(opening).removesuffix(closing)
    return text.translate(_DASHES).lstrip("-/").strip()


def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(text))


class _CommentPlaces:
    """The words that stand in the statements of a file, by where they begin."""

    def __init__(self, file: ast.File, text: str) -> None:
        self._text = text
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

    def words_beside(self, comment: Span) -> frozenset[str]:
        """The words of what begins next; behind a statement on its line, those of the statement."""
        index = bisect_left(self._starts, comment.start)
        line = self._text.rfind("\n", 0, comment.start) + 1
        if self._text[line : comment.start].strip():
            index -= 1
        return self._found[index] if 0 <= index < len(self._found) else frozenset()


def _of_statement(statement: ast.Statement) -> frozenset[str]:
    names: list[str] = []
    if isinstance(statement, ast.Send):
        roles = (statement.sender, statement.receiver)
        names = [*(role.name.text for role in roles), statement.message.label.text]
    elif isinstance(statement, ast.Broadcast):
        names = [statement.sender.name.text, statement.message.label.text]
    elif isinstance(statement, ast.Choice):
        names = [statement.decider.name.text, "choice", "chooses", "decides"]
    return _words(" ".join(names))
