"""What would settle the obligations that are open, as sentences."""

from __future__ import annotations

from typing import Final

from tellverify.verdict.outcome import Bounded, Skipped, Unknown
from tellverify.verdict.run import ProtocolReport, Verdict

_SETTLES: Final = {
    "TV901": "Raise `--events`: the protocol has more events than are examined.",
    "TV902": "Raise `--steps`: the work allowed for one question was used up.",
    "TV911": "Mend the errors of the text first.",
    "TV942": "Rewrite the construct that is named, or decide this by hand and `assume` it.",
}


def settling(protocol: ProtocolReport, verdict: Verdict) -> str:
    """What would settle an obligation that is unknown, skipped or bounded."""
    outcome = verdict.outcome
    match outcome:
        case Bounded(reason=reason) if protocol.families:
            family = protocol.families[0]
            largest = max(family.sizes, default=0)
            more = f"Larger sizes extend it: `--instances {family.name}=1..{2 * largest or 2}`."
            if reason:
                return f"{more} Every size is decided once this does not hold: {reason}."
            return f"{more} A check without `--instances` decides every size where it can."
        case Bounded():
            return "A larger bound extends it; a proof for all runs needs another method."
        case Unknown(_, number) | Skipped(_, number):
            if number in _SETTLES:
                return _SETTLES[number]
            if number:
                return f"`tellverify explain {number}` says what it means and what to do."
            return "Raise the limit, or rewrite the construct, that is named."
        case _:
            return ""
