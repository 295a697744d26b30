"""A protocol that must end and cannot is refuted; a service without an end is skipped."""

from __future__ import annotations

import pytest

from tellverify.obligations.options import Options
from tellverify.verdict.outcome import Proved, Refuted, Skipped
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Verdict
from tellverify.verification.pipeline import check_text

SERVICE = """protocol Service =
  roles A, B
  rec Turn
    A -> B : Ask
    B -> A : Answer
    continue Turn
"""
ENDING = "protocol Ending =\n  roles A, B\n  A -> B : Hi\n"
REQUIRED = Options(requirements=(("can-terminate", "bounded"),))


def verdicts(text: str, options: Options | None = None) -> list[Verdict]:
    run = check_text(text, options or Options()).run
    return [v for p in run.protocols for v in p.verdicts if v.property is Property.CAN_TERMINATE]


@pytest.mark.parametrize(
    ("text", "options", "kind", "required"),
    [
        (SERVICE, Options(), Skipped, False),
        (f"-- tell: must-end\n{SERVICE}", Options(), Refuted, True),
        (SERVICE, REQUIRED, Refuted, True),
        (ENDING, REQUIRED, Proved, True),
        (f"-- tell: must-end\n{ENDING}", Options(), Proved, True),
        (
            f"-- tell: must-end\n{SERVICE}",
            Options(requirements=(("can-terminate", "nothing"),)),
            Refuted,
            True,
        ),
    ],
)
def test_what_must_end(text: str, options: Options, kind: type, required: bool) -> None:
    (verdict,) = verdicts(text, options)
    assert isinstance(verdict.outcome, kind)
    assert verdict.required == required


def test_the_mark_is_of_its_protocol() -> None:
    assert isinstance(verdicts(f"{SERVICE}  -- must-end is not meant here\n")[0].outcome, Skipped)
    run = check_text(f"-- tell: must-end\n{SERVICE}", Options()).run
    assert run.exit_code == 1


def parallel(*lines: str) -> str:
    branch = "".join(f"      {line}\n" for line in lines)
    return f"protocol P =\n  roles A, B, C\n  par\n    |\n{branch}    |\n      C -> B : One\n"


LOOP = ("rec X", "  A -> B : T", "  B -> A : U", "  continue X")
LOOP_OR_NOT = (
    "choice A at",
    "  | No => A -> B : No",
    "  | Go =>",
    "      A -> B : Go",
    *(f"      {line}" for line in LOOP),
)


@pytest.mark.parametrize(
    ("text", "kind", "required"),
    [
        (parallel("A -> B : T", "B -> A : U"), Proved, False),
        (parallel(*LOOP), Skipped, False),
        (f"-- tell: must-end\n{parallel(*LOOP)}", Refuted, True),
        (parallel(*LOOP_OR_NOT), Refuted, False),
    ],
)
def test_one_parallel_branch_keeps_all_from_the_end(text: str, kind: type, required: bool) -> None:
    (verdict,) = verdicts(text)
    assert isinstance(verdict.outcome, kind)
    assert verdict.required == required
