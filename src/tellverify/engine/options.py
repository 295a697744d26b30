"""What a check is asked to do."""

from __future__ import annotations

import msgspec

DEFAULT_SIZES = (1, 2, 3)


class Options(msgspec.Struct, frozen=True):
    """Choices of one check; the defaults are those of the command line.

    `instances` gives the sizes of role families by name. Empty selections mean everything.
    `require` is the strength that required obligations need, "proved" or "bounded". `dialect` is
    "strict" or "faithful": whether Telltale's accidents are faults, or are followed. Limits are
    counts of work, not seconds, so that answers are equal on every machine. `keep_graphs` keeps the
    graphs of all instances for evidence, not just those that traces need.
    """

    instances: tuple[tuple[str, tuple[int, ...]], ...] = ()
    protocols: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    require: str = "bounded"
    dialect: str = "strict"
    fail_on: str = "error"
    event_limit: int = 500_000
    step_limit: int = 20_000_000
    search_limit: int = 200_000
    keep_graphs: bool = False
