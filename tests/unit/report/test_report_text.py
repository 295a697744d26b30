"""The terminal report against the page that specifies it."""

from __future__ import annotations

import io
import re
from itertools import pairwise

import pytest
from msgspec import structs
from report_samples import ESCROW_REPORT, RUN, SOURCES, STUCK_COURIER, VOTE_REPORT, step

from tellverify.model.fault import Fault
from tellverify.model.trace import Trace, Waiting
from tellverify.report.concise import write_concise
from tellverify.report.drawing.chart import draw
from tellverify.report.style import Style
from tellverify.report.text import write_text
from tellverify.verdict.identity import ObligationScope
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Proved, Refuted
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

error[TV512]: `Courier` can wait for ever
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
     ■ finished   ◌ waits for ever   all queues empty

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
2 refuted   7 proved   2 bounded   1 assumed   1 unknown   1 skipped          1.4 s
exit 1: 2 required obligations are refuted
"""


def text(run: Run = RUN, *, color: bool = False, ascii_only: bool = False, width: int = 100) -> str:
    out = io.StringIO()
    write_text(
        run,
        SOURCES,
        out,
        color=color,
        ascii_only=ascii_only,
        width=width,
        verbose=False,
        trailer="1.4 s",
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
    assert "     # finished   o waits for ever   all queues empty" in plain


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
    assert report.endswith("exit 1\n")


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
        "protocols/escrow.tell:11:29: error[TV512] `Courier` can wait for ever\n"
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


def test_of_several_protocols_those_without_a_fault_take_one_line() -> None:
    proved = Verdict(Property.IMPLEMENTABLE, ObligationScope(), Proved(Method.COHERENCE), True)
    good = ProtocolReport("Good", "good.tell", 1, ("A", "B"), (), (proved,))
    lines = text(Run((), (good, ESCROW_REPORT), (), 1, "")).splitlines()
    assert [line for line in lines if line.startswith("proved ")] == [
        "proved    Good                                            2 roles"
    ]
    assert "  refuted   no-stuck-role[Courier]" in "\n".join(lines)
    alone = text(Run((), (good,), (), 0, "")).splitlines()
    assert "  proved    implementable" in alone[1]


@pytest.mark.parametrize("width", [40, 60])
def test_proved_protocols_fit_a_narrow_terminal(width: int) -> None:
    proved = structs.replace(VOTE_REPORT, verdicts=VOTE_REPORT.verdicts[-3:])
    shown = text(structs.replace(RUN, protocols=(proved, proved), diagnostics=()), width=width)
    assert "checked for" not in shown and "Witness[N]" in shown
    assert all(len(line) <= width for line in shown.splitlines())
