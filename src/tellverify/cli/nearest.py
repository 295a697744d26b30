"""What a name on the command line was most likely meant to be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import click

_LIKENESS: Final = 0.6
_MOST: Final = 1_000  # known names, and characters of one


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like `name`, empty if none is."""
    names = list(dict.fromkeys(known))
    if len(names) > _MOST or len(name) > _MOST:
        return ""
    from difflib import get_close_matches

    folded = {one.lower(): one for one in reversed(names)}
    found = get_close_matches(name.lower(), folded, 1, _LIKENESS)
    return folded[found[0]] if found else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about a name that nothing has: a question, or nothing."""
    found = nearest(name, known)
    return f"; did you mean `{found}`?" if found else ""


class NamedChoice(click.Choice[str]):
    """One of many names; a misspelt one is answered with the name that it is most like."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """The message about a value that is not among the names."""
        meant = did_you_mean(str(value), map(str, self.choices))
        if meant:
            return f"there is no `{value}`{meant}"
        return super().get_invalid_choice_message(value, ctx)
