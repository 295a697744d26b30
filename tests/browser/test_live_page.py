"""The page of `tellverify serve` in a real browser: edits, failures, the reader's place."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pages import browser

from tellverify.cli.check_options import Flags
from tellverify.cli.live.live_check import LiveCheck
from tellverify.cli.live.live_server import LiveServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FrameLocator, Page

SHOP = """\
protocol Shop =
  roles Buyer, Seller, Courier
  choice Buyer at
    | Order =>
        Buyer -> Seller : Order
        Seller -> Courier : Pack
        Courier -> Buyer : Parcel
    | Leave =>
        Buyer -> Seller : Leave
"""
IDLE = "        Seller -> Courier : Idle\n"
HOSTILE = "protocol P =\n  roles A, B\n  A -> B : X\n-- </script><script>alert(1)</script>\n"
TOKEN = "t" * 43
CLIPPED = """() => {
  const found = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) found.push(`page ${root.scrollWidth}`);
  for (const one of document.querySelectorAll("body *")) {
    const box = one.getBoundingClientRect();
    if (!box.width || one.closest("iframe, noscript, option")) continue;
    const isOff = box.right > root.clientWidth + 1 || box.left < -1;
    if (isOff) found.push(`off ${one.tagName}${one.id}`);
    const hides = ["hidden", "clip"].includes(getComputedStyle(one).overflowX);
    if (hides && one.scrollWidth > one.clientWidth + 1) found.push(`cut ${one.id}`);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveServer]:
    (tmp_path / "order.tell").write_text(SHOP, encoding="utf-8")
    (tmp_path / "second.tell").write_text(HOSTILE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    live = LiveCheck(Flags(isolated=True), ("check",), may_write=True)
    server = LiveServer(live, TOKEN)
    threads = [threading.Thread(target=one) for one in (live.watch, server.serve_forever)]
    for thread in threads:
        thread.start()
    try:
        yield server
    finally:
        live.close()
        server.shutdown()
        server.server_close()
        for thread in threads:
            thread.join()


def opened(
    chrome: Browser, server: LiveServer, width: int = 1280, **look: str
) -> tuple[Page, list[str]]:
    """The page with its first report, and what the browser complains about or asks elsewhere."""
    context = chrome.new_context(viewport={"width": width, "height": 900}, **look)
    page = context.new_page()
    seen: list[str] = []
    page.on("console", lambda message: seen.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: seen.append(f"error: {error}"))
    page.on("dialog", lambda dialog: (seen.append(dialog.message), dialog.dismiss()))
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith(server.address) else seen.append(request.url)
        ),
    )
    page.goto(server.address)
    page.wait_for_selector("body[data-report='1']")
    return page, seen


def report_of(page: Page) -> FrameLocator:
    return page.frame_locator("iframe.front")


def test_an_edit_shows_its_verdict_and_is_saved(
    chrome: Browser, served: LiveServer, tmp_path: Path
) -> None:
    page, seen = opened(chrome, served)
    assert page.locator("#verdict").inner_text() == "does not hold"
    assert page.locator("#text").input_value() == SHOP
    assert page.locator("#failures li").count() == 1
    assert report_of(page).locator("h1").inner_text() == "Does not hold"
    page.locator("#text").fill(SHOP + IDLE)
    page.wait_for_selector("body[data-report='2']")
    assert page.locator("#verdict").inner_text() == "holds"
    assert page.locator("#count").inner_text() == "Nothing fails"
    assert report_of(page).locator("h1").inner_text() == "Holds"
    assert page.locator("iframe").count() == 1
    assert page.locator("#note").inner_text() == "Edited, not saved."
    page.locator("#save").click()
    page.wait_for_function(
        "() => document.querySelector('#note').textContent === 'As in the file.'"
    )
    assert (tmp_path / "order.tell").read_text(encoding="utf-8") == SHOP + IDLE
    assert seen == []
    page.context.close()


def test_a_change_of_the_file_is_followed_and_an_edited_text_is_kept(
    chrome: Browser, served: LiveServer, tmp_path: Path
) -> None:
    page, seen = opened(chrome, served)
    path = tmp_path / "order.tell"
    path.write_text(SHOP + IDLE, encoding="utf-8")
    page.wait_for_function("() => document.querySelector('#text').value.includes('Idle')")
    page.wait_for_function("() => document.querySelector('#verdict').textContent === 'holds'")
    page.locator("#text").fill(SHOP)
    page.wait_for_function("() => document.querySelector('#verdict').textContent !== 'holds'")
    path.write_text(SHOP + IDLE.replace("Idle", "Rest"), encoding="utf-8")
    page.wait_for_function("() => document.querySelector('#note').textContent.includes('changed')")
    assert page.locator("#text").input_value() == SHOP
    assert page.locator("#save").is_disabled()
    page.locator("#revert").click()
    page.wait_for_function("() => document.querySelector('#text').value.includes('Rest')")
    page.wait_for_function("() => document.querySelector('#verdict').textContent === 'holds'")
    assert seen == []
    page.context.close()


def test_a_failure_leads_to_its_line_and_its_run_by_keyboard(
    chrome: Browser, served: LiveServer
) -> None:
    page, _ = opened(chrome, served)
    page.locator("#files").focus()
    page.locator("#files").select_option("second.tell")
    page.wait_for_function("() => document.querySelector('#text').value.includes('roles A, B')")
    for _ in range(8):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.closest('#failures') !== null"):
            break
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.id === 'text'")
    chosen = """() => {
      const text = document.querySelector("#text");
      return text.value.slice(text.selectionStart, text.selectionEnd);
    }"""
    assert page.evaluate(chosen) == "        Seller -> Courier : Pack"
    case = report_of(page).locator(".case").first
    for _ in range(100):  # the report scrolls when it has been told of the line
        top = case.evaluate("(one) => one.getBoundingClientRect().top")
        if -50 <= top <= 300:
            break
        page.wait_for_timeout(100)
    assert -50 <= top <= 300
    page.context.close()


def test_the_place_of_the_reader_is_kept(chrome: Browser, served: LiveServer) -> None:
    page, _ = opened(chrome, served)
    report = report_of(page)
    report.locator(".explorer button[data-go=first]").click()
    summary = report.locator("summary", has_text="Files that were read")
    summary.click()
    report.locator("body").evaluate("() => scrollTo({ top: 333, behavior: 'instant' })")
    page.locator("#text").fill(SHOP.replace("Parcel", "Box"))
    page.wait_for_selector("body[data-report='2']")
    report = report_of(page)
    assert report.locator(".explorer").first.get_attribute("data-at") == "0"
    assert report.locator("details.provenance").evaluate("(one) => one.open") is True
    assert report.locator("body").evaluate("() => scrollY") == 333
    page.context.close()


def test_a_narrow_page_begins_with_its_verdict(chrome: Browser, served: LiveServer) -> None:
    page, _ = opened(chrome, served, 380)
    report_of(page).locator("h1").wait_for()
    assert page.evaluate("() => scrollY") == 0
    page.locator("#text").fill(SHOP.replace("Pack", "Parcels"))
    page.wait_for_selector("body[data-report='2']")
    assert page.evaluate("() => scrollY") == 0
    page.context.close()


@pytest.mark.parametrize("width", [380, 1280, 1920])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_clipped_or_off_the_screen(
    chrome: Browser, served: LiveServer, width: int, scheme: str
) -> None:
    page, seen = opened(chrome, served, width, color_scheme=scheme)
    assert page.evaluate(CLIPPED) == []
    page.locator("#fold").click()
    assert page.evaluate(CLIPPED) == []
    assert seen == []
    page.context.close()
