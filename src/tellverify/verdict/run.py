"""A finished run: the only thing a report may read."""

from __future__ import annotations

import builtins

import msgspec

from tellverify.diagnostics.model import Diagnostic
from tellverify.verdict.outcome import Outcome
from tellverify.verdict.property import Property


class Subject(msgspec.Struct, frozen=True):
    """What an obligation is about; `roles` is empty when it is the whole protocol.

    A channel is named by its two roles in `channel`, sender first.
    """

    protocol: str
    roles: tuple[str, ...] = ()
    channel: tuple[str, str] | None = None


class Verdict(msgspec.Struct, frozen=True):
    """One obligation and its outcome."""

    property: Property
    subject: Subject
    outcome: Outcome
    required: bool
    line: int = 0
    column: int = 0
    statistics: tuple[tuple[str, int], ...] = ()

    @builtins.property
    def name(self) -> str:
        """The obligation as reports and `Diagnostic.refutes` write it: `no-stuck-role[Courier]`."""
        if self.subject.channel is not None:
            sender, receiver = self.subject.channel
            return f"{self.property}[{sender} -> {receiver}]"
        if self.subject.roles:
            return f"{self.property}[{', '.join(self.subject.roles)}]"
        return str(self.property)


class Family(msgspec.Struct, frozen=True):
    """A role family and the sizes it was checked for."""

    name: str
    sizes: tuple[int, ...]


class ProtocolReport(msgspec.Struct, frozen=True):
    """Everything that was found out about one protocol."""

    name: str
    path: str
    line: int
    roles: tuple[str, ...]
    families: tuple[Family, ...]
    verdicts: tuple[Verdict, ...]
    event_count: int = 0


class Input(msgspec.Struct, frozen=True):
    """A file that was read, with the SHA-256 of its bytes."""

    path: str
    sha256: str


class Run(msgspec.Struct, frozen=True):
    """The result of one check: inputs, protocols in input order, findings in source order.

    With the `dialect` "faithful" it speaks about what Telltale itself accepts and runs.
    """

    inputs: tuple[Input, ...]
    protocols: tuple[ProtocolReport, ...]
    diagnostics: tuple[Diagnostic, ...]
    exit_code: int
    exit_reason: str
    dialect: str = "strict"
