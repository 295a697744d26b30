"""Files as text: read in UTF-8, with lines and the positions in them."""

from __future__ import annotations

import codecs
from bisect import bisect_right

from tellverify.source.files import Unreadable, read_bytes
from tellverify.source.span import Span


def read_text(path: str, limit: int) -> str:
    """The content of a file as UTF-8 text. Raises Unreadable."""
    return text_of(read_bytes(path, limit))


def text_of(content: bytes) -> str:
    """The text that bytes are in UTF-8. Raises Unreadable."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = content[error.start]
        reason = f"it is not UTF-8 text: byte 0x{byte:02x} at {error.start}"
        raise Unreadable(reason) from None


def without_mark(content: bytes) -> bytes:
    """A text without the byte order mark that editors on Windows put before it."""
    return content.removeprefix(codecs.BOM_UTF8)


class SourceFile:
    """A text with the path it is shown under. Lines and columns count from 1, in code points.

    Only `\\n`, `\\r\\n` and a lone `\\r` end a line.
    """

    __slots__ = ("_starts", "path", "text")

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self._starts: list[int] | None = None

    def _line_starts(self) -> list[int]:
        if self._starts is None:
            starts = [0]
            text = self.text
            if "\r" in text:
                for index, char in enumerate(text):
                    if char == "\n" or (char == "\r" and text[index + 1 : index + 2] != "\n"):
                        starts.append(index + 1)
            else:
                index = text.find("\n")
                while index >= 0:
                    starts.append(index + 1)
                    index = text.find("\n", index + 1)
            self._starts = starts
        return self._starts

    @property
    def line_count(self) -> int:
        """How many lines the text has; a text without a line break has one."""
        return len(self._line_starts())

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of a code point, both counted from 1."""
        starts = self._line_starts()
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def start_of(self, line: int) -> int:
        """The offset where a line begins; lines past the last one begin at the end."""
        starts = self._line_starts()
        return starts[line - 1] if line <= len(starts) else len(self.text)

    def offset(self, line: int, column: int) -> int | None:
        """The code point at a line and column, None when the text has no such place."""
        starts = self._line_starts()
        if not 1 <= line <= len(starts) or column < 1:
            return None
        found = starts[line - 1] + column - 1
        end = starts[line] if line < len(starts) else len(self.text) + 1
        return found if found < end else None

    def line_text(self, line: int) -> str:
        """The text of a line, counted from 1, without its line break."""
        starts = self._line_starts()
        end = starts[line] if line < len(starts) else len(self.text)
        return self.text[starts[line - 1] : end].rstrip("\r\n")

    def slice(self, span: Span) -> str:
        """The text that `span` covers."""
        return self.text[span.start : span.end]
