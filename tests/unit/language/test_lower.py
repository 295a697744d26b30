"""Every construct of the language as a graph."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from asts import (
    TEXT,
    Body,
    again,
    broadcast,
    call,
    case,
    choice,
    choice_of,
    decide,
    file,
    forever,
    let,
    local,
    loop_while,
    par,
    protocol,
    publish,
    rec,
    repeat,
    send,
    shape,
    timeout,
)

from tellverify.language.lowering.lower import Lowered, family_names, lower
from tellverify.language.syntax import ast
from tellverify.model.graph import leaves_class


def lowered(
    roles: str,
    *body: Body,
    sizes: Mapping[str, int] | None = None,
    where: tuple[ast.LocalProtocol, ...] = (),
    budget: int = 500_000,
) -> Lowered:
    only = protocol(roles, *body, where=where)
    return lower(file(only), TEXT, only, sizes or {}, budget)


def graph_of(roles: str, *body: Body, **more: int) -> tuple[list[str], list[int]]:
    result = lowered(roles, *body, sizes=more)
    assert result.diagnostics == ()
    return shape(result.graph)


def test_nothing_is_one_final_state() -> None:
    assert graph_of("A, B") == ([], [0])


def test_sends_in_a_row() -> None:
    edges, final = graph_of("A, B", "A -> B : M", "B -> A : N")
    assert edges == ["0 A->B:M 1", "1 B->A:N 2"]
    assert final == [2]


def test_local_statements_have_no_event() -> None:
    edges, final = graph_of("A, B", let(), publish(), "A -> B : M", let("B -> A : N"), publish())
    assert edges == ["0 A->B:M 1", "1 B->A:N 2"]
    assert final == [2]


class TestFamilies:
    def test_members_in_index_order(self) -> None:
        edges, _ = graph_of("A, D[N]", "A -> D[*] : M", "D[*] -> A : R", D=2)
        assert edges == [
            "0 A->D[0]:M 1",
            "1 A->D[1]:M 2",
            "2 D[0]->A:R 3",
            "3 D[1]->A:R 4",
        ]

    def test_all_pairs_sender_major_without_the_member_itself(self) -> None:
        edges, _ = graph_of("D[*]", "D[*] -> D[*] : M", D=3)
        assert [e.split()[1] for e in edges] == [
            "D[0]->D[1]:M",
            "D[0]->D[2]:M",
            "D[1]->D[0]:M",
            "D[1]->D[2]:M",
            "D[2]->D[0]:M",
            "D[2]->D[1]:M",
        ]

    def test_a_family_of_one_sends_nothing_to_itself(self) -> None:
        assert graph_of("A, D[N]", "D[*] -> D[*] : M", D=1) == ([], [0])

    def test_a_family_may_be_empty(self) -> None:
        edges, final = graph_of("A, B, D[N]", "A -> D[*] : M", "A -> B : N", D=0)
        assert (edges, final) == (["0 A->B:N 1"], [1])

    def test_range_and_constant_index(self) -> None:
        edges, _ = graph_of("A, D[4]", "A -> D[1..3] : M", "D[3] -> A : R")
        assert edges == ["0 A->D[1]:M 1", "1 A->D[2]:M 2", "2 D[3]->A:R 3"]

    def test_range_with_a_symbol(self) -> None:
        edges, _ = graph_of("A, D[N]", "A -> D[1..N] : M", D=3)
        assert edges == ["0 A->D[1]:M 1", "1 A->D[2]:M 2"]

    def test_the_size_symbol_names_the_family(self) -> None:
        edges, _ = graph_of("A, D[N]", "A -> D[N] : M", D=2)
        assert edges == ["0 A->D[0]:M 1", "1 A->D[1]:M 2"]

    def test_one_symbol_is_one_size(self) -> None:
        edges, _ = graph_of("D[N], E[N]", "D[0] -> E[*] : M", D=2)
        assert edges == ["0 D[0]->E[0]:M 1", "1 D[0]->E[1]:M 2"]

    def test_one_symbol_with_two_sizes_is_refused(self) -> None:
        result = lowered("D[N], E[N]", "D[0] -> E[*] : M", sizes={"D": 2, "E": 3})
        assert result.graph is None
        assert "share one size, but 2 and 3 are given" in result.skipped[0].reason

    def test_a_missing_size_is_refused(self) -> None:
        result = lowered("A, D[N]", "A -> D[*] : M")
        assert result.graph is None
        assert "no size is given for the role family `D`" in result.skipped[0].reason

    def test_a_member_that_this_size_does_not_have(self) -> None:
        result = lowered("A, D[N]", "A -> D[2] : M", sizes={"D": 2})
        assert result.graph is None
        assert "`D[2]` needs 3 members of `D`, which has 2 here" in result.skipped[0].reason

    def test_an_index_that_nothing_binds(self) -> None:
        result = lowered("A, D[N]", "A -> D[i] : M", sizes={"D": 2})
        assert result.graph is None
        assert "nothing binds the index `i`" in result.skipped[0].reason

    def test_families_that_need_a_size(self) -> None:
        only = protocol("A, B[3], C[N], D[*], E[N]")
        assert family_names(only) == ("C", "D", "E")

    def test_broadcast_goes_to_all_roles_of_another_name(self) -> None:
        edges, _ = graph_of("D[2], A, B", broadcast("D[1]", "M"))
        assert edges == ["0 D[1]->A:M 1", "1 D[1]->B:M 2"]
        edges, _ = graph_of("D[2], A", broadcast("A", "M"))
        assert edges == ["0 A->D[0]:M 1", "1 A->D[1]:M 2"]


class TestChoice:
    def test_branches_join_in_one_state(self) -> None:
        edges, final = graph_of(
            "A, B", choice("A", X="A -> B : X", Y="A -> B : Y"), "B -> A : Thanks"
        )
        assert edges == ["0 A->B:X 1", "0 A->B:Y 1", "1 B->A:Thanks 2"]
        assert final == [2]

    def test_a_tag_travels_with_the_first_message_only(self) -> None:
        edges, _ = graph_of(
            "A, B, C",
            choice("A", yes=["A -> B : M", "A -> C : M"], no="A -> B : M"),
        )
        assert edges == ["0 A->B:yes.M 1", "0 A->B:no.M 2", "1 A->C:M 2"]

    def test_only_the_first_member_hears_the_tag(self) -> None:
        edges, _ = graph_of("A, D[N]", choice("A", go="A -> D[*] : M", stop="A -> D[*] : S"), D=2)
        assert edges == [
            "0 A->D[0]:go.M 1",
            "0 A->D[0]:stop.S 3",
            "1 A->D[1]:M 2",
            "3 A->D[1]:S 2",
        ]


def test_the_tag_passes_lets_and_calls() -> None:
    result = lowered(
        "A, B",
        choice("A", x=[let(), "A -> B : M"], y=[call("L"), "A -> B : N"]),
        where=(local("L", publish()),),
    )
    assert shape(result.graph)[0] == ["0 A->B:x.M 1", "0 A->B:y.N 1"]


class TestRecursion:
    def test_continue_closes_a_cycle(self) -> None:
        edges, final = graph_of("A, B", rec("L", "A -> B : M", "B -> A : N", again("L")))
        assert edges == ["0 A->B:M 1", "1 B->A:N 0"]
        assert final == []

    def test_rec_with_a_way_out(self) -> None:
        body = rec("L", choice("A", more=["A -> B : more", again("L")], stop="A -> B : stop"))
        edges, final = graph_of("A, B", "A -> B : Hi", body, "B -> A : Bye")
        assert edges == [
            "0 A->B:Hi 1",
            "1 A->B:more 1",
            "1 A->B:stop 2",
            "2 B->A:Bye 3",
        ]
        assert final == [3]

    def test_a_cycle_through_a_branch_does_not_reopen_the_choice(self) -> None:
        body = choice("A", x=rec("L", "A -> B : x", "B -> A : y", again("L")), z="A -> B : z")
        edges, final = graph_of("A, B", body)
        assert edges == [
            "0 A->B:x 1",
            "0 A->B:z 3",
            "1 B->A:y 2",
            "2 A->B:x 1",
        ]
        assert final == [3]

    def test_inner_names_win(self) -> None:
        inner = rec("L", "B -> A : N", again("L"))
        edges, _ = graph_of("A, B", rec("L", "A -> B : M", inner))
        assert edges == ["0 A->B:M 1", "1 B->A:N 1"]

    def test_a_rec_that_ends_goes_on(self) -> None:
        edges, final = graph_of("A, B", rec("L", "A -> B : M"), "B -> A : N")
        assert (edges, final) == (["0 A->B:M 1", "1 B->A:N 2"], [2])

    def test_a_cycle_that_says_nothing_is_skipped(self) -> None:
        result = lowered("A, B", "A -> B : M", rec("L", let(), again("L")))
        assert result.graph is None
        assert "`rec L` communicates nothing and is never left" in result.skipped[0].reason

    def test_unbound_continue_is_skipped(self) -> None:
        result = lowered("A, B", "A -> B : M", again("L"))
        assert result.graph is None
        assert "`continue L` is not inside a `rec L`" in result.skipped[0].reason


class TestLoops:
    def test_decide_is_a_choice_with_done(self) -> None:
        edges, final = graph_of(
            "A, B, C", decide("A", "A -> B : More", "B -> A : Ok"), "A -> C : End"
        )
        assert edges == [
            "0 A->B:More 1",
            "0 A->B:Done 2",
            "1 B->A:Ok 0",
            "2 A->C:End 3",
        ]
        assert final == [3]

    def test_done_goes_to_the_whole_family(self) -> None:
        edges, _ = graph_of("A, D[N]", decide("A", "A -> D[*] : More"), D=2)
        assert edges == [
            "0 A->D[0]:More 1",
            "0 A->D[0]:Done 2",
            "1 A->D[1]:More 0",
            "2 A->D[1]:Done 3",
        ]

    def test_nested_deciding_loops_keep_apart(self) -> None:
        edges, final = graph_of("A, B", decide("A", "A -> B : x", decide("B", "B -> A : y")))
        assert edges == [
            "0 A->B:x 1",
            "0 A->B:Done 2",
            "1 B->A:y 1",
            "1 B->A:Done 0",
        ]
        assert final == [2]

    def test_a_deciding_loop_begun_by_another_is_left_open(self) -> None:
        edges, _ = graph_of("A, B", decide("A", "B -> A : x"), "A -> B : y")
        assert edges == ["0 B->A:x 0", "0 A->B:y 1"]

    def test_forever_has_no_exit(self) -> None:
        edges, final = graph_of("A, B", forever("A -> B : M"), "B -> A : Never")
        assert (edges, final) == (["0 A->B:M 0"], [])

    def test_repeat_is_copied(self) -> None:
        edges, final = graph_of("A, B", repeat(3, "A -> B : M"), "B -> A : N")
        assert edges == ["0 A->B:M 1", "1 A->B:M 2", "2 A->B:M 3", "3 B->A:N 4"]
        assert final == [4]

    def test_repeat_zero_is_nothing(self) -> None:
        assert graph_of("A, B", repeat(0, "A -> B : M")) == ([], [0])

    def test_repeat_by_the_size_of_a_family_is_copied(self) -> None:
        edges, _ = graph_of("A, D[N]", repeat("N", "A -> D[0] : M"), D=2)
        assert edges == ["0 A->D[0]:M 1", "1 A->D[0]:M 2"]

    @pytest.mark.parametrize("kind", ["while", "repeat N"])
    def test_nobody_decides(self, kind: str) -> None:
        body = ("A -> B : M", "B -> A : R")
        statement = loop_while(*body) if kind == "while" else repeat("N", *body)
        result = lowered("A, B", statement)
        assert shape(result.graph) == (["0 A->B:M 1", "1 B->A:R 0"], [0])
        assert result.graph is not None
        fault = leaves_class(result.graph)
        assert fault is not None and fault.reason == "final-with-successors"

    def test_what_follows_is_on_offer(self) -> None:
        edges, _ = graph_of("A, B", loop_while("A -> B : M"), "B -> A : N")
        assert edges == ["0 A->B:M 0", "0 B->A:N 1"]


class TestCase:
    def test_constructors_are_not_labels(self) -> None:
        edges, final = graph_of("A, B", case(Ok="A -> B : Yes", Err="A -> B : No"), "B -> A : K")
        assert edges == ["0 A->B:Yes 1", "0 A->B:No 1", "1 B->A:K 2"]
        assert final == [2]

    def test_equal_beginnings_are_merged_and_reported(self) -> None:
        first, second = send("A -> B : M"), send("A -> B : M")
        result = lowered("A, B", case(Ok=[first, "B -> A : x"], Err=[second, "B -> A : y"]))
        assert shape(result.graph)[0] == ["0 A->B:M 1", "1 B->A:x 2", "1 B->A:y 2"]
        (found,) = result.diagnostics
        assert found.code.number == "TV247"
        assert found.message == "branches `Ok` and `Err` both begin with `A -> B : M`"
        assert found.primary.span == second.message.label.span
        assert found.others[0].span == first.message.label.span

    def test_sets_of_sets(self) -> None:
        ways = case(
            a=["A -> B : M", loop_while("A -> B : N"), "B -> A : x"],
            b=["A -> B : M", case(c="A -> B : N", d="B -> A : y")],
        )
        result = lowered("A, B", ways)
        assert shape(result.graph) == (
            [
                "0 A->B:M 1",
                "1 A->B:N 2",
                "1 B->A:x 4",
                "1 B->A:y 4",
                "2 A->B:N 3",
                "2 B->A:x 4",
                "3 A->B:N 3",
                "3 B->A:x 4",
            ],
            [2, 4],
        )
        assert len(result.diagnostics) == 1

    def test_equal_arms_that_go_on_alike_are_no_finding(self) -> None:
        assert graph_of("A, B", case(Ok="A -> B : M", Err="A -> B : M"))[0] == ["0 A->B:M 1"]

    def test_a_silent_arm(self) -> None:
        edges, final = graph_of("A, B", case(Ok="A -> B : M", Err=publish()))
        assert (edges, final) == (["0 A->B:M 1"], [0, 1])


class TestPar:
    def test_all_interleavings(self) -> None:
        result = lowered("A, B, C, D", par("A -> B : x", "C -> D : y"), "A -> C : z")
        edges, final = shape(result.graph)
        assert edges == [
            "0 A->B:x 1",
            "0 C->D:y 4",
            "1 C->D:y 2",
            "2 A->C:z 3",
            "4 A->B:x 2",
        ]
        assert final == [3]

    def test_slices_replace_a_par_by_one_branch(self) -> None:
        result = lowered(
            "A, B, C, D",
            par("A -> B : x", "C -> D : y"),
            par("A -> C : u", "B -> D : v"),
        )
        assert [[e.split()[1] for e in shape(part)[0]] for part in result.slices] == [
            ["A->B:x", "A->C:u", "B->D:v"],
            ["C->D:y", "A->C:u", "B->D:v"],
            ["A->B:x", "C->D:y", "A->C:u"],
            ["A->B:x", "C->D:y", "B->D:v"],
        ]

    def test_a_shared_channel_leaves_no_slices(self) -> None:
        result = lowered("A, B", par("A -> B : x", "A -> B : y"))
        assert result.slices == ()
        assert result.graph is not None and result.diagnostics == ()

    def test_one_event_in_two_branches_is_reported(self) -> None:
        one, two = send("A -> B : x"), send("A -> B : x")
        result = lowered("A, B", par([one, "B -> A : u"], [two, "B -> A : v"]))
        (found,) = result.diagnostics
        assert found.code.number == "TV255"
        assert found.primary.span == two.message.label.span
        assert found.others[0].span == one.message.label.span

    def test_a_product_beyond_the_budget_leaves_the_slices(self) -> None:
        branches = [[f"A{i} -> B{i} : m{j}" for j in range(20)] for i in range(6)]
        roles = ", ".join(f"A{i}, B{i}" for i in range(6))
        result = lowered(roles, par(*branches), budget=10_000)
        assert result.graph is None
        assert "`par with 6 branches` on line" in result.limit
        assert [part.event_count for part in result.slices] == [20] * 6

    def test_a_loop_inside_a_branch(self) -> None:
        edges, final = graph_of(
            "A, B, C, D", par(decide("A", "A -> B : x"), "C -> D : y"), "C -> D : end"
        )
        assert edges == [
            "0 A->B:x 0",
            "0 A->B:Done 1",
            "0 C->D:y 4",
            "1 C->D:y 2",
            "2 C->D:end 3",
            "4 A->B:x 4",
            "4 A->B:Done 2",
        ]
        assert final == [3]

    def test_branches_that_may_end_and_go_on(self) -> None:
        body = par(loop_while("A -> B : x"), loop_while("C -> D : y"))
        edges, final = graph_of("A, B, C, D", body, "A -> C : z")
        assert edges == ["0 A->B:x 0", "0 C->D:y 0", "0 A->C:z 1"]
        assert final == [1]
        edges, final = graph_of(
            "A, B, C, D", par(loop_while("A -> B : x"), publish()), "C -> D : z"
        )
        assert edges == ["0 A->B:x 0", "0 C->D:z 1"]
        assert final == [1]

    def test_par_inside_par(self) -> None:
        roles = "A, B, C, D, E, F"
        nested = lowered(roles, par("A -> B : x", par("C -> D : y", "E -> F : z")))
        flat = lowered(roles, par("A -> B : x", "C -> D : y", "E -> F : z"))
        assert shape(nested.graph) == shape(flat.graph)

    def test_continue_out_of_a_branch_is_skipped(self) -> None:
        result = lowered("A, B, C", rec("L", par(["A -> B : x", again("L")], "A -> C : y")))
        assert result.graph is None and result.slices == ()
        assert "`continue L` leaves a parallel branch" in result.skipped[0].reason

    def test_a_branch_that_never_ends_hides_nothing(self) -> None:
        body = (par(forever("A -> B : x"), "C -> D : y"),)
        assert len(lowered("A, B, C, D", *body).slices) == 2
        two = par("A -> C : u", "C -> A : v")
        assert lowered("A, B, C, D", *body, two).slices == ()


class TestCalls:
    def test_inlined_everywhere(self) -> None:
        where = (local("L", "A -> B : M"),)
        body = [call("L"), case(Ok=[call("L")], Err="A -> B : N"), let(call("L"))]
        edges, _ = shape(lowered("A, B", *body, where=where).graph)
        assert edges == ["0 A->B:M 1", "1 A->B:M 2", "1 A->B:N 2", "2 A->B:M 3"]

    def test_unknown_and_cyclic_calls_are_skipped(self) -> None:
        assert "no local protocol `X`" in lowered("A, B", call("X")).skipped[0].reason
        cyclic = (local("L", "A -> B : M", call("K")), local("K", call("L")))
        result = lowered("A, B", call("L"), where=cyclic)
        assert result.graph is None
        assert "`L` calls itself" in result.skipped[0].reason


def test_a_timeout_has_a_timed_graph_and_no_other() -> None:
    result = lowered("A, B", timeout("A", "A -> B : M", "A -> B : Late"))
    assert result.graph is None
    assert not result.skipped
    assert result.timed is not None
    assert [scope.owner for scope in result.timed.scopes] == ["A"]


def test_a_message_to_oneself_is_skipped() -> None:
    assert "`A` sends a message to itself" in lowered("A, B", "A -> A : M").skipped[0].reason


def test_unread_text_has_no_graph() -> None:
    only = protocol("A, B", "A -> B : M")
    partial = ast.Protocol(only.name, only.body, roles=only.roles, complete=False)
    result = lower(file(partial), TEXT, partial, {})
    assert result.graph is None
    assert "could not be read" in result.skipped[0].reason


class TestBudget:
    @pytest.mark.parametrize("times", [1_000_000, 10**18])
    def test_a_long_repeat_answers_at_once(self, times: int) -> None:
        result = lowered("A, B", repeat(times, "A -> B : M"))
        assert result.graph is None
        assert result.limit.startswith(f"`loop repeat {times}` on line ")

    def test_repeating_nothing_costs_nothing(self) -> None:
        inner = repeat(10**12, repeat(10**12, let()))
        assert graph_of("A, B", inner, "A -> B : M")[0] == ["0 A->B:M 1"]

    def test_repeats_inside_repeats(self) -> None:
        result = lowered("A, B", repeat(10**6, repeat(10**6, "A -> B : M")))
        assert result.graph is None and "`loop repeat 1000000`" in result.limit

    def test_calls_that_double(self) -> None:
        where = tuple(local(f"L{i}", call(f"L{i + 1}"), call(f"L{i + 1}")) for i in range(60))
        silent = (*where, local("L60", publish()))
        result = lowered("A, B", call("L0"), where=silent, budget=5_000)
        assert result.graph is None and result.limit.startswith("`call L0` on line ")
        loud = (*where, local("L60", "A -> B : M"))
        assert lowered("A, B", call("L0"), where=loud, budget=5_000).limit

    def test_all_pairs_of_a_large_family(self) -> None:
        result = lowered("D[N]", "D[*] -> D[*] : M", sizes={"D": 10_000})
        assert result.graph is None and result.limit.startswith("`M` on line ")

    def test_a_family_beyond_reason(self) -> None:
        result = lowered("A, D[1000000000]", "A -> D[0] : M")
        assert result.graph is None and result.limit.startswith("`D` brings the roles to more than")


class TestSharing:
    def test_choices_in_a_row_are_linear(self) -> None:
        body = [choice("A", X="A -> B : X", Y="A -> B : Y") for _ in range(1_000)]
        graph = lowered("A, B", *body).graph
        assert graph is not None
        assert (graph.state_count, graph.event_count) == (1_001, 2_000)

    def test_choices_twelve_deep_share_what_follows(self) -> None:
        body: list[Body] = ["A -> B : End"]
        for level in range(12):
            body = [choice("A", X=["A -> B : X", *body], Y="A -> B : Y"), f"B -> A : K{level}"]
        graph = lowered("A, B", *body).graph
        assert graph is not None
        assert graph.event_count == 12 * 3 + 1

    def test_loops_in_a_row_are_linear(self) -> None:
        body = [decide("A", "A -> B : More") for _ in range(500)]
        graph = lowered("A, B", *body).graph
        assert graph is not None
        assert (graph.state_count, graph.event_count) == (501, 1_000)

    def test_sites_are_shared_by_members_and_copies(self) -> None:
        result = lowered("A, D[N]", repeat(5, "A -> D[*] : M"), sizes={"D": 100})
        assert result.graph is not None
        assert (result.graph.event_count, len(result.graph.sites)) == (500, 1)


DEEP = 5_000


class TestDepth:
    def test_choices_inside_choices(self) -> None:
        body: list[Body] = ["A -> B : End"]
        for _ in range(DEEP):
            body = [choice_of("A", ("X", ["A -> B : X", *body]), ("Y", "A -> B : Y"))]
        graph = lowered("A, B", *body).graph
        assert graph is not None and graph.event_count == 2 * DEEP + 1

    def test_recursions_inside_recursions(self) -> None:
        body: list[Body] = ["A -> B : M", again("L0")]
        for level in range(DEEP):
            body = [rec(f"L{level}", *body)]
        assert shape(lowered("A, B", *body).graph)[0] == ["0 A->B:M 0"]

    @pytest.mark.parametrize("kind", ["while", "decide", "let", "case", "par", "repeat"])
    def test_other_constructs(self, kind: str) -> None:
        body: list[Body] = ["A -> B : M"]
        for _ in range(DEEP):
            match kind:
                case "while":
                    body = [loop_while(*body)]
                case "decide":
                    body = [decide("A", "A -> B : More", *body)]
                case "let":
                    body = [let(*body)]
                case "case":
                    body = [case(Ok=body, Err=[])]
                case "par":
                    body = [par(body, [])]
                case _:
                    body = [repeat(1, *body)]
        result = lowered("A, B", *body)
        assert result.graph is not None or result.limit
        if kind in {"while", "let", "repeat", "par"}:
            assert result.graph is not None and result.graph.event_count == 1
