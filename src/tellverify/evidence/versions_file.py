"""Two versions as a file of evidence: machines, the runs that refute mixtures, and the proof."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Annotated, Final, TypeAlias

import msgspec

from tellverify.evidence.graph_file import VERSIONS_SUFFIX as VERSIONS_SUFFIX
from tellverify.evidence.machines_file import MachineRow
from tellverify.model.configuration import Configuration

VERSIONS_SCHEMA: Final = "tellverify/versions-1"
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


class VersionsFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Both versions of the roles of a protocol at some family sizes, over the same wire labels.

    A role that a version does not have has a machine that does nothing. `proof` is left out where
    not all mixtures were searched, or there are too many configurations to be visited again.
    """

    schema: str
    protocol: str
    instance: str
    sources: list[tuple[str, str]]  # paths and SHA-256 sums
    changed: list[str]
    old: list[MachineRow]
    new: list[MachineRow]
    refuted: list[RefutedRow]
    proof: SearchProof | None = None


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
