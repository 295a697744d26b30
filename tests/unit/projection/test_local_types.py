"""Local types of machines, machines of local types, and how types are written."""

from __future__ import annotations

from local_machines import canonical_machine
from local_types import one_line

from tellverify.formats.notation import rendered
from tellverify.model.graph import ProtocolGraph, graph_from_edges
from tellverify.model.local_type import (
    Alternative,
    End,
    ExternalChoice,
    InternalChoice,
    LocalType,
    Mu,
    TypeBuilder,
    Variable,
)
from tellverify.model.machine import Action, Machine
from tellverify.projection.merge import strict_projections
from tellverify.projection.types import local_type
from tellverify.projection.unfold import NoMachine, machine_of_type


def machine(*rows: str, final: set[int]) -> Machine:
    """Rows like `P!a:1 P!b:2`."""
    moves = []
    for row in rows:
        actions = []
        for word in row.split():
            text, to = word.rsplit(":", 1)
            send = "!" in text
            peer, label = text.split("!" if send else "?")
            actions.append((Action(send, peer, label), int(to)))
        moves.append(tuple(actions))
    return Machine("R", tuple(moves), tuple(state in final for state in range(len(rows))))


def written(given: Machine) -> str:
    found = local_type(given)
    return one_line(found) if isinstance(found, LocalType) else f"{found.reason} {found.state}"


def test_a_loop_becomes_a_binder() -> None:
    given = machine("P!ask:1", "P?again:0 P?stop:2", "", final={2})
    assert written(given) == "rec X. P!ask. P?{ again: X, stop: end }"


def test_binders_are_named_from_outside() -> None:
    given = machine("P!a:1", "P!b:1 P!c:0 P!d:2", "P!e:2", final=set())
    assert written(given) == "rec X. P!a. rec Y. P!{ b: Y, c: X, d: rec Z. P!e. Z }"


def test_a_loop_with_two_entries_is_copied() -> None:
    given = machine("P!l:1 P!r:2", "P!a:2", "P!b:1", final=set())
    found = local_type(given)
    assert isinstance(found, LocalType)
    assert one_line(found) == "P!{ l: rec X. P!a. P!b. X, r: rec Y. P!b. P!a. Y }"
    again = machine_of_type(found, "R")
    assert isinstance(again, Machine)
    assert local_type(again) == found


def test_what_no_local_type_can_say() -> None:
    assert written(machine("P!a:1 P?b:1", "", final={1})) == "mixed-choice 0"
    assert written(machine("P!a:1 Q!b:1", "", final={1})) == "several-partners 0"
    assert written(machine("P!a:1", "P!b:0", final={1})) == "final-with-successors 1"


def test_a_role_that_has_no_more_to_do_has_ended() -> None:
    """Others go on forever, so that no state of the protocol is final."""
    assert written(machine("P!a:1", "", final=set())) == "P!a. end"


def test_cycles_with_very_many_entries_are_given_up() -> None:
    size = 24
    rows = [" ".join(f"P!m{to}:{to}" for to in range(size) if to != state) for state in range(size)]
    assert written(machine(*rows, final=set())).startswith("too-large")


def build(*nodes: InternalChoice | ExternalChoice | End | Mu | Variable) -> LocalType:
    """Nodes from the leaves up; the last one is the root."""
    builder = TypeBuilder()
    for node in nodes:
        last = builder.add(node)
    return builder.build(last)


def test_binders_may_share_a_name() -> None:
    """`P!{ l: rec X. P!a. X, r: rec X. P!b. rec X. P!a. X }`"""
    inner = (Variable("X"), InternalChoice("P", (Alternative("a", 0),)), Mu("X", 1))
    outer = (InternalChoice("P", (Alternative("b", 2),)), Mu("X", 3))
    root = InternalChoice("P", (Alternative("l", 2), Alternative("r", 4)))
    found = machine_of_type(build(*inner, *outer, root), "R")
    assert found == machine("P!l:1 P!r:2", "P!a:1", "P!b:1", final=set())


def test_a_shared_part_means_what_its_binder_says() -> None:
    """In `rec X. P!{ l: P!a. X, r: rec X. P!b. P!a. X }` the two `P!a. X` are different."""
    nodes = (
        Variable("X"),
        InternalChoice("P", (Alternative("a", 0),)),
        InternalChoice("P", (Alternative("b", 1),)),
        Mu("X", 2),
        InternalChoice("P", (Alternative("l", 1), Alternative("r", 3))),
        Mu("X", 4),
    )
    found = machine_of_type(build(*nodes), "R")
    assert found == machine("P!l:1 P!r:2", "P!a:0", "P!b:3", "P!a:2", final=set())


def test_terms_that_are_no_machine() -> None:
    open_term = build(Variable("X"))
    assert machine_of_type(open_term, "R") == NoMachine("unbound-variable", "X")
    idle = build(Variable("X"), Mu("Y", 0), Mu("X", 1))
    found = machine_of_type(idle, "R")
    assert isinstance(found, NoMachine)
    assert found.reason == "unguarded"
    assert machine_of_type(build(InternalChoice("P", ())), "R") == NoMachine("empty-choice", "P")
    twice = build(End(), InternalChoice("P", (Alternative("a", 0), Alternative("a", 0))))
    assert machine_of_type(twice, "R") == NoMachine("label-twice", "a")
    assert machine_of_type(twice, "P") == NoMachine("own-partner", "P")


def test_idle_binders_leave_no_trace() -> None:
    term = build(End(), Mu("X", 0), InternalChoice("P", (Alternative("a", 1),)), Mu("Y", 2))
    assert machine_of_type(term, "R") == machine("P!a:1", "", final={1})


def test_equal_terms_are_equal_values() -> None:
    one = build(End(), InternalChoice("P", (Alternative("a", 0),)))
    two = build(Variable("Z"), End(), InternalChoice("P", (Alternative("a", 1),)))
    assert one == two


def chain(length: int) -> ProtocolGraph:
    edges = [(step, "A", "B", f"m{step}", step + 1) for step in range(length)]
    return graph_from_edges(edges, final={length})


def test_a_long_term_needs_no_stack() -> None:
    graph = chain(30_000)
    found = local_type(canonical_machine(graph, "A"))
    assert isinstance(found, LocalType)
    assert found == strict_projections(graph).of("A")
    assert hash(found) == hash(local_type(canonical_machine(graph, "A")))
    assert machine_of_type(found, "A") == Machine(
        "A",
        tuple(
            ((Action(True, "B", f"m{step}"), step + 1),) if step < 30_000 else ()
            for step in range(30_001)
        ),
        tuple(step == 30_000 for step in range(30_001)),
    )
    assert rendered(found).count("\n") > 10_000


def test_lines_break_where_a_type_is_wide() -> None:
    given = machine(
        "Depot!Query:1", "Depot?Again:0 Depot?Later:2 Depot?Stop:3", "Depot!Wait:0", "", final={3}
    )
    found = local_type(given)
    assert isinstance(found, LocalType)
    assert rendered(found, width=30) == (
        "rec X.\n"
        "  Depot!Query.\n"
        "  Depot?{\n"
        "    Again: X,\n"
        "    Later: Depot!Wait. X,\n"
        "    Stop: end\n"
        "  }"
    )
    assert rendered(found) == one_line(found)


def test_shared_parts_are_named_when_the_text_would_explode() -> None:
    rows = [f"P!a:{state + 1} P!b:{state + 1}" for state in range(40)]
    found = local_type(machine(*rows, "", final={40}))
    assert isinstance(found, LocalType)
    text = rendered(found)
    assert text.splitlines()[:3] == [
        "P!{ a: P1, b: P1 }",
        "where P1 = P!{ a: P2, b: P2 }",
        "      P2 = P!{ a: P3, b: P3 }",
    ]
    assert text.splitlines()[-1] == "      P39 = P!{ a: end, b: end }"


def test_hostile_names_are_quoted() -> None:
    given = Machine("R", (((Action(True, 'a"b', "x. end\u202e"), 1),), ()), (False, True))
    assert written(given) == '"a\\"b"!"x. end\\u{202e}". end'
