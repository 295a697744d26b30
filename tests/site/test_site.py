"""The site of docs/: it is built without a warning, and its pages load nothing from elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mkdocs", reason="needs the extra `docs`")
pytest.importorskip("material", reason="needs the extra `docs`")

ROOT = Path(__file__).resolve().parents[2]
_LOADS = re.compile(r"<(?:script|img|iframe|link)\b[^>]*?(?:src|href)=\"(?:https?:)?//[^\"]+\"")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(place)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return place


def test_every_page_is_in_the_site(site: Path) -> None:
    for page in (ROOT / "docs").rglob("*.md"):
        assert (site / page.relative_to(ROOT / "docs").with_suffix(".html")).exists(), page
    explain = ROOT / "src" / "tellverify" / "diagnostics" / "explain"
    codes = sorted(page.stem for page in explain.glob("TV*.md"))
    assert len(codes) > 200
    assert all((site / "explain" / f"{code}.html").exists() for code in codes)


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 200
    for page in pages:
        text = page.read_text("utf-8")
        assert [match for match in _LOADS.findall(text) if "canonical" not in match] == [], page


def test_every_code_of_the_table_has_its_page(site: Path) -> None:
    linked = re.findall(r'href="(explain/TV\d+\.html)"', (site / "codes.html").read_text("utf-8"))
    assert len(linked) > 200
    assert all((site / one).exists() for one in linked)


def test_the_contents_of_a_page_leave_room_for_transcripts(site: Path) -> None:
    """The headings of a page stand in the navigation, so that lines of 100 cells fit."""
    text = (site / "tutorial.html").read_text("utf-8")
    assert 'data-md-type="toc"' not in text
    assert text.count('href="#2-first-mistake-somebody-is-not-informed" class="md-nav__link"') == 1
