"""Runs across sessions as files of evidence, and the machines of such a file made again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from tellverify.evidence.graph_file import TRACE_SUFFIX
from tellverify.evidence.itf_writing import trace_name
from tellverify.evidence.recheck.graph import require
from tellverify.evidence.recheck.workflow_runs import read_workflow_run
from tellverify.evidence.workflow_run_file import (
    WORKFLOW_RUN_SCHEMA,
    WORKFLOW_RUN_SUFFIX,
    PartRow,
    SessionRow,
    WorkflowRunFile,
    write_workflow_run,
)
from tellverify.language.files.inputs import ReadFile, read_any
from tellverify.language.instances import instance_name, sizes_of
from tellverify.language.workspace import Workspace
from tellverify.model.trace import Trace
from tellverify.obligations.options import Options
from tellverify.projection.availability import OutOfBudget
from tellverify.verdict.outcome import Refuted
from tellverify.verdict.properties import PROPERTIES
from tellverify.verdict.run import Verdict
from tellverify.workflows.composed_machines import ComposedSystem, composed_system
from tellverify.workflows.composed_runs import ShownRun
from tellverify.workflows.composition import composition
from tellverify.workflows.outcomes import PhaseGraph
from tellverify.workflows.plan import file_plan
from tellverify.workflows.protocol_files import ProtocolFiles
from tellverify.workflows.reading import commented_workflows, read_workflows


def run_files(
    workflow: str,
    verdicts: Sequence[Verdict],
    shown: Mapping[str, Sequence[ShownRun]],
    files: Sequence[ReadFile],
) -> Iterator[tuple[str, str, str]]:
    """What each file belongs to, its name and its text.

    `shown` has the runs of each choice of sizes; `files` has the workflow first.
    """
    for verdict in verdicts:
        outcome = verdict.outcome
        if not isinstance(outcome, Refuted) or not isinstance(outcome.evidence, Trace):
            continue
        runs = shown.get(outcome.instance, ())
        found = next((one for one in runs if one.trace == outcome.evidence), None)
        if found is None:
            continue
        name = trace_name(verdict.name).removesuffix(TRACE_SUFFIX) + WORKFLOW_RUN_SUFFIX
        plain = file_of(found.system, workflow, [(one.path, one.sha256) for one in files])
        trace = found.trace
        file = msgspec.structs.replace(
            plain,
            obligation=verdict.name,
            statement=PROPERTIES[verdict.property].sentence,
            code=outcome.code,
            fault=trace.fault.value,
            culprits=list(found.culprits),
            explanation=trace.explanation,
            minimal=trace.minimal,
            instance=outcome.instance,
            run=list(_numbered(found)),
            leaver=found.leaver,
            leaves=found.leaves,
        )
        yield verdict.name, name, write_workflow_run(file)


def _numbered(found: ShownRun) -> Iterator[tuple[int, int]]:
    states = [0] * len(found.system.machines)
    for number, move in found.run:
        row = found.system.machines[number].moves[states[number]]
        yield number, row.index(move)
        states[number] = move.target


def file_of(
    system: ComposedSystem, workflow: str, sources: Sequence[tuple[str, str]]
) -> WorkflowRunFile:
    """The machines of a system as a file, without a run."""
    return WorkflowRunFile(
        WORKFLOW_RUN_SCHEMA,
        workflow,
        *("",) * 4,
        [],
        "",
        False,
        "",
        list(sources),
        [
            SessionRow(one.title, one.workflow, list(system.earlier[n]), system.endless[n])
            for n, one in enumerate(system.sessions)
        ],
        list(system.bundles),
        [
            PartRow(
                one.session,
                one.role,
                one.agent,
                [[(int(m.kind), m.peer, m.label, m.target) for m in row] for row in one.moves],
                [state for state, goes in enumerate(one.goes_on) if goes],
                [state for state, stops in enumerate(one.stops) if stops],
                [sorted(held) for held in one.held],
                list(system.before[n]),
                list(system.phases_before[n]),
            )
            for n, one in enumerate(system.machines)
        ],
        [],
    )


def compared_with_source(path: str) -> str:
    """What was found equal, in words, of a file that the rechecker accepts. Raises Rejected."""
    file = read_workflow_run(path)
    require(bool(file.sources), "sources", "there are none")
    source = file.sources[0][0]
    for path, _ in file.sources:
        reason = f"there is no {path} here: run this in its folder, or with --without-sources"
        require(os.path.isfile(path), "source", reason)
    wrong = difference_from_source(file, source, is_named=True)
    require(not wrong, "source", wrong)
    return f"the sessions of `{file.workflow}` in {source} have the same machines"


def difference_from_source(file: WorkflowRunFile, path: str, *, is_named: bool = False) -> str:
    """Why the machines of a file are not those of the workflow at `path`; empty when they are.

    With `is_named` its sources must also be the files that the workflow is made of.
    """
    made = _made_again(file, path)
    if isinstance(made, str):
        return made
    if is_named and made.sources != file.sources:
        return "its sources are not the files that the workflow is made of"
    for name, mine, theirs in (
        ("sessions", file.sessions, made.sessions),
        ("bundles", file.bundles, made.bundles),
        ("machines", file.parts, made.parts),
    ):
        if mine != theirs:
            return f"its {name} are not those of the workflow"
    return ""


def _made_again(file: WorkflowRunFile, path: str) -> WorkflowRunFile | str:
    options = Options()
    read = read_any(path)
    if read.text is None:
        return f"`{path}` cannot be read"
    if path.endswith(".toml"):
        document, said = read_workflows(path, read.text)
    else:
        found = list(commented_workflows(Workspace([read])))
        document, said = found[0] if found else (None, [])
    if document is None or said:
        return f"`{path}` has no workflow that can be read"
    files = ProtocolFiles(path, [one for one, _ in document.modules], options)
    plan = file_plan(document, files)
    named = sizes_of(file.instance)
    sizes = {one: named.get(one, plan.agents.sizes_of(one, (1,))[0]) for one in plan.families}
    if instance_name(sizes) != file.instance:
        return f"`{path}` has other families of agents"
    if file.workflow not in {one.name for one in plan.workflows}:
        return f"`{path}` has no workflow `{file.workflow}`"
    whole = composition(plan, files, sizes)
    by_title = {one.session.title: one.session for one in whole.searched}
    sessions = [by_title[row.title] for row in file.sessions if row.title in by_title]
    if len(sessions) != len(file.sessions) or any(one.said for one in plan.workflows):
        return f"`{path}` has no such sessions"
    graphs: list[PhaseGraph] = []
    for one in sessions:
        graph = files.graph(one.step.protocol, dict(one.sizes), one.step.go_on)
        if isinstance(graph, str):
            return graph
        graphs.append(graph)
    edges, uses = ((), ()) if file.leaver >= 0 else (whole.searched_edges, whole.searched_uses)
    try:
        system = composed_system(sessions, graphs, edges, uses, options.step_limit)
    except OutOfBudget:
        return "the limit of steps was reached"
    read_files = [(one.path, one.sha256) for one in (read, *files.all_files())]
    return file_of(system, file.workflow, read_files)
