"""`tellverify audit`: every assumption and every gap that verdicts rest on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence

import click
import msgspec

from tellverify.cli import check_options
from tellverify.cli.check_options import Flags
from tellverify.cli.check_parse import parse_day
from tellverify.cli.check_plan import complain_refused, moved, prepared, working_in
from tellverify.cli.check_run import checked
from tellverify.cli.complaints import complain, complain_of_unread
from tellverify.cli.console import show_table, takes_escapes
from tellverify.cli.exit import Exit
from tellverify.diagnostics.model import Diagnostic
from tellverify.diagnostics.wording import counted
from tellverify.obligations.options import Ledger
from tellverify.report.escape import printable, tame
from tellverify.report.markup import prose
from tellverify.source.writing import replace_text
from tellverify.verdict.comparison import RunComparison
from tellverify.verdict.outcome import Refuted, Skipped, Unknown, status
from tellverify.verdict.properties import SEMANTICS
from tellverify.verdict.run import Assumption, Run, Suppression
from tellverify.verification.configuration_files import RefusedFile
from tellverify.verification.configuration_layers import load
from tellverify.verification.interruption import CODES
from tellverify.verification.ledger import NAME, differences, ledger_text, read_ledger
from tellverify.verification.output_paths import escape


class AuditGap(msgspec.Struct, frozen=True):
    """An obligation that nothing is known of."""

    protocol: str
    obligation: str
    status: str
    reason: str
    code: str
    required: bool


class Audit(msgspec.Struct, frozen=True):
    """What verdicts presuppose, rest on and leave out.

    `baselined` are refutations and findings that a baseline keeps from counting, `weakened` what
    the configuration takes away, `expected` the refutations that comments announce.
    """

    schema: str
    semantics: str
    assumptions: tuple[Assumption, ...]
    gaps: tuple[AuditGap, ...]
    suppressions: tuple[dict[str, str], ...]
    ledger: str
    differences: tuple[str, ...]
    today: str = ""
    baselined: tuple[dict[str, str], ...] = ()
    weakened: tuple[str, ...] = ()
    expected: tuple[dict[str, str], ...] = ()


@click.command("audit")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--ledger", metavar="FILE", help=f"The ledger; {NAME} by default.")
@click.option("--write", "writes", is_flag=True, help="Create the ledger, or bring it up to date.")
@click.option("--verify", is_flag=True, help="Fail when comments and ledger differ.")
@click.option("--format", "style", type=click.Choice(["text", "json", "markdown"]), default="text")
@click.option("--today", metavar="DAY", callback=parse_day, help="The date to compare with.")
@check_options.configured
def audit(
    paths: tuple[str, ...],
    ledger: str | None,
    writes: bool,
    verify: bool,
    style: str,
    today: str,
    config: tuple[str, ...],
    isolated: bool,
) -> int:
    """List everything that verdicts take on trust, and everything that was not decided.

    Exit codes: 0, 1 when a file cannot be read or `--verify` finds that ledger and comments
    differ, 2 wrong usage.
    """  # fmt: skip
    if writes and verify:
        raise click.UsageError("`--write` and `--verify` exclude each other")
    flags = Flags(paths=paths, config=config, isolated=isolated, today=today)
    try:
        loaded = load(given=config, isolated=isolated)
        place = os.path.abspath(
            ledger or os.path.join(loaded.folder, loaded.configuration.ledger or NAME)
        )
        settled = moved(flags, loaded.folder)
        with working_in(loaded.folder):
            refusal = "" if ledger else escape(os.path.relpath(place), ".")
            if refusal:
                complain(refusal)
                return Exit.USAGE
            is_due = bool(ledger or loaded.configuration.ledger) and not os.path.lexists(place)
            committed = read_ledger(os.path.relpath(place))
            ready = prepared(settled)
            options = msgspec.structs.replace(ready.options, ledger=committed)
            run = checked(msgspec.structs.replace(ready, options=options)).checked.run
            if run.exit_code in (Exit.NOTHING_SELECTED, Exit.DEFECT, *CODES):
                complain(run.exit_reason)
                return run.exit_code
            if complain_of_unread(run):
                return Exit.REFUTED
            if writes:
                return _save(committed.path, run.assumptions)
            found = _audit(run, committed, is_due=is_due)
    except RefusedFile as refused:
        return complain_refused(refused)
    _print(found, style)
    return Exit.REFUTED if verify and found.differences else Exit.OK


def _audit(run: Run, ledger: Ledger, *, is_due: bool) -> Audit:
    missing = ("there is no such file",) if is_due else ()
    gaps = []
    for protocol in run.protocols:
        for verdict in protocol.verdicts:
            outcome = verdict.outcome
            if isinstance(outcome, Skipped | Unknown):
                gaps.append(
                    AuditGap(
                        protocol.name,
                        verdict.name,
                        status(outcome),
                        outcome.reason,
                        outcome.code,
                        verdict.required,
                    )
                )
    return Audit(
        "tellverify/audit-1",
        SEMANTICS,
        run.assumptions,
        tuple(gaps),
        tuple(_suppressed(one) for one in run.suppressions),
        ledger.path,
        (*missing, *differences(ledger, run.assumptions)),
        dict(run.configuration).get("today", ""),
        tuple(_baselined(run)),
        tuple(_weakened(one) for one in run.weakened),
        tuple(_expected(run)),
    )


def _baselined(run: Run) -> Iterator[dict[str, str]]:
    """Refutations and findings that do not count, since the baseline has them."""
    compared = RunComparison(run)
    for protocol in run.protocols:
        for verdict in protocol.verdicts:
            outcome = verdict.outcome
            if isinstance(outcome, Refuted) and compared.accepts_refutation(protocol, verdict):
                name = f"{protocol.name}/{verdict.name}"
                yield {"code": outcome.code, "what": name, "path": protocol.path}
    for one in run.findings:
        if not one.refutes and compared.accepts(compared.fingerprint_of(one)):
            yield {"code": one.code.number, "what": one.message, "path": one.path}


def _expected(run: Run) -> Iterator[dict[str, str]]:
    """Refutations that do not count, since a comment of the text expects them."""
    for protocol in run.protocols:
        for verdict in protocol.verdicts:
            if isinstance(verdict.outcome, Refuted) and verdict.expected:
                name = f"{protocol.name}/{verdict.name}"
                yield {"code": verdict.outcome.code, "what": name, "path": verdict.expected}


def _weakened(one: Diagnostic) -> str:
    line = one.primary.region.line if one.primary.region else 1
    return f"{one.path}:{line}: {one.message}"


def _suppressed(one: Suppression) -> dict[str, str]:
    return {
        "code": one.diagnostic.code.number,
        "message": one.diagnostic.message,
        "path": one.diagnostic.path,
        "kind": one.kind,
        "reason": one.reason,
        "place": one.place,
    }


def _save(path: str, assumptions: Sequence[Assumption]) -> int:
    try:
        replace_text(path, ledger_text(assumptions))
    except OSError as error:
        complain(f"cannot write {path}: {error.strerror}")
        return Exit.USAGE
    click.echo(f"wrote {printable(path)}: {counted(len(assumptions), 'assumption')}")
    return Exit.OK


# Text


def _print(found: Audit, style: str) -> None:
    if style == "json":
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n")
        return
    if style == "text" and takes_escapes(sys.stdout):
        _show(found)
        return
    lines = _markdown(found) if style == "markdown" else _text(found)
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def _dated(one: Assumption) -> str:
    if not one.until:
        return "no date"
    return f"until {one.until}" if one.in_force else f"expired on {one.until}"


def _text(found: Audit) -> list[str]:
    lines = [f"under {found.semantics}"]
    if found.today:
        lines.append(f"today is {found.today}")
    lines += ["", f"{len(found.assumptions)} assumed"]
    for one in found.assumptions:
        new = ", not in the ledger" if one.is_new else ""
        owner = f", {tame(one.owner)}" if one.owner else ""
        lines.append(f"  {one.number:<4} {tame(one.protocol)}/{tame(one.obligation)}")
        lines.append(f"       {tame(one.reason)}")
        lines.append(f"       {tame(one.place)}, {_dated(one)}{owner}{new}")
    lines += ["", f"{len(found.gaps)} not decided"]
    for gap in found.gaps:
        free = "" if gap.required else ", not required"
        lines.append(f"  {gap.status:<8} {tame(gap.protocol)}/{tame(gap.obligation)}")
        lines.append(f"           {gap.code} {tame(gap.reason)}{free}")
    lines += ["", f"{len(found.suppressions)} findings left out"]
    for row in found.suppressions:
        lines.append(f"  {row['code']}    {tame(row['message'])}")
        lines.append(f"           {tame(row['place'])}: {tame(row['reason'])}")
    lines += [*_taken_away(found), "", *_comparison(found)]
    return lines


def _taken_away(found: Audit) -> list[str]:
    """What the baseline and the configuration keep from counting, as lines."""
    lines = ["", f"{len(found.baselined)} in the baseline"] if found.baselined else []
    for row in found.baselined:
        lines.append(f"  {row['code']}    {tame(row['what'])}")
        lines.append(f"           {tame(row['path'])}")
    if found.expected:
        lines += ["", f"{len(found.expected)} expected"]
    for row in found.expected:
        lines.append(f"  {row['code']}    {tame(row['what'])}")
        lines.append(f"           {tame(row['path'])}")
    if found.weakened:
        lines += ["", f"{len(found.weakened)} weaker than the default"]
        lines += [f"  {tame(line)}" for line in found.weakened]
    return lines


def _show(found: Audit) -> None:
    """The same as tables."""
    lines = _text(found)
    out = sys.stdout
    out.write(f"{lines[0]}\n")
    if found.today:
        out.write(f"{lines[1]}\n")
    out.write(f"\n{len(found.assumptions)} assumed\n")
    if found.assumptions:
        rows = [
            (
                one.number,
                f"{one.protocol}/{one.obligation}",
                one.reason,
                f"{one.place}, {_dated(one)}{', not in the ledger' if one.is_new else ''}",
                one.owner,
            )
            for one in found.assumptions
        ]
        show_table(("number", "obligation", "reason", "place", "owner"), rows, out)
    out.write(f"\n{len(found.gaps)} not decided\n")
    if found.gaps:
        gaps = [
            (
                f"{gap.protocol}/{gap.obligation}",
                f"{gap.status}{'' if gap.required else ', not required'}",
                f"{gap.code} {gap.reason}",
            )
            for gap in found.gaps
        ]
        show_table(("obligation", "outcome", "reason"), gaps, out)
    out.write(f"\n{len(found.suppressions)} findings left out\n")
    if found.suppressions:
        left = [
            (row["code"], row["message"], f"{row['place']}: {row['reason']}")
            for row in found.suppressions
        ]
        show_table(("code", "finding", "reason"), left, out)
    out.write("".join(f"{line}\n" for line in (*_taken_away(found), "", *_comparison(found))))


def _comparison(found: Audit) -> list[str]:
    if not found.differences and not found.assumptions:
        return [f"nothing is assumed, and {found.ledger} lists nothing"]
    if not found.differences:
        return [f"{found.ledger} has the same assumptions"]
    head = f"{found.ledger} differs in {counted(len(found.differences), 'place')}"
    return [head, *(f"  {tame(line)}" for line in found.differences)]


def cell(text: str) -> str:
    """A sentence in a cell of a table."""
    return prose(text, in_table=True)


def _markdown_of_taken_away(found: Audit) -> list[str]:
    lines: list[str] = []
    if found.baselined:
        lines += ["", f"**In the baseline: {len(found.baselined)}**", ""]
        lines += ["| code | what | path |", "| --- | --- | --- |"]
    for row in found.baselined:
        lines.append(f"| {row['code']} | {cell(row['what'])} | {cell(row['path'])} |")
    if found.expected:
        lines += ["", f"**Expected: {len(found.expected)}**", ""]
        lines += ["| code | what | comment |", "| --- | --- | --- |"]
    for row in found.expected:
        lines.append(f"| {row['code']} | {cell(row['what'])} | {cell(row['path'])} |")
    if found.weakened:
        lines += ["", f"**Weaker than the default: {len(found.weakened)}**", ""]
        lines += [f"- {cell(line)}" for line in found.weakened]
    return lines


def _markdown(found: Audit) -> list[str]:
    lines = ["### Audit", "", f"Under {found.semantics}."]
    if found.today:
        lines.append(f"Today is {found.today}.")
    lines += ["", f"**Assumed: {len(found.assumptions)}**", ""]
    if found.assumptions:
        lines += [
            "| number | obligation | reason | place | owner |",
            "| --- | --- | --- | --- | --- |",
        ]
    for one in found.assumptions:
        name = cell(f"{one.protocol}/{one.obligation}")
        place = cell(f"{one.place}, {_dated(one)}")
        lines.append(
            f"| {one.number} | {name} | {cell(one.reason)} | {place} | {cell(one.owner)} |"
        )
    lines += ["", f"**Not decided: {len(found.gaps)}**", ""]
    if found.gaps:
        lines += ["| obligation | outcome | reason |", "| --- | --- | --- |"]
    for gap in found.gaps:
        name = cell(f"{gap.protocol}/{gap.obligation}")
        lines.append(f"| {name} | {gap.status} {gap.code} | {cell(gap.reason)} |")
    lines += ["", f"**Findings left out: {len(found.suppressions)}**", ""]
    if found.suppressions:
        lines += ["| code | finding | reason |", "| --- | --- | --- |"]
    for row in found.suppressions:
        lines.append(f"| {row['code']} | {cell(row['message'])} | {cell(row['reason'])} |")
    lines += _markdown_of_taken_away(found)
    lines += ["", f"**Ledger:** {cell(_comparison(found)[0])}.", ""]
    lines.extend(f"- {cell(line)}" for line in found.differences)
    return lines
