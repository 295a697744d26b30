"""The report of a pull request."""

from __future__ import annotations

from msgspec import structs
from report_samples import ESCROW_REPORT, ESCROW_TRACE, RUN, SOURCES

from tellverify.model.fault import Fault
from tellverify.model.trace import Trace
from tellverify.obligations.options import Options
from tellverify.report.drawing.mermaid import sequence_diagram
from tellverify.report.markdown import LIMIT, MARKER, write_markdown
from tellverify.report.markdown_runs import SUMMARIES
from tellverify.verdict.identity import ObligationScope
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Proved, Refuted
from tellverify.verdict.properties import Property
from tellverify.verdict.run import ProtocolReport, Run, Verdict
from tellverify.verification.pipeline import check_text

DIAGRAM = """\
sequenceDiagram
  participant Buyer
  participant Seller
  participant Courier
  Buyer->>Seller: Order
  Note over Seller: branch decline
  Seller->>Buyer: Decline
  Note over Courier: waits for Dispatch from Seller, which no role will send"""


def test_a_counterexample_is_a_sequence_diagram() -> None:
    assert sequence_diagram(ESCROW_TRACE, ("Buyer", "Seller", "Courier")) == DIAGRAM


def test_the_report_begins_with_its_marker_and_counts() -> None:
    lines = write_markdown(RUN, SOURCES).split("\n")
    assert lines[0] == MARKER
    assert lines[1] == (
        "### tellverify: 2 refuted, 7 proved, 2 bounded, 1 assumed, 1 unknown, 1 skipped"
    )


def test_what_is_not_proved_stands_in_the_table() -> None:
    text = write_markdown(RUN, SOURCES)
    assert (
        "| `escrow.Escrow` | `projectable[Courier]` | **refuted** TV411 | `escrow.tell:11` |"
        in text
    )
    assert (
        "| `escrow.Escrow` | `no-stuck-role[Courier]` | **refuted** TV512 (14 configurations)"
        " | `escrow.tell:14` |" in text
    )
    assert "| `vote.Vote` | `no-deadlock, no-orphan-message` | bounded, N &#60;= 3" in text
    assert "`projectable[Buyer, Seller]`" not in text.split("<details", 1)[0]


def test_the_report_says_how_to_fix_and_what_was_not_checked() -> None:
    text = write_markdown(RUN, SOURCES)
    assert "To fix: send `Courier` a message on every branch" in text
    assert "**Not checked:**" in text
    assert "- `can-terminate` of `vote.Vote`: `loop forever` at vote.tell:19, not required" in text
    assert "**Assumptions:** 1 in force, none new." in text
    assert (
        "**Read this as:** FIFO queues without limit, no loss, no crashes, weak fairness." in text
    )
    assert '"bounded" says nothing beyond the bound' in text


def test_a_report_is_shortened_step_by_step_and_says_so() -> None:
    wide = [
        ProtocolReport(
            f"p{number}.P",
            f"p{number}.tell",
            1,
            ("A",),
            (),
            tuple(
                Verdict(prop, ObligationScope(), Proved(Method.SEARCH, f"method {prop}"), True)
                for prop in Property
            ),
        )
        for number in range(300)
    ]
    text = write_markdown(Run((), (ESCROW_REPORT, *wide), (), 1, ""), SOURCES)
    assert len(text) <= LIMIT
    assert "Passing protocols are shown as counts" in text
    assert "```mermaid" in text


def test_too_many_refutations_leave_a_table_that_is_cut() -> None:
    steps = ESCROW_TRACE.steps * 50
    refuted = [
        ProtocolReport(
            f"p{number}.P",
            f"p{number}.tell",
            1,
            ("Buyer", "Seller"),
            (),
            (
                Verdict(
                    Property.NO_DEADLOCK,
                    ObligationScope(),
                    Refuted(
                        "TV511",
                        Trace(ESCROW_TRACE.fault, steps, ("Buyer",), "", True),
                        Method.SEARCH,
                    ),
                    True,
                ),
            ),
        )
        for number in range(2_000)
    ]
    text = write_markdown(Run((), tuple(refuted), (), 1, ""), SOURCES)
    assert len(text) <= LIMIT
    assert "lists are cut, and only the first runs are here" in text
    assert "and 1 960 more" in text


def test_equal_runs_give_equal_reports() -> None:
    backwards = structs.replace(RUN, diagnostics=tuple(reversed(RUN.diagnostics)))
    assert write_markdown(RUN, SOURCES) == write_markdown(backwards, SOURCES)


def test_an_error_of_the_text_says_how_to_fix_it() -> None:
    checked = check_text("protocol P =\n  roles A, B\n  A B : X\n", Options(), "p.tell")
    (line,) = [
        one
        for one in write_markdown(checked.run, checked.sources).splitlines()
        if "**error** TV131" in one
    ]
    assert ". To fix: a send is written" in line


def test_what_fails_at_one_place_is_shown_there_once() -> None:
    text = (
        "protocol P =\n  roles A, B\n  choice A at\n"
        "    | Low when (x < 0) =>\n        A -> B : Low\n"
        "    | High when (x > 0) =>\n        A -> B : High\n"
    )
    found = check_text(text, Options(), "p.tell")
    report = write_markdown(found.run, found.sources)
    (guards,) = [line for line in report.splitlines() if "<summary><code>guards" in line]
    assert guards.endswith("<code>P</code>: where it fails</summary>")
    shown = report.partition(guards)[2].partition("</details>")[0]
    assert shown.count("p.tell:3`") == 1


def test_what_does_not_merge_is_shown_at_both_places() -> None:
    text = (
        "protocol P =\n  roles A, B, C\n  choice A at\n"
        "    | X =>\n        A -> B : X\n        B -> C : X\n        C -> A : Z\n"
        "    | Y =>\n        A -> B : Y\n        A -> C : Y\n        C -> A : Z\n"
    )
    found = check_text(text, Options(), "p.tell")
    report = write_markdown(found.run, found.sources)
    summaries = [line for line in report.splitlines() if "<summary><code>projectable" in line]
    assert summaries and all(
        one.endswith("two places that do not fit</summary>") for one in summaries
    )
    assert "`p.tell:5` and `p.tell:9`" in report


def test_every_fault_has_a_headline() -> None:
    assert set(SUMMARIES) == set(Fault)
