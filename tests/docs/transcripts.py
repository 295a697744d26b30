"""Pages that a reader can follow: their files are written, their commands run, their output shown.

A page with the comment `<!-- transcript -->` is a sequence of steps in one empty folder:

- `<!-- file: PATH -->` before a fence: the fence is written to PATH;
- `<!-- append: PATH -->` before a fence: it is added to the end of PATH;
- a fence of kind `console`: each line that begins with `$ ` is a command, and what follows it is
  what the command prints. A line `...` stands for any number of lines. The last line
  `(exit code N)` is not printed by the command; without one, the exit code is 0.

`python tests/docs/transcripts.py PAGE...` writes the output of the commands anew, where the page
shows all of it.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
MARK = "<!-- transcript -->"
WIDTH = 100
_FENCE = re.compile(
    r"(?:<!-- (?P<verb>file|append): (?P<path>\S+) -->\n+)?"
    r"^(?P<open>```+)(?P<kind>\w*)[^\n]*\n(?P<text>.*?)^(?P=open)$",
    re.DOTALL | re.MULTILINE,
)
_EXIT = re.compile(r"\(exit code (\d+)\)\n\Z")


@dataclass(frozen=True)
class Call:
    """One command of a page and what the page says that it prints."""

    command: str
    shown: str
    code: int


def calls_of(fence: str) -> list[Call]:
    """The commands of a `console` fence."""
    found = []
    for part in re.split(r"^\$ ", fence, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        ending = _EXIT.search(shown)
        code = int(ending[1]) if ending else 0
        found.append(Call(command, _EXIT.sub("", shown), code))
    return found


def run(command: str, folder: Path) -> tuple[str, int]:
    """What a command prints, standard error behind standard output, and its exit code."""
    words = shlex.split(command)
    if words[0] == "tellverify":
        words[0:1] = [sys.executable, "-m", "tellverify"]
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE")
        and not key.startswith(("TELLVERIFY", "GIT_", "GITHUB_", "CI"))
    }
    environment |= {"COLUMNS": str(WIDTH), "TERM": "dumb", "PYTHONHASHSEED": "0"}
    environment["XDG_CACHE_HOME"] = f"{folder}-cache"
    done = subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr, done.returncode


def agrees(shown: str, printed: str) -> bool:
    """Whether `printed` is what a page shows, where a line `...` stands for any lines."""
    pattern = "".join(
        r"(?:[^\n]*\n)*?" if line == "..." else re.escape(line) + r" *\n"
        for line in shown.splitlines()
    )
    return re.fullmatch(pattern, printed) is not None


def steps(text: str, folder: Path) -> Iterator[tuple[re.Match[str], Call, str, int]]:
    """Follow a page in `folder`: each command with what it printed and its exit code."""
    for match in _FENCE.finditer(text):
        if match["verb"] is not None:
            path = folder / match["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            before = path.read_text("utf-8") if match["verb"] == "append" else ""
            path.write_text(before + match["text"], encoding="utf-8")
        elif match["kind"] == "console":
            for call in calls_of(match["text"]):
                yield match, call, *run(call.command, folder)


def rewritten(text: str, folder: Path) -> str:
    """The page with what its commands print today; outputs that are shown in part stay."""
    fences: dict[int, tuple[int, str]] = {}
    for match, call, printed, code in steps(text, folder):
        is_part = "\n...\n" in f"\n{call.shown}"
        if is_part and not (agrees(call.shown, printed) and code == call.code):
            print(f"shown in part, edit by hand:\n$ {call.command}\n{printed}(exit code {code})")
        shown = call.shown if is_part else printed
        ending = f"(exit code {code})\n" if code else ""
        end, before = fences.get(match.start("text"), (match.end("text"), ""))
        fences[match.start("text")] = (end, f"{before}$ {call.command}\n{shown}{ending}")
    for start in sorted(fences, reverse=True):
        end, new = fences[start]
        text = text[:start] + new + text[end:]
    return text


if __name__ == "__main__":
    for name in sys.argv[1:]:
        page = Path(name)
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "work"
            folder.mkdir()
            page.write_text(rewritten(page.read_text("utf-8"), folder), encoding="utf-8")
