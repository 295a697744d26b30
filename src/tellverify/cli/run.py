"""`tellverify run`: launch a protocol on a runtime and execute it, event by event."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

import click
import msgspec

from tellverify.admission.findings import findings
from tellverify.admission.manifest import Derived
from tellverify.admission.resolve import admit
from tellverify.admission.runtime import RuntimeInventory, inventory_of, without
from tellverify.cli.exit import Exit
from tellverify.cli.loading import Loaded, Stopped, complain, load, parse_sizes
from tellverify.cli.policies import (
    load_policy,
    policy_option,
    policy_path_of,
    print_findings,
    protocols_under,
    sources_of,
    style_of_output,
)
from tellverify.core.step import Step
from tellverify.diagnostics.build import launch as say
from tellverify.diagnostics.build.where import Where
from tellverify.diagnostics.model import Diagnostic
from tellverify.engine.launching import launch_request
from tellverify.evidence.event_log import write_log
from tellverify.evidence.itf import TraceSubject, write_itf
from tellverify.evidence.replay import Stepper
from tellverify.evidence.trace import Fault as TraceFault
from tellverify.evidence.trace import Trace
from tellverify.policy.model import Policy
from tellverify.report.chart import place
from tellverify.report.escape import padded, tame
from tellverify.report.families import counted, listed
from tellverify.report.style import Style
from tellverify.runtime.chooser import Scripted, Unscripted
from tellverify.runtime.executor import Ending, Execution
from tellverify.runtime.faults import Fault, FaultKind
from tellverify.runtime.launch import Admitted, LaunchRequest, Refused, execute, launch
from tellverify.runtime.ownership import Registry

_BY_ADMISSION: Final = frozenset(
    {
        FaultKind.MISSING_PACK,
        FaultKind.PACK_DRIFT,
        FaultKind.METADATA_DRIFT,
        FaultKind.ADMISSION,
        FaultKind.MISSING_CAPABILITY,
        FaultKind.MISSING_PACK_CAPABILITY,
    }
)
_SHOWN: Final = 200
_FEW: Final = 4


class ReasonRow(msgspec.Struct, frozen=True):
    """A reason of a refusal as it is written to JSON."""

    kind: str
    code: str
    subject: str
    pack: str
    message: str


class EventRow(msgspec.Struct, frozen=True):
    """An event as it is written to JSON."""

    role: str
    direction: str
    peer: str
    label: str
    line: int
    branch: str


class RunRow(msgspec.Struct, frozen=True):
    """A launch as it is written to JSON; `ending` is "refused" where nothing was executed."""

    protocol: str
    path: str
    runtime: str
    admitted: bool
    reasons: tuple[ReasonRow, ...]
    warnings: tuple[str, ...]
    policy: str
    mode: str
    waves: int
    owner: str
    generation: int
    fragments: tuple[str, ...]
    seed: int
    ending: str
    branches: tuple[tuple[str, str], ...]
    widths: tuple[int, ...]
    events: tuple[EventRow, ...]


class _Asked(msgspec.Struct, frozen=True):
    """A protocol on its way to a launch."""

    derived: Derived
    loaded: Loaded
    policy: Policy | None
    runtime: RuntimeInventory | None
    request: LaunchRequest
    seed: int


@click.command("run")
@click.argument("file")
@policy_option
@click.option("--no-policy", is_flag=True, help="Launch without a policy, on the canonical path.")
@click.option("--runtime", metavar="PROFILE", help="A runtime profile; the default of the policy.")
@click.option("--without", "removed", multiple=True, metavar="KEY", help="Without this key.")
@click.option("--protocol", metavar="NAME", help="This protocol; the first without this.")
@click.option(
    "--instances",
    multiple=True,
    metavar="FAMILY=N",
    callback=parse_sizes,
    help="Size of a role family; 3 without this.",
)
@click.option("--seed", type=click.IntRange(0), default=0, metavar="N", help="Decides choices.")
@click.option(
    "--choices", multiple=True, metavar="BRANCH,..", help="Branches to take, or ROLE=BRANCH."
)
@click.option("--steps", type=click.IntRange(1), default=10_000, metavar="N", help="Most events.")
@click.option("--owner", default="local", metavar="NAME", help="Who owns the session.")
@click.option("--log", "log_path", metavar="PATH", help="Write the events as a log; `-` for here.")
@click.option("--trace", "trace_path", metavar="PATH", help="Write the run as an ITF file.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def run(
    file: str,
    policy_path: str | None,
    no_policy: bool,
    runtime: str | None,
    removed: tuple[str, ...],
    protocol: str | None,
    instances: dict[str, int],
    seed: int,
    choices: tuple[str, ...],
    steps: int,
    owner: str,
    log_path: str | None,
    trace_path: str | None,
    as_json: bool,
) -> int:
    """Launch the protocol in FILE on a runtime and execute its roles.

    The launch passes every gate of the admission path, or nothing is executed. How it is executed,
    cooperatively, in waves that replay equally or within an envelope, follows from the policy of
    the protocol. Equal seeds give equal runs. Exit codes: 0 the run came to its end, 1 the launch
    was refused or the run got stuck, 2 wrong usage, 3 it was stopped after so many events.
    """
    try:
        policy = _policy(policy_path, no_policy, runtime)
        asked = _asked(file, protocol, instances, policy, runtime, removed, owner, seed)
    except Stopped as stop:
        return stop.code
    registry = Registry()
    result = launch(asked.request, registry)
    if isinstance(result, Refused):
        return _refused(asked, result, as_json)
    script = [part for text in choices for part in text.split(",") if part]
    chooser = Scripted(script, seed)
    try:
        done = execute(result, registry, chooser, seed=seed, limit=steps)
    except Unscripted as error:
        has = ", ".join(f"`{tame(name)}`" for name in error.options)
        raise click.UsageError(f"{tame(str(error))}; there is {has}") from None
    if isinstance(done, Fault):
        return _refused(asked, Refused((done,)), as_json)
    if chooser.unused and done.ending is not Ending.LIMIT:
        raise click.UsageError(f"nobody had to choose `{tame(chooser.unused[0])}` any more")
    code = _written(asked, done, log_path, trace_path)
    if code is not Exit.OK:
        return code
    if as_json:
        _print_json(_row(asked, result, done))
    else:
        text = "\n".join(_lines(asked, result, done, style_of_output()))
        click.echo(text, err=log_path == "-")
    if done.ending is Ending.LIMIT:
        return Exit.UNKNOWN
    return Exit.OK if done.ending is Ending.COMPLETE else Exit.REFUTED


def _policy(given: str | None, without_one: bool, runtime: str | None) -> Policy | None:
    if without_one:
        if given or runtime:
            raise click.UsageError("--no-policy leaves neither a policy nor a runtime to name")
        return None
    if given is None and runtime is None and policy_path_of(None) is None:
        return None
    return load_policy(given)


def _asked(
    file: str,
    protocol: str | None,
    sizes: dict[str, int],
    policy: Policy | None,
    runtime: str | None,
    removed: Sequence[str],
    owner: str,
    seed: int,
) -> _Asked:
    found, is_fine = protocols_under(policy, [file])
    if not found:
        if is_fine:
            complain(f"{tame(file)}: no protocol")
        raise Stopped(Exit.NOTHING_SELECTED if is_fine else Exit.REFUTED)
    manifests = [one.derived.manifest for one in found]
    names = [manifest.protocol_qualified_name for manifest in manifests]
    wanted = (
        index
        for index, one in enumerate(manifests)
        if protocol in (None, one.protocol_name, one.protocol_qualified_name, one.protocol_id)
    )
    chosen = next(wanted, None)
    if chosen is None:
        raise click.UsageError(f"there is no protocol `{tame(protocol or '')}`; {', '.join(names)}")
    derived = found[chosen].derived
    loaded = load(derived.source.path, names[chosen], sizes)
    inventory = None
    if policy is not None:
        wanted_runtime = runtime or policy.admission.runtime
        inventory = inventory_of(policy, wanted_runtime)
        if inventory is None:
            has = ", ".join(policy.runtimes) or "none"
            complain(f"there is no runtime `{tame(wanted_runtime)}`; the policy has {tame(has)}")
            raise Stopped(Exit.USAGE)
        for key in removed:
            if key not in inventory.keys:
                raise click.UsageError(f"the runtime has no `{tame(key)}` to take away")
            inventory = without(inventory, key)
    elif removed:
        raise click.UsageError("without a policy the runtime has no keys to take away")
    request = launch_request(derived, loaded.graph, policy, inventory, owner=owner)
    return _Asked(derived, loaded, policy, inventory, request, seed)


# Refusals


def _refused(asked: _Asked, refused: Refused, as_json: bool) -> int:
    diagnostics = _reasons(asked, refused)
    if as_json:
        rows = tuple(_reason_row(fault) for fault in refused.faults)
        _print_json(_row(asked, None, None, rows))
        return Exit.REFUTED
    print_findings(diagnostics, sources_of([asked.derived], asked.policy))
    name = tame(asked.derived.manifest.protocol_id)
    many = counted(len(refused.faults), "reason")
    click.echo(f"refused: {name} is not launched by {_runtime_name(asked)}, for {many}; no event")
    if all(fault.kind is FaultKind.ADMISSION for fault in refused.faults):
        click.echo("`--no-policy` executes it without admission, on the canonical path")
    return Exit.REFUTED


def _reasons(asked: _Asked, refused: Refused) -> list[Diagnostic]:
    """Findings of admission where it speaks of a fault, with both places; else of the launch."""
    derived, policy = asked.derived, asked.policy
    where = Where(derived.source.path, derived.manifest.protocol_qualified_name)
    said: list[Diagnostic] = []
    by_admission = policy is not None and asked.runtime is not None
    if policy is not None and asked.runtime is not None:
        decision = admit(policy, derived.manifest, asked.runtime, derived.source.path)
        refusing = [one for one in decision.objections if one.reason.refuses]
        said.extend(findings(policy, derived, refusing, asked.runtime))
    for fault in refused.faults:
        if by_admission and fault.kind in _BY_ADMISSION:
            continue
        field = "guard_capabilities" if fault.kind is FaultKind.GUARD_NAME else ""
        span = derived.span(field, fault.subject)
        kind = str(fault.kind)
        if kind in say.LAUNCH_CODES:
            said.append(say.launch_refused(where, kind, span, fault.reason))
    return said


def _reason_row(fault: Fault) -> ReasonRow:
    row = say.LAUNCH_CODES.get(str(fault.kind))
    code = row[0].number if row is not None else ""
    return ReasonRow(str(fault.kind), code, fault.subject, fault.pack, fault.reason)


def _runtime_name(asked: _Asked) -> str:
    return f"`{tame(asked.request.contracts.profile)}`" if asked.request.contracts else "it"


# Files


def _written(asked: _Asked, done: Execution, log: str | None, trace: str | None) -> Exit:
    name = asked.derived.manifest.protocol_qualified_name
    texts: list[tuple[str, str]] = []
    if log is not None:
        texts.append((log, "".join(write_log(done.steps, protocol=name))))
    if trace is not None:
        sizes = ", ".join(f"{family} = {size}" for family, size in asked.loaded.sizes.items())
        subject = TraceSubject(
            source=asked.derived.source.path,
            protocol=name,
            obligation="",
            statement="",
            code="",
            fault=TraceFault.WITNESS,
            explanation=f"an execution by seed {asked.seed}",
            instance=sizes,
        )
        shown = Trace(TraceFault.WITNESS, done.steps, (), "", False)
        texts.append((trace, write_itf(shown, asked.request.machines, subject)))
    for path, text in texts:
        if path == "-":
            sys.stdout.write(text)
            continue
        try:
            with open(path, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except OSError as error:
            complain(f"cannot write {tame(path)}: {(error.strerror or 'no access').lower()}")
            return Exit.USAGE
    return Exit.OK


# Text and JSON


def _lines(asked: _Asked, admitted: Admitted, done: Execution, style: Style) -> list[str]:
    policy, claim = admitted.policy, admitted.claim
    name = asked.derived.manifest.protocol_id
    needed = len(asked.request.required)
    keys = f"{needed} key{'' if needed == 1 else 's'} needed"
    by = f"by `{asked.runtime.name}`: {keys}" if asked.runtime is not None else "without a policy"
    lines = [style.shown(f"{name}   admitted {by}")]
    ref = f", policy {policy.ref}" if policy.ref else ""
    wide = f", waves of up to {policy.waves}" if policy.waves > 1 else ""
    lines.append(style.shown(f"mode {policy.mode}{wide}{ref}"))
    held = listed([fragment.name for fragment in claim.fragments], _FEW)
    lines.append(
        style.shown(f"owner {claim.label}, generation {claim.generation}, fragments {held}")
    )
    lines += [style.tamed(f"warning: {text}") for text in admitted.warnings]
    stepper = Stepper(asked.request.machines)
    widest = max((_width(step) for step in done.steps), default=0)
    rows = [_step_line(stepper, step, min(widest, 60), style) for step in done.steps]
    if len(rows) > _SHOWN:
        half = _SHOWN // 2
        rows = [*rows[:half], f"      {len(rows) - _SHOWN} events not shown", *rows[-half:]]
    lines += rows
    taken = ", ".join(f"{role}: {branch}" for role, branch in done.branches[:12])
    waves = "round" if policy.waves == 1 else "wave"
    tail = f"{counted(len(done.steps), 'event')} in {counted(len(done.waves), waves)}"
    words = {
        Ending.COMPLETE: f"complete: {tail}, every role finished, queues empty",
        Ending.STUCK: f"stuck: {tail}",
        Ending.LIMIT: f"stopped: {tail}, as many as were allowed",
        Ending.STALE: f"stopped: {tail}, the session has another owner",
    }
    if taken:
        lines.append(style.tamed(f"branches taken: {taken}"))
    lines.append(words[done.ending])
    return lines


def _words(step: Step) -> str:
    if step.send:
        return f"{step.sender} sends {step.label} to {step.receiver}"
    return f"{step.receiver} takes {step.label} from {step.sender}"


def _width(step: Step) -> int:
    return len(_words(step))


def _step_line(stepper: Stepper, step: Step, room: int, style: Style) -> str:
    """One event, made by the reference semantics too, with the queues after it."""
    stepper.make(step)
    queues = [
        f"{sender} {style.glyphs.arrow} {receiver}: {listed(labels, _FEW)}"
        for (sender, receiver), labels in sorted(stepper.queues.items())[:_FEW]
    ]
    rest = f" and {len(stepper.queues) - _FEW} more queues" if len(stepper.queues) > _FEW else ""
    head = padded(f"{stepper.made:>4}  {style.tamed(_words(step))}", room + 6)
    where = padded(style.tamed(place(step.site)), 18)
    return f"{head}  {where}  {style.tamed('; '.join(queues) + rest)}".rstrip()


def _row(
    asked: _Asked,
    admitted: Admitted | None,
    done: Execution | None,
    reasons: tuple[ReasonRow, ...] = (),
) -> RunRow:
    return RunRow(
        protocol=asked.derived.manifest.protocol_id,
        path=asked.derived.source.path,
        runtime=asked.runtime.name if asked.runtime is not None else "",
        admitted=admitted is not None,
        reasons=reasons,
        warnings=admitted.warnings if admitted is not None else (),
        policy=admitted.policy.ref if admitted is not None else "",
        mode=str(admitted.policy.mode) if admitted is not None else "",
        waves=admitted.policy.waves if admitted is not None else 0,
        owner=admitted.claim.label if admitted is not None else "",
        generation=admitted.claim.generation if admitted is not None else 0,
        fragments=tuple(one.name for one in admitted.claim.fragments) if admitted else (),
        seed=asked.seed,
        ending=str(done.ending) if done is not None else "refused",
        branches=done.branches if done is not None else (),
        widths=done.waves if done is not None else (),
        events=tuple(_event_row(step) for step in done.steps) if done is not None else (),
    )


def _event_row(step: Step) -> EventRow:
    peer = step.receiver if step.send else step.sender
    direction = "send" if step.send else "receive"
    return EventRow(step.actor, direction, peer, step.label, step.site.line, step.site.branch)


def _print_json(row: RunRow) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(row), indent=2).decode())
