"""Claims of subtyping against exhaustive search of the deployments that rest on them."""

from __future__ import annotations

import os

from random_pairs import LIMIT, acting, all_deployments, random_pair, shortest
from systems import Whole
from version_texts import protocol, versions_of

from tellverify.model.machine import Machine
from tellverify.projection.subtyping import refines, sent_to
from tellverify.versions.role_versions import NEW, RoleVersions
from tellverify.versions.unbounded import refining

ANSWERS = int(os.environ.get("TELLVERIFY_SUBTYPINGS", "50"))


def test_a_deployment_that_subtyping_covers_is_good() -> None:
    claims = seed = answers = 0
    while answers < ANSWERS:
        roles = random_pair(seed)
        seed += 1
        if roles is None or not roles.changed:
            continue
        answers += 1
        found = refining(roles)
        for versions in all_deployments(roles):
            upgraded = {role for role, version in versions.items() if version == NEW}
            stayed = versions.keys() - upgraded
            if not (upgraded <= found.new.keys() or stayed <= found.old.keys()):
                continue
            whole = Whole(roles.machines(acting(roles, versions)), LIMIT)
            if whole.finite:
                claims += 1
                assert shortest(whole) is None, (seed - 1, versions)
    assert claims >= 2 * ANSWERS


def both_ways(roles: RoleVersions, role: str) -> tuple[bool, bool]:
    """Whether the new machine refines the old one, and the other way round."""
    found = refining(roles)
    return role in found.new, role in found.old


def test_more_receptions_and_fewer_sends_refine() -> None:
    few = "choice A at;  | X =>;      A -> B : X;  | Y =>;      A -> B : Y"
    more = few + ";  | Z =>;      A -> B : Z"
    roles = versions_of(protocol("A, B", few), protocol("A, B", more))
    assert both_ways(roles, "B") == (True, False)  # it takes more
    assert both_ways(roles, "A") == (False, True)  # the old one sends less


def test_a_loop_may_not_leave_out_its_exit() -> None:
    """A role that waits for the exit would be stuck: A -> C Done is never sent."""
    body = (
        "A -> C : Hello;rec L;  choice A at;    | More =>;        A -> B : More;"
        "        B -> A : Ack;        continue L"
    )
    old = protocol("A, B, C", body + ";    | Done =>;        A -> B : Done;        A -> C : Done")
    roles = versions_of(old, old)
    whole = roles.new["A"]
    without = Machine(
        "A",
        tuple(
            tuple(move for move in row if move[0].label != "Done" or move[0].peer != "B")
            for row in whole.moves
        ),
        whole.final,
    )
    assert refines(whole, whole, sent_to("A", tuple(roles.new.values()))) is not None
    assert refines(without, whole, sent_to("A", tuple(roles.new.values()))) is None


def test_a_send_may_go_ahead_of_a_reception_but_not_behind_it() -> None:
    late = protocol("A, B", "A -> B : Go;B -> A : Ready;A -> B : Value")
    early = protocol("A, B", "A -> B : Go;A -> B : Value;B -> A : Ready")
    roles = versions_of(late, early)
    assert both_ways(roles, "A") == (True, False)
    found = refining(roles).new["A"]
    assert [(str(a), str(b)) for a, b in found.ahead] == [("B!Value", "B?Ready")]


def test_sends_to_one_role_keep_their_order() -> None:
    one = versions_of(
        protocol("A, B, C", "A -> B : X;A -> C : Y"), protocol("A, B, C", "A -> C : Y;A -> B : X")
    )
    assert both_ways(one, "A") == (True, True)
    same = versions_of(
        protocol("A, B", "A -> B : X;A -> B : Y"), protocol("A, B", "A -> B : Y;A -> B : X")
    )
    assert both_ways(same, "A") == (False, False)


def test_a_further_label_must_be_one_that_is_never_sent() -> None:
    """C may be sent `Late` by A later, so a C that takes it in place of `Now` goes wrong."""
    old = versions_of(
        protocol("A, C", "A -> C : Now;A -> C : Late"),
        protocol("A, C", "A -> C : Now;A -> C : Late"),
    )
    own = old.old["C"]
    wider = Machine(
        "C",
        ((*own.moves[0], (own.moves[1][0][0], 2)), *own.moves[1:]),
        own.final,
    )
    assert refines(wider, own, sent_to("C", tuple(old.old.values()))) is None
    assert refines(wider, own, set()) is not None
