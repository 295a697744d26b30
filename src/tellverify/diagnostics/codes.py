"""Every code in one table. A number is never reused; the first digit is the stage."""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics.model import Code, Kind, Severity

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
_LINT, _OBLIGATION, _LIMIT, _USAGE = Kind.LINT, Kind.OBLIGATION, Kind.LIMIT, Kind.USAGE

# TV0xx: configuration, suppressions, inputs

# TV1xx: layout and grammar

# TV2xx: names, structure, recursion, role families

# TV3xx: effects, authority, linear use, case analysis

# TV4xx: projection, merge, implementability
UNMERGEABLE: Final = Code(
    "TV411",
    "unmergeable-branches",
    _OBLIGATION,
    _WARNING,
    "a role's branches do not merge strictly",
)
INFIDELITY: Final = Code(
    "TV421", "infidelity", _OBLIGATION, _ERROR, "the roles perform a run the protocol does not have"
)
OUTSIDE_CLASS: Final = Code(
    "TV431", "outside-class", _LIMIT, _WARNING, "the complete theory does not cover a construct"
)

# TV5xx: safety and progress of communication
DEADLOCK: Final = Code("TV511", "deadlock", _OBLIGATION, _ERROR, "all wait, and one is unfinished")
STUCK_ROLE: Final = Code("TV512", "stuck-role", _OBLIGATION, _ERROR, "a role can wait for ever")
UNSPECIFIED_RECEPTION: Final = Code(
    "TV513", "unspecified-reception", _OBLIGATION, _ERROR, "a message that its receiver cannot take"
)
ORPHAN_MESSAGE: Final = Code(
    "TV514", "orphan-message", _OBLIGATION, _ERROR, "a message is left when everyone has finished"
)
UNBOUNDED_QUEUE: Final = Code(
    "TV521", "unbounded-queue", _OBLIGATION, _WARNING, "a queue can grow without limit"
)
NO_TERMINATION: Final = Code(
    "TV522", "cannot-terminate", _OBLIGATION, _WARNING, "a point from which the end is out of reach"
)

# TV6xx: guards, refinements and data

# TV9xx: limits


def _table() -> dict[str, Code]:
    rows = [value for value in globals().values() if isinstance(value, Code)]
    return {code.number: code for code in sorted(rows, key=lambda code: code.number)}


CODES: Final[dict[str, Code]] = _table()
