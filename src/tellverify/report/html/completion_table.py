"""The definition of done of protocols, as a section of the page."""

from __future__ import annotations

from tellverify.report.html.components import HtmlPage, code, paragraph, place_text, table
from tellverify.report.tags import EMPTY, Html, element, escaped, joined
from tellverify.verdict.done import Completion, CompletionAnswer

_HEAD = ("Line", "Answer", "Evidence", "Next")


def completions(page: HtmlPage) -> Html:
    """A table for each protocol that the policy lists; open tasks are listed."""
    return joined([part for one in page.run.completions for part in _protocol(one)])


def _protocol(one: Completion) -> tuple[Html, Html]:
    counts = ", ".join(
        f"{one.count(answer)} {answer}" for answer in CompletionAnswer if one.count(answer)
    )
    lead = paragraph(
        joined(
            (code(one.id), escaped(": "), escaped(f"{counts}, "), place_text(one.path, one.line))
        )
    )
    rows = []
    for each in one.criteria:
        by = f" by {each.owner}" if each.owner else ""
        evidence = [element("div", escaped(said)) for said in each.evidence]
        rows.append(
            (
                escaped(f"{each.number} {each.text}"),
                escaped(f"{each.answer}{by}"),
                joined(evidence),
                escaped(each.todo) if each.todo else EMPTY,
            )
        )
    return lead, table(_HEAD, rows)
