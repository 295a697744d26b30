"""What a decider of the table may look at, and what it hands back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from tellverify.diagnostics.limits import EVENT_LIMIT, UNSUPPORTED
from tellverify.diagnostics.model import Diagnostic
from tellverify.language.linking.modules import CheckedFile
from tellverify.language.lowering.lower import Lowered
from tellverify.language.syntax import ast
from tellverify.obligations.options import Options
from tellverify.obligations.size_claims import NO_CLAIM, SizeClaim
from tellverify.source.text import SourceFile
from tellverify.verdict.outcome import Outcome, Skipped, Unknown
from tellverify.verdict.run import Coverage, NamedScenario, Presupposition, Verdict


class Instance(msgspec.Struct, frozen=True):
    """A protocol lowered at given family sizes; `name` is empty when it has no families."""

    name: str
    sizes: Mapping[str, int]
    lowered: Lowered


class Context(msgspec.Struct, frozen=True):
    """A protocol whose text has no errors, with its graphs at all sizes that are tried.

    `claim` is the claim about every size. `sha256` is that of the file; evidence names it. `files`
    are all that the protocol is made of, its own first, with their sums. Only with
    `Options.keep_graphs` is evidence wanted.
    """

    judged: CheckedFile
    protocol: ast.Protocol
    name: str
    instances: tuple[Instance, ...]
    options: Options
    sha256: str
    claim: SizeClaim = NO_CLAIM
    files: tuple[tuple[str, str], ...] = ()

    @property
    def source(self) -> SourceFile:
        """The text that the protocol stands in."""
        return self.judged.source

    @property
    def place(self) -> tuple[int, int]:
        """Line and column of the name of the protocol."""
        return self.source.position(self.protocol.name.span.start)

    @property
    def is_annotated(self) -> bool:
        """True when some message of some instance has annotations.

        Where an instance has no graph, the statements of the text are asked.
        """
        if any(
            site.annotations
            for instance in self.instances
            for graph in (instance.lowered.graph, *instance.lowered.slices)
            if graph is not None
            for site in graph.sites
        ):
            return True
        return not self.has_all_graphs and any(send.record for send in self.sends)

    @property
    def has_all_graphs(self) -> bool:
        """Whether the runs at all sizes that are tried are runs of graphs."""
        return all(instance.lowered.graph is not None for instance in self.instances)

    @property
    def sends(self) -> list[ast.Send | ast.Broadcast]:
        """All sends and broadcasts of the text and of what it calls, also of other files."""
        from tellverify.annotations.sites import sends_of
        from tellverify.language.linking.imports import with_imported

        return sends_of(with_imported(self.protocol, self.judged.linked))


class Decision(msgspec.Struct, frozen=True):
    """Verdicts and findings; all empty where there is nothing to decide.

    `files` is evidence to be written: what each belongs to, its name below the folder of the
    protocol, and its text. `scenarios` are those under which something is decided.
    """

    verdicts: tuple[Verdict, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    files: tuple[tuple[str, str, str], ...] = ()
    coverage: Coverage | None = None
    presuppositions: tuple[Presupposition, ...] = ()
    scenarios: tuple[NamedScenario, ...] = ()


def sizes_of(instances: Sequence[Instance]) -> str:
    """The family sizes behind a bounded verdict in words."""
    tried: dict[str, dict[int, None]] = {}
    for instance in instances:
        for family, size in instance.sizes.items():
            tried.setdefault(family, {})[size] = None
    return ", ".join(f"{family} = {', '.join(map(str, one))}" for family, one in tried.items())


def without_graphs(instances: Sequence[Instance]) -> Outcome:
    """Why nothing can be decided at all sizes of which some have no graph."""
    for instance in instances:
        if instance.lowered.graph is None:
            return without_graph(instance)
    return Unknown("no sizes were tried", EVENT_LIMIT.number, "events")


def without_graph(instance: Instance) -> Outcome:
    """Why nothing can be decided at sizes that have no graph."""
    if instance.lowered.skipped:
        return Skipped(instance.lowered.skipped[0].reason, UNSUPPORTED.number)
    if instance.lowered.timed is not None:
        line = instance.lowered.timed.scopes[0].line
        reason = f"the protocol has a `timeout` (line {line}), and its runs are not runs of a graph"
        return Skipped(reason, UNSUPPORTED.number)
    reason = instance.lowered.limit or "parallel branches have too many interleavings"
    return Unknown(reason, EVENT_LIMIT.number, "events")
