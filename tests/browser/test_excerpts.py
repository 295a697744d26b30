"""Excerpts of sources in the HTML report: line numbers and notes in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pages import browser, golden_page, run_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Notes that leave what is seen of their excerpt, or whose second line begins left of the first.
SCATTERED = """() => {
  const found = [];
  for (const note of document.querySelectorAll(".lines > .note")) {
    const text = note.lastElementChild;
    const box = text.getBoundingClientRect();
    const seen = note.parentElement.getBoundingClientRect();
    if (!box.width) continue;
    if (text.getClientRects().length !== 1) found.push(`in parts: ${text.textContent}`);
    if (box.left < seen.left || box.right > seen.right + 1) found.push(`off: ${text.textContent}`);
  }
  return found;
}"""

# Lines whose number ends less than half an em before their text begins.
CROWDED = """() => [...document.querySelectorAll(".l")].filter((line) => {
  const number = getComputedStyle(line, "::before");
  const inner = number.boxSizing === "border-box" ? parseFloat(number.paddingRight) : 0;
  const end = parseFloat(number.width) - inner;
  return line.dataset.line && parseFloat(getComputedStyle(line).paddingLeft) - end < 7;
}).map((line) => line.dataset.line)"""


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.mark.parametrize("width", [380, 800, 1280])
@pytest.mark.parametrize("name", ["golden", "late_reader"])
def test_numbers_and_notes_keep_clear_of_the_text(
    chrome: Browser, tmp_path: Path, name: str, width: int
) -> None:
    path = tmp_path / "report.html"
    path.write_text(golden_page() if name == "golden" else run_of(name)[1], encoding="utf-8")
    page = chrome.new_context(viewport={"width": width, "height": 900}).new_page()
    page.goto(path.as_uri())
    page.evaluate("() => document.querySelectorAll('details').forEach((d) => (d.open = true))")
    assert page.locator(".note").count() > 0
    assert page.evaluate(SCATTERED) == []
    assert page.evaluate(CROWDED) == []
    page.context.close()
