"""All mixtures of two versions as a picture: all old on top, one more role new in each row.

Nodes that nothing connects are drawn beside each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.report.drawing.svg_style import svg
from tellverify.report.drawing.text_metrics import text_width
from tellverify.report.tags import Html, element, escaped
from tellverify.verdict.versions import LatticeNode

_ROW: Final = 64
_HIGH: Final = 26
_GAP: Final = 18
_PAD: Final = 16


def draw_lattice(nodes: Sequence[LatticeNode], title: str, *, standalone: bool = False) -> Html:
    """The picture; failing deployments are red, and the bold ways are safe orders."""
    widths = [text_width(node.words) + 2 * 10 for node in nodes]
    centre: dict[int, tuple[float, float]] = {}
    left = float(_PAD)
    for part in _parts(nodes):
        levels: dict[int, list[int]] = {}
        for n in part:
            levels.setdefault(nodes[n].level, []).append(n)
        rows = {
            level: sum(widths[n] for n in members) + _GAP * (len(members) - 1)
            for level, members in levels.items()
        }
        whole = max(rows.values())
        for level, members in levels.items():
            x = left + (whole - rows[level]) / 2
            for n in members:
                centre[n] = (x + widths[n] / 2, _PAD + level * _ROW + _HIGH / 2)
                x += widths[n] + _GAP
        left += whole + 2 * _GAP
    right = left - 2 * _GAP + _PAD
    parts: list[Html] = []
    for n, node in enumerate(nodes):
        for target in node.after:
            kept = node.is_kept and nodes[target].is_kept
            parts.append(
                element(
                    "line",
                    x1=centre[n][0],
                    y1=centre[n][1] + _HIGH / 2,
                    x2=centre[target][0],
                    y2=centre[target][1] - _HIGH / 2,
                    class_="edge" if kept else "life",
                )
            )
    for n, node in enumerate(nodes):
        x, y = centre[n]
        parts.append(
            element(
                "rect",
                x=x - widths[n] / 2,
                y=y - _HIGH / 2,
                width=widths[n],
                height=_HIGH,
                rx=5,
                class_="state" if node.is_kept else "role" if node.is_good else "culprit",
            )
        )
        parts.append(element("text", escaped(node.words), x=x, y=y + 4, class_="mid"))
    height = _PAD * 2 + max((node.level for node in nodes), default=0) * _ROW + _HIGH
    return svg(right, height, title, parts, standalone=standalone)


def _parts(nodes: Sequence[LatticeNode]) -> list[list[int]]:
    """The numbers of the nodes that edges connect, by first node."""
    part = list(range(len(nodes)))
    for n, node in enumerate(nodes):
        for target in node.after:
            low, high = sorted((part[n], part[target]))
            part = [low if one == high else one for one in part]
    found: dict[int, list[int]] = {}
    for n, first in enumerate(part):
        found.setdefault(first, []).append(n)
    return list(found.values())
