"""Structural findings: code, the place that is shown, what upstream does, and what is not said.

In the sources `«` and `»` enclose the primary place of the finding that is looked for.
"""

from __future__ import annotations

import pytest
from asts import (
    TEXT,
    Body,
    again,
    call,
    choice_of,
    decide,
    declared,
    file,
    local,
    name,
    par,
    place,
    protocol,
    rec,
    send,
)

from tellverify.diagnostics.codes import CODES
from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.language.checks.wellformed import check_structure
from tellverify.language.syntax import ast
from tellverify.language.syntax.parser import parse
from tellverify.source.span import Span
from tellverify.source.text import SourceFile


def findings(text: str) -> tuple[Diagnostic, ...]:
    source = SourceFile("p.tell", text)
    parsed = parse(source)
    assert [d.message for d in parsed.diagnostics] == []
    return check_structure(parsed.file, source)


def the_finding(marked: str, number: str) -> Diagnostic:
    """The one finding of a code, which must be at the marks."""
    start = marked.index("«")
    end = marked.index("»") - 1
    found = findings(marked.replace("«", "").replace("»", ""))
    (one,) = [d for d in found if d.code.number == number]
    assert one.primary.span == Span(start, end)
    return one


def numbers(text: str) -> list[str]:
    return [d.code.number for d in findings(text)]


def body(*lines: str, roles: str = "A, B, C", after: str = "") -> str:
    """A protocol in which every role takes part."""
    names = [r.strip() for r in roles.split(",")]
    used = [f"{names[0]} -> {n} : Hi{i}" for i, n in enumerate(names) if i and "[" not in n]
    text = "\n".join(f"  {line}" for line in (f"roles {roles}", *used, *lines))
    return f"protocol P =\n{text}\n{after}"


# (code, severity, upstream, part of the message, source)
CASES = [
    ("TV201", "error", "rejects", "the role `X` is not declared", body("A -> «X» : M")),
    (
        "TV201",
        "error",
        "accepts",
        "the role `X` is not declared",
        body("let r = transfer Box from «X» to B"),
    ),
    (
        "TV202",
        "error",
        "rejects",
        "the role `A` is declared twice",
        "protocol P =\n  roles A, B, «A»\n  A -> B : M\n",
    ),
    ("TV203", "error", "rejects", "`P` has no roles", "protocol «P» =\n  A -> B : M\n"),
    ("TV204", "warning", "rejects", "in its header", "protocol P(«A, B») =\n  A -> B : M\n"),
    (
        "TV205",
        "error",
        "rejects",
        "in its header and in its body",
        "protocol P(A) =\n  «roles B, C»\n  A -> B : M\n  A -> C : M\n",
    ),
    (
        "TV206",
        "warning",
        "rejects",
        "the role `C` is never used",
        "protocol P =\n  roles A, B, «C»\n  A -> B : M\n",
    ),
    ("TV208", "error", "accepts", "`A` sends `M` to itself", body("A -> «A» : M")),
    (
        "TV208",
        "error",
        "accepts",
        "`D[1]` sends `M` to itself",
        body("D[1] -> «D[1]» : M", roles="A, D[2]"),
    ),
    (
        "TV209",
        "warning",
        "drops",
        "the broadcast of `A` has no receivers",
        "protocol P =\n  roles A\n  «A ->* : M»\n",
    ),
    ("TV211", "error", "rejects", "needs an index", body("A -> «D» : M", roles="A, D[N]")),
    ("TV212", "error", "rejects", "`B` is not a role family", body("A -> «B[1]» : M")),
    (
        "TV213",
        "error",
        "accepts",
        "`D[2]` is out of range: `D` has 2 members",
        body("A -> «D[2]» : M", roles="A, D[2]"),
    ),
    (
        "TV213",
        "error",
        "accepts",
        "`D[0..3]` is out of range",
        body("A -> «D[0..3]» : M", roles="A, D[2]"),
    ),
    (
        "TV214",
        "error",
        "accepts",
        "the index `i` of `D` is not bound",
        body("A -> «D[i]» : M", roles="A, D[N]"),
    ),
    (
        "TV214",
        "error",
        "accepts",
        "the index `k` of `D` is not bound",
        body("A -> «D[0..k]» : M", roles="A, D[N]"),
    ),
    (
        "TV215",
        "error",
        "rejects",
        "the size 10001",
        "protocol P =\n  roles A, «D[10001]»\n  A -> D[0] : M\n",
    ),
    ("TV215", "error", "rejects", "the index 10000", body("A -> «D[10000]» : M", roles="A, D[N]")),
    ("TV215", "error", "rejects", "1001 members", body("A -> «D[0..1001]» : M", roles="A, D[N]")),
    ("TV216", "error", "rejects", "is empty", body("A -> «D[2..2]» : M", roles="A, D[N]")),
    (
        "TV217",
        "error",
        "accepts",
        "a choice needs one role",
        body("choice «D[*]» at", "  | x =>", "      D[*] -> A : x", roles="A, D[N]"),
    ),
    (
        "TV221",
        "error",
        "rejects",
        "the local protocol `L` is declared twice",
        body(
            "call L",
            after="where\n  protocol L =\n    A -> B : M\n  protocol «L» =\n    A -> B : N\n",
        ),
    ),
    ("TV222", "error", "rejects", "no local protocol `L`", body("call «L»")),
    (
        "TV222",
        "error",
        "drops",
        "no local protocol `L`",
        body("let x = y in", "  call «L»"),
    ),
    (
        "TV223",
        "error",
        "rejects",
        "`L`, `K` call each other in a cycle",
        body(
            "call L",
            after="where\n  protocol L =\n    call K\n"
            "  protocol K =\n    A -> B : M\n    call «L»\n",
        ),
    ),
    (
        "TV224",
        "warning",
        "accepts",
        "the local protocol `L` is never called",
        body(after="where\n  protocol «L» =\n    A -> B : M\n"),
    ),
    (
        "TV225",
        "warning",
        "drops",
        "ignores `call L` inside `let`",
        body("let x = y in", "  «call L»", after="where\n  protocol L =\n    A -> B : M\n"),
    ),
    ("TV231", "error", "accepts", "is not inside a `rec X`", body("A -> B : M", "continue «X»")),
    (
        "TV232",
        "error",
        "accepts",
        "`continue X` repeats without any communication",
        body("rec X", "  let u = v", "  «continue X»"),
    ),
    (
        "TV232",
        "error",
        "accepts",
        "`loop forever` repeats without any communication",
        body("«loop forever»", "  let u = v"),
    ),
    (
        "TV233",
        "error",
        "accepts",
        "leaves a parallel branch",
        body(
            "rec X", "  par", "    |", "      A -> B : M", "      continue «X»", "    | A -> C : M"
        ),
    ),
    (
        "TV241",
        "error",
        "accepts",
        "two branches of the choice have the label `x`",
        body("choice A at", "  | x =>", "      A -> B : M", "  | «x» =>", "      A -> B : N"),
    ),
    (
        "TV242",
        "error",
        "rejects",
        "branch `y` begins with a message from `B`, but `A` decides",
        body("choice A at", "  | x =>", "      A -> B : x", "  | y =>", "      «B» -> A : y"),
    ),
    (
        "TV242",
        "error",
        "accepts",
        "branch `q` begins with a message from `B`",
        body(
            "choice A at",
            "  | x =>",
            "      A -> B : x",
            "      choice A at",
            "        | p =>",
            "            A -> B : p",
            "        | q =>",
            "            «B» -> A : q",
            "  | y =>",
            "      A -> B : y",
        ),
    ),
    (
        "TV242",
        "error",
        "rejects",
        "branch `y` sends no message",
        body("choice A at", "  | x =>", "      A -> B : x", "  | «y» =>", "      publish seen"),
    ),
    (
        "TV243",
        "warning",
        "rejects",
        "branch `y` begins with `let`",
        body(
            "choice A at",
            "  | x =>",
            "      A -> B : x",
            "  | y =>",
            "      «let u» = v",
            "      A -> B : y",
        ),
    ),
    (
        "TV243",
        "warning",
        "rejects",
        "branch `y` begins with a broadcast",
        body("choice A at", "  | x =>", "      A -> B : x", "  | y =>", "      «A ->* : y»"),
    ),
    (
        "TV244",
        "warning",
        "accepts",
        "one branch to `B` and of another to `C`",
        body("choice A at", "  | x =>", "      A -> B : x", "  | y =>", "      A -> «C» : y"),
    ),
    (
        "TV246",
        "warning",
        "accepts",
        "`x` as its only branch",
        body("choice A at", "  | «x» =>", "      A -> B : x"),
    ),
    (
        "TV248",
        "error",
        "accepts",
        "`A` begins case `Ok` and `B` begins case `Err`",
        body(
            "case u of", "  | Ok(v) =>", "      A -> B : x", "  | Err(v) =>", "      «B» -> A : y"
        ),
    ),
    (
        "TV249",
        "warning",
        "accepts",
        "case `Err` sends no message",
        body(
            "case u of", "  | Ok(v) =>", "      A -> B : x", "  | «Err»(v) =>", "      publish seen"
        ),
    ),
    (
        "TV251",
        "error",
        "accepts",
        "`A` decides does not begin with a send by `A`",
        body("loop decide by A", "  «B» -> A : x"),
    ),
    (
        "TV252",
        "warning",
        "accepts",
        "two nested deciding loops",
        body("loop decide by A", "  A -> B : x", "  «loop decide by B»", "    B -> A : y"),
    ),
    (
        "TV253",
        "error",
        "accepts",
        "begins with `Done`",
        body("loop decide by A", "  A -> B : «Done»"),
    ),
    (
        "TV261",
        "warning",
        "drops",
        "drops the statements after `choice`",
        body(
            "choice A at",
            "  | x =>",
            "      A -> B : x",
            "  | y =>",
            "      A -> B : y",
            "«B -> A : Late»",
            "B -> A : Later",
        ),
    ),
    (
        "TV261",
        "warning",
        "drops",
        'drops the statements after `loop while "p"`',
        body('loop while "p"', "  A -> B : x", "«B -> A : Late»"),
    ),
    (
        "TV262",
        "warning",
        "drops",
        "the statements after `loop forever` are unreachable",
        body("loop forever", "  A -> B : x", "«B -> A : Never»"),
    ),
    (
        "TV262",
        "warning",
        "drops",
        "the statements after `continue X` are unreachable",
        body("rec X", "  A -> B : M", "  continue X", "  «B -> A : Never»"),
    ),
    (
        "TV271",
        "error",
        "rejects",
        "the proof bundle `E` is not declared",
        "protocol P requires «E» =\n  roles A, B\n  A -> B : M\n",
    ),
    (
        "TV272",
        "error",
        "rejects",
        "the effect `E` is not declared",
        "protocol P uses «E» =\n  roles A, B\n  A -> B : M\n",
    ),
    (
        "TV273",
        "error",
        "rejects",
        "the profile `E` is not declared",
        "protocol P under «E» =\n  roles A, B\n  A -> B : M\n",
    ),
    (
        "TV274",
        "error",
        "rejects",
        "the proof bundle `E` is declared twice",
        'proof_bundle E version "1"\nproof_bundle «E» version "2"\n' + body(),
    ),
    (
        "TV275",
        "error",
        "rejects",
        "the profile `E` is declared twice",
        "profile E fairness eventual\nprofile «E» fairness eventual\n" + body(),
    ),
]


@pytest.mark.parametrize(
    ("number", "severity", "upstream", "part", "source"),
    CASES,
    ids=[f"{case[0]}-{index}" for index, case in enumerate(CASES)],
)
def test_finding(number: str, severity: str, upstream: str, part: str, source: str) -> None:
    found = the_finding(source, number)
    assert part in found.message
    assert (found.severity, found.upstream) == (severity, upstream)
    assert found.message[0] == "`" or found.message[0].islower() or "Telltale" in found.message[:8]
    assert not found.message.endswith(".")
    assert found.helps


def test_every_code_has_a_case() -> None:
    by_hand = {"TV207", "TV245", "TV254"}  # the parser lets no such text through, or says it itself
    in_graph = {"TV247", "TV255"}
    payloads = {"TV257", "TV258"}  # tests/unit/obligations/test_payload_findings.py
    declarations = {"TV256"} | {n for n in CODES if "TV276" <= n <= "TV291"}  # test_discipline
    imports = {n for n in CODES if "TV234" <= n <= "TV239" or "TV292" <= n <= "TV299"}
    expectations = {"TV263", "TV264", "TV265"}  # tests/cli, with comments and a target
    tried = {case[0] for case in CASES} | expectations
    listed = tried | by_hand | in_graph | payloads | declarations | imports
    assert {n for n in CODES if n.startswith("TV2")} == listed


def of_tree(roles: str, *statements: Body) -> list[str]:
    only = protocol(roles, *statements)
    return [d.code.number for d in check_structure(file(only), TEXT)]


def test_empty_branches() -> None:
    assert of_tree("A, B", choice_of("A", ("x", "A -> B : x"), ("y", []))) == ["TV245"]
    only = protocol("A, B", par("A -> B : x", []))
    (found,) = check_structure(file(only), TEXT)
    assert (found.code.number, found.severity) == ("TV245", Severity.WARNING)
    assert of_tree("A, B", par("A -> B : x")) == ["TV254"]


def test_roles_of_a_local_protocol() -> None:
    inner = ast.LocalProtocol(
        name("L"), (send("A -> B : M"),), roles=(declared("A"),), span=place()
    )
    only = protocol("A, B", call("L"), where=(inner,))
    assert [d.code.number for d in check_structure(file(only), TEXT)] == ["TV207"]


@pytest.mark.parametrize(
    "text",
    [
        body("rec X", "  choice A at", "    | m =>", "        A -> B : m", "        continue X",
             "    | stop =>", "        A -> B : stop"),
        body("loop decide by A", "  A -> B : x", "A -> C : End"),
        body("loop decide by A", "  A -> B : x", "loop decide by A", "  A -> B : x"),
        body("A -> D[*] : x", "D[*] -> D[*] : y", "D[N] -> A : z", roles="A, D[N]"),
        body("A -> D[1..N] : x", roles="A, D[N]"),
        body("A -> D : x", roles="A, D[3]"),
        body("call L", after="where\n  protocol L =\n    A -> B : M\n"),
        body("choice A at", "  | x =>", "      call L", "  | y =>", "      A -> B : y",
             after="where\n  protocol L =\n    A -> B : M\n"),
        body("par", "  | A -> B : x", "  | A -> C : y"),
        "protocol P =\n  roles A, B\n  A ->* : M\n",
        body("case u of", "  | Ok(v) =>", "      let w = v", "  | Err(v) =>", "      publish seen"),
    ],
)  # fmt: skip
def test_nothing_to_say(text: str) -> None:
    assert numbers(text) == []


def test_a_silent_case_before_a_message_of_the_same_role_is_heard() -> None:
    lines = ("case u of", "  | Ok(v) =>", "      A -> B : x", "  | Err(v) =>", "      publish s")
    assert numbers(body(*lines, "A -> B : y")) == ["TV261"]
    assert sorted(numbers(body(*lines, "B -> A : y"))) == ["TV249", "TV261"]


def test_one_undeclared_name_is_one_finding() -> None:
    (found,) = findings(body(*(f"A -> Bee : M{i}" for i in range(50)), roles="A, B"))
    assert found.code.number == "TV201"
    assert len(found.others) == 4
    assert found.notes == ("it is used in 46 more places",)


def test_a_likely_name_is_offered() -> None:
    text = "protocol P =\n  roles Coordinator, B\n  Cordinator -> B : M\n  B -> Coordinator : N\n"
    (found,) = findings(text)
    assert found.helps == ("did you mean `Coordinator`?",)


def test_faults_behind_dead_code_are_seen() -> None:
    text = body("loop forever", "  A -> B : x", "A -> X : y", "call L")
    assert numbers(text) == ["TV262", "TV201", "TV222"]


def test_a_partial_file_is_not_blamed_for_what_is_missing() -> None:
    source = SourceFile("p.tell", "protocol P =\n  roles A, B, C\n  A -> B : M\n  C => oops\n")
    parsed = parse(source)
    assert parsed.diagnostics
    assert check_structure(parsed.file, source) == ()


def test_findings_come_in_source_order_and_twice_alike() -> None:
    text = body("A -> X : M", "continue L", "B -> B : N", "call K")
    first, second = findings(text), findings(text)
    assert first == second
    starts = [d.primary.span.start for d in first]
    assert starts == sorted(starts)


DEEP = 5_000


@pytest.mark.parametrize("kind", ["choice", "rec", "decide", "call"])
def test_depth(kind: str) -> None:
    statements: list[Body] = ["A -> B : M"]
    where = []
    for level in range(DEEP):
        match kind:
            case "choice":
                statements = [
                    choice_of("A", ("x", ["A -> B : x", *statements]), ("y", "A -> B : y"))
                ]
            case "rec":
                statements = [rec(f"L{level}", *statements)]
            case "decide":
                statements = [decide("A", "A -> B : x", *statements)]
            case _:
                where.append(local(f"L{level}", *statements))
                statements = [call(f"L{level}")]
    if kind == "rec":
        statements = [*statements, again("L0")]
    only = protocol("A, B", *statements, where=tuple(where))
    found = {d.code.number for d in check_structure(file(only), TEXT)}
    expected = {"rec": {"TV231", "TV261"}, "decide": {"TV252"}}
    assert found == expected.get(kind, set())
