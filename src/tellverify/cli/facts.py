"""`tellverify facts`: fact schemas and whether their versions go together."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence

import click

from tellverify.annotations.fact_log import reduce_log
from tellverify.annotations.fact_schemas import (
    LARGEST,
    FactSchema,
    SchemaRead,
    compared,
)
from tellverify.annotations.schema_files import RUST, schemas_in
from tellverify.annotations.time_domains import wide_times
from tellverify.cli.complaints import Stopped, complain
from tellverify.cli.exit import Exit
from tellverify.cli.facts_revision import changed_since, label_at, schemas_at
from tellverify.cli.policies import load_policy, policy_option, policy_path_of
from tellverify.cli.rust_code import needs_extra
from tellverify.diagnostics import ceremonies as say
from tellverify.diagnostics.model import Diagnostic
from tellverify.diagnostics.rust_code import wide_time
from tellverify.diagnostics.wording import counted
from tellverify.language.files import inputs
from tellverify.report.escape import tame
from tellverify.source.files import OverLimit, Unreadable
from tellverify.source.span import NOWHERE
from tellverify.source.text import SourceFile, read_text, text_of


@click.group("facts")
def facts() -> None:
    """Check fact schemas, compare their versions, and extract them from Rust sources."""


@facts.command("check")
@click.argument("paths", nargs=-1, metavar="[SCHEMA]...")
@policy_option
def check(paths: tuple[str, ...], policy_path: str | None) -> int:
    """Read fact schemas, in TOML or in Rust sources.

    SCHEMA is a file, or a folder whose Rust sources may have facts. Without one, all Rust sources
    below the working folder count, and the schemas that the policy names. A time field in a wider
    domain than its name asks for is a note. Exit codes: 0 all are fine, 1 one of them has a fault,
    2 wrong usage, 4 there is none.
    """
    wrong, some = False, False
    try:
        for path in _with_facts(paths, policy_path):
            if inputs.is_strange(path, paths):
                complain(f"{tame(path)}: it is a link out of the folder that is checked")
                some = wrong = True
                continue
            for read in _read(path):
                some = True
                wrong = wrong or read.schema is None
                _tell(path, read)
    except Stopped as stop:
        return stop.code
    if not some:
        complain(
            "no fact was found: an enum or a struct is one under `ceremony_facts` or `domain_fact`"
        )
        return Exit.NOTHING_SELECTED
    return Exit.REFUTED if wrong else Exit.OK


def _with_facts(paths: Sequence[str], policy_path: str | None) -> Iterator[str]:
    """The files that are given, those in folders, and without any those of here and the policy."""
    yield from inputs.find(paths or (".",), counts=_may_have_facts)
    if not paths and policy_path_of(policy_path) is not None:
        policy = load_policy(policy_path)
        named = (policy.schema_path(row) for row in policy.ceremony_names.values() if row.schema)
        yield from dict.fromkeys(named)


def _may_have_facts(path: str) -> bool:
    if not path.endswith(RUST):
        return False
    try:
        text = read_text(path, LARGEST)
    except Unreadable:
        return True
    return "ceremony_facts" in text or "domain_fact" in text


def _tell(path: str, read: SchemaRead) -> None:
    if read.schema is None:
        _print(read.diagnostics, {path: read.source})
        return
    schema = read.schema
    of = "" if schema.kind == "ceremony" else ", of no ceremony"
    count = counted(len(schema.variants), "fact")
    click.echo(f"{path}: `{schema.name}` version {schema.version}, {count}{of}")
    if schema.reduction is not None:
        click.echo("  reduction proved: total, monotone, a function of the set of facts")
    _print(list(_wide(path, read, schema)), {path: read.source})


def _wide(path: str, read: SchemaRead, schema: FactSchema) -> Iterator[Diagnostic]:
    """A note for each time field that a narrower domain would do for."""
    for one in wide_times(schema):
        has = f"is in the domain `{one.domain}`" if one.domain else "may hold times of any domain"
        yield wide_time(
            path,
            read.span_of_field(one.variant, one.field),
            f"`{one.variant}.{one.field}` {has}, and by its name it is {one.use.purpose}",
            f"take a time of the domain `{one.use.narrowest}`",
            "the narrowest domain that fits is to be selected for each time field",
        )


@facts.command("extract")
@click.argument("path", metavar="FILE.rs")
@click.option("--name", metavar="TYPE", help="Only the facts of this enum or struct.")
def extract(path: str, name: str | None) -> int:
    """Print the fact schemas of a Rust source as one TOML document.

    Several of them are rows of `schemas`; the other commands read both forms. Exit codes: 0
    printed, 1 one has a fault, 2 wrong usage, 4 there is none.
    """
    try:
        from tellverify.annotations.rust_facts import schemas_toml

        found = [one for one in _read(path) if name in (None, _name(one))]
    except ModuleNotFoundError as error:
        return needs_extra(error, "facts in Rust sources").code
    except Stopped as stop:
        return stop.code
    if not found:
        complain("no fact was found")
        return Exit.NOTHING_SELECTED
    for one in found:
        _print(one.diagnostics, {path: one.source}, err=True)
    schemas = [one.schema for one in found if one.schema is not None]
    if schemas:
        click.echo(schemas_toml(schemas), nl=False)
    return Exit.REFUTED if any(one.schema is None for one in found) else Exit.OK


@facts.command("status")
@click.argument("log", metavar="LOG")
@click.option("--schema", required=True, metavar="SCHEMA", help="The schema, in TOML or Rust.")
@click.option("--name", metavar="TYPE", help="The type, where the schema file has several.")
def status(log: str, schema: str, name: str | None) -> int:
    """Reduce a log of facts to the status of each ceremony.

    LOG has one JSON object a line, `{"fact": "CeremonyInitiated", "ceremony_id": "c1"}` or
    `{"CeremonyInitiated": {"ceremony_id": "c1"}}`; `-` is standard input. Exit codes: 0 reduced, 1
    facts conflict, a line is no fact or the schema has a fault, 2 wrong usage, 4 the log has no
    fact.
    """
    try:
        found = [one for one in _read(schema) if name in (None, _name(one)) or one.schema is None]
        text = _log_text(log)
    except Stopped as stop:
        return stop.code
    except Unreadable as error:
        complain(f"cannot read {tame(log)}: {error}")
        return Exit.USAGE
    of_ceremonies = [one for one in found if one.schema is None or one.schema.kind == "ceremony"]
    if len(found) != 1 and len(of_ceremonies) == 1:
        found = of_ceremonies
    if len(found) != 1:
        complain(f"{tame(schema)} has {len(found)} schemas; name one of them by --name")
        return Exit.USAGE
    if found[0].schema is None:
        _print(found[0].diagnostics, {schema: found[0].source})
        return Exit.REFUTED
    reduced = reduce_log(text, found[0].schema)
    log = "<stdin>" if log == "-" else log
    for line, reason in reduced.faults:
        complain(f"{tame(log)}:{line}: {tame(reason)}")
    for one in reduced.statuses:
        many = "1 fact" if one.facts == 1 else f"{one.facts} facts"
        click.echo(f"{tame(one.ceremony)}   {one.status}   {many}, last at {tame(log)}:{one.line}")
        if one.clash:
            named = [f"`{name}` at {tame(log)}:{line}" for name, line in one.clash]
            verb = "exclude each other" if len(named) > 1 else "is a conflict by itself"
            click.echo(f"  {' and '.join(named)} {verb}")
    if reduced.faults or any(one.clash for one in reduced.statuses):
        return Exit.REFUTED
    if not reduced.statuses:
        complain(f"{tame(log)} has no fact")
        return Exit.NOTHING_SELECTED
    return Exit.OK


def _log_text(log: str) -> str:
    """The text of a log, or of standard input. Raises Unreadable."""
    if log != "-":
        return read_text(log, LARGEST)
    content = sys.stdin.buffer.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise OverLimit(len(content), LARGEST)
    return text_of(content)


@facts.command("compare")
@click.argument("old", required=False, metavar="[OLD]")
@click.argument("new", required=False, metavar="[NEW]")
@click.option("--against", metavar="REF", help="Compare with a revision of git.")
def compare(old: str | None, new: str | None, against: str | None) -> int:
    """Decide whether facts of the schema OLD are facts of the schema NEW.

    With --against, the one argument is the new version, and the old one is that of the revision;
    without an argument, all Rust sources below the working folder are compared. Rust sources are
    compared type by type. Exit codes: 0 they are, 1 some are not or a schema has a fault, 2 wrong
    usage, 4 there is no fact.
    """
    if (new is None) == (against is None):
        raise click.UsageError("name two schemas, or at most one and a revision by --against")
    try:
        if against is not None:
            return _compare_with(against, old)
        return _compare_all({old or "": _read(old or "")}, {new or "": _read(new or "")}, "")
    except Stopped as stop:
        return stop.code


def _compare_with(revision: str, path: str | None) -> int:
    """Compare one file, or all Rust sources of here, with a revision. Raises Stopped."""
    if path is not None:
        return _compare_all({path: schemas_at(path, revision)}, {path: _read(path)}, revision)
    changed = list(changed_since(revision))
    before = {one: found for one in changed if (found := schemas_at(one, revision))}
    after = {
        found.removeprefix("./"): _read(found)
        for found in inputs.find((".",), counts=_may_have_facts)
        if not inputs.is_strange(found, ())
    }
    if not before and not any(after.values()):
        complain("no fact was found")
        return Exit.NOTHING_SELECTED
    if not before:
        click.echo(f"equal: no Rust source with facts at {tame(revision)} was changed")
    return _compare_all(before, after, revision)


_Files = Mapping[str, Sequence[SchemaRead]]


def _compare_all(before: _Files, after: _Files, revision: str) -> int:
    """Compare the schemas of files, the old ones at a revision where it is not empty."""
    shown = {path: label_at(path, revision) if revision else path for path in before}
    old_faults = [(shown[path], one) for path, found in before.items() for one in found]
    new_faults = [(path, one) for path, found in after.items() for one in found]
    faulty = [(path, one) for path, one in old_faults + new_faults if one.schema is None]
    for path, read in faulty:
        _print(read.diagnostics, {path: read.source})
    if faulty:
        return Exit.REFUTED
    breaks = False
    for path, found in before.items():
        home = path if path in after or len(after) != 1 or revision else next(iter(after))
        for first, second in _pairs(found, after.get(home, ())):
            place, other = (home, second) if second is not None else _elsewhere(first, after, home)
            breaks = _compared(first, other, (shown[path], place)) or breaks
    return Exit.REFUTED if breaks else Exit.OK


def _elsewhere(first: SchemaRead, after: _Files, home: str) -> tuple[str, SchemaRead | None]:
    """The one schema of the same name in another file, to which the type was moved."""
    found = [
        (path, one) for path, reads in after.items() for one in reads if _name(one) == _name(first)
    ]
    return found[0] if len(found) == 1 else (home, None)


def _pairs(
    before: Sequence[SchemaRead], after: Sequence[SchemaRead]
) -> list[tuple[SchemaRead, SchemaRead | None]]:
    """Old schemas with the new ones of the same name; two single schemas go together."""
    if len(before) == len(after) == 1:
        return [(before[0], after[0])]
    named = {_name(one): one for one in after}
    return [(one, named.get(_name(one))) for one in before]


def _compared(first: SchemaRead, second: SchemaRead | None, pair: tuple[str, str]) -> bool:
    """Say how two versions differ; True where the new one breaks facts of the old one."""
    old, new = pair
    if first.schema is None:
        return True
    if second is None or second.schema is None:
        text = f"`{first.schema.name}` was removed"
        _print([say.breaking_schema(new, NOWHERE, text, old)], {})
        return True
    changes = compared(first.schema, second.schema)
    broken = [change for change in changes if change.breaks]
    found = [
        say.breaking_schema(
            new, second.span_of_field(change.variant, change.field), change.text, old
        )
        for change in broken
    ]
    _print(found, {new: second.source})
    for change in changes:
        if not change.breaks:
            click.echo(f"compatible: {change.text}")
    kind = "breaking" if broken else "compatible" if changes else "equal"
    versions = f"version {first.schema.version} to {second.schema.version}"
    click.echo(f"{kind}: `{second.schema.name}` {versions}, {counted(len(changes), 'change')}")
    return bool(broken)


def _name(read: SchemaRead) -> str:
    return read.schema.name if read.schema is not None else ""


def _read(path: str) -> Sequence[SchemaRead]:
    """The schemas of a file.

    Raises Stopped where Rust cannot be read for lack of the extra, and for a choreography.
    """
    if path.endswith((inputs.SUFFIX, *inputs.EMBEDDING)) and not path.endswith(RUST):
        complain(f"{tame(path)} is no fact schema: those are in TOML files and in Rust sources")
        raise Stopped(Exit.USAGE)
    try:
        return schemas_in(path)
    except ModuleNotFoundError as error:
        raise needs_extra(error, "facts in Rust sources") from None


def _print(
    found: Sequence[Diagnostic], sources: Mapping[str, SourceFile], *, err: bool = False
) -> None:
    from tellverify.report.style import Style
    from tellverify.report.text_findings import diagnostic_lines

    ascii_only = not (sys.stdout.encoding or "").lower().startswith("utf")
    style = Style(color=False, ascii_only=ascii_only, width=100)
    for diagnostic in found:
        lines, _ = diagnostic_lines(diagnostic, sources, style)
        click.echo("\n".join([*lines, ""]), err=err)
