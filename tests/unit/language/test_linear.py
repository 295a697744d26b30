"""Receipts: consumed once on every path, against an enumeration of the paths, and upstream."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tellverify.diagnostics.model import Diagnostic, Severity, Where
from tellverify.language.checks.receipt_uses import words
from tellverify.language.checks.receipts import ReceiptCheck
from tellverify.language.syntax.parser import parse
from tellverify.source.text import SourceFile

CORPUS = Path(__file__).parents[4] / "shared" / "corpus" / "telltale"
SLIP = "let slip = transfer Box from A to B"


def found_in(text: str) -> list[Diagnostic]:
    source = SourceFile("p.tell", text)
    parsed = parse(source)
    assert [each.message for each in parsed.diagnostics] == []
    (protocol,) = parsed.file.protocols
    return ReceiptCheck(Where("p.tell", "P"), protocol, text).check()


def body(*lines: str) -> str:
    return "protocol P =\n  roles A, B\n" + "".join(f"  {line}\n" for line in lines)


def said(*lines: str) -> list[tuple[str, str]]:
    return [(each.code.number, each.upstream) for each in found_in(body(*lines))]


# (what is found, statements behind the transfer)
CASES: list[tuple[list[tuple[str, str]], tuple[str, ...]]] = [
    ([], ("handoff move to B with slip",)),
    ([], ("A -> B : M(slip)",)),
    ([], ("A -> B : M(a, slip.id)",)),
    ([], ("A ->* : M(slip)",)),
    ([], ("dependent work tidy(slip) required for goal",)),
    ([], ("let other = transfer slip from B to A", "handoff move to A with other")),
    ([], ("let copy = slip",)),
    ([], ("let kept = Ok(slip)",)),
    ([], ("let kept = keep(1, slip)",)),
    ([], ("case slip of", "  | Ok(v) => A -> B : x", "  | Err(e) => A -> B : y")),
    # dropped
    ([("TV301", "rejects")], ("A -> B : slip",)),
    ([("TV301", "rejects")], ("A { trace : slip } -> B : M",)),
    ([("TV301", "rejects")], ("publish slip as News",)),
    ([("TV301", "rejects")], ("publish news(slip)",)),
    ([("TV301", "accepts")], ("A -> B : M(slipper)",)),
    ([("TV301", "accepts")], ("A -> B : M(box.slip)",)),
    ([("TV301", "accepts")], ("A -> B : M of a.slip",)),
    ([("TV301", "accepts")], ("handoff slip to B with other",)),
    # twice
    ([("TV302", "rejects")], ("A -> B : M(slip)", "A -> B : N(slip)")),
    ([("TV302", "rejects")], ("A -> B : M(slip, slip)",)),
    ([("TV302", "accepts")], ("begin op(slip)", "handoff move to B with slip")),
    ([("TV302", "rejects")], ("par", "  | A -> B : x(slip)", "  | B -> A : y(slip)")),
    # refused, though it is sound
    ([("TV306", "rejects")], ("begin op(slip)",)),
    ([("TV306", "rejects")], ("resolve op as Success(slip)",)),
    ([("TV306", "rejects")], ("rec X", "  A -> B : M(slip)")),
    ([("TV307", "rejects")], ("A -> B : M(slipper)", "handoff move to B with slip")),
    (
        [("TV306", "rejects")],
        ("timeout 5s A at", "  A -> B : x(slip)", "on timeout => A -> B : y(slip)"),
    ),
    # scopes
    (
        [("TV301", "rejects")],
        ("case u of", "  | Ok(slip) => A -> B : x(slip)", "  | Err(e) => A -> B : y(e)"),
    ),
    (
        [("TV301", "rejects")],
        (
            "choice A at",
            "  | x when check E.o(a) yields slip => A -> B : x(slip)",
            "  | y => A -> B : y",
        ),
    ),
    ([("TV303", "rejects")], ("let slip = other", "A -> B : M(slip)")),
    ([("TV301", "rejects")], ("let a = b in", "  A -> B : M")),
    # rounds
    ([("TV305", "rejects")], ("loop while \"go\"", "  A -> B : M(slip)")),
    ([("TV305", "rejects")], ("loop forever", "  A -> B : M(slip)")),
    ([("TV305", "rejects")], ("rec X", "  A -> B : M(slip)", "  continue X")),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "lines"), CASES)
def test_one_receipt(expected: list[tuple[str, str]], lines: tuple[str, ...]) -> None:
    assert said(SLIP, *lines) == expected


def test_a_receipt_of_a_round_must_be_consumed_in_it() -> None:
    lines = ("rec X", f"  {SLIP}", "  choice A at")
    done = ("    | x => A -> B : x(slip)", "    | y =>", "      A -> B : y")
    assert said(*lines, *done, "      continue X") == [("TV301", "rejects")]
    assert said(*lines, *done[:2], "      A -> B : y(slip)", "      continue X") == [
        ("TV306", "rejects")
    ]


def test_the_end_behind_a_rec_may_consume_a_receipt() -> None:
    lines = (SLIP, "rec X", "  choice A at", "    | more =>", "      A -> B : more")
    assert said(*lines, "      continue X", "    | stop => A -> B : stop(slip)") == [
        ("TV306", "rejects")
    ]


def test_a_call_consumes_nothing() -> None:
    text = body(SLIP, "call L") + "where\n  protocol L =\n    A -> B : M(slip)\n"
    assert [(each.code.number, each.upstream) for each in found_in(text)] == [("TV301", "rejects")]


@pytest.mark.parametrize("name", ["slip", "other"])
def test_a_name_of_a_branch_hides_a_receipt_in_that_branch_alone(name: str) -> None:
    branches = (f"  | Ok({name}) => A -> B : x", "  | Err(e) => A -> B : y")
    assert said(SLIP, "case u of", *branches, "A -> B : M(slip)") == []
    assert said(SLIP, "case u of", *branches) == [("TV301", "rejects")]


def test_places() -> None:
    text = body(SLIP, "A -> B : M( a , slip )", "handoff move to B with slip")
    (one,) = found_in(text)
    first, bound = (each.span for each in one.others)
    assert text[one.primary.span.start : one.primary.span.end] == "slip"
    assert one.primary.span.start == text.rindex("slip")
    assert first.start == text.index("slip )")
    assert bound.start == text.index("slip =")


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the real files are not at hand")
def test_the_corpus() -> None:
    text = (CORPUS / "dropped_linear_binding_use.tell").read_text("utf-8")
    (one,) = found_in(text)
    assert (one.code.number, one.severity) == ("TV301", Severity.ERROR)
    assert text[one.primary.span.start : one.primary.span.end] == "receipt"


def test_words_of_opaque_text() -> None:
    text = 'a, b.c, d::e, f(g), h!(i), "j", k : l, 3m, n'
    assert [word for word, _ in words(text)] == ["a", "b", "g", "i", "l", "n"]
    assert all(text[start:].startswith(word) for word, start in words(text))


# Against an enumeration of paths: a body is a list of "use", "idle", and constructs with bodies.


def bodies(depth: int) -> st.SearchStrategy[list[object]]:
    leaf = st.sampled_from(["use", "idle", "idle"])
    if depth == 0:
        return st.lists(leaf, min_size=1, max_size=2)
    inner = bodies(depth - 1)
    part = st.one_of(
        leaf,
        st.tuples(st.just("choice"), inner, inner),
        st.tuples(st.just("par"), inner, inner),
        st.tuples(st.just("loop"), inner),
        st.tuples(st.just("rec"), inner, st.booleans()),
    )
    return st.lists(part, min_size=1, max_size=3)


def text_of(parts: list[object], names: list[int], margin: str = "  ") -> str:
    lines = ""
    for part in parts:
        names[0] += 1
        number = names[0]
        match part:
            case "use":
                lines += f"{margin}A -> B : M{number}(slip)\n"
            case "idle":
                lines += f"{margin}A -> B : M{number}\n"
            case ("choice" | "par") as word, left, right:
                lines += f"{margin}{'choice A at' if word == 'choice' else 'par'}\n"
                for index, branch in enumerate((left, right)):
                    head = f"b{number}_{index} =>" if word == "choice" else ""
                    lines += f"{margin}  | {head}".rstrip() + "\n"
                    lines += text_of(branch, names, margin + "    ")
            case "loop", inner:
                lines += f'{margin}loop while "go"\n' + text_of(inner, names, margin + "  ")
            case "rec", inner, again:
                lines += f"{margin}rec X{number}\n" + text_of(inner, names, margin + "  ")
                if again:
                    lines += f"{margin}  choice A at\n"
                    lines += f"{margin}    | more{number} =>\n{margin}      A -> B : more\n"
                    lines += f"{margin}      continue X{number}\n"
                    lines += f"{margin}    | stop{number} => A -> B : stop\n"
            case _:
                raise AssertionError(part)
    return lines


def counts(parts: list[object]) -> set[int]:
    """How often the paths through a body use the receipt; 2 stands for more than once."""
    total = {0}
    for part in parts:
        match part:
            case "use":
                found = {1}
            case "idle":
                found = {0}
            case "choice", left, right:
                found = counts(left) | counts(right)
            case "par", left, right:
                found = {min(a + b, 2) for a in counts(left) for b in counts(right)}
            case "loop", inner:
                found = _repeated(counts(inner)) | {0}
            case "rec", inner, again:
                found = _repeated(counts(inner)) if again else counts(inner)
            case _:
                raise AssertionError(part)
        total = {min(a + b, 2) for a in total for b in found}
    return total


def _repeated(once: set[int]) -> set[int]:
    return once | {min(a + b, 2) for a in once for b in once}


@settings(max_examples=400)
@given(bodies(2))
def test_errors_are_exactly_the_bodies_with_a_wrong_path(parts: list[object]) -> None:
    text = f"protocol P =\n  roles A, B\n  {SLIP}\n" + text_of(parts, [0])
    errors = [each for each in found_in(text) if each.severity is Severity.ERROR]
    assert (not errors) == (counts(parts) == {1})
    assert len(errors) <= 1  # one fault, one finding


def test_deep_nesting_and_many_receipts() -> None:
    deep = "".join(f"{' ' * (2 + i)}rec X{i}\n" for i in range(3_000))
    text = f"protocol P =\n  roles A, B\n  {SLIP}\n{deep}{' ' * 3_002}A -> B : M(slip)\n"
    assert [each.code.number for each in found_in(text)] == ["TV306"]
    many = [f"let r{i} = transfer Box from A to B" for i in range(2_000)]
    assert len(found_in(body(*many))) == 2_000
