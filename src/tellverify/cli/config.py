"""`tellverify config`: the settings and their origins, the schema for editors, and a first file."""

from __future__ import annotations

import sys

import click
import msgspec

from tellverify.cli import check_options
from tellverify.cli.check_plan import complain_refused
from tellverify.cli.console import show_table, takes_escapes
from tellverify.cli.exit import Exit
from tellverify.report.escape import printable
from tellverify.source.json_schema import schema_of
from tellverify.verification.configuration_file import ConfigurationFile
from tellverify.verification.configuration_files import RefusedFile, shown
from tellverify.verification.configuration_layers import LoadedConfiguration, flat, load
from tellverify.verification.setting_values import toml_text


@click.group("config")
def config() -> None:
    """Show the settings, print their schema, or write an initial configuration."""


@config.command("show")
@check_options.configured
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text")
def show(config: tuple[str, ...], isolated: bool, style: str) -> int:
    """Print every setting with the place it comes from."""
    try:
        loaded = load(given=config, isolated=isolated)
    except RefusedFile as refused:
        return complain_refused(refused)
    rows = list(_rows(loaded))
    if style == "json":
        table = [{"key": key, "value": value, "origin": origin} for key, value, origin in rows]
        found = {"path": shown(loaded.path) if loaded.path else None, "settings": table}
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
        return Exit.OK
    click.echo(f"# {shown(loaded.path)}" if loaded.path else "# no configuration file")
    if takes_escapes(sys.stdout):
        cells = [(key, toml_text(value), origin) for key, value, origin in rows]
        show_table(("key", "value", "set in"), cells, sys.stdout)
        return Exit.OK
    texts = [(f"{key} = {toml_text(value)}", origin) for key, value, origin in rows]
    width = max(len(text) for text, _ in texts if len(text) < 70)
    for text, origin in texts:
        click.echo(printable(f"{text:<{width}}  # {origin}"))
    return Exit.OK


def _rows(loaded: LoadedConfiguration) -> list[tuple[str, object, str]]:
    """Keys with dots, values and origins; keys that are not set have their defaults."""
    table = msgspec.to_builtins(loaded.configuration)
    table["require"].setdefault("default", "bounded")
    rows: list[tuple[str, object, str]] = []
    for path, value in flat(table):
        if value is None or (isinstance(value, dict) and not value):
            continue
        rows.append((".".join(_key(part) for part in path), value, _origin(loaded, path)))
    return rows


def _origin(loaded: LoadedConfiguration, path: tuple[str, ...]) -> str:
    return loaded.origins.get(path, "default")


def _key(part: str) -> str:
    plain = part.replace("-", "").replace("_", "")
    return part if plain.isalnum() and plain.isascii() else toml_text(part)


@config.command("schema")
def schema() -> int:
    """Print the JSON Schema of a configuration."""
    found = schema_of(ConfigurationFile, title="Configuration of tellverify")
    click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    return Exit.OK


@config.command("init")
def init() -> int:
    """Look at the tree below the working folder and write a `tellverify.toml`, as `init` does."""
    from tellverify.cli.init import write_configuration

    return write_configuration()
