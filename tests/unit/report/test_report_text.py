"""The terminal report against the page that specifies it."""

from __future__ import annotations

import io
import re
from itertools import pairwise

import pytest
from msgspec import structs
from report_samples import ESCROW_REPORT, RUN, SOURCES, STUCK_COURIER, VOTE_REPORT, step

from tellverify.diagnostics.model import Severity
from tellverify.model.fault import Fault
from tellverify.model.site import Site
from tellverify.model.trace import Trace, Waiting
from tellverify.report.concise import write_concise
from tellverify.report.drawing.chart import draw
from tellverify.report.style import Style
from tellverify.report.text import write_text
from tellverify.verdict.identity import ObligationScope
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Bounded, Proved, Refuted, Unknown
from tellverify.verdict.properties import Property
from tellverify.verdict.run import ProtocolReport, Run, Verdict

GOLDEN = """\
error[TV411]: `Courier` cannot tell which branch `Seller` chose
  --> protocols/escrow.tell:8:10
   |
 8 |   choice Seller at
   |          ^^^^^^ `Seller` decides here
   :
11 |         Seller -> Courier : Dispatch of shop.Parcel
   |                             -------- on `accept`, `Courier` receives `Dispatch`
   :
13 |     | decline =>
   |       ------- on `decline`, `Courier` receives nothing
   |
   = help: send `Courier` a message on every branch, for example `Seller -> Courier : Cancelled`
   = refutes: projectable[Courier]

error[TV512]: `Courier` can wait forever
  --> protocols/escrow.tell:11:29
   |
11 |         Seller -> Courier : Dispatch of shop.Parcel
   |                             ^^^^^^^^ `Courier` waits here, and all other roles have terminated
   |
   = refutes: no-stuck-role[Courier]
   = shortest run: 4 events, replayed

        Buyer            Seller            Courier
   1      │───── Order ────▶│                 │    escrow.tell:6
   2      │◀─── Decline ────│                 │    escrow.tell:14   branch decline
          ■                 ■                 ◌    waits for Dispatch from Seller
     ■ finished   ◌ waits forever   all queues empty

   = again: tellverify replay .tellverify/escrow.Escrow/no-stuck-role.Courier.itf.json

escrow.Escrow   3 roles
  refuted   projectable[Courier]                             TV411
  refuted   no-stuck-role[Courier]                           TV512   14 configurations
  proved    projectable[Buyer, Seller]                               strict merge
  proved    no-orphan-message, no-unspecified-reception              14 configurations
vote.Vote       Coordinator and Witness[N], checked for N = 1, 2, 3
  bounded   no-deadlock, no-orphan-message                           N <= 3, queues <= 4
  proved    no-stuck-role[Witness[0..3]]                             search
  assumed   no-unspecified-reception                                 A2, vote.tell:4, peers sign
  unknown   implementable                                    TV902   resource limit, 20 000 000
  skipped   can-terminate                                    TV942   `loop forever` at vote.tell:19,
                                                                     not required

under FIFO queues without limit, no loss, no crashes, weak fairness

failures
  protocols/escrow.tell:8   escrow.Escrow  projectable[Courier]    TV411
  protocols/escrow.tell:11  escrow.Escrow  no-stuck-role[Courier]  TV512

2 refuted   7 proved   2 bounded   1 assumed   1 unknown   1 skipped          1.4 s
exit 1: 2 required obligations are refuted
next: `tellverify explain TV411` says what it means and how to fix it
"""


def text(
    run: Run = RUN,
    *,
    color: bool = False,
    ascii_only: bool = False,
    width: int = 100,
    verbose: bool = False,
    most: int | None = None,
) -> str:
    out = io.StringIO()
    write_text(
        run,
        SOURCES,
        out,
        color=color,
        ascii_only=ascii_only,
        width=width,
        verbose=verbose,
        trailer="1.4 s",
        most=most,
    )
    return out.getvalue()


def test_the_report_is_the_one_of_the_specification() -> None:
    assert text() == GOLDEN


def test_colours_repeat_what_the_words_say() -> None:
    colored = text(color=True)
    assert "\x1b[1;31merror[TV411]\x1b[0m" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == GOLDEN


def test_ascii_replaces_every_glyph() -> None:
    plain = text(ascii_only=True)
    assert plain.isascii()
    assert "   1      |----- Order ---->|                 |    escrow.tell:6" in plain
    assert "     # finished   o waits forever   all queues empty" in plain


@pytest.mark.parametrize("width", [40, 50, 60, 80, 100])
def test_lines_fit_the_width(width: int) -> None:
    again = next(line for line in text().splitlines() if "= again" in line)
    too_long = [
        line
        for line in text(width=width).splitlines()
        if len(line) > width and line != again and "refuted" not in line
    ]
    assert too_long == []


def test_a_refutation_without_a_finding_is_shown_with_its_run() -> None:
    run = Run(RUN.inputs, (ESCROW_REPORT,), (), 1, "")
    report = text(run)
    assert "refuted[TV512]: `no-stuck-role[Courier]` of `escrow.Escrow` does not hold" in report
    assert "waits for Dispatch from Seller" in report
    assert "\nexit 1\nnext: `tellverify explain TV411` says" in report


def test_one_run_that_refutes_two_obligations_is_drawn_once() -> None:
    outcome = ESCROW_REPORT.verdicts[3].outcome
    assert isinstance(outcome, Refuted)
    verdicts = tuple(
        Verdict(prop, ObligationScope(), outcome, True)
        for prop in (Property.IMPLEMENTABLE, Property.NO_DEADLOCK)
    )
    report = ProtocolReport("P", "p.tell", 1, ("Buyer", "Seller", "Courier"), (), verdicts)
    assert text(Run((), (report,), (), 1, "")).count("shortest run") == 1


def test_concise_has_one_line_for_a_finding_and_the_totals() -> None:
    out = io.StringIO()
    write_concise(RUN, SOURCES, out)
    assert out.getvalue() == (
        "protocols/escrow.tell:8:10: error[TV411] `Courier` cannot tell which branch `Seller`"
        " chose\n"
        "protocols/escrow.tell:11:29: error[TV512] `Courier` can wait forever\n"
        "2 refuted   7 proved   2 bounded   1 assumed   1 unknown   1 skipped\n"
    )


def test_findings_come_in_source_order() -> None:
    backwards = Run(RUN.inputs, RUN.protocols, tuple(reversed(RUN.diagnostics)), 1, "")
    out, other = io.StringIO(), io.StringIO()
    write_concise(backwards, SOURCES, out)
    write_concise(RUN, SOURCES, other)
    assert out.getvalue() == other.getvalue()


def test_a_finding_without_its_source_still_has_a_place() -> None:
    out = io.StringIO()
    write_text(
        Run((), (), (STUCK_COURIER,), 1, ""),
        {},
        out,
        color=False,
        ascii_only=False,
        width=100,
        verbose=False,
    )
    assert " --> protocols/escrow.tell:1:1\n" in out.getvalue()


# Charts


def test_a_note_of_a_run_that_is_broken_leaves_no_blanks_at_the_end() -> None:
    site = Site(path="a_file_with_a_long_name.tell", line=15, branch="Stop")
    sent = structs.replace(step(True, "A", "B", "Go"), site=site)
    run = structs.replace(trace(), steps=(sent,))
    for width in range(60, 120):
        lines = draw(run, "ABC", Style(width=width))
        assert lines == [line.rstrip() for line in lines], width


def trace(*steps: tuple[bool, str, str, str], loop: int = -1, **more: object) -> Trace:
    return Trace(
        fault=Fault.STUCK_ROLE,
        steps=tuple(step(*one) for one in steps),
        culprits=("C",),
        explanation="",
        minimal=True,
        loop=loop,
        waiting=(
            Waiting("A", False),
            Waiting("B", False),
            Waiting("C", False, (("A", "Go"),)),
        ),
    )


def test_a_message_that_stays_queued_is_drawn_to_the_queue() -> None:
    lines = draw(trace((True, "A", "B", "Hello")), "ABC", Style())
    assert "──▶┊│" in lines[1]


def test_crossing_messages_are_not_drawn_as_if_they_were_handed_over() -> None:
    crossing = trace(
        (True, "A", "B", "Ping"),
        (True, "B", "A", "Pong"),
        (False, "A", "B", "Ping"),
        (False, "B", "A", "Pong"),
    )
    lines = draw(crossing, "ABC", Style())
    # `Pong` is sent before and taken after `Ping` is handed over: the same run, swaps apart.
    assert "┊" in lines[1] and "Pong" in lines[1]
    assert "┊" not in lines[2] and "Ping" in lines[2]
    assert "┊" in lines[3] and "Pong" in lines[3]


def test_a_lasso_names_the_row_it_returns_to() -> None:
    lap = trace(
        (True, "A", "B", "Start"),
        (False, "A", "B", "Start"),
        (True, "A", "B", "Tick"),
        (False, "A", "B", "Tick"),
        loop=2,
    )
    assert "      ↻ repeats from 2" in draw(lap, "ABC", Style())


def test_rows_that_change_nothing_for_the_culprit_are_folded_and_counted() -> None:
    busy = [(sending, "A", "B", "Tick") for _ in range(40) for sending in (True, False)]
    lines = draw(trace(*busy), "ABC", Style())
    assert "      ⋮ 27 messages that change nothing for `C`" in lines
    assert len([line for line in lines if "Tick" in line]) == 13
    everything = draw(trace(*busy), "ABC", Style(), verbose=True)
    assert len([line for line in everything if "Tick" in line]) == 40


def test_only_roles_that_take_part_have_a_column() -> None:
    many = tuple(f"D[{index}]" for index in range(10_000))
    lone = Trace(
        fault=Fault.DEADLOCK,
        steps=(step(True, "D[3]", "D[7]", "Hi"),),
        culprits=many,
        explanation="",
        minimal=True,
        waiting=tuple(Waiting(name, False, (("D[3]", "Hi"),)) for name in many),
    )
    lines = draw(lone, many, Style())
    assert len(lines) < 15
    assert all(len(line) <= 100 for line in lines)
    assert any("D[0..10000]" in line or "D[5..10000]" in line for line in lines)


def test_a_run_of_too_many_roles_becomes_a_list() -> None:
    names = [f"Participant{index}" for index in range(30)]
    steps = [
        (sending, left, right, "Token")
        for left, right in pairwise(names)
        for sending in (True, False)
    ]
    lines = draw(trace(*steps), names, Style(), verbose=True)
    assert "   1  Participant0 ──▶ Participant1 : Token" in lines[0]
    assert all(len(line) <= 100 for line in lines)


def test_families_are_one_item_of_a_verdict_line() -> None:
    outcome = ESCROW_REPORT.verdicts[1].outcome
    verdicts = tuple(
        Verdict(Property.PROJECTABLE, ObligationScope((f"Devices[{index}]",)), outcome, False)
        for index in range(10_000)
    )
    roles = tuple(verdict.scope.roles[0] for verdict in verdicts)
    report = ProtocolReport("P", "p.tell", 1, roles, (), verdicts)
    lines = text(Run((), (report,), (), 0, "")).splitlines()
    assert lines[0] == "P               10 000 roles"
    assert lines[1].startswith("  proved    projectable[Devices[0..10000]]  ")
    assert len(lines) == 6


def test_the_sizes_of_families_are_said() -> None:
    assert "Witness[N], checked for N = 1, 2, 3" in text(Run((), (VOTE_REPORT,), (), 3, ""))


def _good(name: str) -> ProtocolReport:
    proved = Verdict(Property.IMPLEMENTABLE, ObligationScope(), Proved(Method.COHERENCE), True)
    vain = Verdict(Property.PROJECTABLE, ObligationScope(), Unknown("limit", "TV902"), False)
    return ProtocolReport(name, f"{name}.tell", 1, ("A", "B"), (), (proved, vain))


def test_up_to_three_passing_protocols_keep_their_verdicts() -> None:
    run = Run((), (ESCROW_REPORT, *map(_good, "XYZ")), (), 1, "")
    shown = text(run)
    assert shown.count("  proved    implementable") == 3
    assert "passing" not in shown


def test_more_than_three_passing_protocols_share_a_line() -> None:
    run = Run((), (ESCROW_REPORT, *map(_good, "WXYZ")), (), 1, "")
    shown = text(run)
    assert "\npassing   4 protocols: 4 proved; -v shows each\n" in shown
    assert "implementable" not in shown
    assert "  refuted   no-stuck-role[Courier]" in shown  # those that fail stay
    assert "  4 other obligations hold" in shown
    assert text(run, verbose=True).count("  proved    implementable") == 4


def test_a_bound_is_not_hidden_in_the_line_of_those_that_pass() -> None:
    bounded = Verdict(
        Property.IMPLEMENTABLE, ObligationScope(), Bounded("N = 1", Method.COHERENCE), True
    )
    good = structs.replace(_good("V"), verdicts=(bounded,))
    shown = text(Run((), (good, *map(_good, "WXY")), (), 0, ""))
    assert "passing   4 protocols: 3 proved, 1 bounded; -v shows each" in shown


def _many_notes() -> Run:
    note = structs.replace(RUN.findings[0], severity=Severity.NOTE, refutes="")
    notes = tuple(structs.replace(note, message=f"note {i}") for i in range(5))
    return Run((), (ESCROW_REPORT, *map(_good, "WXYZ")), notes, 1, "")


def test_findings_that_touch_nothing_required_are_one_line() -> None:
    run = _many_notes()
    shown = text(run)
    code = run.diagnostics[0].code.number
    assert f"5 findings that touch nothing required: {code} x 5; -v shows each" in shown
    assert "note 3" not in shown
    assert "note 3" in text(run, verbose=True)
    few = structs.replace(run, protocols=run.protocols[:3])
    assert "note 3" in text(few)
    out = io.StringIO()
    write_concise(run, SOURCES, out)
    assert out.getvalue().count("note[") == 5
    warned = structs.replace(run, configuration=(("fail-on", "warning"),))
    assert "note 3" not in text(warned)


def test_a_number_of_findings_limits_all_of_them() -> None:
    run = structs.replace(_many_notes(), protocols=(ESCROW_REPORT,))
    shown = text(run, most=1)
    assert shown.count("refuted[TV") == 1  # the gravest
    assert "6 more findings not shown" in shown and "  and 1 more\n" in shown
    out = io.StringIO()
    write_concise(run, SOURCES, out, most=1)
    assert out.getvalue().splitlines()[1] == "6 more findings not shown"


def test_concise_says_what_is_not_known_and_why() -> None:
    unknown = Verdict(Property.FIDELITY, ObligationScope(), Unknown("limit", "TV902"), True)
    report = structs.replace(_good("V"), verdicts=(unknown,))
    out = io.StringIO()
    write_concise(Run((), (report,), (), 3, "1 required obligation is unknown"), {}, out)
    assert out.getvalue().splitlines() == [
        "V.tell:1:1: unknown[TV902] `fidelity` of `V` is unknown: limit",
        "0 refuted   0 proved   0 bounded   0 assumed   1 unknown   0 skipped",
        "exit 3: 1 required obligation is unknown",
    ]


@pytest.mark.parametrize("width", [40, 60])
def test_passing_protocols_fit_a_narrow_terminal(width: int) -> None:
    shown = text(Run((), tuple(map(_good, "WXYZ")), (), 0, ""), width=width)
    assert "passing" in shown
    assert all(len(line) <= width for line in shown.splitlines())
