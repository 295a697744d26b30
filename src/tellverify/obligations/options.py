"""What a check is asked to do."""

from __future__ import annotations

from typing import Final

import msgspec

from tellverify.source.span import NOWHERE, Span
from tellverify.verdict.run import Assumption, Baseline

# Defaults of the limits, here because they are options of a check, and the settings of a
# configuration, which have the same defaults, are read above this package.
MOST_EVENTS: Final = 500_000
MOST_STEPS: Final = 20_000_000
MOST_CONFIGURATIONS: Final = 200_000
LONGEST_QUEUE: Final = 8
SOLVER_WORK: Final = 2_000_000
DEFAULT_SIZES = (1, 2, 3)
MOST_DRAWN = 640  # events of a graph that is kept for pictures alone


class Level(msgspec.Struct, frozen=True):
    """How grave the lints are that `selector` names: a code, a name or a band such as `TV2`.

    `place` says where that was chosen.
    """

    selector: str
    level: str
    place: str


class UserProperty(msgspec.Struct, frozen=True):
    """A property of the configuration, and where it stands there.

    `span` is the formula where the file has it as it is, else the value with its escapes.
    """

    name: str
    formula: str
    path: str
    line: int
    span: Span = NOWHERE


class ConfiguredScenario(msgspec.Struct, frozen=True):
    """A scenario of the configuration: its rules, and where each of them stands there."""

    name: str
    rules: tuple[str, ...]
    path: str
    line: int
    engaged_only: bool = True
    deduplicate: bool = False
    spans: tuple[Span, ...] = ()


class RequirementPlace(msgspec.Struct, frozen=True):
    """Where the configuration has its requirement on an obligation; a path that is no file names
    the environment or the command line.
    """

    name: str
    path: str
    span: Span = NOWHERE


class Ledger(msgspec.Struct, frozen=True):
    """The committed assumptions, and the file they were read from."""

    path: str
    entries: tuple[Assumption, ...] = ()


class Options(msgspec.Struct, frozen=True):
    """Choices of one check; the defaults are those of the command line.

    `instances` gives the sizes of role families by name. Empty selections mean everything.
    `require` is the strength that required obligations need, "proved" or "bounded". `dialect` is
    "strict" or "faithful": whether Telltale's accidents are faults, or are followed. Limits are
    counts of work, not seconds, so that answers are equal on every machine; `queue_limit` is the
    longest queue that searches are bounded by when no bound is enough, `rlimit` the work of the
    solver for one question about guards. `keep_graphs` keeps the graphs of all instances for
    evidence, not just those that traces need; `draw` keeps small ones for pictures.

    `levels` are in the order in which they apply, the last one that names a code wins.
    `witness` has events, each of which some run is to reach. `requirements` gives the strength that
    single properties need, "proved", "bounded", "assumed" or "nothing"; `required_at` says where
    the configuration has them. `policy` is the path of a
    policy folder, `runtime` a profile of it other than its default. `today` is the day that dated
    assumptions are measured by (empty: that of the clock). `seconds` limits the time of one
    protocol, `total` that of a whole check, which ends at `until` by the monotonic clock; what does
    not end in them is unknown. `budgets` are limits as `(sender, receiver,
    limit)`; without a receiver it is one on all that the sender is charged. `reviewed` has the keys
    of the comments that count; None: all of them do. `suggest` looks for a repair of those
    refuted, with little work. With the `target` "telltale" it is an error
    that Telltale drops or rejects a text; empty: whatever runs the protocol.
    `late` says what happens to messages of a failed attempt ("attempts", "keep", or in the faithful
    dialect "own", where each role has its own timer), `fire` where
    a timer may fire ("waits" or "any"). `scenarios` are those of the
    configuration; `faults` names the scenarios that are decided, None: all of them. `stated` are
    properties that comments of the text name.
    """

    instances: tuple[tuple[str, tuple[int, ...]], ...] = ()
    protocols: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    require: str = "bounded"
    dialect: str = "strict"
    fail_on: str = "error"
    event_limit: int = MOST_EVENTS
    step_limit: int = MOST_STEPS
    search_limit: int = MOST_CONFIGURATIONS
    queue_limit: int = LONGEST_QUEUE
    rlimit: int = SOLVER_WORK
    keep_graphs: bool = False
    coverage: bool = False
    draw: bool = False
    levels: tuple[Level, ...] = ()
    requirements: tuple[tuple[str, str], ...] = ()
    user_properties: tuple[UserProperty, ...] = ()
    witness: tuple[str, ...] = ()
    policy: str | None = None
    runtime: str = ""
    baseline: Baseline | None = None
    ledger: Ledger | None = None
    today: str = ""
    budgets: tuple[tuple[str, str, int], ...] = ()
    seconds: float | None = None
    total: float | None = None
    until: float | None = None
    reviewed: tuple[str, ...] | None = None
    target: str = ""
    suggest: bool = False
    late: str = "attempts"
    fire: str = "waits"
    scenarios: tuple[ConfiguredScenario, ...] = ()
    required_at: tuple[RequirementPlace, ...] = ()
    faults: tuple[str, ...] | None = None
    stated: tuple[str, ...] = ()

    def asks_for(self, prop: str) -> bool:
        """True when a property is wanted that is decided on request alone.

        `--property` names it, or a requirement or a comment does while no property is selected.
        """
        if self.properties:
            return prop in self.properties
        required = any(n == prop and strength != "nothing" for n, strength in self.requirements)
        return required or prop in self.stated

    def strength(self, prop: str) -> str:
        """The strength that obligations of a property need when they are required.

        A property under a scenario is `PROPERTY @ SCENARIO`, and has its own strength.
        """
        for name, strength in self.requirements:
            if name == prop:
                return strength
        return self.require
