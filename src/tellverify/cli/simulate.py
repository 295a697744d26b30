"""`tellverify simulate`: random runs of a protocol, statistics, and the first fault that is met."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

import click
import msgspec
from click.core import ParameterSource

from tellverify.cli.check_options import Flags
from tellverify.cli.check_plan import complain_refused, settled
from tellverify.cli.complaints import Stopped, complain, say
from tellverify.cli.exit import Exit
from tellverify.cli.nearest import did_you_mean
from tellverify.cli.opening import chosen, opened, parse_sizes
from tellverify.cli.policies import style_of_output
from tellverify.cli.simulate_output import (
    SimulationRow,
    fault_lines,
    log_of_run,
    run_lines,
    statistics_lines,
)
from tellverify.diagnostics.faults import is_left_out, unknown_names
from tellverify.language.files import inputs
from tellverify.language.instances import SizeFault
from tellverify.model.limits import MachineTooLarge
from tellverify.model.scenario import Scenario, TooManyFaultSets
from tellverify.obligations.options import Options
from tellverify.report.escape import tame
from tellverify.search.random_walk import ScheduleKind
from tellverify.search.simulated_run import SimulatedRun
from tellverify.search.simulation import MOST_EVENTS, Simulator
from tellverify.search.simulation_statistics import Tally
from tellverify.search.timed_rows import TooManyTimedPlaces
from tellverify.source.text import SourceFile
from tellverify.verdict.identity import NO_FAULTS
from tellverify.verification.output_paths import is_one_of
from tellverify.verification.refused import RefusedFile
from tellverify.verification.settings import Settings
from tellverify.verification.shown_simulation import presumed, shown_fault
from tellverify.verification.simulation_subject import (
    MANY_PLACES,
    NotSimulated,
    SimulationSubject,
    simulator_of,
    subject_of_machines,
    subject_of_protocol,
)

if TYPE_CHECKING:
    from tellverify.search.timed_simulation import TimedSimulator


class _Asked(msgspec.Struct, frozen=True):
    """What the command line says of the runs."""

    runs: int
    index: int | None
    until: str | None
    style: str
    options: Options


@click.command("simulate")
@click.argument("file", required=False)
@click.option("--protocol", metavar="NAME", help="This protocol; the first by default.")
@click.option(
    "--instances",
    multiple=True,
    metavar="FAMILY=N",
    callback=parse_sizes,
    help="Size of a role family; 3 by default.",
)
@click.option(
    "--machines",
    multiple=True,
    type=click.Path(),
    metavar="FILE",
    help="Simulate local types or machines instead of a protocol.",
)
@click.option(
    "--runs",
    type=click.IntRange(1, 10**9),
    default=1_000,
    show_default=True,
    metavar="N",
    help="How many runs are made.",
)
@click.option("--seed", type=click.IntRange(0), default=0, metavar="N", help="Decides all choices.")
@click.option(
    "--index",
    type=click.IntRange(0),
    metavar="N",
    help="Make this run of the seed alone, and show it.",
)
@click.option(
    "--schedule",
    type=click.Choice([kind.value for kind in ScheduleKind]),
    default=ScheduleKind.PCT.value,
    show_default=True,
    help="Who acts next: any role, or the one of the highest priority.",
)
@click.option(
    "--until", type=click.Choice(["refuted"]), help="Stop at the first run that shows a fault."
)
@click.option("--faults", metavar="NAME", help="Under this scenario; no faults by default.")
@click.option(
    "--events",
    "most_events",
    type=click.IntRange(1, 10**9),
    default=MOST_EVENTS,
    show_default=True,
    metavar="N",
    help="Most events of a run.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "jsonl"]),
    default="text",
    show_default=True,
    help="Statistics as text or JSON, or the events of all runs, a line each.",
)
@click.option(
    "--log", "log_path", metavar="PATH", help="Write the events of all runs to this file."
)
@click.option("--no-progress", is_flag=True, help="Show no progress line.")
@click.option("-v", "--verbose", is_flag=True, help="Show runs in full.")
def simulate(
    file: str | None,
    protocol: str | None,
    instances: dict[str, int],
    machines: tuple[str, ...],
    runs: int,
    seed: int,
    index: int | None,
    schedule: str,
    until: str | None,
    faults: str | None,
    most_events: int,
    style: str,
    log_path: str | None,
    no_progress: bool,
    verbose: bool,
) -> int:
    """Make random runs of the protocol in FILE and count what happens in them.

    A seed and the index of a run give the same run in every process. A fault that is met is reduced
    to the events that cause it, and a breadth-first search looks for a shorter run that shows it. A
    simulation without a fault proves nothing; `check` does. With `--format jsonl` the events of all
    runs are written as a log that `replay` reads. Exit codes: 0 no fault was met, 1 one was, or
    FILE has errors, 2 wrong usage, 3 it cannot be simulated.
    """
    if bool(file) == bool(machines):
        raise click.UsageError("give a FILE, or machines with --machines")
    _check_index(index, until)
    settings = None
    try:
        settings = settled(Flags())
        options = settings.options
        subject = _subject(file, machines, protocol, instances, options)
        scenario = _scenario(subject, faults)
        simulator = simulator_of(
            subject,
            scenario,
            options,
            seed=seed,
            schedule=ScheduleKind(schedule),
            most_events=most_events,
        )
        asked = _Asked(runs, index, until, style, options)
        read = (*subject.read, *([settings.path] if settings.path else []))
        with _log(log_path, style, read) as out:
            return _simulated(subject, simulator, asked, out, verbose, quiet=no_progress)
    except RefusedFile as refused:
        return complain_refused(refused)
    except NotSimulated as stop:
        say(stop.diagnostics, {**stop.sources, **_configuration(settings)})
        if stop.reason:
            complain(tame(stop.reason))
        return Exit.REFUTED if stop.is_refuted else Exit.UNKNOWN
    except Stopped as stop:
        return stop.code
    except SizeFault as fault:
        raise click.UsageError(str(fault)) from None
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    except TooManyTimedPlaces:
        complain(MANY_PLACES)
        return Exit.UNKNOWN
    except (MachineTooLarge, TooManyFaultSets) as error:
        complain(f"not simulated: {error or 'too many sets of roles may fail together'}")
        return Exit.UNKNOWN


def _subject(
    file: str | None,
    machines: tuple[str, ...],
    protocol: str | None,
    sizes: dict[str, int],
    options: Options,
) -> SimulationSubject:
    if file is None:
        if protocol or sizes:
            raise click.UsageError("machines have neither a protocol nor families of other sizes")
        paths = dict.fromkeys(path.replace(os.sep, "/") for path in machines)
        return subject_of_machines([inputs.read_any(path) for path in paths], options)
    place = opened(file)
    said = [one for one in place.diagnostics() if one.severity == "error"]
    protocols = place.protocols()
    if said and not protocols:
        raise NotSimulated("", said, place.sources())
    return subject_of_protocol(place, chosen(protocols, protocol), sizes, options)


def _scenario(subject: SimulationSubject, name: str | None) -> Scenario:
    if name is None or name == NO_FAULTS:
        return Scenario()
    found = subject.scenario(name)
    if found is not None:
        return found
    unfit = [unknown_names(one, name) for one in subject.left_out if is_left_out(one, name)]
    if unfit:
        raise NotSimulated("", unfit)
    names = [one.name for one in subject.scenarios]
    meant = did_you_mean(name, names) or f"; it has: {', '.join(names) or 'none'}"
    raise click.UsageError(f"`{tame(subject.name)}` has no scenario `{tame(name)}`{meant}")


def _configuration(settings: Settings | None) -> dict[str, SourceFile]:
    """The text of the configuration, by the path that findings in it have."""
    if settings is None or not settings.path:
        return {}
    name = os.path.basename(settings.path)
    return {name: msgspec.structs.replace(inputs.read_any(settings.path), path=name).source()}


def _check_index(index: int | None, until: str | None) -> None:
    """A single run has no number of runs and nothing to stop at. Raises click.UsageError."""
    if index is None:
        return
    source = click.get_current_context().get_parameter_source("runs")
    if source is ParameterSource.COMMANDLINE:
        raise click.UsageError("--index makes one run; --runs has no meaning with it")
    if until is not None:
        raise click.UsageError("--index makes one run; --until has no meaning with it")


def _simulated(
    subject: SimulationSubject,
    simulator: Simulator | TimedSimulator,
    asked: _Asked,
    log: TextIO | None,
    verbose: bool,
    *,
    quiet: bool,
) -> int:
    tally = Tally(simulator)
    first: SimulatedRun | None = None
    start = 0 if asked.index is None else asked.index
    count = asked.runs if asked.index is None else 1
    quiet = quiet or not sys.stderr.isatty()
    with _progress(quiet) as tell:
        for done, run in enumerate(simulator.runs(count, start), start=1):
            tally.add(run)
            if log is not None:
                log.writelines(log_of_run(simulator, run, subject.name))
            if run.fault is not None and first is None:
                first = run
            tell(done, count, "")
            if first is not None and asked.until is not None:
                break
    shown = None if first is None else shown_fault(simulator, first, asked.options)
    granted = presumed(subject, asked.options)
    row = SimulationRow.of(subject, simulator, tally.statistics(), first, shown, granted)
    if asked.style == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(row), indent=2).decode())
    elif asked.style == "text":
        style = style_of_output()
        lines = statistics_lines(row, style)
        if asked.index is not None:
            lines += run_lines(simulator, simulator.run(start), style, verbose)
        if shown is not None and first is not None:
            lines += fault_lines(row, shown, simulator.roles, style, verbose)
        for line in lines:
            click.echo(line.rstrip())
    return Exit.REFUTED if first is not None else Exit.OK


@contextmanager
def _log(path: str | None, style: str, read: tuple[str, ...]) -> Iterator[TextIO | None]:
    """Where the events of runs go: to a file, to standard output, or nowhere.

    Never to one of the files that were `read`.
    """
    if path is None:
        yield sys.stdout if style == "jsonl" else None
        return
    if style == "jsonl":
        raise click.UsageError("give --log or --format jsonl, not both")
    if is_one_of(path, read):
        raise click.UsageError(f"the log would replace {tame(path)}, which is read")
    try:
        out = open(path, "w", encoding="utf-8")  # noqa: SIM115
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise click.UsageError(f"cannot write {tame(path)}: {reason}") from None
    with out:
        yield out


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[int, int, str], None]]:
    if quiet:
        yield lambda done, total, about: None
        return
    from tellverify.cli.console import shown_progress

    with shown_progress(noun="runs") as tell:
        yield tell
