"""The page of many protocols: its first screen, and what its controls do."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec
import pytest
from pages import ROOT, browser, run_of

from tellverify.model.semantics import System
from tellverify.obligations.machines import Machines
from tellverify.obligations.options import Options
from tellverify.report.html import write_html
from tellverify.verdict.revision import Revision
from tellverify.verification.drawings import with_drawings
from tellverify.verification.pipeline import check_paths

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, ViewportSize

COUNT = 300
WIDTHS = (380, 1280, 1920)


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of 300 protocols that hold and one that does not."""
    folder = tmp_path_factory.mktemp("many")
    specs = sorted((ROOT / "specs").glob("*.tell"))
    for number in range(COUNT):
        spec = specs[number % len(specs)]
        text = spec.read_text("utf-8").replace("\nmodule ", f"\nmodule m{number}_")
        text = text.replace("module ", f"module m{number}_", 1) if "module m" not in text else text
        place = folder / f"service{number // 25:02d}" / spec.name
        place.parent.mkdir(exist_ok=True)
        place.write_text(text, encoding="utf-8")
    broken = (ROOT / "counterexamples" / "stuck_after_stop.tell").read_text("utf-8")
    broken = "\n".join(line for line in broken.split("\n") if "tell: expect" not in line)
    (folder / "service05" / "broken.tell").write_text(broken, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        checked = check_paths(["."], Options(draw=True))
    page = folder / "report.html"
    run = with_drawings(checked.run, checked.graphs)
    run = msgspec.structs.replace(run, revision=Revision("c0ffee", "topic", "ba5e"))
    page.write_text(write_html(run, checked.sources), encoding="utf-8")
    return page


def _opened(
    chrome: Browser,
    path: Path,
    width: int = 1280,
    height: int = 800,
    scheme: Literal["light", "dark"] = "light",
) -> Page:
    size: ViewportSize = {"width": width, "height": height}
    page = chrome.new_context(viewport=size, color_scheme=scheme).new_page()
    page.goto(path.as_uri())
    return page


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_first_screen_shows_what_is_broken(
    chrome: Browser, many: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    assert many.stat().st_size < 1_500_000
    page = _opened(chrome, many, width, scheme=scheme)
    cells = page.locator("#failures td")
    for place in (
        page.locator(".revision", has_text="ba5e"),
        cells.filter(has_text="service05/broken.tell").first,
        cells.locator("a", has_text="StuckAfterStop").first,
        cells.locator("div", has_text="Run:").first,
    ):
        box = place.bounding_box()
        assert box is not None
        assert box["x"] >= 0 and box["x"] + box["width"] <= width
        assert box["y"] >= 0 and box["y"] + box["height"] <= 800
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_folded_it_is_few_screens_high(chrome: Browser, many: Path, width: int) -> None:
    page = _opened(chrome, many, width)
    assert page.locator("details.protocol").count() == COUNT + 1
    assert page.locator("details.protocol:visible").count() == 1
    page.evaluate("() => document.querySelectorAll('details').forEach((d) => (d.open = false))")
    assert page.evaluate("document.documentElement.scrollHeight") < 10 * 800
    page.context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_row_is_a_line_that_keeps_the_name_of_its_protocol(
    chrome: Browser, many: Path, width: int
) -> None:
    page = _opened(chrome, many, width)
    page.evaluate("() => document.querySelectorAll('.group').forEach((d) => (d.open = true))")
    page.evaluate("() => document.querySelectorAll('.protocol').forEach((d) => (d.open = false))")
    heights = page.evaluate(
        "() => [...document.querySelectorAll('.protocol > summary')].map((one) => one.offsetHeight)"
    )
    assert len(heights) == COUNT + 1
    assert max(heights) < (30 if width < 600 else 50)
    names = page.evaluate(
        "() => [...document.querySelectorAll('.protocol > summary > code > .name')]"
        ".filter((one) => one.scrollWidth > one.clientWidth && one.clientWidth > 0)"
        ".map((one) => one.textContent)"
    )
    assert names == []
    page.context.close()


@pytest.mark.parametrize("width", [1280, 1920])
def test_the_places_of_all_rows_are_a_column(chrome: Browser, tmp_path: Path, width: int) -> None:
    names = ("infidelity", "late_reader", "mixed_choice", "not_mergeable", "unbounded_queue")
    paths = [str(ROOT / "counterexamples" / f"{one}.tell") for one in names]
    checked = check_paths(paths, Options())
    path = tmp_path / "report.html"
    path.write_text(write_html(checked.run, checked.sources), encoding="utf-8")
    page = _opened(chrome, path, width)
    counts = {len(one.locator("> span").all()) for one in page.locator(".chips").all()}
    assert len(counts) > 1
    begins = page.evaluate(
        "() => [...document.querySelectorAll('.protocol > summary > .at')]"
        ".map((one) => Math.round(one.getBoundingClientRect().left))"
    )
    assert len(begins) == len(names)
    assert len(set(begins)) == 1
    page.context.close()


def test_many_that_pass_are_groups_by_folder(chrome: Browser, many: Path) -> None:
    page = _opened(chrome, many)
    groups = page.locator("#protocols > details.group")
    assert groups.count() == 1
    assert groups.locator("> summary").inner_text() == f"passing {COUNT} protocols: {COUNT} proved"
    groups.locator("> summary").click()
    folders = groups.locator("> details.group > summary")
    assert folders.all_inner_texts() == [f"service{at:02d}/ 25 protocols" for at in range(12)]
    page.context.close()


def test_a_link_leads_into_a_folded_group(chrome: Browser, many: Path) -> None:
    page = _opened(chrome, many)
    anchor = page.locator("details.protocol").last.get_attribute("id")
    page.evaluate("(name) => (location.hash = name)", anchor)
    page.locator(f"#{anchor} > summary").wait_for(state="visible")
    page.context.close()


def test_search_and_filter_hide_rows(chrome: Browser, many: Path) -> None:
    page = _opened(chrome, many)
    rows = page.locator("details.protocol:visible")
    page.locator(".filter input").fill("service05/")
    assert rows.count() == 26
    assert "25 of 300 protocols" in page.locator("#protocols > details.group").inner_text()
    page.locator(".filter button[data-status=refuted]").click()
    assert rows.count() >= 1
    assert "broken.tell" in rows.first.inner_text()
    page.locator(".filter button[data-status=refuted]").click()
    page.locator(".filter input").fill("no such protocol")
    assert rows.count() == 0
    assert page.locator(".shown").inner_text() == f"0 of {COUNT + 1}"
    assert page.locator("details.group:visible").count() == 0
    page.locator(".filter input").fill("")
    assert page.locator("details.group:visible").count() == 1
    assert rows.count() == 1
    page.context.close()


def test_a_link_opens_at_its_step(chrome: Browser, many: Path, tmp_path: Path) -> None:
    page = _opened(chrome, many)
    case = page.locator("details.protocol .case").first.get_attribute("id")
    page.context.close()
    page = chrome.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.goto(f"{many.as_uri()}#{case}@1")
    explorer = page.locator(f"#{case} .explorer")
    assert explorer.get_attribute("data-at") == "1"
    assert explorer.locator(".link").get_attribute("href") == f"#{case}@1"
    page.context.close()


@pytest.mark.parametrize("name", ["mixed_choice", "deadlock_of_three", "late_reader"])
def test_the_stepper_has_the_events_of_the_reference_semantics(
    chrome: Browser, tmp_path: Path, name: str
) -> None:
    """Random walks: the buttons are exactly the enabled steps, up to the end of the walk."""
    path = tmp_path / "report.html"
    path.write_text(run_of(name)[1], encoding="utf-8")
    checked = check_paths([str(ROOT / "counterexamples" / f"{name}.tell")], Options(draw=True))
    (protocol,) = checked.run.protocols
    graph = checked.graphs[(protocol.path, protocol.name)][""]
    system = System(tuple(Machines(graph).all()))
    page = _opened(chrome, path)
    page.locator("details.playing > summary").first.click()
    player = page.locator(".player").first
    rng = random.Random(name)
    for _ in range(3):
        player.get_by_role("button", name="Start again").click()
        configuration = system.initial
        for number in range(8):
            steps = {
                f"{one.actor} {'sends' if one.send else 'takes'} {one.label}"
                f" {'to' if one.send else 'from'} {one.receiver if one.send else one.sender}": one
                for one, _ in system.enabled(configuration)
            }
            shown = player.locator(".choices button").all_inner_texts()
            assert sorted(shown) == sorted(steps), number
            if not steps:
                assert player.locator(".now").inner_text() != ""
                break
            word = rng.choice(sorted(steps))
            player.get_by_role("button", name=word, exact=True).click()
            after = system.after(configuration, steps[word])
            assert after is not None
            configuration = after
            assert player.get_attribute("data-events") == str(number + 1)
    player.locator("input[type=checkbox]").check()
    player.get_by_role("button", name="Start again").click()
    assert player.locator(".choices .faulty").count() > 0
    page.context.close()


def test_pictures_are_zoomed(chrome: Browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(run_of("deadlock_of_three")[1], encoding="utf-8")
    page = _opened(chrome, path)
    page.evaluate("() => document.querySelectorAll('details').forEach((d) => (d.open = true))")
    picture = page.locator(".picture").first
    before = picture.locator("svg").first.bounding_box()
    picture.get_by_role("button", name="Larger").click()
    after = picture.locator("svg").first.bounding_box()
    assert before is not None and after is not None
    assert after["width"] > before["width"] * 1.2
    page.context.close()
