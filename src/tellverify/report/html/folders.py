"""Many rows of a page behind few lines: what passes in one group, and many rows by folder."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from tellverify.diagnostics.wording import counted, grouped
from tellverify.report.html.components import anchor, code
from tellverify.report.summary import by_knowledge, is_passing
from tellverify.report.tags import Html, element, escaped, joined
from tellverify.verdict.identity import SubjectKind
from tellverify.verdict.run import ProtocolReport

_MOST_PASSING: Final = 12  # rows that pass and stand by themselves
_MOST_ROWS: Final = 40  # rows under one another

_KINDS: Final = {
    SubjectKind.PROTOCOL: "protocol",
    SubjectKind.MACHINES: "system",
    SubjectKind.STRUCTURE: "structure",
    SubjectKind.MODEL: "model",
    SubjectKind.WORKFLOW: "workflow",
}

Row: TypeAlias = tuple[ProtocolReport, Html]


def kinds_of(protocols: Iterable[ProtocolReport]) -> list[str]:
    """A noun for each kind of subject among `protocols`, in the order in which they come up."""
    return list(dict.fromkeys(_KINDS[one.kind] for one in protocols))


def in_groups(rows: Sequence[Row]) -> Iterator[Html]:
    """The rows in their order: those that pass behind one line when they are many.

    More than 40 rows stand in a group for each folder. The script of the page opens the groups in
    which a search finds something.
    """
    passing = [row for row in rows if is_passing(row[0])]
    if len(passing) <= _MOST_PASSING:
        yield from _by_folder(rows, "all")
        return
    yield from _by_folder([row for row in rows if not is_passing(row[0])], "failing")
    protocols = [protocol for protocol, _ in passing]
    known = ", ".join(f"{grouped(n)} {word}" for word, n in by_knowledge(protocols))
    ordered = sorted(passing, key=lambda row: posixpath.dirname(row[0].path))
    yield _group(
        "passing", escaped("passing"), f": {known}", ordered, _by_folder(ordered, "passing")
    )


def _by_folder(rows: Sequence[Row], prefix: str) -> Iterator[Html]:
    """The rows, in a group for each folder when they are many; folders in the order of the rows."""
    folders: dict[str, list[Row]] = {}
    for row in rows:
        folders.setdefault(posixpath.dirname(row[0].path), []).append(row)
    if len(rows) <= _MOST_ROWS or len(folders) == 1:
        yield from (shown for _, shown in rows)
        return
    for folder, inside in folders.items():
        name = code(f"{folder}/" if folder else "./")
        yield _group(f"{prefix} {folder}", name, "", inside, (shown for _, shown in inside))


def _group(key: str, title: Html, known: str, rows: Sequence[Row], shown: Iterator[Html]) -> Html:
    """A folded group; `.of` has the number of its rows, which the script changes in a search."""
    kinds = kinds_of([protocol for protocol, _ in rows])
    words = counted(len(rows), kinds[0] if len(kinds) == 1 else "row")
    number = element("span", escaped(words), class_="of")
    summary = element("summary", title, escaped(" "), number, escaped(known))
    return element("details", summary, joined(shown), class_="group", id=anchor("group", key))
