"""A stuck role is shown with the branch after which it is not told anything any more."""

from __future__ import annotations

import pytest

from tellverify.obligations.options import Options
from tellverify.verdict.outcome import Refuted
from tellverify.verification.pipeline import check_text

HEAD = "protocol P =\n  roles Ann, Bob, Cy\n"
ENDS = """  choice Ann at
    | Yes =>
        Ann -> Bob : Yes
        Bob -> Cy : Note
    | No => Ann -> Bob : No
"""
SECOND = """  choice Ann at
    | Yes =>
        Ann -> Bob : Yes
        Bob -> Cy : First
        choice Ann at
          | More =>
              Ann -> Bob : More
              Bob -> Cy : Note
          | Less => Ann -> Bob : Less
    | No =>
        Ann -> Bob : No
        Bob -> Cy : Note
"""
GOES_ON = """  rec Turn
    choice Ann at
      | Loop =>
          Ann -> Bob : Loop
          Bob -> Ann : Ok
          continue Turn
      | Stop =>
          Ann -> Bob : Stop
          Bob -> Cy : Note
"""


@pytest.mark.parametrize(
    ("body", "line", "branch"), [(ENDS, 7, "No"), (SECOND, 11, "Less"), (GOES_ON, 6, "Loop")]
)
def test_the_branch_is_marked(body: str, line: int, branch: str) -> None:
    text = HEAD + body
    (report,) = check_text(text, Options()).run.protocols
    outcomes = [v.outcome for v in report.verdicts if v.property.value == "no-stuck-role"]
    found = [o.diagnostic for o in outcomes if isinstance(o, Refuted)]
    if branch == "Loop":  # a fair run leaves the loop, so nothing is refuted
        assert not found
        return
    (diagnostic,) = found
    assert diagnostic is not None
    (other,) = diagnostic.others
    assert other.text == f"`Ann` takes branch `{branch}` here, and `Cy` is not told"
    assert text.count("\n", 0, other.span.start) + 1 == line
