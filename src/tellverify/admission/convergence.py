"""The convergence report: the progress of each protocol of a policy, and what must still change.

The tasks are those that the policy has for the protocol; each names the test of the source by which
it counts as done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from tellverify.admission.manifest import Derived, sender_entries
from tellverify.admission.objections import Objection
from tellverify.admission.resolve import requirements
from tellverify.language.checks.walk import preorder
from tellverify.language.syntax import ast
from tellverify.language.workspace import SourceProtocol
from tellverify.policy import rows
from tellverify.policy.model import Policy


class Sourced(msgspec.Struct, frozen=True):
    """A protocol of a file with its manifest."""

    origin: SourceProtocol
    derived: Derived

    @property
    def file(self) -> ast.File:
        """The choreography that contains it."""
        return self.origin.judged.file

    @property
    def protocol(self) -> ast.Protocol:
        """Its tree."""
        return self.origin.protocol


class TaskState(msgspec.Struct, frozen=True):
    """A task and whether it is done: "done", "open", or "unknown" without a source or a test."""

    text: str
    state: str


class ConvergenceStanding(msgspec.Struct, frozen=True):
    """One protocol of the inventory.

    `pack_status` is adopted, missing, candidate, non-goal, free or rejected; what is a candidate by
    its wave and a non-goal today is a non-goal. `acceptance` is a verdict on the acceptance rule,
    "" where none was asked for.
    """

    protocol: str
    qualified: str
    source: str
    category: str
    category_by: str
    wave: str
    pack_status: str
    packs: tuple[str, ...]
    keys: tuple[str, ...]
    needs: tuple[str, ...]
    determinism: str
    groups: tuple[str, ...]
    tasks: tuple[TaskState, ...]
    objections: tuple[str, ...]
    acceptance: str = ""

    @property
    def open_tasks(self) -> tuple[str, ...]:
        """What must still change."""
        return tuple(task.text for task in self.tasks if task.state == "open")


def standings(
    policy: Policy, sources: Sequence[Sourced], acceptance: Mapping[str, str]
) -> tuple[ConvergenceStanding, ...]:
    """The progress of each protocol of the policy, in its order; `acceptance` is by protocol."""
    by_name = {one.derived.manifest.protocol_qualified_name: one for one in sources}
    return tuple(
        _standing(policy, row, by_name.get(row.qualified), acceptance.get(row.name, ""))
        for row in policy.protocols.values()
    )


def _standing(
    policy: Policy, row: rows.ProtocolEntry, sourced: Sourced | None, acceptance: str
) -> ConvergenceStanding:
    wave = policy.wave_of(row)
    groups = [goal.name for goal in policy.non_goals_of(row)]
    if row.name in policy.adaptive_privacy.control_plane:
        groups.append("adaptive privacy")
    objections: tuple[Objection, ...] = ()
    needs: tuple[str, ...] = row.keys
    packs = row.packs
    path = ""
    if sourced is not None:
        path = sourced.derived.source.path
        found = requirements(policy, sourced.derived.manifest, path)
        objections, needs = found.objections, found.flattened
        packs = sourced.derived.manifest.required_theorem_packs
    determinism = policy.determinism_of(row)
    return ConvergenceStanding(
        row.name,
        row.qualified,
        path,
        row.category,
        row.category_by,
        wave.name if wave is not None else "",
        _status(row, wave, packs, groups, objections),
        packs,
        row.keys,
        needs,
        determinism.ref if determinism is not None else "",
        tuple(groups),
        tuple(TaskState(task.text, _state(policy, task, sourced)) for task in row.tasks),
        tuple(f"{one.reason.code.number} {one.reason.code.title}" for one in objections),
        acceptance,
    )


def _status(
    row: rows.ProtocolEntry,
    wave: rows.Wave | None,
    packs: Sequence[str],
    groups: Sequence[str],
    objections: Sequence[Objection],
) -> str:
    if any(each.reason.refuses for each in objections):
        return "rejected"
    if row.packs:
        return "adopted" if set(row.packs) <= set(packs) else "missing"
    if groups:
        return "non-goal"
    return "candidate" if wave is not None and wave.admits_packs else "free"


def _state(policy: Policy, task: rows.Task, sourced: Sourced | None) -> str:
    if sourced is None or task.done == "by-hand":
        return "unknown"
    return "done" if _is_done(policy, task, sourced) else "open"


def _is_done(policy: Policy, task: rows.Task, sourced: Sourced) -> bool:
    entries = [entry for _, entry in sender_entries(sourced.protocol)]
    keys = {entry.key.text for entry in entries}
    manifest = sourced.derived.manifest
    match task.done:
        case "no-comments":
            return not sourced.file.comments
        case "without-keys":
            return not keys & set(task.of)
        case "with-keys":
            return set(task.of) <= keys
        case "with-link":
            return set(task.of) <= {link.bundle_id for link in manifest.link_specs}
        case "every-message-annotated":
            return all(record is not None for record in _records(sourced.protocol))
        case "explicit-cost":
            return all(_has_cost(record) for record in _records(sourced.protocol))
        case "known-observers":
            known = {one.name for one in policy.leakage.classes}
            return all(
                observer in known
                for entry in entries
                if entry.key.text == "leak"
                for observer in _observers(entry.value)
            )
        case "upper-case-branches":
            return all(label[:1].isupper() for label in _labels(sourced.protocol))
        case "free-of-packs":
            return not manifest.theorem_packs and not manifest.required_theorem_packs
        case "by-hand":
            return False


def _records(protocol: ast.Protocol) -> Iterator[ast.Record | None]:
    for statement in _statements(protocol):
        if isinstance(statement, ast.Send | ast.Broadcast):
            yield statement.record


def _has_cost(record: ast.Record | None) -> bool:
    return record is None or any(entry.key.text == "flow_cost" for entry in record.entries)


def _labels(protocol: ast.Protocol) -> Iterator[str]:
    for statement in _statements(protocol):
        if isinstance(statement, ast.Choice):
            for branch in statement.branches:
                yield branch.label.text


def _statements(protocol: ast.Protocol) -> Iterator[ast.Statement]:
    for body in (protocol.body, *(local.body for local in protocol.locals)):
        yield from preorder(body)


def _observers(value: ast.Value) -> tuple[str, ...]:
    match value:
        case ast.NamesValue(names):
            return names
        case ast.TextValue(text) | ast.WordValue(text):
            return (text,)
        case ast.DurationValue() | ast.IntsValue() | ast.IntValue():
            return ("",)
