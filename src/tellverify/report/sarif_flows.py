"""A run as a code flow of SARIF: one thread for each role, its steps in the order of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias
from urllib.parse import quote

from tellverify.diagnostics.wording import counted, listed
from tellverify.model.delivery import channel_after
from tellverify.model.faulty_channels import WORDS
from tellverify.model.site import Site
from tellverify.model.step import Step
from tellverify.model.timer_steps import CANCEL, queue_after, without_discarded
from tellverify.model.trace import Trace, Waiting
from tellverify.report.drawing.sequence import awaited
from tellverify.report.escape import encodable, printable, tame
from tellverify.report.excerpt import location
from tellverify.source.text import SourceFile

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

MOST_LOCATIONS: Final = 1_000
_MOST_ENDS: Final = 50  # roles whose state at the end is a location
_MOST_LABELS: Final = 20


def text_of(text: str) -> dict[str, Json]:
    """A message; what must not reach a terminal or reorder a line is written out.

    `[words](place)` would be a link (SARIF 2.1.0, 3.11.6); backslashes make it text.
    """
    plain = tame(text)
    for char in "\\[]" if "](" in plain else "":
        plain = plain.replace(char, f"\\{char}")
    return {"text": plain}


def uri_of(path: str) -> str:
    """A path as a URI: relative ones stay relative, absolute ones become `file` URIs."""
    slashed = encodable(path.replace("\\", "/"))
    quoted = quote(slashed, safe="/")
    return f"file://{quoted}" if quoted.startswith("/") else quoted


def code_flow(trace: Trace, path: str, sources: Mapping[str, SourceFile]) -> dict[str, Json]:
    """The code flow of `trace`; `path` is where steps without a path are written.

    At most a thousand locations: of a longer run the middle is left out, and the message says so.
    """
    ends = _ends(trace)
    room = MOST_LOCATIONS - len(ends)
    steps = list(enumerate(trace.steps, start=1))
    hidden = max(len(steps) - room, 0)
    if hidden:
        steps = [*steps[: room // 2], *steps[len(steps) - (room - room // 2) :]]
    queues = _queues(trace.steps)
    threads: dict[str, list[Json]] = {}
    for order, step in steps:
        threads.setdefault(step.actor, []).append(
            _step(step, order, queues[order - 1], path, sources)
        )
    for waiting in ends:
        end = _end(trace, waiting, len(trace.steps) + 1, path, sources)
        threads.setdefault(waiting.role, []).append(end)
    flows: list[Json] = [
        {"id": printable(role), "message": text_of(f"role {role}"), "locations": locations}
        for role, locations in threads.items()
    ]
    return {"message": text_of(_summary(trace, hidden)), "threadFlows": flows}


def _summary(trace: Trace, hidden: int) -> str:
    parts = [f"a run of {counted(len(trace.steps), 'event')}, replayed"]
    if 0 <= trace.loop < len(trace.steps):
        parts.append(f"which repeats forever from event {trace.loop + 1}")
    if hidden:
        parts.append(f"{counted(hidden, 'event')} in the middle left out")
    return ", ".join(parts)


def _queues(steps: Sequence[Step]) -> list[tuple[str, ...]]:
    """The content of the channel of each step after it; long queues are cut and counted."""
    channels: dict[tuple[str, str], tuple[str, ...]] = {}
    found: list[tuple[str, ...]] = []
    for step in steps:
        channel = (step.sender, step.receiver)
        before = channels.get(channel, ())
        channels[channel] = (
            channel_after(before, step.send, step.label, step.delivery) or ()
            if step.delivery
            else queue_after(before, step)
        )
        if step.discards:
            channels = without_discarded(channels, step)
        queue = channels.get(channel, ())
        shown = queue[:_MOST_LABELS]
        more = len(queue) - len(shown)
        found.append((*shown, f"and {more} more") if more else shown)
    return found


def _step(
    step: Step,
    order: int,
    queue: Sequence[str],
    path: str,
    sources: Mapping[str, SourceFile],
) -> dict[str, Json]:
    kind = "send" if step.send else "receive"
    if step.timer == CANCEL:
        kind, words = step.timer, f"`{step.sender}` cancels"
    elif step.timer:
        kind, words = step.timer, f"the timer of `{step.sender}` fires"
    elif step.send:
        words = f"`{step.sender}` sends `{step.label}` to `{step.receiver}`"
    else:
        words = f"`{step.receiver}` receives `{step.label}` from `{step.sender}`"
    if step.delivery:
        words += f", {WORDS[step.delivery]}"
    if step.site.branch:
        words += f", branch `{step.site.branch}`"
    for one in step.discards:
        words += f", `{one.label}` from `{one.sender}` is discarded"
    channel = tame(f"queue {step.sender} -> {step.receiver}")
    return {
        "executionOrder": order,
        "kinds": [kind],
        **({} if step.timer else {"state": {channel: text_of(", ".join(queue) or "empty")}}),
        "location": _location(step.site, words, path, sources),
    }


def _ends(trace: Trace) -> list[Waiting]:
    """The roles whose state at the end is shown: culprits first, then those that act."""
    acting = {step.actor for step in trace.steps}
    culprits = [one for one in trace.waiting if one.role in trace.culprits]
    others = [one for one in trace.waiting if one.role in acting and one.role not in trace.culprits]
    return [*culprits, *others][:_MOST_ENDS]


def _end(
    trace: Trace, waiting: Waiting, order: int, path: str, sources: Mapping[str, SourceFile]
) -> dict[str, Json]:
    words = awaited(trace, waiting)
    if waiting.finished:
        words = f"has finished, {words}" if words else "has finished"
    is_culprit = waiting.role in trace.culprits
    kept = [labels for _, receiver, labels in trace.queues if receiver == waiting.role and labels]
    state: dict[str, Json] = {}
    for sender, receiver, labels in trace.queues[: MOST_LOCATIONS if kept else 0]:
        if receiver == waiting.role and labels:
            state[tame(f"queue {sender} -> {receiver}")] = text_of(listed(labels, _MOST_LABELS))
    found: dict[str, Json] = {
        "executionOrder": order,
        "kinds": ["danger" if is_culprit else "exit" if waiting.finished else "implicit"],
        "location": _location(
            trace.place if is_culprit else Site(),
            f"`{waiting.role}` {words or 'continues'}",
            path,
            sources,
        ),
    }
    if is_culprit:
        found["importance"] = "essential"
    if state:
        found["state"] = state
    return found


def _location(
    site: Site, words: str, path: str, sources: Mapping[str, SourceFile]
) -> dict[str, Json]:
    found: dict[str, Json] = {"message": text_of(words)}
    if not site.line:
        return found
    where = site.path or path
    region: dict[str, Json] = {"startLine": site.line}
    source = sources.get(where)
    if source is not None and site.span.end > site.span.start:
        end_line, end_column = location(source, site.span.end)
        start_line, start_column = location(source, site.span.start)
        region = {
            "startLine": start_line,
            "startColumn": start_column,
            "endLine": end_line,
            "endColumn": end_column,
        }
    elif site.column:
        region["startColumn"] = site.column
    found["physicalLocation"] = {"artifactLocation": {"uri": uri_of(where)}, "region": region}
    return found
