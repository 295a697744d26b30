"""Two versions: a table of all protocols, and each of them with its mixtures in its own row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tellverify.diagnostics.wording import counted
from tellverify.report.drawing.svg_lattice import draw_lattice
from tellverify.report.html.components import (
    HtmlPage,
    code,
    items,
    paragraph,
    protocol_anchor,
    status_chip,
    table,
)
from tellverify.report.tags import EMPTY, Html, element, escaped, joined, prose
from tellverify.report.version_blocks import (
    before_words,
    changed_words,
    good_words,
    known_words,
    restart_head,
)
from tellverify.verdict.run import ProtocolReport
from tellverify.verdict.versions import PictureKind, VersionComparison

_PICTURES: Final[dict[PictureKind, tuple[str, str]]] = {
    "mixtures": (
        "All mixtures",
        "Each box names the roles that are new; red ones fail, and framed ones lie on a safe"
        " order.",
    ),
    "groups": (
        "All mixtures, group by group,",
        "Each part is a group of roles that do not matter to the other groups: a mixture fails if"
        " and only if it fails in some group. Each box names the roles of its group that are new;"
        " red ones fail, and framed ones lie on a safe order.",
    ),
    "order": (
        "The order of roll-out",
        "There are too many mixtures for a picture. Each box is a role, and a line leads down to a"
        " role that has to be upgraded later.",
    ),
}


def versions(page: HtmlPage) -> Html:
    """What the protocols were compared with, and all that came out."""
    compared = page.run.versions
    if compared is None:
        return EMPTY
    shown = {(one.path, one.name): protocol_anchor(one) for one in page.run.protocols}
    rows = [
        [
            _linked(one, shown.get((one.path, one.name))),
            element("strong", escaped(one.verdict)),
            escaped(one.summary),
            escaped(good_words(one)),
        ]
        for one in compared.protocols
    ]
    rows += [
        [code(name), escaped(word), EMPTY, EMPTY]
        for word, names in (("added", compared.added), ("removed", compared.removed))
        for name in names
    ]
    lead = paragraph(joined((escaped("Compared with "), code(compared.against), escaped("."))))
    overview = table(("Protocol", "Verdict", "Roll-out", "Deployments"), rows)
    others = [one for one in compared.protocols if (one.path, one.name) not in shown]
    return joined((lead, overview, *map(_one, others)))


def version_of(page: HtmlPage, protocol: ProtocolReport) -> Html:
    """How a protocol goes together with its other version, to stand with all about it."""
    compared = page.run.versions
    for one in compared.protocols if compared is not None else ():
        if (one.path, one.name) == (protocol.path, protocol.name):
            words = f"Against {compared.against if compared else ''}: {one.verdict}"
            lead = paragraph(prose(f"{one.summary}."))
            summary = element("summary", escaped(words))
            return element("details", summary, lead, *_parts(one), open=bool(one.failing))
    return EMPTY


def _linked(one: VersionComparison, anchor: str | None) -> Html:
    name = code(one.name)
    return element("a", name, href=f"#{anchor}") if anchor else name


def _one(one: VersionComparison) -> Html:
    return element(
        "article",
        element("h3", escaped(one.name)),
        paragraph(escaped(f"{one.verdict}: {one.summary}")),
        *_parts(one),
    )


def _parts(one: VersionComparison) -> Iterator[Html]:
    rows = [
        [
            escaped(failing.words),
            status_chip("refuted"),
            escaped(f"{failing.fault}, {counted(failing.events, 'event')}"),
            prose(failing.reason),
        ]
        for failing in one.failing
    ]
    if one.instances:
        status, detail = known_words(one.instances)
        words = "all others" if one.failing else "all mixtures"
        rows.append([escaped(words), status_chip(status), escaped(detail), EMPTY])
        yield table(("Mixture", "Status", "Known by", "Reason"), rows, class_="mixtures")
    title, caption = _PICTURES[one.lattice_kind]
    if one.verdict == "unknown":
        caption += (
            " Not every mixture was decided: those not in red are good as far as the search went."
        )
    at = next((f" at {row.instance}" for row in one.instances[-1:] if row.instance), "")
    if len(one.lattice) > 1:
        yield element(
            "figure",
            element(
                "div",
                draw_lattice(one.lattice, f"{title} of {one.name}{at}"),
                class_="chart",
                tabindex="0",
                role="region",
                aria_label=f"{title} of {one.name}",
            ),
            element("figcaption", escaped(caption)),
        )
    elif any(row.deployments > 1 for row in one.instances):
        words = "A picture would have more than 64 boxes; the table names the mixtures that fail."
        yield paragraph(escaped(words))
    if one.restarts:
        yield paragraph(escaped(f"I{restart_head(one)[1:]}:"))
        yield table(
            ("Role", "State after", "May go on as new in"),
            [
                [
                    code(row.role),
                    code(" ".join(state.after) or "the start"),
                    escaped(
                        ", ".join(f"state {to}" for to in state.to)
                        + (f", once {' and '.join(row.once)} new" if row.once else "")
                        if state.to
                        else state.reason
                    ),
                ]
                for row in one.restarts
                for state in row.states
            ],
        )
    before = before_words(one)
    if before:
        yield paragraph(escaped(f"Before roll-out: {before}."))
    changed = changed_words(one)
    if changed:
        yield paragraph(escaped("What changed:"))
        yield items(map(prose, changed))
    if one.upstream or one.notes:
        yield items(prose(note) for note in (*one.upstream, *one.notes))
