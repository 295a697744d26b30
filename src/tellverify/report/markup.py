"""Names and sentences made safe for Markdown, HTML and Mermaid.

What comes from a source file must neither end its surroundings nor call a person, an issue or a
page: a report is posted under the name of whoever runs it.
"""

from __future__ import annotations

import re
from typing import Final

from tellverify.report.escape import tame

_HTML: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}
_MARKDOWN: Final = re.compile(r"[\\`*_{}\[\]<>&|~@#$]|:(?=/)|(?<=www)\.", re.IGNORECASE)
_SAFE_ALIAS: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_LONGEST_WORD: Final = 1_024  # the page of a comment has 60,000 characters
_MERMAID_WORDS: Final = frozenset(
    [
        *("activate", "actor", "alt", "and", "as", "autonumber", "box", "break", "create"),
        *("critical", "deactivate", "destroy", "else", "end", "left", "link", "links", "loop"),
        *("note", "of", "off", "opt", "option", "over", "par", "par_over", "participant"),
        *("properties", "rect", "right", "sequencediagram", "title", "accdescr", "acctitle"),
        *("details", "wrap", "nowrap"),
    ]
)


def html(text: str) -> str:
    """`text` as HTML character data or attribute value."""
    return _entities(tame(text, longest=_LONGEST_WORD))


def _entities(text: str) -> str:
    return "".join(_HTML.get(char, char) for char in text)


def code(text: str, *, in_table: bool = False) -> str:
    """`text` as a Markdown code span."""
    shown = tame(text, longest=_LONGEST_WORD)
    if not shown or "`" in shown or "<" in shown:
        # No name of the language holds these; as HTML they are safe in every reader.
        return f"<code>{_entities(shown).replace('`', '&#96;').replace('|', '&#124;')}</code>"
    if in_table:
        shown = shown.replace("\\", "\\\\").replace("|", "\\|")
    return f"`{shown}`"


def prose(text: str, *, in_table: bool = False) -> str:
    """A sentence in Markdown: what stands between backticks is code, nothing else is markup."""
    parts = tame(text, longest=_LONGEST_WORD).split("`")
    if len(parts) % 2 == 0:
        return _plain("`".join(parts))
    return "".join(
        code(part, in_table=in_table) if number % 2 and part else _plain(part)
        for number, part in enumerate(parts)
    )


def _plain(text: str) -> str:
    return _MARKDOWN.sub(lambda match: f"&#{ord(match[0])};", text).replace(
        "&#64;", "&#64;<!-- -->"
    )


def mermaid(text: str) -> str:
    """`text` for a Mermaid message or note: all but plain words is written as entities."""
    shown = "".join(
        char if char.isalnum() or char in " _.,()[]/-" else f"#{ord(char)};" for char in tame(text)
    )
    return re.sub(r"(?i)\b(e)n(d)\b", r"\1#110;\2", shown) or "#32;"


def is_safe_alias(name: str) -> bool:
    """True of names that Mermaid takes as they are for a participant."""
    return bool(_SAFE_ALIAS.fullmatch(name)) and name.lower() not in _MERMAID_WORDS
