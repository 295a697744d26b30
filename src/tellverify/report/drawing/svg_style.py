"""The look of pictures: colours by name, so that a page may set them, for light and dark."""

from __future__ import annotations

from typing import Final

from tellverify.report.drawing.text_metrics import FONT
from tellverify.report.tags import Html, element, joined

LIGHT: Final = (
    "--paper:#fff;--raised:#f6f8fa;--ink:#1b2430;--muted:#56606c;--line:#c9d1da;--edge:#5b6b7d;"
    "--accent:#0b57d0;--bad:#b3261e;--good:#1a6b3c;--warn:#8a5300;--soft:#e8f0fe;--softbad:#fdecea"
)
DARK: Final = (
    "--paper:#12171d;--raised:#1a2129;--ink:#e6ebf0;--muted:#a3afbc;--line:#3a4652;--edge:#8ea0b3;"
    "--accent:#8ab4f8;--bad:#ff9a90;--good:#7fd6a1;--warn:#f2c063;--soft:#1d2f4a;--softbad:#4a211e"
)

RULES: Final = (
    f".pic text{{font-family:{FONT};font-size:12px;fill:var(--ink)}}"
    ".pic .small{font-size:11px;fill:var(--muted)}"
    ".pic .strong{font-weight:600}"
    ".pic .halo{paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}"
    ".pic .mid{text-anchor:middle}.pic .end{text-anchor:end}"
    ".pic .edge{fill:none;stroke:var(--edge);stroke-width:1.4}"
    ".pic .back{stroke:var(--accent);stroke-dasharray:5 3}"
    ".pic .head{fill:var(--edge)}.pic .backhead{fill:var(--accent)}"
    ".pic .plate{fill:var(--paper)}"
    ".pic .state{fill:var(--raised);stroke:var(--ink);stroke-width:1.3}"
    ".pic .ring{fill:none;stroke:var(--ink);stroke-width:1.3}"
    ".pic .dot{fill:var(--ink)}"
    ".pic .life{stroke:var(--line);stroke-width:1.2}"
    ".pic .role{fill:var(--raised);stroke:var(--line)}"
    ".pic .culprit{fill:var(--softbad);stroke:var(--bad)}"
    ".pic .queued{stroke-dasharray:4 3}"
    ".pic .open{fill:var(--paper);stroke:var(--edge);stroke-width:1.4}"
    ".pic .clock{fill:var(--paper);stroke:var(--warn);stroke-width:1.6}"
    ".pic .hands{fill:none;stroke:var(--warn);stroke-width:1.4}"
    ".pic .gone{fill:none;stroke:var(--edge);stroke-width:1.6}"
    ".pic .stuck{fill:none;stroke:var(--bad);stroke-width:1.6;stroke-dasharray:3 2.4}"
    ".pic .badtext{fill:var(--bad)}"
    ".pic .band{fill:none}"
    ".pic .lap{fill:none;stroke:var(--accent);stroke-width:1.4}"
    ".pic .laptext{fill:var(--accent);font-size:11px}"
)


def svg(
    width: float, height: float, title: str, parts: list[Html], *, standalone: bool, **extra: str
) -> Html:
    """The `<svg>` element; one that stands alone carries its own colours and background."""
    content = list(parts)
    attributes: dict[str, str | float | bool | None] = {
        "class_": "pic",
        "width": width,
        "height": height,
        "viewBox": f"0 0 {width:.1f} {height:.1f}",
        "role": "img",
        "aria_label": title,
        **extra,
    }
    if standalone:
        rules = (
            f".pic{{{LIGHT}}}@media (prefers-color-scheme:dark){{.pic{{{DARK}}}}}"
            f".pic .ground{{fill:var(--paper)}}{RULES}"
        )
        ground = element("rect", width="100%", height="100%", class_="ground")
        content = [element("style", Html(rules)), ground, *content]
        attributes = {"xmlns": "http://www.w3.org/2000/svg", **attributes}
    return element("svg", joined(content), **attributes)
