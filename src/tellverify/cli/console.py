"""The capabilities of a terminal, and output made for one alone: tables, pages, links and progress.

The home of rich, which is loaded only to draw. Colours follow `NO_COLOR`, `FORCE_COLOR`,
`TTY_COMPATIBLE` and `TERM` by the rules of rich.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, Final, Self, TextIO

from tellverify.diagnostics.wording import counted, grouped
from tellverify.report.escape import tame
from tellverify.report.style import Style
from tellverify.source.activity import ACTIVITY

if TYPE_CHECKING:
    from rich.console import Console

_WIDTH: Final = 100  # where the output is no terminal
_NARROWEST: Final = 40
_PAUSE: Final = 1.0  # seconds before the first line of progress
_REFRESH: Final = 0.5  # seconds between two looks at the current task
_LOG_PAUSE: Final = 30.0  # seconds between two lines of a log
_TAKES_LINKS: Final = frozenset(("iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "Tabby"))


def takes_escapes(out: TextIO) -> bool:
    """Whether `out` is a terminal that understands escape sequences, or is said to be one."""
    compatible = os.environ.get("TTY_COMPATIBLE", "")
    if compatible in ("0", "1"):
        return compatible == "1"
    forced = os.environ.get("FORCE_COLOR")
    return out.isatty() if forced is None else forced != ""


def style_of(out: TextIO, color: str = "auto") -> Style:
    """How text looks on `out`; `color` is "auto", "always" or "never"."""
    is_dumb = os.environ.get("TERM", "").lower() in ("dumb", "unknown")
    wants = takes_escapes(out) and not is_dumb and not os.environ.get("NO_COLOR")
    return Style(
        color=color == "always" or (color == "auto" and wants),
        ascii_only=not (out.encoding or "").lower().startswith("utf"),
        width=max(_width(out), _NARROWEST),
        folder=os.getcwd() if not is_dumb and out.isatty() and _takes_links() else "",
    )


def _width(out: TextIO) -> int:
    return shutil.get_terminal_size((_WIDTH, 24)).columns if out.isatty() else _WIDTH


def _takes_links() -> bool:
    """Whether the terminal is one of those that are known to show links."""
    environment = os.environ
    return (
        environment.get("TERM_PROGRAM", "") in _TAKES_LINKS
        or "kitty" in environment.get("TERM", "")
        or (
            environment.get("VTE_VERSION", "").isdigit() and int(environment["VTE_VERSION"]) >= 5000
        )
        or any(name in environment for name in ("WT_SESSION", "KONSOLE_VERSION", "DOMTERM"))
    )


def show_page(text: str, out: TextIO) -> None:
    """Write a Markdown text: as a page where `out` takes escapes, as it is elsewhere."""
    if not takes_escapes(out):
        out.write(text)
        return
    from rich.console import ConsoleOptions, RenderResult
    from rich.markdown import CodeBlock, Markdown
    from rich.syntax import Syntax

    from tellverify.report.highlight import TellLexer

    class Fence(CodeBlock):
        def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
            lexer = TellLexer() if self.lexer_name == "tell" else self.lexer_name
            code = str(self.text).rstrip()
            yield Syntax(code, lexer, theme=self.theme, word_wrap=True, padding=(0, 2))

    class ConsolePage(Markdown):
        elements: ClassVar = {**Markdown.elements, "fence": Fence, "code_block": Fence}

    links = bool(style_of(out).folder)
    _console(out).print(ConsolePage(text, code_theme="ansi_dark", hyperlinks=links))


def show_table(headings: Sequence[str], rows: Sequence[Sequence[str]], out: TextIO) -> None:
    """Draw a table as wide as the terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(tame(cell)) for cell in row))
    _console(out).print(table)


def _console(out: TextIO) -> Console:
    from rich.console import Console

    return Console(
        file=out,
        width=max(_width(out), _NARROWEST),
        height=24,  # without it a dumb terminal is taken to have 80 columns
        force_terminal=takes_escapes(out),
        highlight=False,
        markup=False,
        emoji=False,
    )


@contextmanager
def shown_progress(
    total: int = 0, noun: str = "files"
) -> Iterator[Callable[[int, int, str], None]]:
    """A function to call for each file or run that is done, for a terminal at standard error.

    Nothing is written, and rich is not loaded, before a second has passed; from then on the line
    names the current task twice a second, and it is taken away at the end. `total` is the number
    of files, as far as it is known.
    """
    with _ProgressLine(total, noun) as progress:
        yield progress.tell


@contextmanager
def logged_progress(
    total: int = 0, pause: float = _LOG_PAUSE
) -> Iterator[Callable[[int, int, str], None]]:
    """The same for a log: one plain line every `pause` seconds, and none before that."""
    with _ProgressLog(total, pause) as progress:
        yield progress.tell


class _Ticker(ABC):
    """Looks at the current task every `pause` seconds, in its own thread."""

    def __init__(self, total: int, pause: float) -> None:
        self.done = 0
        self.total = total
        self.path = ""
        self.begin = self.last = time.monotonic()
        self._pause = pause
        self._ended = threading.Event()
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._seen: tuple[str, int, float] = ("", 0, self.begin)
        self._rate = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def tell(self, done: int, total: int, path: str) -> None:
        """One more file is done."""
        self.done, self.total, self.path = done, total, path

    def _run(self) -> None:
        while not self._ended.wait(self._pause):
            with self._writing:
                self.look()

    @abstractmethod
    def look(self) -> None:
        """Name the current task."""

    def count(self) -> str:
        """How many are done, and of how many where that is known."""
        return f"{self.done} of {self.total}" if self.total else f"{self.done}"

    def words(self) -> str:
        """The file, protocol and obligation at hand, and how far its search is."""
        now = ACTIVITY
        parts = [f"{tame(now.path or self.path)}"]
        parts += [part for part in (tame(now.protocol), now.question) if part]
        if now.configurations:
            name, before, then = self._seen
            key = f"{now.path} {now.protocol} {now.question}"
            clock = time.monotonic()
            said = counted(now.configurations, "configuration")
            if name != key or now.configurations < before:
                self._seen, self._rate = (key, now.configurations, clock), 0
            elif now.configurations > before and clock > then:
                self._rate = round((now.configurations - before) / (clock - then))
                self._seen = (key, now.configurations, clock)
            said += f", {grouped(self._rate)}/s" if self._rate else ""
            left = max(0, 100 - 100 * now.configurations // max(now.limit, 1))
            parts.append(f"{said}, depth {now.depth}, {left} % of the budget left")
        return "  ".join(parts)


class _ProgressLog(_Ticker):
    def look(self) -> None:
        seconds = int(time.monotonic() - self.begin)
        sys.stderr.write(f"tellverify: {self.count()} files, {seconds} s  {self.words()}\n")
        sys.stderr.flush()


class _ProgressLine(_Ticker):
    def __init__(self, total: int, noun: str) -> None:
        super().__init__(total, _REFRESH)
        self._noun = noun
        self._stop: Callable[[], None] | None = None
        self._show: Callable[[int, int, str], None] | None = None

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        if self._stop is not None:
            self._stop()

    def tell(self, done: int, total: int, path: str) -> None:
        super().tell(done, total, path)
        with self._writing:
            now = time.monotonic()
            if now - self.last >= _PAUSE:
                self._draw(now, tame(path))

    def look(self) -> None:
        now = time.monotonic()
        if now - self.begin >= _PAUSE:
            self._draw(now, self.words())

    def _draw(self, now: float, words: str) -> None:
        self.last = now
        if self._show is None:
            self._show = self._started()
        self._show(self.done, self.total, words)

    def _head(self) -> str:
        """What the line says in front of the current task."""
        return f"{self.count()} {self._noun}  {int(self.last - self.begin)} s  "

    def _started(self) -> Callable[[int, int, str], None]:
        from rich.progress import BarColumn, Progress, TextColumn
        from rich.table import Column

        whole = Column(no_wrap=True, overflow="ellipsis", ratio=1)
        progress = Progress(
            BarColumn(bar_width=12, table_column=Column(min_width=12)),
            TextColumn("{task.description}", markup=False, table_column=whole),
            expand=True,
            console=_console(sys.stderr),
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        task = progress.add_task(self._head(), total=self.total or None)
        progress.start()
        self._stop = progress.stop

        def show(done: int, total: int, words: str) -> None:
            said = self._head() + words
            progress.update(task, completed=done, total=total or None, description=said)
            progress.refresh()

        return show
