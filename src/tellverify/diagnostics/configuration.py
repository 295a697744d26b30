"""Diagnostics about the configuration. Most of them stop the run before anything is checked."""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics.model import (
    Code,
    Diagnostic,
    Kind,
    Severity,
    finding,
)
from tellverify.source.span import Span

_SCHEMA = "`tellverify config schema` shows all keys and their values"


UNREADABLE_CONFIGURATION: Final = Code(
    "TV011",
    "unreadable-configuration",
    "a configuration that cannot be read",
    kind=Kind.USAGE,
)


def unreadable_configuration(path: str, span: Span, reason: str) -> Diagnostic:
    """The file cannot be opened, is no text, or is no TOML."""
    return finding(
        UNREADABLE_CONFIGURATION,
        path,
        f"cannot read this configuration: {reason}",
        (span, ""),
    )


UNKNOWN_SETTING: Final = Code(
    "TV012",
    "unknown-setting",
    "an unknown key in a configuration",
    kind=Kind.USAGE,
)


def unknown_setting(path: str, span: Span, message: str, nearest: str) -> Diagnostic:
    """A key that no configuration has."""
    help_ = f"did you mean `{nearest}`?" if nearest else _SCHEMA
    return finding(
        UNKNOWN_SETTING,
        path,
        message,
        (span, ""),
        helps=(help_,),
    )


WRONG_SETTING: Final = Code(
    "TV013",
    "wrong-setting",
    "an invalid value in a configuration",
    kind=Kind.USAGE,
)


def wrong_setting(path: str, span: Span, message: str, help_: str = _SCHEMA) -> Diagnostic:
    """A value that its key cannot have."""
    return finding(
        WRONG_SETTING,
        path,
        message,
        (span, ""),
        helps=(help_,),
    )


UNSUPPORTED_SETTING: Final = Code(
    "TV014",
    "unsupported-setting",
    "an unsupported assumption about the semantics",
    kind=Kind.USAGE,
    help="remove the key; every report states what its verdicts presuppose",
)


def unsupported_setting(path: str, span: Span, key: str, supported: str, why: str) -> Diagnostic:
    """A presupposition that no verdict makes."""
    return finding(
        UNSUPPORTED_SETTING,
        path,
        f"this value of `semantics.{key}` is not supported",
        (span, f"only {supported} is supported"),
        notes=(why,),
    )


WEAKER_SETTING: Final = Code(
    "TV016",
    "weaker-setting",
    "a setting that asks for less than the default",
    severity=Severity.NOTE,
)


def weaker_setting(path: str, span: Span, setting: str, *, counts: bool) -> Diagnostic:
    """A setting of a file that takes something away; `counts` unless the check is strict."""
    effect = "" if counts else ", and `--strict` uses the default"
    return finding(
        WEAKER_SETTING,
        path,
        f"the configuration asks for less: `{setting}`{effect}",
        (span, ""),
    )


TWO_CONFIGURATIONS: Final = Code(
    "TV015",
    "two-configurations",
    "a folder with two configurations",
    kind=Kind.USAGE,
    help="keep one of them",
)


def two_configurations(path: str, other: str) -> Diagnostic:
    """A folder with both kinds of configuration."""
    return finding(
        TWO_CONFIGURATIONS,
        path,
        f"`{other}` also has `[tool.tellverify]`, and configurations are never merged",
    )
