"""What would settle the obligations that are open, as sentences."""

from __future__ import annotations

from typing import Final

from tellverify.verdict.identity import SubjectKind
from tellverify.verdict.outcome import Assumed, Bounded, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.properties import Property
from tellverify.verdict.run import ProtocolReport, Run, Verdict

KNOBS: Final = {
    "configurations": "Raise `--configurations`: the search ended at that number of them.",
    "steps": "Raise `--steps`: the work allowed for one question was used up.",
    "events": "Raise `--events`: the protocol has more events than are examined.",
    "queue": "Raise `--queue`: the search capped queues at that length.",
    "rlimit": "Raise `--rlimit`: the solver used up its work for one question.",
}
"""What raising each limit does, by its flag."""
_SETTLES: Final = {
    "TV901": "Raise `--events`: the protocol has more events than are examined.",
    "TV902": "No single limit is known to settle it; a smaller protocol is decided at once.",
    "TV911": "Fix the errors in the text first.",
    "TV942": "Rewrite the named construct, or decide this by hand and `assume` it.",
}


def glossary_of(run: Run) -> str:
    """The address of the page that explains the words of reports.

    It is empty where the address of the documentation is not known.
    """
    return f"{run.docs}/glossary.html" if run.docs else ""


def settling(protocol: ProtocolReport, verdict: Verdict) -> str:
    """What would settle an obligation that is unknown, skipped or bounded."""
    outcome = verdict.outcome
    match outcome:
        case Bounded() if protocol.families and protocol.kind is SubjectKind.WORKFLOW:
            name = protocol.families[0].name
            return f"Further sizes in `members` of `[agents.{name}]` extend it."
        case Bounded(reason=reason) if protocol.families:
            family = protocol.families[0]
            largest = max(family.sizes, default=0)
            more = f"Larger sizes extend it: `--instances {family.name}=1..{2 * largest or 2}`."
            if verdict.property in (Property.MIXTURE, Property.ROLL_OUT):
                return more  # without sizes a comparison looks at those by default
            if reason:
                return f"{more} Every size is decided once this does not hold: {reason}."
            return f"{more} A check without `--instances` decides every size where it can."
        case Bounded():
            return "A larger bound extends it; a proof for all runs needs another method."
        case Unknown(knob=knob) if knob in KNOBS:
            return KNOBS[knob]
        case Unknown(_, number) | Skipped(_, number):
            if number in _SETTLES:
                return _SETTLES[number]
            if number:
                return f"`tellverify explain {number}` says what it means and what to do."
            return "Raise the named limit, or rewrite the named construct."
        case Unknown() | Proved() | Refuted() | Assumed():
            return ""
