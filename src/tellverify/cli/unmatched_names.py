"""What the command line or the configuration names and nothing that was checked has."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from tellverify.cli.nearest import did_you_mean
from tellverify.diagnostics.model import Severity
from tellverify.language.files.inputs import ReadFile
from tellverify.model.roles import family_of
from tellverify.obligations.options import Options
from tellverify.verdict.outcome import Bounded, Proved, Refuted
from tellverify.verdict.run import ProtocolReport
from tellverify.verification.checked import Checked

_PROTOCOL: Final = re.compile(r"\b(?:protocol|choreography)\s+([A-Za-z_]\w*)")


def names_of_nothing(checked: Checked, options: Options) -> list[str]:
    """What the command line names and no checked protocol has: a slip of the pen."""
    protocols = checked.run.protocols
    broken = any(d.severity is Severity.ERROR and not d.refutes for d in checked.run.diagnostics)
    if not protocols or broken:
        return []  # the role may stand where nothing could be read
    roles = {family_of(role) for protocol in protocols for role in protocol.roles}
    named = [family for family, _ in options.instances]
    named += [family_of(role) for role in options.roles]
    named += [
        role for sender, receiver, _ in options.budgets for role in (sender, receiver) if role
    ]
    items = {verdict.scope.item for protocol in protocols for verdict in protocol.verdicts}
    scenarios = sorted({one.name for protocol in protocols for one in protocol.scenarios})
    return (
        [
            f"no protocol that was checked has a scenario `{name}`{did_you_mean(name, scenarios)}"
            for name in options.faults or ()
            if name not in scenarios
        ]
        + [
            f"no protocol that was checked has the names of `{event}`"
            for event in options.witness
            if event not in items
        ]
        + [
            f"no protocol that was checked has a role `{name}`{did_you_mean(name, sorted(roles))}"
            for name in dict.fromkeys(named)
            if name not in roles
        ]
        + [
            f"`{name}` is no role family in any protocol that was checked; it has no size to set"
            for name in _without_sizes(protocols, [family for family, _ in options.instances])
        ]
    )


def _without_sizes(protocols: Sequence[ProtocolReport], named: Sequence[str]) -> list[str]:
    """Names of roles that are single in each protocol; of what was given up nothing is known."""
    is_judged = [
        any(isinstance(one.outcome, Proved | Bounded | Refuted) for one in protocol.verdicts)
        for protocol in protocols
    ]
    families = {one.name for protocol in protocols for one in protocol.families}
    single = []
    for name in dict.fromkeys(named):
        of = [judged for p, judged in zip(protocols, is_judged, strict=True) if name in p.roles]
        if name not in families and of and all(of):
            single.append(name)
    return single


def unknown_protocols(files: Sequence[ReadFile], protocols: Sequence[str]) -> list[str]:
    """The protocols that the command line names and no text has, with those that may be meant."""
    texts = [file.text or "" for file in files]
    names = sorted({name for text in texts for name in _PROTOCOL.findall(text)})
    return [
        f"no file has a protocol `{name}`{did_you_mean(name, names)}"
        for name in protocols
        if name.rpartition(".")[2] not in names
    ]


def properties_of_nothing(checked: Checked, options: Options) -> list[str]:
    """The properties of the configuration that apply to nothing that was checked.

    One is misspelt then, unless its protocol is in a file that is not checked.
    """
    protocols = checked.run.protocols
    is_part = bool(options.protocols or options.properties or options.roles)
    broken = any(d.severity is Severity.ERROR and not d.refutes for d in checked.run.diagnostics)
    if not protocols or broken or is_part:
        return []
    items = {verdict.scope.item for protocol in protocols for verdict in protocol.verdicts}
    return [
        f"no protocol that was checked has the names of property `{user.name}`"
        f" ({user.path}:{user.line})"
        for user in options.user_properties
        if user.name not in items
    ]
