"""The faithful dialect accepts and rejects the classes of files that Telltale's own tests have."""

from __future__ import annotations

import pytest

from tellverify.diagnostics.model import Severity
from tellverify.obligations.options import Options
from tellverify.verification.pipeline import check_text

YARD = """\
effect Yard
  authoritative claim : Bay -> Result Fault Slot
  { class : authoritative, progress : may_block, region : session
  , agreement_use : required, reentrancy : allow }
  observe load : Bay -> Int
  { class : observational, progress : immediate, region : session
  , agreement_use : none, reentrancy : allow }
"""
RECEIPT = "let slip = transfer Crate from A to B\n"


def written(body: str, *, declarations: str = "", head: str = "", where: str = "") -> str:
    lines = "".join(f"  {line}\n" for line in ("roles A, B", "A -> B : Go", *body.split("\n")))
    inner = "".join(f"  {line}\n" for line in where.split("\n"))
    tail = f"where\n{inner}" if where else ""
    return f"{declarations}protocol P{head} =\n{lines}{tail}"


def with_yard(body: str, *, where: str = "") -> str:
    return written(body, declarations=YARD, head=" uses Yard", where=where)


CALLED = "protocol Inner =\n  handoff stow to B with slip"

REJECTED = {
    "dropped receipt": ("TV301", written(RECEIPT + "A -> B : M")),
    "duplicate effect": ("TV326", written("A -> B : M", declarations=YARD + YARD)),
    "receipt in two sends": ("TV302", written(RECEIPT + "A -> B : M(slip)\nA -> B : N(slip)")),
    "receipt consumed through a call": (
        "TV301",
        written(RECEIPT + "A -> B : M\ncall Inner", where=CALLED),
    ),
    "receipt in one case branch": (
        "TV304",
        written(
            RECEIPT + "case found of\n  | Ok(y) =>\n      A -> B : M(slip)\n"
            "  | Err(y) =>\n      A -> B : N"
        ),
    ),
    "receipt in one choice branch": (
        "TV304",
        written(
            RECEIPT + "choice A at\n  | x =>\n      A -> B : x(slip)\n  | y =>\n      A -> B : y"
        ),
    ),
    "receipt in a loop": ("TV305", written(RECEIPT + "loop repeat 2\n  A -> B : M(slip)")),
    "receipt in a par branch": (
        "TV306",
        written(RECEIPT + "par\n  |\n    A -> B : M(slip)\n  |\n    B -> A : N"),
    ),
    "receipt in rec": (
        "TV305",
        written(RECEIPT + "rec X\n  A -> B : M(slip)\n  continue X"),
    ),
    "receipt in on timeout": (
        "TV304",
        written(RECEIPT + "timeout 5s A at\n  A -> B : M\non timeout =>\n  A -> B : N(slip)"),
    ),
    "case of Ok alone": (
        "TV311",
        written("case found of\n  | Ok(y) =>\n      A -> B : M"),
    ),
    "check of an observation in a call": (
        "TV331",
        with_yard("call Inner", where="protocol Inner =\n  let x = check Yard.load(bay)"),
    ),
    "check of an observation in a choice": (
        "TV331",
        with_yard(
            "choice A at\n  | x =>\n      A -> B : x\n      let n = check Yard.load(bay)\n"
            "  | y =>\n      A -> B : y"
        ),
    ),
    "check of an observation in a let": ("TV331", with_yard("let n = check Yard.load(bay)")),
    "check of an observation in a timeout": (
        "TV331",
        with_yard(
            "timeout 5s A at\n  let n = check Yard.load(bay)\n  A -> B : M\n"
            "on timeout =>\n  A -> B : N"
        ),
    ),
    "undeclared operation": ("TV329", with_yard("let n = check Yard.other(bay)")),
    "undeclared uses": ("TV272", written("A -> B : M", head=" uses Yard")),
    "a failing sample": ("TV201", written("A -> C : M")),
}

ACCEPTED = {
    "call of plain communication": written("call Inner", where="protocol Inner =\n  B -> A : Back"),
    "case on an authoritative binding": with_yard(
        "authoritative let found = check Yard.claim(bay)\ncase found of\n"
        "  | Ok(y) =>\n      A -> B : Yes\n  | Err(y) =>\n      A -> B : No"
    ),
    "observation after the first send of a choice": with_yard(
        "choice A at\n  | x =>\n      A -> B : x\n      observe let n = observe Yard.load(bay)\n"
        "  | y =>\n      A -> B : y"
    ),
    "authoritative binding in loop repeat": with_yard(
        "loop repeat 2\n  authoritative let found = check Yard.claim(bay)\n  A -> B : M"
    ),
    "observation in par": with_yard(
        "par\n  |\n    observe let n = observe Yard.load(bay)\n    A -> B : M\n  |\n    B -> A : N"
    ),
    "authoritative binding in rec": with_yard(
        "rec X\n  authoritative let found = check Yard.claim(bay)\n  A -> B : M\n  continue X"
    ),
    "observation in timeout": with_yard(
        "timeout 5s A at\n  observe let n = observe Yard.load(bay)\n  A -> B : M\n"
        "on timeout =>\n  A -> B : N"
    ),
    "a sample of a choice": written(
        "choice A at\n  | x =>\n      A -> B : x\n  | y =>\n      A -> B : y"
    ),
    "a sample of a recursion": written(
        "rec X\n  choice A at\n    | more =>\n        A -> B : more\n        continue X\n"
        "    | stop =>\n        A -> B : stop"
    ),
}


def errors(text: str) -> set[str]:
    run = check_text(text, Options(dialect="faithful"), "p.tell").run
    return {d.code.number for d in run.findings if d.severity is Severity.ERROR and not d.refutes}


def test_there_are_all_classes() -> None:
    assert (len(REJECTED), len(ACCEPTED)) == (18, 9)


@pytest.mark.parametrize("name", REJECTED)
def test_what_telltale_rejects_is_an_error(name: str) -> None:
    code, text = REJECTED[name]
    assert code in errors(text)


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_telltale_accepts_has_no_error(name: str) -> None:
    assert errors(ACCEPTED[name]) == set()
