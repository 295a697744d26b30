"""The examples on the pages that explain codes."""

from __future__ import annotations

from tellverify.diagnostics.explain import ExplainPage


def examples(page: ExplainPage) -> tuple[str, ...]:
    """The fenced `tell` blocks: the first has the fault, the second does not."""
    return fenced(page.text, "tell")


def fenced(text: str, language: str) -> tuple[str, ...]:
    """The contents of the fenced blocks of a language."""
    blocks: list[str] = []
    block: list[str] | None = None
    for line in text.split("\n"):
        if block is not None and line.rstrip() == "```":
            blocks.append("".join(f"{one}\n" for one in block))
            block = None
        elif block is not None:
            block.append(line)
        elif line.rstrip() == f"```{language}":
            block = []
    return tuple(blocks)
