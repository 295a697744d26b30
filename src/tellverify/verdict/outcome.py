"""Outcomes of obligations. Their fields make a claim stronger than its evidence impossible."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from tellverify.diagnostics.model import Diagnostic
from tellverify.model.trace import Trace
from tellverify.source.region import Region
from tellverify.source.span import Span
from tellverify.verdict.methods import Method


class Proved(msgspec.Struct, frozen=True, omit_defaults=True, tag="proved", tag_field="status"):
    """Holds of all runs of all instances in scope. `method` says how that is known.

    Of a protocol with families, `every` names all sizes it holds for, such as `every N >= 1`, and
    `generic` the members that each stand for all further ones, where the claim rests on them.
    """

    method: Method
    detail: str = ""
    every: str = ""
    generic: tuple[str, ...] = ()


class Bounded(msgspec.Struct, frozen=True, omit_defaults=True, tag="bounded", tag_field="status"):
    """No run within `bound` breaks it, for example `N = 1, 2, 3` or `runs of up to 40 events`.

    `reason` says why nothing is claimed beyond the sizes that were tried, where that is known.
    """

    bound: str
    method: Method
    detail: str = ""
    reason: str = ""


class Conflict(msgspec.Struct, frozen=True, omit_defaults=True, tag="conflict", tag_field="kind"):
    """Two places of the source that do not fit together, and why; or one that is wrong by itself.

    `regions` are both places in lines and columns, in the verdict of a run.
    """

    reason: str
    path: str
    left: Span
    right: Span
    regions: tuple[Region, ...] = ()

    @property
    def has_one_place(self) -> bool:
        """Whether the place is wrong by itself."""
        return self.left == self.right


class CorePremise(msgspec.Struct, frozen=True, omit_defaults=True):
    """One premise of a core: its name, what it says, and where it is written (line 0: nowhere)."""

    name: str
    text: str
    path: str = ""
    line: int = 0


class Core(msgspec.Struct, frozen=True, omit_defaults=True, tag="core", tag_field="kind"):
    """Premises that cannot hold together; without any one of them the others can.

    `script` names the SMT-LIB script that shows it, where one was written.
    """

    reason: str
    premises: tuple[CorePremise, ...]
    script: str = ""


class Refuted(msgspec.Struct, frozen=True, omit_defaults=True, tag="refuted", tag_field="status"):
    """It does not hold: a replayed run, two branches that conflict, or premises that clash.

    `instance` names the family sizes it was found at, `reason` says why it happens, where known.
    `helps` say what would heal it, where that was verified.
    `diagnostic` is the finding that reports it. There is none where another obligation is refuted
    by the same evidence and reports it. `faults` has a digest for each fault that it covers, the
    one that is shown among them; a baseline that has them all has the refutation.
    """

    code: str
    evidence: Trace | Conflict | Core
    method: Method
    instance: str = ""
    reason: str = ""
    diagnostic: Diagnostic | None = None
    helps: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


class Unknown(msgspec.Struct, frozen=True, omit_defaults=True, tag="unknown", tag_field="status"):
    """Tellverify gave up; `reason` says at which limit.

    `knob` is the limit that answers when it is raised, as its flag is called: `steps`,
    `configurations`, `events`, `queue` or `rlimit`; empty where none is known to.
    """

    reason: str
    code: str = ""
    knob: str = ""


class Skipped(msgspec.Struct, frozen=True, omit_defaults=True, tag="skipped", tag_field="status"):
    """Outside what this property or version covers; `reason` names the construct and its line."""

    reason: str
    code: str = ""


class Assumed(msgspec.Struct, frozen=True, omit_defaults=True, tag="assumed", tag_field="status"):
    """Assumed on someone's authority."""

    reason: str
    place: str
    ledger: str = ""


Outcome: TypeAlias = Proved | Bounded | Refuted | Unknown | Skipped | Assumed


def status(outcome: Outcome) -> str:
    """The word for an outcome, as reports print it."""
    match outcome:
        case Proved():
            return "proved"
        case Bounded():
            return "bounded"
        case Refuted():
            return "refuted"
        case Unknown():
            return "unknown"
        case Skipped():
            return "skipped"
        case Assumed():
            return "assumed"
