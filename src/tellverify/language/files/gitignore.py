"""Which files of a folder `.gitignore` leaves out: gitignore(5), matched byte by byte as git does.

A pattern becomes a regular expression that never takes back what a star has matched: the earliest
match of what follows a star leaves most to the rest, so atomic groups lose nothing, and the time
stays polynomial in pattern and path.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

_FILE: Final = ".gitignore"
_LARGEST: Final = 1024 * 1024
_WITHOUT_BLANKS: Final = re.compile(rb"((?:[^\\ ]| +(?! |\Z)|\\.)*+) *\Z", re.DOTALL)
_SPECIAL: Final = re.compile(rb"[*?\[\\]")
_GLOB: Final = re.compile(rb"(?P<stars>\*+)(?P<end>/|\\/|\Z)?")
_NAMED: Final = re.compile(rb"\[:([^\]]*):\]")
_RANGE: Final = re.compile(rb"(?P<low>\\?.)(?:-(?P<high>\\.|[^\]\\]))?", re.DOTALL)
_KINDS: Final[dict[bytes, Callable[[bytes], bool]]] = {
    b"alnum": bytes.isalnum,
    b"alpha": bytes.isalpha,
    b"blank": lambda one: one in b" \t",
    b"cntrl": lambda one: one < b" " or one == b"\x7f",
    b"digit": bytes.isdigit,
    b"graph": lambda one: b" " < one < b"\x7f",
    b"lower": bytes.islower,
    b"print": lambda one: b" " <= one < b"\x7f",
    b"punct": lambda one: b" " < one < b"\x7f" and not one.isalnum(),
    b"space": bytes.isspace,
    b"upper": bytes.isupper,
    b"xdigit": lambda one: one in b"0123456789abcdefABCDEF",
}


class Rule(msgspec.Struct, frozen=True):
    """One line: paths relative to its folder that match are left out, or are not after all."""

    pattern: re.Pattern[bytes]
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
            inner = os.fsencode(os.path.relpath(path, folder).replace(os.sep, "/"))
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
        with open(path, "rb") as file:
            text = file.read(_LARGEST)
    except OSError:
        return ()
    return tuple(_parsed(text.removeprefix(b"\xef\xbb\xbf")))


def _parsed(text: bytes) -> Iterator[Rule]:
    for line in text.split(b"\n"):
        line = line.removesuffix(b"\r")
        trimmed = _WITHOUT_BLANKS.match(line)
        written = trimmed[1] if trimmed is not None else line  # None: ends with a lone backslash
        if written.startswith(b"#"):
            continue
        body = written.removeprefix(b"!")
        only_folders = body.endswith(b"/")
        body = body.removesuffix(b"/")
        anchored = b"/" in body
        body = body.removeprefix(b"/")
        if not body:
            continue
        expression = _translated(body)
        if expression is not None:
            pattern = re.compile((b"" if anchored else b"(?:.*/)?+") + expression, re.DOTALL)
            yield Rule(pattern, only_folders, written.startswith(b"!"))


def _translated(body: bytes) -> bytes | None:
    """A glob as a regular expression for the whole of a path; None when it matches nothing."""
    out: list[bytes] = []
    folders = star = False  # atomic groups that are open here
    # git compares what stands before the first special sign by itself, and begins anew behind it.
    place = 0
    while place < len(body):
        glob = _GLOB.match(body, place)
        begins = body[place - 1 : place] in (b"", b"/") or not _SPECIAL.search(body, 0, place)
        if glob is not None and glob["stars"] != b"*" and begins and glob["end"] is not None:
            if folders:
                out.append(b")")
            folders = bool(glob["end"])
            out.append({b"": b".*", b"/": b"(?>(?:.*?/)??", b"\\/": b"(?>.*?/"}[glob["end"]])
            place = glob.end()
            continue
        if glob is not None:
            out.append(b")(?>[^/]*?" if star else b"(?>[^/]*?")
            star = True
            place = glob.end("stars")
            continue
        found = _one_byte(body, place)
        if found is None:
            return None
        expression, place = found
        out.append(expression)
        if expression == b"/" and star:
            out.append(b")")
            star = False
    return b"".join((*out, rb"\Z", b")" * (star + folders)))


def _one_byte(body: bytes, place: int) -> tuple[bytes, int] | None:
    """What matches one byte of a path, and where the pattern continues."""
    byte = body[place : place + 1]
    if byte == b"?":
        return b"[^/]", place + 1
    if byte == b"[":
        found = _class(body, place + 1)
        if found is None:
            return None
        listed = b"".join(b"\\x%02x" % one for one in sorted(found[0]))
        return (b"[" + listed + b"]" if listed else b"(?!)"), found[1]
    if byte == b"\\":
        place += 1
        byte = body[place : place + 1]
    return (b"/" if byte == b"/" else re.escape(byte), place + 1) if byte else None


def _class(body: bytes, place: int) -> tuple[set[int], int] | None:
    """The bytes of a class and where it ends; it never holds `/`. None where it is not closed."""
    negated = body[place : place + 1] in (b"!", b"^")
    place += negated
    start = place
    members: set[int] = set()
    while place == start or body[place : place + 1] != b"]":
        named = _NAMED.match(body, place)
        if named is not None:
            kind = _KINDS.get(named[1])
            if kind is None:
                return None
            members.update(one for one in range(128) if kind(bytes((one,))))
            place = named.end()
            continue
        found = _RANGE.match(body, place)
        if found is None:
            return None
        low = found["low"][-1]
        high = found["high"][-1] if found["high"] else low
        members.update((low,) if low > high else range(low, high + 1))
        place = found.end()
    if negated:
        members = set(range(256)) - members
    return members - {ord("/")}, place + 1
