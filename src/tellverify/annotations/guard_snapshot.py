"""One attempt to send under a given snapshot: what each stage of the guard chain says.

A snapshot has the capabilities of the admitted frontier, one row of the flow budget and what
observers have learnt. The decision is that of the reference of the guard chain; this says why.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec

from tellverify.annotations.guard_steps import GuardKind, GuardQuestion, World, attempted
from tellverify.annotations.metadata import Metadata
from tellverify.annotations.rules import Rules
from tellverify.source.text import SourceFile, read_text
from tellverify.source.toml import TomlFault, decode, read_toml

LARGEST = 1_000_000
_HEAD = "format = 1"
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class FlowRow(_Row, frozen=True):
    """The row of a context and peer: what may be spent in an epoch, and what has been."""

    limit: _Count
    spent: _Count = 0
    epoch: _Count = 0


class LeakRow(_Row, frozen=True):
    """What a class of observers has learnt, in bits; `limit` is that of the policy where absent."""

    observer: Annotated[str, msgspec.Meta(min_length=1)]
    spent: _Count = 0
    limit: _Count | None = None


class Snapshot(_Row, frozen=True):
    """Everything that guards look at. A budget of an earlier epoch than `epoch` has spent nothing.

    Without a `flow_budget` there is no headroom, and without a row nothing was learnt.
    """

    format: Annotated[int, msgspec.Meta(ge=1, le=1)]
    capabilities: tuple[str, ...] = ()
    epoch: _Count | None = None
    flow_budget: FlowRow | None = None
    leakage: tuple[LeakRow, ...] = ()


class StageStep(msgspec.Struct, frozen=True):
    """What one stage says: "passes", "denied" or "not reached", and why."""

    stage: str
    answer: str
    reason: str


class Evaluation(msgspec.Struct, frozen=True):
    """The stages in their order, whether the message is sent, and the effects."""

    allowed: bool
    steps: tuple[StageStep, ...]
    done: tuple[str, ...]


class SnapshotFault(msgspec.Struct, frozen=True):
    """Why a text is no snapshot, and the line."""

    line: int
    reason: str


def read_snapshot(path: str) -> Snapshot | SnapshotFault:
    """The snapshot in a TOML file. Raises Unreadable."""
    text = read_text(path, LARGEST)
    document = read_toml(path, text)
    if not isinstance(document, TomlFault):
        found = decode(document, Snapshot)
        if not isinstance(found, TomlFault):
            again = _named_twice(found)
            if again is None:
                return found
            span = document.span_of(("leakage", again))
            found = TomlFault(f"`{found.leakage[again].observer}` has a row already", span)
        document = found
    line = SourceFile(path, text).position(document.span.start)[0]
    hint = f": write `{_HEAD}` first" if document.message == "the key `format` is missing" else ""
    return SnapshotFault(line, f"{document.message}{hint}")


def _named_twice(snapshot: Snapshot) -> int | None:
    names = [row.observer for row in snapshot.leakage]
    return next((at for at, name in enumerate(names) if name in names[:at]), None)


def unknown_observers(
    snapshot: Snapshot, rules: Rules, sends: Iterable[Metadata]
) -> tuple[list[str], list[str]]:
    """Observers that neither the policy nor a send names, and all those that one of them names."""
    named = {name for metadata in sends for name, _ in metadata.bits}
    known = sorted(named | {row.name for row in rules.leakage.classes})
    return [row.observer for row in snapshot.leakage if row.observer not in known], known


def evaluated(metadata: Metadata, snapshot: Snapshot, rules: Rules) -> Evaluation:
    """What the guard chain of `rules` does with a send that has these annotations."""
    chain = rules.chain
    asked = GuardQuestion(
        bool(metadata.capabilities),
        metadata.cost if metadata.annotated else None,
        bool(metadata.facts),
        max((bits for _, bits in metadata.bits), default=0),
    )
    budget = _budget(snapshot)
    observer, leaked, leak_limit, bits = _tightest(metadata, snapshot, rules)
    asked = msgspec.structs.replace(asked, bits=bits)
    lacking = [name for name in metadata.capabilities if name not in snapshot.capabilities]
    world = World(
        token=not lacking,
        limit=budget.limit,
        spent=budget.spent,
        leak_limit=leak_limit,
        leaked=leaked,
    )
    events = attempted(chain, asked, world)
    refused = next((event.stage for event in events if event.kind is GuardKind.REFUSED), "")
    reasons = {
        "capability": _capability(metadata, lacking, snapshot, chain.frontier == "declared"),
        "flow": _flow(asked, budget, snapshot),
        "journal": f"records {_listed(metadata.facts)}" if metadata.facts else "records nothing",
        "leakage": f"{bits} bits to `{observer}`, which has learnt {leaked} of {leak_limit}"
        if bits
        else "no observer learns anything",
        "transport": "the message",
    }
    steps, reached = [], True
    for stage in chain.order:
        answer = "denied" if stage == refused else "passes" if reached else "not reached"
        reached = reached and stage != refused
        steps.append(StageStep(stage, answer, reasons[stage] if answer != "not reached" else ""))
    done = tuple(
        f"{event.kind.value} {event.amount}" if event.amount else event.kind.value
        for event in events
        if event.kind not in (GuardKind.REFUSED, GuardKind.CHECKED)
    )
    return Evaluation(any(event.kind is GuardKind.SENT for event in events), tuple(steps), done)


def _budget(snapshot: Snapshot) -> FlowRow:
    """The row as it stands in the epoch of the snapshot."""
    row = snapshot.flow_budget or FlowRow(limit=0)
    if snapshot.epoch is not None and snapshot.epoch > row.epoch:
        return FlowRow(limit=row.limit, spent=0, epoch=snapshot.epoch)
    return row


def _tightest(metadata: Metadata, snapshot: Snapshot, rules: Rules) -> tuple[str, int, int, int]:
    """The class of observers with the least room: its name, what it knows, its limit, the bits."""
    limits = {row.name: row.limit for row in rules.leakage.classes}
    known = {row.observer: row for row in snapshot.leakage}
    found = [("", 0, 0, 0)]
    for name, bits in metadata.bits:
        row = known.get(name)
        limit = row.limit if row is not None and row.limit is not None else limits.get(name, 0)
        found.append((name, row.spent if row is not None else 0, limit, bits))
    named = found[1:] or found
    return min(named, key=lambda one: (one[2] - one[1] - one[3], one[0]))


def _capability(
    metadata: Metadata, lacking: list[str], snapshot: Snapshot, is_declared: bool
) -> str:
    if not metadata.capabilities:
        return "asks for no capability"
    if not lacking:
        return f"the snapshot has {_listed(metadata.capabilities)}"
    if is_declared:
        return f"{_listed(lacking)} passes as declared: the chain does not look at the snapshot"
    count = len(snapshot.capabilities)
    held = "the one capability" if count == 1 else f"the {count} capabilities"
    return f"{_listed(lacking)} is not among {held} of the snapshot"


def _flow(asked: GuardQuestion, budget: FlowRow, snapshot: Snapshot) -> str:
    if asked.cost is None:
        return "it is charged nothing: it has no annotations"
    if snapshot.flow_budget is None:
        return f"costs {asked.cost}, and the snapshot has no flow budget"
    row = f"epoch {budget.epoch} has {budget.spent} of {budget.limit} spent"
    return f"costs {asked.cost}, and {row}"


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
