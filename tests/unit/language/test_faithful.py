"""A protocol in the form in which Telltale runs it, against the text as written."""

from __future__ import annotations

import pytest
from asts import TEXT

from tellverify.language.linking.dialect_rewriting import as_run_upstream
from tellverify.language.lowering.program import OverBudget
from tellverify.language.syntax import ast
from tellverify.language.syntax.parser import parse
from tellverify.obligations.options import Options
from tellverify.source.text import SourceFile
from tellverify.verification.pipeline import check_text


def protocol(text: str) -> ast.Protocol:
    parsed = parse(SourceFile(TEXT.path, text))
    return parsed.file.protocols[0]


def body(text: str, where: str = "") -> str:
    lines = "".join(f"  {line}\n" for line in text.split("\n"))
    inner = "".join(f"  {line}\n" for line in where.split("\n"))
    return "protocol P =\n  roles A, B, C\n" + lines + (f"where\n{inner}" if where else "")


def shown(block: ast.Block) -> str:
    """The statements of a block on one line, for shallow blocks."""
    parts: list[str] = []
    for statement in block:
        match statement:
            case ast.Send(message=message):
                parts.append(message.label.text)
            case ast.Choice(branches=branches):
                inner = " | ".join(f"{each.label.text}: {shown(each.body)}" for each in branches)
                parts.append(f"({inner})")
            case ast.Case(arms=arms):
                inner = " | ".join(f"{each.constructor.text}: {shown(each.body)}" for each in arms)
                parts.append(f"case({inner})")
            case ast.Par(branches):
                parts.append(f"par({' | '.join(shown(each) for each in branches)})")
            case ast.Rec(name, inside):
                parts.append(f"rec {name.text}({shown(inside)})")
            case ast.Continue(name):
                parts.append(f"continue {name.text}")
            case ast.Loop(body=inside):
                parts.append(f"loop({shown(inside)})")
            case ast.Timeout():
                parts.append(f"timeout({shown(statement.body)} | {shown(statement.on_timeout)})")
            case ast.Let(body=inside) if inside is not None:
                parts.append(f"let({shown(inside)})")
            case ast.Call(name):
                parts.append(f"call {name.text}")
            case _:
                parts.append(type(statement).__name__)
    return " ".join(parts)


def run(text: str, where: str = "") -> str:
    return shown(as_run_upstream(protocol(body(text, where)), 10_000).protocol.body)


CHOICE = "choice A at\n  | x =>\n      A -> B : x\n  | y =>\n      A -> B : y"


class TestWhatIsDropped:
    @pytest.mark.parametrize(
        ("text", "kept"),
        [
            (CHOICE, "(x: x | y: y)"),
            (
                "case found of\n  | Ok(v) =>\n      A -> B : x\n  | Err(v) =>\n      A -> B : y",
                "case(Ok: x | Err: y)",
            ),
            (
                "timeout 5s A at\n  A -> B : x\non timeout =>\n  A -> B : y",
                "timeout(x | y)",
            ),
            ("par\n  |\n    A -> B : x\n  |\n    B -> A : y", "par(x | y)"),
            ("rec X\n  A -> B : x\n  continue X", "rec X(x continue X)"),
            ("loop repeat 2\n  A -> B : x", "loop(x)"),
            ('loop while "more"\n  A -> B : x', "loop(x)"),
            ("loop forever\n  A -> B : x", "loop(x)"),
            ("loop decide by A\n  B -> A : x", "loop(x)"),
            ("let n = Nothing in\n  A -> B : x", "let(x)"),
        ],
    )
    def test_code_behind_a_statement_without_continuation(self, text: str, kept: str) -> None:
        assert run(f"A -> B : First\n{text}\nB -> C : Tail\nC -> A : End") == f"First {kept}"

    def test_code_behind_continue(self) -> None:
        assert run("rec X\n  A -> B : x\n  continue X\n  A -> B : y") == "rec X(x continue X)"

    def test_code_behind_statements_that_communicate_nothing_stays(self) -> None:
        assert run("let n = Nothing\nbegin op\nA -> B : x") == "Let Begin x"

    def test_it_happens_inside_every_block(self) -> None:
        inner = "rec X\n  A -> B : x\n  choice A at\n    | a =>\n        A -> B : a\n    | b =>\n"
        assert run(inner + "        A -> B : b\n  continue X") == "rec X(x (a: a | b: b))"


class TestCalls:
    WHERE = "protocol Ask =\n  A -> B : Ask\n  call Inner\nprotocol Inner =\n  B -> A : Answer"

    def test_calls_are_replaced(self) -> None:
        assert run("call Ask\nA -> B : End", self.WHERE) == "Ask Answer End"

    def test_in_choices_loops_par_and_rec(self) -> None:
        text = "rec X\n  choice A at\n    | a =>\n        A -> B : a\n        call Inner\n"
        text += "        continue X\n    | b =>\n        A -> B : b"
        assert run(text, self.WHERE) == "rec X((a: a Answer continue X | b: b))"

    def test_not_in_case_timeout_and_let(self) -> None:
        text = "timeout 5s A at\n  call Ask\n  A -> B : x\non timeout =>\n  call Nobody"
        assert run(text, self.WHERE) == "timeout(x | )"
        assert run("let n = Nothing in\n  call Ask", self.WHERE) == "let()"
        text = (
            "case n of\n  | Ok(v) =>\n      loop repeat 2\n        call Ask\n        A -> B : x\n"
        )
        text += "  | Err(v) =>\n      A -> B : y"
        assert run(text, self.WHERE) == "case(Ok: loop(x) | Err: y)"

    def test_a_called_choice_drops_what_follows_the_call(self) -> None:
        where = "protocol Ask =\n" + "".join(f"  {line}\n" for line in CHOICE.split("\n")).rstrip()
        assert run("call Ask\nB -> C : Tail", where) == "(x: x | y: y)"

    def test_what_calls_itself_stays(self) -> None:
        assert run("call Ask", "protocol Ask =\n  A -> B : x\n  call Ask") == "x call Ask"

    def test_calls_beyond_the_budget(self) -> None:
        where = "\n".join(f"protocol L{n} =\n  call L{n + 1}\n  call L{n + 1}" for n in range(40))
        where += "\nprotocol L40 =\n  A -> B : x"
        with pytest.raises(OverBudget, match="`P` unfold to more than 10,000 statements"):
            run("call L0", where)


class TestDecidingLoops:
    LOOP = "loop decide by A\n  A -> B : More\n  B -> A : Next"

    def test_one_is_a_choice_under_a_fixed_name(self) -> None:
        assert run(self.LOOP) == (
            "rec RoleDecidesLoop((More: More Next continue RoleDecidesLoop | Done: Done))"
        )

    def test_what_follows_goes_into_done(self) -> None:
        assert run(self.LOOP + "\nA -> C : Tail").endswith("| Done: Done Tail))")

    def test_a_second_one_goes_into_the_first(self) -> None:
        first = "rec RoleDecidesLoop((More: More Next continue RoleDecidesLoop | Done: Done "
        assert run(self.LOOP + "\n" + self.LOOP).startswith(first + "rec RoleDecidesLoop(")

    def test_the_rest_of_an_outer_body_is_caught_by_the_inner_loop(self) -> None:
        text = "loop decide by A\n  A -> B : Outer\n  loop decide by A\n    A -> B : Inner"
        text += "\n  B -> A : K"
        again = "continue RoleDecidesLoop"
        inner = f"rec RoleDecidesLoop((Inner: Inner {again} | Done: Done K {again}))"
        assert run(text) == f"rec RoleDecidesLoop((Outer: Outer {inner} | Done: Done))"

    def test_many_in_a_row_take_linear_time_and_no_stack(self) -> None:
        text = "\n".join([self.LOOP] * 3_000)
        assert as_run_upstream(protocol(body(text)), 100_000).dropped == ()

    def test_nesting_takes_no_stack(self) -> None:
        text = "\n".join(f"{' ' * n}rec X{n}" for n in range(3_000)) + f"\n{' ' * 3_000}A -> B : x"
        as_run_upstream(protocol(body(text)), 100_000)


# Each accident: text, then code, severity and exit code when strict, and when faithful.
STRICT, FAITHFUL = "strict", "faithful"
ACCIDENTS = {
    "tail behind a choice": (body(CHOICE + "\nB -> C : Tail"), "TV261", "warning", "note"),
    "a line deeper than the message above": (
        body("A -> B : M\n  B -> C : N\nB -> C : K"),
        "TV104",
        "error",
        "note",
    ),
    "a brace behind a loop": (
        body("loop repeat 2\n  A { priority : 1 } -> B : x\n  A -> C : y"),
        "TV151",
        "warning",
        "error",
    ),
    "a brace on the line of rec": (
        body("A -> C : y\nrec X ( A { priority : 1 } -> B : x  continue X )"),
        "TV151",
        "warning",
        "error",
    ),
    "a removed word in a comment": (
        body("{-\nretry when it fails\n-}\nA -> B : x\nB -> C : y"),
        "TV151",
        "warning",
        "error",
    ),
    "a name that begins with a keyword": (
        "protocol P =\n  roles awaiter, B\n  awaiter -> B : x\n",
        "TV151",
        "warning",
        "error",
    ),
    "roles in the header": ("protocol P(A, B) =\n  A -> B : x\n", "TV204", "warning", "error"),
    "a role without a part": (body("A -> B : x"), "TV206", "warning", "error"),
    "an undeclared role in a transfer": (
        body(
            "A -> B : x\nB -> C : y\nlet slip = transfer Box from A to D\nhandoff m to B with slip"
        ),
        "TV201",
        "error",
        "note",
    ),
    "a message to oneself": (body("A -> A : x\nA -> B : y\nB -> C : z"), "TV208", "error", "note"),
    "an index out of bounds": (
        "protocol P =\n  roles A, D[2]\n  A -> D[5] : x\n",
        "TV213",
        "error",
        "note",
    ),
    "an unbound index": (
        "protocol P =\n  roles A, D[2]\n  A -> D[i] : x\n",
        "TV214",
        "error",
        "note",
    ),
    "a call in a timeout": (
        body(
            "A -> B : x\nB -> C : y\ntimeout 5s A at\n  call L\non timeout =>\n  A -> B : z",
            "protocol L =\n  A -> B : w",
        ),
        "TV225",
        "warning",
        "note",
    ),
    "an unknown call in a timeout": (
        body("A -> B : x\nB -> C : y\ntimeout 5s A at\n  call L\non timeout =>\n  A -> B : z"),
        "TV222",
        "error",
        "note",
    ),
    "a `continue` outside its `rec`": (
        body("A -> B : x\nB -> C : y\ncontinue X"),
        "TV231",
        "error",
        "note",
    ),
    "a recursion that says nothing": (
        body("A -> B : x\nB -> C : y\nrec X\n  continue X"),
        "TV232",
        "error",
        "note",
    ),
    "two branches with the same label": (
        body("A -> C : k\nchoice A at\n  | x =>\n      A -> B : x\n  | x =>\n      A -> B : x"),
        "TV241",
        "error",
        "note",
    ),
    "branches toward different roles": (
        body(
            "choice A at\n  | x =>\n      A -> B : x\n      B -> C : z\n"
            "  | y =>\n      A -> C : y\n      C -> B : w"
        ),
        "TV244",
        "warning",
        "note",
    ),
    "a deciding loop that another role begins": (
        body("A -> C : y\nloop decide by A\n  B -> A : x"),
        "TV251",
        "error",
        "note",
    ),
    "nested deciding loops": (
        body("A -> C : y\nloop decide by A\n  A -> B : x\n  loop decide by A\n    A -> B : z"),
        "TV252",
        "warning",
        "note",
    ),
    "a deciding loop that begins with Done": (
        body("A -> C : y\nloop decide by A\n  A -> B : Done"),
        "TV253",
        "error",
        "note",
    ),
    "a handoff without a receipt": (
        body("A -> B : x\nB -> C : y\nlet n = Nothing\nhandoff m to B with n"),
        "TV344",
        "warning",
        "note",
    ),
    "a witness that nothing binds": (
        body("A -> B : x\nB -> C : y\npublish w as Page"),
        "TV343",
        "warning",
        "note",
    ),
    "an unknown capability": (
        "proof_bundle Pack requires [delegation]\n" + body("A -> B : x\nB -> C : y"),
        "TV287",
        "warning",
        "note",
    ),
}


@pytest.mark.parametrize("name", ACCIDENTS)
def test_an_accident_in_both_dialects(name: str) -> None:
    text, code, strict, faithful = ACCIDENTS[name]
    severities = {}
    for dialect in (STRICT, FAITHFUL):
        found = check_text(text, Options(dialect=dialect)).run.findings
        severities[dialect] = {d.severity.value for d in found if d.code.number == code}
    assert severities == {STRICT: {strict}, FAITHFUL: {faithful}}


def exit_codes(text: str) -> tuple[int, int]:
    runs = [check_text(text, Options(dialect=dialect)).run for dialect in (STRICT, FAITHFUL)]
    return runs[0].exit_code, runs[1].exit_code


class TestVerdicts:
    def test_a_tail_that_would_tell_the_third_role(self) -> None:
        """As written `C` is told by the tail; as run nobody tells it."""
        text = (
            "choice A at\n  | x =>\n      A -> B : x\n      A -> C : Work\n"
            "  | y =>\n      A -> B : y\nA -> C : Stop"
        )
        assert exit_codes(body(text)) == (0, 1)

    def test_a_tail_with_a_fault(self) -> None:
        text = "A -> C : k\n" + CHOICE.replace("A -> B : x", "A -> B : x\n      B -> A : z")
        tail = "\nchoice B at\n  | u =>\n      B -> A : u\n      C -> A : v\n  | w =>\n"
        tail += "      B -> A : w"
        assert exit_codes(body(text + tail)) == (1, 0)

    def test_a_role_of_the_tail_alone_takes_no_part(self) -> None:
        assert exit_codes(body(CHOICE + "\nB -> C : Tail")) == (0, 1)

    def test_rules_on_kept_statements_do_not_reject_dropped_ones(self) -> None:
        late = "\nchoice A at\n  | u =>\n      B -> A : u\n  | w =>\n      B -> A : w"
        text = "A -> C : k\n" + CHOICE + late
        assert exit_codes(body(text)) == (1, 0)

    def test_choices_behind_a_deciding_loop_are_not_looked_at(self) -> None:
        loop = "loop decide by A\n  A -> B : More\n"
        wrong = "choice A at\n  | u =>\n      B -> A : u\n  | w =>\n      B -> A : w"
        found = check_text(body("A -> C : k\n" + loop + wrong), Options(dialect=FAITHFUL)).run
        severities = {d.severity.value for d in found.diagnostics if d.code.number == "TV242"}
        assert severities == {"note"}

    def test_swallowed_lines_say_nothing(self) -> None:
        text = body("A -> B : M\n  B -> C : N\n  Nobody -> C : N\nB -> C : K")
        assert exit_codes(text) == (1, 0)

    def test_a_brace_ends_a_swallowed_payload(self) -> None:
        text = body("A -> B : M\n  B { retry : 3 } -> C : N\nB -> C : K")
        assert exit_codes(text) == (1, 1)
