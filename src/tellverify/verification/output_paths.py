"""Where a configuration may let a check read and write.

A configuration comes with the files that are checked, so its author may be someone else: its paths
stay below its folder, links resolved, and what they replace is nothing but a report or evidence of
an earlier check. A path of the command line is the user's own: it may be anywhere, but for the
files that are read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

from tellverify.source.files import Unreadable, read_bytes
from tellverify.verification.refused import RefusedFile as RefusedFile

_EVIDENCE: Final = (
    b'{"schema":"tellverify/',
    b'{\n"#meta": {"source":',
    b"; tellverify/",
    b'{"role":',
)
_HEAD: Final = 4_096
_LARGEST: Final = 2**40


def escape(path: str, folder: str) -> str:
    """Why a configuration in `folder` may not name `path`; empty when it may."""
    if "\0" in path:
        return f"`{path}` is no path: no name has a zero byte"
    top = os.path.realpath(folder)
    place = os.path.realpath(os.path.join(top, path))
    if place != top and not place.startswith(os.path.join(top, "")):
        return f"`{path}` leads out of the folder of the configuration"
    if ".git" in (part.lower() for part in os.path.relpath(place, top).split(os.sep)):
        return f"`{path}` leads into the folder of git"
    return ""


def report_refusal(
    kind: str,
    path: str,
    inputs: Iterable[str],
    suffixes: tuple[str, ...],
    marks: tuple[bytes, ...],
) -> str:
    """Why a configuration may not have a report of `kind` written to `path`; empty when it may.

    Such a report has one of `suffixes`, and one of `marks` among its first bytes.
    """
    if not path.lower().endswith(suffixes):
        return f"the path of a {kind} report ends in {' or '.join(suffixes)}"
    if is_one_of(path, inputs):
        return "it is one of the files that are checked"
    return _strange(path, "report", marks)


def is_one_of(path: str, inputs: Iterable[str]) -> bool:
    """Whether `path` leads to one of `inputs`, by another spelling or a link too."""
    place = os.path.realpath(path)
    return any(os.path.realpath(one) == place for one in inputs)


def evidence_refusal(path: str, folder: str) -> str:
    """Why a configuration may not have evidence written to `path`; empty when it may.

    `folder` is the one that it names: no link below it leads out of it.
    """
    why = way_out(path, folder)
    if why:
        return why
    why = _strange(path, "evidence", _EVIDENCE)
    return f"{path}: {why}" if why else ""


def way_out(path: str, folder: str) -> str:
    """Why `path`, which is below `folder` by its name, is not there; empty when it is."""
    top = os.path.join(os.path.realpath(folder), "")
    return "" if os.path.realpath(path).startswith(top) else f"{path} leads out of {folder}"


def baseline_refusal(path: str, folder: str) -> str:
    """Why a configuration may not have the baseline kept at `path`; empty when it may."""
    if not path.lower().endswith(".json"):
        return "the path of a baseline ends in .json"
    return escape(path, folder) or _strange(path, "baseline", (b'"tellverify/baseline-',))


def _strange(path: str, what: str, marks: Iterable[bytes]) -> str:
    """Why the file at `path` is none that an earlier check wrote; empty when there is no file."""
    try:
        head = read_bytes(path, _LARGEST, first=_HEAD)
    except Unreadable as error:
        return "" if not os.path.lexists(path) else str(error)
    if not head or any(mark in head for mark in marks):
        return ""
    return f"there is a file that is no {what} of tellverify; remove it or name another path"
