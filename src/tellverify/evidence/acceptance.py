"""Evidence for the acceptance rule as a file: refusals and complete runs of one pack's protocol.

docs/acceptance.md states the claims and what `tellverify recheck` checks. Equal inputs give
equal bytes.
"""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

import msgspec

from tellverify.evidence.graph_file import NeutralGraph, Number

ACCEPTANCE_SCHEMA: Final = "tellverify/acceptance-1"
ACCEPTANCE_SUFFIX: Final = ".acceptance.json"

Event: TypeAlias = tuple[Annotated[int, msgspec.Meta(ge=0, le=1)], Number, Number, Number]
"""`(1 for a send or 0, sender, receiver, label)` with numbers of the graph's roles and labels."""


class _AcceptancePart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the file; unknown fields are refused."""


class PolicySource(_AcceptancePart, frozen=True):
    """A file of the policy with its SHA-256."""

    path: str
    sha256: str


class AcceptanceGround(_AcceptancePart, frozen=True):
    """Words in a line of the source that make the protocol depend on such semantics, and why."""

    semantics: str
    line: Number
    text: str
    reason: str


class Refusal(_AcceptancePart, frozen=True):
    """A launch on a runtime without some keys: what it lacked, and the events that happened."""

    removed: tuple[str, ...]
    missing: tuple[str, ...]
    events: Number


class Runs(_AcceptancePart, frozen=True):
    """Complete runs of one instance; `mode` and `waves` say how they were executed."""

    instance: str
    mode: str
    waves: Number
    graph: NeutralGraph
    runs: list[list[Event]]


class AcceptanceFile(_AcceptancePart, frozen=True):
    """All of it. `required` is in the order in which keys are checked, `support` is sorted."""

    schema: str
    source: str
    sha256: str
    protocol: str
    pack: str
    policy: tuple[PolicySource, ...]
    runtime: str
    required: tuple[str, ...]
    support: tuple[str, ...]
    grounds: tuple[AcceptanceGround, ...]
    refusals: list[Refusal]
    instances: list[Runs]


def write_acceptance(file: AcceptanceFile) -> str:
    """The text of the file: one line for each refusal and each instance, so that changes show."""
    head = msgspec.structs.replace(file, refusals=[], instances=[])
    start = msgspec.json.encode(head).decode().removesuffix(',"refusals":[],"instances":[]}')
    refusals = ",\n".join(msgspec.json.encode(each).decode() for each in file.refusals)
    runs = ",\n".join(msgspec.json.encode(each).decode() for each in file.instances)
    return f'{start},\n"refusals":[\n{refusals}\n],\n"instances":[\n{runs}\n]}}\n'
