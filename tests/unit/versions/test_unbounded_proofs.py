"""What is claimed of mixtures whose queues have no bound, and when the search for more stops."""

from __future__ import annotations

import msgspec
import pytest
from random_pairs import Tree, graph_of
from version_texts import protocol, versions_of

from tellverify.model.machine import Action, Machine
from tellverify.obligations.machines import Machines
from tellverify.versions.bridge import find_bridge
from tellverify.versions.mixtures import Mixtures
from tellverify.versions.role_versions import RoleVersions

ROLES = ("A", "B", "C", "D", "E")
# No bound on queues and no decider settles these five roles.
OPEN: Tree = (
    "D",
    (("A", "b", ("D", (("C", "b", ("A", (("E", "c", 2), ("D", "a", 0)))),))),),
)
STREAM = (
    "rec L;  choice A at;    | Data =>;        A -> B : {data};        A -> C : Log;"
    "        B -> C : Fwd;        continue L;{more}"
    "    | End =>;        A -> B : End;        A -> C : End;        B -> C : End"
)
FLUSH = (
    "    | Flush =>;        A -> B : Flush;        A -> C : Flush;        B -> C : Flush;"
    "        continue L;"
)


def stream(data: str = "Data", more: str = "") -> str:
    return protocol("A, B, C", STREAM.format(data=data, more=more))


def also_receiving(machine: Machine, peer: str, label: str) -> Machine:
    """The machine with one more label in its first state."""
    first = (*machine.moves[0], (Action(False, peer, label), machine.moves[0][0][1]))
    return msgspec.structs.replace(machine, moves=(first, *machine.moves[1:]))


@pytest.mark.parametrize("is_proved", [False, True])
def test_subtyping_needs_a_version_that_is_proved_alone(is_proved: bool) -> None:
    old = Machines(graph_of(OPEN, ROLES)).all()
    new = [also_receiving(one, "A", "more") if one.role == "E" else one for one in old]
    roles = RoleVersions(old, new)
    assert roles.changed == ("E",)
    mixtures = Mixtures(roles, largest_bound=4, budget=20_000, are_proved=(is_proved, False))
    method, evidence = mixtures.known_by()
    assert evidence == ("proved" if is_proved else "bounded")
    assert method.startswith("subtyping" if is_proved else "queues of at most 4 messages")


def test_the_search_stops_where_proofs_say_all() -> None:
    roles = versions_of(stream(), stream(more=FLUSH))
    mixtures = Mixtures(roles, largest_bound=8, budget=200_000)
    assert mixtures.known_by() == ("subtyping, role by role", "proved")
    assert mixtures.search.system.queue_bound == 4  # of 8
    assert mixtures.search.is_exact


def test_the_search_stops_before_longer_queues_exceed_the_budget() -> None:
    old = Machines(graph_of(OPEN, ROLES)).all()
    new = [also_receiving(one, "A", "more") if one.role == "E" else one for one in old]
    mixtures = Mixtures(RoleVersions(old, new), largest_bound=8, budget=1_000)
    method, evidence = mixtures.known_by()
    assert evidence == "bounded"
    bound = mixtures.search.system.queue_bound
    assert bound < 8
    assert method.startswith(f"queues of at most {bound} message")
    assert method.endswith("longer ones need a higher `bounds.configurations`")


def test_a_release_in_between_keeps_the_messages_that_were_sent() -> None:
    """A release of A that sends only what both versions do would send no data at all."""
    found = find_bridge(versions_of(stream(), stream("Data2")), largest_bound=8, budget=200_000)
    assert found.plan is not None
    assert found.plan.is_proved
    assert [(one.role, one.is_bridge) for one in found.plan.steps] == [
        ("B", True),
        ("A", False),
        ("B", False),
    ]


def test_a_plan_is_found_where_there_are_too_many_deployments_to_try_all() -> None:
    names = [f"R{n}" for n in range(15)]

    def chain(label: str) -> str:
        return protocol(
            ", ".join(names), ";".join(f"R{n} -> R{n + 1} : {label}{n}" for n in range(14))
        )

    found = find_bridge(versions_of(chain("X"), chain("Y")), largest_bound=8, budget=10_000)
    assert found.plan is not None
    assert found.plan.is_proved
    steps = found.plan.steps
    assert sorted(one.role for one in steps if not one.is_bridge) == sorted(names)
    assert {one.role for one in steps if one.is_bridge} == set(names[1:])  # all that receive
