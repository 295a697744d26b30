"""Names that try to leave their place, in every format."""

from __future__ import annotations

import io
import json
import re

import pytest
from jsonschema import Draft202012Validator
from test_run_file import SCHEMA

from tellverify.diagnostics.communication import STUCK_ROLE
from tellverify.diagnostics.model import Annotation, Diagnostic
from tellverify.model.fault import Fault
from tellverify.model.site import Site
from tellverify.model.step import Step
from tellverify.model.trace import Trace, Waiting
from tellverify.report.concise import write_concise
from tellverify.report.drawing.mermaid import sequence_diagram
from tellverify.report.markdown import LIMIT, write_markdown
from tellverify.report.run_file import write_json
from tellverify.report.text import write_text
from tellverify.source.span import Span
from tellverify.source.text import SourceFile
from tellverify.verdict.identity import ObligationScope
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Proved, Refuted, Skipped
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Input, ProtocolReport, Run, Verdict
from tellverify.verification.reported import located, with_diagnostics

NAMES = [
    "x" * 10_000,
    "word " * 2_000,
    "\x1b[2J\x1b[31mred",
    "line\nbreak\r\x00\x07",
    "\u202eevil\u2066\u200f",
    "<img src=x onerror=alert(1)>",
    "</summary></details><script>",
    "a|b|c",
    "```\n# heading",
    "`code` **bold** [link](http://x.y) @everyone #12",
    "end",
    "A;B:C%%D",
    "Devices[99999999999999999999]",
    "漢字" * 50,
    "e\u0301" * 30,
    "\ud800",
]


def run_with(name: str) -> tuple[Run, dict[str, SourceFile]]:
    """A run in which everything that comes from a file is `name`."""
    source = SourceFile(name, f"{name}\n{name} -> B : {name}\n")
    site = Site(path=name, span=Span(2, 5), line=2, column=1, branch=name)
    trace = Trace(
        Fault.STUCK_ROLE,
        (
            Step(True, name, "B", name, site),
            Step(False, name, "B", name, site),
            Step(True, "B", name, name, site),
        ),
        (name,),
        name,
        True,
        queues=(("B", name, (name, name)),),
        waiting=(Waiting(name, False, (("B", name),)), Waiting("B", True)),
    )
    diagnostic = Diagnostic(
        STUCK_ROLE,
        f"`{name}` can wait forever",
        name,
        Annotation(Span(0, len(source.text) - 1), name),
        others=(Annotation(Span(3, 4), name), Annotation(Span(10**9, 10**9 + 1), name)),
        notes=(name,),
        helps=(f"ask `{name}`",),
        protocol=name,
        refutes=f"no-stuck-role[{name}]",
    )
    refuted = Refuted("TV512", trace, Method.SEARCH, name)
    proved = Proved(Method.SEARCH, name)
    verdicts = (
        Verdict(
            Property.NO_STUCK_ROLE,
            ObligationScope((name,)),
            refuted,
            True,
        ),
        Verdict(
            Property.BOUNDED_QUEUES,
            ObligationScope((), (name, "B")),
            proved,
            True,
        ),
        Verdict(Property.CAN_TERMINATE, ObligationScope(), Skipped(name, "TV942"), False),
    )
    reports, others = with_diagnostics(
        [ProtocolReport(name, name, 1, (name, "B"), (), verdicts)], [diagnostic]
    )
    run = Run((Input(name, "0" * 64),), located(reports, {name: source}), tuple(others), 1, name)
    return run, {name: source}


def text_of(name: str, *, width: int = 100, ascii_only: bool = False) -> str:
    run, sources = run_with(name)
    out = io.StringIO()
    write_text(run, sources, out, color=False, ascii_only=ascii_only, width=width, verbose=False)
    return out.getvalue()


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_the_terminal_shows_printable_lines_only(name: str) -> None:
    text = text_of(name)
    assert all(line.isprintable() for line in text.split("\n"))
    assert len(text.splitlines()) < 500
    text.encode("utf-8")
    assert text_of(name, ascii_only=True, width=50).isascii()


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_finding_stays_on_one_concise_line(name: str) -> None:
    run, sources = run_with(name)
    out = io.StringIO()
    write_concise(run, sources, out)
    lines = out.getvalue().split("\n")
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_json_keeps_the_name_and_the_schema(name: str) -> None:
    run, sources = run_with(name)
    written = write_json(run, sources)
    written.encode("utf-8")
    value = json.loads(written)
    Draft202012Validator(SCHEMA).validate(value)
    if name.isprintable():
        assert value["protocols"][0]["roles"][0] == name


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_markdown_has_no_markup_but_ours(name: str) -> None:
    run, sources = run_with(name)
    text = write_markdown(run, sources)
    assert len(text) <= LIMIT
    text.encode("utf-8")
    assert "<img" not in text and "<script" not in text
    assert text.count("<details") == text.count("</details>")
    assert text.count("</summary>") == text.count("<summary>")
    fences = [line for line in text.split("\n") if line.startswith("```")]
    assert fences == ["```mermaid", "```"]
    outside = re.sub(r"`[^`]*`|<code>.*?</code>|```.*?```", "", text, flags=re.DOTALL)
    assert "@everyone" not in outside and "](http" not in outside
    rows = [line for line in text.split("\n") if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5}


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_mermaid_has_one_statement_a_line(name: str) -> None:
    run, _ = run_with(name)
    outcome = run.protocols[0].verdicts[0].outcome
    assert isinstance(outcome, Refuted) and isinstance(outcome.evidence, Trace)
    diagram = sequence_diagram(outcome.evidence, (name, "B"))
    assert len(diagram) < 50_000
    shape = re.compile(
        r"sequenceDiagram|  participant [A-Za-z_0-9]+( as [^;<>`|@]*(#\d+;[^;<>`|@]*)*)?"
        r"|  [A-Za-z_0-9]+(->>|-\))[A-Za-z_0-9]+: .*|  Note over [A-Za-z_0-9]+(,[A-Za-z_0-9]+)?: .*"
    )
    for line in diagram.split("\n"):
        assert shape.fullmatch(line), line
        assert not re.search(r"(?i)\bend\b", line)
        assert "<" not in line and "`" not in line and "%%" not in line


def test_a_long_source_line_is_cut_around_the_fault() -> None:
    text = "a" * 5_000 + " here " + "b" * 5_000
    diagnostic = Diagnostic(
        STUCK_ROLE, "there", "p.tell", Annotation(Span(5_001, 5_005), "this is it")
    )
    out = io.StringIO()
    write_text(
        Run((), (), (diagnostic,), 1, ""),
        {"p.tell": SourceFile("p.tell", text)},
        out,
        color=False,
        ascii_only=False,
        width=100,
        verbose=False,
    )
    lines = out.getvalue().split("\n")
    shown = next(line for line in lines if " here " in line)
    carets = next(line for line in lines if "^^^^" in line)
    assert shown.index("here") == carets.index("^^^^")
    assert all(len(line) <= 100 for line in lines)


@pytest.mark.parametrize("before", ["\t\t", "漢字", "e\u0301e\u0301"])
def test_carets_stand_below_what_they_mean(before: str) -> None:
    from tellverify.report.escape import width

    text = f"{before} here"
    start = len(before) + 1
    diagnostic = Diagnostic(STUCK_ROLE, "x", "p.tell", Annotation(Span(start, start + 4), ""))
    out = io.StringIO()
    write_text(
        Run((), (), (diagnostic,), 1, ""),
        {"p.tell": SourceFile("p.tell", text)},
        out,
        color=False,
        ascii_only=False,
        width=100,
        verbose=False,
    )
    lines = out.getvalue().split("\n")
    shown = next(line for line in lines if line.endswith("here"))
    carets = next(line for line in lines if "^^^^" in line)
    assert width(shown[: shown.index("here")]) == carets.index("^^^^")
