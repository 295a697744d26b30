"""What a workflow needs to know of a protocol: its interface at one choice of family sizes.

An interface is a function of the graph alone. It is kept between runs, so that a change of
one protocol of a thousand computes one interface again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from tellverify.admission.links import parse_link
from tellverify.model.graph import ProtocolGraph, leaves_class
from tellverify.model.site import Site
from tellverify.obligations.options import Options
from tellverify.projection.availability import AvailabilityBudget, OutOfBudget
from tellverify.projection.exact import SubsetConstruction
from tellverify.projection.implementability import check_graph
from tellverify.projection.liveness import ending
from tellverify.workflows.outcomes import PhaseGraph

Safety: TypeAlias = Literal["proved", "bounded", "refuted", "unknown"]
_TYPE: Final = re.compile(r"of[ \t]+([A-Za-z_][\w.]*)")
_CARRIED: Final = re.compile(r"[({](.*)[)}]$", re.DOTALL)
_FIELD: Final = re.compile(r"([A-Za-z_]\w*)[ \t]*(?::|,|$)")


class PhaseResult(msgspec.Struct, frozen=True):
    """A result of a protocol: what a message carries.

    `is_sent` says that every run that continues sends it; otherwise `branches` are those of a
    shortest run that continues without it, and `place` its last message. `holders` are the roles
    that have sent or received it in every run that continues.
    """

    name: str
    is_sent: bool
    holders: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    place: Site = Site()


class SessionInterface(msgspec.Struct, frozen=True):
    """What the composition of sessions rests on.

    `safety` says whether the protocol is implementable by itself, `reason` why not; `waiting` are
    the roles that may be left waiting then. `open_ends` are the roles of which some local state may
    be at an end and also has moves, `unsure` those of which some holds ends of both kinds.
    `channels` lists sender, receiver and label of all messages. `is_exact` is False where the graph
    has more orders of actions than its roles need: then there are no machines to search. `in_time`
    are the results of runs in which no timer fires, where the protocol has timers.
    """

    roles: tuple[str, ...]
    safety: Safety
    reason: str
    waiting: tuple[str, ...]
    has_end: bool
    can_terminate: bool
    goes_on: bool
    has_stops: bool
    open_ends: tuple[str, ...]
    unsure: tuple[str, ...]
    channels: tuple[tuple[str, str, str], ...]
    payloads: tuple[str, ...]
    results: tuple[PhaseResult, ...]
    capabilities: tuple[tuple[str, str], ...]
    bundles: tuple[tuple[str, str], ...]
    events: int
    is_exact: bool = True
    in_time: tuple[PhaseResult, ...] = ()


def session_interface(
    phase: PhaseGraph, wanted: Sequence[str], options: Options, *, parallel: bool = False
) -> SessionInterface:
    """The interface of a phase; of its results those that are `wanted`."""
    graph = phase.graph
    safety, reason, waiting = _safety(graph, options, parallel=parallel)
    end = ending(graph, must_end=True)
    open_ends, unsure = _local_ends(phase, waiting, options)
    sites = [graph.sites[number] for number in dict.fromkeys(graph.site)]
    return SessionInterface(
        graph.roles,
        safety,
        reason,
        tuple(graph.roles[role] for role in waiting),
        any(graph.final),
        end.run is None,
        any(phase.goes_on),
        phase.has_stops,
        open_ends,
        unsure,
        tuple(sorted({graph.event(e) for e in range(graph.event_count)})),
        tuple(dict.fromkeys(name for site in sites for name in payload_names(site))),
        tuple(_result(phase, name) for name in wanted),
        tuple(_annotated(graph, "guard_capability", lambda text: text)),
        tuple(_annotated(graph, "link", _bundle)),
        graph.event_count,
        not parallel,
    )


def _safety(
    graph: ProtocolGraph, options: Options, *, parallel: bool
) -> tuple[Safety, str, list[int]]:
    """Whether the protocol holds by itself, and the roles that may wait at its end."""
    if parallel or leaves_class(graph) is not None:
        every = list(range(len(graph.roles)))
        return ("unknown", "", every)
    answer = check_graph(graph, options.step_limit)
    stuck = sorted({role for run in answer.stuck for role in run.roles} | set(answer.undecided))
    if answer.implementable is False:
        names = ", ".join(f"`{graph.roles[one.role]}`" for one in answer.violations[:3])
        return "refuted", f"it is not implementable, because of {names}", stuck
    if answer.implementable is None or answer.undecided:
        return "unknown", "the limit of steps was reached", stuck
    return "proved", "", stuck


def _local_ends(
    phase: PhaseGraph, waiting: Sequence[int], options: Options
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Roles with an end among moves, and roles that cannot tell the two kinds of ends apart."""
    graph = phase.graph
    asked = range(len(graph.roles)) if phase.has_stops else waiting
    open_ends: list[str] = []
    unsure: list[str] = []
    budget = AvailabilityBudget(options.step_limit)
    for role in asked:
        try:
            views = SubsetConstruction(graph, role, budget)
        except OutOfBudget:
            open_ends.append(graph.roles[role])
            unsure.append(graph.roles[role])
            continue
        if any(
            views.moves[number] and any(graph.final[state] for state in members)
            for number, members in enumerate(views.subsets)
        ):
            open_ends.append(graph.roles[role])
        if any(_is_unsure(phase, members) for members in views.subsets):
            unsure.append(graph.roles[role])
    return tuple(open_ends), tuple(unsure)


def _is_unsure(phase: PhaseGraph, members: frozenset[int]) -> bool:
    kinds = {phase.goes_on[state] for state in members if phase.graph.final[state]}
    return len(kinds) > 1


def payload_names(site: Site) -> Iterator[str]:
    """What the payload of a message is called: its type, with and without its path, its fields."""
    text = site.payload
    if found := _TYPE.search(text):
        path = found[1]
        yield path.rpartition(".")[2]
        if "." in path:
            yield path
    if found := _CARRIED.search(text):
        inner = found[1]
        if ":" in inner or "," in inner or inner.strip().isidentifier():
            yield from (one[1] for one in _FIELD.finditer(inner))


def _result(phase: PhaseGraph, name: str) -> PhaseResult:
    graph = phase.graph
    carries = [name in set(payload_names(site)) for site in graph.sites]

    def without(role: int | None) -> list[int] | None:
        """A shortest run that continues and has no such message that concerns `role`."""
        before: dict[int, tuple[int, int] | None] = {0: None}
        order = [0]
        for state in order:
            if phase.goes_on[state]:
                return _run_to(state, before)
            for e in range(graph.first[state], graph.first[state + 1]):
                concerns = role is None or role in (graph.sender[e], graph.receiver[e])
                below = graph.target[e]
                if below not in before and not (carries[graph.site[e]] and concerns):
                    before[below] = (state, e)
                    order.append(below)
        return None

    run = without(None)
    if run is not None:
        branches = tuple(dict.fromkeys(b for e in run if (b := graph.site_of(e).branch)))
        place = graph.site_of(run[-1]) if run else Site()
        return PhaseResult(name, False, (), branches, place)
    holders = [role for number, role in enumerate(graph.roles) if without(number) is None]
    return PhaseResult(name, True, tuple(holders))


def _run_to(state: int, before: dict[int, tuple[int, int] | None]) -> list[int]:
    run = []
    while (step := before[state]) is not None:
        state, e = step
        run.append(e)
    return run[::-1]


def _annotated(
    graph: ProtocolGraph, key: str, read: Callable[[str], str]
) -> Iterator[tuple[str, str]]:
    """The senders of messages with an annotation, and what `read` makes of it; each pair once."""
    found: dict[tuple[str, str], None] = {}
    marked = {
        number: [read(text) for name, text in site.annotations if name == key]
        for number, site in enumerate(graph.sites)
        if any(name == key for name, _ in site.annotations)
    }
    if not marked:
        return
    for e, number in enumerate(graph.site):
        for text in marked.get(number, ()):
            if text:
                found[graph.roles[graph.sender[e]], text] = None
    yield from found


def _bundle(text: str) -> str:
    link = parse_link(text)
    return "" if isinstance(link, str) else link.bundle
