"""A launch passes every gate or opens nothing; the mode follows from the policy."""

from __future__ import annotations

import random

import msgspec
import pytest
from graphs import random_graph

from tellverify.model.machine import Action, Machine
from tellverify.obligations.machines import Machines
from tellverify.policy.rows import Determinism
from tellverify.runtime.chooser import Seeded
from tellverify.runtime.executor import Execution, ExecutionEnding
from tellverify.runtime.faults import FaultKind, RuntimeFault
from tellverify.runtime.gate import Contracts, Key
from tellverify.runtime.launch import (
    Admitted,
    LaunchRequest,
    RefusedLaunch,
    Session,
    execute,
    launch,
)
from tellverify.runtime.mode import Mode
from tellverify.runtime.ownership import Registry
from tellverify.runtime.reconfiguration import SURFACES, Reconfiguration, ReconfigurationReceipt

PING = (
    Machine("A", (((Action(True, "B", "ping"), 1),), ()), (False, True)),
    Machine("B", (((Action(False, "A", "ping"), 1),), ()), (False, True)),
)
FACTS = frozenset(
    f"artifact:{name}" for name in ("full", "replay", "modulo_effect_trace", "modulo_commutativity")
) | {"profiles:mixed"}
KEYS = frozenset({"k", "p1", "p2", "mixed_determinism", "vmEnvelopeAdherence", *SURFACES})
FULL = Contracts("full", KEYS, FACTS)
PLAIN = Determinism(
    ref="plain",
    class_="C",
    mode="cooperative",
    scheduler="exact",
    waves=1,
    determinism="full",
    tier="strict_deterministic",
    replay="off",
)
REPLAY = Determinism(
    ref="replay",
    class_="C",
    mode="threaded_replay_deterministic",
    scheduler="session_normalized_permutation",
    waves=2,
    determinism="replay",
    tier="replay_deterministic",
    replay="sequence",
    keys=("mixed_determinism",),
)
ENVELOPE = Determinism(
    ref="envelope",
    class_="C",
    mode="threaded_envelope_bounded",
    scheduler="envelope_bounded",
    waves=4,
    determinism="modulo_effects",
    tier="envelope_bounded_nondeterministic",
    replay="sequence",
    keys=("mixed_determinism", "vmEnvelopeAdherence"),
)
REQUEST = LaunchRequest(
    protocol="p",
    machines=PING,
    required=(Key("k"), Key("p1", "Pack"), Key("p2", "Pack")),
    contracts=FULL,
    owner="anna",
    determinism=PLAIN,
    determinism_ref="plain",
    protocol_class="C",
)


def with_(**changes: object) -> LaunchRequest:
    return msgspec.structs.replace(REQUEST, **changes)


def refused(request: LaunchRequest, registry: Registry | None = None) -> list[FaultKind]:
    used = registry or Registry()
    before = used.snapshot()
    result = launch(request, used)
    assert isinstance(result, RefusedLaunch), result
    assert used.snapshot() == before
    return [fault.kind for fault in result.faults]


def admitted(request: LaunchRequest, registry: Registry | None = None) -> Admitted:
    result = launch(request, registry or Registry())
    assert isinstance(result, Admitted), result
    return result


def test_an_admitted_session_runs_to_its_end() -> None:
    registry = Registry()
    done = execute(admitted(REQUEST, registry), registry, Seeded(0))
    assert isinstance(done, Execution)
    assert done.ending is ExecutionEnding.COMPLETE
    assert [str(step) for step in done.steps] == ["A!B:ping", "B?A:ping"]


@pytest.mark.parametrize(
    ("row", "mode", "waves"),
    [
        (PLAIN, Mode.COOPERATIVE, 1),
        (REPLAY, Mode.REPLAY_DETERMINISTIC, 2),
        (ENVELOPE, Mode.ENVELOPE_BOUNDED, 4),
        (None, Mode.COOPERATIVE, 1),
    ],
)
def test_the_mode_follows_from_the_policy(row: Determinism, mode: Mode, waves: int) -> None:
    policy = admitted(with_(determinism=row, determinism_ref="")).policy
    assert (policy.mode, policy.waves, policy.workers) == (mode, waves, waves)


@pytest.mark.parametrize("row", [REPLAY, ENVELOPE], ids=lambda row: row.ref)
def test_without_mixed_profiles_the_canonical_path_is_taken(row: Determinism) -> None:
    mixed = Contracts("full", KEYS - {"mixed_determinism"}, FACTS - {"profiles:mixed"})
    found = admitted(with_(determinism=row, contracts=mixed))
    assert found.policy.mode is Mode.COOPERATIVE
    assert "lacks `mixed_determinism`, so the canonical path" in found.warnings[0]


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({"contracts": FULL.without("k")}, [FaultKind.MISSING_CAPABILITY]),
        ({"contracts": FULL.without("p2")}, [FaultKind.MISSING_PACK_CAPABILITY]),
        ({"contracts": None}, [FaultKind.NO_INVENTORY]),
        ({"guards": ("chat:send", "Chat:Send")}, [FaultKind.GUARD_NAME]),
        ({"guards": ("send", "cap:x", "module:m:x", "", "a,b:c")}, [FaultKind.GUARD_NAME] * 5),
        ({"determinism": None, "determinism_ref": "gone"}, [FaultKind.UNKNOWN_POLICY]),
        ({"determinism": REPLAY, "protocol_class": "D"}, [FaultKind.POLICY_CLASS]),
        (
            {"determinism": REPLAY, "contracts": Contracts("none", KEYS)},
            [FaultKind.MISSING_CONTRACTS],
        ),
        (
            {"contracts": Contracts("poor", KEYS, FACTS - {"artifact:full"})},
            [FaultKind.UNSUPPORTED_DETERMINISM],
        ),
        ({"machines": ()}, [FaultKind.ROLE_IMAGE]),
        ({"machines": PING[:1]}, [FaultKind.ROLE_IMAGE]),
        ({"machines": (*PING, PING[0])}, [FaultKind.ROLE_IMAGE]),
        ({"machines": (Machine("A", (), ()),)}, [FaultKind.ROLE_IMAGE]),
        (
            {"resolution": (RuntimeFault(FaultKind.PACK_DRIFT, "Pack", "drift"),)},
            [FaultKind.PACK_DRIFT],
        ),
        (
            {"determinism": msgspec.structs.replace(PLAIN, tier="replay_deterministic")},
            [FaultKind.ILLEGAL_PROFILE],
        ),
        (
            {"determinism": msgspec.structs.replace(ENVELOPE, determinism="replay")},
            [FaultKind.ILLEGAL_PROFILE],
        ),
        (
            {"guards": ("x",), "contracts": Contracts("none", frozenset())},
            [
                FaultKind.GUARD_NAME,
                FaultKind.MISSING_CAPABILITY,
                FaultKind.MISSING_PACK_CAPABILITY,
                FaultKind.MISSING_PACK_CAPABILITY,
            ],
        ),
    ],
)
def test_each_gate_refuses_and_nothing_is_opened(
    changes: dict[str, object], kinds: list[FaultKind]
) -> None:
    assert refused(with_(**changes)) == kinds


def test_a_cooperative_policy_of_another_class_is_warned_of() -> None:
    found = admitted(with_(protocol_class="D"))
    assert "is a policy of the class `C`, and `p` has the class `D`" in found.warnings[0]
    assert admitted(with_(protocol_class="")).warnings


def test_somebody_elses_session_is_not_opened() -> None:
    registry = Registry()
    admitted(REQUEST, registry)
    assert refused(with_(owner="bert"), registry) == [FaultKind.FRAGMENT_OWNED]
    assert refused(with_(protocol="q"), registry) == [FaultKind.SESSION_OPEN]
    assert admitted(with_(session="other", owner="bert"), registry)


def test_a_refused_launch_leaves_an_open_session_alone() -> None:
    registry = Registry()
    first = admitted(REQUEST, registry)
    refused(with_(contracts=FULL.without("k")), registry)
    assert registry.is_current(first.claim)


def test_a_stale_owner_executes_nothing() -> None:
    registry = Registry()
    manager = Reconfiguration(registry, FULL)
    first = admitted(REQUEST, registry)
    manager.adopt(first.claim)
    receipt = manager.transfer(first.claim, "bert")
    assert isinstance(receipt, ReconfigurationReceipt)
    result = execute(first, registry, Seeded(0))
    assert isinstance(result, RuntimeFault)
    assert result.kind is FaultKind.STALE_OWNER
    now = msgspec.structs.replace(first, claim=receipt.claim)
    assert isinstance(execute(now, registry, Seeded(0)), Execution)


def test_a_forged_admission_executes_nothing() -> None:
    registry = Registry()
    real = admitted(REQUEST, registry)
    other = admitted(with_(session="other"), registry)
    empty = Registry()
    assert isinstance(execute(real, empty, Seeded(0)), RuntimeFault)
    session = Session(real, registry)
    assert isinstance(session.advance(other.claim, Seeded(0)), RuntimeFault)
    forged = msgspec.structs.replace(real.claim, generation=2)
    assert isinstance(session.advance(forged, Seeded(0)), RuntimeFault)
    assert session.event_count == 0
    done = session.advance(real.claim, Seeded(0))
    assert isinstance(done, Execution)
    assert session.event_count == 2


def test_a_session_goes_on_where_its_last_owner_left_it() -> None:
    for seed in range(200):
        registry = Registry()
        manager = Reconfiguration(registry, FULL)
        first = admitted(with_(machines=tuple(Machines(random_graph(seed)).all())), registry)
        manager.adopt(first.claim)
        whole = execute(first, registry, Seeded(seed), limit=40)
        session = Session(first, registry)
        begun = session.advance(first.claim, Seeded(seed), limit=3)
        receipt = manager.transfer(first.claim, "bert")
        assert isinstance(receipt, ReconfigurationReceipt)
        assert isinstance(session.advance(first.claim, Seeded(seed)), RuntimeFault)
        ended = session.advance(receipt.claim, Seeded(seed), limit=40)
        assert isinstance(begun, Execution)
        assert isinstance(ended, Execution)
        assert isinstance(whole, Execution)
        assert ended.steps == whole.steps, f"seed {seed}"
        assert ended.steps[: len(begun.steps)] == begun.steps, f"seed {seed}"


def test_an_execution_stops_when_its_session_is_handed_over() -> None:
    registry = Registry()
    manager = Reconfiguration(registry, FULL)
    first = admitted(
        with_(
            machines=(
                Machine(
                    "A",
                    (((Action(True, "B", "x"), 1), (Action(True, "B", "y"), 1)), ()),
                    (False, True),
                ),
                Machine(
                    "B",
                    (((Action(False, "A", "x"), 1), (Action(False, "A", "y"), 1)), ()),
                    (False, True),
                ),
            )
        ),
        registry,
    )
    manager.adopt(first.claim)

    class Thief(Seeded):
        def pick(self, role: str, turn: int, options: object) -> int:
            assert isinstance(manager.transfer(first.claim, "bert"), ReconfigurationReceipt)
            return 0

    done = execute(first, registry, Thief(0))
    assert isinstance(done, Execution)
    assert done.ending is ExecutionEnding.STALE
    assert len(done.steps) == 1


def test_the_gate_lets_nothing_through_for_any_inventory() -> None:
    """A refusal is a missing key, and a missing key is a refusal, for random inventories."""
    for seed in range(3_000):
        rng = random.Random(seed)
        names = [f"k{n}" for n in range(6)]
        required = tuple(Key(n, rng.choice(["", "P", "Q"])) for n in names if rng.random() < 0.5)
        keys = frozenset(n for n in names if rng.random() < 0.7)
        registry = Registry()
        result = launch(with_(required=required, contracts=Contracts("r", keys, FACTS)), registry)
        lacking = [key.name for key in required if key.name not in keys]
        if lacking:
            assert isinstance(result, RefusedLaunch), f"seed {seed}"
            assert [fault.subject for fault in result.faults] == lacking, f"seed {seed}"
            assert not registry.snapshot(), f"seed {seed}"
        else:
            assert isinstance(result, Admitted), f"seed {seed}"
