"""What a baseline keeps of a refutation beside the run that is shown: which faults it covers.

A run shows one fault of an obligation; another one of the same obligation may stand behind it, and
would stay unseen while the first is known. So each refutation names what it covers: for a role that
waits at an end, the branches that lead there; for everything else what its text says. Neither
depends on lines, layout or remarks.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from tellverify.language.syntax import ast
from tellverify.language.syntax.directives import directives
from tellverify.language.syntax.printing.printer import print_file
from tellverify.language.syntax.printing.rows import RowTooLarge
from tellverify.language.workspace import SourceProtocol
from tellverify.model.graph import ProtocolGraph
from tellverify.obligations.options import Options
from tellverify.projection.availability import AvailabilityBudget, OutOfBudget
from tellverify.projection.liveness import ways_to_wait
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Refuted
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Verdict

_OF_REVIEWS = ("allow", "assume", "expect")


def with_faults(
    found: SourceProtocol,
    verdicts: Sequence[Verdict],
    graphs: Mapping[str, ProtocolGraph],
    options: Options,
    sums: Sequence[str],
) -> tuple[Verdict, ...]:
    """The verdicts on a protocol, with the faults that each refutation covers.

    `graphs` are those of the sizes that refute something, `sums` those of the files that it
    imports.
    """
    if not any(isinstance(verdict.outcome, Refuted) for verdict in verdicts):
        return tuple(verdicts)
    content = _digest([_said_by(found), *sums])
    return tuple(_with_faults(verdict, graphs, options, content) for verdict in verdicts)


def covering(verdict: Verdict, content: str) -> Verdict:
    """A verdict on what consists of `content`: a refutation covers the faults of exactly that."""
    outcome = verdict.outcome
    if not isinstance(outcome, Refuted) or outcome.faults:
        return verdict
    outcome = msgspec.structs.replace(outcome, faults=(_digest([content]),))
    return msgspec.structs.replace(verdict, outcome=outcome)


def plain_lines(text: str) -> str:
    """A text without blank lines and lines that are remarks."""
    rows = (line.rstrip() for line in text.splitlines())
    return "\n".join(row for row in rows if row and not _is_remark(row.lstrip()))


def _is_remark(row: str) -> bool:
    return row.startswith("--") and not any(mark in row for mark in ("tell:", "{-", "-}"))


def _with_faults(
    verdict: Verdict, graphs: Mapping[str, ProtocolGraph], options: Options, content: str
) -> Verdict:
    outcome = verdict.outcome
    graph = graphs.get("")
    if (
        isinstance(outcome, Refuted)
        and verdict.property is Property.NO_STUCK_ROLE
        and outcome.method is Method.COHERENCE
        and not verdict.scope.scenario
        and graph is not None
    ):
        faults = _ways(graph, verdict.scope.roles, options.step_limit)
        if faults:
            outcome = msgspec.structs.replace(outcome, faults=faults)
            return msgspec.structs.replace(verdict, outcome=outcome)
    return covering(verdict, "\n".join([content, *_asked(verdict, options)]))


def _ways(graph: ProtocolGraph, roles: Sequence[str], steps: int) -> tuple[str, ...]:
    """A name for each event that leads to a place where one of `roles` waits and nothing follows.

    Empty where there are too many.
    """
    found: dict[str, None] = {}
    try:
        for name in roles:
            role = graph.roles.index(name)
            for run in ways_to_wait(graph, role, AvailabilityBudget(steps)):
                events = (f"{graph.event(e)}\n{graph.site_of(e).branch}" for e in run)
                found[_digest([name, *events])] = None
    except OutOfBudget:
        return ()
    return tuple(sorted(found))


def _asked(verdict: Verdict, options: Options) -> Iterator[str]:
    """What the configuration says of the property and the scenario of an obligation."""
    for user in options.user_properties:
        if user.name == verdict.scope.item:
            yield user.formula
    for scenario in options.scenarios:
        if scenario.name == verdict.scope.scenario:
            yield from scenario.rules


def _said_by(found: SourceProtocol) -> str:
    """What a protocol says in canonical text, with the declarations and the comments of its file
    that may concern it, and the protocols that it may call.
    """
    file, source = found.judged.file, found.source
    asked = [
        f"{one.kind} {one.argument}: {one.text}"
        for one in directives(file, source).found
        if one.kind not in _OF_REVIEWS
    ]
    try:
        text = print_file(ast.File(declarations=file.declarations, protocols=_called(found)))
    except RowTooLarge:
        text = source.text
    return "\n".join([text, *asked])


def _called(found: SourceProtocol) -> tuple[ast.Protocol, ...]:
    """The protocol and those of its file whose names its text, or theirs, has."""
    source = found.source.text
    others = [one for one in found.judged.file.protocols if one is not found.protocol]
    taken = [found.protocol]
    for one in taken:  # grows
        words = set(re.findall(r"\w+", source[one.span.start : one.span.end]))
        new = [other for other in others if other.name.text in words]
        taken += new
        others = [other for other in others if other not in new]
    return tuple(taken)


def _digest(parts: Sequence[str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode("utf-8", "backslashreplace")
        digest.update(b"%d:%s" % (len(encoded), encoded))
    return digest.hexdigest()[:16]
