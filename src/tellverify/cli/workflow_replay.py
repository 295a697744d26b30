"""`tellverify replay` of a run across the sessions of a workflow."""

from __future__ import annotations

import sys

from tellverify.cli.exit import Exit
from tellverify.diagnostics.wording import counted
from tellverify.evidence.recheck.graph import Rejected
from tellverify.evidence.recheck.workflow_runs import WorkflowRun, read_workflow_run
from tellverify.evidence.workflow_run_file import GRANT, RECEIVE, SEND, MoveRow
from tellverify.report.style import Style


def replay_workflow_run(trace: str, path: str | None, style: Style) -> int:
    """Show each move of the run in the file `trace`; 0 when the workflow at `path` has it.

    Without a path, the workflow that the file names is read.
    """
    lines: list[str] = []
    try:
        reason = _replayed(trace, path, lines, style)
    except Rejected as rejected:
        reason = str(rejected)
    lines.append(f"rejected: {style.tamed(reason)}" if reason else lines.pop())
    sys.stdout.write("\n".join(lines) + "\n")
    return Exit.REFUTED if reason else Exit.OK


def _replayed(trace: str, path: str | None, lines: list[str], style: Style) -> str:
    """Why the run is not accepted, empty when it is, with what happens in it in `lines`.

    Raises Rejected.
    """
    from tellverify.workflows.run_evidence import difference_from_source

    file = read_workflow_run(trace)
    run = WorkflowRun(file)
    if path is None and not file.sources:
        return "it names no workflow"
    wrong = difference_from_source(file, path or file.sources[0][0])
    if wrong:
        return wrong
    head = [file.workflow, file.obligation, file.instance]
    lines.append("   ".join(style.tamed(part) for part in head if part))
    steps = run.steps()
    is_there = True
    while is_there:
        if run.made == file.leaves and file.leaver >= 0:
            agent, title = _where(run, file.leaver)
            lines.append(f"      {style.tamed(f'{agent} gives up {title}')}")
        made = next(steps, None)
        is_there = made is not None
        if made is not None:
            lines.append(f"{run.made:>4}  {style.tamed(_words(run, *made))}")
    run.check_fault()
    count = counted(run.made, "step")
    lines.append(f"accepted: {count}, and the end shows `{style.tamed(file.fault)}`")
    return ""


def _where(run: WorkflowRun, number: int) -> tuple[str, str]:
    part = run.parts[number]
    return part.agent, run.file.sessions[part.session].title


def _words(run: WorkflowRun, number: int, move: MoveRow) -> str:
    agent, title = _where(run, number)
    kind, peer, label, _ = move
    if kind == SEND:
        return f"{title}: {agent} sends {label} to {run.parts[peer].agent}"
    if kind == RECEIVE:
        return f"{title}: {agent} takes {label} from {run.parts[peer].agent}"
    bundle = run.file.bundles[peer]
    if bundle == title:  # an `ext` step
        return f"{title}: {agent} {'ends' if kind == GRANT else 'begins'}"
    return f"{title}: {agent} {'takes' if kind == GRANT else 'asks for'} {bundle}"
