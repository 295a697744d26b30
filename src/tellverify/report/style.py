"""How a terminal report looks: width, colours and glyphs, each with a plain substitute."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

from tellverify.diagnostics.model import Severity
from tellverify.report.escape import printable, tame, width, wrapped

Paint: TypeAlias = Literal["plain", "bold", "red", "yellow", "green", "blue", "cyan", "dim"]

_CODES: Final[dict[Paint, str]] = {
    "plain": "",
    "bold": "1",
    "red": "1;31",
    "yellow": "1;33",
    "green": "32",
    "blue": "34",
    "cyan": "36",
    "dim": "2",
}

SEVERITY_PAINT: Final[dict[Severity, Paint]] = {
    Severity.ERROR: "red",
    Severity.WARNING: "yellow",
    Severity.NOTE: "cyan",
}

STATUS_PAINT: Final[dict[str, Paint]] = {
    "refuted": "red",
    "proved": "green",
    "bounded": "cyan",
    "assumed": "yellow",
    "unknown": "yellow",
    "skipped": "dim",
}


class Glyphs(msgspec.Struct, frozen=True):
    """The signs of a sequence chart. Position and words repeat what each of them says."""

    line: str
    cross: str
    bar: str
    right: str
    left: str
    queued: str
    discarded: str
    timer: str
    failed: str
    finished: str
    waiting: str
    able: str
    repeat: str
    folded: str
    ellipsis: str
    arrow: str


UNICODE: Final = Glyphs(
    line="│",
    cross="┼",
    bar="─",
    right="▶",
    left="◀",
    queued="┊",
    discarded="×",
    timer="⧗",
    failed="✕",
    finished="■",
    waiting="◌",
    able="▷",
    repeat="↻",
    folded="⋮",
    ellipsis="…",
    arrow="→",
)
ASCII: Final = Glyphs(
    line="|",
    cross="+",
    bar="-",
    right=">",
    left="<",
    queued=":",
    discarded="x",
    timer="%",
    failed="x",
    finished="#",
    waiting="o",
    able="~",
    repeat="@",
    folded=":",
    ellipsis="...",
    arrow="->",
)


class Style(msgspec.Struct, frozen=True):
    """One terminal: whether it has colours, whether it shows more than ASCII, how wide it is.

    `folder` is where paths begin, for a terminal that shows links to files, and empty otherwise.
    """

    color: bool = False
    ascii_only: bool = False
    width: int = 100
    folder: str = ""

    @property
    def glyphs(self) -> Glyphs:
        """The signs this terminal can show."""
        return ASCII if self.ascii_only else UNICODE

    def paint(self, paint: Paint, text: str) -> str:
        """`text` in a colour, or as it is."""
        code = _CODES[paint]
        if not self.color or not code or not text:
            return text
        return f"\x1b[{code}m{text}\x1b[0m"

    def shown(self, text: str) -> str:
        """A name or path as this terminal can show it, all of it."""
        return printable(text, ascii_only=self.ascii_only)

    def place(self, path: str, line: int, column: int) -> str:
        """A place in a file, with a link to the file (OSC 8) where the terminal shows links."""
        text = f"{self.shown(path)}:{line}:{column}"
        if not self.folder or path.startswith(("-", "<")):
            return text
        from urllib.parse import quote

        address = quote(f"{self.folder}/{path}" if not path.startswith("/") else path)
        return f"\x1b]8;;file://{address}\x1b\\{text}\x1b]8;;\x1b\\"

    def tamed(self, text: str) -> str:
        """A sentence on one line as this terminal can show it, its names and paths whole."""
        return tame(text, ascii_only=self.ascii_only)

    def hanging(self, first: str, text: str, indent: int) -> list[str]:
        """`text` after `first`, wrapped to the width, later lines indented."""
        room = max(self.width - indent, 24)
        lines = wrapped(text, room, max(self.width - width(first), 24))
        return [first + lines[0], *(" " * indent + line for line in lines[1:])]
