"""`tellverify replay` of an event log: JSON lines followed through the machines of a protocol."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import BinaryIO, Final

import click
import msgspec

from tellverify.cli.complaints import Stopped
from tellverify.cli.exit import Exit
from tellverify.cli.log_guards import AnnotatedMessages, annotated_messages, guard_differences
from tellverify.cli.log_request import ReplayRequest as ReplayRequest
from tellverify.cli.log_request import monitor_of
from tellverify.cli.opening import LoadedTimed, load_timed
from tellverify.diagnostics import event_log as say
from tellverify.diagnostics.model import Diagnostic
from tellverify.diagnostics.wording import counted, grouped
from tellverify.evidence.event_log import LogError, LogEvent, Session, read_log
from tellverify.evidence.monitor import Departure, LogMonitor, MonitorStanding, UndecidedLog
from tellverify.evidence.partial_log import MOST
from tellverify.language.checks.suggest import closest
from tellverify.model.graph import ProtocolGraph
from tellverify.report.style import Style
from tellverify.report.text_findings import diagnostic_lines
from tellverify.source.span import NOWHERE, Span
from tellverify.source.text import SourceFile

_ENDINGS: Final = (".jsonl", ".ndjson", ".log")
_UNREADABLE: Final = Exit.USAGE
_FEW: Final = 6
_MOST_ROLES: Final = 12
_MOST_KNOWN: Final = 200
_AHEAD: Final = 10_000
_MOST_LINES: Final = 5_000_000  # further down no excerpt is shown
_EXCERPT: Final = 400


def is_event_log(path: str) -> bool:
    """Whether `path` is to be read as a log: by its name, or since its first line is an object."""
    if path == "-" or path.endswith(_ENDINGS):
        return True
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return False
        with open(path, "rb") as file:
            first = file.readline(4096)
    except (OSError, ValueError):
        return False
    return first.startswith(b"{") and b'"direction"' in first


def replay_log(asked: ReplayRequest, style: Style) -> int:
    """Follow a log and say how it went. Exit codes: 0 conforms, 1 diverges, 2 unreadable."""
    try:
        loaded = load_timed(asked.file, asked.protocol, asked.sizes, default=None)
        protocol = loaded.timed if isinstance(loaded, LoadedTimed) else loaded.graph
        annotated = annotated_messages(protocol)
    except Stopped as stop:
        return _UNREADABLE if stop.code is Exit.REFUTED else stop.code
    shown = "<stdin>" if asked.log == "-" else asked.log.replace(os.sep, "/")
    try:
        monitor = monitor_of(asked, protocol)
        judge = _LogJudge(asked, shown, loaded.name, monitor, annotated)
        with _opened(asked.log) as file:
            found = judge.follow(file)
    except UndecidedLog as error:
        why = str(error) or f"more than {grouped(MOST)} configurations"
        click.echo(style.shown(f"{loaded.name}   unknown: {why}"))
        if isinstance(protocol, ProtocolGraph):
            click.echo("  name the roles that matter with `--roles`, or log more of what happens")
        return Exit.UNKNOWN
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        unreadable = say.unreadable_log(
            shown, 0, NOWHERE, (reason or "it cannot be opened").lower()
        )
        found = (_UNREADABLE, unreadable, None)
    code, diagnostic, source = found
    for line in judge.summary():
        click.echo(style.shown(line))
    if diagnostic is not None:
        lines, _ = diagnostic_lines(diagnostic, {shown: source} if source else {}, style)
        click.echo("\n".join(line.rstrip() for line in lines))
    return code


def _opened(path: str) -> BinaryIO:
    """The bytes of a file or of standard input. Never waits for a pipe that was not named."""
    if path == "-":
        return sys.stdin.buffer
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise ValueError("it is not a regular file")
    return open(path, "rb")


_Outcome = tuple[Exit, Diagnostic | None, SourceFile | None]


class _LogJudge:
    """One log on its way through a monitor."""

    def __init__(
        self,
        asked: ReplayRequest,
        shown: str,
        protocol: str,
        monitor: LogMonitor,
        annotated: AnnotatedMessages,
    ) -> None:
        self.asked = asked
        self.shown = shown
        self.protocol = protocol
        self.monitor = monitor
        self.annotated = annotated
        self.compared = 0
        self.events = 0
        self.receptions = 0
        self.others = 0
        self._verdict = ""
        self._unfinished: list[str] = []

    def follow(self, file: BinaryIO) -> _Outcome:
        """Read to the end or to the first line that is no event or not possible."""
        rows = read_log(file, self._pass_over)
        make: Callable[[LogEvent], Departure | None] = self.monitor.make
        count = 0
        name = self.protocol
        sends_only = self.asked.sends_only
        try:
            for line, event in rows:
                if event.protocol is not None and event.protocol != name:
                    self.events = count
                    return self._foreign(line, event)
                if sends_only and event.direction == "receive":
                    self.receptions += 1
                    continue
                departure = make(event)
                if departure is not None:
                    self.events = count
                    return self._diverged(line, departure, rows)
                count += 1
                if event.records_guards and event.direction == "send":
                    self.compared += 1
                    differing = guard_differences(event, self.annotated)
                    if differing:
                        self.events = count
                        return self._differing(line, event, differing)
        except LogError as error:
            self.events = count
            span, source = _excerpt(self.shown, error.line, error.text)
            found = say.unreadable_log(self.shown, error.line, span, str(error))
            return _UNREADABLE, found, source
        self.events = count
        return self._ended()

    def summary(self) -> list[str]:
        """What was followed, and how the runs ended."""
        monitor = self.monitor
        parts = [self.protocol]
        if self.asked.roles:
            parts.append(f"recorded by {', '.join(monitor.recorded[:_FEW])}")
        head = "   ".join(parts)
        tail = f"{counted(self.events, 'event')} followed"
        if monitor.sessions > 1:
            tail += f" in {counted(monitor.sessions, 'session')}"
        if self.receptions:
            tail += f", {counted(self.receptions, 'reception')} not looked at"
        if self.compared:
            tail += f", guards of {counted(self.compared, 'send')} compared"
        if self.others:
            tail += f", {counted(self.others, 'line')} of other kinds passed over"
        return [f"{head}   {tail}", *([self._verdict] if self._verdict else []), *self._unfinished]

    def _pass_over(self, line: int) -> None:
        self.others += 1

    @property
    def _hedge(self) -> str:
        """The presuppositions about events that the log does not show."""
        parts = [" from a reachable configuration on"] if self.asked.anywhere else []
        parts += [", with receptions inferred"] if self.asked.sends_only else []
        parts += [", with timers inferred"] if self.monitor.infers_timers else []
        return "".join(parts)

    # How it can end

    def _differing(self, line: int, event: LogEvent, reasons: Sequence[str]) -> _Outcome:
        span, source = _excerpt(self.shown, line, _shown_line(event))
        return Exit.REFUTED, say.guards_differ(self.shown, span, line, str(event), reasons), source

    def _ended(self) -> _Outcome:
        count, first = self.monitor.unfinished()
        total = self.monitor.sessions
        if not total:
            self._verdict = "conforms, and incomplete: the log has no event"
            if self.asked.complete:
                found = say.incomplete_log(self.shown, 1, ["the log has no event"])
                return Exit.REFUTED, found, None
            return Exit.OK, None, None
        if first is None:
            many = "the run is" if total == 1 else f"all {grouped(total)} runs are"
            if self._hedge:
                many = "the run" if total == 1 else f"each of {grouped(total)} runs"
                many += " can be"
            self._verdict = (
                f"conforms{self._hedge}: {many} complete, every role finished, queues empty"
            )
            return Exit.OK, None, None
        notes = [_standing_words(each) for each in first.standing if not each.finished]
        notes += [
            f"queued from `{sender}` to `{receiver}`: {', '.join(labels[:_FEW])}"
            for (sender, receiver), labels in first.queues
        ]
        notes = _cut(notes)
        if first.session is not None:
            notes = [f"session {_quoted(first.session)}: {note}" for note in notes]
        if self.asked.complete:
            return Exit.REFUTED, say.incomplete_log(self.shown, count, notes), None
        many = "the run is" if total == 1 else f"{grouped(count)} of {grouped(total)} runs are"
        self._verdict = f"conforms so far{self._hedge}: {many} incomplete"
        self._unfinished = [f"  {note}" for note in notes]
        return Exit.OK, None, None

    def _foreign(self, line: int, event: LogEvent) -> _Outcome:
        span, source = _excerpt(self.shown, line, _shown_line(event))
        found = say.foreign_log(self.shown, line, span, event.protocol or "", self.protocol)
        return Exit.REFUTED, found, source

    def _diverged(
        self, line: int, departure: Departure, rows: Iterator[tuple[int, LogEvent]]
    ) -> _Outcome:
        event = departure.event
        span, source = _excerpt(self.shown, line, _shown_line(event))
        if departure.kind == "unrecorded":
            return Exit.REFUTED, say.unrecorded_in_log(self.shown, span, line, event.role), source
        if departure.kind in ("role", "peer", "label"):
            wrong = {"role": event.role, "peer": event.peer, "label": event.label}[departure.kind]
            labels = departure.kind == "label"
            known = self.monitor.labels() if labels else self.monitor.roles
            meant = _with_branch(wrong, known) if labels else ""
            if not meant and len(known) <= _MOST_KNOWN:
                meant = closest(wrong, list(known))
            listed = _few(known)
            found = say.unknown_in_log(self.shown, span, line, departure.reason, meant, listed)
            return Exit.REFUTED, found, source
        notes = [_standing_words(each) for each in departure.standing if _has_part(each)]
        own = [_standing_words(each) for each in departure.standing if each.role == event.role]
        notes = _cut(list(dict.fromkeys([*own, *notes])))
        if event.session is not None:
            notes.insert(0, f"this is session {_quoted(event.session)}")
        helps = self._helps(departure, rows)
        found = say.log_diverges(self.shown, span, line, departure.reason, notes, helps)
        return Exit.REFUTED, found, source

    def _helps(self, departure: Departure, rows: Iterator[tuple[int, LogEvent]]) -> list[str]:
        """What else may be wrong: lines out of order, or a log that only some roles wrote."""
        event = departure.event
        later = _possible_later(departure, rows)
        if later is not None:
            number, found = later
            return [
                f"`{found}`, which was possible here, is in line {number}: "
                "the lines may be out of order"
            ]
        if departure.kind == "queue" and event.peer not in self.monitor.acted:
            return [
                f"no line of the log is of `{event.peer}`: if it was not recorded, "
                "name the roles that were with `--roles`"
            ]
        named = _with_branch(event.label, self._possible_labels(departure))
        if named:
            return [f"where it is the first message of a branch, its label in a log is `{named}`"]
        return ["the program that wrote the log does not do what the protocol says, or it changed"]

    def _possible_labels(self, departure: Departure) -> Sequence[str]:
        """What the role may do with the peer where it stands; all labels, if that is not known."""
        event = departure.event
        if not departure.standing:
            return self.monitor.labels()
        own = (each for each in departure.standing if each.role == event.role)
        pairs = (pair for each in own for pair in (*each.sends, *each.awaits))
        return [label for peer, label in pairs if peer == event.peer]


# Words


def _with_branch(label: str, known: Sequence[str]) -> str:
    """The first label of a branch and this message, `Branch.label`; empty if there is none."""
    return next((name for name in known if name.endswith(f".{label}")), "")


def _possible_later(
    departure: Departure, rows: Iterator[tuple[int, LogEvent]]
) -> tuple[int, LogEvent] | None:
    """The next lines may have what was missing: the send before its receive, or the step before."""
    event = departure.event
    wanted: set[tuple[str, str, str, str]] = set()
    if departure.kind == "queue":
        wanted.add((event.peer, "send", event.role, event.label))
    else:
        for each in departure.standing:
            if each.role == event.role:
                wanted |= {(event.role, "send", peer, label) for peer, label in each.sends}
                wanted |= {(event.role, "receive", peer, label) for peer, label in each.heads}
    try:
        for line, later in islice(rows, _AHEAD):
            key = (later.role, later.direction, later.peer, later.label)
            if later.session == event.session and key in wanted:
                return line, later
    except LogError:
        return None
    return None


def _has_part(standing: MonitorStanding) -> bool:
    return bool(standing.sends or standing.awaits or standing.heads)


def _standing_words(standing: MonitorStanding) -> str:
    """`Seller` may send `Accept` to `Buyer`; awaits ..; at the head of a queue .."""
    parts = []
    if standing.sends:
        parts.append("may send " + _pairs(standing.sends, "to"))
    if standing.awaits:
        parts.append("awaits " + _pairs(standing.awaits, "from"))
    if standing.heads:
        parts.append("has queued " + _pairs(standing.heads, "from"))
    if not standing.sends and not standing.awaits:
        parts.insert(0, "has finished")
    return f"`{standing.role}` {'; '.join(parts)}"


def _pairs(pairs: Sequence[tuple[str, str]], word: str) -> str:
    said = [f"`{label}` {word} `{peer}`" for peer, label in pairs[:_FEW]]
    if len(pairs) > _FEW:
        said.append(f"{len(pairs) - _FEW} more")
    return " or ".join(said)


def _cut(notes: list[str]) -> list[str]:
    if len(notes) <= _MOST_ROLES:
        return notes
    return [*notes[:_MOST_ROLES], f"and {len(notes) - _MOST_ROLES} more roles"]


def _few(names: Sequence[str]) -> list[str]:
    return list(names) if len(names) <= _MOST_ROLES else list(names[:_MOST_ROLES])


def _quoted(session: Session) -> str:
    return f"`{session}`"


def _shown_line(event: LogEvent) -> str:
    """The event as a line, without the fields that were not looked at."""
    return msgspec.json.encode(event).decode()[:_EXCERPT]


def _excerpt(shown: str, line: int, text: str) -> tuple[Span, SourceFile | None]:
    """A source that has `text` in its line `line`, since a log is never held as a whole."""
    if not 0 < line <= _MOST_LINES:
        return NOWHERE, None
    return Span(line - 1, line - 1 + len(text)), SourceFile(shown, "\n" * (line - 1) + text)
