"""`tellverify repair`: the least change after which a refuted protocol holds."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from typing import Final

import click
import msgspec

from tellverify.cli import check_options
from tellverify.cli.check_options import Flags
from tellverify.cli.check_plan import prepared, where_configured
from tellverify.cli.complaints import complain
from tellverify.cli.exit import Exit
from tellverify.cli.repair_text import BESIDE, STOPPED, repairs_json, repairs_text, say_malformed
from tellverify.language.files import inputs
from tellverify.obligations.options import Options
from tellverify.repair.judgement import Goal
from tellverify.repair.repair import RepairOptions
from tellverify.report.escape import tame
from tellverify.source.writing import replace_text
from tellverify.verification.file_repairs import (
    NoSuchOffer,
    NoSuchProtocol,
    RepairedFile,
    file_repaired,
    repairs_in,
    why_no_protocols,
)
from tellverify.verification.repairs import ProtocolRepairs, RepairState

_SECONDS: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|)")
_UNLIMITED: Final = 1_000_000_000  # tries and events, where seconds are the limit
_STANDARD_INPUT: Final = "-"


class RepairFlags(msgspec.Struct, frozen=True):
    """What the command line asks for."""

    file: str
    protocols: tuple[str, ...]
    goal: str
    edits: str
    limit: float | None
    write: bool
    take: int | None
    style: str
    config: tuple[str, ...]
    isolated: bool
    stdin_name: str


def parse_limit(
    context: click.Context, parameter: click.Parameter, given: str | None
) -> float | None:
    """`2`, `2s` or `500ms` in seconds."""
    if given is None:
        return None
    match = _SECONDS.fullmatch(given.strip())
    seconds = float(match[1]) / (1_000 if match[2] == "ms" else 1) if match else 0.0
    if not 0 < seconds < 10**9:
        raise click.BadParameter(f"`{tame(given)}` is not a time such as `2`, `2s` or `500ms`")
    return seconds


@click.command("repair")
@click.argument("file")
@click.option("--protocol", "protocols", multiple=True, metavar="NAME", help="Only this one.")
@click.option(
    "--goal",
    type=click.Choice([one.value for one in Goal]),
    default=Goal.REQUIRED.value,
    show_default=True,
    help="What must hold afterwards; strict merge or bounded queues on top of the requirements.",
)
@click.option(
    "--edits",
    type=click.Choice(["conservative", "all"]),
    default="conservative",
    show_default=True,
    help="Edits that keep every run, or also those that change runs.",
)
@click.option(
    "--limit",
    metavar="S",
    callback=parse_limit,
    help="Seconds to search, such as `2s`; a fixed amount of work by default.",
)
@click.option("--write", is_flag=True, help="Change the file.")
@click.option(
    "--take",
    type=click.IntRange(1, 3),
    metavar="N",
    help="With --write, the offer that is taken; the first without it.",
)
@click.option(
    "--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@check_options.configured
@click.option("--stdin-name", default="<stdin>", metavar="NAME", help="Path shown for `-`.")
def repair(**given: object) -> int:
    """Find the smallest change after which a refuted protocol is implementable.

    FILE is a `.tell` file, a Rust source or Markdown page with protocols, or `-`. Repairs are shown
    as a unified diff, up to three for each protocol, and nothing is written without --write. Each
    has passed the whole check of the new text. Exit codes: 0 nothing needs a repair, or everything
    that does has one, 1 the text has errors or something refuted has none, 2 wrong usage or the
    file cannot be written, 3 the limit was reached or something is not known, 4 there is no
    protocol.
    """  # fmt: skip
    flags = msgspec.convert(given, RepairFlags)
    if os.path.isdir(flags.file):
        raise click.UsageError("FILE is a folder; repair one file at a time")
    if flags.take is not None and not flags.write:
        raise click.UsageError("--take says which repair --write makes; give both")
    asked = Flags(
        paths=(flags.file,),
        config=flags.config,
        isolated=flags.isolated,
        stdin_name=flags.stdin_name,
    )
    return where_configured(asked, lambda there: _repair(there, flags))


def _repair(asked: Flags, flags: RepairFlags) -> int:
    ready = prepared(asked, with_baseline=False)
    if ready.options.dialect != "strict":
        raise click.UsageError("repairs follow the strict dialect; the configuration has another")
    named = [
        index for index, one in enumerate(ready.files) if ready.only is None or index in ready.only
    ]
    file = ready.files[named[0]] if named else None
    if file is None or file.text is None:
        say_malformed([] if file is None or file.diagnostic is None else [file.diagnostic], {})
        return int(Exit.REFUTED)
    files = [file, *(one for one in ready.files if one.path != file.path)]
    wanted = RepairOptions(Goal(flags.goal), flags.edits == "all")
    if flags.limit is not None:
        wanted = RepairOptions(
            wanted.goal, wanted.every_kind, flags.limit, tries=_UNLIMITED, work=_UNLIMITED
        )
    try:
        if flags.write:
            done = file_repaired(files, ready.options, wanted, flags.protocols, flags.take or 1)
        else:
            done = repairs_in(files, ready.options, wanted, flags.protocols)
    except NoSuchProtocol as error:
        raise click.UsageError(str(error)) from None
    except NoSuchOffer as error:
        raise click.UsageError(f"{error}, so --take {flags.take} names none") from None
    is_piped = flags.write and flags.file == _STANDARD_INPUT
    if not done.protocols and not _explained(file, ready.options):
        return int(Exit.REFUTED)
    _show(done.protocols, flags, to_errors=is_piped)
    code = exit_code(done.protocols)
    if flags.write and not _write(file, done, is_piped=is_piped):
        code = Exit.USAGE
    return int(code)


def _show(found: Sequence[ProtocolRepairs], flags: RepairFlags, *, to_errors: bool) -> None:
    out = sys.stderr if to_errors else sys.stdout
    if flags.style == "json":
        out.write(repairs_json(found, code=int(exit_code(found)), is_written=flags.write))
        return
    sources = {one.source.path: one.source for one in found}
    errors = list(dict.fromkeys(error for one in found for error in one.errors))
    if errors:
        is_stopped = all(one.state is RepairState.MALFORMED for one in found if one.errors)
        say_malformed(errors, sources, STOPPED if is_stopped else BESIDE)
    taken = (flags.take or 1) if flags.write else 0
    for line in repairs_text(found, taken=taken, every_kind=flags.edits == "all"):
        out.write(f"{line}\n")


def _explained(file: inputs.ReadFile, options: Options) -> bool:
    """Say why a file has no protocols; False where that is an error."""
    why = why_no_protocols(file, options)
    if why.included:
        complain(f"its protocols are in other files, repair those: {tame(', '.join(why.included))}")
        return True
    if why.errors:
        say_malformed(why.errors, {why.source.path: why.source})
        return False
    complain("the file has no protocol")
    return True


def exit_code(found: Sequence[ProtocolRepairs]) -> Exit:
    """The exit code for the repairs of a file: a refutation outweighs an undecided obligation."""
    states = {one.state for one in found}
    if not states:
        return Exit.NOTHING_SELECTED
    if states & {RepairState.MALFORMED, RepairState.UNREPAIRED}:
        return Exit.REFUTED
    if any(one.left or one.errors for one in found):
        return Exit.REFUTED
    if states & {RepairState.LIMITED, RepairState.UNKNOWN}:
        return Exit.UNKNOWN
    return Exit.OK


def _write(file: inputs.ReadFile, done: RepairedFile, *, is_piped: bool) -> bool:
    """Write the repaired text, unless the file has changed meanwhile; False when that fails."""
    if is_piped:
        sys.stdout.flush()
        sys.stdout.buffer.write(done.text.encode("utf-8", "surrogatepass"))
        sys.stdout.buffer.flush()
        return True
    if done.text == file.text:
        return True
    shown = tame(file.path)
    if inputs.read(file.path).sha256 != file.sha256:
        complain(f"{shown} stays as it is: it has changed since it was read")
        return False
    try:
        replace_text(file.path, done.text)
    except OSError as error:
        complain(f"cannot write {shown}: {error.strerror}")
        return False
    click.echo(f"repaired {shown}", err=True)
    return True
