"""Parts of protocols, as a manual shows them: statements without a header, or declarations alone.

Statements are read as the body of a protocol `Part` whose roles are those that they name, and
branches as those of a choice by the role that sends first, of a case or of a `par`. Declarations
alone are read unchanged. A part that refers to what the text around it declares is not judged.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec

from tellverify.diagnostics.model import Diagnostic
from tellverify.diagnostics.syntax import NO_PROTOCOL
from tellverify.language.checks.wellformed import check_structure
from tellverify.language.syntax import ast
from tellverify.language.syntax.old_spelling import respelled
from tellverify.language.syntax.parser import Parsed
from tellverify.language.syntax.surface import is_brace_surface, read_tell
from tellverify.source.text import SourceFile

_PROTOCOL: Final = re.compile(r"^[ \t]*(?:protocol|choreography)\b", re.MULTILINE)
_DECLARATION: Final = re.compile(
    r"\s*(?:module|import|proof_bundle|profile|agreement_profile|role_set|cluster|ring|mesh|type"
    r"|effect|fragment|operation|guest)\b"
)
_WHERE: Final = re.compile(r"\s*(where)\b")
_ROLES: Final = re.compile(r"\s*roles\b")
_COMMENT: Final = re.compile(r"--[^\n]*|\{-(?s:.)*?-\}")
_ROLE: Final = r"([A-Za-z]\w*)(?:\[([^\]\n]*)\])?"
_BRANCH: Final = re.compile(r"\s*\|(?:[ \t]*\w+[ \t]*(?P<value>\([^()]*\))?[^|\n]*?(?P<arrow>=>))?")
_SEND: Final = re.compile(rf"{_ROLE}\s*(?:\{{[^}}]*\}}\s*)?->\*?(?:\s*{_ROLE})?")
_DECIDER: Final = re.compile(rf"\b(?:choice|by|timeout\s+\d+\s*\w+|to|from)\s+{_ROLE}")
_INDENT: Final = "  "
_HEAD: Final = "protocol Part =\n"
_NO_ROLE: Final = "Role"  # of a part without messages
_FROM_AROUND: Final = frozenset(("TV222", "TV231", "TV272", "TV282", "TV301", "TV329"))


def has_code(text: str) -> bool:
    """Whether a text has anything but comments."""
    return bool(_COMMENT.sub(" ", text).strip())


def end_of_other(text: str) -> int | None:
    """Where `where` stands in a text that begins with the local protocols of another one."""
    code = _COMMENT.sub(lambda found: " " * len(found[0]), text)
    where = _WHERE.match(code)
    return None if where is None else where.start(1)


def is_part(text: str) -> bool:
    """Whether a text has content but declares no protocol."""
    code = _COMMENT.sub(" ", text)
    return has_code(text) and not _PROTOCOL.search(code) and not is_brace_surface(text)


def read_part(source: SourceFile) -> tuple[Parsed, Callable[[int], int]]:
    """The tree of a part, and where each place of it is in `source`."""
    code = _COMMENT.sub(" ", source.text)
    if _DECLARATION.match(code):
        parsed = read_tell(source)
        said = tuple(one for one in parsed.diagnostics if one.code is not NO_PROTOCOL)
        return msgspec.structs.replace(parsed, diagnostics=said), int
    old = respelled(code)
    named = _roles(code if old is None else old.text)
    roles = ", ".join(named) or _NO_ROLE
    head = _HEAD if _ROLES.match(code) else f"{_HEAD}{_INDENT}roles {roles}\n"
    branching = _branching(code)
    head += f"{_INDENT}{branching}\n" if branching else ""
    indent = _INDENT * 2 if branching else _INDENT
    lines = source.text.splitlines(keepends=True)
    column = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    body = "".join(indent + line for line in lines)
    wrapped = SourceFile(source.path, head.replace(_INDENT, _INDENT + " " * column) + body)
    first = head.count("\n")

    def place(offset: int) -> int:
        line, at = wrapped.position(min(offset, len(wrapped.text)))
        if line <= first:
            return 0
        start = sum(map(len, lines[: line - first - 1]))
        return min(start + max(at - 1 - len(indent), 0), len(source.text))

    return read_tell(wrapped), place


def _branching(code: str) -> str:
    """The text to put before branches; empty before statements."""
    bar = _BRANCH.match(code)
    if bar is None:
        return ""
    if bar["arrow"] is None:
        return "par"
    sender = _SEND.search(code, bar.end())
    return f"choice {sender[1]} at" if bar["value"] is None and sender is not None else "case x of"


def missing(file: ast.File, source: SourceFile) -> Diagnostic | None:
    """The first sign that a part needs the text around it: a name or a use that it lacks."""
    if not file.complete or not all(protocol.complete for protocol in file.protocols):
        return None
    found = (one for one in check_structure(file, source) if one.code.number in _FROM_AROUND)
    return next(found, None)


def _roles(code: str) -> list[str]:
    """The roles that statements name, as they must be declared."""
    sizes: dict[str, int | str | None] = {}
    found = [(name, index) for send in _SEND.finditer(code) for name, index in _pairs(send)]
    found += [(name, index) for one in _DECIDER.finditer(code) for name, index in _pairs(one)]
    for name, index in found:
        known = sizes.setdefault(name, None)
        if index is not None and known != "N":
            least = int(index) + 1 if index.isdigit() and len(index) < 6 else "N"
            sizes[name] = max(known or 0, least) if isinstance(least, int) else least
    return [name if size is None else f"{name}[{size}]" for name, size in sizes.items()]


def _pairs(match: re.Match[str]) -> list[tuple[str, str | None]]:
    groups = match.groups()
    return [(groups[i], groups[i + 1]) for i in range(0, len(groups), 2) if groups[i] is not None]
