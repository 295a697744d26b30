"""Why a value of a TOML document is not what was expected, in the words of TOML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_MISSING: Final = re.compile(r"object missing required field `(.*)`", re.DOTALL)
CHOICE: Final = re.compile(r"[Ii]nvalid enum value '(.*)'", re.DOTALL)
_TYPE: Final = re.compile(r"expected `([^`]*)`(?:, got `([^`]*)`)?(.*)", re.DOTALL)
_BOUND: Final = re.compile(r" (of length )?(>=|<=|>|<) (\S+)")
_FORM: Final = re.compile(r" matching regex '(.*)'", re.DOTALL)
_KINDS: Final = {
    "str": "a string",
    "int": "an integer",
    "float": "a number",
    "bool": "a boolean",
    "array": "an array",
    "object": "a table",
    "date": "a date",
    "datetime": "a date with a time",
    "time": "a time",
}
_UNITS: Final = {"str": "character", "array": "entries", "object": "entries"}
_SIDES: Final = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}


def misfit_text(what: str, name: str, choices: Sequence[str] = ()) -> str:
    """A sentence for the finding `what` of msgspec about the key `name`, empty for the document.

    `choices` are the words that the value may be, where they are known.
    """
    plain = what[:1].lower() + what[1:]
    if missing := _MISSING.fullmatch(plain):
        of = f" of `{name}`" if name else ""
        return f"the key `{missing[1]}`{of} is missing"
    subject = f"`{name}`" if name else "the document"
    if choice := CHOICE.fullmatch(plain):
        known = ", ".join(f"`{one}`" for one in choices)
        return f"{subject} cannot be `{choice[1]}`" + (f"; it is one of {known}" if known else "")
    found = _TYPE.fullmatch(plain)
    wanted = _named(found[1]) if found else ""
    if found is None or not wanted:
        return f"{plain} for `{name}`" if name else plain
    if found[2]:
        return f"{subject} has to be {wanted}, not {_named(found[2]) or f'`{found[2]}`'}"
    if form := _FORM.fullmatch(found[3]):
        pattern = form[1].replace("\\\\", "\\")  # as it is written in a program
        form_words = _FORMS.get(pattern, f"that matches `{pattern}`")
        return f"{subject} has to be {wanted} {form_words}"
    if bound := _BOUND.fullmatch(found[3]):
        length, side, number = bound.groups()
        if length and (side, number) == (">=", "1"):
            return f"{subject} must not be empty"
        unit = f" {_UNITS.get(found[1].partition(' ')[0], '')}" if length else ""
        return f"{subject} has to be {wanted} of {_SIDES[side]} {number}{unit.rstrip()}"
    return f"{subject} has to be {wanted}{found[3]}"


_FORMS: Final = {
    r"^[^\x00]*$": "without a zero byte",
    r"^[^\x00\n]*$": "on one line without a zero byte",
}


def _named(kinds: str) -> str:
    """The types of a union in words, without that of a key that is left out; empty for others."""
    names = [one for one in kinds.split(" | ") if one != "null"]
    words = [_KINDS[one] for one in names if one in _KINDS]
    return " or ".join(words) if len(words) == len(names) else ""
