"""TV261 stands exactly where Telltale drops statements, behind calls as well."""

from __future__ import annotations

import random

import pytest

from tellverify.language.checks.walk import preorder
from tellverify.language.checks.wellformed import check_structure
from tellverify.language.linking.dialect_rewriting import as_run_upstream
from tellverify.language.syntax import ast
from tellverify.language.syntax.parser import parse
from tellverify.source.text import SourceFile

HEAD = "protocol P =\n  roles A, B, C\n"
BODIES = {
    "choice": """\
    choice A at
      | X =>
          A -> B : X
      | Y =>
          A -> B : Y
""",
    "rec": """\
    rec Again
      A -> B : Ask
      choice B at
        | More =>
            B -> A : More
            continue Again
        | Done =>
            B -> A : Done
""",
    "par": """\
    par
      | A -> B : Left
      | B -> C : Right
""",
    "repeat": """\
    loop repeat 2
      A -> B : Tick
""",
    "while": """\
    loop while "on"
      A -> B : Tick
""",
    "timeout": """\
    timeout 5s A at
      A -> B : Work
    on timeout =>
      A -> B : Late
""",
}


def spans(text: str) -> list[tuple[str, str]]:
    source = SourceFile("p.tell", text)
    return [
        (one.code.number, text[one.primary.span.start :].split("\n")[0].strip())
        for one in check_structure(parse(source).file, source)
        if one.code.number in ("TV261", "TV262")
    ]


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_the_tail_behind_a_call_is_dropped_like_that_behind_its_body(kind: str, depth: int) -> None:
    calls = ["  call L1", "  B -> C : Tail"]
    locals_ = ["where"]
    for number in range(1, depth):
        locals_ += [f"  protocol L{number} =", "    A -> C : Head", f"    call L{number + 1}"]
    text = "\n".join([*calls, *locals_, f"  protocol L{depth} ="])
    assert spans(f"{HEAD}{text}\n{BODIES[kind]}") == [("TV261", "B -> C : Tail")]


@pytest.mark.parametrize(
    "body",
    [
        "    A -> B : X\n",
        "    loop decide by A\n      A -> B : X\n    A -> C : Y\n",
    ],
)
def test_nothing_is_dropped_behind_a_call_of_what_goes_on(body: str) -> None:
    text = f"{HEAD}  call L\n  B -> C : Tail\nwhere\n  protocol L =\n{body}"
    assert spans(text) == []


def test_each_call_counts_where_it_stands() -> None:
    """The first call is kept although the second one, of the same protocol, is dropped."""
    text = f"{HEAD}  call L\n  call M\n  call L\nwhere\n  protocol L =\n    B -> C : Tail\n"
    text += f"  protocol M =\n{BODIES['choice']}"
    assert spans(text) == [("TV261", "call L")]


def block(rng: random.Random, depth: int, pad: str, names: list[str]) -> list[str]:
    """A random block; `names` may be called."""
    lines = []
    for _ in range(rng.randint(1, 3)):
        kind = rng.choice(["send", "send", "call", "choice", "par", "repeat", "decide"])
        label = f"M{rng.randrange(10**6)}"
        if kind == "call" and names:
            lines.append(f"{pad}call {rng.choice(names)}")
        elif kind in ("choice", "par") and depth:
            lines.append(f"{pad}choice A at" if kind == "choice" else f"{pad}par")
            for number in range(2):
                name = f"{label}{number}"
                lines.append(f"{pad}  | {name} =>" if kind == "choice" else f"{pad}  |")
                lines.append(f"{pad}      A -> B : {name}")
                lines += block(rng, depth - 1, f"{pad}      ", names)
        elif kind in ("repeat", "decide") and depth:
            lines.append(f"{pad}loop repeat 2" if kind == "repeat" else f"{pad}loop decide by A")
            lines.append(f"{pad}  A -> B : {label}")
            lines += block(rng, depth - 1, f"{pad}  ", names)
        else:
            lines.append(f"{pad}A -> B : {label}")
    return lines


def plainly_dropped(protocol: ast.Protocol) -> bool:
    """Whether rewriting as Telltale does it loses a statement of a text whose calls are replaced.

    Each call gets a copy of what it calls, so that a statement stands for one place in the run.
    """
    bodies = {local.name.text: local.body for local in protocol.locals}

    def sends(body: ast.Block) -> int:
        total = 0
        for statement in preorder(body):
            total += isinstance(statement, ast.Send)
            if isinstance(statement, ast.Call):
                total += sends(bodies[statement.name.text])
        return total

    upstream = as_run_upstream(protocol, 100_000)
    kept = sum(
        isinstance(statement, ast.Send) and statement.message.label.text != "Done"
        for statement in preorder(upstream.protocol.body)
    )
    return kept < sends(protocol.body)


def test_a_finding_is_there_exactly_when_something_is_dropped() -> None:
    dropped = 0
    for seed in range(400):
        rng = random.Random(seed)
        lines = block(rng, 2, "  ", ["L", "M"])
        lines += ["where", "  protocol L =", *block(rng, 2, "    ", ["M"])]
        lines += ["  protocol M =", *block(rng, 1, "    ", [])]
        text = HEAD + "\n".join(lines) + "\n"
        source = SourceFile("p.tell", text)
        parsed = parse(source)
        assert not parsed.diagnostics, text
        (protocol,) = parsed.file.protocols
        called = reachable(protocol)
        told = [
            one
            for one in check_structure(parsed.file, source)
            if one.code.number == "TV261" and is_run(one.primary.span.start, protocol, called)
        ]
        assert bool(told) == plainly_dropped(protocol), (seed, text)
        dropped += bool(told)
    assert 100 < dropped < 390


def is_run(offset: int, protocol: ast.Protocol, called: set[str]) -> bool:
    """Whether the text at `offset` is in the protocol itself or in one that is called."""
    around = [one for one in protocol.locals if one.span.start <= offset < one.span.end]
    return not around or around[0].name.text in called


def reachable(protocol: ast.Protocol) -> set[str]:
    bodies = {local.name.text: local.body for local in protocol.locals}
    found: set[str] = set()
    pending = [protocol.body]
    while pending:
        for statement in preorder(pending.pop()):
            if isinstance(statement, ast.Call) and statement.name.text not in found:
                found.add(statement.name.text)
                pending.append(bodies[statement.name.text])
    return found
