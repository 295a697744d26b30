"""Each limit has one default, whichever way a check is set up."""

from __future__ import annotations

import inspect

from tellverify.language.lowering.lower import lower
from tellverify.obligations.options import Options
from tellverify.projection.implementability import DEFAULT_BUDGET
from tellverify.solver.port import SolverBudget
from tellverify.verification.configuration_file import Bounds


def test_a_configuration_has_the_defaults_of_a_check() -> None:
    options, bounds = Options(), Bounds()
    assert bounds.steps == options.step_limit
    assert bounds.events == options.event_limit
    assert bounds.configurations == options.search_limit
    assert bounds.queue == options.queue_limit
    assert bounds.rlimit == options.rlimit


def test_functions_called_alone_have_the_defaults_of_a_check() -> None:
    options = Options()
    assert options.step_limit == DEFAULT_BUDGET
    assert options.rlimit == SolverBudget().work
    assert options.event_limit == inspect.signature(lower).parameters["budget"].default
