"""What a run of two versions shows: one file for each clause, wrong in this clause alone.

Machines are written down, so that the two versions of a role differ in what a clause looks at.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec import structs

from tellverify.evidence import versions_file
from tellverify.evidence.machines_file import MachineRow
from tellverify.evidence.recheck.graph import Rejected
from tellverify.evidence.recheck.mixtures import MixedVersions, recheck_versions
from tellverify.evidence.versions_file import (
    RefutedRow,
    RelationRow,
    SearchProof,
    StepRow,
    VersionsFile,
    digest_of,
)
from tellverify.model.configuration import Configuration

SEND, TAKE = 1, 0
Moves = Sequence[Sequence[tuple[int, str, str, int]]]


def machine(role: str, moves: Moves, *final: int) -> MachineRow:
    return MachineRow(role, list(final), [list(row) for row in moves])


def pair(changed: str, old: Sequence[MachineRow], new: Sequence[MachineRow]) -> VersionsFile:
    """A file in which nothing is claimed yet."""
    return VersionsFile(
        "", "P", "", [], "strict", [], [], list(changed), list(old), list(new), [], []
    )


def claims(
    file: VersionsFile, fault: str, culprit: str, *steps: StepRow, new: str = "", old: str = ""
) -> str:
    row = RefutedRow(list(new), list(old), fault, culprit, list(steps))
    return recheck_versions(structs.replace(file, refuted=[row]))


def rejects(
    file: VersionsFile, fault: str, culprit: str, *steps: StepRow, new: str = "", old: str = ""
) -> str:
    with pytest.raises(Rejected) as found:
        claims(file, fault, culprit, *steps, new=new, old=old)
    return str(found.value)


IDLE = machine("C", [[]], 0)
WAITS = machine("B", [[(TAKE, "A", "x", 1)], []], 1)
# As WAITS, but it may stop before anything comes.
STOPS = machine("B", [[(TAKE, "A", "x", 1)], []], 0, 1)
SILENT = machine("A", [[]], 0)
SENDS = machine("A", [[(SEND, "B", "x", 1)], []], 1)


def test_a_deadlock_of_both_versions_is_accepted() -> None:
    """`A` says nothing, and neither version of `B` may stop."""
    other = machine("B", [[(TAKE, "A", "y", 1)], []], 1)
    file = pair("B", [SILENT, WAITS, IDLE], [SILENT, other, IDLE])
    assert "1 run refutes mixtures" in claims(file, "deadlock", "B")
    claims(file, "deadlock", "B", new="B")
    claims(file, "deadlock", "B", old="B")


@pytest.mark.parametrize("stopping", ["old", "new"])
def test_a_version_that_may_stop_is_in_no_deadlock(stopping: str) -> None:
    """The claim is of both versions, and one of them has nothing left to do."""
    sides = {"old": WAITS, "new": WAITS, stopping: STOPS}
    file = pair("B", [SILENT, sides["old"], IDLE], [SILENT, sides["new"], IDLE])
    assert "does not show deadlock" in rejects(file, "deadlock", "B")
    other = "new" if stopping == "old" else "old"
    claims(file, "deadlock", "B", **{other: "B"})
    rejects(file, "deadlock", "B", **{stopping: "B"})


@pytest.mark.parametrize("moving", ["A", "C"])
def test_a_role_that_can_move_is_in_no_deadlock(moving: str) -> None:
    """All roles have to be idle, the first and the last one as well."""
    first = SENDS if moving == "A" else SILENT
    last = machine("C", [[(SEND, "A", "z", 1)], []], 1) if moving == "C" else IDLE
    takes = [[(TAKE, "C", "z", 1)], []] if moving == "C" else []
    first = machine("A", takes, 0, 1) if moving == "C" else first
    file = pair("B", [first, WAITS, last], [first, STOPS, last])
    assert "does not show deadlock" in rejects(file, "deadlock", "B", old="B")


@pytest.mark.parametrize("moving", ["old", "new"])
def test_a_version_that_can_move_is_in_no_deadlock(moving: str) -> None:
    """Both versions of `A` are open, and one of them still sends."""
    waits = machine("A", [[(TAKE, "B", "y", 1)], []], 1)
    sides = {"old": waits, "new": waits, moving: machine("A", [[(SEND, "B", "x", 1)], []], 1)}
    file = pair("A", [sides["old"], WAITS, IDLE], [sides["new"], WAITS, IDLE])
    assert "does not show deadlock" in rejects(file, "deadlock", "B")
    other = "new" if moving == "old" else "old"
    # Without `y` from `B` the machine would be none: `B` may also send it, and never does.
    claims(file, "deadlock", "B", **{other: "A"})
    rejects(file, "deadlock", "B", **{moving: "A"})


def test_the_role_of_a_deadlock_may_not_stop() -> None:
    """`B` waits in vain, and `C` has stopped: the deadlock is one of `B` alone."""
    file = pair("B", [SILENT, WAITS, IDLE], [SILENT, STOPS, IDLE])
    claims(file, "deadlock", "B", old="B")
    rejects(file, "deadlock", "C", old="B")
    assert "no role is named" in rejects(file, "deadlock", "", old="B")


@pytest.mark.parametrize("good", ["old", "new"])
def test_an_unspecified_reception_is_one_of_every_open_version(good: str) -> None:
    """The message is there; one version takes it, the other one waits for another label."""
    spoilt = machine("B", [[(TAKE, "A", "w", 1)], []], 1)
    sides = {"old": spoilt, "new": spoilt, good: WAITS}
    file = pair("B", [SENDS, sides["old"], IDLE], [SENDS, sides["new"], IDLE])
    sent = (SEND, "A", "B", "x")
    assert "does not show unspecified-reception" in rejects(
        file, "unspecified-reception", "B", sent
    )
    other = "new" if good == "old" else "old"
    claims(file, "unspecified-reception", "B", sent, **{other: "B"})
    rejects(file, "unspecified-reception", "B", sent, **{good: "B"})
    rejects(file, "unspecified-reception", "B", **{other: "B"})  # nothing was sent yet


def test_of_a_queue_only_the_first_message_is_awaited() -> None:
    """`x` is taken whatever waits behind it; behind `w` it is not."""
    twice = machine("A", [[(SEND, "B", "x", 1)], [(SEND, "B", "w", 2)], []], 2)
    other = machine("A", [[(SEND, "B", "w", 1)], [(SEND, "B", "x", 2)], []], 2)
    file = pair("A", [twice, WAITS, IDLE], [other, WAITS, IDLE])
    first, second = (SEND, "A", "B", "x"), (SEND, "A", "B", "w")
    rejects(file, "unspecified-reception", "B", first, second, old="A")
    claims(file, "unspecified-reception", "B", second, first, new="A")


TWO_WAYS = [(TAKE, "A", "w", 1), (TAKE, "C", "z", 1)]
NEAR_MISSES = {
    "it may stop": machine("B", [[(TAKE, "A", "w", 1)], []], 0, 1),
    "it waits for another role too": machine("B", [TWO_WAYS, []], 1),
    "it can send": machine("B", [[(TAKE, "A", "w", 1), (SEND, "A", "back", 1)], []], 1),
    "it has stopped": machine("B", [[]], 0),
    "it does nothing and may not stop": machine("B", [[]]),
}


@pytest.mark.parametrize("name", NEAR_MISSES)
def test_near_misses_of_an_unspecified_reception(name: str) -> None:
    takes_back = machine("A", [[(SEND, "B", "x", 1)], [(TAKE, "B", "back", 1)]], 1)
    sender = takes_back if name == "it can send" else SENDS
    spoilt = machine("B", [[(TAKE, "A", "w", 1)], []], 1)
    third = machine("C", [[(SEND, "B", "z", 1)], []], 0, 1)
    file = pair("B", [sender, spoilt, third], [sender, NEAR_MISSES[name], third])
    sent = (SEND, "A", "B", "x")
    claims(file, "unspecified-reception", "B", sent, old="B")
    rejects(file, "unspecified-reception", "B", sent, new="B")


@pytest.mark.parametrize("good", ["old", "new"])
def test_an_orphan_message_is_one_of_every_open_version(good: str) -> None:
    gone = machine("B", [[]], 0)
    sides = {"old": gone, "new": gone, good: WAITS}
    file = pair("B", [SENDS, sides["old"], IDLE], [SENDS, sides["new"], IDLE])
    sent = (SEND, "A", "B", "x")
    assert "does not show orphan-message" in rejects(file, "orphan-message", "B", sent)
    other = "new" if good == "old" else "old"
    claims(file, "orphan-message", "B", sent, **{other: "B"})
    rejects(file, "orphan-message", "B", sent, **{good: "B"})
    rejects(file, "orphan-message", "B", **{other: "B"})
    rejects(file, "orphan-message", "C", sent, **{other: "B"})  # its queue is empty


@pytest.mark.parametrize(
    "left",
    [machine("B", [[(TAKE, "A", "w", 1)], []], 0, 1), machine("B", [[]])],
    ids=["it may go on", "it may not stop"],
)
def test_near_misses_of_an_orphan_message(left: MachineRow) -> None:
    file = pair("B", [SENDS, machine("B", [[]], 0), IDLE], [SENDS, left, IDLE])
    sent = (SEND, "A", "B", "x")
    claims(file, "orphan-message", "B", sent, old="B")
    rejects(file, "orphan-message", "B", sent, new="B")


def test_a_run_is_one_of_all_its_mixtures() -> None:
    """Only the old `A` sends: its run is none of mixtures whose `A` may be new."""
    gone = machine("B", [[]], 0)
    waits = machine("B", [[(TAKE, "A", "w", 1)], []], 0, 1)
    file = pair("AB", [SENDS, gone, IDLE], [SILENT, waits, IDLE])
    sent = (SEND, "A", "B", "x")
    claims(file, "orphan-message", "B", sent, old="AB")
    where = "the run is not one of all its mixtures"
    assert where in rejects(file, "orphan-message", "B", sent, old="B")
    assert where in rejects(file, "orphan-message", "B", sent, new="A", old="B")
    assert "is not enabled" in rejects(file, "orphan-message", "B", sent, sent, old="AB")


@pytest.mark.parametrize("stopping", ["old", "new"])
def test_a_version_that_may_stop_is_not_stuck(stopping: str) -> None:
    sides = {"old": WAITS, "new": WAITS, stopping: STOPS}
    file = pair("B", [SILENT, sides["old"], IDLE], [SILENT, sides["new"], IDLE])
    assert "may stop" in rejects(file, "stuck-role", "B")
    claims(file, "stuck-role", "B", **{"new" if stopping == "old" else "old": "B"})
    rejects(file, "stuck-role", "B", **{stopping: "B"})


@pytest.mark.parametrize("serving", ["old", "new"])
def test_a_role_that_one_version_of_another_still_serves_is_not_stuck(serving: str) -> None:
    sides = {"old": SILENT, "new": SILENT, serving: SENDS}
    file = pair("A", [sides["old"], WAITS, IDLE], [sides["new"], WAITS, IDLE])
    assert "may still move" in rejects(file, "stuck-role", "B")
    claims(file, "stuck-role", "B", **{"new" if serving == "old" else "old": "A"})
    rejects(file, "stuck-role", "B", **{serving: "A"})


@pytest.mark.parametrize("place", [0, 1, 2])
def test_every_role_can_be_the_one_of_a_deadlock(place: int) -> None:
    rows = [machine("A", [[]], 0), machine("B", [[]], 0), machine("C", [[]], 0)]
    peer = "B" if place == 0 else "A"
    name = "ABC"[place]
    waits = [*rows]
    waits[place] = machine(name, [[(TAKE, peer, "x", 1)], []], 1)
    claims(pair(name, waits, rows), "deadlock", name, old=name)
    rejects(pair(name, waits, rows), "deadlock", peer, old=name)


def test_names_of_a_row() -> None:
    file = pair("B", [SILENT, WAITS, IDLE], [SILENT, STOPS, IDLE])
    assert "unchanged" in rejects(file, "deadlock", "B", old="BC")
    assert "unchanged" in rejects(file, "deadlock", "B", new="A", old="B")
    assert "both old and new" in rejects(file, "deadlock", "B", new="B", old="B")
    assert "no such role" in rejects(file, "deadlock", "Z", old="B")
    assert "not a fault of a mixture" in rejects(file, "bad-luck", "B", old="B")
    assert "no role is named" in rejects(file, "stuck-role", "", old="B")


def proved(file: VersionsFile, *configurations: Configuration, count: int = 0) -> str:
    """What is said of a file which claims that these are all configurations."""
    digest = digest_of(configurations)
    proof = SearchProof(count or len(configurations), digest)
    return recheck_versions(structs.replace(file, proof=proof))


def unproved(file: VersionsFile, *configurations: Configuration, count: int = 0) -> str:
    with pytest.raises(Rejected) as found:
        proved(file, *configurations, count=count)
    return str(found.value)


def at(*states: int, **queues: str) -> Configuration:
    """A configuration; `A_B="xy"` is a queue from `A` to `B` that holds `x` and then `y`."""
    rows = sorted((tuple(name.split("_")), tuple(labels)) for name, labels in queues.items())
    return Configuration(states, tuple(((p, q), labels) for (p, q), labels in rows))


# Both versions of `C` do nothing; it counts as changed, so that there is a mixture.
START, SENT, TAKEN = at(0, 0, 0), at(1, 0, 0, A_B="x"), at(1, 1, 0)


def test_a_proof_has_all_configurations_and_no_others() -> None:
    file = pair("C", [SENDS, WAITS, IDLE], [SENDS, WAITS, IDLE])
    assert "all others hold in 3 configurations" in proved(file, START, SENT, TAKEN)
    assert "there are 3" in unproved(file, START, SENT)
    assert "there are 3" in unproved(file, START, SENT, TAKEN, count=4)
    assert "other configurations" in unproved(file, START, SENT, at(1, 1, 1))


def test_a_proof_follows_every_move_but_into_refuted_mixtures() -> None:
    """The new `A` may send `w`, which `B` does not take; the row refutes exactly that mixture."""
    both = machine("A", [[(SEND, "B", "x", 1), (SEND, "B", "w", 1)], []], 1)
    file = pair("A", [SENDS, WAITS, IDLE], [both, WAITS, IDLE])
    every = [at(0, 0, 0), at(1, 0, 0, A_B="x"), at(1, 1, 0)]
    assert "that no row refutes" in unproved(file, *every)
    row = RefutedRow(["A"], [], "unspecified-reception", "B", [(SEND, "A", "B", "w")])
    known = structs.replace(file, refuted=[row])
    assert "in 3 configurations" in proved(known, *every)
    assert "there are 3" in unproved(known, *every, at(2, 0, 0, A_B="w"))


def test_nothing_is_left_where_every_mixture_is_refuted() -> None:
    file = pair("B", [SILENT, WAITS, IDLE], [SILENT, WAITS, IDLE])
    row = RefutedRow([], [], "deadlock", "B", [])
    assert "in 0 configurations" in proved(structs.replace(file, refuted=[row]), count=0)


FAULTY = {
    "deadlock": [SILENT, WAITS, IDLE],
    "deadlock of the first role": [
        machine("A", [[(TAKE, "B", "x", 1)], []], 1),
        machine("B", [[]], 0),
        IDLE,
    ],
    "deadlock of the last role": [
        SILENT,
        machine("B", [[]], 0),
        machine("C", [[(TAKE, "B", "x", 1)], []], 1),
    ],
}


@pytest.mark.parametrize("name", FAULTY)
def test_a_deadlock_is_in_no_proof(name: str) -> None:
    rows = FAULTY[name]
    assert "that no row refutes" in unproved(pair("C", rows, rows), START)


def test_an_orphan_message_is_in_no_proof() -> None:
    rows = [SENDS, machine("B", [[]], 0), IDLE]
    assert "that no row refutes" in unproved(pair("C", rows, rows), START, SENT)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_stuck_role_is_in_no_proof(place: int) -> None:
    """Two roles talk without end, and the third one waits for a message that never comes."""
    names = [name for n, name in enumerate("ABC") if n != place]
    one, other = names
    rows = [
        machine(one, [[(SEND, other, "x", 1)], [(TAKE, other, "y", 0)]]),
        machine(other, [[(TAKE, one, "x", 1)], [(SEND, one, "y", 0)]]),
    ]
    waits = machine("ABC"[place], [[(TAKE, one, "z", 1)], []], 1)
    gone = machine("ABC"[place], [[(TAKE, one, "z", 1)], []], 0, 1)
    states = [
        (0, 0, ()),
        (1, 0, ((one, other), ("x",))),
        (1, 1, ()),
        (1, 0, ((other, one), ("y",))),
    ]
    found = []
    for first, second, queue in states:
        row = [first, second]
        row.insert(place, 0)
        found.append(Configuration(tuple(row), (queue,) if queue else ()))
    stuck, good = [*rows], [*rows]
    stuck.insert(place, waits)
    good.insert(place, gone)
    assert "in 4 configurations" in proved(pair(one, good, good), *found)
    assert f"`{'ABC'[place]}` is stuck" in unproved(pair(one, stuck, stuck), *found)


def test_an_order_is_safe_at_every_step() -> None:
    """Refuted is the mixture in which `B` is new and `C` is old."""
    end = machine("C", [[]], 0)
    old = [SENDS, WAITS, end]
    new = [SENDS, machine("B", [[(TAKE, "A", "w", 1)], []], 1), end]
    file = pair("BC", old, new)
    row = RefutedRow(["B"], ["C"], "unspecified-reception", "B", [(SEND, "A", "B", "x")])
    known = structs.replace(file, refuted=[row])
    assert "the order C, B meets none of them" in recheck_versions(
        structs.replace(known, order=["C", "B"])
    )
    for wrong, why in [
        (["B", "C"], "not safe after `B`"),
        (["C"], "not every changed role once"),
        (["C", "B", "B"], "not every changed role once"),
        (["A", "B"], "not every changed role once"),
    ]:
        with pytest.raises(Rejected, match=why):
            recheck_versions(structs.replace(known, order=wrong))


def reached(file: VersionsFile) -> list[Configuration]:
    """All configurations of all mixtures, in the order of a search."""
    system = MixedVersions(file).system
    found = {system.initial: None}
    for here in (todo := list(found)):
        for _, after in system.enabled(here):
            if after not in found:
                found[after] = None
                todo.append(after)
    return todo


SPOILT = machine("B", [[(TAKE, "A", "w", 1)], []], 1)


@pytest.mark.parametrize("bad", ["old", "new"])
def test_a_row_excuses_its_own_version_alone(bad: str) -> None:
    """`B` is the second of the changed roles and neither the first nor the last one of all."""
    other = "new" if bad == "old" else "old"
    sent = (SEND, "A", "B", "x")
    for fault, left, right, run in [
        ("unspecified-reception", SPOILT, SENDS, [sent]),
        ("orphan-message", machine("B", [[]], 0), SENDS, [sent]),
        ("deadlock", WAITS, SILENT, []),
    ]:
        good = STOPS if fault == "deadlock" else WAITS
        sides = {bad: left, other: good}
        file = pair("CB", [right, sides["old"], IDLE], [right, sides["new"], IDLE])
        every = reached(file)
        assert len(every) == (1 if fault == "deadlock" else 3)
        excused = {side: RefutedRow([], [], fault, "B", run) for side in (bad, other)}
        rows = {side: structs.replace(row, **{side: ["B"]}) for side, row in excused.items()}
        known = structs.replace(file, refuted=[rows[bad]])
        assert f"in {len(every)} configurations" in proved(known, *every)
        assert "that no row refutes" in unproved(file, *every)
        with pytest.raises(Rejected):  # the other version does not show the fault
            recheck_versions(structs.replace(file, refuted=[rows[other]]))


@pytest.mark.parametrize("silent", ["old", "new"])
def test_a_deadlock_is_one_of_the_versions_that_are_idle(silent: str) -> None:
    sides = {"old": SENDS, "new": SENDS, silent: SILENT}
    file = pair("A", [sides["old"], WAITS, IDLE], [sides["new"], WAITS, IDLE])
    row = structs.replace(RefutedRow([], [], "deadlock", "B", []), **{silent: ["A"]})
    assert "that no row refutes" in unproved(file, START, SENT, TAKEN)
    known = structs.replace(file, refuted=[row])
    assert "in 3 configurations" in proved(known, START, SENT, TAKEN)


TALKS = machine("A", [[(SEND, "C", "x", 1)], [(TAKE, "C", "y", 0)]])
ANSWERS = machine("C", [[(TAKE, "A", "x", 1)], [(SEND, "A", "y", 0)]])
TELLS_B = machine(
    "A",
    [
        [(SEND, "C", "x", 1), (SEND, "B", "x", 2)],
        [(TAKE, "C", "y", 0)],
        [(SEND, "C", "x", 3)],
        [(TAKE, "C", "y", 2)],
    ],
)


@pytest.mark.parametrize("silent", ["old", "new"])
def test_a_role_is_served_in_each_mixture_by_itself(silent: str) -> None:
    """One version of `A` may tell `B` something, the other one goes on with `C` for good."""
    sides = {"old": TELLS_B, "new": TELLS_B, silent: TALKS}
    file = pair("AC", [sides["old"], WAITS, ANSWERS], [sides["new"], WAITS, ANSWERS])
    every = reached(file)
    assert "`B` is stuck" in unproved(file, *every)
    row = structs.replace(RefutedRow([], [], "stuck-role", "B", []), **{silent: ["A"]})
    assert "all others hold" in proved(structs.replace(file, refuted=[row]), *every)


@pytest.mark.parametrize("waiting", ["old", "new"])
def test_a_version_of_a_role_is_served_by_itself(waiting: str) -> None:
    """`B` gets nothing; one of its versions may stop."""
    sides = {"old": STOPS, "new": STOPS, waiting: WAITS}
    file = pair("BC", [TALKS, sides["old"], ANSWERS], [TALKS, sides["new"], ANSWERS])
    every = reached(file)
    assert "`B` is stuck" in unproved(file, *every)
    row = structs.replace(RefutedRow([], [], "stuck-role", "B", []), **{waiting: ["B"]})
    assert "all others hold" in proved(structs.replace(file, refuted=[row]), *every)


def test_limits_of_a_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    file = pair("BC", [TALKS, STOPS, ANSWERS], [TALKS, STOPS, ANSWERS])
    every = reached(file)
    monkeypatch.setattr(versions_file, "MOST_DEPLOYMENTS", 4)
    monkeypatch.setattr(versions_file, "MOST_CONFIGURATIONS", len(every))
    assert "all others hold" in proved(file, *every)
    monkeypatch.setattr(versions_file, "MOST_DEPLOYMENTS", 3)
    assert "too many deployments" in unproved(file, *every)
    monkeypatch.setattr(versions_file, "MOST_DEPLOYMENTS", 4)
    monkeypatch.setattr(versions_file, "MOST_CONFIGURATIONS", len(every) - 1)
    assert "too many configurations" in unproved(file, *every)


# `C` sends `q` and then `p`. Who waits for `p` first never gets it, which only a search tells.
ORDERED = machine("C", [[(SEND, "A", "q", 1)], [(SEND, "A", "p", 2)], []], 2)
BLOCKED = machine("A", [[(TAKE, "C", "p", 1)], [(SEND, "B", "x", 2)], []], 2)
PASSES = machine("A", [[(TAKE, "C", "q", 1)], [(TAKE, "C", "p", 2)], [(SEND, "B", "x", 3)], []], 3)


@pytest.mark.parametrize("passing", ["old", "new"])
def test_a_stuck_role_is_searched_for_among_moves_of_its_own_mixtures(passing: str) -> None:
    sides = {"old": BLOCKED, "new": BLOCKED, passing: PASSES}
    file = pair("A", [sides["old"], WAITS, ORDERED], [sides["new"], WAITS, ORDERED])
    assert "may still move" in rejects(file, "stuck-role", "B")
    assert "may still move" in rejects(file, "stuck-role", "B", **{passing: "A"})
    claims(file, "stuck-role", "B", **{"new" if passing == "old" else "old": "A"})


@pytest.mark.parametrize("passing", ["old", "new"])
def test_a_stuck_role_may_be_the_first_one_and_two_roles_may_have_changed(passing: str) -> None:
    """`A` is told by `B`, which never gets `p` in one of its versions; `C` has changed as well."""
    waits = machine("A", [[(TAKE, "B", "x", 1)], []], 1)
    ordered = machine("C", [[(SEND, "B", "q", 1)], [(SEND, "B", "p", 2)], []], 2)
    blocked = machine("B", [[(TAKE, "C", "p", 1)], [(SEND, "A", "x", 2)], []], 2)
    passes = machine(
        "B", [[(TAKE, "C", "q", 1)], [(TAKE, "C", "p", 2)], [(SEND, "A", "x", 3)], []], 3
    )
    sides = {"old": blocked, "new": blocked, passing: passes}
    file = pair("CB", [waits, sides["old"], ordered], [waits, sides["new"], ordered])
    other = "new" if passing == "old" else "old"
    assert "may still move" in rejects(file, "stuck-role", "A")
    assert "may still move" in rejects(file, "stuck-role", "A", **{passing: "B"})
    claims(file, "stuck-role", "A", **{other: "B"})
    claims(file, "stuck-role", "A", **{other: "BC"})
    claims(file, "stuck-role", "A", **{other: "B", passing: "C"})


def test_a_search_for_moves_of_a_stuck_role_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """`A` sends without end; that `B` gets nothing shows without a search in a few mixtures."""
    sends = machine("A", [[(SEND, "C", "x", 0)]])
    takes = machine("C", [[(TAKE, "A", "x", 0)]])
    file = pair("AC", [sends, WAITS, takes], [sends, WAITS, takes])
    monkeypatch.setattr(versions_file, "MOST_CONFIGURATIONS", 50)
    monkeypatch.setattr(versions_file, "MOST_DEPLOYMENTS", 4)
    claims(file, "stuck-role", "B")
    monkeypatch.setattr(versions_file, "MOST_DEPLOYMENTS", 3)
    assert "too many configurations follow" in rejects(file, "stuck-role", "B")


def test_machines_are_of_the_same_roles_and_well_formed() -> None:
    def refused(file: VersionsFile) -> str:
        with pytest.raises(Rejected) as found:
            recheck_versions(file)
        return str(found.value)

    rows = [SENDS, WAITS, IDLE]
    assert "not of the same roles" in refused(pair("A", rows, rows[:2]))
    assert "not of the same roles" in refused(pair("A", rows, [SENDS, IDLE, WAITS]))
    assert "roles that do not exist" in refused(pair("AZ", rows, rows))
    lost = machine("A", [[(SEND, "B", "x", 2)], []], 1)
    assert "states that do not exist" in refused(pair("A", rows, [lost, WAITS, IDLE]))
    assert "has changed and is not listed" in refused(pair("A", rows, [SENDS, STOPS, IDLE]))
    assert "has changed and is not listed" in refused(pair("A", rows, [SENDS, SPOILT, IDLE]))


def test_a_row_is_replayed_by_machines_of_its_own_versions() -> None:
    file = pair("AB", [SENDS, WAITS, IDLE], [SILENT, STOPS, IDLE])
    pairs = MixedVersions(file)
    for new, first, second in [("", 2, False), ("A", 1, False), ("B", 2, True), ("AB", 1, True)]:
        one, other, idle = pairs.acting_machines(RefutedRow(list(new), [], "deadlock", "B", []))
        assert (one.role, one.state_count) == ("A", first)
        assert (other.role, other.final) == ("B", (second, True))
        assert (idle.role, idle.moves) == ("C", ((),))


def test_a_subtype_may_take_what_no_peer_of_the_other_version_sends_to_it() -> None:
    """`A` sends `y` to `C` and takes `y` from `B`; neither is a `y` that `B` may get."""
    tells = machine("C", [[(TAKE, "A", "y", 1)], []], 1)
    told, answered = [(SEND, "C", "y", 1)], [(TAKE, "B", "y", 3)]
    asks = machine("A", [told, [(SEND, "B", "x", 2)], answered, []], 3)
    both = [(SEND, "B", "x", 2), (SEND, "B", "y", 2)]
    asks_both = machine("A", [told, both, answered, []], 3)
    narrow = machine("B", [[(TAKE, "A", "x", 1)], [(SEND, "A", "y", 2)], []], 2)
    wide = machine("B", [[(TAKE, "A", "x", 1), (TAKE, "A", "y", 1)], [(SEND, "A", "y", 2)], []], 2)

    def recheck(refining: str, one: MachineRow, other: MachineRow) -> str:
        """Where `wide` stands for `narrow` among the peers of the latter, which is `one`."""
        sides = [[one, narrow, tells], [other, wide, tells]]
        old, new = sides if refining == "new" else reversed(sides)
        file = pair("B" if one is other else "AB", old, new)
        row = RelationRow("B", refining, [(0, 0), (1, 1), (2, 2)])
        return recheck_versions(structs.replace(file, relations=[row]))

    for refining in ("old", "new"):
        for other in (asks, asks_both):
            assert f"may be replaced: B ({refining})" in recheck(refining, asks, other)
            with pytest.raises(Rejected, match="none of subtyping"):
                recheck(refining, asks_both, other)
