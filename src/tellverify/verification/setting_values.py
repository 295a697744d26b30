"""Values of a configuration that fit their type and are wrong all the same; values as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import msgspec

from tellverify.diagnostics import configuration as say
from tellverify.diagnostics.model import Diagnostic
from tellverify.source.span import Span
from tellverify.verdict.identity import NO_FAULTS, SCENARIO_MARK
from tellverify.verdict.properties import Property
from tellverify.verification.configuration_file import SUPPORTED, ConfigurationFile

Path: TypeAlias = tuple[str, ...]


class WrongValue(msgspec.Struct, frozen=True):
    """A value that fits its type and is wrong all the same."""

    message: str
    help: str
    key: str = ""
    supported: str = ""

    def __call__(self, path: str, span: Span) -> Diagnostic:
        if self.key:
            return say.unsupported_setting(path, span, self.key, self.supported, self.message)
        return say.wrong_setting(path, span, self.message, self.help)


def wrong_values(configuration: ConfigurationFile) -> Iterator[tuple[Path, WrongValue]]:
    """The paths of such values, and their errors."""
    yield from _semantics(configuration)
    yield from _requirements(configuration)
    yield from _names(configuration)
    yield from _equations(configuration)


def _equations(configuration: ConfigurationFile) -> Iterator[tuple[Path, WrongValue]]:
    """Pairs of `[compare]` that are none, and roles that are renamed twice."""
    for key, rows in (
        ("payloads", configuration.compare.payloads),
        ("renamed", configuration.compare.renamed),
    ):
        sides = [tuple(part.strip() for part in row.split("=")) for row in rows]
        for row, parts in zip(rows, sides, strict=True):
            if len(parts) != 2 or not all(parts):
                form = "OldRole = NewRole" if key == "renamed" else "crate.V1 = crate.V2"
                message = f"`{row}` is not of the form `{form}`"
                yield ("compare", key), WrongValue(message, f'write "{form}"')
        for side in range(2) if key == "renamed" else ():
            names = [parts[side] for parts in sides if len(parts) == 2]
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                yield ("compare", key), WrongValue(f"`{twice}` is in two rows", "keep one of them")


def _semantics(configuration: ConfigurationFile) -> Iterator[tuple[Path, WrongValue]]:
    for key, (value, why) in SUPPORTED.items():
        if getattr(configuration.semantics, key) != value:
            text = f"`{key} = {toml_text(value)}`"
            yield ("semantics", key), WrongValue(why, "", key, text)


def _requirements(configuration: ConfigurationFile) -> Iterator[tuple[Path, WrongValue]]:
    names = [prop.value for prop in Property]
    for key, strength in configuration.require.items():
        asked, mark, scenario = key.partition(SCENARIO_MARK)
        if key != "default" and (asked not in names or (mark and not _is_plain(scenario))):
            yield ("require", key), WrongValue(f"there is no property `{key}`", _meant(key, names))
        elif key == "default" and strength not in ("proved", "bounded"):
            message = f'`default` cannot be "{strength}"'
            yield ("require", key), WrongValue(message, 'it is "proved" or "bounded"')
        elif key == Property.WELL_FORMED and strength != "proved":
            message = "a text without a meaning can have no verdicts"
            yield ("require", key), WrongValue(message, "remove the key")


def _meant(key: str, names: Sequence[str]) -> str:
    """What a requirement may be meant to be on, or all properties."""
    from tellverify.language.checks.suggest import closest

    asked, at, scenario = (part.strip() for part in key.partition(SCENARIO_MARK.strip()))
    asked, bracket, _ = asked.partition("[")
    meant = asked if asked in names else closest(asked, names)
    if not meant or (at and not _is_plain(scenario)):
        return f"the properties are {', '.join(names)}"
    whole = f"{meant}{SCENARIO_MARK}{scenario}" if at else meant
    about = ": a requirement is on all roles" if bracket and asked in names else ""
    return f"write `{whole}`{about}" if about else f"did you mean `{whole}`?"


def _names(configuration: ConfigurationFile) -> Iterator[tuple[Path, WrongValue]]:
    from tellverify.verification.levels import refusal

    for key, level in configuration.levels.items():
        why = refusal(key, level)
        if why:
            yield ("levels", key), WrongValue(why, "`tellverify explain --list` shows all codes")
    for family, sizes in configuration.bounds.instances.items():
        if isinstance(sizes, str) and sizes_of(sizes) is None:
            message = f"`{sizes}` is not a range of sizes"
            yield ("bounds", "instances", family), WrongValue(message, 'write [1, 2, 8] or "1..3"')
    for name, faults in configuration.faults.items():
        if not _is_plain(name) or name == NO_FAULTS:
            message = f"`{name}` is not the name of a scenario"
            yield ("faults", name), WrongValue(message, "use letters, digits and dashes")
        if not faults.rules:
            help = 'write `rules = ["crash <= 1 of Role"]`'
            yield ("faults", name, "rules"), WrongValue("the scenario has no rule", help)
    for name in configuration.properties:
        parts = name.split(".")  # behind the name of the protocol that it is of, if there is one
        if not all(map(_is_plain, parts)):
            message = f"`{name}` is not the name of a property"
            help = "use letters, digits and dashes, or `Protocol.name`"
            yield ("properties", name), WrongValue(message, help)


def _is_plain(name: str) -> bool:
    """True of letters, digits and dashes."""
    return name.isascii() and name.replace("-", "").replace("_", "").isalnum()


def sizes_of(text: str) -> tuple[int, ...] | None:
    """`1..3` or `4` as sizes; None for anything else, and for more than 1000 sizes."""
    low, dots, high = text.partition("..")
    parts = (low, high) if dots else (low, low)
    if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
        return None
    first, last = (int(part) for part in parts)
    return tuple(range(first, last + 1)) if first <= last < first + 1_000 else None


def toml_text(value: object) -> str:
    """A value as TOML writes it."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{"".join(map(_character, value))}"'
        case list():
            return f"[{', '.join(toml_text(one) for one in value)}]"
        case dict():
            inner = ", ".join(f"{_key(str(key))} = {toml_text(one)}" for key, one in value.items())
            return f"{{ {inner} }}" if inner else "{}"
        case _:
            return str(value)


def _character(char: str) -> str:
    """A character of a basic string, escaped where TOML or a terminal needs that."""
    if char in '"\\':
        return f"\\{char}"
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


def _key(key: str) -> str:
    plain = key.replace("-", "").replace("_", "")
    return key if plain.isalnum() and plain.isascii() else toml_text(key)
