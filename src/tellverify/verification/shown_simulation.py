"""How the fault of a simulated run is shown, and what runs with timers take for granted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tellverify.model.defect import AmbiguousRun
from tellverify.model.trace import Trace
from tellverify.obligations.options import Options
from tellverify.search.simulated_faults import shown_run
from tellverify.search.simulated_run import SimulatedRun
from tellverify.search.simulation import Simulator
from tellverify.verification.simulation_subject import NotSimulated, SimulationSubject

if TYPE_CHECKING:
    from tellverify.search.timed_simulation import TimedSimulator

_SEARCHED: Final = 200_000  # configurations, for a shorter run


def presumed(subject: SimulationSubject, options: Options) -> tuple[str, ...]:
    """What runs of a protocol with timeouts take for granted, nothing for others."""
    if subject.timed is None:
        return ()
    from tellverify.obligations.timed import presumed_of_timers

    return presumed_of_timers(options)


def shown_fault(
    simulator: Simulator | TimedSimulator, run: SimulatedRun, options: Options
) -> Trace:
    """The run of a fault as it is shown, or a shorter one that shows it, replayed.

    Raises NotSimulated for a run that its steps do not tell from another one, Defect for any other
    that does not show its fault, and ValueError when it has none.
    """
    if isinstance(simulator, Simulator):
        return shown_run(simulator, run, _SEARCHED)
    from tellverify.obligations.timed_simulated import shown_timed_run

    try:
        return shown_timed_run(simulator, run, options)
    except AmbiguousRun as error:
        raise NotSimulated(f"a fault was met, but {error}", is_refuted=False) from None
