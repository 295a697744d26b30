"""The page of many refuted protocols: what it may weigh, and what it must not leave out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tellverify.model.trace import Trace
from tellverify.obligations.options import Options
from tellverify.report.html import write_html
from tellverify.verdict.outcome import Refuted
from tellverify.verdict.run import Run
from tellverify.verification.drawings import with_drawings
from tellverify.verification.pipeline import check_paths

COUNTEREXAMPLES = Path(__file__).parents[3] / "counterexamples"
COUNT = 300


@pytest.fixture(scope="module")
def refuted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, str]:
    """A run over 300 refuted protocols of every kind, and its page."""
    folder = tmp_path_factory.mktemp("refuted")
    samples = sorted(COUNTEREXAMPLES.glob("*.tell"))
    for number in range(COUNT):
        sample = samples[number % len(samples)]
        lines = sample.read_text(encoding="utf-8").split("\n")
        text = "\n".join(line for line in lines if "tell: expect" not in line)
        text = re.sub(r"^module ", f"module m{number}_", text, count=1, flags=re.MULTILINE)
        place = folder / f"service{number // 25:02d}" / f"{sample.stem}_{number}.tell"
        place.parent.mkdir(exist_ok=True)
        place.write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        checked = check_paths(["."], Options(draw=True))
    run = with_drawings(checked.run, checked.graphs)
    return run, write_html(run, checked.sources)


def test_a_page_of_300_refuted_protocols_is_light(refuted: tuple[Run, str]) -> None:
    run, page = refuted
    assert len(run.protocols) >= COUNT
    assert len(page.encode()) < 1_500_000


def test_every_protocol_that_a_run_refutes_shows_one(refuted: tuple[Run, str]) -> None:
    """As an explorer while there is room, as a list of steps behind that."""
    run, page = refuted
    rows = re.split(r'<details class="protocol" ', page)[1:]
    shown = {
        match[1] for row in rows if (match := re.search(r'class="(explorer|run)"', row)) is not None
    }
    assert shown == {"explorer", "run"}
    with_run = [row for row in rows if 'class="explorer"' in row or 'class="run"' in row]
    refuted_by_runs = [
        protocol
        for protocol in run.protocols
        if any(
            isinstance(verdict.outcome, Refuted) and isinstance(verdict.outcome.evidence, Trace)
            for verdict in protocol.verdicts
        )
    ]
    assert len(with_run) == len(refuted_by_runs)


def test_no_article_says_a_sentence_twice(refuted: tuple[Run, str]) -> None:
    _, page = refuted
    lists = re.findall(r'<ul class="notes">(.*?)</ul>', page)
    assert lists
    for notes in lists:
        points = notes.split("</li>")
        assert len(points) == len(set(points))
