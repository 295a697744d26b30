"""The graph of a small protocol has exactly the runs of its text, read step by step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from asts import (
    TEXT,
    Body,
    again,
    block,
    broadcast,
    call,
    case,
    choice_of,
    decide,
    file,
    forever,
    let,
    local,
    loop_while,
    par,
    protocol,
    rec,
    repeat,
)
from hypothesis import given
from hypothesis import strategies as st

from tellverify.language.lowering.lower import lower
from tellverify.language.syntax import ast
from tellverify.model.graph import ProtocolGraph

MEMBERS = {"A": ("A",), "B": ("B",), "C": ("C",), "D": ("D[0]", "D[1]")}
WORDS = 4  # the longest runs that are compared
LOCAL = local("L", "A -> B : m")


class At(NamedTuple):
    """What is left to do: the rest of a block, the names bound there, and what comes after."""

    block: ast.Block
    bound: tuple[tuple[str, object], ...] = ()
    rest: At | Both | Word | None = None


class Both(NamedTuple):
    """Parallel branches, and what comes after all of them."""

    parts: tuple[At | Both | Word | None, ...]
    rest: At | Both | Word | None = None


class Word(NamedTuple):
    """Events that come next, in a row."""

    events: tuple[str, ...]
    rest: At | Both | Word | None = None


Left = At | Both | Word | None
Tag = tuple[str, str]  # the tag, and who chose


def members(ref: ast.RoleRef) -> tuple[str, ...]:
    match ref.index:
        case ast.ConstIndex(value):
            return (f"{ref.name.text}[{value}]",)
        case _:
            return MEMBERS[ref.name.text]


def events(statement: ast.Send | ast.Broadcast, tag: Tag | None) -> tuple[str, ...]:
    label = statement.message.label.text
    if isinstance(statement, ast.Broadcast):
        own = statement.sender.name.text
        receivers = tuple(m for name, group in MEMBERS.items() if name != own for m in group)
    else:
        receivers = members(statement.receiver)
    found = [
        f"{s} -> {r} : {label}" for s in members(statement.sender) for r in receivers if s != r
    ]
    if tag is not None and tag[0] != label and tag[1] == statement.sender.name.text and found:
        found[0] = found[0].replace(f": {label}", f": {tag[0]}.{label}")
    return tuple(found)


def steps(
    left: Left, tag: Tag | None, seen: frozenset[object]
) -> Iterator[tuple[str, Left] | None]:
    """The events that may come next, each with what is left; None where nothing need come."""
    match left:
        case None:
            yield None
        case Word((), rest):
            yield from steps(rest, None, seen)
        case Word((event, *more), rest):
            yield event, Word(tuple(more), rest)
        case Both(parts, rest):
            ended = True
            for index, part in enumerate(parts):
                can_end = False
                for step in steps(part, None, frozenset()):
                    if step is None:
                        can_end = True
                    else:
                        moved = (*parts[:index], step[1], *parts[index + 1 :])
                        yield step[0], Both(moved, rest)
                ended = ended and can_end
            if ended:
                yield from steps(rest, None, seen)
        case At((), _, rest):
            yield from steps(rest, tag, seen)
        case At((statement, *more), bound, rest):
            after = At(tuple(more), bound, rest)
            yield from _first(left, statement, after, bound, tag, seen)


def _first(
    left: At,
    statement: ast.Statement,
    after: At,
    bound: tuple[tuple[str, object], ...],
    tag: Tag | None,
    seen: frozenset[object],
) -> Iterator[tuple[str, Left] | None]:
    untagged = At(block(), bound, Word((), after))  # nothing, then the rest without a tag
    match statement:
        case ast.Send() | ast.Broadcast():
            yield from steps(Word(events(statement, tag), after), None, seen)
        case ast.Choice(decider, branches):
            who = decider.name.text
            prefix = f"{tag[0]}." if tag is not None and tag[1] == who else ""
            for branch in branches:
                body = At(branch.body, bound, untagged)
                yield from steps(body, (prefix + branch.label.text, who), seen)
        case ast.Case(_, arms):
            for arm in arms:
                yield from steps(At(arm.body, bound, untagged), tag, seen)
        case ast.Rec(name, body):
            again_here = At(body, bound, untagged)
            inner = At(body, (*bound, (name.text, left)), untagged)
            del again_here
            yield from steps(inner, None, seen)
        case ast.Continue(name):
            target = dict(bound)[name.text]
            if (id(statement), target) not in seen:
                yield from steps(target, None, seen | {(id(statement), target)})
        case ast.Call():
            yield from steps(At(LOCAL.body, bound, after), tag, seen)
        case ast.Let(body=body):
            yield from steps(At(body or (), bound, after), tag, seen)
        case ast.Par(branches):
            yield from steps(Both(tuple(At(b, bound) for b in branches), untagged), None, seen)
        case ast.Loop(kind, body):
            yield from _loop(kind, body, left, untagged, bound, seen)
        case _:
            raise AssertionError(statement)


def _loop(
    kind: ast.LoopKind,
    body: ast.Block,
    left: At,
    untagged: At,
    bound: tuple[tuple[str, object], ...],
    seen: frozenset[object],
) -> Iterator[tuple[str, Left] | None]:
    match kind:
        case ast.Repeat(int(count)):
            copies: Left = untagged
            for _ in range(count):
                copies = At(body, bound, Word((), copies))
            yield from steps(copies, None, seen)
            return
        case ast.While():
            yield from steps(untagged, None, seen)
        case ast.Decide():
            send = body[0]
            assert isinstance(send, ast.Send)
            done = tuple(e.rpartition(":")[0] + ": Done" for e in events(send, None))
            yield from steps(Word(done, untagged), None, seen)
        case _:
            pass
    if (id(body), left) not in seen:
        yield from steps(At(body, bound, Word((), left)), None, seen | {(id(body), left)})


def words_of_text(start: Left) -> dict[tuple[str, ...], bool]:
    """All words up to the length, and whether the protocol may end there."""
    layer: dict[tuple[str, ...], set[Left]] = {(): {start}}
    found: dict[tuple[str, ...], bool] = {}
    for length in range(WORDS + 1):
        following: dict[tuple[str, ...], set[Left]] = {}
        for word, lefts in layer.items():
            may_end = False
            for left in lefts:
                for step in steps(left, None, frozenset()):
                    if step is None:
                        may_end = True
                    elif length < WORDS:
                        following.setdefault((*word, step[0]), set()).add(step[1])
            found[word] = may_end
        layer = following
    return found


def words_of_graph(graph: ProtocolGraph) -> dict[tuple[str, ...], bool]:
    layer = {(): 0}
    found: dict[tuple[str, ...], bool] = {}
    for _ in range(WORDS + 1):
        following = {}
        for word, state in layer.items():
            found[word] = bool(graph.final[state])
            for row in range(graph.first[state], graph.first[state + 1]):
                following[(*word, str(graph.event(row)))] = graph.target[row]
        layer = following
    return found


SENDS = st.sampled_from(
    ["A -> B : m", "A -> B : x", "A -> C : m", "B -> A : m", "A -> D[*] : m", "D[*] -> A : m",
     "D[*] -> D[*] : m", "C -> D[1] : m"]
)  # fmt: skip


@st.composite
def bodies(draw: st.DrawFn, depth: int, bound: tuple[str, ...], size: int = 2) -> list[Body]:
    count = draw(st.integers(0 if depth < 3 else 1, size))
    return [draw(statements(depth, bound)) for _ in range(count)]


@st.composite
def statements(draw: st.DrawFn, depth: int, bound: tuple[str, ...]) -> Body:
    kinds = ["send", "send", "send", "broadcast", "let", "call"]
    if bound:
        kinds += ["continue", "continue"]
    if depth:
        kinds += ["choice", "choice", "case", "rec", "par", "decide", "repeat", "while", "forever"]
    kind = draw(st.sampled_from(kinds))
    inner = bodies(max(depth - 1, 0), bound)
    match kind:
        case "send":
            return draw(SENDS)
        case "broadcast":
            return broadcast("A", "all")
        case "call":
            return call("L")
        case "continue":
            return again(draw(st.sampled_from(bound)))
        case "let":
            return let(draw(inner)) if depth else let()
        case "choice":
            labels = draw(st.sampled_from(["xy", "mx", "xx", "x"]))
            return choice_of("A", *((label, draw(inner)) for label in labels))
        case "case":
            return case(Ok=draw(inner), Err=draw(inner))
        case "rec":
            name = draw(st.sampled_from(["X", "Y"]))
            return rec(name, draw(bodies(depth - 1, (*bound, name))))
        case "par":
            free = bodies(max(depth - 1, 0), ())
            return par(draw(free), draw(free))
        case "decide":
            return decide("A", "A -> D[*] : m", draw(inner))
        case "repeat":
            return repeat(draw(st.integers(0, 2)), draw(inner))
        case "while":
            return loop_while(draw(inner))
        case _:
            return forever(draw(inner))


@given(bodies(3, (), 3))
def test_the_graph_has_the_runs_of_the_text(body: list[Body]) -> None:
    only = protocol("A, B, C, D[N]", *body, where=(LOCAL,))
    result = lower(file(only), TEXT, only, {"D": 2}, budget=2_000)
    if result.graph is None:
        assert result.limit or "communicates nothing" in result.skipped[0].reason
        return
    assert words_of_graph(result.graph) == words_of_text(At(only.body))


@given(bodies(3, (), 3))
def test_graphs_are_deterministic_and_reachable(body: list[Body]) -> None:
    only = protocol("A, B, C, D[N]", *body, where=(LOCAL,))
    result = lower(file(only), TEXT, only, {"D": 2}, budget=2_000)
    assert result == lower(file(only), TEXT, only, {"D": 2}, budget=2_000)
    for graph in (result.graph, *result.slices):
        if graph is None:
            continue
        reached = {0}
        for state in range(graph.state_count):
            rows = range(graph.first[state], graph.first[state + 1])
            assert len({graph.event(row) for row in rows}) == len(rows)
            assert all(0 <= graph.target[row] < graph.state_count for row in rows)
            reached.update(graph.target[row] for row in rows)
        assert reached == set(range(graph.state_count))
        assert len(graph.final) == graph.state_count
