"""The library's `tellverify.simulate`: its source as machines, its runs one by one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from tellverify.language.files import inputs
from tellverify.language.instances import SizeFault
from tellverify.language.workspace import Unopened, Workspace, opened
from tellverify.model.defect import Defect
from tellverify.model.failure import Outage
from tellverify.model.fault import Fault
from tellverify.model.limits import MachineTooLarge
from tellverify.model.scenario import Scenario, TooManyFaultSets
from tellverify.model.step import Step
from tellverify.obligations.options import Options
from tellverify.search.random_walk import ScheduleKind
from tellverify.search.simulated_run import RunEnding
from tellverify.search.simulation import Simulator
from tellverify.verification.simulation_subject import (
    NotSimulated,
    SimulationSubject,
    simulator_of,
    subject_of_protocol,
)
from tellverify.verification.source_check import is_path

if TYPE_CHECKING:
    from tellverify.search.timed_simulation import TimedSimulator


class SimulationRequest(msgspec.Struct, frozen=True):
    """The arguments of `tellverify.simulate`."""

    runs: int
    seed: int
    start: int
    schedule: str
    faults: str | None
    protocol: str | None
    sizes: dict[str, int]
    most_events: int


class GeneratedRun(msgspec.Struct, frozen=True):
    """A run: its events, what failed in it, how it ended, and the fault that its end shows, if any.

    `culprits` are the roles that the fault concerns.
    """

    index: int
    steps: tuple[Step, ...]
    outages: tuple[Outage, ...]
    ending: RunEnding
    fault: Fault | None = None
    culprits: tuple[str, ...] = ()


def simulate(
    source: str | os.PathLike[str],
    *,
    runs: int = 1_000,
    seed: int = 0,
    start: int = 0,
    schedule: str = "pct",
    faults: str | None = None,
    protocol: str | None = None,
    instances: Mapping[str, int] | None = None,
    most_events: int = 10_000,
    name: str = "<text>",
) -> Iterator[GeneratedRun]:
    """Random runs of a protocol in `source`, a path or a text as `check` takes it.

    Yields `runs` runs with the indices from `start` on. `seed` and index give the same run in every
    process. `schedule` is "pct" or "uniform"; `faults` names a scenario of the source; `protocol`
    is the first without it; `instances` gives the sizes of role families, 3 for others. A run has
    its `steps`, what failed in it (`outages`), how it ended (`ending`: "complete", "stopped",
    "waiting" or "limit" after `most_events` events) and the `fault` that its end shows, if any.

    Raises ValueError for a source with errors or without the protocol or scenario, an unknown
    schedule, a negative number of runs, and a protocol that cannot be simulated.
    """
    sizes = dict(instances or {})
    asked = SimulationRequest(runs, seed, start, schedule, faults, protocol, sizes, most_events)
    return generated(source, asked, name)


def generated(
    source: str | os.PathLike[str], asked: SimulationRequest, name: str
) -> Iterator[GeneratedRun]:
    """The runs that are asked for. Raises ValueError before the first, as `simulate` says."""
    for word, count, least in (
        ("runs", asked.runs, 0),
        ("start", asked.start, 0),
        ("most_events", asked.most_events, 1),
    ):
        if count < least:
            raise ValueError(f"`{word}` is {count}, and has to be {least} or more")
    if asked.schedule not in [kind.value for kind in ScheduleKind]:
        raise ValueError(f"no such schedule: {asked.schedule}")
    try:
        subject = _subject(_workspace(source, name), asked)
        simulator = simulator_of(
            subject,
            _scenario(subject, asked.faults),
            Options(),
            seed=asked.seed,
            schedule=ScheduleKind(asked.schedule),
            most_events=asked.most_events,
        )
    except NotSimulated as error:
        said = [one.message for one in error.diagnostics]
        raise ValueError(error.reason or "; ".join(said)) from None
    except (SizeFault, MachineTooLarge, TooManyFaultSets) as error:
        raise ValueError(str(error) or "too many sets of roles may fail together") from None
    return _runs(simulator, asked)


def _runs(
    simulator: Simulator | TimedSimulator, asked: SimulationRequest
) -> Iterator[GeneratedRun]:
    for run in simulator.runs(asked.runs, asked.start):
        steps = simulator.steps(run)
        if not isinstance(simulator, Simulator):
            steps = _placed(simulator, steps)
        yield GeneratedRun(
            run.index, tuple(steps), run.outages, run.ending, run.fault, run.culprits
        )


def _placed(simulator: TimedSimulator, steps: Sequence[Step]) -> list[Step]:
    """The steps of a run with timers, with their places in the text and what each discards."""
    from tellverify.evidence.timed_replay import TimedRunReplay

    late, fire = simulator.settings.late, simulator.settings.fire
    replay = TimedRunReplay(simulator.protocol, late, fire, len(steps))
    found = []
    for step in steps:
        made = replay.make(step)
        if made is None:
            raise Defect(f"a simulated run cannot be replayed: {step}")
        found.append(made)
    return found


def _workspace(source: str | os.PathLike[str], name: str) -> Workspace:
    if not isinstance(source, str) or is_path(source):
        try:
            return opened(os.fspath(source))
        except Unopened as error:
            raise ValueError(error.diagnostic.message) from None
    return Workspace([inputs.decode(name, source.encode("utf-8", "surrogatepass"))])


def _subject(place: Workspace, asked: SimulationRequest) -> SimulationSubject:
    protocols = place.protocols()
    for one in protocols:
        if asked.protocol is None or one.is_called(asked.protocol):
            return subject_of_protocol(place, one, asked.sizes, Options())
    said = [one for one in place.diagnostics() if one.severity == "error"]
    names = ", ".join(one.name for one in protocols) or "none"
    missing = f"no protocol `{asked.protocol}`; there are: {names}" if protocols else "no protocol"
    raise NotSimulated("" if said else missing, said)


def _scenario(subject: SimulationSubject, name: str | None) -> Scenario:
    if name is None:
        return Scenario()
    found = subject.scenario(name)
    if found is None:
        raise ValueError(f"no scenario `{name}`")
    return found
