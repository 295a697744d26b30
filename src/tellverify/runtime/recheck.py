"""Evidence for the acceptance rule rechecked by sets and by replay; nothing is executed.

The policy is read as plain TOML, the machines are built from the graph as the rechecker of traces
builds them, and runs are replayed by the reference semantics. Neither the launch path nor the
executor nor the policy reader is used.
"""

from __future__ import annotations

import hashlib
import os
import re
import tomllib
from collections.abc import Sequence
from typing import Final

import msgspec

from tellverify.diagnostics.wording import counted
from tellverify.evidence.acceptance import (
    ACCEPTANCE_SCHEMA,
    AcceptanceFile,
    Runs,
    write_acceptance,
)
from tellverify.evidence.divergence import replay
from tellverify.evidence.graph_file import NeutralGraph
from tellverify.evidence.neutral_machine import machine_of
from tellverify.evidence.recheck.graph import Rejected, check_graph, check_instance, require
from tellverify.model.machine import Action, Machine
from tellverify.model.semantics import System
from tellverify.model.step import Step
from tellverify.source.builtin_policies import located
from tellverify.source.files import Unreadable, read_bytes
from tellverify.source.toml import has_deep_keys

_MOST_BYTES: Final = 256 * 1024 * 1024
_MOST_STEPS: Final = 5_000_000
_SEMANTICS: Final = ("authority", "evidence", "transition")


def recheck_acceptance(path: str) -> str:
    """What a file shows, in words. Raises Rejected, or OSError when it cannot be read."""
    content = _read(path)
    try:
        file = msgspec.json.decode(content, type=AcceptanceFile)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Rejected("the file", str(error)[:200].partition("\n")[0]) from None
    require(file.schema == ACCEPTANCE_SCHEMA, "schema", f"not `{ACCEPTANCE_SCHEMA}`")
    require(write_acceptance(file).encode() == content, "the file", "not in its one form")
    source = _same(file.source, file.sha256)
    _check_names(file, source)
    _check_grounds(file, source)
    _check_policy(file)
    _check_refusals(file)
    require(bool(file.instances), "instances", "there is no complete run")
    names = [part.instance for part in file.instances]
    require(len(set(names)) == len(names), "instances", "one stands twice")
    for part in file.instances:
        _check_runs(part)
    runs = sum(len(part.runs) for part in file.instances)
    return f"`{file.pack}`: {len(file.refusals)} refusals, {counted(runs, 'complete run')}"


def _read(path: str) -> bytes:
    try:
        return read_bytes(path, _MOST_BYTES)
    except Unreadable as error:
        raise Rejected("the file", f"`{path}`: {error}") from None


def _same(path: str, sha256: str) -> bytes | None:
    """The bytes of a file that must be unchanged; None when it is not here."""
    if not os.path.isfile(located(path)):
        return None
    content = _read(located(path))
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Rejected("source", f"{path} changed since this was made: run `tellverify accept`")
    return content


def _check_names(file: AcceptanceFile, source: bytes | None) -> None:
    """The source has the protocol, and the pack."""
    if source is None:
        return
    module, _, own = file.protocol.rpartition(".")
    for word, name in (("protocol", own), ("module", module), ("proof_bundle", file.pack)):
        wanted = rf"\b{word}\s+{re.escape(name)}(?![\w.])".encode("utf-8", "surrogatepass")
        found = not name or re.search(wanted, source)
        require(bool(found), word, f"`{file.source}` has no `{word} {name}`")


def _check_grounds(file: AcceptanceFile, source: bytes | None) -> None:
    """Condition 1: there is a ground, and the source has its words at the recorded place."""
    require(bool(file.grounds), "grounds", "the protocol depends on nothing that needs a pack")
    lines = None if source is None else source.decode("utf-8", "replace").splitlines()
    for ground in file.grounds:
        require(ground.semantics in _SEMANTICS, "grounds", f"no semantics `{ground.semantics}`")
        if lines is not None:
            here = 0 < ground.line <= len(lines) and ground.text in lines[ground.line - 1]
            require(here, "grounds", f"line {ground.line} does not have `{ground.text}`")


def _check_policy(file: AcceptanceFile) -> None:
    """Condition 2, and that the required keys are those of the policy, where it is here."""
    found = [_same(each.path, each.sha256) for each in file.policy]
    require(bool(found), "policy", "no policy is named")
    if any(content is None for content in found):
        return
    rows: dict[str, list[dict[str, object]]] = {}
    for content in found:
        try:
            text = (content or b"").decode("utf-8")
            table = {} if has_deep_keys(text) else tomllib.loads(text)
        except (ValueError, RecursionError):
            raise Rejected("policy", "it is not TOML") from None
        for section, entries in table.items():
            if isinstance(entries, list):
                kept = [entry for entry in entries if isinstance(entry, dict)]
                rows.setdefault(section, []).extend(kept)
    pack = next((row for row in rows.get("packs", ()) if row.get("name") == file.pack), {})
    require(pack.get("status") == "active", "pack", f"`{file.pack}` is no active pack")
    module, _, name = file.protocol.rpartition(".")
    named = {"module": module, "protocol": name}
    known = [row for row in rows.get("protocols", ()) if named.items() <= row.items()]
    plain = _texts(known[0].get("keys", [])) if known else []
    keys = tuple(dict.fromkeys([*plain, *_texts(pack.get("runtime", []))]))
    require(file.required == keys, "required", "not the keys of the policy")
    families = {str(row["name"]) for row in rows.get("families", ()) if row.get("inventory")}
    for key in _texts(pack.get("runtime", [])):
        cap = next((row for row in rows.get("capabilities", ()) if row.get("key") == key), {})
        surface = next((row for row in rows.get("surfaces", ()) if row.get("name") == key), {})
        consumed = bool(cap.get("consumers")) or bool(surface.get("consumers"))
        require(consumed or cap.get("family") in families, "pack", f"nothing consumes `{key}`")


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _check_refusals(file: AcceptanceFile) -> None:
    """Conditions 3 and 4: without any one required key, and without the pack, nothing happens."""
    required, support = file.required, set(file.support)
    require(bool(required), "required", "no key is required, so none can be missed")
    require(len(set(required)) == len(required), "required", "a key stands twice")
    require(sorted(support) == list(file.support), "support", "not sorted, or a key stands twice")
    lacking = [key for key in required if key not in support]
    require(not lacking, "support", f"the runtime with full support lacks {lacking[:1]}")
    alone = set()
    for number, refusal in enumerate(file.refusals):
        where = f"refusal {number}"
        removed = set(refusal.removed)
        require(bool(removed) and removed <= support, where, "removes a key that is not there")
        missing = tuple(key for key in required if key in removed)
        require(refusal.missing == missing != (), where, "does not lack what it says")
        require(refusal.events == 0, where, "events happened before it")
        if len(removed) == 1:
            alone |= removed
    require(alone == set(required), "refusals", "some required key was never taken away")
    whole = any(len(refusal.missing) > 1 for refusal in file.refusals)
    require(whole or len(required) == 1, "refusals", "the pack was never taken away as a whole")


def _check_runs(part: Runs) -> None:
    """Condition 5: complete runs that make every move of every machine."""
    graph = part.graph
    first = check_graph(graph, "graph")
    check_instance(part.instance, graph.roles, "instance")
    machines = [machine_of(graph, first, number) for number in range(len(graph.roles))]
    system = System(machines)
    require(sum(map(len, part.runs)) <= _MOST_STEPS, "runs", "too many steps")
    made: set[tuple[str, int, Action]] = set()
    for number, run in enumerate(part.runs):
        where = f"run {number} of `{part.instance or 'the protocol'}`"
        steps = [_step(graph, event, where) for event in run]
        done = replay(steps, machines)
        if done.divergence is not None:
            raise Rejected(f"{where}, event {done.divergence.index}", done.divergence.reason)
        end = done.configuration
        require(system.is_final(end) and not end.queues, where, "it does not terminate")
        _note(machines, steps, done.states, made)
    for machine in machines:
        for state, row in enumerate(machine.moves):
            for action, _ in row:
                there = (machine.role, state, action) in made
                require(there, "runs", f"no run takes `{action}` of `{machine.role}` in {state}")


def _step(graph: NeutralGraph, event: tuple[int, int, int, int], where: str) -> Step:
    send, sender, receiver, label = event
    known = max(sender, receiver) < len(graph.roles) and label < len(graph.labels)
    require(known, where, "it names no role or label")
    return Step(send == 1, graph.roles[sender], graph.roles[receiver], graph.labels[label])


def _note(
    machines: Sequence[Machine],
    steps: Sequence[Step],
    states: Sequence[int],
    made: set[tuple[str, int, Action]],
) -> None:
    """Add the moves of a run; `states` has the state of the actor after every step."""
    here = {machine.role: 0 for machine in machines}
    for step, after in zip(steps, states, strict=True):
        peer = step.receiver if step.send else step.sender
        made.add((step.actor, here[step.actor], Action(step.send, peer, step.label)))
        here[step.actor] = after
