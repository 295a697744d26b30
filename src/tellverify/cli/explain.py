"""`tellverify explain`: what a code or a property means, with examples."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click
import msgspec

from tellverify.cli.console import show_page, show_table, takes_escapes
from tellverify.cli.exit import Exit
from tellverify.diagnostics.codes import CODES
from tellverify.diagnostics.explain import ExplainPage, named, page
from tellverify.diagnostics.model import Code, Severity
from tellverify.verdict.methods import Method, method_named
from tellverify.verdict.properties import (
    AT_EVERY_SIZE,
    ON_REQUEST,
    PROPERTIES,
    Property,
    semantics_of,
)


class _CodeEntry(msgspec.Struct, frozen=True):
    number: str
    name: str
    kind: str
    severity: str
    title: str
    sections: dict[str, str]


class _PropertyEntry(msgspec.Struct, frozen=True):
    name: str
    statement: str
    semantics: str
    required: bool
    codes: tuple[str, ...]


class _MethodEntry(msgspec.Struct, frozen=True):
    name: str
    title: str
    phrase: str
    engine: str
    certificate: str


@click.command("explain")
@click.argument("word", required=False, metavar="CODE|NAME|PROPERTY|METHOD")
@click.option("--list", "everything", is_flag=True, help="List all codes and properties.")
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Format of standard output.",
)
def explain(word: str | None, everything: bool, style: str) -> int:
    """Explain a code such as TV512, its name, or a property, and how to fix a fault.

    The name of a method, as in the JSON of verdicts, is explained too.
    """
    out = sys.stdout
    if everything:
        if style == "json":
            out.write(_json_list())
        elif takes_escapes(out):
            show_table(("code", "name", "level", "what it finds"), _codes(), out)
            show_table(("property", "what it says"), _properties(), out)
        else:
            out.write("".join(f"{row}\n" for row in _rows()))
        return Exit.OK
    if word is None:
        raise click.UsageError("name a code or a property, or use --list")
    code = named(word)
    if code is not None:
        found = page(code)
        if style == "json":
            out.write(_json(_code_entry(code, found)))
        else:
            show_page(found.text if found is not None else _without_page(code), out)
        return Exit.OK
    method = method_named(word.strip().lower())
    prop = next((one for one in Property if one.value == word.strip().lower()), None)
    if method is not None and prop is None:
        if style == "json":
            out.write(_json(_method_entry(method)))
        else:
            show_page(_method_text(method), out)
        return Exit.OK
    if prop is None:
        near = _nearest(word)
        hint = f"; did you mean `{near}`?" if near else "; `--list` names them all"
        raise click.UsageError(f"there is no code, property or method `{word}`{hint}")
    if style == "json":
        out.write(_json(_property_entry(prop)))
    else:
        also = f"\n{_method_text(method)}" if method is not None else ""
        show_page(f"{_property_text(prop)}{also}", out)
    return Exit.OK


def _json(value: _CodeEntry | _PropertyEntry | _MethodEntry) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n"


def _json_list() -> str:
    entries = [
        *(_code_entry(code, page(code)) for code in CODES.values()),
        *(_property_entry(prop) for prop in Property),
    ]
    return msgspec.json.format(msgspec.json.encode(entries), indent=2).decode() + "\n"


def _code_entry(code: Code, found: ExplainPage | None) -> _CodeEntry:
    return _CodeEntry(
        code.number,
        code.name,
        str(code.kind),
        str(code.severity),
        code.title,
        dict(found.sections) if found is not None else {},
    )


def _property_entry(prop: Property) -> _PropertyEntry:
    row = PROPERTIES[prop]
    numbers = tuple(code.number for code in _refuting(prop))
    return _PropertyEntry(prop.value, row.sentence, semantics_of(prop), row.required, numbers)


def _refuting(prop: Property) -> list[Code]:
    """The codes of the findings that refute a property; of a band those that are errors."""
    named = PROPERTIES[prop].codes
    return [
        code
        for code in CODES.values()
        if code.number in named
        or (code.severity is Severity.ERROR and code.number.startswith(_bands(named)))
    ]


def _bands(named: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one for one in named if len(one) < len("TV000"))


def _codes() -> list[tuple[str, str, str, str]]:
    return [(code.number, code.name, code.severity, code.title) for code in CODES.values()]


def _properties() -> list[tuple[str, str]]:
    return [(prop.value, PROPERTIES[prop].sentence) for prop in Property]


def _rows() -> Iterator[str]:
    longest = max(len(code.name) for code in CODES.values())
    for number, name, level, title in _codes():
        yield f"{number}  {name:<{longest}}  {level:<7}  {title}"
    yield ""
    for name, text in _properties():
        yield f"{name:<{longest + 7}}  {text}"


def _without_page(code: Code) -> str:
    return f"# {code.number} {code.name}\n\n{code.title[0].upper()}{code.title[1:]}.\n"


def _property_text(prop: Property) -> str:
    row, presumed = PROPERTIES[prop], semantics_of(prop)
    lines = [f"# {prop.value}", "", row.sentence, ""]
    if presumed:
        lines.append(f"It presumes {presumed}.")
    codes = _refuting(prop)
    if not codes:
        lines.append("It gives evidence and is never refuted.")
    elif row.required:
        lines.append("It is required: a check fails when it is refuted.")
    else:
        lines.append("It is not required: when it is refuted, a check warns and continues.")
    if prop in ON_REQUEST:
        lines.append(
            f"It is decided on request: `--property {prop.value}`, a line of `[require]`, or a"
            " comment that expects or assumes it."
        )
    if prop in AT_EVERY_SIZE:
        lines.append(
            "For role families it is claimed at every size where generic members represent all"
            " larger ones; otherwise the verdict is bounded by the sizes that were tried."
        )
    if codes:
        lines += ["", "Findings that refute it:", ""]
    lines += [f"- {code.number} `{code.name}`: {code.title}" for code in codes]
    return "\n".join(lines) + "\n"


def _method_entry(method: Method) -> _MethodEntry:
    row = method.row
    return _MethodEntry(method.value, row.title, row.phrase, row.engine, row.certificate or "")


def _method_text(method: Method) -> str:
    row = method.row
    lines = [f"# {method.value}", "", f"Known {row.phrase}.", "", f"Engine: {row.engine}."]
    if row.certificate is not None:
        lines.append(f"Evidence: {row.certificate}, which `tellverify recheck` checks again.")
    return "\n".join(lines) + "\n"


def _nearest(word: str) -> str:
    import difflib

    names = [*(code.name for code in CODES.values()), *(prop.value for prop in Property)]
    close = difflib.get_close_matches(word.lower(), [*names, *CODES], n=1)
    return close[0] if close else ""
