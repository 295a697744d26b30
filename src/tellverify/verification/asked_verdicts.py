"""Verdicts as a check is asked for them, also on protocols of which nothing is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from tellverify.diagnostics.limits import EVENT_LIMIT, NOT_WELL_FORMED
from tellverify.diagnostics.model import Code, Diagnostic, Severity, sort_key
from tellverify.language.lowering.families import declared_roles
from tellverify.language.workspace import SourceProtocol
from tellverify.model.roles import family_of
from tellverify.obligations.options import Options
from tellverify.verdict.identity import ObligationScope, requirement_key
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Bounded, Conflict, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.properties import OF_EVERY_PROTOCOL, PROPERTIES, Property, PropertyScope
from tellverify.verdict.run import ProtocolReport, Verdict

_OF_ANY_SIZES: Final = (PropertyScope.CHOICE, PropertyScope.PACK)  # decided of the text


def given_up(found: SourceProtocol, reason: str, limit: Code, options: Options) -> ProtocolReport:
    """The report on a protocol that was given up: nothing is known of it."""
    protocol, source = found.protocol, found.source
    place = source.position(protocol.name.span.start)
    roles = tuple(declaration.name.text for declaration in declared_roles(protocol))
    unknown = tuple(
        Verdict.of(p, ObligationScope(), Unknown(reason, limit.number), place)
        for p in OF_EVERY_PROTOCOL
    )
    return ProtocolReport(found.name, source.path, place[0], roles, (), asked(unknown, options))


def without_graphs(
    found: SourceProtocol, said: Sequence[Diagnostic], options: Options
) -> tuple[Verdict, ...] | None:
    """The verdicts on a text that is not lowered, because of its errors or of what it imports."""
    place = found.source.position(found.protocol.name.span.start)
    errors = [d for d in said if d.severity is Severity.ERROR]
    if errors:
        return malformed_verdicts(found.name, place, errors, options)
    blocked = found.judged.linked.blocked
    return _skipped(found.name, place, blocked, options) if blocked else None


def within_limit(limit: str, decided: Sequence[Verdict]) -> Iterator[Verdict]:
    """The verdicts, none of which claims anything of sizes that a `limit` left out."""
    for verdict in decided:
        holds = isinstance(verdict.outcome, Proved | Bounded)
        if limit and holds and PROPERTIES[verdict.property].scope not in _OF_ANY_SIZES:
            unknown = Unknown(limit, EVENT_LIMIT.number)
            verdict = msgspec.structs.replace(verdict, outcome=unknown)
        yield verdict


def malformed_verdicts(
    name: str, place: tuple[int, int], errors: Sequence[Diagnostic], options: Options
) -> tuple[Verdict, ...]:
    """The verdicts of a protocol whose text has errors."""
    first = min(errors, key=sort_key)
    span = first.primary.span
    refuted = Refuted(
        first.code.number, Conflict(first.message, first.path, span, span), Method.STRUCTURE
    )
    skipped = Skipped("the text is not well-formed", NOT_WELL_FORMED.number)
    found = tuple(
        Verdict.of(p, ObligationScope(), refuted if p is Property.WELL_FORMED else skipped, place)
        for p in OF_EVERY_PROTOCOL
    )
    return _required(found, options)


def _skipped(
    name: str, place: tuple[int, int], reason: str, options: Options
) -> tuple[Verdict, ...]:
    """The verdicts of a protocol that cannot be put together."""
    skipped = Skipped(reason, NOT_WELL_FORMED.number)
    found = tuple(Verdict.of(p, ObligationScope(), skipped, place) for p in OF_EVERY_PROTOCOL)
    return _required(found, options)


def asked(verdicts: Iterable[Verdict], options: Options) -> tuple[Verdict, ...]:
    """The verdicts that the selection leaves in, required or not as the options say it."""
    return _required(tuple(v for v in verdicts if _is_selected(v, options)), options)


def _required(verdicts: tuple[Verdict, ...], options: Options) -> tuple[Verdict, ...]:
    """The verdicts, required or not as the options say it of their properties."""
    wanted = {name: strength != "nothing" for name, strength in options.requirements}
    if not wanted:
        return verdicts
    return tuple(
        msgspec.structs.replace(
            v, required=wanted.get(requirement_key(v.property, v.scope), v.required)
        )
        for v in verdicts
    )


def _is_selected(verdict: Verdict, options: Options) -> bool:
    """True when the selection of properties and roles leaves the verdict in."""
    if options.properties and verdict.property.value not in options.properties:
        return False
    if options.roles and verdict.scope.roles:
        named = set(options.roles)
        return any(role in named or family_of(role) in named for role in verdict.scope.roles)
    return True
