"""What `tellverify run` prints: a launch and its events as text and as JSON."""

from __future__ import annotations

from typing import Final

import click
import msgspec

from tellverify.admission.manifest import Derived
from tellverify.admission.runtime import RuntimeInventory
from tellverify.cli.opening import LoadedProtocols
from tellverify.diagnostics import launch as say
from tellverify.diagnostics.wording import counted, listed
from tellverify.evidence.trace_replay import Stepper
from tellverify.model.step import Step
from tellverify.policy.model import Policy
from tellverify.report.drawing.event_lines import step_line, step_words
from tellverify.report.style import Style
from tellverify.runtime.envelope import EnvelopeDiff
from tellverify.runtime.executor import Execution, ExecutionEnding
from tellverify.runtime.faults import RuntimeFault
from tellverify.runtime.launch import Admitted, LaunchRequest

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


class HandOver(msgspec.Struct, frozen=True):
    """A change of owner after `events` events; `refused` says why the old one may not go on."""

    events: int
    source: str
    target: str
    generation: int
    refused: str


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
    hand_overs: tuple[HandOver, ...] = ()
    envelope: EnvelopeDiff | None = None


class RunRequest(msgspec.Struct, frozen=True):
    """A protocol on its way to a launch."""

    derived: Derived
    loaded: LoadedProtocols
    policy: Policy | None
    runtime: RuntimeInventory | None
    request: LaunchRequest
    seed: int


def reason_row(fault: RuntimeFault) -> ReasonRow:
    """A fault as JSON has it."""
    code = fault.code or say.code_of(str(fault.kind))
    return ReasonRow(str(fault.kind), code, fault.subject, fault.pack, fault.reason)


def text_lines(
    asked: RunRequest,
    admitted: Admitted,
    done: Execution,
    handed: tuple[HandOver, ...],
    diff: EnvelopeDiff | None,
    style: Style,
) -> list[str]:
    """The launch, its events with the queues after each, and how it ended."""
    policy, claim = admitted.policy, admitted.claim
    name = asked.derived.manifest.protocol_id
    needed = len(asked.request.required)
    keys = f"{counted(needed, 'key')} needed"
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
    widest = max((len(step_words(step)) for step in done.steps), default=0)
    rows = []
    for step in done.steps:
        stepper.make(step)  # by the reference semantics too
        rows.append(step_line(stepper, step, style, min(widest, 60) + 2))
    for one in reversed(handed):
        rows.insert(
            one.events,
            style.tamed(f"handed over to {one.target}, generation {one.generation}: {one.refused}"),
        )
    if len(rows) > _SHOWN:
        half = _SHOWN // 2
        rows = [*rows[:half], f"      {len(rows) - _SHOWN} events not shown", *rows[-half:]]
    lines += rows
    taken = ", ".join(f"{role}: {branch}" for role, branch in done.branches[:12])
    waves = "round" if policy.waves == 1 else "wave"
    tail = f"{counted(len(done.steps), 'event')} in {counted(len(done.waves), waves)}"
    words = {
        ExecutionEnding.COMPLETE: f"complete: {tail}, every role finished, queues empty",
        ExecutionEnding.STUCK: f"stuck: {tail}",
        ExecutionEnding.LIMIT: f"stopped: {tail}, as many as were allowed",
        ExecutionEnding.STALE: f"stopped: {tail}, the session has another owner",
    }
    if taken:
        lines.append(style.tamed(f"branches taken: {taken}"))
    lines.append(words[done.ending])
    if diff is not None:
        equal = "equal to the canonical run up to swaps of independent events"
        wide = f"waves of up to {diff.widest}, {diff.bound} allowed"
        lines.append(style.tamed(f"envelope: {'; '.join(diff.faults) or equal}; {wide}"))
    return lines


def row_of(
    asked: RunRequest,
    admitted: Admitted | None,
    done: Execution | None,
    reasons: tuple[ReasonRow, ...] = (),
    handed: tuple[HandOver, ...] = (),
    ending: str = "refused",
    diff: EnvelopeDiff | None = None,
) -> RunRow:
    """A launch as JSON has it."""
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
        ending=str(done.ending) if done is not None else ending,
        branches=done.branches if done is not None else (),
        widths=done.waves if done is not None else (),
        events=tuple(_event_row(step) for step in done.steps) if done is not None else (),
        hand_overs=handed,
        envelope=diff,
    )


def _event_row(step: Step) -> EventRow:
    peer = step.receiver if step.send else step.sender
    direction = "send" if step.send else "receive"
    return EventRow(step.actor, direction, peer, step.label, step.site.line, step.site.branch)


def print_json(row: RunRow) -> None:
    """One JSON object on standard output."""
    click.echo(msgspec.json.format(msgspec.json.encode(row), indent=2).decode())


def waiting_words(asked: RunRequest, done: Execution) -> tuple[list[str], list[str]]:
    """What roles that have not finished wait for, and the messages left in the channels."""
    waiting = []
    for machine, state in zip(asked.request.machines, done.configuration.states, strict=True):
        if not machine.final[state]:
            awaits = [f"`{a.label}` from `{a.peer}`" for a, _ in machine.moves[state] if not a.send]
            waiting.append(f"`{machine.role}` awaits {' or '.join(awaits[:_FEW])}")
    queues = [
        f"queued from `{sender}` to `{receiver}`: {listed(labels, _FEW)}"
        for (sender, receiver), labels in done.configuration.queues
    ]
    return waiting[:_FEW], queues[:_FEW]
