"""`tellverify admit`: whether a runtime admits protocols, why not, and what would help."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

import click
import msgspec

from tellverify.admission.explained import explain
from tellverify.admission.findings import findings
from tellverify.admission.manifest import Derived, Manifest
from tellverify.admission.manifest_file import read_manifest
from tellverify.admission.matrix import matrix
from tellverify.admission.resolve import requirements
from tellverify.admission.runtime import RuntimeInventory, inventory_of, without
from tellverify.cli.admission_rows import AdmittedProtocol, admission_row, rows_markdown
from tellverify.cli.admission_text import (
    matrix_cells,
    matrix_markdown,
    matrix_text,
    matrix_totals,
    report,
)
from tellverify.cli.complaints import Stopped, complain, say
from tellverify.cli.console import show_table, takes_escapes
from tellverify.cli.exit import Exit
from tellverify.cli.policies import (
    complain_of_runtime,
    load_policy,
    policy_option,
    protocols_under,
    sources_of,
)
from tellverify.cli.rust_code import root_option, tables_agree
from tellverify.cli.selection import given_or_included
from tellverify.diagnostics.wording import counted, listed
from tellverify.policy.model import Policy
from tellverify.report.escape import tame
from tellverify.source.span import NOWHERE
from tellverify.source.text import SourceFile
from tellverify.verification.levels import is_band, selected

_FORMATS: Final = ("text", "json", "markdown")


def _parse_codes(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> tuple[str, ...]:
    """Numbers or names of codes as numbers."""
    codes = []
    for text in given:
        found = () if is_band(text) else selected(text)
        if not found:
            raise click.BadParameter(f"`{text}` is not a code")
        codes.append(found[0].number)
    return tuple(codes)


@click.command("admit")
@click.argument("paths", nargs=-1, metavar="[FILE]...")
@policy_option
@click.option(
    "--runtime",
    metavar="PROFILE",
    help="A runtime profile of the policy, or a TOML file with one; the default of the policy.",
)
@click.option(
    "--without", "removed", multiple=True, metavar="KEY", help="The runtime without this key."
)
@click.option(
    "--minimal", is_flag=True, help="Show all minimal runtimes that admit each protocol, and all."
)
@click.option("--matrix", "as_matrix", is_flag=True, help="All protocols against all runtimes.")
@root_option
@click.option(
    "--expect",
    "expected",
    multiple=True,
    metavar="CODE",
    callback=_parse_codes,
    help="Examples of a fault: succeed when this objection, and no other, is made to each.",
)
@click.option("--redact", is_flag=True, help="Show hashes instead of capability keys.")
@click.option("--format", "style", type=click.Choice(_FORMATS), default="text", show_default=True)
def admit(
    paths: tuple[str, ...],
    policy_path: str | None,
    runtime: str | None,
    removed: tuple[str, ...],
    minimal: bool,
    as_matrix: bool,
    root: str,
    expected: tuple[str, ...],
    redact: bool,
    style: str,
) -> int:
    """Decide whether a runtime admits the protocols of files and folders, or of manifests.

    FILE is a file with protocols, a folder, or a stored manifest (`.json`); without one, the files
    that the configuration includes. Tables of admission in Rust that the policy names are compared
    with it. Exit codes: 0 all are admitted, 1 one is refused, a table differs or a file has errors,
    2 wrong usage or a faulty policy, 3 not known, 4 no protocol was found.
    """
    try:
        also = [runtime] if runtime is not None and runtime.endswith(".toml") else []
        policy = load_policy(policy_path, also)
        found, is_fine = _derived(policy, given_or_included(paths), paths)
        is_fine = tables_agree(policy, root) and is_fine
        chosen = _runtime(policy, runtime, removed)
    except Stopped as stop:
        return stop.code
    if not found:
        if is_fine:
            complain("no protocol was found")
        return Exit.NOTHING_SELECTED if is_fine else Exit.REFUTED
    if as_matrix and expected:
        complain("`--expect` and `--matrix` exclude each other")
        return Exit.USAGE
    if as_matrix:
        return _show_matrix(policy, found, style, is_fine)
    judged = [_judged(policy, each, chosen, minimal) for each in found]
    joint = _joint(policy, found) if minimal and len(found) > 1 else None
    text = _shown(policy, judged, chosen, joint, style)
    click.echo(_redacted(policy, text) if redact else text, nl=False)
    if expected:
        return _as_expected(judged, expected) if is_fine else Exit.REFUTED
    if any(not one.explained.unknown and not one.explained.decision.admitted for one in judged):
        return Exit.REFUTED
    if not is_fine:
        return Exit.REFUTED
    return Exit.UNKNOWN if any(one.explained.unknown for one in judged) else Exit.OK


def _as_expected(judged: Sequence[AdmittedProtocol], expected: Sequence[str]) -> int:
    """Success when the objections to each protocol are those that were expected, one at least."""
    is_met = True
    for one in judged:
        made = {each.objection.reason.code.number for each in one.explained.objections}
        if one.explained.unknown or not made or made - set(expected):
            is_met = False
            said = one.explained.unknown or listed(sorted(made), 9) or "no objection"
            name = tame(one.derived.manifest.protocol_id)
            complain(f"expected {listed(list(expected), 9)} of {name}, found {said}")
    return Exit.OK if is_met else Exit.REFUTED


def _derived(
    policy: Policy, paths: Sequence[str], named: Sequence[str]
) -> tuple[list[Derived], bool]:
    """Manifests of sources, and stored ones."""
    found: list[Derived] = []
    is_fine = True
    for stored, group in groupby(paths, lambda path: path.endswith(".json")):
        if not stored:
            sourced, fine, _ = protocols_under(policy, group, named)
            found.extend(one.derived for one in sourced)
            is_fine = is_fine and fine
            continue
        for path in group:
            manifest = read_manifest(path)
            if isinstance(manifest, Manifest):
                found.append(Derived(manifest, SourceFile(path, ""), NOWHERE, {}, ()))
            else:
                say([manifest], {})
                is_fine = False
    return found, is_fine


def _runtime(policy: Policy, name: str | None, removed: Iterable[str]) -> RuntimeInventory:
    wanted = name or policy.admission.runtime
    if name is not None and name.endswith(".toml"):
        shown = {
            row
            for row in policy.runtimes
            if policy.place("runtimes", row).path == os.path.normpath(name).replace(os.sep, "/")
        }
        if len(shown) != 1:
            complain(f"{tame(name)} must have one runtime, and has {len(shown)}")
            raise Stopped(Exit.USAGE)
        (wanted,) = shown
    inventory = inventory_of(policy, wanted) if wanted else None
    if inventory is None:
        complain_of_runtime(policy, wanted)
        raise Stopped(Exit.USAGE)
    for key in removed:
        if key not in policy.grants and key not in inventory.keys:
            complain(f"no runtime can have `{tame(key)}`, so it cannot be taken away")
            raise Stopped(Exit.USAGE)
        inventory = without(inventory, key)
    return inventory


def _judged(
    policy: Policy, derived: Derived, runtime: RuntimeInventory, minimal: bool
) -> AdmittedProtocol:
    explained = explain(policy, derived, runtime)
    if not minimal:
        return AdmittedProtocol(derived, explained)
    from tellverify.admission.reasons import Inventories, minimal_inventories
    from tellverify.solver.z3_backend import Z3Solver

    found = minimal_inventories(policy, derived, Z3Solver())
    if not isinstance(found, Inventories):
        return AdmittedProtocol(derived, explained)
    return AdmittedProtocol(derived, explained, found.keys, found.facts)


def _joint(policy: Policy, found: Sequence[Derived]) -> tuple[tuple[str, ...], ...]:
    """The minimal sets of facts about contracts under which all are admitted; () for none."""
    from tellverify.admission.reasons import Inventories, joint_inventories
    from tellverify.solver.z3_backend import Z3Solver

    resolved = [requirements(policy, one.manifest, one.source.path) for one in found]
    joint = joint_inventories(policy, resolved, Z3Solver())
    return joint.facts if isinstance(joint, Inventories) else ()


def _shown(
    policy: Policy,
    judged: Sequence[AdmittedProtocol],
    runtime: RuntimeInventory,
    joint: tuple[tuple[str, ...], ...] | None,
    style: str,
) -> str:
    rows = [admission_row(policy, one, runtime) for one in judged]
    if style == "json":
        return msgspec.json.format(msgspec.json.encode(rows), indent=2).decode() + "\n"
    if style == "markdown":
        return rows_markdown(rows)
    sources = sources_of([one.derived for one in judged], policy)
    lines: list[str] = []
    for one in judged:
        said = findings(
            policy,
            one.derived,
            [each.objection for each in one.explained.objections],
            runtime,
        )
        lines += report(one.derived, one.explained, said, runtime, sources)
        if one.minimal_facts is not None:
            lines += _minimal_lines(one)
    if joint is not None:
        ways = len(joint)
        lines.append(
            f"all of them together: {counted(ways, 'minimal set')} of facts"
            if joint
            else "all of them together: no runtime admits them"
        )
        lines += [f"  {', '.join(facts) or 'none'}" for facts in joint]
    admitted = sum(one.explained.decision.admitted for one in judged)
    lines.append(f"{admitted} admitted, {len(judged) - admitted} refused by `{tame(runtime.name)}`")
    return "\n".join(lines) + "\n"


def _minimal_lines(one: AdmittedProtocol) -> list[str]:
    facts = one.minimal_facts or ()
    lines = [f"  minimal keys: {', '.join(one.minimal_keys or ()) or 'none'}"]
    lines += [f"  minimal facts: {', '.join(each) or 'none'}" for each in facts]
    return lines


def _show_matrix(policy: Policy, found: Sequence[Derived], style: str, is_fine: bool) -> int:
    resolved = [requirements(policy, one.manifest, one.source.path) for one in found]
    table = matrix(policy, resolved)
    if style == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(table), indent=2).decode())
    elif style == "markdown":
        click.echo(matrix_markdown(table), nl=False)
    elif takes_escapes(sys.stdout):
        show_table(("runtime", "admitted", "refused"), matrix_cells(table), sys.stdout)
        click.echo("\n".join(matrix_totals(table)))
    else:
        click.echo(matrix_text(table), nl=False)
    return Exit.OK if is_fine else Exit.REFUTED


def _redacted(policy: Policy, text: str) -> str:
    """The text with 16 hexadecimal digits of its hash for every capability key."""
    import hashlib
    import re

    known = {*policy.capabilities, *policy.surfaces, *policy.grants}
    for protocol in policy.protocols.values():
        known |= set(protocol.keys)
    words = "|".join(sorted((re.escape(key) for key in known), key=len, reverse=True))
    if not words:
        return text
    return re.sub(
        rf"(?<![A-Za-z0-9_]){'(?:' + words + ')'}(?![A-Za-z0-9_])",
        lambda found: hashlib.sha256(found[0].encode()).hexdigest()[:16],
        text,
    )
