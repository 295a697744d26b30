"""`tellverify inventory`: the status of each protocol of a policy."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

import click
import msgspec

from tellverify.admission.convergence import ConvergenceStanding, Sourced, standings
from tellverify.cli.complaints import Stopped
from tellverify.cli.console import show_table, takes_escapes
from tellverify.cli.exit import Exit
from tellverify.cli.policies import load_policy, policy_option, protocols_under
from tellverify.cli.selection import given_or_included
from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.diagnostics.wording import counted
from tellverify.policy.model import Policy
from tellverify.report.escape import tame
from tellverify.source.text import SourceFile

_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
_HEADINGS = ("protocol", "packs", "wave", "category", "keys", "acceptance", "still to change")


@click.command("inventory")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@policy_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--markdown", is_flag=True, help="As a Markdown table.")
@click.option("--no-acceptance", is_flag=True, help="Leave the acceptance rule out.")
@click.option("--convergence", is_flag=True, help="Only deviations from the canonical shape.")
def inventory(
    paths: tuple[str, ...],
    policy_path: str | None,
    as_json: bool,
    markdown: bool,
    no_acceptance: bool,
    convergence: bool,
) -> int:
    """Print for each protocol of the policy its packs, wave, category, keys and open tasks.

    PATH is a file or folder with the sources; without one, the files that the configuration
    includes. Tests whose source is missing are reported as unknown. With --convergence, each
    protocol comes with the findings of `tellverify lint` in its source. Exit codes: 0 done, 1 a
    source has errors, 2 wrong usage.
    """
    try:
        policy = load_policy(policy_path)
        found, is_fine, _ = protocols_under(policy, given_or_included(paths), paths)
    except Stopped as stop:
        return stop.code
    verdicts = {} if no_acceptance or convergence else _acceptance(policy, found)
    rows = standings(policy, found, verdicts)
    shapes = _shapes(rows, policy) if convergence else ()
    if convergence and not as_json:
        click.echo("\n".join(_shape_lines(shapes, markdown=markdown)))
    elif as_json:
        encoded = msgspec.json.encode(shapes if convergence else rows)
        click.echo(msgspec.json.format(encoded, indent=2).decode())
    elif markdown:
        click.echo("\n".join(_markdown(rows)))
    elif takes_escapes(sys.stdout):
        show_table(_HEADINGS, [_cells(row) for row in rows], sys.stdout)
        click.echo(_total(rows))
    else:
        click.echo("\n".join(_text(rows)))
    return Exit.OK if is_fine else Exit.REFUTED


def _acceptance(policy: Policy, found: Sequence[Sourced]) -> Mapping[str, str]:
    """The verdicts of the acceptance rule, by protocol."""
    from tellverify.obligations.acceptance import acceptances
    from tellverify.obligations.acceptance_files import graphs_of
    from tellverify.obligations.acceptance_findings import summary

    return {
        one.derived.manifest.protocol_id: summary(acceptances(one, policy, graphs_of(one, {})))
        for one in found
    }


class ProtocolShape(msgspec.Struct, frozen=True):
    """What keeps a source from its canonical shape; `source` is empty where none was given."""

    protocol: str
    source: str
    left: tuple[str, ...]


def _shapes(rows: Sequence[ConvergenceStanding], policy: Policy) -> tuple[ProtocolShape, ...]:
    """The open tasks of each protocol and the findings about its text, gravest first."""
    from tellverify.annotations.rules import rules_of
    from tellverify.cli.selection import levels_here
    from tellverify.language.files import inputs
    from tellverify.language.files.neighbours import neighbours
    from tellverify.language.workspace import Workspace
    from tellverify.lint.linted_files import lint_files
    from tellverify.verification.suppressions import Allowances

    paths = [path for row in rows if (path := row.source.partition(":")[0])]
    files = [inputs.read(path) for path in dict.fromkeys(paths)]
    linted = lint_files(
        Workspace(files, also=neighbours(files)),
        rules_of(policy),
        unsafe=False,
        fix=False,
        kept=Allowances(levels_here()).kept,
    )
    found = {one.source.path: one for one in linted}
    shapes = []
    for row in rows:
        path = row.source.partition(":")[0]
        left = list(row.open_tasks)
        if path in found:
            one = found[path]
            said = sorted(one.diagnostics, key=lambda d: (_ORDER[d.severity], d.primary.span))
            left += [_short(each, one.source) for each in said]
        shapes.append(ProtocolShape(row.protocol, path, tuple(left)))
    return tuple(shapes)


def _short(found: Diagnostic, source: SourceFile) -> str:
    line = source.position(found.primary.span.start)[0]
    return f"{found.severity.value}[{found.code.number}] line {line}: {found.message}"


def _shape_lines(shapes: Sequence[ProtocolShape], *, markdown: bool) -> list[str]:
    lines = ["| protocol | source | open tasks |", "| --- | --- | --- |"] if markdown else []
    for shape in shapes:
        left = [tame(one) for one in shape.left] or ["nothing" if shape.source else "unknown"]
        source = tame(shape.source) if shape.source else "no source was given"
        if markdown:
            cells = (tame(shape.protocol), source, "<br>".join(left))
            lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
        else:
            lines += [f"{tame(shape.protocol)}   {source}", *(f"  {one}" for one in left)]
    done = sum(1 for shape in shapes if shape.source and not shape.left)
    return [*lines, *([] if markdown else [f"{len(shapes)} protocols, {done} with nothing left"])]


def _cells(row: ConvergenceStanding) -> tuple[str, ...]:
    left = list(row.open_tasks) if row.source else ["unknown: no source was given"]
    left += [f"see {one.split(' ')[0]}" for one in row.objections]
    packs = ", ".join(row.packs)
    return (
        row.protocol,
        f"{row.pack_status}{f': {packs}' if packs else ''}",
        row.wave or "-",
        (row.category or "?") + ("" if row.category_by == "declared" else f" ({row.category_by})"),
        ", ".join(row.keys) or "-",
        row.acceptance or "-",
        "; ".join(left) or "nothing",
    )


def _text(rows: Sequence[ConvergenceStanding]) -> list[str]:
    lines = []
    for row in rows:
        cells = _cells(row)
        lines.append(tame(cells[0]))
        lines += [
            f"  {title:<16} {tame(cell)}"
            for title, cell in zip(_HEADINGS[1:], cells[1:], strict=True)
        ]
    return [*lines, _total(rows)]


def _total(rows: Sequence[ConvergenceStanding]) -> str:
    numbers: dict[str, int] = {}
    for row in rows:
        numbers[row.pack_status] = numbers.get(row.pack_status, 0) + 1
    total = ", ".join(f"{count} {status}" for status, count in sorted(numbers.items()))
    left = sum(len(row.open_tasks) for row in rows)
    return f"{counted(len(rows), 'protocol')}: {total}; {counted(left, 'open task')}"


def _markdown(rows: Sequence[ConvergenceStanding]) -> list[str]:
    def cell(text: str) -> str:
        return tame(text).replace("|", "\\|")

    lines = [f"| {' | '.join(_HEADINGS)} |", f"|{' --- |' * len(_HEADINGS)}"]
    lines += [f"| {' | '.join(cell(one) for one in _cells(row))} |" for row in rows]
    return lines
