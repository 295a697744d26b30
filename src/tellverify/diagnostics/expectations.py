"""Diagnostics about comments that say which fault a text shows."""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics.model import Code, Diagnostic, finding
from tellverify.source.span import Span

WRONG_EXPECTATION: Final = Code(
    "TV263",
    "wrong-expectation",
    "an `expect` comment that no check can meet",
)


def wrong_expectation(path: str, span: Span, item: str, why: str, instead: str) -> Diagnostic:
    """An `expect` of something that is not an outcome of a check."""
    return finding(
        WRONG_EXPECTATION,
        path,
        f"`{item}` {why}, so this comment has no effect",
        (span, "not an outcome of a check"),
        helps=(instead,),
    )


UNMET_EXPECTATION: Final = Code(
    "TV264",
    "unmet-expectation",
    "an `expect` comment whose fault the text does not show",
    help="fix the example so that it shows the fault again, or remove the comment",
)


def unmet_expectation(path: str, span: Span, item: str, why: str) -> Diagnostic:
    """A fault that a comment announces and that the check does not find."""
    return finding(
        UNMET_EXPECTATION,
        path,
        f"`expect({item})` is not met: {why}",
        (span, "expected, not found"),
    )
