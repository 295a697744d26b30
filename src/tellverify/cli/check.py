"""`tellverify check`: the verb of CI."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from typing import Final

import click
import msgspec

from tellverify.cli.again import command_line
from tellverify.cli.reports import FORMATS, Output, deliver, parse_reports
from tellverify.diagnostics.model import Severity
from tellverify.engine import inputs
from tellverify.engine.options import Options
from tellverify.engine.pipeline import Checked, check_files
from tellverify.report.kinds import KINDS
from tellverify.verdict.property import Property
from tellverify.verdict.run import EvidenceFile

_BUDGET: Final = re.compile(
    r"\s*(?P<sender>[A-Za-z_]\w*)\s*(?:->\s*(?P<receiver>[A-Za-z_]\w*)\s*)?=\s*(?P<limit>[0-9]+)\s*"
)
_MOST_SIZES: Final = 1_000


def parse_instances(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """`Devices=1..3`, `Devices=4` or `Devices=1,2,8` as family and sizes."""
    found: dict[str, tuple[int, ...]] = {}
    for text in given:
        family, equals, sizes = text.partition("=")
        if not equals or not family:
            raise click.BadParameter(f"`{text}` is not of the form FAMILY=1..3")
        if family in found:
            raise click.BadParameter(f"sizes of `{family}` are given twice")
        found[family] = _sizes(text, sizes)
    return tuple(found.items())


def parse_budgets(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> tuple[tuple[str, str, int], ...]:
    """`Role=500` or `A->B=500` as sender, receiver or nothing, and limit."""
    found: dict[tuple[str, str], int] = {}
    for text in given:
        match = _BUDGET.fullmatch(text)
        if match is None:
            raise click.BadParameter(
                f"`{text}` is not of the form ROLE=500 or SENDER->RECEIVER=500"
            )
        if len(match["limit"]) > 20 or int(match["limit"]) >= 2**64:
            raise click.BadParameter(f"the budget in `{text}` does not fit into 64 bits")
        row = (match["sender"], match["receiver"] or "")
        if row in found:
            raise click.BadParameter(
                f"the budget of `{' -> '.join(filter(None, row))}` is given twice"
            )
        found[row] = int(match["limit"])
    return tuple((*row, limit) for row, limit in found.items())


def _sizes(text: str, sizes: str) -> tuple[int, ...]:
    found: dict[int, None] = {}
    for part in sizes.split(","):
        low, dots, high = part.partition("..")
        if (
            not low.isascii()
            or not low.isdigit()
            or (dots and not (high.isascii() and high.isdigit()))
        ):
            raise click.BadParameter(f"`{part}` in `{text}` is no size and no range of sizes")
        if len(low) > 9 or len(high) > 9:
            raise click.BadParameter(f"`{part}` in `{text}` is too large")
        last = int(high) if dots else int(low)
        if last < int(low):
            raise click.BadParameter(f"the range `{part}` in `{text}` is empty")
        if last - int(low) >= _MOST_SIZES:
            raise click.BadParameter(f"`{part}` in `{text}` names more than {_MOST_SIZES} sizes")
        found.update((size, None) for size in range(int(low), last + 1))
    return tuple(found)


def parse_witness(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> tuple[str, ...]:
    """Events of which each can be read, and speaks of one position of a run."""
    if not given:
        return ()
    from tellverify.temporal.parser import parse_event
    from tellverify.temporal.surface import FormulaError, is_timeless

    for text in given:
        try:
            timeless = is_timeless(parse_event(text))
        except FormulaError as error:
            at = error.span.start + 1
            raise click.BadParameter(f"`{text}`, column {at}: {error.message}") from None
        if not timeless:
            raise click.BadParameter(f"`{text}` is no event: state it as a property")
    return given


@click.command("check")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--instances",
    multiple=True,
    metavar="FAMILY=1..3",
    callback=parse_instances,
    help="Sizes of a role family; 1..3 without this.",
)
@click.option("--protocol", "protocols", multiple=True, metavar="NAME", help="Only this protocol.")
@click.option(
    "--property",
    "properties",
    multiple=True,
    metavar="NAME",
    type=click.Choice([p.value for p in Property]),
    help="Only this property.",
)
@click.option(
    "--witness",
    multiple=True,
    metavar="EVENT",
    callback=parse_witness,
    help="Only find a shortest run to `A -> B : X`, `branch LABEL` or `R finished`.",
)
@click.option("--role", "roles", multiple=True, metavar="NAME", help="Only this role.")
@click.option(
    "--require",
    type=click.Choice(["proved", "bounded"]),
    default="bounded",
    show_default=True,
    help="What required obligations need.",
)
@click.option(
    "--dialect",
    type=click.Choice(["strict", "faithful"]),
    default="strict",
    show_default=True,
    help="Report Telltale's accidents, or accept, reject and run as it does.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "never"]),
    default="error",
    show_default=True,
    help="Findings that make the check fail.",
)
@click.option("--exit-zero", is_flag=True, help="Exit 0 instead of 1 or 3.")
@click.option(
    "--format",
    "style",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="What goes to standard output.",
)
@click.option(
    "--report",
    "reports",
    multiple=True,
    metavar="KIND=PATH",
    callback=parse_reports,
    help=f"Write a report file, or standard output with `-`: {', '.join(KINDS)}.",
)
@click.option(
    "--evidence",
    type=click.Path(),
    metavar="DIR",
    help="Write certificates, and the trace of every refuted obligation, into this folder.",
)
@click.option(
    "--steps",
    type=click.IntRange(1),
    default=Options().step_limit,
    metavar="N",
    help="Work per question before it is given up.",
)
@click.option(
    "--events",
    type=click.IntRange(1),
    default=Options().event_limit,
    metavar="N",
    help="Largest protocol graph that is examined.",
)
@click.option(
    "--machines",
    multiple=True,
    type=click.Path(),
    metavar="FILE",
    help="Check local types or machines instead; with PATH also that they keep to its protocol.",
)
@click.option(
    "--queue",
    type=click.IntRange(1, 64),
    default=Options().queue_limit,
    metavar="N",
    help="Longest queue that is searched when no bound says all.",
)
@click.option(
    "--policy",
    metavar="PATH",
    help="Policy file or folder: decide whether a runtime admits each protocol.",
)
@click.option(
    "--runtime", metavar="PROFILE", help="A runtime of the policy other than its default."
)
@click.option(
    "--budget",
    "budgets",
    multiple=True,
    metavar="ROLE=N",
    callback=parse_budgets,
    help="Prove that no run charges the role more; SENDER->RECEIVER=N for one peer.",
)
@click.option("--stdin-name", default="<stdin>", metavar="NAME", help="Path shown for `-`.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto")
@click.option("-q", "--quiet", is_flag=True, help="Nothing on standard output but errors.")
@click.option("-v", "--verbose", is_flag=True, help="Show runs and verdicts in full.")
def check(
    paths: tuple[str, ...],
    instances: tuple[tuple[str, tuple[int, ...]], ...],
    protocols: tuple[str, ...],
    properties: tuple[str, ...],
    witness: tuple[str, ...],
    roles: tuple[str, ...],
    require: str,
    dialect: str,
    fail_on: str,
    exit_zero: bool,
    style: str,
    reports: tuple[tuple[str, str], ...],
    evidence: str | None,
    steps: int,
    events: int,
    machines: tuple[str, ...],
    queue: int,
    policy: str | None,
    runtime: str | None,
    budgets: tuple[tuple[str, str, int], ...],
    stdin_name: str,
    color: str,
    quiet: bool,
    verbose: bool,
) -> int:
    """Decide all obligations of the choreographies in files and folders.

    PATH is a `.tell` file, a Rust source or Markdown page that holds choreographies, a folder, or
    `-` for standard input; without one the working folder is checked. Exit codes: 0 all required
    obligations hold, 1 one is refuted or a file has errors, 2 wrong usage, 3 one is not known,
    4 nothing was checked.
    """  # fmt: skip
    options = Options(
        instances=instances,
        protocols=protocols,
        properties=properties or ((Property.REACHABLE.value,) if witness else ()),
        witness=witness,
        roles=roles,
        require=require,
        dialect=dialect,
        fail_on=fail_on,
        event_limit=events,
        step_limit=steps,
        queue_limit=queue,
        budgets=budgets,
        keep_graphs=evidence is not None,
        coverage=verbose or bool({style, *(kind for kind, _ in reports)} & {"json", "html"}),
        draw=style == "json" or any(kind in ("json", "html") for kind, _ in reports),
        policy=policy,
        runtime=runtime or "",
    )
    if options.policy is not None or options.runtime:
        from tellverify.cli.policies import is_usable

        if not is_usable(options.policy, options.runtime):
            return 2
    files = (
        inputs.decode(stdin_name, sys.stdin.buffer.read(inputs.LIMIT + 1))
        if path == "-"
        else inputs.read(path, embedded=True)
        for path in inputs.find(paths or (".",), embedded=True)
    )
    if machines:
        checked = _check_machines(machines, list(files) if paths else [], options)
    else:
        checked = check_files(files, options)
    complaints = _names_of_nothing(checked, options)
    run = msgspec.structs.replace(checked.run, command=command_line())
    if options.draw:
        from tellverify.engine.drawings import with_drawings

        run = with_drawings(run, checked.graphs)
    if evidence is not None:
        written = _write_evidence(checked, evidence, complaints)
        run = msgspec.structs.replace(run, evidence=written)
    output = Output("none" if quiet else style, color, verbose, reports)
    code = deliver(run, checked.sources, output, complaints)
    return 0 if exit_zero and code in (1, 3) else code


def _check_machines(
    paths: Sequence[str], compared: list[inputs.ReadFile], options: Options
) -> Checked:
    """Machines as one system, compared with the choreography of one file if there is one."""
    from tellverify.engine.machine_check import check_machines

    if len(compared) > 1:
        raise click.UsageError("machines are compared with the protocol of one file")
    read = [inputs.read_any(path.replace(os.sep, "/")) for path in dict.fromkeys(paths)]
    return check_machines(read, compared[0] if compared else None, options)


def _names_of_nothing(checked: Checked, options: Options) -> list[str]:
    """Families and roles that were named and that no checked protocol has: a slip of the pen."""
    protocols = checked.run.protocols
    broken = any(d.severity is Severity.ERROR and not d.refutes for d in checked.run.diagnostics)
    if not protocols or broken:
        return []  # the role may stand where nothing could be read
    roles = {role.partition("[")[0] for protocol in protocols for role in protocol.roles}
    named = [family for family, _ in options.instances]
    named += [role.partition("[")[0] for role in options.roles]
    named += [
        role for sender, receiver, _ in options.budgets for role in (sender, receiver) if role
    ]
    items = {verdict.subject.item for protocol in protocols for verdict in protocol.verdicts}
    return [
        *(
            f"no protocol that was checked has the names of `{event}`"
            for event in options.witness
            if event not in items
        ),
        *(
            f"no protocol that was checked has the names of property `{user.name}`"
            f" ({user.path}:{user.line})"
            for user in options.user_properties
            if user.name not in items and not (options.protocols or options.properties)
        ),
    ] + [
        f"no protocol that was checked has a role `{name}`"
        for name in dict.fromkeys(named)
        if name not in roles
    ]


def _write_evidence(
    checked: Checked, folder: str, complaints: list[str]
) -> tuple[EvidenceFile, ...]:
    """Write all evidence; what cannot be written is a complaint."""
    from tellverify.engine.evidence import write_evidence

    try:
        return write_evidence(checked, folder)
    except OSError as error:
        complaints.append(f"cannot write evidence into {folder}: {error.strerror}")
        return ()
