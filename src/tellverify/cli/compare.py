"""`tellverify compare`: whether old and new roles can run together, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from tellverify.cli import check_options
from tellverify.cli.check_options import Flags
from tellverify.cli.check_parse import parse_equations, parse_instances
from tellverify.cli.check_plan import settled, where_configured
from tellverify.cli.complaints import complain
from tellverify.cli.reports import Output, command_line, deliver, keep_inputs
from tellverify.cli.unmatched_names import names_of_nothing, unknown_protocols
from tellverify.obligations.options import Options
from tellverify.verdict.versions import FailOn
from tellverify.verification.settings import Settings
from tellverify.versions.wire_labels import WireRules

if TYPE_CHECKING:
    from tellverify.cli.against import Sides
    from tellverify.versions.comparing import Comparing


class CompareFlags(msgspec.Struct, frozen=True):
    """What was given to `compare` beside what it shares with `check`."""

    against: str | None = None
    machines: str | None = None
    accept: FailOn | None = None
    payloads: tuple[tuple[str, str], ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()


@click.command("compare")
@click.argument("paths", nargs=-1, metavar="OLD NEW")
@click.option(
    "--against",
    metavar="REF",
    help="Compare the working tree, or the PATHs of it, with this git revision.",
)
@click.option("--protocol", "protocols", multiple=True, metavar="NAME", help="Only this one.")
@click.option(
    "--machines",
    type=click.Choice(["old", "new", "both"]),
    help="This side holds machines or local types; JSON files always do.",
)
@click.option(
    "--fail-on",
    "accept",
    type=click.Choice(["major", "ordered", "minor"]),
    help=(
        "Fail when no order is safe (major, the default), when not every order is (ordered), or"
        " on any change of behaviour (minor)."
    ),
)
@click.option(
    "--renamed",
    multiple=True,
    metavar="OLD=NEW",
    callback=parse_equations,
    help="A role that has a new name.",
)
@click.option(
    "--payloads",
    multiple=True,
    metavar="TYPE=TYPE",
    callback=parse_equations,
    help="Payload types that read each other.",
)
@click.option(
    "--instances",
    multiple=True,
    metavar="FAMILY=1..3",
    callback=parse_instances,
    help="Sizes of a role family; 1..3 by default.",
)
@click.option(
    "--queue",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Longest queue to search when no bound is known to suffice.",
)
@click.option(
    "--require",
    type=click.Choice(["proved", "bounded"]),
    help="Weakest outcome accepted for mixtures; bounded by default.",
)
@check_options.output
@check_options.inputs
def compare(**given: object) -> int:
    """Decide which mixtures of old and new roles run together without a fault.

    OLD and NEW are files or folders of choreographies, or files of machines; with --against REF,
    the paths are compared with a git revision. Says in which order roles can be upgraded, and
    which release in between helps where no order is safe. Exit codes: 0 accepted, 1 refused or a
    version fails by itself, 2 wrong usage, 3 not known, 4 nothing to compare.
    """
    own = msgspec.convert(
        {name: given.pop(name) for name in CompareFlags.__struct_fields__}, CompareFlags
    )
    flags = msgspec.convert(given, Flags)
    if own.against is None and len(flags.paths) != 2:
        raise click.UsageError("give OLD and NEW, or --against REF and the paths to compare")
    if flags.paths.count("-") > 1:
        raise click.UsageError("standard input can be one side only")
    if own.against is not None and own.machines is not None and own.machines != "both":
        raise click.UsageError("with --against, --machines is `both`")
    return where_configured(flags, lambda there: _once(there, own))


def _once(flags: Flags, own: CompareFlags) -> int:
    from tellverify.cli.against import require_members
    from tellverify.versions.comparing import compare as compare_sides
    from tellverify.versions.opening import NoSide

    settings = settled(flags)
    options = msgspec.structs.replace(settings.options, protocols=flags.protocols)
    require_members(options)
    fail_on = own.accept or settings.compare.fail_on
    rules = WireRules(
        (*settings.compare.payloads, *own.payloads), (*settings.compare.renamed, *own.renamed)
    )
    try:
        sides = _sides(flags, own, fail_on, rules, options, settings)
    except NoSide as error:
        raise click.UsageError(str(error)) from None
    found = compare_sides(*sides)
    run = msgspec.structs.replace(
        found.checked.run, command=command_line(), configuration=settings.listed
    )
    keep_inputs(flags.reports, found.checked.sources)
    complaints, notes = _unmatched(found, sides, flags, own, rules)
    if flags.evidence is not None:
        from tellverify.versions.mixture_evidence import write_comparison

        try:
            run = write_comparison(found, run, flags.evidence)
        except OSError as error:
            complaints.append(f"cannot write evidence into {flags.evidence}: {error.strerror}")
    for note in notes:
        complain(note)
    style = "errors" if flags.quiet else flags.style
    read = (settings.path,) if settings.path else ()
    output = Output(style, flags.color, flags.verbose, flags.reports, read=read)
    return deliver(run, found.checked.sources, output, complaints)


def _unmatched(
    found: Comparing, sides: Sides, flags: Flags, own: CompareFlags, rules: WireRules
) -> tuple[list[str], list[str]]:
    """Faults of the call and notes: families and protocols that it names and no version has.

    Against a revision only what differs is looked at, so a family may be that of another protocol.
    """
    run = found.checked.run
    sizes = tuple((rules.new_name(family), numbers) for family, numbers in flags.instances)
    unknown = (
        names_of_nothing(found.checked, Options(instances=sizes))
        if all(one.roles for one in run.protocols)
        else []
    )
    if own.against is not None:
        return [], unknown
    old, new, _ = sides
    return unknown, unknown_protocols((*old.files, *new.files), flags.protocols)


def _sides(
    flags: Flags,
    own: CompareFlags,
    fail_on: FailOn,
    rules: WireRules,
    options: Options,
    settings: Settings,
) -> Sides:
    """The two sides and the question about them. Raises NoSide."""
    from tellverify.versions.opening import both_sides

    if own.against is None:
        old, new = flags.paths
        machines = {"old", "new"} if own.machines == "both" else {own.machines or ""}
        return both_sides(old, new, frozenset(machines), fail_on, rules, options)
    from tellverify.cli.against import against

    return against(own.against, flags, fail_on, rules, options, settings, own.machines is not None)
