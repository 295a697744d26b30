"""`lint --fix` deletes comments that repeat names, and none that says what must hold."""

from __future__ import annotations

import pytest

from tellverify.annotations.rules import default_rules
from tellverify.language.files import inputs
from tellverify.language.workspace import Workspace
from tellverify.lint.linted_files import Linted, lint_files

TEXT = """\
module bank exposing (Pay)

protocol Pay =
  roles Alice, Bank, Clerk[N]

  {0}
  Alice -> Bank : PayOrder of bank.Order
  choice Bank at
    | Accept => Bank -> Alice : Accept of bank.Accept
    | Reject => Bank -> Alice : Reject of bank.Reject
"""

INVARIANTS = [
    "Phase 1: Alice never sends PayOrder twice",
    "Phase 1: Alice must send PayOrder before every Accept",
    "Phase 2: only Alice",
    "Step 3: at least Alice and Bank",
    "Phase 1: Alice -> Bank at most once",
    "Phase 1: Bank 2",
    "Phase 1: if Alice",
    "Phase 1: Alice unless Bank",
    "Phase 1: PayOrder after Bank",
    "Phase 1: Alice cannot PayOrder Bank",
    "Phase 1: every Bank",
    "Phase 1: no Bank",
    "Phase 1: Alice sends PayOrder without waiting",
    "Phase 1: Alice pays; the nonce is fresh",
    "Phase 1: PayOrder >= 0",
    "Phase 1: PayOrder != Order",
    "Phase 1: Bank holds the funds",
    "Phase 1: Alice trusts Bank",
    "Phase 1: Alice PayOrder idempotent",
    "Phase 1: Alice exactly one PayOrder",
    "Phase 1: Алиса не платит",
    "Phase 1: only",
    "Round 2: until Bank",
    "Step 1: Alice is Bank",
    "Stage 4: same Bank",
    "Alice must Bank",
    "Alice only",
    "PayOrder may order Bank",
    "Bank before Alice",
    "Alice pays the Bank in full",
    "the bank keeps the order",
    "7 Alice",
    "{- Phase 1: Alice pays Bank\n     and must not pay twice -}",
    "-- Phase 1: Alice\n  -- unless the epoch has changed",
    "-- invariant: every order is signed\n  -- Alice, Bank",
    "-- Alice, Bank\n  -- invariant: the order above is signed",
    "-- safety: Alice",
    "Phase 1: Alice first, Bank second",
    "Phase 2: Bank owes Alice",
    "Phase 1: PayOrder of Alice, not of Bank",
    "Phase 1: Alice & Bank agree",
    "Phase 1: Alice XOR Bank",
    "Phase 1: Alice awaits Bank",
    "Phase 3: PayOrder expires",
    "Phase 1: PayOrder precedes Accept",
    "Phase 1 happens after enrollment",
    "Phase 1 precedes phase 2",
    "Alice, phase 2",
    "Phase 1: Bank's order",
    "Phase 1. NEVER Alice",
    "Phase 1: Alice's Pay Order binds Bank",
    "Phase 1: in order, Alice pays Bank",
    "Phase 1: Bank or Alice",
    "Phase 1: Alice and then Bank",
    "Phase 1: Alice (Bank?)",
    "Phase 1: Alice v2",
    "TODO: Alice pays Bank",
    "SAFETY(Alice): Bank",
    "Requires: Alice",
    "INVARIANT Alice pays Bank",
    "Phase I: Alice",
    "Phase one: Alice",
]
RESTATING = [
    "Phase 1",
    "Phase 1: Alice",
    "Phase 1: Alice sends PayOrder to Bank",
    "Phase 2 - Alice -> Bank",
    "Step 1: Pay Order",
    "Step 12. Alice, Bank",
    "Stage 1: PayOrder",
    "Round 3: Alice -> Bank : PayOrder",
    "Alice -> Bank",
    "Alice orders from the Bank",
    "Pay order",
    "alice pays bank",
    "Alice, paying the Bank",
    "PayOrder of Alice",
    "Pay phase",
    "{- Alice and Bank -}",
    "-- Phase 1: Alice\n  -- pays Bank",
    "PHASE 1",
    "phase 2:",
    "Phase 3 --",
    "Step 1)",
    "--- Phase 1 ---",
    "phase#1",
    "Phase 1: Alice sends a PayOrder.",
    "Phase 1 \u2014 Alice",
    "Phase 1 \u2013 PayOrder",
    "Phase 1: Alice \u2192 Bank",
    "Phase 1: Alice => Bank",
    "[Phase 1] Alice",
    "{- Phase 1: PayOrder -}",
    "ALICE PAYS BANK",
    "Phase 1 (Alice)",
    "Phase 1: `PayOrder`",
    "Phase 1:Alice",
]


def fixed(comment: str, *, unsafe: bool = False) -> str:
    text = TEXT.format(comment if comment.startswith(("--", "{-")) else f"-- {comment}")
    files = [inputs.decode("pay.tell", text.encode())]
    one: Linted
    (one,) = lint_files(Workspace(files), default_rules(), unsafe=unsafe, fix=True)
    assert not any(d.severity.value == "error" for d in one.diagnostics)
    return text if one.fixed is None else one.fixed


def words(comment: str) -> list[str]:
    return [line.strip() for line in comment.splitlines()]


@pytest.mark.parametrize("comment", INVARIANTS)
def test_a_comment_that_says_more_stays(comment: str) -> None:
    after = fixed(comment)
    assert all(line in after for line in words(comment))


@pytest.mark.parametrize("comment", INVARIANTS[:13])
def test_modal_words_numbers_and_conditions_stay_in_unsafe_fixes(comment: str) -> None:
    assert comment in fixed(comment, unsafe=True)


@pytest.mark.parametrize("comment", RESTATING)
def test_a_comment_that_repeats_names_goes(comment: str) -> None:
    after = fixed(comment)
    assert "--" not in after
    assert "{-" not in after


def test_other_words_need_a_look() -> None:
    comment = "Phase 1: Alice orders groceries"
    assert comment in fixed(comment)
    assert comment not in fixed(comment, unsafe=True)


def test_names_are_those_of_the_statement_beside() -> None:
    for line in ("Bank -> Alice : Accept of bank.Accept", "Alice -> Bank : PayOrder of bank.Order"):
        text = TEXT.format("").replace(line, f"{line} -- PayOrder")
        files = [inputs.decode("pay.tell", text.encode())]
        (one,) = lint_files(Workspace(files), default_rules(), unsafe=False, fix=True)
        kept = "-- PayOrder" in (text if one.fixed is None else one.fixed)
        assert kept is line.startswith("Bank")
