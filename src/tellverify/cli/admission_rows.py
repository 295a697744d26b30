"""Decisions on admission as rows, for JSON and for tables."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tellverify.admission.explained import Explained
from tellverify.admission.findings import findings
from tellverify.admission.manifest import Derived
from tellverify.admission.objections import RULES
from tellverify.admission.runtime import RuntimeInventory
from tellverify.policy.model import Policy
from tellverify.report.escape import tame


class PremiseRow(msgspec.Struct, frozen=True):
    """A premise of a reason."""

    name: str
    text: str
    path: str
    line: int


class ObjectionRow(msgspec.Struct, frozen=True):
    """An objection as it is written to JSON."""

    code: str
    rule: str
    refuses: bool
    message: str
    pack: str
    keys: tuple[str, ...]
    extra: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    reason: tuple[PremiseRow, ...]


class ChangeRow(msgspec.Struct, frozen=True):
    """A change that helps."""

    kind: str
    text: str
    weight: int


class AdmissionRow(msgspec.Struct, frozen=True):
    """One decision as it is written to JSON. `minimal_keys` and `minimal_facts` are the minimal
    runtimes, where they were asked for."""

    protocol: str
    path: str
    runtime: str
    admitted: bool
    method: str
    unknown: str
    needs: tuple[str, ...]
    objections: tuple[ObjectionRow, ...]
    cost: int | None
    changes: tuple[ChangeRow, ...]
    minimal_keys: tuple[str, ...] | None = None
    minimal_facts: tuple[tuple[str, ...], ...] | None = None


class AdmittedProtocol(msgspec.Struct, frozen=True):
    """A protocol with the decision on it, and the minimal runtimes where they were asked for."""

    derived: Derived
    explained: Explained
    minimal_keys: tuple[str, ...] | None = None
    minimal_facts: tuple[tuple[str, ...], ...] | None = None


def admission_row(policy: Policy, one: AdmittedProtocol, runtime: RuntimeInventory) -> AdmissionRow:
    """The decision on one protocol as a row."""
    explained, derived = one.explained, one.derived
    said = findings(policy, derived, [each.objection for each in explained.objections], runtime)
    objections = []
    for each, finding in zip(explained.objections, said, strict=True):
        objection = each.objection
        core = each.clash.core("").premises if each.clash is not None else ()
        objections.append(
            ObjectionRow(
                objection.reason.code.number,
                RULES[objection.reason],
                objection.reason.refuses,
                finding.message,
                objection.pack,
                objection.keys,
                objection.extra,
                objection.renamed,
                tuple(PremiseRow(p.name, p.text, p.path, p.line) for p in core),
            )
        )
    changes = explained.changes
    return AdmissionRow(
        derived.manifest.protocol_id,
        derived.source.path,
        runtime.name,
        explained.decision.admitted,
        explained.how,
        explained.unknown,
        explained.decision.requirements.flattened,
        tuple(objections),
        changes.cost if changes is not None else None,
        tuple(ChangeRow(c.kind, c.text, c.weight) for c in changes.changes) if changes else (),
        one.minimal_keys,
        one.minimal_facts,
    )


def rows_markdown(rows: Sequence[AdmissionRow]) -> str:
    """The decisions as a table of Markdown."""
    lines = ["| protocol | runtime | admitted | why not | smallest changes |", f"|{' --- |' * 5}"]
    for row in rows:
        why = "; ".join(f"{each.code} {each.message}" for each in row.objections)
        helps = "; ".join(change.text for change in row.changes)
        cells = (row.protocol, row.runtime, "yes" if row.admitted else "no", why, helps)
        lines.append(f"| {' | '.join(tame(c).replace('|', chr(92) + '|') for c in cells)} |")
    return "\n".join(lines) + "\n"
