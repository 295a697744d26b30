"""Effects, evidence, cases, declarations and predicates: what is said where, and what is not.

In the sources `«` and `»` enclose the primary place of the finding that is looked for. What the
rules of the language say is in `tests/spec`; here is what lies beyond them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tellverify.diagnostics.codes import CODES
from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.language.checks.all_rules import check_discipline
from tellverify.language.checks.inventory import CAPABILITIES
from tellverify.language.syntax.parser import parse
from tellverify.source.span import Span
from tellverify.source.text import SourceFile

CORPUS = Path(__file__).parents[4] / "shared" / "corpus" / "telltale"
FIELDS = "class : {}, progress : may_block, region : session, agreement_use : none"
STORE = f"""\
effect Store
  authoritative claim : Bay -> Result Refusal Slot
  {{ {FIELDS.format("authoritative")}, reentrancy : allow }}
  command ask : Bay -> Maybe Refusal
  {{ {FIELDS.format("best_effort")}, reentrancy : allow }}
  observe look : Bay -> Refusal
  {{ {FIELDS.format("observational")}, reentrancy : allow }}
type Refusal =
  | Full(Int)
  | Closed
"""
STOW = """\
agreement_profile Soft
  visibility pending
  rule unanimous
  usable_at soft_safe
  finalized_at finalized
  evidence witness
operation stow at A progress p within w agreement Soft =
  A -> B : Stow
"""
TR = "let slip = transfer Box from A to B"


def findings(text: str) -> list[Diagnostic]:
    source = SourceFile("p.tell", text)
    parsed = parse(source)
    assert [each.message for each in parsed.diagnostics if each.code.number != "TV151"] == []
    return list(check_discipline(parsed.file, source))


def body(*lines: str, head: str = " uses Store", declared: str = STORE, after: str = "") -> str:
    text = "".join(f"  {line}\n" for line in ("roles A, B", *lines))
    return f"{declared}protocol P{head} =\n{text}{after}"


def of(declared: str) -> str:
    return f"{declared}\nprotocol P =\n  roles A, B\n  A -> B : M\n"


# (code, severity, upstream, part of the message, source)
CASES = [
    # cases
    (
        "TV311",
        "error",
        "accepts",
        "no arm for `Closed` of `Refusal`",
        body("«case» u of", "  | Full(n) => A -> B : x"),
    ),
    (
        "TV311",
        "error",
        "rejects",
        "no arm for `Nothing` of `Maybe`",
        body("«case» check Store.ask(b) of", "  | Just(v) => A -> B : x"),
    ),
    (
        "TV311",
        "error",
        "accepts",
        "no arm for `Full` of `Refusal`",
        body(
            "authoritative let a = check Store.claim(b)",
            "case a of",
            "  | Ok(v) => A -> B : x",
            "  | Err(e) =>",
            "    «case» e of",
            "      | Closed => A -> B : y",
        ),
    ),
    (
        "TV312",
        "error",
        "accepts",
        "`Refusal` has no constructor `Ok`",
        body(
            "observe let a = observe Store.look(b)",
            "case a of",
            "  | Full(n) => A -> B : x",
            "  | «Ok»(v) => A -> B : y",
        ),
    ),
    (
        "TV312",
        "error",
        "accepts",
        "`Result` has no constructor `Nothing`",
        body("case u of", "  | Ok(v) => A -> B : x", "  | «Nothing» => A -> B : y"),
    ),
    (
        "TV313",
        "error",
        "accepts",
        "two arms of the case match `Full`",
        body(
            "case u of",
            "  | Full(n) => A -> B : x",
            "  | Closed => A -> B : y",
            "  | «Full» => A -> B : z",
        ),
    ),
    (
        "TV314",
        "error",
        "accepts",
        "the arm binds 1 name, but `Closed` has no value",
        body("case u of", "  | Full(n) => A -> B : x", "  | Closed(«why») => A -> B : y"),
    ),
    (
        "TV314",
        "error",
        "accepts",
        "the arm binds 3 names, but `Full` has 1 value",
        body("case u of", "  | Full(a, «b, c») => A -> B : x", "  | Closed => A -> B : y"),
    ),
    # effects
    (
        "TV328",
        "error",
        "accepts",
        "`P` uses the effect `Store` without `uses Store`",
        body("let x = f(«Store».ask(b))", head=""),
    ),
    (
        "TV329",
        "error",
        "rejects",
        "the effect `Stor` is not declared",
        body("let x = check «Stor».ask(b)"),
    ),
    (
        "TV329",
        "error",
        "accepts",
        "`Store` has no operation `aks`",
        body("let x = check Store.ask(Store.«aks»(b))"),
    ),
    (
        "TV331",
        "error",
        "rejects",
        "`look` is checked, but it is an `observe` operation",
        body(
            "case check Store.«look»(b) of",
            "  | Full(n) => A -> B : x",
            "  | Closed => A -> B : y",
        ),
    ),
    # evidence
    (
        "TV341",
        "warning",
        "accepts",
        "follows `begin stow`",
        body(
            "choice A at",
            "  | x =>",
            "    A -> B : x",
            "    begin «stow»",
            "  | y =>",
            "    A -> B : y",
            "    await stow",
            declared=STOW,
            head="",
        ),
    ),
    (
        "TV342",
        "warning",
        "accepts",
        "`resolve stow` has no `begin stow`",
        body("resolve «stow» as Cancelled", declared=STOW, head=""),
    ),
    (
        "TV343",
        "warning",
        "accepts",
        "the witness `w` is not bound here",
        body("publish «w» as News"),
    ),
    (
        "TV343",
        "warning",
        "accepts",
        "the published `w` is not bound here",
        body("publish news(«w».part)"),
    ),
    (
        "TV343",
        "warning",
        "accepts",
        "the publication `News` is not bound here",
        body("materialize proof from «News»"),
    ),
    (
        "TV343",
        "warning",
        "accepts",
        "the receipt `slip` is not bound here",
        body("handoff move to B with «slip»"),
    ),
    (
        "TV343",
        "warning",
        "accepts",
        "the guard's name `reason` is not bound here",
        body(
            "case check Store.claim(b) of",
            "  | Ok(v) => A -> B : x",
            "  | Err(reason) => A -> B : y",
            "choice A at",
            "  | p when («reason».hard) => A -> B : p",
            "  | q => A -> B : q",
        ),
    ),
    (
        "TV343",
        "warning",
        "accepts",
        "the argument `parcl` is not bound here",
        body("let parcel = box", "let x = check Store.ask(«parcl»)"),
    ),
    (
        "TV344",
        "warning",
        "accepts",
        "uses `slip`, which is not a receipt",
        body("let slip = box", "handoff move to B with «slip»"),
    ),
    (
        "TV345",
        "warning",
        "accepts",
        "the operation `stw` is begun but not declared",
        body("begin «stw»", "await stw", declared=STOW, head=""),
    ),
    # declarations
    (
        "TV283",
        "error",
        "rejects",
        "`compose threshold_success` has no number",
        of(STOW.replace("agreement Soft =", "agreement Soft compose «threshold_success» =")),
    ),
    (
        "TV283",
        "error",
        "rejects",
        "the threshold 0 is out of range",
        of(STOW.replace("agreement Soft =", "agreement Soft compose «threshold_success»(0) =")),
    ),
    (
        "TV283",
        "error",
        "rejects",
        "`compose all` has an argument",
        of(STOW.replace("agreement Soft =", "agreement Soft compose «all»(2) =")),
    ),
    (
        "TV285",
        "warning",
        "accepts",
        "the role set `S` is empty",
        of("role_set S = subset(A, «2..2»)"),
    ),
    (
        "TV286",
        "warning",
        "accepts",
        "two types named `T`",
        of("type alias T = Unit\ntype «T» =\n  | C"),
    ),
    ("TV286", "warning", "accepts", "two fragments named `F`", of("fragment F\nfragment «F»(a)")),
    (
        "TV286",
        "warning",
        "accepts",
        "two role sets named `F`",
        of("role_set F = A\nrole_set «F» = B"),
    ),
    (
        "TV286",
        "warning",
        "accepts",
        "constructors of `T` named `C`",
        of("type T =\n  | C\n  | «C»(Int)"),
    ),
    (
        "TV287",
        "warning",
        "accepts",
        "claims `knowledge_flow`",
        of("proof_bundle K requires [termination, «knowledge_flow»]"),
    ),
    (
        "TV288",
        "warning",
        "accepts",
        "requires the proof bundle `K`, which lists no capabilities",
        "proof_bundle K requires []\nprotocol P requires «K» =\n  roles A, B\n  A -> B : M\n",
    ),
    ("TV289", "warning", "accepts", "refers to the role `D`", of("ring R = A, «D»")),
    ("TV289", "warning", "accepts", "refers to the fragment `F`", of(
        STOW.replace("stow at A", "stow at A within «F»")
    )),
    ("TV289", "warning", "accepts", "refers to the profile `Q`", of(
        STOW.replace("within w", "requires «Q»")
    )),
    ("TV289", "warning", "accepts", "refers to the role `X`", of(STOW.replace("at A", "at «X»"))),
    ("TV289", "warning", "accepts", "refers to the effect `E`", of(
        "guest runtime G =\n  uses «E»\n  entry P"
    )),
    (
        "TV289",
        "warning",
        "accepts",
        "refers to the entry `Q`",
        of("guest runtime G =\n  entry «Q»"),
    ),
    (
        "TV291",
        "warning",
        "accepts",
        "`Q` has the field `fairness` twice",
        of("profile Q fairness a «fairness» b"),
    ),
    (
        "TV291",
        "warning",
        "accepts",
        "`ask` has the field `class` twice",
        of("effect E\n  ask : Unit -> Int\n  { class : best_effort, «class» : best_effort, "
           "progress : immediate, region : session, agreement_use : none, reentrancy : allow }"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("number", "severity", "upstream", "part", "marked"), CASES)
def test_finding(number: str, severity: str, upstream: str, part: str, marked: str) -> None:
    start, end = marked.index("«"), marked.index("»") - 1
    (one,) = findings(marked.replace("«", "").replace("»", ""))
    assert one.code.number == number
    assert one.primary.span == Span(start, end)
    assert part in one.message
    assert (one.severity, one.upstream) == (Severity(severity), upstream)
    assert one.message[0] == "`" or one.message[0].islower()
    assert not one.message.endswith(".")
    assert one.helps


def test_every_warning_beyond_the_rules_has_a_case() -> None:
    beyond = {"TV285", "TV286", "TV287", "TV288", "TV289", "TV291", "TV312", "TV313", "TV314"}
    beyond |= {number for number in CODES if number.startswith("TV34")}
    assert beyond <= {case[0] for case in CASES}


CLEAN = [
    body("choice A at", "  | x =>", "    A -> B : x",
         "    observe let seen = observe Store.look(b)", "  | y => A -> B : y"),
    body("loop repeat 2", "  authoritative let a = check Store.claim(b)", "  A -> B : x"),
    body("par", "  | A -> B : x", "  |", "    observe let seen = observe Store.look(b)",
         "    B -> A : y"),
    body("rec X", "  authoritative let a = check Store.claim(b)", "  A -> B : x", "  continue X"),
    body("timeout 5s A at", "  observe let seen = observe Store.look(b)", "  A -> B : x",
         "on timeout => A -> B : y"),
    body("authoritative let a = check Store.claim(bay)", "publish a as News",
         "materialize proof from News", "publish proof as More"),
    body(TR, "handoff move to B with slip"),
    body("choice A at", "  | x when check Store.claim(b) yields w =>", "    A -> B : x",
         "    publish w as News", "  | y when (free && n < 3) => A -> B : y"),
    body("case check Store.claim(b) of", "  | Ok(v) => A -> B : x", "  | Err => A -> B : y"),
    body("case u of", "  | Strange => A -> B : x", "  | Other(a, b) => A -> B : y"),
    body("begin stow(b) progress p within w", "await stow", declared=STOW, head=""),
    body("loop repeat 2", "  await stow", "  begin stow", declared=STOW, head=""),
    body("begin stow", "call L", declared=STOW, head="",
         after="where\n  protocol L =\n    await stow\n"),
    body("let x = y in", "  publish x as News"),
    of("role_set S = A, B\nrole_set T = subset(S, 0..1)\nmesh M = S, A"),
    of("agreement_profile G\n  visibility immediate\n  rule two_thirds\n  usable_at none\n"
       "  finalized_at none\n  evidence commit_fact"),
    of(STOW.replace("agreement Soft =", "agreement Soft compose threshold_success(3) =")),
]  # fmt: skip


@pytest.mark.parametrize("text", CLEAN)
def test_nothing_to_find(text: str) -> None:
    assert [(each.code.number, each.message) for each in findings(text)] == []


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the real files are not at hand")
def test_the_corpus() -> None:
    text = (CORPUS / "case_authoritative_binding.tell").read_text("utf-8")
    assert findings(text) == []


def test_the_inventory_has_every_key_once() -> None:
    assert len(CAPABILITIES) == len(set(CAPABILITIES)) == 63


def test_one_finding_for_a_misspelt_constructor() -> None:
    text = body("case u of", "  | Ok(v) => A -> B : x", "  | Error(e) => A -> B : y")
    assert [each.code.number for each in findings(text)] == ["TV312"]


def test_an_effect_that_is_missing_in_the_header_is_one_finding() -> None:
    text = body("let x = check Store.ask(b)", "let y = check Store.ask(x)", head="")
    (one,) = findings(text)
    assert one.notes == ("it is used in 1 more places",)


def condition(text: str) -> list[tuple[str, str]]:
    """Codes and marked texts of what is found in a loop with this condition."""
    whole = body(f'loop while "{text}"', "  A -> B : x")
    return [
        (each.code.number, whole[each.primary.span.start : each.primary.span.end])
        for each in findings(whole)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "free",
        "true",
        "!free && (a < 3 || b.c[0] >= d::e) ",
        "is_open(a, (b + 1)) == 4",
        "matches!(x, Some(1))",
        "((a))",
        "(a < b) == (c < d)",
        "if_ready",
        "'x' == c",
    ],
)
def test_predicates(text: str) -> None:
    assert [number for number, _ in condition(text) if number == "TV256"] == []


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("3", "3"),
        ("a && 3", "3"),
        ("(4)", "4"),
        ("3 && a", "3"),
        ("a < b < c", "<"),
        ("if a", "if"),
        ("a + 1", "+"),
        ("a b", "b"),
        ("a)", ")"),
    ],
)
def test_no_predicates(text: str, where: str) -> None:
    ((number, marked),) = condition(text)
    assert (number, marked) == ("TV256", where)


@pytest.mark.parametrize("text", ["", "a +", "a < ", "{ a }", "a = b", "f(a", "(a", "&& a"])
def test_no_predicates_at_all(text: str) -> None:
    assert [number for number, _ in condition(text)] == ["TV256"]
