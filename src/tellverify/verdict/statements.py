"""The sentences that obligations state."""

from __future__ import annotations

from tellverify.verdict.properties import PROPERTIES, semantics_of
from tellverify.verdict.run import ProtocolReport, Verdict


def statement(protocol: ProtocolReport, verdict: Verdict) -> str:
    """The sentence of an obligation, complete without the rest of the report."""
    text = PROPERTIES[verdict.property].sentence.removesuffix(".")
    subject = verdict.scope
    about = f"{protocol.kind} `{protocol.name}`"
    if subject.channel is not None:
        about += f", channel from `{subject.channel[0]}` to `{subject.channel[1]}`"
    elif len(subject.roles) == 1:
        about += f", role `{subject.roles[0]}`"
    elif subject.roles:
        about += f", {len(subject.roles)} roles"
    if subject.item:
        about += f", `{subject.item}`"
    presumed = semantics_of(verdict.property, protocol.presumed)
    under = f", under {presumed}" if presumed else ""
    return f"{about[0].upper()}{about[1:]}: {text[0].lower()}{text[1:]}{under}."
