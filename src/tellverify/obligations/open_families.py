"""Families declared as `X[*]`, which Telltale never projects, whatever their size."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tellverify.diagnostics.limits import UNSUPPORTED
from tellverify.language.lowering.families import declared_roles
from tellverify.language.syntax import ast
from tellverify.model.roles import family_of
from tellverify.obligations.across_sizes import InstanceOutcomes
from tellverify.obligations.instance_outcome import InstanceFinding
from tellverify.verdict.outcome import Proved, Skipped
from tellverify.verdict.properties import Property


def without_open_families(
    protocol: ast.Protocol, outcomes: Sequence[InstanceOutcomes]
) -> list[InstanceOutcomes]:
    """The outcomes, in which no family that is declared as `X[*]` is projectable.

    Its members may have local types at every size that is tried, but the declaration itself is in
    a form that Telltale does not project (`DynamicRoleProjection`).
    """
    families = [
        role.name.text for role in declared_roles(protocol) if isinstance(role.size, ast.AnyIndex)
    ]
    if not families:
        return list(outcomes)
    return [
        msgspec.structs.replace(
            one, findings=tuple(part for each in one.findings for part in _parts(each, families))
        )
        for one in outcomes
    ]


def _parts(finding: InstanceFinding, families: Sequence[str]) -> list[InstanceFinding]:
    if finding.property is not Property.PROJECTABLE or not isinstance(finding.outcome, Proved):
        return [finding]
    others = tuple(role for role in finding.roles if family_of(role) not in families)
    parts = [msgspec.structs.replace(finding, roles=others)] if others else []
    for family in families:
        roles = tuple(role for role in finding.roles if family_of(role) == family)
        reason = f"Telltale never projects a family that is declared as `{family}[*]`"
        if roles:
            skipped = Skipped(reason, UNSUPPORTED.number)
            parts.append(msgspec.structs.replace(finding, outcome=skipped, roles=roles))
    return parts
