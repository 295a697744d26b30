"""The arguments of the flags of `check`, as values."""

from __future__ import annotations

import re
from typing import Final

import click

_BUDGET: Final = re.compile(
    r"\s*(?P<sender>[A-Za-z_]\w*)\s*(?:->\s*(?P<receiver>[A-Za-z_]\w*)\s*)?=\s*(?P<limit>[0-9]+)\s*"
)
_MOST_SIZES: Final = 1_000


def parse_instances(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """`Devices=1..3`, `Devices=4` or `Devices=1,2,8` as family and sizes."""
    found: dict[str, tuple[int, ...]] = {}
    for text in given:
        family, equals, sizes = text.partition("=")
        if not equals or not family:
            raise click.BadParameter(f"`{text}` is not of the form FAMILY=1..3")
        if family in found:
            raise click.BadParameter(f"sizes of `{family}` are given twice")
        found[family] = _sizes(text, sizes)
    return tuple(found.items())


def parse_equations(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """`Old=New` as both sides; no old or new name is there twice."""
    found: list[tuple[str, str]] = []
    for text in given:
        left, equals, right = (part.strip() for part in text.partition("="))
        if not (left and equals and right) or "=" in right:
            raise click.BadParameter(f"`{text}` is not of the form {parameter.metavar}")
        found.append((left, right))
    return tuple(found)


def parse_seconds(
    context: click.Context, parameter: click.Parameter, given: float | None
) -> float | None:
    """A number of seconds that a clock can count."""
    if given is not None and not 0 < given < 10**9:
        raise click.BadParameter(f"{given} is not a number of seconds above 0 and below 10^9")
    return given


def parse_budgets(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> tuple[tuple[str, str, int], ...]:
    """`Role=500` or `A->B=500` as sender, receiver or nothing, and limit."""
    found: dict[tuple[str, str], int] = {}
    for text in given:
        match = _BUDGET.fullmatch(text)
        if match is None:
            raise click.BadParameter(
                f"`{text}` is not of the form ROLE=500 or SENDER->RECEIVER=500"
            )
        if len(match["limit"]) > 20 or int(match["limit"]) >= 2**64:
            raise click.BadParameter(f"the budget in `{text}` does not fit into 64 bits")
        row = (match["sender"], match["receiver"] or "")
        if row in found:
            raise click.BadParameter(
                f"the budget of `{' -> '.join(filter(None, row))}` is given twice"
            )
        found[row] = int(match["limit"])
    return tuple((*row, limit) for row, limit in found.items())


def _sizes(text: str, sizes: str) -> tuple[int, ...]:
    found: dict[int, None] = {}
    for part in sizes.split(","):
        low, dots, high = part.partition("..")
        if (
            not low.isascii()
            or not low.isdigit()
            or (dots and not (high.isascii() and high.isdigit()))
        ):
            raise click.BadParameter(f"`{part}` in `{text}` is neither a size nor a range of sizes")
        if len(low) > 9 or len(high) > 9:
            raise click.BadParameter(f"`{part}` in `{text}` is too large")
        last = int(high) if dots else int(low)
        if last < int(low):
            raise click.BadParameter(f"the range `{part}` in `{text}` is empty")
        if last - int(low) >= _MOST_SIZES:
            raise click.BadParameter(f"`{part}` in `{text}` names more than {_MOST_SIZES} sizes")
        found.update((size, None) for size in range(int(low), last + 1))
    return tuple(found)


def parse_witness(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> tuple[str, ...]:
    """Events of which each can be read, and refers to one position of a run."""
    if not given:
        return ()
    from tellverify.properties.formula_parser import parse_event
    from tellverify.properties.formula_tree import FormulaError, is_timeless

    for text in given:
        try:
            timeless = is_timeless(parse_event(text))
        except FormulaError as error:
            at = error.span.start + 1
            raise click.BadParameter(f"`{text}`, column {at}: {error.message}") from None
        if not timeless:
            raise click.BadParameter(f"`{text}` is not an event: state it as a property")
    return given


def parse_address(
    context: click.Context, parameter: click.Parameter, given: str | None
) -> str | None:
    """An address over http, with `{path}` in it."""
    if given is None:
        return None
    from tellverify.verdict.revision import is_address

    if not is_address(given) or "{path}" not in given:
        raise click.BadParameter(f"`{given}` is not an HTTP address with {{path}} in it")
    return given


def parse_day(context: click.Context, parameter: click.Parameter, given: str | None) -> str:
    """A day as `YYYY-MM-DD`, or nothing."""
    if given is None:
        return ""
    import time

    try:
        if len(given) != 10:
            raise ValueError(given)
        time.strptime(given, "%Y-%m-%d")
    except ValueError:
        raise click.BadParameter(f"`{given}` is not a date such as 2027-03-01") from None
    return given


def parse_selectors(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> tuple[str, ...]:
    """Codes, names and bands, also several with commas between them; each can have the level."""
    if not given:
        return ()
    from tellverify.verification.levels import refusal

    level = LEVEL_OF[parameter.name or ""]
    found = [part.strip() for text in given for part in text.split(",") if part.strip()]
    for selector in found:
        why = refusal(selector, level)
        if why:
            raise click.BadParameter(why)
    return tuple(found)


LEVEL_OF: Final = {"allow": "ignore", "warn": "warning", "deny": "error"}
"""The level that each flag gives."""


def parse_docs_address(
    context: click.Context, option: click.Parameter, given: str | None
) -> str | None:
    """The address of a site of documentation, without a slash at its end."""
    if given and not given.startswith(("https://", "http://")):
        raise click.BadParameter("the address of a site begins with https:// or http://")
    return given.rstrip("/") if given else None
