"""`tellverify laws` and `tellverify patterns`: the commands on TOML files, and how they end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias, TypeVar

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
from tellverify.diagnostics.wording import counted
from tellverify.language.files import inputs
from tellverify.obligations.options import MOST_STEPS, Options
from tellverify.report.escape import tame
from tellverify.source.toml import TomlFault, read_toml
from tellverify.verification.checked import Checked
from tellverify.verification.deadline import is_supported

_SUFFIX = ".toml"
_EXPECTATION = "expected.toml"
_TOTAL: Final = 600.0
_Check: TypeAlias = Callable[[Iterable[inputs.ReadFile], Options, float | None], Checked]
_Command = TypeVar("_Command", bound=Callable[..., int])


class DataKind(msgspec.Struct, frozen=True):
    """What tells files of a kind from others: the name of their tables, a word of their schema."""

    table: str
    word: str


class DataFlags(msgspec.Struct, frozen=True):
    """What such a command was given; `names` selects the claims to decide."""

    paths: tuple[str, ...]
    names: tuple[str, ...]
    style: str
    reports: tuple[tuple[str, str], ...]
    evidence: str | None
    require: str
    steps: int
    timeout: float | None
    color: str
    verbose: bool


def data_options(command: _Command) -> _Command:
    """The argument and the options behind `DataFlags`."""
    for option in reversed(
        (
            click.argument("paths", nargs=-1, required=True, metavar="PATH..."),
            click.option("--name", "names", multiple=True, metavar="NAME", help="Only this one."),
            click.option(
                "--format", "style", type=click.Choice(FORMATS), default="text", show_default=True
            ),
            report_option,
            click.option(
                "--evidence",
                type=click.Path(),
                metavar="DIR",
                help="Write queries as SMT-LIB scripts and runs as ITF into this folder.",
            ),
            click.option(
                "--require",
                type=click.Choice(["proved", "bounded"]),
                default="bounded",
                show_default=True,
                help="The outcome that suffices: some claims are decided for given sizes alone.",
            ),
            click.option(
                "--steps",
                type=click.IntRange(1, 2**32 - 1),
                default=MOST_STEPS,
                show_default=True,
                metavar="N",
                help="Work spent on one question before giving up.",
            ),
            click.option(
                "--timeout",
                type=click.FloatRange(0, min_open=True),
                metavar="S",
                help="Seconds for one structure or model; 600 for all together in any case.",
            ),
            click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto"),
            click.option("-v", "--verbose", is_flag=True, help="Show verdicts in full."),
        )
    ):
        command = option(command)
    return command


def decide(flags: DataFlags, check: _Check, subject: str, kind: DataKind) -> int:
    """Check the files, write evidence and reports; the exit code.

    `subject` is the word for one of what they describe. Of a folder those of the `kind` are read,
    and those that cannot be read or are not valid TOML; how many others there are is said.
    """
    if flags.timeout is not None and (flags.timeout != flags.timeout or not is_supported()):
        raise click.UsageError("time limits are numbers, and not every platform supports them")
    options = Options(
        protocols=flags.names,
        require=flags.require,
        step_limit=flags.steps,
        keep_graphs=flags.evidence is not None,
        seconds=flags.timeout,
    )
    for path in flags.paths:
        if path.endswith((inputs.SUFFIX, *inputs.EMBEDDING)):
            complain(
                f"a {subject} is in a TOML file; `tellverify check {tame(path)}` reads protocols"
            )
            return int(Exit.USAGE)
    read, others = _read(flags.paths, kind)
    if others:
        count = counted(len(others), "other TOML file")
        complain(f"{count} passed over, first {tame(others[0])}")
    if not read:
        complain(f"no TOML file with a {subject} was found")
        return int(Exit.NOTHING_SELECTED)
    keep_inputs(flags.reports, (one.path for one in read))
    checked = check(read, options, _TOTAL if is_supported() else None)
    run = msgspec.structs.replace(checked.run, command=command_line())
    if run.exit_code == Exit.NOTHING_SELECTED and not run.protocols:
        run = msgspec.structs.replace(run, exit_reason=f"no {subject} was selected")
    output = Output(flags.style, flags.color, flags.verbose, flags.reports)
    return deliver_with_evidence(run, checked, flags.evidence, output)


def _read(paths: Sequence[str], kind: DataKind) -> tuple[list[inputs.ReadFile], list[str]]:
    """The files of a kind, and the paths of others in folders."""
    found: list[inputs.ReadFile] = []
    others: list[str] = []
    named = {path.replace(os.sep, "/") for path in paths}
    for path in inputs.find(paths, counts=_may_count, suffixes=(_SUFFIX,)):
        file = inputs.read_any(path)
        if path not in named and file.text is not None and not _is_of(kind, file.text):
            others.append(path)
        else:
            found.append(file)
    return found, others


def _is_of(kind: DataKind, text: str) -> bool:
    """Whether a text is meant as a file of a kind: by its tables, its `schema`, or broken."""
    document = read_toml("", text)
    if isinstance(document, TomlFault):
        return True
    return kind.table in document.table or kind.word in str(document.table.get("schema", ""))


def _may_count(path: str) -> bool:
    return os.path.basename(path) != _EXPECTATION


@click.command("laws")
@data_options
def laws(**given: object) -> int:
    """Decide the laws of the structures that TOML files describe.

    PATH is such a file or a folder of them, where other TOML files are passed over and counted.
    A broken law comes with the smallest values that break it. Exit codes: 0 all laws hold,
    1 one is broken or a file has errors, 3 one is not known, 4 nothing was checked.
    """
    from tellverify.verification.law_files import check_laws

    return decide(
        msgspec.convert(given, DataFlags), check_laws, "structure", DataKind("structure", "laws")
    )


@click.command("patterns")
@data_options
def patterns(**given: object) -> int:
    """Decide the claims about the models in TOML files.

    PATH is such a file or a folder of them, where other TOML files are passed over and counted.
    A claim that is false comes with a shortest run against it. Exit codes: 0 all claims hold,
    1 one is false or a file has errors, 3 one is not known, 4 nothing was checked.
    """
    from tellverify.verification.pattern_files import check_patterns

    return decide(
        msgspec.convert(given, DataFlags), check_patterns, "model", DataKind("pattern", "patterns")
    )
