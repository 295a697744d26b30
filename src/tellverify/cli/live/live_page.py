"""The page around a served report: the verdict, a text to edit, what fails, the report itself."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Final

from tellverify.report.drawing.svg_style import DARK, LIGHT

WAITING: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8">'
    '<meta name="color-scheme" content="light dark"><title>tellverify</title>'
    "<p>The first check is not done yet.</p></html>"
)
"""What stands in the place of the report before there is one."""


@cache
def _assets() -> tuple[str, str, str]:
    """The frame, its style and its script."""
    folder = files("tellverify.cli.live").joinpath("assets")
    frame, style, script = (
        folder.joinpath(name).read_text(encoding="utf-8")
        for name in ("live.html", "live.css", "live.js")
    )
    return frame, style.replace("/*LIGHT*/", LIGHT).replace("/*DARK*/", DARK), script


def live_page() -> str:
    """The page. It says nothing of the check: the script asks for that."""
    frame, style, script = _assets()
    return frame.replace("/*STYLE*/", style).replace("/*SCRIPT*/", script)


def policy_of() -> str:
    """The content security policy of the page: its own style and script, and its own server."""
    _, style, script = _assets()
    return (
        f"default-src 'none'; style-src 'sha256-{_digest(style)}';"
        f" script-src 'sha256-{_digest(script)}'; connect-src 'self'; frame-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
