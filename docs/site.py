"""Hooks of MkDocs: the pages of `explain` belong to the site, and links out of it stay true."""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
EXPLAIN = ROOT / "src" / "tellverify" / "diagnostics" / "explain"
_EXPLAIN_LINK = re.compile(r"\]\((?:\.\./)+src/tellverify/diagnostics/explain/(\w+\.md)")
_OUTSIDE = re.compile(r"\[([^\]]+)\]\((?:\.\./)+((?!docs/)[^)\s]*)\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add one page for each code."""
    for page in sorted(EXPLAIN.glob("*.md")):
        text = page.read_text("utf-8")
        files.append(File.generated(config, f"explain/{page.name}", content=text))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Links to files of the repository that are no pages become their names."""
    inside = _EXPLAIN_LINK.sub(r"](explain/\1", markdown)
    return _OUTSIDE.sub(r"\1 (`\2`)", inside)
