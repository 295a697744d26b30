"""The pages that explain codes, shipped next to this module as `explain/TVnnn.md`."""

from __future__ import annotations

import os

import msgspec

from tellverify.diagnostics.codes import CODES
from tellverify.diagnostics.model import Code


class ExplainPage(msgspec.Struct, frozen=True):
    """An explanation: the code, the whole page as Markdown, and its parts by heading, in order."""

    code: Code
    text: str
    sections: tuple[tuple[str, str], ...]


def named(word: str) -> Code | None:
    """The code with this number, with or without `TV`, or this name; case does not matter."""
    wanted = word.strip().lower()
    for code in CODES.values():
        if wanted in (code.number.lower(), code.number[2:], code.name):
            return code
    return None


def page(code: Code) -> ExplainPage | None:
    """The page of a code, None when there is none."""
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "explain")
    try:
        with open(os.path.join(folder, f"{code.number}.md"), encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        return None
    return ExplainPage(code, text, tuple(_sections(text)))


def _sections(text: str) -> list[tuple[str, str]]:
    """What stands below each second-level heading outside of fences."""
    sections: list[tuple[str, list[str]]] = []
    is_fenced = False
    for line in text.split("\n"):
        if line.startswith("```"):
            is_fenced = not is_fenced
        if line.startswith("## ") and not is_fenced:
            sections.append((line[3:].strip(), []))
        elif sections:
            sections[-1][1].append(line)
    return [(heading, "\n".join(lines).strip("\n")) for heading, lines in sections]
