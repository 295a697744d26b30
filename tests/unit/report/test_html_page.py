"""The page as text; tests/browser opens it in a browser."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from jinja2 import UndefinedError
from report_samples import RUN, SOURCES

from tellverify.model.semantics import System
from tellverify.model.trace import Trace
from tellverify.obligations.machines import Machines
from tellverify.obligations.options import Options
from tellverify.report.drawing.configurations import scenes
from tellverify.report.grouping import totals
from tellverify.report.html import shell, write_html
from tellverify.report.tags import Html, element, escaped, exact, href, prose
from tellverify.verdict.identity import SubjectKind
from tellverify.verdict.outcome import Refuted
from tellverify.verdict.run import Run
from tellverify.verification.drawings import with_drawings
from tellverify.verification.pipeline import check_paths, check_text

ROOT = Path(__file__).resolve().parents[3]
_VOID = {"meta", "br", "input", "hr", "link", "col"}


class _Checker(HTMLParser):
    """Collects tags and attributes, and notices elements that are not closed in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.handlers: list[str] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in _VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in ("href", "src", "srcset", "action", "data", "xlink:href"):
                self.links.append(value or "")
            if name.startswith("on") or name == "style":
                self.handlers.append(name)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)


def _parsed(page: str) -> _Checker:
    checker = _Checker()
    checker.feed(page)
    checker.close()
    return checker


def test_the_page_is_whole_and_loads_nothing() -> None:
    page = write_html(RUN, SOURCES)
    found = _parsed(page)
    assert not found.faults and not found.open
    assert not found.handlers
    assert not {"iframe", "object", "embed", "base", "link", "img", "form"} & set(found.tags)
    assert all(not re.match(r"(?i)[a-z][a-z0-9+.-]*:|//", link) for link in found.links)
    assert "default-src &#39;none&#39;" in page


def test_the_page_says_what_the_run_says() -> None:
    page = write_html(RUN, SOURCES)
    for word, count in totals(RUN).items():
        assert re.search(rf"<b>{count}</b><span class=\"chip {word}\">", page), word
    assert f"Exit {RUN.exit_code}: {RUN.exit_reason}." in page
    assert "waits for <code>Dispatch</code>" in page
    for title in ("What fails", "Protocols", "Assumptions", "Words and semantics"):
        assert f"{title}</h2>" in page


def test_without_sources_the_page_says_so() -> None:
    page = write_html(RUN, {})
    assert "The text is not available" in page


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("evidence/a b.json", "evidence/a%20b.json"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29"),
        ("//host/x", "/host/x"),
        ("\\\\host\\x", "/host/x"),
        ('"><script>', "%22%3E%3Cscript%3E"),
    ],
)
def test_links_lead_to_files_only(path: str, wanted: str) -> None:
    assert href(path) == wanted


def test_markup_is_made_of_escaped_text_alone() -> None:
    assert element("a", escaped("<b> & c"), title='"<') == (
        '<a title="&quot;&lt;">&lt;b&gt; &amp; c</a>'
    )
    assert prose("say `a<b` now ") == "say <code>a&lt;b</code> now "
    assert exact("  a\u202eb") == "  a\\u{202e}b"
    assert element("br") == "<br>"
    assert element("input", disabled=True, hidden=False, max=3) == '<input disabled max="3">'


def test_scenes_are_what_the_reference_semantics_says() -> None:
    """States and queues of every scene, for every run of all counterexamples."""
    checked = check_paths([str(ROOT / "counterexamples")], Options(draw=True))
    run = with_drawings(checked.run, checked.graphs)
    seen = 0
    for protocol in run.protocols:
        for verdict in protocol.verdicts:
            outcome = verdict.outcome
            if not isinstance(outcome, Refuted) or not isinstance(outcome.evidence, Trace):
                continue
            trace = outcome.evidence
            if protocol.presumed:
                continue  # with timers: tests/cli/test_timeouts.py
            graph = checked.graphs[(protocol.path, protocol.name)][outcome.instance]
            system = System(Machines(graph).all())
            configuration = system.initial
            for scene in scenes(trace, graph.roles, protocol.drawings):
                if scene.step is not None:
                    after = system.after(configuration, scene.step)
                    assert after is not None
                    configuration = after
                states = [configuration.states[system.index[role]] for role in graph.roles]
                assert [cell.state for cell in scene.cells] == states
                assert {(s, r): labels for s, r, labels in scene.queues} == dict(
                    configuration.queues
                )
                changed = [r for r, c in zip(graph.roles, scene.cells, strict=True) if c.changed]
                assert changed == ([scene.step.actor] if scene.step is not None else [])
                seen += 1
    assert seen > 100


def test_text_in_a_template_is_escaped_and_markup_stands_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = '<p class="{{ word }}">{{ word }}{{ part }}{{ number }}</p>'
    monkeypatch.setattr(shell, "_source", lambda name: source)
    shown = shell.rendered("any", {"part": Html("<b></b>")}, word="<i>\x1b\"'", number=3)
    assert shown == '<p class="&lt;i&gt;\\u{1b}&quot;&#39;">&lt;i&gt;\\u{1b}&quot;&#39;<b></b>3</p>'
    with pytest.raises(UndefinedError):
        shell.rendered("any", {}, word="a", number=3)


def _passing() -> Run:
    """The run over one protocol that holds."""
    return check_paths([str(ROOT / "specs" / "ota_activation.tell")], Options()).run


def test_rows_of_workflows_are_headed_as_workflows() -> None:
    """A page of workflows has their rows, and no picture of protocols that have no graph."""
    run = _passing()
    workflow = msgspec.structs.replace(run.protocols[0], kind=SubjectKind.WORKFLOW)
    page = write_html(msgspec.structs.replace(run, protocols=(workflow,)), {})
    assert "</span>Workflows</h2>" in page
    assert 'id="system"' not in page


@pytest.mark.parametrize(("count", "groups"), [(12, 0), (13, 1), (40, 1), (41, 3)])
def test_many_that_pass_are_folded_and_very_many_by_folder(count: int, groups: int) -> None:
    run = _passing()
    protocols = tuple(
        msgspec.structs.replace(run.protocols[0], name=f"P{at}", path=f"{at % 2}/{at}.tell")
        for at in range(count)
    )
    page = write_html(msgspec.structs.replace(run, protocols=protocols), {})
    assert page.count('class="group"') == groups
    assert page.count('class="protocol"') == count


def test_a_fault_of_the_text_is_told_once_with_what_to_do() -> None:
    """It refutes `well-formed`; what is skipped for it has no row of its own."""
    checked = check_text("protocol P =\n  roles A, B\n  A B : X\n  B C : Y\n", Options())
    page = write_html(checked.run, checked.sources)
    failing = page[page.index('id="failures"') : page.index('id="protocols"')]
    assert failing.count("<b>TV131 </b>") == 2  # one for each line
    assert "skipped" not in failing
    case = page[page.index('class="case"') : page.index("</article>")]
    assert "What to do" in case and "a send is written" in case
    others = page[page.index('id="findings"') : page.index('id="assumptions"')]
    assert others.count("error TV131") == 1
