"""Every statement, the forms of messages, records and guards, and contextual keywords."""

from __future__ import annotations

import pytest
from syntax_texts import WHOLE, body, parsed, statement

from tellverify.language.syntax import ast


def test_every_statement_of_the_language() -> None:
    (protocol,) = parsed(WHOLE).file.protocols
    kinds = [type(one).__name__ for one in protocol.body]
    assert kinds == [
        *("Let", "Let", "Send", "Send", "Send", "Broadcast", "Broadcast", "Handoff", "Call"),
        *("Choice", "Par", "Loop", "Loop", "Loop", "Loop", "Loop", "Rec", "Let", "Let", "Let"),
        *("Let", "Let", "Let", "Case", "Timeout", "Begin", "Await", "Resolve", "Resolve"),
        *("Resolve", "Invalidate", "PublishAs", "Publish", "Publish", "Materialize"),
        "DependentWork",
    ]


@pytest.mark.parametrize(
    ("text", "payload", "bracket"),
    [
        ("M", "", ""),
        ("M()", "", "("),
        ("M( a , b )", "a , b", "("),
        ("M { a : x, (b) }", "a : x, (b)", "{"),
        ("M(a + b? 'x' \\ &amp)", "a + b? 'x' \\ &amp", "("),
        ("M of a.B(x)", "x", "("),
        ('M("a)b")', '"a)b"', "("),
        ("M(loop choice -> => |)", "loop choice -> => |", "("),
    ],
)
def test_payloads_are_kept_as_written(text: str, payload: str, bracket: str) -> None:
    send = statement(f"A -> B : {text}")
    assert isinstance(send, ast.Send)
    assert (send.message.payload, send.message.bracket) == (payload, bracket)


def test_a_payload_may_go_over_lines() -> None:
    first, second = body("A -> B : M(a\n,\n    b)\nA -> B : N")
    assert isinstance(first, ast.Send) and first.message.payload == "a\n  ,\n      b"
    assert isinstance(second, ast.Send)


def test_the_type_of_a_message() -> None:
    send = statement("A -> B : M of a.b.Box<c.D, E<F>>")
    assert isinstance(send, ast.Send) and send.message.type is not None
    assert send.message.type.parts == ("a", "b", "Box")
    first, second = send.message.type.arguments
    assert first.parts == ("c", "D")
    assert second.arguments[0].parts == ("F",)


def test_records_keep_order_duplicates_and_every_kind_of_value() -> None:
    send = statement(
        'A { b : "x", a : 5s, b : 10 ms, c : [1, 2], d : (A, B), e : 7, f : true } -> B : M'
    )
    assert isinstance(send, ast.Send) and send.record is not None
    assert [(one.key.text, one.value) for one in send.record.entries] == [
        ("b", ast.TextValue("x")),
        ("a", ast.DurationValue(5, "s")),
        ("b", ast.DurationValue(10, "ms")),
        ("c", ast.IntsValue((1, 2))),
        ("d", ast.NamesValue(("A", "B"))),
        ("e", ast.IntValue(7)),
        ("f", ast.WordValue("true")),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "A { k : 1 } -> B : M",
        "A\n  { k : 1\n  , l : 2\n  }\n  -> B : M",
        "A { k : 1\n, l : 2\n} -> B : M",
        "A { k : 1, }\n-> B : M",
        "A {\n  k : 1 }\n        -> B : M",
        "A[2] { k : 1 } -> B[*] : M",
    ],
)
def test_layouts_of_a_send_with_a_record(text: str) -> None:
    send = statement(text)
    assert isinstance(send, ast.Send) and send.record is not None


def test_indices() -> None:
    statements = body("A[3] -> B[i] : M\nA[*] -> B[0..3] : M\nA[a..b] ->* : M")
    indices = [one.sender.index for one in statements if isinstance(one, ast.Send | ast.Broadcast)]
    assert indices == [ast.ConstIndex(3), ast.AnyIndex(), ast.RangeIndex("a", "b")]
    first, second = statements[:2]
    assert isinstance(first, ast.Send) and first.receiver.index == ast.NameIndex("i")
    assert isinstance(second, ast.Send) and second.receiver.index == ast.RangeIndex(0, 3)


def test_guards() -> None:
    choice = statement(
        "choice A at\n  | x when ( a && !b ) => A -> B : x\n"
        "  | y when check E.op(a.b) yields w => A -> B : y\n"
    )
    assert isinstance(choice, ast.Choice)
    predicate, check = (branch.guard for branch in choice.branches)
    assert isinstance(predicate, ast.WhenPredicate) and predicate.text == "a && !b"
    assert isinstance(check, ast.WhenCheck) and check.witness.text == "w"
    assert check.call.arguments[0] == ast.Path(("a", "b"), check.call.arguments[0].span)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        ("repeat 3", ast.Repeat(3)),
        ("repeat N", ast.Repeat("N")),
        ('while "a > 2"', ast.While("a > 2")),
        ("forever", ast.Forever()),
    ],
)
def test_loops(head: str, kind: ast.LoopKind) -> None:
    loop = statement(f"loop {head}\n  A -> B : M")
    assert isinstance(loop, ast.Loop)
    assert loop.kind == kind
    assert loop.head.end - loop.head.start == len(f"loop {head}")


def test_lets() -> None:
    statements = body(
        "authoritative let a = check E.op()\nobserve let b = observe E.op(1)\nlet c = d\n"
        "let d = e.f in\n  A -> B : M\nlet e = transfer X from A[1] to B"
    )
    lets = [one for one in statements if isinstance(one, ast.Let)]
    assert [one.mode for one in lets] == ["authoritative", "observe", "", "", ""]
    assert [type(one.value).__name__ for one in lets] == [
        "Check",
        "Observe",
        "Path",
        "Path",
        "Transfer",
    ]
    assert [one.body is None for one in lets] == [True, True, True, False, True]


def test_timeouts() -> None:
    first, second = body(
        "timeout 5s A at\n  A -> B : M\non timeout => A -> B : N\n"
        "timeout 5 m A at ( A -> B : M )\non timeout =>\n  A -> B : N\non cancel =>\n  A -> B : O\n"
    )
    assert isinstance(first, ast.Timeout) and first.on_cancel is None
    assert first.duration == ast.DurationValue(5, "s")
    assert isinstance(second, ast.Timeout) and second.on_cancel is not None
    assert second.duration == ast.DurationValue(5, "m")


def test_statements_may_share_a_line() -> None:
    assert len(body("A -> B : M B -> A : N continue X")) == 3


@pytest.mark.parametrize(
    "text",
    [
        "loop -> B : M",
        "choice { retry : 3 } -> B : M",
        "par { } -> B : M",
        "case[2] -> B : M",
        "rec ->* : M",
        "A -> choice : M",
        "A -> B : loop",
        "continue -> continue : continue",
        "on -> B : M",
        "roles -> protocol : where",
    ],
)
def test_a_role_may_be_named_like_a_keyword(text: str) -> None:
    assert isinstance(statement(text), ast.Send | ast.Broadcast)


def test_keywords_stand_for_names_wherever_only_a_name_can_stand() -> None:
    kinds = [
        type(one).__name__
        for one in body(
            "rec loop\n  continue loop\ncall choice\nlet in = let\n"
            "let x = check\nlet y = observe.of\n"
            "choice at at\n  | when => at -> of : of of of.of\n"
            "par\n  | par -> par : par\n  | A -> B : par\n"
            "publish as as as\nresolve as as Failure(as)\nbegin progress progress progress\n"
            "progress -> A : M\nof -> A : M\nin -> A : M\n"
            "handoff to to to with with"
        )
    ]
    assert kinds == [
        *("Rec", "Call", "Let", "Let", "Let", "Choice", "Par", "PublishAs", "Resolve", "Begin"),
        *("Send", "Send", "Send", "Handoff"),
    ]


@pytest.mark.parametrize("name", ["Okay", "Errand", "Nothingness", "UnitPrice", "checked", "loops"])
def test_names_that_begin_with_a_keyword_are_names(name: str) -> None:
    let = statement(f"let x = {name}")
    assert isinstance(let, ast.Let) and isinstance(let.value, ast.Path)


def test_cancel_belongs_to_the_innermost_timeout() -> None:
    outer = statement(
        "timeout 1s A at\n  A -> B : M\non timeout => timeout 2s A at ( A -> B : N )\n"
        "on timeout => A -> B : O\non cancel => A -> B : P\n"
    )
    assert isinstance(outer, ast.Timeout) and outer.on_cancel is None
    (inner,) = outer.on_timeout
    assert isinstance(inner, ast.Timeout) and inner.on_cancel is not None


def test_every_place_is_the_text_of_its_node() -> None:
    text = 'protocol P =\n  roles A, B\n  A[1] { k : "v" }\n    -> B : M of a.B(x)\n'
    (protocol,) = parsed(text).file.protocols
    (send,) = protocol.body
    assert isinstance(send, ast.Send) and send.record is not None and send.message.type is not None

    def at(node: ast.RoleRef | ast.Record | ast.Message | ast.TypePath | ast.Send) -> str:
        return text[node.span.start : node.span.end]

    assert at(send) == 'A[1] { k : "v" }\n    -> B : M of a.B(x)'
    assert at(send.sender) == "A[1]"
    assert at(send.record) == '{ k : "v" }'
    assert at(send.message) == "M of a.B(x)"
    assert at(send.message.type) == "a.B"
    assert text[protocol.roles_span.start : protocol.roles_span.end] == "roles A, B"
