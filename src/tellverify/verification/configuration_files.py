"""The configuration of a folder: the nearest one at or above it, never two, never merged."""

from __future__ import annotations

import os
from typing import Final

import msgspec

from tellverify.diagnostics import configuration as say
from tellverify.diagnostics.model import Diagnostic
from tellverify.language.files.work_tree import leads_out
from tellverify.source.files import Unreadable
from tellverify.source.span import NOWHERE, Span
from tellverify.source.text import SourceFile, read_text
from tellverify.verification.refused import RefusedFile as RefusedFile

NAME: Final = "tellverify.toml"
SHARED: Final = "pyproject.toml"
SECTION: Final = ("tool", "tellverify")
_LARGEST: Final = 4_000_000


class Found(msgspec.Struct, frozen=True):
    """A configuration as text; `at` is where it begins in its document."""

    path: str
    text: str
    at: tuple[str, ...] = ()


def find(folder: str) -> Found | None:
    """The nearest configuration at or above `folder`.

    Raises RefusedFile for one that cannot be read, one that is a link out of its work tree, and for
    a folder with two.
    """
    here = os.path.abspath(folder)
    while True:
        own = os.path.join(here, NAME)
        shared = os.path.join(here, SHARED)
        section = _section(shared) if os.path.isfile(shared) else None
        if os.path.lexists(own):
            if section is not None:
                raise refused(own, say.two_configurations(shown(own), SHARED), "")
            return read(_inside(own))
        if section is not None:
            _inside(shared)
            return section
        parent = os.path.dirname(here)
        if parent == here:
            return None
        here = parent


def _inside(path: str) -> str:
    """A configuration that is found is no link to what lies elsewhere: findings quote its lines."""
    if leads_out(path):
        reason = "it is a link out of its folder; name it by `--config`"
        raise refused(path, _unreadable(path, reason), "")
    return path


def _section(path: str) -> Found | None:
    """`[tool.tellverify]` of a `pyproject.toml`; one of another tool is not looked into further."""
    try:
        found = read(path)
    except RefusedFile:
        return None
    if "tellverify" not in found.text:
        return None
    import tomllib

    from tellverify.source.toml import has_deep_keys

    if has_deep_keys(found.text):
        return found if f"[{'.'.join(SECTION)}" in found.text else None
    try:
        table = tomllib.loads(found.text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        # Broken for all tools: if it refers to this one it must not be passed over.
        return found if f"[{'.'.join(SECTION)}" in found.text else None
    tools = table.get(SECTION[0])
    has = isinstance(tools, dict) and SECTION[1] in tools
    return Found(found.path, found.text, SECTION) if has else None


def read(path: str) -> Found:
    """The text of a configuration. Raises RefusedFile if there is none."""
    try:
        return Found(path, read_text(path, _LARGEST))
    except Unreadable as error:
        raise refused(path, _unreadable(path, str(error)), "") from None


def _unreadable(path: str, reason: str, span: Span = NOWHERE) -> Diagnostic:
    return say.unreadable_configuration(shown(path), span, reason)


def refused(path: str, diagnostic: Diagnostic, text: str) -> RefusedFile:
    """The exception that tells of one diagnostic about the text of `path`."""
    return RefusedFile((diagnostic,), SourceFile(shown(path), text))


def shown(path: str) -> str:
    """A path as people read it: relative to the working folder if it is in or near it."""
    if not os.path.isabs(path):
        return path.replace(os.sep, "/")
    try:
        relative = os.path.relpath(path)
    except ValueError:  # another drive
        return path.replace(os.sep, "/")
    far = relative.startswith(os.path.join(*[os.pardir] * 4))
    return (path if far else relative).replace(os.sep, "/")
