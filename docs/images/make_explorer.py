"""Takes the picture of docs/explorer.md from the page of the golden run.

    python docs/images/make_explorer.py

Needs Chromium and the extra `browser`.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "tests" / "golden" / "expected" / "run.html"


def main() -> None:
    """Write explorer.png: the last step of the first counterexample."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium") or "chromium",
            args=["--no-sandbox", "--disable-gpu"],
        )
        page = browser.new_page(viewport={"width": 1280, "height": 1090}, color_scheme="light")
        page.goto(PAGE.as_uri())
        explorer = page.locator(".explorer").first
        explorer.focus()
        page.keyboard.press("End")
        page.evaluate(
            """() => {
              document.activeElement.blur();
              const top = document.querySelector(".case").getBoundingClientRect().top;
              window.scrollTo({ top: window.scrollY + top - 24, behavior: "instant" });
            }"""
        )
        page.screenshot(path=HERE / "explorer.png")
        browser.close()


if __name__ == "__main__":
    main()
