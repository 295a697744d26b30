"""A terse writing of protocols with timeouts, for tests.

Statements are separated by `;`: `A->B m`, `rec L {..}`, `continue L`, `end`, `choice {.. | ..}`,
and `C(body / late)` or `C(body / late / cancel)` for a timeout of C. An empty text is allowed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from timed_statements import (
    TimedBlock,
    TimedBranches,
    TimedContinue,
    TimedLoop,
    TimedMessage,
    TimedStatement,
    TimedStop,
    TimedText,
    timed_protocol,
)

from tellverify.model.timed_text import TimedProtocol

_TOKEN = re.compile(r"\s*(->|[A-Za-z0-9_]+|[;/|(){}])")


@dataclass
class _Reader:
    tokens: list[str] = field(default_factory=list)

    def next(self) -> str:
        return self.tokens.pop(0)

    def ahead(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def text(self) -> TimedText:
        statements = []
        while self.ahead() not in ("", "/", "|", ")", "}"):
            if self.ahead() == ";":
                self.next()
                continue
            statements.append(self.statement())
        return tuple(statements)

    def close(self, token: str) -> None:
        found = self.next()
        assert found == token, (found, token)

    def statement(self) -> TimedStatement:
        word = self.next()
        if word == "end":
            return TimedStop()
        if word == "continue":
            return TimedContinue(self.next())
        if word == "rec":
            name = self.next()
            return TimedLoop(name, self.parts("{", "|", "}")[0])
        if word == "choice":
            return TimedBranches(tuple(self.parts("{", "|", "}")))
        if self.ahead() == "(":
            return TimedBlock(word, *self.parts("(", "/", ")"))
        self.close("->")
        return TimedMessage(word, self.next(), self.next())

    def parts(self, opening: str, between: str, closing: str) -> list[TimedText]:
        self.close(opening)
        found = [self.text()]
        while self.ahead() == between:
            self.next()
            found.append(self.text())
        self.close(closing)
        return found


def text_of(written: str) -> TimedText:
    tokens = _TOKEN.findall(written)
    assert "".join(tokens) == "".join(written.split()), written
    reader = _Reader(tokens)
    text = reader.text()
    assert not reader.tokens, reader.tokens
    return text


def protocol_of(written: str) -> TimedProtocol:
    return timed_protocol(text_of(written))


def written_of(text: TimedText) -> str:
    """The writing that `text_of` reads."""
    found = []
    for statement in text:
        match statement:
            case TimedMessage(sender, receiver, label):
                found.append(f"{sender}->{receiver} {label}")
            case TimedBranches(branches):
                found.append("choice { " + " | ".join(map(written_of, branches)) + " }")
            case TimedLoop(name, body):
                found.append(f"rec {name} {{ {written_of(body)} }}")
            case TimedContinue(name):
                found.append(f"continue {name}")
            case TimedStop():
                found.append("end")
            case TimedBlock(owner, body, late, cancel):
                parts = [body, late] if cancel is None else [body, late, cancel]
                found.append(f"{owner}( " + " / ".join(map(written_of, parts)) + " )")
    return "; ".join(found)


def tell_of(written: str, name: str) -> str:
    """The same protocol in the language; every alternative must have a statement."""
    text = text_of(written)
    roles = ", ".join(timed_protocol(text).roles)
    return f"protocol {name} =\n  roles {roles}\n" + "\n".join(_lines(text, "  ")) + "\n"


def _lines(text: TimedText, indent: str) -> list[str]:
    found = []
    for statement in text:
        match statement:
            case TimedMessage(sender, receiver, label):
                found.append(f"{indent}{sender} -> {receiver} : {label}")
            case TimedBranches(branches):
                (first, *_), *_ = branches
                found.append(f"{indent}choice {first.sender} at")
                for branch in branches:
                    found.append(f"{indent}  | {branch[0].label} =>")
                    found += _lines(branch, f"{indent}      ")
            case TimedLoop(name, body):
                found += [f"{indent}rec {name}", *_lines(body, f"{indent}  ")]
            case TimedContinue(name):
                found.append(f"{indent}continue {name}")
            case TimedBlock(owner, body, late, cancel):
                found += [f"{indent}timeout 5s {owner} at", *_lines(body, f"{indent}  ")]
                found += [f"{indent}on timeout =>", *_lines(late, f"{indent}  ")]
                if cancel is not None:
                    found += [f"{indent}on cancel =>", *_lines(cancel, f"{indent}  ")]
            case TimedStop():
                raise AssertionError("the language has no statement for an end")
    return found


def has_empty_alternative(written: str) -> bool:
    """Whether some alternative has no statement."""
    return any(_is_empty_inside(statement) for statement in text_of(written))


def _is_empty_inside(statement: TimedStatement) -> bool:
    match statement:
        case TimedBlock(_, body, late, cancel):
            parts = [body, late] if cancel is None else [body, late, cancel]
            return not all(parts) or any(_is_empty_inside(s) for part in parts for s in part)
        case TimedBranches(branches):
            return any(_is_empty_inside(s) for branch in branches for s in branch)
        case TimedLoop(_, body):
            return any(map(_is_empty_inside, body))
        case TimedMessage() | TimedContinue() | TimedStop():
            return False
