"""Certificates of implementability as files.

A certificate makes claims that can be checked state by state without any search; what has to be
checked is written down in docs/certificates.md. Equal inputs give equal bytes.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from tellverify.evidence.graph_file import CERTIFICATE_NAME as CERTIFICATE_NAME
from tellverify.evidence.graph_file import FileSum, NeutralGraph, Number

CERTIFICATE_SCHEMA: Final = "tellverify/certificate-1"

Range: TypeAlias = tuple[Number, Number]  # first and last, both included


class LocalState(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A state of a local machine: the global states behind it, and its moves.

    A move is `(1 for a send or 0, peer, label, local state)`. From every global state behind a
    state with sends, and behind one with moves of a role that never waits forever, silent events
    lead to the next event of the role: the order of the ranges shows it, see docs/certificates.md.
    """

    behind: list[Range]
    moves: list[tuple[Number, Number, Number, Number]] = []


class Closed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Points `(first state, last state, blocked roles)` from which no message of `never` comes.

    `never` lists `(sender, label)`. The points are closed under the events of the protocol.
    """

    never: list[tuple[Number, Number]]
    points: list[tuple[Number, Number, list[Range]]]


class RolePart(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The machine of one role, state 0 initial, with what coherence of the role rests on."""

    role: str
    states: list[LocalState]
    closed: list[Closed] = []


class InstancePart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The claims for one choice of family sizes; `never_stuck` lists roles by name."""

    instance: str
    graph: NeutralGraph
    never_stuck: tuple[str, ...]
    roles: list[RolePart]


class Certificate(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """The claim that `protocol` is implementable at every instance that is listed.

    `imported` has the other files that the protocol is made of, with their sums.
    `every` has, for each size symbol, the generic members of its families. Then the claim is of all
    larger sizes too: the last size of each symbol stands for them, and the instances are all
    combinations of sizes up to the last.
    """

    schema: str
    source: str
    sha256: str
    protocol: str
    claim: str
    imported: list[FileSum] = []
    every: tuple[tuple[str, ...], ...] = ()
    instances: list[InstancePart]


def write_certificate(certificate: Certificate) -> str:
    """The text of a certificate: one line for each graph and each role, so that changes show."""
    head = msgspec.json.encode(msgspec.structs.replace(certificate, instances=[])).decode()
    parts = []
    for part in certificate.instances:
        start = msgspec.json.encode(msgspec.structs.replace(part, roles=[])).decode()
        roles = ",\n".join(msgspec.json.encode(role).decode() for role in part.roles)
        parts.append(start.removesuffix("]}") + f"\n{roles}\n]}}")
    return head.removesuffix("]}") + "\n" + ",\n".join(parts) + "\n]}\n"
