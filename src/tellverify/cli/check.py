"""`tellverify check`: the verb of CI."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence

import click
import msgspec

from tellverify.cli import check_options
from tellverify.cli.check_options import Flags
from tellverify.cli.check_parse import parse_instances as parse_instances
from tellverify.cli.command_line import command_line
from tellverify.cli.exit import Exit
from tellverify.cli.reports import Output, deliver
from tellverify.cli.session import (
    Prepared,
    checked,
    complain_refused,
    moved,
    prepared,
    settled,
    working_in,
)
from tellverify.diagnostics.model import Severity
from tellverify.language.files import inputs
from tellverify.obligations.options import Options
from tellverify.source.text import SourceFile
from tellverify.verdict.run import EvidenceFile, Run
from tellverify.verification.checked import Checked
from tellverify.verification.refused import Refused
from tellverify.verification.schedule import Conducted
from tellverify.verification.solvers import solvers_of


@click.command("check")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@check_options.what
@check_options.how_far
@check_options.how_long
@check_options.enough
@check_options.findings
@check_options.admission
@check_options.output
@check_options.inputs
@check_options.again
def check(**given: object) -> int:
    """Decide all obligations of the choreographies in files and folders.

    PATH is a `.tell` file, a Rust source or Markdown page that holds choreographies, a folder, or
    `-` for standard input; without one the files that the configuration includes are checked, or
    the working folder. Exit codes: 0 all required obligations hold, 1 one is refuted or a file has
    errors, 2 wrong usage or configuration, 3 one is not known, 4 nothing was checked, 70 a defect
    of tellverify, 130 interrupted.
    """  # fmt: skip
    flags = msgspec.convert(given, Flags)
    if flags.timeout is not None or flags.total_timeout is not None:
        from tellverify.verification.deadline import is_supported

        if not is_supported():
            raise click.UsageError("limits of time are not to be had on this platform")
    try:
        folder = settled(flags).folder
        there = moved(flags, folder)
        with working_in(folder):
            if flags.watch:
                from tellverify.cli.watch import watch

                return watch(there)
            return once(there)
    except Refused as refused:
        return complain_refused(refused)


class Performed(msgspec.Struct, frozen=True):
    """A check that was made, and what is to be written about it."""

    run: Run
    sources: dict[str, SourceFile]
    output: Output
    complaints: tuple[str, ...] = ()


def once(flags: Flags) -> int:
    """Check, report, and return the exit code."""
    done = perform(flags)
    if done is None:
        return Exit.USAGE
    code = deliver(done.run, done.sources, done.output, done.complaints)
    return 0 if flags.exit_zero and code in (1, 3) else code


def perform(flags: Flags) -> Performed | None:
    """Check, and write evidence; None if a policy cannot be used, which has been said.

    Raises Refused for what is wrong with a file that the configuration names.
    """
    begun = time.perf_counter()
    ready = prepared(flags)
    options = ready.options
    if options.policy is not None or options.runtime:
        from tellverify.cli.policies import is_usable

        if not is_usable(options.policy, options.runtime):
            return None
    complaints: list[str] = []
    notes = list(ready.notes)
    found = run_of(ready, flags, notes)
    result = found.checked
    if result.run.exit_code != Exit.INTERRUPTED:
        complaints = _names_of_nothing(result, options, is_whole=not flags.paths)
    run = msgspec.structs.replace(
        result.run, command=command_line(), solvers=solvers_of(result.run.protocols)
    )
    if options.draw:
        from tellverify.verification.drawings import with_drawings

        run = with_drawings(run, result.graphs)
    if ready.evidence is not None:
        written = _write_evidence(result, ready.evidence, complaints)
        run = msgspec.structs.replace(run, evidence=written)
    for note in notes:
        click.echo(f"tellverify: {note}", err=True)
    style = "none" if flags.quiet else flags.style
    told = [f"{found.cached} of {len(result.run.inputs)} files cached"] if found.cached else []
    if flags.timing:  # nothing else in a report depends on the clock
        seconds = round(time.perf_counter() - begun, 3)
        run = msgspec.structs.replace(run, timing=(("total", seconds),))
        told.insert(0, f"{seconds:.1f} s")
    trailer = ", ".join(told)
    output = Output(style, flags.color, flags.verbose, ready.reports, flags.max_findings, trailer)
    return Performed(run, result.sources, output, tuple(complaints))


def run_of(ready: Prepared, flags: Flags, notes: list[str]) -> Conducted:
    """The run of a prepared check; what to tell about it goes to `notes`."""
    if flags.machines:
        compared = list(ready.files) if flags.paths else []
        return Conducted(_check_machines(flags.machines, compared, ready.options))
    if flags.no_progress or flags.quiet or not sys.stderr.isatty():
        found = checked(ready)
    else:
        from tellverify.cli.progress import shown_progress

        with shown_progress() as progress:
            conduct = msgspec.structs.replace(ready.conduct, progress=progress)
            found = checked(msgspec.structs.replace(ready, conduct=conduct))
    notes.extend(found.notes)
    return found


def _check_machines(
    paths: Sequence[str], compared: list[inputs.ReadFile], options: Options
) -> Checked:
    """Machines as one system, compared with the choreography of one file if there is one."""
    from tellverify.verification.machine_check import check_machines

    if len(compared) > 1:
        raise click.UsageError("machines are compared with the protocol of one file")
    read = [inputs.read_any(path.replace(os.sep, "/")) for path in dict.fromkeys(paths)]
    return check_machines(read, compared[0] if compared else None, options)


def _names_of_nothing(checked: Checked, options: Options, *, is_whole: bool) -> list[str]:
    """What was named and no checked protocol has: a slip of the pen.

    A property of the configuration may be of a file that is not checked; so only if `is_whole`.
    """
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
    items = {verdict.scope.item for protocol in protocols for verdict in protocol.verdicts}
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
            if is_whole and user.name not in items and not (options.protocols or options.properties)
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
    from tellverify.verification.evidence_files import write_evidence

    try:
        return write_evidence(checked, folder)
    except OSError as error:
        complaints.append(f"cannot write evidence into {folder}: {error.strerror}")
        return ()
