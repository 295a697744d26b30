"""`tellverify patterns`: do models of resilience keep what is claimed of them?"""

from __future__ import annotations

import os
from collections.abc import Iterator

import click
import msgspec

from tellverify.cli.again import command_line
from tellverify.cli.exit import Exit
from tellverify.cli.reports import FORMATS, Output, deliver, parse_reports
from tellverify.engine import inputs
from tellverify.engine.options import Options
from tellverify.report.kinds import KINDS

_SUFFIX = ".toml"
_EXPECTATION = "expected.toml"


@click.command("patterns")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--pattern", "patterns_", multiple=True, metavar="NAME", help="Only this one.")
@click.option("--format", "style", type=click.Choice(FORMATS), default="text", show_default=True)
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
    help="Write runs as ITF and queries as SMT-LIB scripts.",
)
@click.option(
    "--require",
    type=click.Choice(["proved", "bounded"]),
    default="bounded",
    show_default=True,
    help="What claims need: some are decided for parameters in their ranges.",
)
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto")
@click.option("-v", "--verbose", is_flag=True, help="Show verdicts in full.")
def patterns(
    paths: tuple[str, ...],
    patterns_: tuple[str, ...],
    style: str,
    reports: tuple[tuple[str, str], ...],
    evidence: str | None,
    require: str,
    color: str,
    verbose: bool,
) -> int:
    """Decide what is claimed of the models that TOML files describe.

    PATH is such a file or a folder of them. A claim that is false comes with a shortest run against
    it. Exit codes: 0 all claims hold, 1 one is false or a file has errors, 3 one is not known,
    4 nothing was checked.
    """
    from tellverify.engine.evidence import write_evidence
    from tellverify.engine.patterns import check_patterns

    options = Options(protocols=patterns_, require=require, keep_graphs=evidence is not None)
    read = [inputs.read_any(path) for given in paths for path in _files(given)]
    if not read:
        click.echo("tellverify: no TOML file was found", err=True)
        return int(Exit.NOTHING_SELECTED)
    checked = check_patterns(read, options)
    complaints: list[str] = []
    run = msgspec.structs.replace(checked.run, command=command_line())
    if evidence is not None:
        try:
            run = msgspec.structs.replace(run, evidence=write_evidence(checked, evidence))
        except OSError as error:
            complaints.append(f"cannot write evidence into {evidence}: {error.strerror}")
    return deliver(run, checked.sources, Output(style, color, verbose, reports), complaints)


def _files(path: str) -> Iterator[str]:
    """The TOML files of a folder, sorted; what is no folder is taken as it is."""
    if not os.path.isdir(path):
        yield path.replace(os.sep, "/")
        return
    for folder, inner, names in os.walk(path):
        inner.sort()
        for name in sorted(names):
            if name.endswith(_SUFFIX) and name != _EXPECTATION:
                yield os.path.join(folder, name).replace(os.sep, "/")
