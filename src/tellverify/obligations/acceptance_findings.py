"""The conditions of the acceptance rule, what was found of each, and the word that follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, StrEnum

import msgspec

from tellverify.admission.runtime import RuntimeInventory
from tellverify.evidence.acceptance import Refusal
from tellverify.model.graph import ProtocolGraph
from tellverify.obligations.acceptance_runs import Recorded
from tellverify.obligations.dependence import DependenceGround


class AcceptanceCondition(Enum):
    """The five conditions: number, name, and what it asks for."""

    DEPENDS = (1, "depends", "the protocol depends on authority, evidence or transition semantics")
    CONSUMED = (2, "consumed", "every key of the pack has a consumer")
    FAILS_CLOSED = (3, "fails-closed", "without any one key it is refused before the first event")
    NEGATIVE = (4, "negative-test", "without the support of the pack it is refused")
    POSITIVE = (5, "positive-test", "with full support every branch runs to its end")

    @property
    def number(self) -> int:
        """1 to 5."""
        return self.value[0]

    @property
    def title(self) -> str:
        """The name in reports."""
        return self.value[1]

    @property
    def text(self) -> str:
        """What it asks for."""
        return self.value[2]


class State(StrEnum):
    """Whether a condition is met."""

    MET = "met"
    FAILS = "fails"
    UNKNOWN = "unknown"


class AcceptanceFinding(msgspec.Struct, frozen=True):
    """A condition, whether it is met, why, and where that is written (line 0: nowhere)."""

    condition: AcceptanceCondition
    state: State
    reason: str
    path: str = ""
    line: int = 0


class Word(StrEnum):
    """The verdict on one protocol and one pack."""

    ACCEPTED = "accepted"  # carried, and all five are met
    REFUSED = "refused"  # carried, and one fails or the policy excludes it
    UNKNOWN = "unknown"  # carried, and one is not known
    POSSIBLE = "possible"  # not carried, all five are met
    UNMET = "unmet"  # not carried, and one fails


class Acceptance(msgspec.Struct, frozen=True):
    """The verdict on one pack, with the five findings.

    `barred` says why the policy keeps packs from this protocol, or is "". `refusals` and `runs`
    are what was executed; `support` is the runtime that it was executed on.
    """

    pack: str
    carried: bool
    word: Word
    findings: tuple[AcceptanceFinding, ...]
    wave: str
    barred: str = ""
    barred_path: str = ""
    barred_line: int = 0
    required: tuple[str, ...] = ()
    support: RuntimeInventory | None = None
    grounds: tuple[DependenceGround, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    runs: tuple[Recorded, ...] = ()

    @property
    def failing(self) -> tuple[AcceptanceFinding, ...]:
        """The findings that are not met."""
        return tuple(found for found in self.findings if found.state is not State.MET)


Graphs = Mapping[str, ProtocolGraph | str]
"""The graph of every instance by name, or why there is none."""


def summary(found: Sequence[Acceptance]) -> str:
    """The verdicts on one protocol in a few words, for tables."""
    if not found:
        return "not in the policy"
    carried = [each for each in found if each.carried]
    if carried:
        return ", ".join(f"{each.word} ({each.pack})" for each in carried)
    possible = [each.pack for each in found if each.word is Word.POSSIBLE]
    return f"could carry {', '.join(possible)}" if possible else "free"
