"""Budgets, guard chains and ceremonies as a check of a text decides them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tellverify.evidence.budget_check import check_budgets, read_budgets
from tellverify.model.trace import Trace
from tellverify.obligations.options import Options
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Bounded, Outcome, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.run import Run, Verdict
from tellverify.verification.pipeline import check_text

CHAT = """protocol Chat =
  roles Client, Server
  Client { guard_capability : "chat:message:send", flow_cost : 50 } -> Server : Ask
  choice Server at
    | Answer =>
        Server { guard_capability : "chat:message:send", flow_cost : 30 } -> Client : Answer
    | Refuse =>
        Server { guard_capability : "chat:message:send", flow_cost : 10 } -> Client : Refuse
        Server { guard_capability : "chat:message:send", flow_cost : 25 } -> Client : Reason
"""
LOOP = """protocol Poll =
  roles A, B
  A { guard_capability : "x:y", flow_cost : 7 } -> B : Open
  rec Again
    choice A at
      | More =>
          A { guard_capability : "x:y", flow_cost : 5 } -> B : More
          continue Again
      | Done =>
          A { guard_capability : "x:y", flow_cost : 2 } -> B : Done
"""
FAMILY = """protocol Spread =
  roles Hub, Leaf[N]
  Hub { guard_capability : "x:y", flow_cost : 10 } -> Leaf[*] : Go
  Leaf[*] { guard_capability : "x:y", flow_cost : 3 } -> Hub : Gone
"""


def verdicts(text: str, options: Options = Options()) -> dict[str, Verdict]:
    run = check_text(text, options).run
    (protocol,) = run.protocols
    return {verdict.name: verdict for verdict in protocol.verdicts}


def outcome(text: str, name: str, options: Options = Options()) -> Outcome:
    return verdicts(text, options)[name].outcome


def run_of(text: str, options: Options = Options()) -> Run:
    return check_text(text, options).run


def budgets(*rows: tuple[str, str, int]) -> Options:
    return Options(budgets=rows)


def sends(found: Outcome) -> list[str]:
    assert isinstance(found, Refuted)
    assert isinstance(found.evidence, Trace)
    return [step.label for step in found.evidence.steps if step.send]


def test_costs_of_branches() -> None:
    assert outcome(CHAT, "budget[Client]") == Proved(Method.LONGEST_PATH, "at most 50")
    assert outcome(CHAT, "budget[Server]") == Proved(Method.LONGEST_PATH, "at most 35")


def test_a_budget_that_is_enough_is_proved() -> None:
    found = verdicts(CHAT, budgets(("Server", "", 35)))["budget[Server]"]
    assert found.outcome == Proved(Method.LONGEST_PATH, "at most 35 of 35")
    assert found.required


def test_a_budget_that_is_not_enough_has_its_shortest_run() -> None:
    found = outcome(CHAT, "budget[Server]", budgets(("Server", "", 34)))
    assert sends(found) == ["Ask", "Refuse.Refuse", "Reason"] or sends(found) == [
        "Ask",
        "Refuse",
        "Reason",
    ]
    assert isinstance(found, Refuted)
    assert found.code == "TV642"
    assert "every run stays within 35" in found.reason
    assert sends(outcome(CHAT, "budget[Server]", budgets(("Server", "", 29)))) == ["Ask", "Answer"]
    assert run_of(CHAT, budgets(("Server", "", 34))).exit_code == 1


def test_a_row_has_a_budget_of_its_own() -> None:
    found = outcome(CHAT, "budget[Server -> Client]", budgets(("Server", "Client", 20)))
    assert isinstance(found, Refuted)


def test_a_loop_with_a_cost_is_unbounded() -> None:
    found = verdicts(LOOP)["budget[A]"]
    assert isinstance(found.outcome, Refuted)
    assert found.outcome.code == "TV643"
    assert not found.required
    assert isinstance(found.outcome.evidence, Trace)
    assert found.outcome.evidence.loop >= 0
    assert run_of(LOOP).exit_code == 0


@pytest.mark.parametrize(("limit", "rounds"), [(6, 0), (11, 1), (12, 2), (22, 4)])
def test_a_loop_passes_a_limit_after_so_many_rounds(limit: int, rounds: int) -> None:
    found = outcome(LOOP, "budget[A]", budgets(("A", "", limit)))
    assert sends(found) == ["Open", *["More"] * rounds]


def test_a_large_limit_is_passed_in_a_loop() -> None:
    found = outcome(LOOP, "budget[A]", budgets(("A", "", 2**63)))
    assert isinstance(found, Refuted)
    assert isinstance(found.evidence, Trace)
    assert found.evidence.loop >= 0
    assert f"after {(2**63 - 7) // 5 + 1:,} rounds" in found.reason


def test_families_have_formulas() -> None:
    assert outcome(FAMILY, "budget[Hub]") == Proved(
        Method.STRUCTURE, "at most 10·N", "every N >= 1"
    )
    assert outcome(FAMILY, "budget[Leaf]") == Proved(
        Method.LONGEST_PATH, "at most 3 each", "every N >= 1"
    )
    found = outcome(FAMILY, "budget[Hub]", budgets(("Hub", "", 30)))
    assert isinstance(found, Bounded)
    assert found.detail == "at most 10·N of 30"
    found = outcome(FAMILY, "budget[Hub]", budgets(("Hub", "", 25)))
    assert isinstance(found, Refuted)
    assert found.instance == "Leaf = 3"


def test_members_named_one_by_one_are_bounded() -> None:
    text = FAMILY.replace("Leaf[*] {", "Leaf[0] {")
    found = outcome(text, "budget[Leaf]")
    assert isinstance(found, Bounded | Proved)
    assert "at most 3" in found.detail


def test_a_comment_gives_a_budget() -> None:
    assert isinstance(outcome("-- tell: budget(Server = 34)\n" + CHAT, "budget[Server]"), Refuted)
    text = "-- tell: budget(Server = 35, Client -> Server = 50)\n" + CHAT
    assert run_of(text).exit_code == 0
    for wrong in ("Clerk = 3", "Server", "Server = -3", "Server = 99999999999999999999999"):
        run = run_of(f"-- tell: budget({wrong})\n" + CHAT)
        assert "TV647" in {diagnostic.code.number for diagnostic in run.findings}, wrong
        assert run.exit_code == 1


def test_a_protocol_without_annotations_has_no_budget() -> None:
    names = verdicts("protocol P =\n  roles A, B\n  A -> B : M\n")
    assert not [name for name in names if name.startswith(("budget", "guard-chain", "receipts"))]
    asked = verdicts("protocol P =\n  roles A, B\n  A -> B : M\n", budgets(("A", "", 0)))
    assert asked["budget[A]"].outcome == Proved(Method.LONGEST_PATH, "at most 0 of 0")


def test_parallel_branches_add_up() -> None:
    text = """protocol Both =
  roles A, B, C
  par
    |
      A { guard_capability : "x:y", flow_cost : 5 } -> B : One
    |
      A { guard_capability : "x:y", flow_cost : 6 } -> C : Two
"""
    assert outcome(text, "budget[A]") == Proved(Method.LONGEST_PATH, "at most 11")


def test_a_limit_of_work_is_told() -> None:
    found = outcome(CHAT, "budget[Server]", Options(step_limit=1))
    assert isinstance(found, Unknown)


# Policies


def policy(tmp_path: Path, text: str) -> Options:
    path = tmp_path / "policy.toml"
    path.write_text(
        'format = 1\nname = "test"\nadmission = { runtime = "r" }\nruntimes = [{ name = "r" }]\n'
        + text
    )
    return Options(policy=str(path))


@pytest.mark.parametrize(
    ("chain", "said"),
    [
        ('order = ["capability", "transport", "flow", "journal", "leakage"]',
         "before it is charged"),
        ('order = ["capability", "flow", "journal", "leakage", "transport"]\nfrontier = "declared"',
         "although its capability is not admitted"),
        ('order = ["capability", "flow", "journal", "leakage", "transport"]\ncharges = "both"',
         "is charged twice"),
        ('order = ["flow", "capability", "transport"]\nrefusal = "stage-by-stage"\nresidue = []',
         "is refused and leaves something behind"),
    ],
)  # fmt: skip
def test_a_wrong_chain_is_refuted_with_a_run(tmp_path: Path, chain: str, said: str) -> None:
    options = policy(tmp_path, f"[guard_chain]\n{chain}\n")
    found = verdicts(CHAT, options)["guard-chain[Client]"].outcome
    assert isinstance(found, Refuted)
    assert isinstance(found.evidence, Trace)
    assert said in found.evidence.explanation
    assert found.code == ("TV648" if "frontier" in chain else "TV641")
    assert found.reason
    assert run_of(CHAT, options).exit_code == 1


def test_the_canonical_chain_is_proved() -> None:
    found = verdicts(CHAT)["guard-chain[Client, Server]"]
    assert isinstance(found.outcome, Proved)
    assert found.outcome.method == Method.CASES
    assert found.vacuity == "exercised"


def test_limits_of_a_policy_hold(tmp_path: Path) -> None:
    text = '[budgets]\nlimits = [{ sender = "*", receiver = "Client", limit = 34 }]\n'
    found = verdicts(CHAT, policy(tmp_path, text))
    assert isinstance(found["budget[Server -> Client]"].outcome, Refuted)
    preset = '[budgets]\npreset = "p"\npresets = [{ name = "p", limit = 35 }]\n'
    found = verdicts(CHAT, policy(tmp_path, preset))
    assert found["budget[Server -> Client]"].outcome == Proved(
        Method.LONGEST_PATH, "at most 35 of 35"
    )


def test_two_runs_of_membership_exhaust_the_default_row(tmp_path: Path) -> None:
    preset = '[budgets]\npreset = "p"\npresets = [{ name = "p", limit = 1024 }]\n'
    text = Path("specs/guardian_membership_change.tell").read_text("utf-8")
    head, _, body = text.partition("Guardian3\n")
    twice = f"{head}Guardian3\n{body}{body}"
    once = verdicts(text, policy(tmp_path, preset))
    assert isinstance(once["budget[ChangeInitiator -> Guardian1]"].outcome, Proved)
    found = verdicts(twice, policy(tmp_path, preset))["budget[ChangeInitiator -> Guardian1]"]
    assert isinstance(found.outcome, Refuted)
    assert "1,060" in found.outcome.reason


def test_leakage_is_counted_by_class(tmp_path: Path) -> None:
    text = CHAT.replace("flow_cost : 50 }", "flow_cost : 50, leak : (External, Neighbor) }")
    classes = (
        '[leakage]\nclasses = [{ name = "External", limit = 8 },'
        ' { name = "Neighbor", limit = 7 }]\n'
    )
    found = verdicts(text, policy(tmp_path, classes))
    assert found["leakage[External, Client]"].outcome == Proved(
        Method.LONGEST_PATH, "at most 8 of 8 bits"
    )
    assert isinstance(found["leakage[Neighbor, Client]"].outcome, Refuted)


def test_copies_of_a_budget_lose_a_charge(tmp_path: Path) -> None:
    found = verdicts(CHAT, policy(tmp_path, "[budgets]\nreplicas = 2\n"))
    lost = found["budget-merge[concurrent charges, Server]"].outcome
    assert isinstance(lost, Refuted)
    assert "25 spent instead of 35" in lost.reason
    stale = found["budget-merge[change of epoch, Client]"].outcome
    assert isinstance(stale, Refuted)
    assert isinstance(found["budget-merge[concurrent charges, Client]"].outcome, Proved)
    assert not [name for name in verdicts(CHAT) if name.startswith("budget-merge")]


def test_merges_of_a_family_are_right_at_the_sizes_that_were_tried(tmp_path: Path) -> None:
    text = """protocol Fan =
  roles C, D[N]
  C { guard_capability : "x:y", flow_cost : 30 } -> D[*] : Request
"""
    found = verdicts(text, policy(tmp_path, "[budgets]\nreplicas = 2\n"))
    once = found["budget-merge[concurrent charges, C]"].outcome
    assert isinstance(once, Bounded) and once.bound == "D = 1, 2, 3"


def test_receipts_repeat_a_nonce() -> None:
    free = CHAT.replace("flow_cost : 25", "flow_cost : 0")
    found = verdicts(free)["receipts[Server]"]
    assert isinstance(found.outcome, Refuted)
    assert not found.required
    first = CHAT.replace("flow_cost : 50", "flow_cost : 0")
    assert isinstance(verdicts(first)["receipts[Client]"].outcome, Proved)


@pytest.mark.parametrize("loop", ["", "  loop forever\n"])
def test_nonces_of_a_family_increase_at_every_size_where_no_receipt_is_free(loop: str) -> None:
    indent = "    " if loop else "  "
    text = f"""protocol Fan =
  roles C, D[N]
{loop}{indent}C {{ guard_capability : "x:y", flow_cost : 30 }} -> D[*] : Request
{indent}D[*] -> C : Response
"""
    found = outcome(text, "receipts[C]")
    assert isinstance(found, Proved) and found.every == "every N >= 1"


@pytest.mark.parametrize("loop", ["", "  loop forever\n"])
def test_nonces_of_a_family_with_a_free_receipt_increase_at_the_sizes_tried(loop: str) -> None:
    """The first receipt of a row may be free."""
    indent = "    " if loop else "  "
    text = f"""protocol Fan =
  roles C, D[N]
  C {{ guard_capability : "x:y", flow_cost : 0 }} -> D[*] : Hello
{loop}{indent}C {{ guard_capability : "x:y", flow_cost : 30 }} -> D[*] : Request
{indent}D[*] -> C : Response
"""
    found = outcome(text, "receipts[C]")
    assert isinstance(found, Bounded) and found.bound == "D = 1, 2, 3"


@pytest.mark.parametrize("is_first", [True, False])
def test_the_shortest_of_several_rows_with_a_repeated_nonce_is_shown(is_first: bool) -> None:
    """The row toward `B` needs one event more than that toward `C`, whichever comes first."""
    head = "protocol Rows =\n  roles A, B, C\n  choice A at\n"
    long = """\
    | Long =>
        A { guard_capability : "x:y", flow_cost : 5 } -> B : Long
        A { guard_capability : "x:y", flow_cost : 5 } -> B : More
        A { guard_capability : "x:y", flow_cost : 0 } -> B : Free
"""
    short = """\
    | Short =>
        A { guard_capability : "x:y", flow_cost : 5 } -> C : Short
        A { guard_capability : "x:y", flow_cost : 0 } -> C : Gift
"""
    outcome = verdicts(head + (short + long if is_first else long + short))["receipts[A]"].outcome
    assert isinstance(outcome, Refuted) and isinstance(outcome.evidence, Trace)
    labels = [step.label for step in outcome.evidence.steps if step.send]
    assert labels == ["Short", "Gift"]


# Ceremonies

ENROLL = """-- tell: category(C)
protocol Enroll =
  roles Admin, Device
  Admin { flow_cost : 5, journal_facts : "Fact::CeremonyInitiated" } -> Device : Offer
  choice Admin at
    | Commit =>
        Admin { flow_cost : 5, journal_facts : "Fact::CeremonyCommitted" } -> Device : Commit
    | Abort =>
        Admin { flow_cost : 5, journal_facts : "Fact::CeremonyAborted" } -> Device : Abort
"""


def test_a_ceremony_is_proved() -> None:
    found = verdicts(ENROLL)
    assert isinstance(found["ceremony"].outcome, Proved)
    assert found["ceremony"].required
    assert isinstance(found["ceremony-status"].outcome, Proved)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('journal_facts : "Fact::CeremonyAborted"', "parallel : true", "neither a commit nor"),
        ('"Fact::CeremonyInitiated"', '"note"', "before the ceremony has begun"),
        ('"Fact::CeremonyAborted"', '"CeremonyInitiated"', "a second time"),
    ],
)  # fmt: skip
def test_a_broken_ceremony_has_a_run(old: str, new: str, said: str) -> None:
    text = ENROLL.replace(old, new)
    found = verdicts(text)["ceremony"].outcome
    assert isinstance(found, Refuted)
    assert isinstance(found.evidence, Trace)
    assert said in found.evidence.explanation
    assert run_of(text).exit_code == 1


def test_nothing_comes_after_the_outcome() -> None:
    more = '        Admin { flow_cost : 5, journal_facts : "%s" } -> Device : More\n'
    for fact, said in (
        ("note", "after the outcome"),
        ("Fact::CeremonyCommitted", "already has an outcome"),
    ):
        found = verdicts(ENROLL + more % fact)["ceremony"].outcome
        assert isinstance(found, Refuted)
        assert isinstance(found.evidence, Trace)
        assert said in found.evidence.explanation
    again = verdicts(ENROLL + more % "Fact::CeremonyAborted")["ceremony"].outcome
    assert isinstance(again, Proved)  # the same fact of the same role once more


def test_a_missing_abort_path_is_not_proved() -> None:
    head, _, tail = ENROLL.partition("  choice")
    commit = tail.splitlines()[2].strip()
    found = verdicts(f"{head}  {commit}\n")["ceremony"]
    assert isinstance(found.outcome, Skipped)
    assert "abort path is not in the choreography" in found.outcome.reason
    assert not found.required


def test_other_categories_ask_for_nothing() -> None:
    assert "ceremony" not in verdicts(ENROLL.replace("(C)", "(A)"))
    assert "ceremony" not in verdicts(CHAT)


@pytest.mark.parametrize("comment", ["category(D)", "category(c)", "category(A, C)"])
def test_categories_that_do_not_exist(comment: str) -> None:
    run = run_of(ENROLL.replace("category(C)", comment))
    assert "TV652" in {diagnostic.code.number for diagnostic in run.findings}


def test_a_category_against_the_policy(tmp_path: Path) -> None:
    row = '[[protocols]]\nmodule = "m"\nprotocol = "Enroll"\ncategory = "B"\nfiles = ["m.tell"]\n'
    text = "module m exposing (Enroll)\n" + ENROLL
    run = run_of(text, policy(tmp_path, row))
    assert "TV652" in {diagnostic.code.number for diagnostic in run.findings}


def test_a_status_by_the_last_fact_is_refuted(tmp_path: Path) -> None:
    names = (
        '[[protocols]]\nmodule = "m"\nprotocol = "Enroll"\ncategory = "C"\nfiles = ["m.tell"]\n'
        '[[ceremony_names]]\nprotocol = "m.Enroll"\ninitiated = ["Fact::CeremonyInitiated"]\n'
        'committed = ["Fact::CeremonyCommitted"]\naborted = ["Fact::CeremonyAborted"]\n'
    )
    options = policy(tmp_path, names + 'reduction = "last-writer"\n')
    text = "module m exposing (Enroll)\n" + ENROLL
    assert run_of(text, options).exit_code == 1
    found = verdicts(text, options)["ceremony-status"].outcome
    assert isinstance(found, Refuted)
    assert found.code == "TV654"
    bad = policy(tmp_path, names + 'schema = "nothing.toml"\n')
    assert isinstance(verdicts(text, bad)["ceremony"].outcome, Unknown)


STATUS = """\
format = 1
name = "EnrollFact"
version = 2

[[variants]]
name = "Initiated"
fact = "EnrollFact::CeremonyInitiated"
stands_for = "initiated"
fields = [
  { name = "ceremony_id", type = "Id" },
  { name = "agreement_mode", type = "Mode" },
  { name = "timestamp", type = "TimeStamp", domain = "LogicalClock" },
]

[[variants]]
name = "Committed"
fact = "EnrollFact::CeremonyCommitted"
stands_for = "committed"
fields = [
  { name = "ceremony_id", type = "Id" },
  { name = "agreement_mode", type = "Mode" },
  { name = "timestamp", type = "TimeStamp", domain = "LogicalClock" },
]

[[variants]]
name = "Aborted"
fact = "EnrollFact::CeremonyAborted"
stands_for = "aborted"
fields = [
  { name = "ceremony_id", type = "Id" },
  { name = "timestamp", type = "TimeStamp", domain = "LogicalClock" },
]
"""
TABLE = """
[reduction]
initial = "idle"
conflict = "disputed"
precedence = [["idle"], ["open"], ["done", "dropped"], ["disputed"]]
facts = { Initiated = "open", Committed = "done", Aborted = "dropped" }
"""


def status_by(tmp_path: Path, table: str) -> tuple[Proved | Refuted, set[str]]:
    """The verdict on the status with a schema that has this table, and all properties."""
    names = (
        '[[protocols]]\nmodule = "m"\nprotocol = "Enroll"\ncategory = "C"\nfiles = ["m.tell"]\n'
        '[[ceremony_names]]\nprotocol = "m.Enroll"\ninitiated = ["EnrollFact::CeremonyInitiated"]\n'
        'committed = ["EnrollFact::CeremonyCommitted"]\naborted = ["EnrollFact::CeremonyAborted"]\n'
        'schema = "enroll-2.toml"\n'
    )
    options = policy(tmp_path, names)
    (tmp_path / "enroll-2.toml").write_text(STATUS + table, encoding="utf-8")
    found = verdicts("module m exposing (Enroll)\n" + ENROLL, options)
    outcome = found["ceremony-status"].outcome
    assert isinstance(outcome, Proved | Refuted)
    return outcome, set(found)


def test_a_status_by_the_table_of_its_schema(tmp_path: Path) -> None:
    outcome, found = status_by(tmp_path, TABLE)
    assert isinstance(outcome, Proved)
    assert "by the table of `EnrollFact`, version 2" in outcome.detail
    assert "ceremony" in found
    outcome, _ = status_by(tmp_path, "")
    assert isinstance(outcome, Proved)
    assert "by rank, version 2" in outcome.detail


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('conflict = "disputed"\n', "", "have one rank"),
        (', Aborted = "dropped"', "", "not total"),
        ('["disputed"]]', '["last"], ["disputed"]]\n# ', ""),
        ('initial = "idle"', 'initial = "disputed"', "not monotone"),
    ],
)
def test_a_table_that_is_no_function_is_refuted(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    """The rest of the ceremony is decided all the same."""
    outcome, found = status_by(tmp_path, TABLE.replace(old, new))
    assert isinstance(outcome, Refuted) is bool(said)
    if isinstance(outcome, Refuted):
        assert outcome.code == "TV654"
        assert isinstance(outcome.evidence, Trace)
        assert said in outcome.evidence.explanation
        assert "`EnrollFact`" in outcome.evidence.explanation
    assert "ceremony" in found


# Evidence


def test_certificates_of_budgets_are_accepted() -> None:
    from tellverify.language.files import inputs
    from tellverify.verification.evidence_files import evidence_files
    from tellverify.verification.pipeline import check_files

    files = [inputs.decode("nowhere/spread.tell", FAMILY.encode())]
    checked = check_files(files, Options(keep_graphs=True))
    ((_, name, text),) = [f for f in evidence_files(checked) if f[1].endswith("budgets.json")]
    assert re.fullmatch(r"Spread-[0-9a-f]{12}/budgets\.json", name)
    certificate = read_budgets(text.encode())
    claims = {worst.claim for part in certificate.instances for worst in part.worst}
    assert claims == {"budget[Hub]", "budget[Leaf]"}
    assert check_budgets(certificate) == 6
