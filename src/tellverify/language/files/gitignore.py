"""Which files of a folder `.gitignore` leaves out, by the rules of gitignore(5)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Final

import msgspec

_FILE: Final = ".gitignore"
_LARGEST: Final = 1024 * 1024


class Rule(msgspec.Struct, frozen=True):
    """One line: paths relative to its folder that match are left out, or are not after all."""

    pattern: re.Pattern[str]
    only_folders: bool
    keeps: bool


class Ignored:
    """The rules that hold in a folder and below it."""

    def __init__(self, rules: tuple[tuple[str, tuple[Rule, ...]], ...] = ()) -> None:
        self._rules = rules  # with the folders of their files, outermost first

    def within(self, folder: str) -> Ignored:
        """The rules with those of the file in `folder` added."""
        found = _rules_in(os.path.join(folder, _FILE))
        return Ignored((*self._rules, (folder, found))) if found else self

    def leaves_out(self, path: str, *, is_folder: bool) -> bool:
        """Whether `path` itself is left out; the last rule that matches it decides."""
        for folder, rules in reversed(self._rules):
            inner = os.path.relpath(path, folder).replace(os.sep, "/")
            for rule in reversed(rules):
                if (is_folder or not rule.only_folders) and rule.pattern.fullmatch(inner):
                    return not rule.keeps
        return False


def ignored_at(folder: str) -> Ignored:
    """The rules of the repository around `folder`, without those in `folder` itself.

    Outside of a repository there are none.
    """
    start = os.path.abspath(folder)
    chain = [start]
    while not os.path.exists(os.path.join(chain[-1], ".git")):
        parent = os.path.dirname(chain[-1])
        if parent == chain[-1]:
            return Ignored()
        chain.append(parent)
    rules = []
    excluded = _rules_in(os.path.join(chain[-1], ".git", "info", "exclude"))
    if excluded:
        rules.append((chain[-1], excluded))
    for outer in reversed(chain[1:]):
        found = _rules_in(os.path.join(outer, _FILE))
        if found:
            rules.append((outer, found))
    return Ignored(tuple(rules))


def _rules_in(path: str) -> tuple[Rule, ...]:
    try:
        if not os.path.isfile(path):
            return ()
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read(_LARGEST)
    except OSError:
        return ()
    return tuple(_parsed(text))


def _parsed(text: str) -> Iterator[Rule]:
    for line in text.splitlines():
        written = line.rstrip()
        if written.endswith("\\") and line != written:
            written += " "  # an escaped blank at the end
        keeps = written.startswith("!")
        body = written[1:] if keeps else written
        if not body.strip("/") or written.startswith("#"):
            continue
        only_folders = body.endswith("/")
        body = body.rstrip("/")
        anchored = "/" in body
        try:
            pattern = re.compile(("" if anchored else "(?:.*/)?") + _translated(body.lstrip("/")))
        except re.error:
            continue  # git takes a broken class for one that matches nothing
        yield Rule(pattern, only_folders, keeps)


def _translated(body: str) -> str:
    """A glob as a regular expression for the whole of a relative path."""
    out: list[str] = []
    place = 0
    while place < len(body):
        char = body[place]
        place += 1
        if body.startswith("**/", place - 1) and (place == 1 or body[place - 2] == "/"):
            out.append("(?:.*/)?")
            place += 2
        elif char == "*":
            is_rest = body[place - 1 :] == "**" and (place == 1 or body[place - 2] == "/")
            out.append(".*" if is_rest else "[^/]*")
            while place < len(body) and body[place] == "*":
                place += 1
        elif char == "?":
            out.append("[^/]")
        elif (
            char == "["
            and (end := body.find("]", place + 1 + (body[place : place + 1] in "!^"))) > 0
        ):
            inner = body[place:end].replace("\\", "\\\\").replace("[", "\\[")
            out.append(f"[^{inner[1:]}]" if inner[0] in "!^" else f"[{inner}]")
            place = end + 1
        elif char == "\\" and place < len(body):
            out.append(re.escape(body[place]))
            place += 1
        else:
            out.append(re.escape(char))
    return "".join(out)
