"""The sentences that obligations state."""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.verdict.identity import SubjectKind
from tellverify.verdict.properties import (
    COMMUNICATION,
    PROPERTIES,
    Presumption,
    Property,
    semantics_of,
)
from tellverify.verdict.run import ProtocolReport, Verdict

_ENDS = "every session that another waits for can always come to its end"
_BROKEN_BY = {
    Presumption.FIFO: ("reorder",),
    Presumption.NO_LOSS: ("loss", "partition"),
    Presumption.NO_CRASHES: ("crash", "byzantine"),
}


def _presumed_with_faults(rules: str, in_particular: Sequence[str]) -> str:
    """What is taken for granted where `rules` say what may fail."""
    kinds = {part.split()[0] for part in rules.split(", ") if part}
    kept = [what for what in COMMUNICATION if not kinds & {*_BROKEN_BY.get(what, ())}]
    return ", ".join((*kept, *in_particular))


def statement(protocol: ProtocolReport, verdict: Verdict) -> str:
    """The sentence of an obligation, complete without the rest of the report."""
    text = PROPERTIES[verdict.property].sentence.removesuffix(".")
    subject = verdict.scope
    composed = protocol.kind is SubjectKind.WORKFLOW
    if composed and verdict.property is Property.CAN_TERMINATE:
        text = _ENDS
    about = f"{protocol.kind} `{protocol.name}`"
    if subject.channel is not None:
        about += f", channel from `{subject.channel[0]}` to `{subject.channel[1]}`"
    elif len(subject.roles) == 1:
        about += f", {'agent' if composed else 'role'} `{subject.roles[0]}`"
    elif subject.roles:
        about += f", {len(subject.roles)} roles"
    if subject.item:
        about += f", `{subject.item}`"
    presumed = semantics_of(verdict.property, protocol.presumed)
    if subject.scenario:
        rules = next((o.rules for o in protocol.scenarios if o.name == subject.scenario), "")
        presumed = _presumed_with_faults(rules, protocol.presumed)
        presumed += f"; faults `{subject.scenario}`: {rules}"
    under = f", under {presumed}" if presumed else ""
    return f"{about[0].upper()}{about[1:]}: {text[0].lower()}{text[1:]}{under}."
