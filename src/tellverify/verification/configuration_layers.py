"""The layers of a configuration, lowest first: defaults, file, environment, `--config`, flags.

A later layer wins key by key; lists are replaced, tables are joined.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from tellverify.diagnostics import configuration as say
from tellverify.diagnostics.model import Diagnostic
from tellverify.source.span import NOWHERE, Span
from tellverify.source.text import SourceFile
from tellverify.source.toml import TomlDocument, TomlFault, decode, read_toml
from tellverify.verification.configuration_file import (
    ENVIRONMENT,
    PATH_LISTS,
    PATHS,
    ConfigurationFile,
)
from tellverify.verification.configuration_files import (
    Found,
    RefusedFile,
    find,
    read,
    refused,
    shown,
)
from tellverify.verification.setting_values import wrong_values

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Path: TypeAlias = tuple[str, ...]

FILE_VARIABLE: Final = "TELLVERIFY_CONFIG"
_TABLES: Final = (
    "semantics",
    "bounds",
    "properties",
    "faults",
    "require",
    "levels",
    "compare",
)
_DEEP: Final = ("instances",)  # tables inside of tables


class LoadedConfiguration(msgspec.Struct, frozen=True):
    """A configuration with the origin of every key that is not at its default.

    `folder` is that of the file, or the working folder without one; `path` is empty then.
    `lines` has the line of each key that the file sets, `texts` the place of each string: of what
    it says where the file has that as it is, else of the value with its escapes.
    """

    configuration: ConfigurationFile
    origins: dict[Path, str]
    folder: str
    path: str = ""
    lines: dict[Path, int] = {}
    texts: dict[Path, Span] = {}

    def is_of_file(self, key: Path) -> bool:
        """Whether the value of a key is that of the file, and not of a layer above."""
        return key in self.lines and self.origins.get(key, "").endswith(f":{self.lines[key]}")


def load(
    flags: Mapping[str, Json] | None = None,
    *,
    given: Sequence[str] = (),
    isolated: bool = False,
    environment: Mapping[str, str] | None = None,
    folder: str | None = None,
) -> LoadedConfiguration:
    """The configuration of a run in `folder`, the working folder if it is None.

    `flags` are nested tables of settings; `given` what `--config` was given. An `isolated` run
    reads no file unless one is named, and no environment. Raises RefusedFile for what cannot be
    used.
    """
    variables = os.environ if environment is None else environment
    files = [one for one in given if "=" not in one or os.path.isfile(one)]
    if len(files) > 1:
        message = f"two files are named: {files[0]} and {files[1]}"
        raise refused(
            files[1], say.wrong_setting(shown(files[1]), NOWHERE, message, "name one"), ""
        )
    found = _file(files, variables, isolated, folder or os.getcwd())
    table: dict[str, Json] = {}
    origins: dict[Path, str] = {}
    lines: dict[Path, int] = {}
    texts: dict[Path, Span] = {}
    if found is not None:
        document = _add_file(found, table, origins, lines)
        texts = {
            tuple(map(str, key[len(found.at) :])): document.text_of(key) for key in document.values
        }
    if not isolated:
        for name, path in ENVIRONMENT.items():
            if variables.get(name):
                value = _literal(variables[name])
                _add_one(path, value, f"environment {name}", table, origins)
    for text in given:
        if text not in files:
            _add_assignment(text, table, origins)
    if flags:
        _merge(table, flags, "command line", (), origins)
    try:
        configuration = msgspec.convert(table, ConfigurationFile)
    except msgspec.ValidationError as error:
        name = "command line"
        raise refused(name, say.wrong_setting(name, NOWHERE, _lower(str(error))), "") from None
    home = os.path.dirname(os.path.abspath(found.path)) if found else folder or os.getcwd()
    return LoadedConfiguration(
        configuration, origins, home, found.path if found else "", lines, texts
    )


def _file(
    files: Sequence[str], variables: Mapping[str, str], isolated: bool, folder: str
) -> Found | None:
    if files:
        return _whole_or_section(files[0])
    if isolated:
        return None
    if variables.get(FILE_VARIABLE):
        return _whole_or_section(variables[FILE_VARIABLE])
    return find(folder)


def _whole_or_section(path: str) -> Found:
    found = read(path)
    if os.path.basename(path) == "pyproject.toml":
        return Found(found.path, found.text, ("tool", "tellverify"))
    return found


# The file


def _add_file(
    found: Found, table: dict[str, Json], origins: dict[Path, str], lines: dict[Path, int]
) -> TomlDocument:
    path = shown(found.path)
    document = read_toml(path, found.text)
    if isinstance(document, TomlFault):
        source = SourceFile(path, found.text)
        span = document.span
        raise RefusedFile((say.unreadable_configuration(path, span, document.message),), source)
    faults = list(_faults(document, found.at))
    if faults:
        raise RefusedFile(tuple(faults), document.source)
    own: Json = msgspec.to_builtins(document.table)
    for step in found.at:
        own = own.get(step, {}) if isinstance(own, dict) else {}
    if isinstance(own, dict):
        before = set(origins)
        outside = list(_outside(document, found, own))
        if outside:
            raise RefusedFile(tuple(outside), document.source)
        _merge(table, own, "", (), origins)
        for key in set(origins) - before:
            line = document.line_of((*found.at, *key))
            origins[key] = f"{path}:{line}"
            lines[key] = line
    return document


def _outside(document: TomlDocument, found: Found, own: Mapping[str, Json]) -> Iterator[Diagnostic]:
    """The paths that lead out of the folder of the configuration: who wrote it may be anyone."""
    from tellverify.verification.output_paths import escape

    folder = os.path.dirname(os.path.abspath(found.path))
    named: list[tuple[Path | tuple[str | int, ...], Json]] = [
        ((key,), own.get(key)) for key in PATHS
    ]
    for list_key in PATH_LISTS:
        texts = own.get(list_key)
        for number, text in enumerate(texts if isinstance(texts, list) else []):
            named.append(((list_key, number), text))
    reports = own.get("reports")
    for number, text in enumerate(reports if isinstance(reports, list) else []):
        place = text.partition("=")[2] if isinstance(text, str) else "-"
        named.append((("reports", number), place if place != "-" else None))
    for key, path in named:
        why = escape(path, folder) if isinstance(path, str) and path else ""
        if why:
            span = document.span_of((*found.at, *key))
            help_ = "name a path below the folder, or give it on the command line"
            yield say.wrong_setting(document.source.path, span, why, help_)


def _faults(document: TomlDocument, at: Path) -> Iterator[Diagnostic]:
    """Everything that is wrong with a document; what does not fit its type comes alone."""
    path = document.source.path
    found = decode(document, ConfigurationFile, at)
    if isinstance(found, TomlFault):
        yield _misfit(path, found)
        return
    yield from (fault(path, document.span_of((*at, *key))) for key, fault in wrong_values(found))


def _misfit(path: str, fault: TomlFault) -> Diagnostic:
    quoted = fault.message.split("`")[1::2]
    if fault.message.startswith("there is no key") and quoted:
        return say.unknown_setting(path, fault.span, fault.message, _nearest(quoted[0]))
    return say.wrong_setting(path, fault.span, fault.message)


def _nearest(key: str) -> str:
    from difflib import get_close_matches

    from tellverify.verification.configuration_file import Bounds, CompareTable, Semantics

    tables = {"semantics": Semantics, "bounds": Bounds, "compare": CompareTable}
    for table, kind in tables.items():
        if key in kind.__struct_encode_fields__:
            return f"{table}.{key}"
    known = [
        name
        for kind in (ConfigurationFile, *tables.values())
        for name in kind.__struct_encode_fields__
        if name != key
    ]
    return next(iter(get_close_matches(key, known, 1)), "")


# Single values


def _literal(text: str) -> Json:
    """A value as TOML writes it; any other value becomes a string."""
    document = read_toml("value", f"value = {text}\n") if "\n" not in text else None
    if isinstance(document, TomlDocument) and len(document.table) == 1:
        value: Json = msgspec.to_builtins(document.table["value"])
        return value
    return text


def _add_one(
    path: Path, value: Json, origin: str, table: dict[str, Json], origins: dict[Path, str]
) -> None:
    """Set one key, after looking whether the value fits alone."""
    own: dict[str, Json] = {path[-1]: value}
    for step in reversed(path[:-1]):
        own = {step: own}
    try:
        alone = msgspec.convert(own, ConfigurationFile)
    except msgspec.ValidationError as error:
        raise _refused_value(origin, _lower(str(error))) from None
    for _, wrong in wrong_values(alone):
        raise RefusedFile((wrong(origin, NOWHERE),), SourceFile(origin, ""))
    _merge(table, own, origin, (), origins)


def _refused_value(origin: str, message: str) -> RefusedFile:
    if "unknown field" in message:
        key = message.split("`")[1]
        known = say.unknown_setting(origin, NOWHERE, f"there is no key `{key}`", _nearest(key))
        return RefusedFile((known,), SourceFile(origin, ""))
    return RefusedFile((say.wrong_setting(origin, NOWHERE, message),), SourceFile(origin, ""))


def _add_assignment(text: str, table: dict[str, Json], origins: dict[Path, str]) -> None:
    """`KEY=VALUE` of `--config`; a key may have dots."""
    key, _, value = text.partition("=")
    origin = f"--config {key.strip()}"
    document = read_toml(origin, f"{key.strip()} = true\n") if "\n" not in key else None
    path: Path = ()
    inner: object = document.table if isinstance(document, TomlDocument) else None
    while isinstance(inner, dict) and len(inner) == 1:
        ((name, inner),) = inner.items()
        path = (*path, name)
    if not path or inner is not True:
        raise _refused_value(origin, f"`{key}` is no key")
    _add_one(path, _literal(value.strip()), origin, table, origins)


def _merge(
    table: dict[str, Json],
    own: Mapping[str, Json],
    origin: str,
    at: Path,
    origins: dict[Path, str],
) -> None:
    """Put the keys of `own` over those of `table`."""
    for key, value in own.items():
        path = (*at, key)
        nested = (len(at) == 0 and key in _TABLES) or (len(at) == 1 and key in _DEEP)
        if nested and isinstance(value, dict):
            inner = table.setdefault(key, {})
            if isinstance(inner, dict):
                _merge(inner, value, origin, path, origins)
                continue
        table[key] = value
        origins[path] = origin


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def flat(table: Mapping[str, Json], at: Path = ()) -> Iterable[tuple[Path, Json]]:
    """Every key of nested tables with its value."""
    for key, value in table.items():
        if isinstance(value, dict) and (key in _TABLES or key in _DEEP) and len(at) < 2:
            yield from flat(value, (*at, key))
        else:
            yield (*at, key), value
