"""The graph of a workflow: its phases, the agents that run them, and the orders they keep."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.language.files.inputs import ReadFile
from tellverify.language.workspace import Workspace
from tellverify.obligations.options import DEFAULT_SIZES, Options
from tellverify.source.text import SourceFile
from tellverify.verdict.drawing import PictureOrder, PictureStep, WorkflowPicture
from tellverify.workflows.composition import Composition, composition
from tellverify.workflows.conditions import cycles_of
from tellverify.workflows.order_graph import WaitCycle
from tellverify.workflows.plan import FilePlan, PlannedWorkflow, file_plan
from tellverify.workflows.protocol_files import ProtocolFiles
from tellverify.workflows.reading import commented_workflows, read_workflows
from tellverify.workflows.workflow_text import LocalStep, ProtocolStep


def workflow_picture(
    whole: Composition, workflow: PlannedWorkflow, cycles: Sequence[WaitCycle]
) -> WorkflowPicture:
    """The phases of a workflow, and the sessions of others that its agents run next to them.

    Steps stand in the order of the file, and bundles in brackets behind the agent that holds them.
    """
    own = {one.session.number for one in whole.of(workflow.name)}
    near = {
        number
        for edge in whole.edges
        if own & {edge.before, edge.after}
        for number in (edge.before, edge.after)
    }
    near |= {number for one in cycles if own & set(one.sessions) for number in one.sessions}
    cyclic = {number for one in cycles for number in one.sessions}
    shown = sorted(own | near)
    held = {
        (use.session, use.agent): f"{use.agent} ({', '.join(use.bundles)})" for use in whole.uses
    }
    sessions = [whole.sessions[number].session for number in shown]
    steps = [
        PictureStep(
            one.title,
            one.workflow,
            tuple(held.get((one.number, agent), agent) for _, agent in one.agents),
            in_cycle=one.number in cyclic,
        )
        for one in sessions
    ]
    places = [float(one.number) for one in sessions]
    index = {number: at for at, number in enumerate(shown)}
    agents: dict[tuple[int, int], list[str]] = {}
    for edge in whole.edges:
        if edge.before in index and edge.after in index:
            pair = (index[edge.before], index[edge.after])
            agents.setdefault(pair, []).append(edge.agent)
    orders = [
        PictureOrder(*pair, tuple(names), any(_closes(one, shown, pair) for one in cycles))
        for pair, names in agents.items()
    ]
    places += _add_local_steps(whole, workflow, index, steps, orders)
    listed = sorted(range(len(steps)), key=places.__getitem__)
    at = {number: new for new, number in enumerate(listed)}
    moved = [
        msgspec.structs.replace(one, source=at[one.source], target=at[one.target]) for one in orders
    ]
    return WorkflowPicture(workflow.name, tuple(steps[n] for n in listed), tuple(moved))


def _closes(cycle: WaitCycle, shown: Sequence[int], pair: tuple[int, int]) -> bool:
    return {shown[pair[0]], shown[pair[1]]} <= set(cycle.sessions)


def _add_local_steps(
    whole: Composition,
    workflow: PlannedWorkflow,
    index: dict[int, int],
    steps: list[PictureStep],
    orders: list[PictureOrder],
) -> list[float]:
    """Put the `ext` steps between the sessions of the groups around them.

    Returns for each one the number of the last session before it, and a half.
    """
    places: list[float] = []
    sessions = [one.session for one in whole.of(workflow.name)]
    last = sessions[0].number - 1 if sessions else 0
    for planned in workflow.steps:
        step = planned.placed.step
        if not isinstance(step, LocalStep):
            numbers = [one.number for one in sessions if one.phase == planned.placed.name]
            last = max((last, *numbers))
            continue
        at = len(steps)
        places.append(last + 0.5)
        steps.append(PictureStep(planned.placed.name, workflow.name, (step.agent,), local=True))
        group = planned.placed.group
        before = [one for one in sessions if one.group < group]
        after = [one for one in sessions if one.group > group]
        sources = [index[one.number] for one in before if one.group == before[-1].group]
        targets = [index[one.number] for one in after if one.group == after[0].group]
        own = (step.agent,)
        implied = {PictureOrder(source, target, own) for source in sources for target in targets}
        orders[:] = [one for one in orders if one not in implied]
        orders.extend(PictureOrder(source, at, own) for source in sources)
        orders.extend(PictureOrder(at, target, own) for target in targets)
    return places


def _largest(plan: FilePlan, family: str) -> int:
    """The largest size of a family that is drawn, at least as many as joins wait for."""
    joins = [
        step.join
        for workflow in plan.workflows
        for planned in workflow.steps
        if isinstance(step := planned.placed.step, ProtocolStep) and isinstance(step.join, int)
    ]
    return plan.agents.sizes_of(family, [max((DEFAULT_SIZES[-1], *joins))])[-1]


def graphs_of_file(
    file: ReadFile, options: Options
) -> tuple[list[WorkflowPicture], list[Diagnostic], dict[str, SourceFile]]:
    """The pictures of all workflows of a file at the largest sizes, or its errors."""
    sources = {file.path: file.source()}
    if file.diagnostic is not None:
        return [], [file.diagnostic], sources
    text = file.text or ""
    if file.path.endswith(".toml"):
        document, said = read_workflows(file.path, text)
    else:
        found = list(commented_workflows(Workspace([file])))
        document, said = found[0] if found else (None, [])
    if document is None or said:
        return [], said, sources
    modules = [one for one, _ in document.modules]
    protocols = ProtocolFiles(file.path, modules, options)
    plan = file_plan(document, protocols)
    sizes = {one: _largest(plan, one) for one in plan.families}
    whole = composition(plan, protocols, sizes)
    said = [one for workflow in plan.workflows for one in workflow.said] + list(whole.said)
    sources.update({one.path: one.source() for one in protocols.all_files()})
    errors = [one for one in said if one.severity is Severity.ERROR]
    if errors:
        return [], errors, sources
    cycles = cycles_of(whole)
    return [workflow_picture(whole, one, cycles) for one in plan.workflows], [], sources
