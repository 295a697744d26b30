"""`tellverify run`: launch a protocol on a runtime and execute it, event by event."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

import click

from tellverify.admission.findings import findings
from tellverify.admission.resolve import admit
from tellverify.admission.runtime import inventory_of, without
from tellverify.cli.complaints import Stopped, complain
from tellverify.cli.exit import Exit
from tellverify.cli.opening import loaded, parse_sizes
from tellverify.cli.policies import (
    complain_of_runtime,
    load_policy,
    policy_option,
    policy_path_of,
    print_findings,
    protocols_under,
    sources_of,
    style_of_output,
)
from tellverify.cli.run_output import (
    HandOver,
    RunRequest,
    print_json,
    reason_row,
    row_of,
    text_lines,
    waiting_words,
)
from tellverify.diagnostics import launch as say
from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.diagnostics.wording import counted
from tellverify.evidence.event_log import write_log
from tellverify.obligations.execution_trace import execution_itf
from tellverify.obligations.launching import launch_request
from tellverify.policy.model import Policy
from tellverify.report.escape import tame
from tellverify.runtime.chooser import Scripted, Unscripted
from tellverify.runtime.envelope import EnvelopeDiff, envelope_diff
from tellverify.runtime.executor import Execution, ExecutionEnding, Executor
from tellverify.runtime.faults import FaultKind, RuntimeFault
from tellverify.runtime.gate import Contracts
from tellverify.runtime.launch import Admitted, RefusedLaunch, Session, launch
from tellverify.runtime.mode import CANONICAL, Mode
from tellverify.runtime.ownership import Registry
from tellverify.runtime.reconfiguration import Reconfiguration
from tellverify.source.writing import replace_text

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


def _parse_hand_overs(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> tuple[tuple[int, str], ...]:
    """`3=bert` as number and name."""
    found = []
    for text in given:
        number, equals, name = text.partition("=")
        if not (number.isascii() and number.isdigit()) or len(number) > 9 or not equals or not name:
            raise click.BadParameter(f"`{tame(text)}` is not of the form N=NAME")
        found.append((int(number), name))
    return tuple(found)


@click.command("run")
@click.argument("file")
@policy_option
@click.option("--no-policy", is_flag=True, help="Launch without a policy, on the canonical path.")
@click.option("--runtime", metavar="PROFILE", help="A runtime profile; the default of the policy.")
@click.option("--without", "removed", multiple=True, metavar="KEY", help="Without this key.")
@click.option("--protocol", metavar="NAME", help="This protocol; the first by default.")
@click.option(
    "--instances",
    multiple=True,
    metavar="FAMILY=N",
    callback=parse_sizes,
    help="Size of a role family; 3 by default.",
)
@click.option("--seed", type=click.IntRange(0), default=0, metavar="N", help="Decides choices.")
@click.option(
    "--choices", multiple=True, metavar="BRANCH,..", help="Branches to take, or ROLE=BRANCH."
)
@click.option("--steps", type=click.IntRange(1), default=10_000, metavar="N", help="Most events.")
@click.option("--owner", default="local", metavar="NAME", help="Who owns the session.")
@click.option(
    "--hand-over",
    "hand_overs",
    multiple=True,
    metavar="N=NAME",
    callback=_parse_hand_overs,
    help="After N events give the session to NAME, by reconfiguration.",
)
@click.option(
    "--log", "log_path", metavar="PATH", help="Write the events as a log; `-` for standard output."
)
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
    hand_overs: tuple[tuple[int, str], ...],
    log_path: str | None,
    trace_path: str | None,
    as_json: bool,
) -> int:
    """Launch the protocol in FILE on a runtime and execute its roles.

    The launch passes every gate of the admission path, or nothing is executed. How it is executed,
    cooperatively, in waves that replay equally or within an envelope, follows from the policy of
    the protocol. Equal seeds give equal runs. Exit codes: 0 the run came to its end, 1 the launch
    was refused or the run got stuck, 2 wrong usage, 3 it was stopped at the limit of events.
    """
    try:
        policy = _policy(policy_path, no_policy, runtime)
        asked = _asked(file, protocol, instances, policy, runtime, removed, owner, seed)
    except Stopped as stop:
        return stop.code
    registry = Registry()
    result = launch(asked.request, registry)
    if isinstance(result, RefusedLaunch):
        return _refused(asked, result, as_json)
    script = [part for text in choices for part in text.split(",") if part]
    chooser = Scripted(script, seed)
    try:
        session = Session(result, registry)
        done, handed = _executed(asked, session, registry, chooser, hand_overs, steps)
    except Unscripted as error:
        has = ", ".join(f"`{tame(name)}`" for name in error.options)
        raise click.UsageError(f"{tame(str(error))}; there is {has}") from None
    if isinstance(done, RuntimeFault):
        return _stopped(asked, done, session.event_count, as_json)
    if chooser.unused and done.ending is not ExecutionEnding.LIMIT:
        raise click.UsageError(f"no role had to choose `{tame(chooser.unused[0])}` any more")
    code = _written(asked, done, log_path, trace_path)
    if code is not Exit.OK:
        return code
    diff = _envelope(asked, result, done, bool(script), steps)
    if as_json:
        print_json(row_of(asked, result, done, handed=handed, diff=diff))
    else:
        text = "\n".join(text_lines(asked, result, done, handed, diff, style_of_output()))
        click.echo(text, err=log_path == "-")
    if done.ending is ExecutionEnding.STUCK:
        where = Where(asked.derived.source.path, asked.derived.manifest.protocol_qualified_name)
        stuck = say.execution_stuck(
            where, asked.derived.name, len(done.steps), *waiting_words(asked, done)
        )
        print_findings([stuck], sources_of([asked.derived], asked.policy), err=True)
    if done.ending is ExecutionEnding.LIMIT:
        return Exit.UNKNOWN
    outside = diff is not None and diff.faults
    return Exit.OK if done.ending is ExecutionEnding.COMPLETE and not outside else Exit.REFUTED


def _executed(
    asked: RunRequest,
    session: Session,
    registry: Registry,
    chooser: Scripted,
    hand_overs: Sequence[tuple[int, str]],
    steps: int,
) -> tuple[Execution | RuntimeFault, tuple[HandOver, ...]]:
    """Execute to the end, handing the session over on the way; a fault is why that is refused."""
    request, claim = asked.request, session.admitted.claim
    contracts = request.contracts or Contracts("none", frozenset())
    manager = Reconfiguration(registry, contracts)
    manager.adopt(claim)
    handed: list[HandOver] = []
    for number, name in sorted(hand_overs):
        done = session.advance(claim, chooser, seed=asked.seed, limit=min(number, steps))
        if isinstance(done, RuntimeFault):
            return done, tuple(handed)
        if len(done.steps) < number:
            raise click.UsageError(f"the run has {len(done.steps)} events, none to follow {number}")
        receipt = manager.transfer(claim, name)
        if isinstance(receipt, RuntimeFault):
            return receipt, tuple(handed)
        stale = session.advance(claim, chooser, limit=steps)
        refused = stale.reason if isinstance(stale, RuntimeFault) else ""
        claim = receipt.claim
        handed.append(HandOver(number, receipt.source, name, claim.generation, refused))
    return session.advance(claim, chooser, seed=asked.seed, limit=steps), tuple(handed)


def _envelope(
    asked: RunRequest, admitted: Admitted, done: Execution, scripted: bool, steps: int
) -> EnvelopeDiff | None:
    """How a threaded execution differs from the canonical one; None where nothing is compared."""
    if admitted.policy.mode is Mode.COOPERATIVE or done.ending is ExecutionEnding.LIMIT:
        return None
    script = [f"{role}={branch}" for role, branch in done.branches] if scripted else []
    canonical = Executor(asked.request.machines, asked.request.sites).run(
        CANONICAL, Scripted(script, asked.seed), seed=asked.seed, limit=steps
    )
    return envelope_diff(done, canonical, admitted.policy)


def _policy(given: str | None, without_one: bool, runtime: str | None) -> Policy | None:
    if without_one:
        if runtime:
            raise click.UsageError("--no-policy leaves no runtime to name")
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
) -> RunRequest:
    found, is_fine, workspace = protocols_under(policy, [file], [file])
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
    graph = loaded(workspace, found[chosen].origin, sizes)
    inventory = None
    if policy is not None:
        wanted_runtime = runtime or policy.admission.runtime
        inventory = inventory_of(policy, wanted_runtime)
        if inventory is None:
            complain_of_runtime(policy, wanted_runtime)
            raise Stopped(Exit.USAGE)
        for key in removed:
            if key not in inventory.keys:
                raise click.UsageError(f"the runtime has no `{tame(key)}` to take away")
            inventory = without(inventory, key)
    elif removed:
        raise click.UsageError("without a policy the runtime has no keys to take away")
    request = launch_request(derived, graph.graph, policy, inventory, owner=owner)
    return RunRequest(derived, graph, policy, inventory, request, seed)


# Refusals


def _refused(asked: RunRequest, refused: RefusedLaunch, as_json: bool) -> int:
    diagnostics = _reasons(asked, refused)
    if as_json:
        rows = tuple(reason_row(fault) for fault in refused.faults)
        print_json(row_of(asked, None, None, rows))
        return Exit.REFUTED
    print_findings(diagnostics, sources_of([asked.derived], asked.policy))
    name = tame(asked.derived.manifest.protocol_id)
    many = counted(len(refused.faults), "reason")
    click.echo(f"refused: {name} is not launched by {_runtime_name(asked)}, for {many}; no event")
    if all(fault.kind is FaultKind.ADMISSION for fault in refused.faults):
        click.echo("`--no-policy` executes it without admission, on the canonical path")
    return Exit.REFUTED


def _stopped(asked: RunRequest, fault: RuntimeFault, events: int, as_json: bool) -> int:
    """The session could not be handed over, or not be gone on with."""
    if as_json:
        print_json(row_of(asked, None, None, (reason_row(fault),), ending="stopped"))
        return Exit.REFUTED
    where = Where(asked.derived.source.path, asked.derived.manifest.protocol_qualified_name)
    here = f"stopped after {counted(events, 'event')}"
    found = say.launch_refused(where, str(fault.kind), asked.derived.name, fault.reason, here)
    print_findings([found], sources_of([asked.derived], asked.policy))
    click.echo(f"{here}: the session stays with its owner")
    return Exit.REFUTED


def _reasons(asked: RunRequest, refused: RefusedLaunch) -> list[Diagnostic]:
    """Findings of admission where it refers to a fault, with both places; else of the launch."""
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


def _runtime_name(asked: RunRequest) -> str:
    return f"`{tame(asked.request.contracts.profile)}`" if asked.request.contracts else "it"


# Files


def _written(asked: RunRequest, done: Execution, log: str | None, trace: str | None) -> Exit:
    name = asked.derived.manifest.protocol_qualified_name
    texts: list[tuple[str, str]] = []
    if log is not None:
        texts.append((log, "".join(write_log(done.steps, protocol=name))))
    if trace is not None:
        explanation = f"an execution by seed {asked.seed}"
        source, sizes = asked.derived.source.path, asked.loaded.sizes
        machines = asked.request.machines
        text = execution_itf(source, name, sizes, machines, done.steps, explanation)
        texts.append((trace, text))
    for path, text in texts:
        if path == "-":
            sys.stdout.write(text)
            continue
        try:
            replace_text(path, text)
        except OSError as error:
            complain(f"cannot write {tame(path)}: {(error.strerror or 'no access').lower()}")
            return Exit.USAGE
    return Exit.OK
