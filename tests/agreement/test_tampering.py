"""Evidence with one entry changed: rejected, or its claims are true and supported all the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple, TypeAlias

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_coherence import claims_hold, is_supported
from plain_search import faults_of, is_start_of_run
from subset import subset_machines
from tampering import Json, tampered

from tellverify.evidence.certificate import Certificate, write_certificate
from tellverify.evidence.graph_file import GraphFile, write_graph
from tellverify.evidence.recheck.evidence_files import recheck
from tellverify.evidence.recheck.graph import Rejected
from tellverify.model.configuration import Configuration
from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph, graph_from_edges
from tellverify.model.semantics import System
from tellverify.model.step import Step
from tellverify.obligations.options import Options
from tellverify.verification.certificate_files import certificate_files, graph_files
from tellverify.verification.pipeline import check_paths
from tellverify.verification.trace_files import trace_files

ROOT = Path(__file__).parents[2]
Files: TypeAlias = dict[str, str]


class Made(NamedTuple):
    """Files of evidence in a folder."""

    folder: Path
    files: Files

    def __repr__(self) -> str:
        return str(self.folder)


CERTIFIED = (
    "specs/ota_activation.tell",
    "specs/guardian_ceremony.tell",
    "specs/anonymous_path_establish.tell",
    "counterexamples/stuck_after_stop.tell",
    "counterexamples/nested_deciding_loops.tell",
    "counterexamples/not_mergeable.tell",
)
# What no recheck can tell: that no run is shorter, and free words.
UNCHECKED = ("minimal", "explanation")


def evidence(*paths: str) -> Files:
    """All files that a check of `paths` writes, by folder and name."""
    checked = check_paths(paths, Options(keep_graphs=True))
    found: Files = {}
    for protocol in checked.run.protocols:
        graphs = checked.graphs.get((protocol.path, protocol.name), {})
        origin = checked.origins[protocol.path, protocol.name]
        for files in (
            trace_files(protocol, graphs, origin),
            graph_files(protocol, graphs, origin),
            certificate_files(protocol, graphs, origin),
        ):
            folder = protocol.subject.folder
            found.update((f"{folder}/{name}", text) for _, name, text in files)
    return found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Evidence of specs and of counterexamples, written to a folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        files = evidence(*CERTIFIED, "counterexamples")
    folder = tmp_path_factory.mktemp("evidence")
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Made(folder, files)


@pytest.fixture(autouse=True)
def _in_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def accepted(path: Path, content: bytes) -> bool:
    """Does the rechecker accept `content` in the place of `path`?"""
    before = path.read_bytes()
    path.write_bytes(content)
    try:
        recheck(str(path))
    except Rejected:
        return False
    finally:
        path.write_bytes(before)
    return True


def test_all_evidence_is_accepted(made: Made) -> None:
    folder, files = made
    assert len(files) > 40
    for name in files:
        assert recheck(str(folder / name))


@given(st.integers(min_value=0, max_value=2**31))
@settings(max_examples=1500)
def test_tampered_certificates(made: Made, seed: int) -> None:
    folder, files = made
    names = sorted(name for name in files if name.endswith(".certificate.json"))
    name = names[seed % len(names)]
    original = json.loads(files[name])
    changed, place, _ = tampered(original, seed)
    if changed == original:
        return
    try:
        certificate = msgspec.convert(changed, type=Certificate)
    except msgspec.ValidationError:
        assert not accepted(folder / name, json.dumps(changed).encode())
        return
    if not accepted(folder / name, write_certificate(certificate).encode()):
        return
    # The graph is what the claims are about: another one is another protocol, and then the
    # claims must be true of that.
    assert place[0] in ("instances", "source"), place
    for part in certificate.instances:
        assert is_supported(part), place
        assert claims_hold(part), place


def itf_text(value: dict[str, Json]) -> str:
    """`value` laid out as trace files are."""

    def compact(inner: Json) -> str:
        return msgspec.json.encode(inner).decode()

    parts = []
    for key, inner in value.items():
        if key == "states" and isinstance(inner, list) and inner:
            parts.append('"states": [\n' + ",\n".join(map(compact, inner)) + "\n]")
        else:
            parts.append(f"{compact(key)}: {compact(inner)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def graph_of(file: GraphFile) -> ProtocolGraph:
    neutral = file.graph
    rows = [
        (s, neutral.roles[p], neutral.roles[q], neutral.labels[m], t)
        for s, p, q, m, t in neutral.events
    ]
    return graph_from_edges(rows, final=set(neutral.final), roles=neutral.roles)


def never_acts(system: System, start: Configuration, role: str) -> bool:
    """Does `role` make no step, whatever the others do? Follows all configurations."""
    seen, work = {start}, [start]
    for here in work:
        for step, after in system.enabled(here):
            if step.actor == role:
                return False
            if after not in seen:
                seen.add(after)
                work.append(after)
        assert len(seen) < 5_000
    return True


def shows(value: dict[str, Json], graph: ProtocolGraph) -> bool:
    """Do the steps replay in plain machines, and does the end show the fault, by definition?"""
    meta = msgspec.convert(value["#meta"], type=dict[str, object])
    states = msgspec.convert(value["states"], type=list[dict[str, dict[str, object]]])
    system = System(subset_machines(graph))
    here: Configuration | None = system.initial
    did: dict[str, list[str]] = {role: [] for role in graph.roles}
    for state in states[1:]:
        said = state["#meta"]
        step = Step(
            said["action"] == "send",
            str(said["sender"]), str(said["receiver"]), str(said["label"]),
        )  # fmt: skip
        assert here is not None
        here = system.after(here, step)
        if here is None:
            return False
        sign = f"{step.receiver}!" if step.send else f"{step.sender}?"
        did[step.actor].append(f"{sign}{step.label}")
    assert here is not None
    vector = tuple(tuple(did[role]) for role in graph.roles)
    fault = Fault(str(meta["fault"]))
    if fault is Fault.INFIDELITY:
        if not is_start_of_run(graph, vector):
            return True
        ended = not here.queues and system.is_final(here)
        return ended and not is_start_of_run(graph, vector, complete=True)
    if fault is Fault.STUCK_ROLE and "loop" not in value:
        return all(
            machine.moves[state] and never_acts(system, here, machine.role)
            for machine, state in zip(system.machines, here.states, strict=True)
            if machine.role in msgspec.convert(meta["culprits"], type=list[str])
        )
    if fault in (Fault.UNBOUNDED_QUEUE, Fault.NO_TERMINATION) or "loop" in value:
        return False  # nothing that is tampered with is expected to hold here
    return fault in faults_of(system, here)


@given(st.integers(min_value=0, max_value=2**31))
@settings(max_examples=1500)
def test_tampered_traces(made: Made, seed: int) -> None:
    folder, files = made
    names = sorted(name for name in files if name.endswith(".itf.json"))
    name = names[seed % len(names)]
    original = json.loads(files[name])
    assert itf_text(original) == files[name]
    changed, place, how = tampered(original, seed)
    if changed == original or not isinstance(changed, dict):
        return
    if not accepted(folder / name, itf_text(changed).encode("utf-8", "surrogatepass")):
        return
    if place[:1] == ("#meta",) and place[1] in UNCHECKED and how == "flip":
        return
    if place == ("loop",) and changed["#meta"]["fault"] == Fault.UNBOUNDED_QUEUE:  # type: ignore
        return  # two laps of a loop of one event are a lap that grows as well
    graphs = [n for n in files if n.endswith(".graph.json")]
    beside = next(n for n in graphs if n.partition("/")[0] == name.partition("/")[0])
    graph = graph_of(msgspec.json.decode(files[beside], type=GraphFile))
    assert shows(changed, graph), (name, place, how)
    # A run that shows the fault sooner, or with fewer of the culprits, is as good.
    assert set(changed["#meta"]["culprits"]) <= set(original["#meta"]["culprits"])  # type: ignore


@given(st.integers(min_value=0, max_value=2**31))
@settings(max_examples=700)
def test_tampered_graphs_never_break_the_rechecker(made: Made, seed: int) -> None:
    folder, files = made
    names = sorted(name for name in files if name.endswith(".graph.json"))
    name = names[seed % len(names)]
    changed, _, _ = tampered(json.loads(files[name]), seed)
    try:
        content = write_graph(msgspec.convert(changed, type=GraphFile)).encode()
    except msgspec.ValidationError:
        content = json.dumps(changed).encode()
    path = folder / name
    path.write_bytes(content)
    try:
        for trace in sorted(path.parent.glob("*.itf.json")):
            try:
                recheck(str(trace))
            except Rejected:
                continue
            graph = graph_of(msgspec.json.decode(content, type=GraphFile))
            value = json.loads(trace.read_bytes())
            fault = value["#meta"]["fault"]
            loops = "loop" in value or fault in ("unbounded-queue", "no-termination")
            assert loops or shows(value, graph), (trace.name, name)
    finally:
        path.write_text(files[name], encoding="utf-8")


@given(st.integers(min_value=0, max_value=2**31), st.binary(max_size=6), st.integers(0, 2))
@settings(max_examples=700)
def test_broken_bytes_are_rejected(made: Made, seed: int, noise: bytes, how: int) -> None:
    folder, files = made
    name = sorted(files)[seed % len(files)]
    content = files[name].encode()
    at = (seed // 101) % len(content)
    broken = (
        content[:at],
        content[:at] + noise + content[at:],
        content[:at] + noise + content[at + len(noise) :],
    )[how]
    if broken == content:
        return
    if accepted(folder / name, broken):
        # Noise inside a word that no recheck can tell, or inside a name of the graph.
        value = json.loads(broken)
        before = json.loads(content)
        if name.endswith(".itf.json"):
            for key in UNCHECKED:
                value["#meta"].pop(key)
                before["#meta"].pop(key)
            assert value == before
