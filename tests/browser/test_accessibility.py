"""The pages by the rules of axe, and by keyboard alone.

The rules come from the package `axe-core`: `npm install --no-package-lock` in this folder, or else
npm installs it into a folder of the test.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pages import browser, golden_page, run_of, specs_page

from tellverify.cli.live.live_page import live_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HERE = Path(__file__).resolve().parent
RULES = Path("node_modules") / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")
PAGES: dict[str, Callable[[], str]] = {
    "golden": golden_page,
    "specs": specs_page,
    "deadlock": lambda: run_of("deadlock_of_three")[1],
    "serve": live_page,
}
RUN = """async () => {
  const found = await axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  });
  return found.violations.map((one) => ({
    rule: one.id,
    impact: one.impact,
    nodes: one.nodes.slice(0, 5).map((node) => node.html.slice(0, 160)),
  }));
}"""


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script of axe; skips the test where npm cannot install it."""
    installed = HERE / RULES
    if not installed.is_file():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("axe-core is not installed, and there is no npm")
        folder = tmp_path_factory.mktemp("axe")
        shutil.copy(HERE / "package.json", folder)
        call = [npm, "install", "--no-package-lock", "--no-audit", "--no-fund"]
        try:
            done = subprocess.run(
                call, cwd=folder, capture_output=True, text=True, timeout=120, check=False
            )
        except subprocess.TimeoutExpired:
            pytest.skip("npm did not install axe-core within two minutes")
        installed = folder / RULES
        if not installed.is_file():
            pytest.skip(f"npm cannot install axe-core: {done.stderr.strip()[-300:]}")
    return installed.read_text(encoding="utf-8")


def opened(chrome: Browser, folder: Path, name: str, scheme: str, width: int = 1280) -> Page:
    """A page with everything unfolded."""
    path = folder / f"{name}.html"
    path.write_text(PAGES[name](), encoding="utf-8")
    context = chrome.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    )
    page = context.new_page()
    page.goto(path.as_uri())
    page.evaluate("() => document.querySelectorAll('details').forEach((d) => (d.open = true))")
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_no_rule_finds_anything_serious(
    chrome: Browser, rules: str, tmp_path: Path, name: str, scheme: str
) -> None:
    page = opened(chrome, tmp_path, name, scheme)
    page.evaluate(rules)
    found = page.evaluate(RUN)
    assert [one for one in found if one["impact"] in SERIOUS] == []
    page.context.close()


def test_the_rules_find_what_is_wrong(chrome: Browser, rules: str) -> None:
    page = chrome.new_context().new_page()
    page.set_content("<html><body><button></button><img src='data:,'></body></html>")
    page.evaluate(rules)
    found = {one["rule"] for one in page.evaluate(RUN)}
    assert {"button-name", "image-alt", "html-has-lang"} <= found
    page.context.close()


def test_a_report_is_read_by_keyboard_alone(chrome: Browser, tmp_path: Path) -> None:
    """Tab reaches the skip link, the contents, every fold and the explorer, each with a ring."""
    path = tmp_path / "report.html"
    path.write_text(run_of("deadlock_of_three")[1], encoding="utf-8")
    page = chrome.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(path.as_uri())
    seen: list[str] = []
    ring = """() => {
      const one = document.activeElement;
      const style = getComputedStyle(one);
      const box = one.getBoundingClientRect();
      return [one.tagName + "." + one.className, style.outlineStyle, box.width * box.height];
    }"""
    for _ in range(120):
        page.keyboard.press("Tab")
        name, outline, area = page.evaluate(ring)
        if name == "BODY.":
            break
        assert outline != "none" and area > 0, name
        seen.append(name)
    assert seen[0] == "A.skip"
    assert {"SUMMARY.", "DIV.explorer", "BUTTON.copy"} <= set(seen), seen
    folds = page.locator("summary:visible").count()
    assert sum(name.startswith("SUMMARY") for name in seen) == folds

    first = page.locator("details.protocol > summary").first
    first.focus()
    before = first.evaluate("(one) => one.parentElement.open")
    page.keyboard.press("Enter")
    assert first.evaluate("(one) => one.parentElement.open") is not before
    page.context.close()
