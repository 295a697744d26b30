"""Diagnostics about the configuration. Each of them stops the run before anything is checked."""

from __future__ import annotations

from tellverify.diagnostics import codes
from tellverify.diagnostics.model import Annotation, Diagnostic
from tellverify.source.span import NOWHERE, Span

_SCHEMA = "`tellverify config schema` shows all keys and their values"


def unreadable_configuration(path: str, span: Span, reason: str) -> Diagnostic:
    """The file cannot be opened, is no text, or is no TOML."""
    return Diagnostic(
        codes.UNREADABLE_CONFIGURATION,
        f"cannot read this configuration: {reason}",
        path,
        Annotation(span),
    )


def unknown_setting(path: str, span: Span, message: str, nearest: str) -> Diagnostic:
    """A key that no configuration has."""
    help_ = f"did you mean `{nearest}`?" if nearest else _SCHEMA
    return Diagnostic(codes.UNKNOWN_SETTING, message, path, Annotation(span), helps=(help_,))


def wrong_setting(path: str, span: Span, message: str, help_: str = _SCHEMA) -> Diagnostic:
    """A value that its key cannot have."""
    return Diagnostic(codes.WRONG_SETTING, message, path, Annotation(span), helps=(help_,))


def unsupported_setting(path: str, span: Span, key: str, supported: str, why: str) -> Diagnostic:
    """A presupposition that verdicts do not have."""
    return Diagnostic(
        codes.UNSUPPORTED_SETTING,
        f"no verdict presupposes this value of `semantics.{key}`",
        path,
        Annotation(span, f"only {supported} is supported"),
        notes=(why,),
        helps=("remove the key, so that reports say what verdicts mean",),
    )


def two_configurations(path: str, other: str) -> Diagnostic:
    """A folder with both kinds of configuration."""
    return Diagnostic(
        codes.TWO_CONFIGURATIONS,
        f"there is `[tool.tellverify]` in `{other}` too, and configurations are never merged",
        path,
        Annotation(NOWHERE),
        helps=("keep one of them",),
    )
