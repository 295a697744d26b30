"""Decisions on admission, and the admission matrix, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tellverify.admission.explained import Explained
from tellverify.admission.manifest import Derived
from tellverify.admission.matrix import Matrix, MatrixCell
from tellverify.admission.runtime import RuntimeInventory
from tellverify.cli.policies import style_of_output
from tellverify.diagnostics.model import Diagnostic
from tellverify.diagnostics.wording import counted
from tellverify.report.text_findings import diagnostic_lines
from tellverify.source.text import SourceFile


def report(
    derived: Derived,
    explained: Explained,
    said: Sequence[Diagnostic],
    runtime: RuntimeInventory,
    sources: Mapping[str, SourceFile],
) -> list[str]:
    """The findings on one protocol with their reasons, what would help, and the decision."""
    style = style_of_output()
    lines: list[str] = []
    for one, finding in zip(explained.objections, said, strict=True):
        shown, gutter = diagnostic_lines(finding, sources, style)
        lines += [line.rstrip() for line in shown]
        if one.clash is not None:
            margin = " " * (gutter + 1)
            lines.append(f"{margin}= reason: a conflict that needs each of these statements")
            for number, premise in enumerate(one.clash.premises, 1):
                place = premise.place
                where = f" ({place.path}:{place.line})" if place.line else ""
                text = style.tamed(f"{premise.text}{where}")
                lines += style.hanging(f"{margin}    {number}. ", text, len(margin) + 7)
        lines.append("")
    name = style.tamed(derived.manifest.protocol_id)
    decision = explained.decision
    if explained.unknown:
        lines.append(f"not known  {name}: {style.tamed(explained.unknown)}")
        return lines
    word = "admitted" if decision.admitted else "refused"
    needs = len(decision.requirements.flattened)
    keys = f"{counted(needs, 'key')} needed"
    lines.append(f"{word:<9} {name} by `{style.tamed(runtime.name)}`   {keys}, by {explained.how}")
    if explained.changes is not None:
        lines.append(f"  smallest changes, cost {explained.changes.cost}:")
        lines += [f"    {style.tamed(each.text)}" for each in explained.changes.changes]
    elif explained.hopeless:
        lines.append("  no change of source or runtime helps: the policy itself refuses it")
    return lines


def matrix_text(table: Matrix) -> str:
    """A column for each runtime, numbered; a refusal shows the first missing key."""
    width = max((len(row.protocol) for row in table.rows), default=8)
    heads = [f"{i:>3}" for i in range(1, len(table.columns) + 1)]
    lines = [f"{'':<{width}} {''.join(heads)}"]
    for row in table.rows:
        cells = "".join("  +" if cell.admitted else "  -" for cell in row.cells)
        lines.append(f"{row.protocol:<{width}} {cells}")
    lines.append("")
    lines += [f"{i:>3}  {name}" for i, name in enumerate(table.columns, 1)]
    lines += ["", *matrix_totals(table)]
    return "\n".join(lines) + "\n"


def matrix_cells(table: Matrix) -> list[tuple[str, str, str]]:
    """A row for each runtime or key that is taken away: its name and the protocols it refuses."""
    rows = []
    for number, name in enumerate(table.columns):
        refused = [row.protocol for row in table.rows if not row.cells[number].admitted]
        admitted = f"{len(table.rows) - len(refused)} of {len(table.rows)}"
        rows.append((name, admitted, ", ".join(refused) or "none"))
    return rows


def matrix_totals(table: Matrix) -> list[str]:
    """Which profiles refuse each protocol and why, and how many cells admit."""
    lines = []
    for row in table.rows:
        profiles = zip(table.columns[: table.removed], row.cells, strict=False)
        refused = [f"{name} ({_why(cell)})" for name, cell in profiles if not cell.admitted]
        if refused:
            lines.append(f"{row.protocol} is refused by {', '.join(refused)}")
    total = sum(cell.admitted for row in table.rows for cell in row.cells)
    cells_in_all = len(table.rows) * len(table.columns)
    every = f"{len(table.every)} of {len(table.columns) - 1} runtimes admit all protocols"
    lines.append(f"{total} of {cells_in_all} admitted; {every}: {_names(table.every)}")
    return lines


def _names(names: Sequence[str]) -> str:
    if len(names) > 4:
        return f"{', '.join(names[:4])} and {len(names) - 4} more"
    return ", ".join(names) or "none"


def matrix_markdown(table: Matrix) -> str:
    """Two tables: the profiles, and the default profile without each single key."""
    split = table.removed
    lines = [f"# Admission matrix of `{table.policy}`", "", "## Runtime profiles", ""]
    lines += _table("protocol", table.columns[:split], [r.cells[:split] for r in table.rows], table)
    lines += ["", "## Each single key taken away", ""]
    lines += [
        "| key that is taken away | refused protocols |",
        "| --- | --- |",
    ]
    for index, name in enumerate(table.columns[split:], split):
        refused = [row.protocol for row in table.rows if not row.cells[index].admitted]
        lines.append(f"| `{name.partition(' - ')[2]}` | {', '.join(refused) or 'none'} |")
    lines += ["", f"Runtimes that admit all protocols: {_names(table.every)}."]
    return "\n".join(lines) + "\n"


def _table(
    corner: str, columns: Sequence[str], rows: Sequence[Sequence[MatrixCell]], table: Matrix
) -> list[str]:
    lines = [f"| {corner} | {' | '.join(columns)} |", f"|{' --- |' * (len(columns) + 1)}"]
    for row, cells in zip(table.rows, rows, strict=True):
        shown = ["admitted" if cell.admitted else f"no: {_why(cell)}" for cell in cells]
        lines.append(f"| `{row.protocol}` | {' | '.join(shown)} |")
    return lines


def _why(cell: MatrixCell) -> str:
    return f"`{cell.missing}`" if cell.missing else cell.code
