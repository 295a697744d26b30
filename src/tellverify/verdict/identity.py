"""Who is who in a run: subjects, what of them an obligation is about, and ids made from both.

Ids, evidence folders and fingerprints are made from these values and never depend on which other
files were checked. The text of each is made here and nowhere else.
"""

from __future__ import annotations

import builtins
import re
from enum import StrEnum
from typing import Final, TypeAlias

import msgspec

from tellverify.verdict.properties import PROPERTIES, Property, PropertyScope

_LONGEST_NAME: Final = 100
# Evidence of a subject that several of its obligations rest on.
SCENARIO_MARK: Final = " @ "
NO_FAULTS: Final = "none"  # what selects no scenario, and so names none
CERTIFICATE: Final = "certificate"
BUDGETS: Final = "budgets"
_OF_ROLES: Final = frozenset(
    asked
    for asked, spec in PROPERTIES.items()
    if spec.scope in (PropertyScope.ROLE, PropertyScope.AGENT)
)
_BRACKETED: Final = re.compile(r"([a-z-]+)\[(.+)\]((?: @ .*)?)")


class SubjectKind(StrEnum):
    """What obligations can be about."""

    PROTOCOL = "protocol"
    MACHINES = "machines"
    STRUCTURE = "structure"
    MODEL = "model"
    WORKFLOW = "workflow"


class Subject(msgspec.Struct, frozen=True):
    """A protocol, a system of machines, a structure of data, a model or a workflow, in a file."""

    kind: SubjectKind
    path: str
    name: str

    @property
    def text(self) -> str:
        """`protocols/escrow.tell#escrow.Escrow`; no two subjects have the same."""
        path = slashed(self.path).replace("%", "%25").replace("#", "%23")
        return f"{path}#{self.name.replace('%', '%25').replace('/', '%2F')}"

    def part(self, name: str) -> str:
        """The id of one of its obligations, or of evidence that several of them rest on."""
        return f"{self.text}/{name}"

    @property
    def folder(self) -> str:
        """The folder of its evidence: its name and a digest of its path and name.

        `escrow.Escrow-5c1f0e8a92b7`. File systems that do not tell upper from lower case, or that
        cannot hold a name, keep different subjects apart by the digest.
        """
        import hashlib  # only when evidence is written

        plain = "".join(
            char if char.isascii() and (char.isalnum() or char in "._-") else "_"
            for char in self.name[:_LONGEST_NAME]
        ).lstrip(".")
        parts = (slashed(self.path), self.name)
        encoded = "\0".join(parts).encode("utf-8", "backslashreplace")
        return f"{plain}-{hashlib.sha256(encoded).hexdigest()[:12]}"


class ObligationScope(msgspec.Struct, frozen=True, omit_defaults=True):
    """What of its subject an obligation is about; empty when it is the whole subject.

    A channel is named by its two roles, sender first. `item` names what else it may be about: a
    property of the user, a theorem pack, a row of a budget, a law, a claim. `scenario` names the
    faults under which it is to hold, and is empty without faults.
    """

    roles: tuple[str, ...] = ()
    channel: tuple[str, str] | None = None
    item: str = ""
    scenario: str = ""


Obligation: TypeAlias = tuple[Property, ObligationScope]
"""An obligation among those of one subject."""


class ObligationId(msgspec.Struct, frozen=True):
    """One obligation among those of all runs."""

    subject: Subject
    property: Property
    scope: ObligationScope = ObligationScope()

    @builtins.property
    def text(self) -> str:
        """`protocols/escrow.tell#escrow.Escrow/no-stuck-role[Courier]`."""
        return self.subject.part(obligation_name(self.property, self.scope))


def obligation_name(asked: Property, scope: ObligationScope) -> str:
    """An obligation within its subject: `no-stuck-role[Courier]`, `no-deadlock @ one-crash`."""
    under = f"{SCENARIO_MARK}{scope.scenario}" if scope.scenario else ""
    return f"{_without_faults(asked, scope)}{under}"


def _without_faults(asked: Property, scope: ObligationScope) -> str:
    if scope.channel is not None:
        sender, receiver = scope.channel
        return f"{asked}[{sender} -> {receiver}]"
    about = (*((scope.item,) if scope.item else ()), *scope.roles)
    return f"{asked}[{', '.join(about)}]" if about else str(asked)


def single_names(name: str) -> tuple[str, ...]:
    """The obligation of each role in the text of one: `progress[A]`, `progress[B]` for
    `progress[A, B]`. Any other obligation is its own.
    """
    found = _BRACKETED.fullmatch(name)
    if found is None or found[1] not in _OF_ROLES:
        return (name,)
    return tuple(f"{found[1]}[{role}]{found[3]}" for role in found[2].split(", "))


def requirement_key(asked: Property, scope: ObligationScope) -> str:
    """How a configuration names the requirement on an obligation."""
    return f"{asked}{SCENARIO_MARK}{scope.scenario}" if scope.scenario else str(asked)


def slashed(path: str) -> str:
    """A path with `/` between its parts."""
    return path.replace("\\", "/")
