"""What a terminal gets: by the variables that decide on colours, and for a terminal alone."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from tellverify.cli import console
from tellverify.cli.group import run
from tellverify.obligations.options import Options
from tellverify.source.activity import ACTIVITY
from tellverify.verification.pipeline import check_text

VARIABLES = ("FORCE_COLOR", "NO_COLOR", "TERM", "TTY_COMPATIBLE", "TERM_PROGRAM", "VTE_VERSION")
LINKING = ("WT_SESSION", "KONSOLE_VERSION", "DOMTERM", "COLUMNS")


class Terminal(io.StringIO):
    """A text that says it is a terminal."""

    encoding = "utf-8"

    def __init__(self, *, is_terminal: bool = True) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, *LINKING):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("is_terminal", [True, False])
@pytest.mark.parametrize("forced", [None, "", "0", "1"])
@pytest.mark.parametrize("none", [None, "", "1"])
@pytest.mark.parametrize("term", ["xterm-256color", "dumb", "unknown"])
def test_colours_follow_the_rules_of_rich(
    monkeypatch: pytest.MonkeyPatch,
    is_terminal: bool,
    forced: str | None,
    none: str | None,
    term: str,
) -> None:
    for name, value in (("FORCE_COLOR", forced), ("NO_COLOR", none), ("TERM", term)):
        if value is not None:
            monkeypatch.setenv(name, value)
    out = Terminal(is_terminal=is_terminal)
    rich = Console(file=out)
    assert console.takes_escapes(out) == rich.is_terminal
    wanted = rich.color_system is not None and not rich.no_color
    assert console.style_of(out).color == wanted
    assert console.style_of(out, "always").color
    assert not console.style_of(out, "never").color


def test_a_terminal_may_be_declared_by_tty_compatible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    assert console.takes_escapes(Terminal(is_terminal=False))
    monkeypatch.setenv("TTY_COMPATIBLE", "0")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert not console.takes_escapes(Terminal())


def test_the_width_is_that_of_the_terminal_and_never_too_small(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "61")
    assert console.style_of(Terminal()).width == 61
    assert console.style_of(Terminal(is_terminal=False)).width == 100
    monkeypatch.setenv("COLUMNS", "7")
    assert console.style_of(Terminal()).width == 40


@pytest.mark.parametrize(
    ("name", "value", "links"),
    [
        ("TERM_PROGRAM", "WezTerm", True),
        ("VTE_VERSION", "7601", True),
        ("VTE_VERSION", "10000", True),
        ("VTE_VERSION", "4800", False),
        ("TERM", "xterm-kitty", True),
        ("TERM", "xterm", False),
    ],
)
def test_files_are_linked_where_the_terminal_shows_links(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str, links: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, value)
    style = console.style_of(Terminal())
    assert style.folder == (str(tmp_path) if links else "")
    place = style.place("a b/c.tell", 3, 1)
    address = f"file://{tmp_path}/a%20b/c.tell"
    assert ("a b/c.tell:3:1" in place, address in place) == (True, links)
    assert style.place("<stdin>", 1, 1) == "<stdin>:1:1"
    assert console.style_of(Terminal(is_terminal=False)).folder == ""


def test_a_page_is_drawn_for_a_terminal_and_kept_as_it_is_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    text = "# TV1 a-name\n\nOne `word`.\n\n```tell\nprotocol P =\n```\n"
    elsewhere, terminal = Terminal(is_terminal=False), Terminal()
    console.show_page(text, elsewhere)
    console.show_page(text, terminal)
    assert elsewhere.getvalue() == text
    drawn = terminal.getvalue()
    assert "\x1b[" in drawn and "```" not in drawn and "`word`" not in drawn
    assert "word" in drawn
    assert "protocol P =" not in drawn  # the words of the fence have colours of their own


def test_a_table_keeps_every_cell_and_tames_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.setenv("TERM", "dumb")
    out = Terminal()
    console.show_table(("key", "value"), [("a", "[red]x\x1b[2J"), ("b", "word " * 20)], out)
    drawn = out.getvalue()
    assert "[red]x" in drawn and "\x1b[2J" not in drawn
    assert drawn.count("word") == 20
    assert all(len(line) <= 50 for line in drawn.splitlines())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["explain", "TV511"], ["TV511"]),
        (["explain", "no-deadlock"], ["TV511"]),
        (["explain", "--list"], ["TV511", "no-deadlock", "what it finds"]),
        (["config", "show", "--isolated"], ["key", "set in", "fail-on"]),
    ],
)
def test_pages_and_tables_say_the_same_at_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: list[str],
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert run(arguments) == 0
    shown = capsys.readouterr().out
    assert "\x1b[" in shown
    assert [word for word in words if word not in shown] == []


def test_progress_waits_a_second_before_it_writes_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    out = Terminal()
    monkeypatch.setattr(sys, "stderr", out)
    now = [5.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with console.shown_progress() as tell:
        tell(1, 9, "a.tell")
        assert out.getvalue() == ""
        now[0] = 6.5
        tell(2, 9, "b[x].tell")
        assert all(word in out.getvalue() for word in ("2 of 9 files", "1 s", "b[x].tell"))
        now[0] = 6.9
        tell(3, 9, "c.tell")
        assert "c.tell" not in out.getvalue()
    assert out.getvalue().endswith("\x1b[2K")
    assert "None" not in out.getvalue()


def test_progress_with_an_unknown_total_only_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    out = Terminal()
    monkeypatch.setattr(sys, "stderr", out)
    now = [5.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with console.shown_progress() as tell:
        now[0] = 6.5
        tell(2, 0, "b.tell")
    assert "2 files  1 s" in out.getvalue()
    assert " of " not in out.getvalue()


def test_progress_of_less_than_a_second_does_not_load_rich() -> None:
    code = (
        "import sys; from tellverify.cli.console import shown_progress\n"
        "with shown_progress() as tell: tell(1, 2, 'a.tell')\n"
        "print('rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_log_says_what_is_searched_and_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [10.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    log = console._ProgressLog(7, 1_000)
    ACTIVITY.begin("a.tell", "P")
    log.tell(2, 7, "before.tell")
    ACTIVITY.ask("implementable")
    log.look()
    ACTIVITY.search(1_000, 3, 4_000)
    now[0] = 30.0
    log.look()
    ACTIVITY.search(3_000, 5, 4_000)
    now[0] = 50.0
    log.look()
    assert capsys.readouterr().err.splitlines() == [
        "tellverify: 2 of 7 files, 0 s  a.tell  P  implementable",
        "tellverify: 2 of 7 files, 20 s  a.tell  P  implementable  1 000 configurations, depth 3,"
        " 75 % of the budget left",
        "tellverify: 2 of 7 files, 40 s  a.tell  P  implementable  3 000 configurations, 100/s,"
        " depth 5, 25 % of the budget left",
    ]


def test_a_log_is_quiet_before_its_first_pause(capsys: pytest.CaptureFixture[str]) -> None:
    with console.logged_progress(1) as tell:
        tell(1, 1, "a.tell")
    assert capsys.readouterr().err == ""


def test_a_search_tells_how_far_it_is() -> None:
    text = 'protocol P =\n  roles A, B\n  loop while "x"\n    A -> B : X\n    B -> A : Y\n'
    check_text(text, Options(), "p.tell")
    assert (ACTIVITY.path, ACTIVITY.protocol) == ("p.tell", "P")
    assert ACTIVITY.question
