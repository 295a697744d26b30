"""Pages for the tests in a browser, and Chromium as Debian packages it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from tellverify.obligations.options import Options
from tellverify.report.html import write_html
from tellverify.verdict.run import Run
from tellverify.verification.drawings import with_drawings
from tellverify.verification.pipeline import check_paths, check_text

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[2]
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
)
COUNTEREXAMPLES = ("unknown_choice", "deadlock_of_three", "no_way_out", "unbounded_queue")
HOSTILE = "x" * 10_000 + "<script>alert(1)</script>\u202e\x00\x1b[31m\"'`&|"


def chromium() -> str:
    """The path of Chromium; skips the test when it is not installed."""
    given = os.environ.get("TELLVERIFY_CHROMIUM")
    names = ("chromium", "chromium-browser", "google-chrome")
    found = given or next(filter(None, map(shutil.which, names)), None)
    if not found:
        pytest.skip("Chromium is not installed: apt-get install -y chromium")
    return found


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless Chromium with a fresh profile; skips when it or its driver is missing."""
    driver = pytest.importorskip("playwright.sync_api", reason="pip install '.[browser]'")
    path = chromium()
    with driver.sync_playwright() as running:
        started = running.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        try:
            yield started
        finally:
            started.close()


def run_of(name: str) -> tuple[Run, str]:
    """A run over a committed counterexample, and its page."""
    checked = check_paths([str(ROOT / "counterexamples" / f"{name}.tell")], Options(draw=True))
    run = with_drawings(checked.run, checked.graphs)
    return run, write_html(run, checked.sources)


def golden_page() -> str:
    """The committed page of the golden run."""
    return (ROOT / "tests" / "golden" / "expected" / "run.html").read_text(encoding="utf-8")


def specs_page() -> str:
    """A page with many protocols and pictures and nothing refuted."""
    names = ("consensus", "ota_activation", "guardian_ceremony", "recovery_protocol")
    paths = [str(ROOT / "specs" / f"{name}.tell") for name in names]
    checked = check_paths(paths, Options(draw=True))
    return write_html(with_drawings(checked.run, checked.graphs), checked.sources)


def hostile_page() -> str:
    """A page in which every name that a file could choose is hostile."""
    text = (ROOT / "counterexamples" / "unknown_choice.tell").read_text(encoding="utf-8")
    checked = check_text(text, Options(draw=True), "odd.tell")
    run = _renamed(with_drawings(checked.run, checked.graphs))
    assert isinstance(run, Run)
    return write_html(msgspec.structs.replace(run, exit_reason=HOSTILE), checked.sources)


def _renamed(value: object) -> object:
    """`value` with hostile names for the protocol, two of its roles and a label."""
    if isinstance(value, str) and not isinstance(value, StrEnum):
        for name in ("UnknownChoice", "Buyer", "Courier", "Invoice"):
            value = value.replace(name, name + HOSTILE)
        return value
    if isinstance(value, tuple):
        return tuple(map(_renamed, value))
    if isinstance(value, msgspec.Struct):
        fields = {name: _renamed(getattr(value, name)) for name in value.__struct_fields__}
        return type(value)(**fields)
    return value
