"""Verdicts under the scenario that a theorem pack presupposes, as `accept` cites them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from tellverify.admission.convergence import Sourced
from tellverify.language.instances import combinations, instance_name
from tellverify.language.lowering.lower import lower
from tellverify.obligations.context import Context, Instance
from tellverify.obligations.options import DEFAULT_SIZES, Options
from tellverify.obligations.scenarios import decide_scenarios
from tellverify.verdict.outcome import Refuted, Skipped, Unknown, status
from tellverify.verdict.properties import Property

_OF_FORMULAS: Final = Property.PROPERTY


class CitedVerdict(msgspec.Struct, frozen=True):
    """An obligation under the scenario of a pack, its outcome, and why it is not better."""

    obligation: str
    status: str
    reason: str = ""


def cited_verdicts(
    sourced: Sourced, scenario: str, wanted: Mapping[str, tuple[int, ...]], options: Options
) -> tuple[CitedVerdict, ...]:
    """The verdicts on a protocol under `scenario`.

    None when neither the protocol nor the configuration, which `options` hold, states it for the
    protocol.
    """
    judged = sourced.origin.judged
    configured = any(one.name == scenario for one in options.scenarios)
    if not configured and scenario not in judged.source.text:
        return ()
    instances = []
    for sizes in combinations(sourced.protocol, wanted, DEFAULT_SIZES):
        lowered = lower(judged.file, judged.source, sourced.protocol, sizes, linked=judged.linked)
        instances.append(Instance(instance_name(sizes), sizes, lowered))
    options = msgspec.structs.replace(options, faults=(scenario,))
    name = sourced.derived.manifest.protocol_qualified_name
    context = Context(judged, sourced.protocol, name, tuple(instances), options, "")
    found = []
    decision = decide_scenarios(context)
    about = f"scenario `{scenario}`"
    if not decision.scenarios and decision.diagnostics:
        return (CitedVerdict(about, "unknown", decision.diagnostics[0].message),)
    for verdict in decision.verdicts:
        if verdict.scope.scenario != scenario or verdict.property is _OF_FORMULAS:
            continue
        outcome = verdict.outcome
        reason = outcome.reason if isinstance(outcome, Unknown | Skipped) else ""
        if isinstance(outcome, Refuted) and outcome.instance:
            reason = f"with {outcome.instance}"
        found.append(CitedVerdict(verdict.name, status(outcome), reason))
    return tuple(found)
