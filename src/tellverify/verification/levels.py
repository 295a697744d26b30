"""How grave findings are by the user's choice: by code, by name, or by band such as `TV2`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from tellverify.diagnostics.codes import CODES
from tellverify.diagnostics.model import Code, Diagnostic, Kind, Severity
from tellverify.obligations.options import Level

IGNORE: Final = "ignore"
LEVELS: Final = (*(str(severity) for severity in Severity), IGNORE)
_BAND: Final = re.compile(r"TV[0-9]{1,2}", re.IGNORECASE)
# Errors of the language that leave the protocol with a meaning: with any other error below TV27x,
# and with a role that is missing, there is nothing to judge.
_MEANINGFUL: Final = "TV242"
_MEANINGLESS: Final = "TV293"
_FIRST_BEYOND_MEANING: Final = "TV270"


def ordered(levels: Iterable[Level]) -> tuple[Level, ...]:
    """Levels of one origin in the order in which they apply: bands, then their members."""
    return tuple(sorted(levels, key=lambda one: _width(one.selector)))


def _width(selector: str) -> int:
    return len(selector) if _BAND.fullmatch(selector) else 100


def selected(selector: str) -> tuple[Code, ...]:
    """The codes that a number, name or band stands for; none if it stands for nothing."""
    wanted = selector.strip().lower()
    if _BAND.fullmatch(wanted):
        return tuple(code for number, code in CODES.items() if number.lower().startswith(wanted))
    return tuple(code for code in CODES.values() if wanted in (code.number.lower(), code.name))


def is_band(selector: str) -> bool:
    """Whether a selector stands for all codes with a common beginning."""
    return _BAND.fullmatch(selector.strip()) is not None


def refusal(selector: str, level: str) -> str:
    """Why lints that `selector` names cannot have `level`; empty when they can."""
    codes = selected(selector)
    if level not in LEVELS:
        return f"`{level}` is not a level; levels are {', '.join(LEVELS)}"
    if not codes:
        return f"`{selector}` is not a code, name or band; `tellverify explain --list` shows all"
    if is_band(selector):
        return ""
    (code,) = codes[:1]
    if code.kind is not Kind.LINT:
        return (
            f"`{selector}` reports an obligation or a limit, which has no level; "
            "see `assume` comments and `require`"
        )
    if level != Severity.ERROR and code.severity is Severity.ERROR and not has_meaning(code):
        return f"`{selector}` leaves the text without a meaning and stays an error"
    return ""


def has_meaning(code: Code) -> bool:
    """Whether a protocol with an error of this code still has one meaning, and one only."""
    number = code.number
    return number == _MEANINGFUL or (number >= _FIRST_BEYOND_MEANING and number != _MEANINGLESS)


def is_adjustable(diagnostic: Diagnostic) -> bool:
    """Whether a finding may be left out or made less grave."""
    if diagnostic.code.kind is not Kind.LINT or diagnostic.refutes:
        return False
    return diagnostic.severity is not Severity.ERROR or has_meaning(diagnostic.code)


def level_of(code: Code, levels: Sequence[Level]) -> Level | None:
    """The level chosen for a lint; what comes later in `levels` wins."""
    number = code.number
    for level in reversed(levels):
        selector = level.selector.strip().lower()
        if selector in (number.lower(), code.name):
            return level
        if _BAND.fullmatch(selector) and number.lower().startswith(selector):
            return level
    return None
