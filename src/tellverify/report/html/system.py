"""The system as a whole: which roles talk to which, over which protocols, with which packs."""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics.wording import counted
from tellverify.model.roles import family_of
from tellverify.report.drawing.layout import LayoutTooLarge
from tellverify.report.drawing.svg_system import draw_system
from tellverify.report.html.components import HtmlPage, code, paragraph, protocol_anchor, table
from tellverify.report.html.protocols import MOST_LISTED
from tellverify.report.tags import EMPTY, Html, element, escaped, joined
from tellverify.verdict.run import ProtocolReport

_MOST_ROLES: Final = 24  # of a picture that can be read
_MOST_ROWS: Final = 200
_MOST_NAMES: Final = 6


def overview(page: HtmlPage) -> Html:
    """A picture of the roles with the number of protocols between two, and the same as a table.

    Nothing where no protocol of the run has a graph.
    """
    talks = _talks(page)
    if not talks:
        return EMPTY
    roles = list(dict.fromkeys(role for pair in talks for role in pair))
    return joined((_picture(talks, roles), _table(page, talks)))


def _talks(page: HtmlPage) -> dict[tuple[str, str], list[ProtocolReport]]:
    """The protocols in which a role sends to another; members of a family are one role."""
    found: dict[tuple[str, str], dict[str, ProtocolReport]] = {}
    for protocol in page.run.protocols:
        graph = protocol.drawings.graph if protocol.drawings is not None else None
        for move in graph.moves if graph is not None else ():
            pair = (_name(move.sender), _name(move.receiver))
            found.setdefault(pair, {})[protocol.subject.text] = protocol
    return {pair: list(many.values()) for pair, many in sorted(found.items())}


def _name(role: str) -> str:
    family = family_of(role)
    return role if family == role else f"{family}[*]"


def _picture(talks: dict[tuple[str, str], list[ProtocolReport]], roles: list[str]) -> Html:
    if len(roles) > _MOST_ROLES:
        words = f"{len(roles)} roles: too many for a picture."
        return paragraph(escaped(words), class_="quiet")
    number = {role: at for at, role in enumerate(roles)}
    pairs: dict[tuple[int, int], dict[str, ProtocolReport]] = {}
    for (sender, receiver), many in talks.items():
        ends = sorted((number[sender], number[receiver]))
        if ends[0] != ends[1]:
            both = pairs.setdefault((ends[0], ends[1]), {})
            both |= {one.subject.text: one for one in many}
    labels = {pair: _label(list(many.values())) for pair, many in pairs.items()}
    try:
        picture = draw_system(roles, labels, "Who talks to whom")
    except LayoutTooLarge:
        return EMPTY
    return element(
        "figure",
        element("figcaption", escaped("Who talks to whom, over which protocols")),
        element(
            "div",
            picture,
            class_="scroll",
            tabindex=0,
            role="group",
            aria_label="Who talks to whom",
        ),
        class_="picture",
    )


def _label(many: list[ProtocolReport]) -> str:
    return many[0].title.rpartition(".")[2] if len(many) == 1 else counted(len(many), "protocol")


def _table(page: HtmlPage, talks: dict[tuple[str, str], list[ProtocolReport]]) -> Html:
    reached = {one.subject for one in page.run.protocols[:MOST_LISTED]}
    rows = []
    for (sender, receiver), many in list(talks.items())[:_MOST_ROWS]:
        links = [
            element("a", code(one.title), href=f"#{protocol_anchor(one)}")
            if one.subject in reached
            else code(one.title)
            for one in many[:_MOST_NAMES]
        ]
        more = [escaped(f"and {len(many) - _MOST_NAMES} more")] if len(many) > _MOST_NAMES else []
        rows.append(
            [
                code(sender),
                code(receiver),
                joined(part for one in (*links, *more) for part in (one, escaped(" "))),
            ]
        )
    if len(talks) > _MOST_ROWS:
        rows.append([escaped(f"and {len(talks) - _MOST_ROWS} more"), EMPTY, EMPTY])
    listed = table(("From", "To", "Protocols"), rows)
    summary = element("summary", escaped(f"{counted(len(talks), 'pair')} of roles as a table"))
    return element("details", summary, listed)
