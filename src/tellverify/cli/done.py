"""`tellverify done`: the definition of done of protocols, line by line."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click
import msgspec

from tellverify.admission.convergence import Sourced
from tellverify.cli.check_options import Flags
from tellverify.cli.check_plan import settled
from tellverify.cli.complaints import Stopped, complain
from tellverify.cli.exit import Exit
from tellverify.cli.policies import load_policy, policy_option, protocols_under
from tellverify.cli.selection import given_or_included
from tellverify.diagnostics.wording import counted
from tellverify.policy.model import Policy
from tellverify.report.escape import tame
from tellverify.verdict.done import Completion, CompletionAnswer
from tellverify.verification.completion import completion
from tellverify.verification.pipeline import check_paths


@click.command("done")
@click.argument("asked", nargs=-1, required=True, metavar="PROTOCOL|PATH...")
@policy_option
@click.option(
    "--root",
    default=".",
    type=click.Path(exists=True, file_okay=False),
    metavar="DIR",
    help="The folder that the paths of the policy are relative to; the working folder.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(("text", "json", "markdown")),
    default="text",
    show_default=True,
)
def done(asked: tuple[str, ...], policy_path: str | None, root: str, style: str) -> int:
    """Answer the twelve lines of the definition of done for each protocol.

    PROTOCOL is an id, a qualified name or a name, and is looked for in the configured files; PATH
    is a file or folder. Each answer is yes, no, assumed (and by whom) or not decidable here. Exit
    codes: 0 every line is yes or assumed, 1 one is no or a file has errors, 2 wrong usage or a
    faulty policy, 3 one is not decidable, 4 no protocol was found.
    """
    try:
        policy = load_policy(policy_path)
        found, is_fine = _selected(policy, asked)
    except Stopped as stop:
        return stop.code
    if not found:
        complain("no protocol was found")
        return Exit.NOTHING_SELECTED if is_fine else Exit.REFUTED
    judged = _judged(policy, found, root)
    click.echo(_shown(judged, style), nl=False)
    if (
        not is_fine
        or len(judged) < len(found)
        or any(one.count(CompletionAnswer.NO) for one in judged)
    ):
        return Exit.REFUTED
    return Exit.UNKNOWN if any(one.count(CompletionAnswer.UNDECIDED) for one in judged) else Exit.OK


def _selected(policy: Policy, asked: Sequence[str]) -> tuple[list[Sourced], bool]:
    """The protocols in the paths, and those of the configured files that have a name."""
    paths = [one for one in asked if os.path.exists(one)]
    names = [one for one in asked if one not in paths]
    found: list[Sourced] = []
    is_fine = True
    if paths:
        found, is_fine, _ = protocols_under(policy, paths, paths)
    if names:
        everything, fine, _ = protocols_under(policy, given_or_included(()), ())
        is_fine = is_fine and fine
        for name in names:
            matching = [one for one in everything if name in _names_of(one)]
            if not matching:
                complain(f"there is no protocol and no file `{tame(name)}`")
                raise Stopped(Exit.USAGE)
            found += [one for one in matching if one not in found]
    return found, is_fine


def _names_of(one: Sourced) -> tuple[str, str, str]:
    manifest = one.derived.manifest
    return manifest.protocol_id, manifest.protocol_qualified_name, manifest.protocol_name


def _judged(policy: Policy, found: Sequence[Sourced], root: str) -> list[Completion]:
    """The answers for each protocol that a check with the policy reports on."""
    options = msgspec.structs.replace(settled(Flags()).options, policy=policy.path)
    paths = list(dict.fromkeys(one.derived.source.path for one in found))
    reports = {(one.path, one.name): one for one in check_paths(paths, options).run.protocols}
    judged = []
    for one in found:
        key = (one.derived.source.path, one.derived.manifest.protocol_qualified_name)
        if key in reports:
            judged.append(completion(policy, one, reports[key], root))
        else:
            complain(f"`{tame(key[1])}` in {tame(key[0])} could not be checked")
    return judged


def _shown(judged: Sequence[Completion], style: str) -> str:
    if style == "json":
        return msgspec.json.format(msgspec.json.encode(judged), indent=2).decode() + "\n"
    lines: list[str] = []
    for one in judged:
        lines += _markdown(one) if style == "markdown" else _text(one)
    return "\n".join(lines) + "\n"


def _text(one: Completion) -> list[str]:
    lines = [f"{tame(one.id)}   {tame(one.path)}:{one.line}"]
    for each in one.criteria:
        lines.append(f"  {each.number:>2} {each.answer:<18} {each.text}")
        by = f" (owner: {each.owner})" if each.owner else ""
        lines += [f"       {tame(said)}{by}" for said in each.evidence[:1]]
        lines += [f"       {tame(said)}" for said in each.evidence[1:]]
        if each.todo:
            lines.append(f"       next: {tame(each.todo)}")
    return [*lines, f"  {_total(one)}"]


def _markdown(one: Completion) -> list[str]:
    def cell(text: str) -> str:
        return tame(text).replace("<", "&lt;").replace("|", "\\|")

    place = f"{cell(one.path)}:{one.line}"
    lines = [f"## Definition of done: `{tame(one.id)}`", "", place, ""]
    lines += ["| | line | answer | evidence | next |", f"|{' --- |' * 5}"]
    for each in one.criteria:
        answer = f"{each.answer} by {each.owner}" if each.owner else str(each.answer)
        evidence = "<br>".join(cell(said) for said in each.evidence)
        cells = (str(each.number), cell(each.text), cell(answer), evidence, cell(each.todo))
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, "", _total(one), ""]


def _total(one: Completion) -> str:
    lines = counted(len(one.criteria), "line")
    return f"{lines}: " + ", ".join(f"{one.count(answer)} {answer}" for answer in CompletionAnswer)
