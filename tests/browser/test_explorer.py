"""The HTML report in a real browser: steps, looks, reach, and nothing that leaves the page."""

from __future__ import annotations

import base64
import random
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pages import (
    COUNTEREXAMPLES,
    browser,
    golden_page,
    hostile_page,
    run_of,
    specs_page,
)

from tellverify.model.fault import Fault
from tellverify.model.machine import Machine
from tellverify.model.semantics import System
from tellverify.model.site import Site
from tellverify.model.step import Step
from tellverify.model.trace import Trace, Waiting
from tellverify.obligations.machines import Machines
from tellverify.obligations.options import Options
from tellverify.report.drawing.sequence import participants
from tellverify.report.drawing.svg_chart import draw_chart
from tellverify.report.drawing.svg_graph import draw_graph
from tellverify.report.drawing.svg_style import RULES
from tellverify.verdict.drawing import Drawing, Move
from tellverify.verdict.outcome import Refuted
from tellverify.verification.pipeline import check_paths

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[2]
PAGES: dict[str, Callable[[], str]] = {
    "golden": golden_page,
    "specs": specs_page,
    "hostile": hostile_page,
    "deadlock_of_three": lambda: run_of("deadlock_of_three")[1],
    "unbounded_queue": lambda: run_of("unbounded_queue")[1],
}

# Texts that a box without scroll bars cuts off, and pages that scroll sideways.
CUT_OFF = """() => {
  const found = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) found.push(`page ${root.scrollWidth}`);
  for (const one of document.querySelectorAll("body *")) {
    if (one.closest("svg") || one.closest(".sr") || one.closest(".skip")) continue;
    const style = getComputedStyle(one);
    const hides = ["hidden", "clip"].includes(style.overflowX);
    const ellipsis = style.textOverflow === "ellipsis";
    if ((hides || ellipsis) && one.scrollWidth > one.clientWidth + 1)
      found.push(`${one.className} ${one.textContent.slice(0, 40)}`);
    const hidesDown = ["hidden", "clip"].includes(style.overflowY);
    if (hidesDown && one.scrollHeight > one.clientHeight + 1)
      found.push(`down ${one.className} ${one.textContent.slice(0, 40)}`);
  }
  return found;
}"""

# Texts of pictures that overlap each other or leave the picture.
HEAD = '<meta charset="utf-8">'
PICTURES = """() => {
  const found = [];
  for (const picture of document.querySelectorAll("svg.pic")) {
    const box = picture.viewBox.baseVal;
    const texts = [...picture.querySelectorAll("text")].filter((t) => t.textContent.trim());
    const boxes = texts.map((text) => {
      const inner = text.getBBox();
      const moved = text.getCTM().multiply(picture.getCTM().inverse());
      return { x: inner.x + moved.e, y: inner.y + moved.f, w: inner.width, h: inner.height,
               t: text.textContent };
    }).sort((a, b) => a.y - b.y);
    for (const [index, one] of boxes.entries()) {
      if (one.x < -0.5 || one.y < -0.5 || one.x + one.w > box.width + 0.5 ||
          one.y + one.h > box.height + 0.5) found.push(`outside: ${one.t}`);
      for (const other of boxes.slice(index + 1)) {
        if (other.y >= one.y + one.h - 3) break;
        const aside = Math.min(one.x + one.w, other.x + other.w) - Math.max(one.x, other.x);
        const down = Math.min(one.y + one.h, other.y + other.h) - Math.max(one.y, other.y);
        if (aside > 1 && down > 3) found.push(`overlap: ${one.t} / ${other.t}`);
      }
    }
  }
  return found;
}"""

# Texts whose contrast with their background is below the 4.5 of WCAG 2.2 AA.
CONTRAST = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const part = (c) => ((c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] > 0.99) return color;
    }
    return [255, 255, 255];
  };
  const found = new Set();
  for (const one of document.querySelectorAll("body *")) {
    if (one.closest("svg") || one.disabled || !one.checkVisibility()) continue;
    const own = [...one.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || one.tagName === "SCRIPT") continue;
    const [a, b] = [light(parse(getComputedStyle(one).color)), light(behind(one))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.add(`${one.tagName}.${one.className} ${ratio.toFixed(2)}`);
  }
  return [...found];
}"""

COLOURS = """async (url) => {
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) || 0) + 1);
  return [counts.size, Math.max(...counts.values()) / pixels.length];
}"""


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def opened(
    chrome: Browser,
    folder: Path,
    text: str,
    *,
    scripts: bool = True,
    width: int = 1400,
    **look: str,
) -> tuple[Page, list[str]]:
    """The page and a list that collects every request and every complaint of the browser."""
    path = folder / "report.html"
    path.write_text(text, encoding="utf-8")
    context = chrome.new_context(
        viewport={"width": width, "height": 1000}, java_script_enabled=scripts, **look
    )
    page = context.new_page()
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    page.on("console", lambda message: seen.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: seen.append(f"error: {error}"))
    page.on("dialog", lambda dialog: (seen.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.goto(path.as_uri())
    if scripts:  # what is folded has no size
        page.evaluate("() => document.querySelectorAll('details').forEach((d) => (d.open = true))")
    return page, seen


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_cut_off_nothing_overlaps_and_nothing_leaves(
    chrome: Browser, folder: Path, name: str
) -> None:
    text = PAGES[name]()
    for width in (1400, 390):
        page, seen = opened(chrome, folder, text, width=width)
        assert page.evaluate(CUT_OFF) == [], f"at {width}"
        assert page.evaluate(PICTURES) == [], f"at {width}"
        assert seen == [(folder / "report.html").as_uri()]
        page.context.close()


def test_the_page_may_not_reach_the_network(chrome: Browser, folder: Path) -> None:
    """Even a script that got into it: a server counts who comes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)
        place = f"http://127.0.0.1:{server.getsockname()[1]}/"
        page, seen = opened(chrome, folder, golden_page())
        sent = "(url) => fetch(url, {mode: 'no-cors'}).then(() => 'sent', () => 'blocked')"
        assert page.evaluate(sent, place) == "blocked"
        image = """(url) => new Promise((done) => {
          const made = new Image();
          made.onerror = () => done("blocked");
          made.onload = () => done("loaded");
          made.src = url + "a.png";
        })"""
        assert page.evaluate(image, place) == "blocked"
        assert any("Content Security Policy" in one for one in seen)
        with pytest.raises(TimeoutError):
            server.accept()


def _runs(name: str) -> list[tuple[Trace, tuple[Machine, ...], tuple[str, ...]]]:
    """The traces of a counterexample in the order of the page, with the machines they are of."""
    path = str(ROOT / "counterexamples" / f"{name}.tell")
    checked = check_paths([path], Options(draw=True))
    found: dict[Trace, tuple[bool, tuple[Machine, ...], tuple[str, ...]]] = {}
    for protocol in checked.run.protocols:
        graphs = checked.graphs[(protocol.path, protocol.name)]
        for verdict in protocol.verdicts:
            outcome = verdict.outcome
            if isinstance(outcome, Refuted) and isinstance(outcome.evidence, Trace):
                machines = tuple(Machines(graphs[outcome.instance]).all())
                row = (verdict.required, machines, protocol.roles)
                before = found.setdefault(outcome.evidence, row)
                found[outcome.evidence] = (before[0] or verdict.required, *before[1:])
    ordered = sorted(found.items(), key=lambda one: not one[1][0])
    return [(trace, machines, roles) for trace, (_, machines, roles) in ordered]


@pytest.mark.parametrize("name", COUNTEREXAMPLES)
def test_every_step_by_keyboard_shows_what_the_reference_semantics_says(
    chrome: Browser, folder: Path, name: str
) -> None:
    runs = _runs(name)
    page, _ = opened(chrome, folder, run_of(name)[1])
    explorers = page.locator(".explorer")
    assert explorers.count() == len(runs) > 0
    for index, (trace, machines, roles) in enumerate(runs):
        explorer = explorers.nth(index)
        explorer.focus()
        assert explorer.get_attribute("data-at") == str(len(trace.steps))
        page.keyboard.press("Home")
        system = System(machines)
        configuration = system.initial
        columns = participants(trace, roles, 8)
        for number in range(len(trace.steps) + 1):
            if number:
                page.keyboard.press("ArrowRight")
                step = trace.steps[number - 1]
                after = system.after(configuration, step)
                assert after is not None
                configuration = after
                verb = "sends" if step.send else "takes"
                now = explorer.locator(".now").inner_text()
                assert now.startswith(f"Step {number} of {len(trace.steps)}"), now
                assert f"{step.actor} {verb} {step.label}" in now
            assert explorer.get_attribute("data-at") == str(number)
            cards = explorer.locator(".card")
            assert cards.count() == len(columns) + 1
            for place, role in enumerate(columns):
                words = cards.nth(place).inner_text()
                assert role in words
                state = configuration.states[system.index[role]]
                assert f"state {state}" in words, (number, role, words)
                acted = number > 0 and trace.steps[number - 1].actor == role
                assert ("changed" in (cards.nth(place).get_attribute("class") or "")) is acted
            queues = cards.nth(len(columns))
            labels = [label for _, queue in configuration.queues for label in queue]
            assert queues.locator(".msg").all_inner_texts() == labels
            here = explorer.locator(".listing .here")
            lines = [one.get_attribute("data-line") for one in here.all()]
            assert lines == ([str(trace.steps[number - 1].site.line)] if number else [])
            assert explorer.locator("tr.current").count() == 1
            assert explorer.locator(".row.current").count() == (1 if number else 0)
        page.keyboard.press("ArrowRight")
        assert explorer.get_attribute("data-at") == str(len(trace.steps))
        page.keyboard.press("ArrowLeft")
        assert explorer.get_attribute("data-at") == str(len(trace.steps) - 1)
        page.keyboard.press("End")
        assert explorer.get_attribute("data-at") == str(len(trace.steps))


def test_buttons_and_slider_step_too(chrome: Browser, folder: Path) -> None:
    page, _ = opened(chrome, folder, run_of("deadlock_of_three")[1])
    explorer = page.locator(".explorer").first
    steps = explorer.get_attribute("data-at")
    go = {
        name: explorer.locator(f"[data-go={name}]") for name in ("first", "back", "forward", "last")
    }
    assert go["forward"].is_disabled() and go["last"].is_disabled()
    go["first"].click()
    assert explorer.get_attribute("data-at") == "0"
    assert go["back"].is_disabled()
    go["forward"].click()
    assert explorer.get_attribute("data-at") == "1"
    go["last"].click()
    assert explorer.get_attribute("data-at") == steps
    go["back"].click()
    explorer.locator("input[type=range]").fill("2")
    assert explorer.get_attribute("data-at") == "2"
    explorer.locator("tr[data-step='1']").click()
    assert explorer.get_attribute("data-at") == "1"


def test_without_scripts_everything_can_be_read(chrome: Browser, folder: Path) -> None:
    page, _ = opened(chrome, folder, run_of("unknown_choice")[1], scripts=False)
    explorer = page.locator(".explorer").first
    assert not explorer.locator(".controls").is_visible()
    assert explorer.locator(".steps").is_visible()
    assert explorer.locator("tr[data-step]").count() == 3
    assert explorer.locator("svg.pic").is_visible()
    assert explorer.locator(".listing").is_visible()
    for heading in ("What fails", "Protocols", "Assumptions", "Words and semantics"):
        assert page.get_by_role("heading", name=heading).is_visible()
    assert not page.locator(".filter").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_from_their_background(chrome: Browser, folder: Path, scheme: str) -> None:
    for text in (golden_page(), run_of("deadlock_of_three")[1]):
        page, _ = opened(chrome, folder, text, color_scheme=scheme)
        assert page.evaluate(CONTRAST) == []
        page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_screenshot_is_not_empty(chrome: Browser, folder: Path, scheme: str) -> None:
    page, _ = opened(chrome, folder, run_of("deadlock_of_three")[1], color_scheme=scheme)
    page.locator(".case").first.scroll_into_view_if_needed()
    shot = page.locator(".explorer").first.screenshot()
    url = "data:image/png;base64," + base64.b64encode(shot).decode()
    blank = chrome.new_page()
    colours, most = blank.evaluate(COLOURS, url)
    assert colours > 40
    assert most < 0.97


def test_it_prints(chrome: Browser, folder: Path) -> None:
    page, _ = opened(chrome, folder, run_of("deadlock_of_three")[1])
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    assert not page.locator(".controls").first.is_visible()
    assert page.locator(".steps").first.is_visible()
    printed = page.pdf(format="A4")
    assert printed.startswith(b"%PDF") and printed.count(b"/Type /Page\n") >= 4


def test_roles_labels_and_focus(chrome: Browser, folder: Path) -> None:
    page, _ = opened(chrome, folder, golden_page())
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("button, input, [role], svg.pic, nav")]
             .filter((one) => !(one.getAttribute("aria-label") || one.textContent.trim()))
             .map((one) => one.outerHTML.slice(0, 80))"""
    )
    assert unnamed == []
    ids = page.evaluate("() => [...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))
    links = page.evaluate(
        """() => [...document.querySelectorAll("a[href^='#']")]
             .filter((one) => !document.getElementById(one.hash.slice(1).split("@")[0])).length"""
    )
    assert links == 0
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.className") == "skip"
    page.locator(".explorer").first.focus()
    page.keyboard.press("ArrowLeft")
    outline = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def _random_trace(rng: random.Random) -> Trace:
    """A run of made-up roles: sends, and receives of what is queued."""
    names = [f"{rng.choice(['A', 'Coordinator', 'Role_of_some_length'])}{n}" for n in range(9)]
    roles = names[: rng.randint(2, 9)]
    queues: dict[tuple[str, str], list[str]] = {}
    steps = []
    for number in range(rng.randint(1, 60)):
        full = [channel for channel, queue in queues.items() if queue]
        if full and rng.random() < 0.5:
            sender, receiver = rng.choice(full)
            label = queues[(sender, receiver)].pop(0)
            steps.append(Step(False, sender, receiver, label))
        else:
            sender, receiver = rng.sample(roles, 2)
            label = f"{rng.choice(['M', 'Message', 'A_message_with_a_long_name'])}{number}"
            queues.setdefault((sender, receiver), []).append(label)
            site = Site(path="some/where.tell", line=number + 1, branch=rng.choice(["", "left"]))
            steps.append(Step(True, sender, receiver, label, site))
    left = tuple((*channel, tuple(queue)) for channel, queue in queues.items() if queue)
    awaits = tuple((role, "Answer") for role in roles)
    waiting = tuple(
        Waiting(role, rng.random() < 0.5, awaits[: rng.randint(0, 3)]) for role in roles
    )
    loop = rng.choice([-1, 0, len(steps) // 2])
    return Trace(Fault.STUCK_ROLE, tuple(steps), (roles[0],), "", True, loop, left, waiting)


def _random_graph(rng: random.Random) -> Drawing:
    states = rng.randint(1, 18)
    moves = [
        Move(rng.randrange(state), state, "Sender", "Receiver", f"label{state}")
        for state in range(1, states)
    ]
    for number in range(rng.randint(0, states)):
        ends = rng.randrange(states), rng.randrange(states)
        moves.append(Move(*ends, "A", "B", rng.choice(["m", "a_long_label", "漢字"]) + str(number)))
    return Drawing((), states, (states - 1,), tuple(moves))


def test_random_charts_and_graphs_keep_their_texts_apart(chrome: Browser, folder: Path) -> None:
    pictures = []
    for seed in range(60):
        rng = random.Random(seed)
        trace = _random_trace(rng)
        chart = draw_chart(trace, (), f"chart {seed}", places=seed % 2 == 0)
        assert chart is not None
        pictures += [chart, draw_graph(_random_graph(rng), f"graph {seed}")]
    page, _ = opened(chrome, folder, f"{HEAD}<style>{RULES}</style>{''.join(pictures)}")
    assert page.evaluate(PICTURES) == []
    assert page.locator("svg.pic text").count() > 2_000
    page.evaluate(
        """() => {
          const text = document.querySelectorAll("svg.pic")[3].querySelector("g > g > text");
          text.parentNode.append(text.cloneNode(true));
        }"""
    )
    assert len(page.evaluate(PICTURES)) == 1  # the measure does find an overlap


@pytest.mark.parametrize("name", ["golden", "deadlock_of_three"])
def test_a_printed_page_is_no_wider_than_the_paper(
    chrome: Browser, folder: Path, name: str
) -> None:
    """A4 without its margins has 680 pixels."""
    page, _ = opened(chrome, folder, PAGES[name](), width=680)
    page.emulate_media(media="print")
    wide = """() => [...document.querySelectorAll("body *")]
      .filter((one) => !one.closest("svg") && one.getBoundingClientRect().right > 681)
      .map((one) => `${one.tagName}.${one.className}`)"""
    assert page.evaluate(wide) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 680
    page.context.close()
