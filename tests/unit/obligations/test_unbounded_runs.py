"""An unbounded queue is shown by a short loop, at the send that fills the queue."""

from __future__ import annotations

import pytest

from tellverify.model.trace import Trace
from tellverify.obligations.options import Options
from tellverify.verdict.outcome import Refuted
from tellverify.verification.pipeline import check_text

HEAD = "protocol Feed =\n  roles Ann, Bob, Log\n"


@pytest.mark.parametrize(
    ("body", "line", "events", "loop"),
    [
        (("Ann -> Log : E", "Ann -> Bob : Ask", "Bob -> Ann : Ok"), 4, 5, 0),
        (("Ann -> Bob : Ask", "Bob -> Ann : Ok", "Ann -> Log : E"), 6, 5, 0),
        (("Ann -> Log : E", "Ann -> Log : E"), 4, 2, 0),
    ],
)
def test_the_loop_and_its_place(body: tuple[str, ...], line: int, events: int, loop: int) -> None:
    text = HEAD + "  rec Turn\n" + "".join(f"    {one}\n" for one in body) + "    continue Turn\n"
    (report,) = check_text(text, Options()).run.protocols
    traces = [v.outcome.evidence for v in report.verdicts if isinstance(v.outcome, Refuted)]
    (trace,) = (t for t in traces if isinstance(t, Trace))
    assert trace.place.line == line
    assert len(trace.steps) - trace.loop == events
    assert trace.loop <= loop + 4
