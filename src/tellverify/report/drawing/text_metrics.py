"""How much room text takes in a picture, without knowing the font of the reader.

Pictures are set in a fixed-width font. Its cells are 0.60 to 0.61 em wide in every common one;
0.63 em leaves room for all. A character outside ASCII may come from another font, where none of
a printable name is wider than two cells.
"""

from __future__ import annotations

from typing import Final

from tellverify.report.escape import shortened, tame

FONT_SIZE: Final = 12
SMALL_SIZE: Final = 11
LINE_HEIGHT: Final = 16
_CELL: Final = 0.63
FONT: Final = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"


def cells(text: str) -> int:
    """The most cells that `text` can fill."""
    return len(text) + sum(1 for char in text if not char.isascii())


def text_width(text: str, size: float = FONT_SIZE) -> float:
    """The most that `text` can be wide, in the units of the picture."""
    return cells(text) * size * _CELL


def room_for(width: float, size: float = FONT_SIZE) -> int:
    """How many cells fit into `width`."""
    return int(width / (size * _CELL))


def cut(text: str, most: int) -> str:
    """`text` on one line, shortened with an ellipsis until it fills at most `most` cells."""
    shown = tame(text, longest=max(most, 4))
    limit = most
    while cells(shown) > most and limit > 3:
        shown = shortened(shown, limit)
        limit -= 1
    return shown


def wrapped(text: str, most: int, lines: int) -> list[str]:
    """`text` broken at blanks into at most `lines` lines of `most` cells, cut visibly."""
    words = tame(text, longest=max(most, 4)).split(" ")
    found = [""]
    for word in words:
        word = cut(word, most)
        joined = f"{found[-1]} {word}" if found[-1] else word
        if cells(joined) <= most:
            found[-1] = joined
        elif len(found) < lines:
            found.append(word)
        else:
            found[-1] = (
                cut(f"{found[-1]} …", most)
                if cells(found[-1]) + 2 <= most
                else (f"{found[-1][: max(len(found[-1]) - 2, 1)]}…")
            )
            break
    return found
