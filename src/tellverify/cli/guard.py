"""`tellverify guard`: what the guard chain does with a message under a given snapshot."""

from __future__ import annotations

import click
import msgspec

from tellverify.annotations.guard_snapshot import (
    Evaluation,
    SnapshotFault,
    evaluated,
    read_snapshot,
    unknown_observers,
)
from tellverify.annotations.metadata import metadata_of
from tellverify.annotations.rules import default_rules, rules_of
from tellverify.annotations.sites import sends_of
from tellverify.cli.complaints import Stopped, complain
from tellverify.cli.exit import Exit
from tellverify.cli.policies import load_policy, policy_option, policy_path_of, protocols_under
from tellverify.language.lowering.sites import record_entries
from tellverify.report.escape import tame
from tellverify.source.files import Unreadable


class GuardRow(msgspec.Struct, frozen=True):
    """The decision on one statement that sends the message."""

    protocol: str
    path: str
    line: int
    role: str
    message: str
    evaluation: Evaluation


@click.command("guard")
@click.argument("snapshot", metavar="SNAPSHOT.toml")
@click.argument("path", metavar="FILE")
@click.option("--role", required=True, metavar="ROLE", help="The sender, by its name or family.")
@click.option("--message", required=True, metavar="LABEL", help="The label of the message.")
@policy_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def guard(
    snapshot: str, path: str, role: str, message: str, policy_path: str | None, as_json: bool
) -> int:
    """Evaluate the guard chain for a message under one snapshot, and print each step.

    The snapshot has capabilities, a flow budget, an epoch and what observers have learnt. Every
    statement of FILE that sends the message is evaluated. Exit codes: 0 it is sent, 1 it is denied
    or FILE has errors, 2 wrong usage, 4 no statement sends the message.
    """
    try:
        found = read_snapshot(snapshot)
    except Unreadable as error:
        complain(f"cannot read {tame(snapshot)}: {error}")
        return Exit.USAGE
    if isinstance(found, SnapshotFault):
        complain(f"{tame(snapshot)}:{found.line}: {tame(found.reason)}")
        return Exit.USAGE
    try:
        policy = load_policy(policy_path) if policy_path_of(policy_path) is not None else None
        protocols, is_fine, _ = protocols_under(policy, [path], [path])
    except Stopped as stop:
        return stop.code
    rules = default_rules() if policy is None else rules_of(policy)
    rows, asked = [], []
    for one in protocols:
        source = one.derived.source
        for send in sends_of(one.protocol):
            if (send.sender.name.text, send.message.label.text) != (role, message):
                continue
            metadata = metadata_of(record_entries(send.record), rules)
            name = one.derived.manifest.protocol_qualified_name
            line = source.position(send.message.label.span.start)[0]
            decided = evaluated(metadata, found, rules)
            asked.append(metadata)
            rows.append(GuardRow(name, source.path, line, role, message, decided))
    if not rows:
        if is_fine:
            complain(f"no statement of {tame(path)} sends `{tame(message)}` from `{tame(role)}`")
        return Exit.NOTHING_SELECTED if is_fine else Exit.REFUTED
    strangers, known = unknown_observers(found, rules, asked)
    if strangers:
        listed = ", ".join(f"`{name}`" for name in known)
        complain(tame(f"{snapshot}: no observer is called `{strangers[0]}`; there are {listed}"))
        return Exit.USAGE
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode())
    else:
        click.echo("\n".join(line for row in rows for line in _lines(row)))
    return Exit.OK if is_fine and all(row.evaluation.allowed for row in rows) else Exit.REFUTED


def _lines(row: GuardRow) -> list[str]:
    lines = [f"{tame(row.role)} sends {tame(row.message)}   {tame(row.path)}:{row.line}"]
    lines += [
        f"  {step.stage:<10}  {step.answer:<11}  {tame(step.reason)}".rstrip()
        for step in row.evaluation.steps
    ]
    done = ", ".join(row.evaluation.done)
    if row.evaluation.allowed:
        return [*lines, f"  sent: {done}"]
    return [*lines, f"  denied: {done or 'nothing is charged, recorded or sent'}"]
