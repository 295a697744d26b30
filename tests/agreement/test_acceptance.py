"""The acceptance rule: the verdicts of the guide, and evidence that stands on its own."""

from __future__ import annotations

import copy
import json
import random
import re
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from graphs import random_graph

from tellverify.admission.convergence import Sourced
from tellverify.admission.manifest import derive
from tellverify.admission.resolve import admit, requirements
from tellverify.admission.runtime import inventory_of, without
from tellverify.evidence.acceptance import AcceptanceFile, write_acceptance
from tellverify.evidence.recheck.graph import Rejected
from tellverify.language.linking.modules import judged_alone
from tellverify.language.syntax.surface import read_tell
from tellverify.language.workspace import named_protocols
from tellverify.obligations.acceptance import acceptances
from tellverify.obligations.acceptance_files import graphs_of, record_of
from tellverify.obligations.acceptance_findings import Acceptance, State, Word
from tellverify.obligations.acceptance_runs import covered
from tellverify.obligations.accepted import core_of
from tellverify.obligations.machines import Machines
from tellverify.policy.model import Policy
from tellverify.policy.read import read_policy
from tellverify.projection.implementability import check_graph
from tellverify.runtime.covering_runs import all_moves, covering_paths, moves_made
from tellverify.runtime.gate import Contracts
from tellverify.runtime.launch import Admitted, LaunchRequest, launch
from tellverify.runtime.ownership import Registry
from tellverify.runtime.recheck import recheck_acceptance
from tellverify.source.text import SourceFile

ROOT = Path(__file__).parents[2]
FAULTY = ROOT / "counterexamples" / "admission" / "acceptance"
EXPECTED = tomllib.loads((FAULTY / "expected.toml").read_text("utf-8"))
ACCEPTED = {
    "ota_activation": "AuraTransitionSafety",
    "device_epoch_rotation": "AuraTransitionSafety",
    "recovery_protocol": "AuraAuthorityEvidence",
    "guardian_setup": "AuraAuthorityEvidence",
    "guardian_ceremony": "AuraAuthorityEvidence",
}
POSSIBLE = {
    "guardian_membership_change": {"AuraTransitionSafety", "AuraAuthorityEvidence"},
    "device_enrollment": {"AuraTransitionSafety"},
    "epoch_rotation": {"AuraTransitionSafety"},
    "consensus": {"AuraAuthorityEvidence"},
}


@cache
def policy() -> Policy:
    found = read_policy(str(ROOT / "specs" / "policy")).policy
    assert found is not None
    return found


def sourced(path: Path, text: str | None = None) -> Sourced:
    source = SourceFile(str(path), path.read_text("utf-8") if text is None else text)
    judged = judged_alone(read_tell(source), source)
    (origin,) = named_protocols(judged, set())
    return Sourced(origin, derive(judged, origin.protocol, policy()))


def decided(one: Sourced) -> tuple[Acceptance, ...]:
    return acceptances(one, policy(), graphs_of(one, {}))


@pytest.mark.parametrize("path", sorted((ROOT / "specs").glob("*.tell")), ids=lambda p: p.stem)
def test_specs_have_the_verdicts_of_the_guide(path: Path) -> None:
    found = decided(sourced(path))
    carried = {each.pack: each.word for each in found if each.carried}
    if path.stem in ACCEPTED:
        assert carried == {ACCEPTED[path.stem]: Word.ACCEPTED}
        (verdict,) = found
        assert [one.state for one in verdict.findings] == [State.MET] * 5
        assert not verdict.barred
        return
    assert not carried
    possible = {each.pack for each in found if each.word is Word.POSSIBLE}
    assert possible == POSSIBLE.get(path.stem, set())


@pytest.mark.parametrize("name", EXPECTED)
def test_faulty_protocols_are_refused_for_what_is_wrong_with_them(name: str) -> None:
    expected = EXPECTED[name]
    one = sourced(FAULTY / f"{name}.tell")
    (found,) = decided(one)
    assert (found.pack, found.word) == (expected["pack"], Word.REFUSED)
    failing = [f.condition.number for f in found.findings if f.state is State.FAILS]
    assert failing == expected["fails"]
    assert bool(found.barred) == expected["excluded"]
    core = core_of(one, found)
    assert expected["because"] in core.reason + " ".join(p.text for p in core.premises)


def test_every_faulty_protocol_is_listed() -> None:
    assert {path.stem for path in FAULTY.glob("*.tell")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_without_the_pack_nothing_is_refused(name: str) -> None:
    """The premise that the pack is carried cannot be left out of a core."""
    path = FAULTY / f"{name}.tell"
    text = re.sub(r"proof_bundle .*\n", "", path.read_text("utf-8"))
    found = decided(sourced(path, re.sub(r" requires \w+", "", text)))
    assert all(each.word in (Word.UNMET, Word.POSSIBLE) for each in found)


@pytest.mark.parametrize("name", ACCEPTED)
def test_the_gate_refuses_what_the_set_reference_refuses(name: str) -> None:
    """The refusals of the machine against the admission that knows nothing of it."""
    one = sourced(ROOT / "specs" / f"{name}.tell")
    (found,) = decided(one)
    manifest = one.derived.manifest
    support = inventory_of(policy(), "full")
    assert support is not None
    flattened = requirements(policy(), manifest).flattened
    assert found.required == flattened
    single = {refusal.removed for refusal in found.refusals if len(refusal.removed) == 1}
    assert single == {(key,) for key in flattened}
    for key in support.keys:
        decision = admit(policy(), manifest, without(support, key))
        assert decision.admitted == (key not in flattened)


# Runs on every branch


def test_covering_runs_make_every_move_of_implementable_protocols() -> None:
    compared = 0
    for seed in range(1_500):
        graph = random_graph(seed)
        machines = Machines(graph).all()
        words = covering_paths(graph)
        taken = {transition for path in words.paths for transition in path}
        assert words.complete
        assert taken | set(words.endless) == set(range(graph.event_count)), f"seed {seed}"
        if words.endless or not check_graph(graph).implementable:
            continue
        compared += 1
        request = LaunchRequest("p", tuple(machines), (), Contracts("r", frozenset()), "a")
        registry = Registry()
        admitted = launch(request, registry)
        assert isinstance(admitted, Admitted)
        recorded = covered(admitted, registry, graph, "")
        assert not isinstance(recorded, str), f"seed {seed}: {recorded}"
        assert moves_made(machines, recorded.runs) == all_moves(machines), f"seed {seed}"
    assert compared > 300


# Evidence


@cache
def record(name: str) -> AcceptanceFile:
    one = sourced(ROOT / "specs" / f"{name}.tell")
    (found,) = decided(one)
    return record_of(found, one, policy())


@pytest.mark.parametrize("name", ACCEPTED)
def test_evidence_is_accepted_and_equal_each_time(name: str, tmp_path: Path) -> None:
    path = tmp_path / "x.acceptance.json"
    path.write_text(write_acceptance(record(name)), "utf-8")
    assert "complete run" in recheck_acceptance(str(path))
    again = sourced(ROOT / "specs" / f"{name}.tell")
    (found,) = decided(again)
    assert write_acceptance(record_of(found, again, policy())) == path.read_text("utf-8")


def _mutations() -> Iterator[tuple[str, Callable[[Any], object]]]:
    yield "schema", lambda f: f.update(schema="tellverify/acceptance-2")
    yield "source sum", lambda f: f.update(sha256="0" * 64)
    yield "policy sum", lambda f: f["policy"][0].update(sha256="0" * 64)
    yield "no policy", lambda f: f.update(policy=[])
    yield "another pack", lambda f: f.update(pack="AuraConsensusDeployment")
    yield "the other pack", lambda f: f.update(pack="AuraAuthorityEvidence")
    yield "another protocol", lambda f: f.update(protocol="device_epoch_rotation.Device")
    yield "a key less", lambda f: f["required"].pop()
    yield "a key more", lambda f: f["required"].append("mixed_determinism")
    yield "keys swapped", lambda f: f["required"].reverse()
    yield "support without a key", lambda f: f["support"].remove(f["required"][0])
    yield "support not sorted", lambda f: f["support"].reverse()
    yield "no ground", lambda f: f.update(grounds=[])
    yield "ground elsewhere", lambda f: f["grounds"][0].update(line=1)
    yield "ground of nothing", lambda f: f["grounds"][0].update(semantics="symmetry")
    yield "ground not there", lambda f: f["grounds"][0].update(text="likeness")
    yield "a refusal less", lambda f: f["refusals"].pop(0)
    yield "no whole refusal", lambda f: f["refusals"].pop()
    yield "an event before", lambda f: f["refusals"][0].update(events=1)
    yield "nothing missing", lambda f: f["refusals"][0].update(missing=[])
    yield "another missing", lambda f: f["refusals"][0].update(missing=[f["required"][1]])
    yield "nothing removed", lambda f: f["refusals"][0].update(removed=[])
    yield "an unknown key removed", lambda f: f["refusals"][0].update(removed=["luck"])
    yield "no instance", lambda f: f.update(instances=[])
    yield "an instance twice", lambda f: f["instances"].append(f["instances"][0])
    yield "another size", lambda f: f["instances"][1].update(instance="Devices = 3")
    yield "a run less", lambda f: f["instances"][0]["runs"].pop()
    yield "a shorter run", lambda f: f["instances"][0]["runs"][0].pop()
    yield "a run begun late", lambda f: f["instances"][0]["runs"][0].pop(0)
    yield "another label", lambda f: f["instances"][0]["runs"][0][0].__setitem__(3, 1)
    yield "a role of nobody", lambda f: f["instances"][0]["runs"][0][0].__setitem__(2, 99)
    yield "a send turned round", lambda f: f["instances"][0]["runs"][0][1].__setitem__(0, 1)
    yield "no end", lambda f: f["instances"][0]["graph"].update(final=[])
    yield "an unknown field", lambda f: f.update(remark="fine")
    yield "a field less", lambda f: f.pop("support")


@pytest.mark.parametrize(
    ("name", "mutate"), list(_mutations()), ids=lambda v: v if isinstance(v, str) else ""
)
def test_tampered_evidence_is_rejected(
    name: str, mutate: Callable[[Any], object], tmp_path: Path
) -> None:
    file = json.loads(write_acceptance(record("ota_activation")))
    mutate(file)
    try:
        text = write_acceptance(msgspec.convert(file, AcceptanceFile))
    except msgspec.ValidationError:
        text = json.dumps(file)
    path = tmp_path / "x.acceptance.json"
    path.write_text(text, "utf-8")
    with pytest.raises(Rejected):
        recheck_acceptance(str(path))


def test_random_damage_to_refusals_and_runs_is_rejected(tmp_path: Path) -> None:
    """Taking away or changing anything that is claimed; what is only said twice may go."""
    whole = json.loads(write_acceptance(record("guardian_ceremony")))
    path = tmp_path / "x.acceptance.json"
    for seed in range(60):
        rng = random.Random(seed)
        file = copy.deepcopy(whole)
        run = rng.choice(file["instances"][0]["runs"])
        match rng.randrange(4):
            case 0:
                del run[rng.randrange(len(run))]
            case 1:
                event = rng.randrange(len(run))
                field = rng.randrange(4)
                run[event][field] = (
                    (run[event][field] + 1) % 2
                    if field == 0
                    else (run[event][field] + rng.randint(1, 3))
                )
            case 2:
                del file["refusals"][rng.randrange(len(file["refusals"]))]
            case _:
                run.append(rng.choice(run))
        path.write_text(write_acceptance(msgspec.convert(file, AcceptanceFile)), "utf-8")
        with pytest.raises(Rejected):
            recheck_acceptance(str(path))
            pytest.fail(f"seed {seed}")


@pytest.mark.parametrize("field", [1, 2, 3])
def test_a_run_names_roles_and_labels_of_its_graph(field: int, tmp_path: Path) -> None:
    """The first number behind the last one is none, and the last event counts."""
    file = record("guardian_setup")
    graph, runs = file.instances[0].graph, [list(run) for run in file.instances[0].runs]
    event = list(runs[-1][-1])
    event[field] = len(graph.labels) if field == 3 else len(graph.roles)
    runs[-1][-1] = (event[0], event[1], event[2], event[3])
    part = msgspec.structs.replace(file.instances[0], runs=runs)
    path = tmp_path / "x.acceptance.json"
    changed = msgspec.structs.replace(file, instances=[part, *file.instances[1:]])
    path.write_text(write_acceptance(changed), "utf-8")
    with pytest.raises(Rejected, match="it names no role or label"):
        recheck_acceptance(str(path))


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"{}", b"[" * 20_000, b"null", b'{"schema": NaN}']
)
def test_what_is_no_evidence_is_rejected(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.acceptance.json"
    path.write_bytes(content)
    with pytest.raises(Rejected):
        recheck_acceptance(str(path))


def test_evidence_holds_where_its_source_is_not_at_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = msgspec.structs.replace(record("guardian_setup"), source="gone.tell")
    path = tmp_path / "x.acceptance.json"
    path.write_text(write_acceptance(file), "utf-8")
    monkeypatch.chdir(tmp_path)
    assert recheck_acceptance(str(path)).startswith("`")
