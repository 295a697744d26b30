"""Event logs: what roles did, one JSON object a line, as production systems record it.

A line has `role`, `direction` ("send" or "receive"), `peer` and `label`. `session` tells apart
runs that are interleaved in one log; `protocol` names the protocol. Other fields, such as `time`
or `payload`, are not looked at. docs/event-logs.md describes the form.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, BinaryIO, Final, Literal, TypeAlias

import msgspec

from tellverify.model.step import Step
from tellverify.source.text import without_mark

LONGEST_LINE: Final = 1024 * 1024
_SHOWN: Final = 200
_NAMES: Final = tuple(
    f'"{name}"'.encode() for name in ("role", "direction", "peer", "label", "session", "protocol")
)

_REQUIRED: Final = ("role", "direction", "peer", "label")

_Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]
Session: TypeAlias = str | int | None


_NOTHING: Final = msgspec.Raw(b"")


class LogEvent(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One line of a log: `role` sends `label` to `peer`, or takes it from `peer`.

    The last four are what it records of guards, as JSON, empty where it says nothing.
    """

    role: _Name
    direction: Literal["send", "receive"]
    peer: _Name
    label: _Name
    session: Session = None
    protocol: str | None = None
    guard_capability: msgspec.Raw = _NOTHING
    flow_cost: msgspec.Raw = _NOTHING
    journal_facts: msgspec.Raw = _NOTHING
    guard_commands: msgspec.Raw = _NOTHING

    @property
    def records_guards(self) -> bool:
        """Whether the line says something of guards, costs or facts."""
        return bool(
            self.guard_capability or self.flow_cost or self.journal_facts or self.guard_commands
        )

    def __str__(self) -> str:
        sign = "!" if self.direction == "send" else "?"
        return f"{self.role}{sign}{self.peer}:{self.label}"


class LogError(Exception):
    """A line that is no event; `line` counts from 1, the message says why, `text` is its start."""

    def __init__(self, line: int, reason: str, content: bytes) -> None:
        super().__init__(reason)
        self.line = line
        self.text = content[:_SHOWN].decode("utf-8", "replace").rstrip("\r\n")


def read_log(
    file: BinaryIO, passed_over: Callable[[int], None] | None = None
) -> Iterator[tuple[int, LogEvent]]:
    """The events of a log with their lines, in constant memory. Blank lines are passed over.

    So are objects of another kind, which have at most one of the four names of an event;
    `passed_over` is called with the number of each. Raises LogError at the first line that is no
    event otherwise, at the first that is too long, and where a log has lines and no event at all.
    """
    decode = msgspec.json.Decoder(LogEvent).decode
    readline = file.readline
    role, direction, peer, label, session, protocol = _NAMES
    number = others = events = 0
    first: tuple[int, bytes] | None = None
    while content := readline(LONGEST_LINE + 1):
        number += 1
        if number == 1:
            content = without_mark(content)
        if len(content) > LONGEST_LINE:
            raise LogError(number, f"the line is longer than {LONGEST_LINE} bytes", content)
        try:
            event = decode(content)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            if not content.strip():
                continue
            if _is_of_another_kind(content, error):
                others += 1
                first = first or (number, content)
                if passed_over is not None:
                    passed_over(number)
                continue
            raise LogError(number, _reason(content, error), content) from None
        if b"\\" in content or (
            content.count(role) != 1
            or content.count(direction) != 1
            or content.count(peer) != 1
            or content.count(label) != 1
            or content.count(session) > 1
            or content.count(protocol) > 1
        ):
            _refuse_twins(number, content)
        events += 1
        yield number, event
    if first is not None and not events:
        raise LogError(first[0], f"it is not an event, and {_none_else(others)}", first[1])


def _none_else(others: int) -> str:
    return "no other line is" if others > 1 else "the log has no other line"


def _is_of_another_kind(content: bytes, error: Exception) -> bool:
    """Whether a line that is no event is an object that does not look like one either."""
    if not isinstance(error, msgspec.ValidationError):
        return False
    try:
        found = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return isinstance(found, dict) and sum(name in found for name in _REQUIRED) < 2


def _reason(content: bytes, error: Exception) -> str:
    words = str(error).partition("\n")[0][:200]
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeError):
        return "it is not UTF-8"
    if isinstance(error, msgspec.ValidationError):
        return f"it is not an event: {words}"
    if not content.endswith(b"\n"):
        return f"it is not JSON, and the last line: the log may be cut off ({words})"
    return f"it is not JSON: {words}"


def _refuse_twins(number: int, content: bytes) -> None:
    """Raise LogError when a key stands twice: decoders take the last, people read the first."""

    def pairs(found: list[tuple[str, object]]) -> dict[str, object]:
        twins = [key for index, (key, _) in enumerate(found) if key in dict(found[:index])]
        if twins:
            raise LogError(number, f"it is not an event: the key `{twins[0]}` is repeated", content)
        return dict(found)

    if len(content) > 64 * 1024:
        reason = "it is not an event: the line is too long to have escapes or a name twice"
        raise LogError(number, reason, content)
    try:
        json.loads(content, object_pairs_hook=pairs)
    except (ValueError, RecursionError):
        raise LogError(number, "it is not JSON", content) from None


def write_log(
    steps: Sequence[Step], *, protocol: str = "", session: Session = None
) -> Iterator[str]:
    """The lines of a log of `steps`, with line ends; the first names the protocol."""
    for index, step in enumerate(steps):
        yield log_line(step, protocol=protocol if index == 0 else "", session=session)


def log_line(step: Step, *, protocol: str = "", session: Session = None) -> str:
    """The line of one step, with its line end."""
    fields: dict[str, str | int] = {
        "role": step.actor,
        "direction": "send" if step.send else "receive",
        "peer": step.receiver if step.send else step.sender,
        "label": step.label,
    }
    if session is not None:
        fields["session"] = session
    if protocol:
        fields["protocol"] = protocol
    return msgspec.json.encode(fields).decode() + "\n"
