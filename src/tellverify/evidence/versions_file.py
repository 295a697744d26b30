"""Two versions as a file of evidence: machines, the runs that refute mixtures, and the proof."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from tellverify.evidence.machines_file import MachineRow
from tellverify.model.configuration import Configuration

VERSIONS_SCHEMA: Final = "tellverify/versions-1"
VERSIONS_SUFFIX: Final = ".versions.json"
AT_COMMIT: Final = "git:"
MOST_CONFIGURATIONS: Final = 50_000  # that a rechecker visits
MOST_DEPLOYMENTS: Final = 64  # whose roles a rechecker looks at one by one

# 1 for a send or 0, sender, receiver, label
StepRow: TypeAlias = tuple[Annotated[int, msgspec.Meta(ge=0, le=1)], str, str, str]


class RefutedRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Mixtures in which the roles of `new` act as new and those of `old` as old, and a run of them.

    `culprit` is the role that the fault is about; every version that the mixtures leave open shows
    the fault.
    """

    new: list[str]
    old: list[str]
    fault: str
    culprit: str
    steps: list[StepRow]


class SearchProof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All configurations of mixtures that are not refuted: their number and a digest of them."""

    configurations: int
    sha256: str


class ReceiveRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="receive"):
    """A reception still to be done: `(sender, label, what follows)`."""

    branches: list[tuple[str, str, int | ReceiveRow | SendRow]]


class SendRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="send"):
    """A send that was put off, and what follows it."""

    peer: str
    label: str
    rest: int | ReceiveRow | SendRow


class RelationRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That one version of a role refines the other, node by node.

    `refining` is the version that takes the place of the other. A node is a state of it with what
    the other one still has to do; a number is a state of the other one.
    """

    role: str
    refining: Literal["new", "old"]
    nodes: list[tuple[int, int | ReceiveRow | SendRow]]


class SideRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a version comes from: files with their SHA-256 sums, and the name of its protocol.

    Of `text` the first file has the protocol, and the others are what it imports. `git:` and the
    name of a commit stand in front of a file that is to be read there.
    """

    kind: Literal["text", "machines"]
    protocol: str
    files: list[tuple[str, str]]


class VersionsFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Both versions of the roles of a protocol at some family sizes, over the same wire labels.

    A role that a version does not have has a machine that does nothing. `payloads` and `renamed`
    are what was declared to be the same. `order` is a safe order of all changed roles, empty where
    there is none. `proof` is left out where not all mixtures were searched, or there are too many
    configurations to be visited again; then `relations` has the subtyping of roles.
    """

    schema: str
    protocol: str
    instance: str
    sources: list[SideRow]  # the old side and the new one
    dialect: Literal["strict", "faithful"]
    payloads: list[tuple[str, str]]
    renamed: list[tuple[str, str]]
    changed: list[str]
    old: list[MachineRow]
    new: list[MachineRow]
    refuted: list[RefutedRow]
    order: list[str]
    proof: SearchProof | None = None
    relations: list[RelationRow] = []


def write_versions(file: VersionsFile) -> str:
    """The text of a file of two versions."""
    return msgspec.json.format(msgspec.json.encode(file), indent=1).decode() + "\n"


def digest_of(configurations: Iterable[Configuration]) -> str:
    """The SHA-256 of a set of configurations, whatever the order in which they come."""
    lines = sorted(
        f"{','.join(map(str, one.states))}"
        f"|{';'.join(f'{p}>{q}:' + ','.join(labels) for (p, q), labels in one.queues)}"
        for one in configurations
    )
    return hashlib.sha256("\n".join(lines).encode("utf-8", "backslashreplace")).hexdigest()
