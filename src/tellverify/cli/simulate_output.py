"""What `tellverify simulate` prints: statistics as text and JSON, runs as logs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from tellverify.diagnostics.wording import counted, grouped
from tellverify.evidence.event_log import log_line
from tellverify.evidence.fault_run import moments
from tellverify.evidence.trace_replay import Stepper
from tellverify.model.defect import Defect
from tellverify.model.failure import Outage
from tellverify.model.step import Step
from tellverify.model.trace import Trace
from tellverify.report.drawing.chart import draw
from tellverify.report.drawing.event_lines import (
    event_line,
    failure_line,
    step_line,
    step_words,
)
from tellverify.report.style import Style
from tellverify.search.simulated_run import SimulatedRun
from tellverify.search.simulation import Simulator
from tellverify.search.simulation_statistics import SimulationStatistics
from tellverify.verification.simulation_subject import SimulationSubject

if TYPE_CHECKING:
    from tellverify.search.timed_simulation import TimedSimulator

_SHOWN: Final = 200
_MOST_ROWS: Final = 24


class MetFault(msgspec.Struct, frozen=True):
    """The first fault that was met: in which run, after how many events, and how it is shown."""

    kind: str
    index: int
    events: int
    explanation: str
    shown: Trace


class SimulationRow(msgspec.Struct, frozen=True):
    """A simulation as it is written to JSON."""

    schema: str
    protocol: str
    path: str
    instance: str
    seed: int
    schedule: str
    scenario: str
    rules: str
    statistics: SimulationStatistics
    fault: MetFault | None = None
    presumes: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET

    @classmethod
    def of(
        cls,
        subject: SimulationSubject,
        simulator: Simulator | TimedSimulator,
        statistics: SimulationStatistics,
        first: SimulatedRun | None,
        shown: Trace | None,
        presumed: tuple[str, ...],
    ) -> SimulationRow:
        """The row of a finished simulation; `shown` is how the fault of `first` is shown.

        `presumed` is what runs with timers take for granted.
        """
        fault = None
        if first is not None and shown is not None:
            kind = shown.fault.value
            fault = MetFault(kind, first.index, len(first.moves), shown.explanation, shown)
        scenario = simulator.scenario
        return cls(
            "tellverify/simulation-1",
            subject.name,
            subject.path,
            subject.instance,
            simulator.seed,
            simulator.schedule.value,
            scenario.name,
            scenario.text,
            statistics,
            fault,
            presumed or msgspec.UNSET,
        )


def statistics_lines(row: SimulationRow, style: Style) -> list[str]:
    """The statistics for people."""
    found = row.statistics
    about = [counted(found.runs, "run"), counted(found.events, "event")]
    about += [row.instance] if row.instance else []
    about += [f"seed {row.seed}", f"schedule {row.schedule}"]
    lines = [f"{style.tamed(row.protocol)}   {style.tamed(', '.join(about))}"]
    ends = [f"{end} {grouped(count)}" for end, count in found.ends.items()]
    lines += style.hanging("  ends       ", ", ".join(ends), 13)
    faults = [f"{kind} {grouped(count)}" for kind, count in found.faults.items()]
    lines += style.hanging("  faults     ", ", ".join(faults) or "none met", 13)
    branches = [f"{b.role}: {b.branch} {grouped(b.count)}" for b in found.branches]
    if branches:
        lines += style.hanging("  branches   ", style.tamed(", ".join(branches)), 13)
    if found.longest:
        sender, receiver = found.fullest
        where = f"{sender} {style.glyphs.arrow} {receiver}"
        text = f"{counted(found.longest, 'message')}, {where}"
        lines += style.hanging("  queues     ", style.tamed(f"at most {text}"), 13)
    head = "  messages   "
    for message in found.messages[:_MOST_ROWS]:
        name = f"{message.sender} {style.glyphs.arrow} {message.receiver} : {message.label}"
        parts = [f"{grouped(message.sent)} sent", f"{grouped(message.received)} received"]
        parts += [f"{grouped(message.lost)} lost"] if message.lost else []
        lines += style.hanging(head, style.tamed(f"{name}: {', '.join(parts)}"), 13)
        head = " " * 13
    if len(found.messages) > _MOST_ROWS:
        lines.append(f"{' ' * 13}and {counted(len(found.messages) - _MOST_ROWS, 'other message')}")
    rules = f", faults `{row.scenario}`: {row.rules}" if row.scenario else ", without faults"
    timers = "" if isinstance(row.presumes, msgspec.UnsetType) else ", ".join(("", *row.presumes))
    words = f"FIFO queues without limit{rules}{timers}"
    return [*lines, *style.hanging("under ", style.tamed(words), 6)]


def run_lines(
    simulator: Simulator | TimedSimulator, run: SimulatedRun, style: Style, verbose: bool
) -> list[str]:
    """One run, event by event with the queues after each, by the reference semantics."""
    steps = simulator.steps(run)
    widest = max((len(step_words(step)) for step in steps), default=0)
    room = min(widest, 60) + 2
    fails = moments(run.outages)
    rows = [failure_line(one, style) for one in fails.get(0, ())]
    made = (
        _made(simulator, steps, style, room)
        if isinstance(simulator, Simulator)
        else _made_with_timers(simulator, steps, style, room)
    )
    for number, row in enumerate(made, start=1):
        rows.append(row)
        rows += [failure_line(one, style) for one in fails.get(number, ())]
    if len(rows) > _SHOWN and not verbose:
        half = _SHOWN // 2
        rows = [*rows[:half], f"      {len(rows) - _SHOWN} events not shown", *rows[-half:]]
    return ["", *rows, f"{run.ending}: {counted(len(steps), 'event')}"]


def _made(simulator: Simulator, steps: Sequence[Step], style: Style, room: int) -> Iterator[str]:
    stepper = Stepper(simulator.machines)
    for step in steps:
        stepper.make(step)
        yield step_line(stepper, step, style, room)


def _made_with_timers(
    simulator: TimedSimulator, steps: Sequence[Step], style: Style, room: int
) -> Iterator[str]:
    from tellverify.evidence.timed_replay import TimedRunReplay

    late, fire = simulator.settings.late, simulator.settings.fire
    replay = TimedRunReplay(simulator.protocol, late, fire, len(steps))
    for number, step in enumerate(steps, start=1):
        made = replay.make(step)
        if made is None:
            raise Defect(f"event {number} of a simulated run is not possible: {step}")
        yield event_line(number, made, replay.queues(), style, room)


def fault_lines(
    row: SimulationRow, shown: Trace, roles: Sequence[str], style: Style, verbose: bool
) -> list[str]:
    """The fault that was met first, with its chart."""
    met = row.fault
    if met is None:
        return []
    head = f"refuted[{shown.fault}]: "
    lines = ["", *style.hanging(head, style.tamed(shown.explanation), 4)]
    lines[1] = style.paint("red", head.rstrip(": ")) + lines[1][len(head) - 2 :]
    known = "shortest run" if shown.minimal else "shortest known run"
    length = counted(len(shown.steps), "event")
    met_in = f"met in run {met.index} after {counted(met.events, 'event')}"
    lines.append(f"  = {known}: {length}, replayed; {met_in}")
    lines.append(f"  = again: --seed {row.seed} --index {met.index}")
    return [*lines, "", *draw(shown, roles, style, verbose=verbose)]


def log_of_run(
    simulator: Simulator | TimedSimulator, run: SimulatedRun, protocol: str
) -> Iterator[str]:
    """The lines of a log of a run, whose session is its index; failures are lines of another kind.

    A log of runs without faults is one that `replay` accepts.
    """
    fails = moments(run.outages)
    yield from (_outage_line(run, one) for one in fails.get(0, ()))
    named = protocol if run.index == 0 else ""
    for number, step in enumerate(simulator.steps(run), start=1):
        if step.timer:
            yield _timer_line(run, step)
        else:
            yield log_line(step, protocol=named if number == 1 else "", session=run.index)
        if step.delivery:
            yield _fault_line(run, step)
        yield from (_outage_line(run, one) for one in fails.get(number, ()))
    if run.fault is not None:
        text = {"fault": run.fault.value, "session": run.index, "of": list(run.culprits)}
        yield msgspec.json.encode(text).decode() + "\n"


def _timer_line(run: SimulatedRun, step: Step) -> str:
    found = {"timer": step.timer, "of": step.actor, "session": run.index}
    return msgspec.json.encode(found).decode() + "\n"


def _fault_line(run: SimulatedRun, step: Step) -> str:
    found = {"delivery": step.delivery.value, "session": run.index}
    return msgspec.json.encode(found).decode() + "\n"


def _outage_line(run: SimulatedRun, one: Outage) -> str:
    found = {"failure": one.kind.value, "of": one.role, "session": run.index}
    if one.peer:
        found["to"] = one.peer
    return msgspec.json.encode(found).decode() + "\n"
