"""The spelling of Telltale up to 10.0, read onto the same tree as the present one.

    Courier { flow_cost = 50 } -> Depot : Parcel
    choice at Depot
      | Accept -> Depot -> Courier : Accept

Sender records have `=`, a choice names its role behind `at`, and branches have `->`. Each is the
present spelling with marks replaced or words exchanged, so the text is respelled at equal length
and parsed in the present spelling; no text of the present spelling is changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from tellverify.source.span import Span

_HIDDEN: Final = re.compile(r'--[^\n]*|\{-(?s:.)*?-\}|"[^"\n]*"')
_CHOICE: Final = re.compile(
    r"\bchoice[ \t]+(at[ \t]+)(\w+(?:\[[^\]\n]*\])?)(?=[ \t\r]*(?:[\n|(]|$))"
)
_BAR: Final = re.compile(
    r"(?:^|(?<=\())[ \t]*(\|)[ \t]*\w+[ \t]*(?:\([^()\n]*\))?"
    r"(?:[ \t]*when\b[^\n]*?)?[ \t]*(->)",
    re.MULTILINE,
)
_RECORD: Final = re.compile(r"(?<=[\w\] \t\n])\{([^{}]*)\}\s*->")
_ENTRY: Final = re.compile(r"(?:^|,)\s*\w+\s*(=)(?![=>])")
_BRANCHING: Final = re.compile(r"\b(choice|case|par)\b")
_BEFORE_SUITE: Final = re.compile(r"(?:\bchoice\s[^()|>\n]*|\bcase\s[^|>\n]*\bof)\s*\Z")
_DEPTH: Final = {"(": 1, "{": 1, "[": 1, ")": -1, "}": -1, "]": -1}
_BRACKET: Final = re.compile(r"[()]")
_LONGEST_HEAD: Final = 200


class Respelled(msgspec.Struct, frozen=True):
    """A text in the present spelling, as long as the old one.

    `first` is the first place of an old spelling. `moved` has the places in the new text of roles
    that stand elsewhere in the old one, with how far to the right.
    """

    text: str
    first: Span
    moved: tuple[tuple[Span, int], ...] = ()

    def place(self, span: Span) -> Span:
        """Where a span of the new text is in the old one."""
        start, end = span.start, span.end
        for role, distance in self.moved:
            if role.start <= start < role.end:
                start += distance
            if role.start < end <= role.end:
                end += distance
        return Span(start, max(start, end))


def respelled(text: str) -> Respelled | None:
    """The present spelling of a text, None where nothing in it is old."""
    code = _HIDDEN.sub(lambda hidden: re.sub(r"[^\n]", " ", hidden[0]), text)
    edits: list[tuple[Span, str]] = []
    moved: list[tuple[Span, int]] = []
    for choice in _CHOICE.finditer(code):
        at, role = choice[1], choice[2]
        if role == "at":
            continue
        start = choice.start(1)
        edits.append((Span(start, choice.end(2)), f"{role} {at.rstrip()}{' ' * (len(at) - 3)}"))
        moved.append((Span(start, start + len(role)), len(at)))
    bars = [bar for bar in _BAR.finditer(code) if "=>" not in bar[0]]
    branches = _branches(code, bars)
    edits += [(Span(*bar.span(2)), "=>") for bar in bars if bar.start(1) in branches]
    for record in _RECORD.finditer(code):
        for entry in _ENTRY.finditer(record[1]):
            start = record.start(1) + entry.start(1)
            edits.append((Span(start, start + 1), ":"))
    if not edits:
        return None
    edits.sort(key=lambda edit: edit[0])
    parts, last = [], 0
    for span, new in edits:
        parts += [text[last : span.start], new]
        last = span.end
    return Respelled("".join([*parts, text[last:]]), edits[0][0], tuple(moved))


def _branches(code: str, bars: Sequence[re.Match[str]]) -> set[int]:
    """The bars that begin branches of a choice or a case; branches of `par` are sends.

    In parentheses it is what stands before them that opens the branches, and elsewhere the nearest
    line above that is less indented.
    """
    below = _lines_below_choices(code) if bars else set()
    found: set[int] = set()
    brackets: list[bool] = []  # open ones, and whether a choice or a case is before them
    seen = 0
    for bar in bars:
        for bracket in _BRACKET.finditer(code, seen, bar.start(1)):
            if bracket[0] == "(":
                at = bracket.start()
                opens = _BEFORE_SUITE.search(code, max(at - _LONGEST_HEAD, 0), at)
                brackets.append(opens is not None)
            elif brackets:
                brackets.pop()
        seen = bar.start(1)
        if brackets[-1] if brackets else bar.start() in below:
            found.add(seen)
    return found


def _lines_below_choices(code: str) -> set[int]:
    """Where lines begin whose nearest line above that is less indented opens a choice or a case.

    Lines that go on with the one before, and those inside of brackets, have no indentation.
    """
    found: set[int] = set()
    above: list[tuple[int, bool]] = []  # open lines: their columns, and whether they branch
    start = depth = 0
    for line in code.split("\n"):
        column = len(line) - len(line.lstrip())
        inside = depth > 0
        depth = max(depth + sum(_DEPTH.get(char, 0) for char in line), 0)
        if line.strip() and not inside and not line.lstrip().startswith(("->", "{")):
            while above and above[-1][0] >= column:
                above.pop()
            if above and above[-1][1]:
                found.add(start)
            words = _BRANCHING.findall(line)
            above.append((column, bool(words) and words[-1] != "par"))
        start += len(line) + 1
    return found
