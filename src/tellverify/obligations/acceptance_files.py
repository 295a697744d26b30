"""What the acceptance rule needs of a protocol, and its files of evidence."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from tellverify.admission.convergence import Sourced
from tellverify.diagnostics.model import Severity
from tellverify.evidence import acceptance as form
from tellverify.evidence.event_log import write_log
from tellverify.evidence.itf_writing import file_stem
from tellverify.evidence.neutral import neutral
from tellverify.language.instances import combinations, instance_name
from tellverify.language.lowering.lower import Lowered, lower
from tellverify.model.graph import ProtocolGraph
from tellverify.obligations.acceptance_findings import Acceptance, Graphs
from tellverify.obligations.acceptance_runs import Recorded
from tellverify.obligations.dependence import DependenceGround
from tellverify.obligations.options import DEFAULT_SIZES
from tellverify.policy.model import Policy
from tellverify.source.text import SourceFile

# The sections of a policy that a verdict rests on.
_SECTIONS: Final = frozenset(
    {
        *("adaptive_privacy", "admission", "capabilities", "classes", "dependences"),
        *("determinism", "families", "grants", "non_goals", "packs", "protocols"),
        *("runtimes", "surfaces", "waves"),
    }
)


def graphs_of(sourced: Sourced, wanted: Mapping[str, tuple[int, ...]]) -> Graphs:
    """The graph of a protocol at every combination of family sizes, or why there is none."""
    found: dict[str, ProtocolGraph | str] = {}
    judged = sourced.origin.judged
    for sizes in combinations(sourced.protocol, wanted, DEFAULT_SIZES):
        lowered = lower(judged.file, judged.source, sourced.protocol, sizes, linked=judged.linked)
        found[instance_name(sizes)] = graph_or_reason(lowered)
    return found


def graph_or_reason(lowered: Lowered) -> ProtocolGraph | str:
    """The graph, or the words for why there is none."""
    errors = [one for one in lowered.diagnostics if one.severity is Severity.ERROR]
    if errors:
        return errors[0].message
    if lowered.graph is not None:
        return lowered.graph
    reasons = [f"{skip.reason}, line {skip.line}" for skip in lowered.skipped]
    return reasons[0] if reasons else lowered.limit or "it has no graph"


def evidence_files(
    found: Acceptance, sourced: Sourced, policy: Policy
) -> list[tuple[str, str, str]]:
    """The evidence for an accepted pack: of which obligation, the name of the file, its text.

    One file with everything, which `recheck` looks at, and the runs as logs for `replay`. Names
    are those below the folder of the protocol.
    """
    name = sourced.derived.manifest.protocol_qualified_name
    identity = f"acceptance[{found.pack}]"
    pack = file_stem(found.pack)
    record = record_of(found, sourced, policy)
    files = [(identity, f"{pack}{form.ACCEPTANCE_SUFFIX}", form.write_acceptance(record))]
    for recorded in found.runs:
        sizes = recorded.instance.replace(" = ", "-").replace(", ", ".")
        log = f"{pack}{f'.{file_stem(sizes)}' if sizes else ''}.jsonl"
        lines = [
            line
            for number, run in enumerate(recorded.runs, 1)
            for line in write_log(run, protocol=name, session=number)
        ]
        files.append((f"{identity} runs {recorded.instance}".rstrip(), log, "".join(lines)))
    return files


def record_of(found: Acceptance, sourced: Sourced, policy: Policy) -> form.AcceptanceFile:
    """All of the evidence as one file says it."""
    source = sourced.derived.source
    support = found.support
    return form.AcceptanceFile(
        schema=form.ACCEPTANCE_SCHEMA,
        source=source.path,
        sha256=_sum(source),
        protocol=sourced.derived.manifest.protocol_qualified_name,
        pack=found.pack,
        policy=tuple(
            form.PolicySource(document.source.path, _sum(document.source))
            for document in policy.documents
            if not _SECTIONS.isdisjoint(document.table)
        ),
        runtime=support.name if support is not None else "",
        required=found.required,
        support=tuple(sorted(support.keys)) if support is not None else (),
        grounds=tuple(_ground(ground, source) for ground in found.grounds),
        refusals=list(found.refusals),
        instances=[_runs(recorded) for recorded in found.runs],
    )


def _sum(source: SourceFile) -> str:
    return hashlib.sha256(source.text.encode("utf-8", "surrogatepass")).hexdigest()


def _ground(ground: DependenceGround, source: SourceFile) -> form.AcceptanceGround:
    text = source.text[ground.span.start : ground.span.end].partition("\n")[0].rstrip()
    line = source.position(ground.span.start)[0]
    return form.AcceptanceGround(str(ground.row.semantics), line, text, ground.row.reason)


def _runs(recorded: Recorded) -> form.Runs:
    graph = neutral(recorded.graph)
    role = {name: number for number, name in enumerate(graph.roles)}
    label = {name: number for number, name in enumerate(graph.labels)}
    runs: list[list[form.Event]] = [
        [
            (int(step.send), role[step.sender], role[step.receiver], label[step.label])
            for step in run
        ]
        for run in recorded.runs
    ]
    return form.Runs(recorded.instance, recorded.mode, recorded.waves, graph, runs)
