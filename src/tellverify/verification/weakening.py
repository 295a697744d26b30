"""Where a configuration file asks for less than a check without any does.

A file comes with the protocols, so every report names what it takes away, and with
`--strict` does not count.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from tellverify.diagnostics import configuration as say
from tellverify.diagnostics.model import Diagnostic, Kind, Severity
from tellverify.obligations.options import DEFAULT_SIZES, LONGEST_QUEUE, MOST_CONFIGURATIONS
from tellverify.source.span import Span
from tellverify.source.text import SourceFile
from tellverify.verdict.identity import SCENARIO_MARK
from tellverify.verdict.properties import PROPERTIES, Property
from tellverify.verification.configuration_file import ConfigurationFile, Semantics
from tellverify.verification.configuration_layers import LoadedConfiguration, flat
from tellverify.verification.levels import IGNORE, selected
from tellverify.verification.resolved import sizes_given
from tellverify.verification.setting_values import toml_text

_STRENGTHS: Final = ("nothing", "assumed", "bounded", "proved")
_FREE: Final = ("nothing", "nothing")
_GRAVITY: Final = (IGNORE, Severity.NOTE.value, Severity.WARNING.value, Severity.ERROR.value)


class Weakening(msgspec.Struct, frozen=True):
    """A setting of a file that asks for less than the default: its key, text and line."""

    key: tuple[str, ...]
    text: str
    line: int


def weakenings(loaded: LoadedConfiguration, *, strict: bool = False) -> tuple[Weakening, ...]:
    """The settings of the file that ask for less than the defaults, in the order of its lines.

    In a `strict` check these are also those after which other runs count: refutations of some
    may be proved of others.
    """
    found = [
        Weakening(key, f"{'.'.join(key)} = {toml_text(value)}", loaded.lines[key])
        for key, value in flat(msgspec.to_builtins(loaded.configuration))
        if loaded.is_of_file(key)
        and (_is_weaker(key, loaded.configuration) or (strict and _changes_runs(key, value)))
    ]
    return tuple(sorted(found, key=lambda one: (one.line, one.key)))


def strengthened(loaded: LoadedConfiguration, weaker: tuple[Weakening, ...]) -> LoadedConfiguration:
    """The configuration with the defaults in the place of what asks for less."""
    table = msgspec.to_builtins(loaded.configuration)
    origins = dict(loaded.origins)
    for one in weaker:
        inner = table
        for step in one.key[:-1]:
            inner = inner[step]
        inner.pop(one.key[-1], None)
        origins.pop(one.key, None)
    configuration = msgspec.convert(table, ConfigurationFile)
    return msgspec.structs.replace(loaded, configuration=configuration, origins=origins)


def with_floor(loaded: LoadedConfiguration, floor: str) -> LoadedConfiguration:
    """The configuration in which every required property needs `floor` at least.

    A property that no check requires by default stays free where the file says so.
    """
    given = loaded.configuration.require
    least = _STRENGTHS.index(floor)
    raised = {
        name: floor
        for name, strength in {"default": "bounded", **given}.items()
        if _STRENGTHS.index(strength) < least and (strength, _default(name)) != _FREE
    }
    table = msgspec.to_builtins(loaded.configuration)
    table["require"] = {**given, **raised}
    origins = dict(loaded.origins)
    origins.update({("require", name): "command line" for name in raised})
    configuration = msgspec.convert(table, ConfigurationFile)
    return msgspec.structs.replace(loaded, configuration=configuration, origins=origins)


def findings(
    weaker: tuple[Weakening, ...], source: SourceFile, *, counts: bool
) -> list[Diagnostic]:
    """A note for each, at its line; `counts` says whether it has its effect."""
    return [
        say.weaker_setting(source.path, _line(source, one.line), one.text, counts=counts)
        for one in weaker
    ]


def _line(source: SourceFile, line: int) -> Span:
    start = source.start_of(line)
    end = source.text.find("\n", start)
    return Span(start, end if end >= 0 else len(source.text))


def _is_weaker(key: tuple[str, ...], found: ConfigurationFile) -> bool:
    match key:
        case ("require", name):
            return _STRENGTHS.index(found.require[name]) < _STRENGTHS.index(_default(name))
        case ("levels", name):
            return any(_is_lowered(name, found.levels[name]))
        case ("bounds", "instances", name):
            return not set(DEFAULT_SIZES) <= set(sizes_given(found.bounds.instances[name]))
        case ("bounds", "queue"):
            return found.bounds.queue < LONGEST_QUEUE
        case ("bounds", "configurations"):
            return found.bounds.configurations < MOST_CONFIGURATIONS
        case ("fail-on",):
            return found.fail_on == "never"
        case ("dialect",):
            return found.dialect == "faithful"
        case ("baseline",):
            return found.baseline is not None
        case _:
            return False


def _changes_runs(key: tuple[str, ...], value: object) -> bool:
    defaults = msgspec.to_builtins(Semantics())
    return key[0] == "semantics" and value != defaults[key[-1]]


def _default(name: str) -> str:
    """The strength that a property needs where no file says otherwise; under faults none."""
    if SCENARIO_MARK in name:
        return "nothing"
    if name == "default" or PROPERTIES[Property(name)].required:
        return "bounded"
    return "nothing"


def _is_lowered(selector: str, level: str) -> Iterator[bool]:
    for code in selected(selector):
        if code.kind is Kind.LINT:
            yield _GRAVITY.index(level) < _GRAVITY.index(code.severity.value)
