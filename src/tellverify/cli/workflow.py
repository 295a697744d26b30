"""`tellverify workflow`: do protocols that are composed still hold together?"""

from __future__ import annotations

import os
from typing import Final

import click
import msgspec

from tellverify.cli.complaints import complain
from tellverify.cli.exit import Exit
from tellverify.cli.reports import (
    FORMATS,
    Output,
    command_line,
    deliver_with_evidence,
    keep_inputs,
    report_option,
)
from tellverify.language.files import inputs
from tellverify.obligations.options import (
    MOST_CONFIGURATIONS,
    MOST_STEPS,
    Options,
)
from tellverify.verification.deadline import is_supported

_CACHE: Final = "verdicts.sqlite"
_TOTAL: Final = 600.0


class WorkflowFlags(msgspec.Struct, frozen=True):
    """What `workflow check` was given; `names` selects workflows."""

    paths: tuple[str, ...]
    names: tuple[str, ...]
    style: str
    reports: tuple[tuple[str, str], ...]
    require: str
    configurations: int
    steps: int
    timeout: float | None
    evidence: str | None
    cache_dir: str | None
    color: str
    verbose: bool


@click.group("workflow")
def workflow() -> None:
    """Workflows: protocols composed in sequence, in parallel and by local steps."""


@workflow.command("check")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--name", "names", multiple=True, metavar="NAME", help="Only this workflow.")
@click.option("--format", "style", type=click.Choice(FORMATS), default="text", show_default=True)
@report_option
@click.option(
    "--require",
    type=click.Choice(["proved", "bounded"]),
    default="bounded",
    show_default=True,
    help="The outcome that suffices: families of agents inside protocols are decided for sizes.",
)
@click.option(
    "--configurations",
    type=click.IntRange(1, 10**9),
    default=MOST_CONFIGURATIONS,
    show_default=True,
    metavar="N",
    help="Configurations of sessions that are searched before the answer is unknown.",
)
@click.option(
    "--steps",
    type=click.IntRange(1, 10**15),
    default=MOST_STEPS,
    show_default=True,
    metavar="N",
    help="Work spent on one protocol before giving up.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    metavar="S",
    help="Seconds for one file; 600 for all together in any case.",
)
@click.option(
    "--cache-dir",
    type=click.Path(),
    metavar="DIR",
    help="Keep the interfaces of protocols in this folder, which is the user's cache folder.",
)
@click.option(
    "--evidence",
    type=click.Path(),
    metavar="DIR",
    help="Write the runs that refute workflows into this folder, for `replay` and `recheck`.",
)
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto")
@click.option("-v", "--verbose", is_flag=True, help="Show verdicts in full.")
def check(**given: object) -> int:
    """Decide whether the agents of workflows finish all their sessions.

    PATH is a workflow file (TOML), a choreography with `-- tell: workflow` comments, or a folder of
    both. A workflow that does not hold comes with a shortest run across its sessions. Exit codes:
    0 all workflows hold, 1 one is refuted or a file has errors, 3 one is not known, 4 nothing was
    checked.
    """
    from tellverify.workflows.workflow_check import check_workflows, workflow_files

    flags = msgspec.convert(given, WorkflowFlags)
    if flags.timeout is not None and (flags.timeout != flags.timeout or not is_supported()):
        raise click.UsageError("time limits are numbers, and not every platform supports them")
    options = Options(
        protocols=flags.names,
        require=flags.require,
        step_limit=flags.steps,
        search_limit=flags.configurations,
        keep_graphs=flags.evidence is not None,
        seconds=flags.timeout,
    )
    read = [inputs.read_any(path) for given in flags.paths for path in workflow_files(given)]
    if not read:
        click.echo("tellverify: no workflow was found", err=True)
        return int(Exit.NOTHING_SELECTED)
    keep_inputs(flags.reports, (one.path for one in read))
    cache = None
    if flags.cache_dir is not None:
        from tellverify.verification.cache import Cache
        from tellverify.verification.cache_key import is_user_folder

        if is_user_folder(flags.cache_dir):
            cache = Cache(os.path.join(flags.cache_dir, _CACHE))
        else:
            complain(f"no cache in {flags.cache_dir}: only that of the user is believed unchecked")
    checked = check_workflows(read, options, _TOTAL if is_supported() else None, cache)
    if cache is not None:
        cache.close()
        for note in dict.fromkeys(cache.notes):
            complain(note)
    run = msgspec.structs.replace(checked.run, command=command_line())
    output = Output(flags.style, flags.color, flags.verbose, flags.reports)
    return deliver_with_evidence(run, checked, flags.evidence, output)


@workflow.command("show")
@click.argument("path", metavar="PATH")
@click.option("--name", "name", metavar="NAME", help="Only this workflow.")
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "svg", "mermaid", "dot"]),
    default="text",
    show_default=True,
)
def show(path: str, name: str | None, style: str) -> int:
    """Draw the phases of workflows with the agents that run them and the orders they keep.

    Cycles of orders are marked. Exit codes: 0 drawn, 1 the file has errors, 4 there is no such
    workflow.
    """
    from tellverify.report.drawing.workflow_pictures import drawn
    from tellverify.report.style import Style
    from tellverify.report.text_findings import diagnostic_lines
    from tellverify.workflows.workflow_graph import graphs_of_file

    file = inputs.read_any(path)
    graphs, said, sources = graphs_of_file(file, Options())
    for one in said:
        for line in diagnostic_lines(one, sources, Style(ascii_only=True, width=100))[0]:
            click.echo(line.rstrip(), err=True)
    if said:
        return int(Exit.REFUTED)
    chosen = [one for one in graphs if name is None or one.name == name]
    if not chosen:
        click.echo("tellverify: there is no such workflow", err=True)
        return int(Exit.NOTHING_SELECTED)
    click.echo(drawn(chosen, style), nl=False)
    return int(Exit.OK)


@workflow.command("schema")
def schema() -> int:
    """Print the JSON Schema of a workflow file, for editors."""
    from tellverify.workflows.workflow_rows import workflow_schema_json

    click.echo(workflow_schema_json(), nl=False)
    return int(Exit.OK)
