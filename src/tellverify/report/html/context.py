"""What verdicts rest on and stand beside: assumptions, what is done, the run before, words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tellverify.diagnostics.wording import counted
from tellverify.report.html.components import (
    HtmlPage,
    code,
    file_link,
    items,
    paragraph,
    place_text,
    status_chip,
    table,
)
from tellverify.report.tags import EMPTY, Html, element, escaped, exact, joined, prose
from tellverify.report.wording import glossary_of
from tellverify.verdict.done import Completion, CompletionAnswer
from tellverify.verdict.outcome import Assumed, status
from tellverify.verdict.properties import DIALECTS
from tellverify.verdict.run import Assumption

_WORDS: Final = (
    (
        "proved",
        "Holds for all runs of all instances in scope; the method is given next to it.",
    ),
    ("bounded", "No run within the bound violates it. Nothing is claimed beyond the bound."),
    ("refuted", "It does not hold: a replayed run, places that conflict, or premises that clash."),
    ("unknown", "Tellverify stopped at the named limit. Never counts as success."),
    ("skipped", "Not covered by the property or by this version. Never counts as success."),
    ("assumed", "Assumed on someone's authority, with a reason and a number in the ledger."),
)
_DONE_HEAD: Final = ("Line", "Answer", "Evidence", "Next")
_TERMS: Final = (
    ("role", "A participant. Each member of a family such as `Devices[N]` is a role."),
    ("machine", "The behaviour of one role: `B!Order` sends to B, `A?Order` receives from A."),
    ("queue", "The messages sent from one role to another and not yet taken, oldest first."),
    ("configuration", "The state of every machine together with the contents of every queue."),
    ("run", "Steps from the initial configuration, each a send or a receive."),
    ("counterexample", "A run whose end or loop shows the fault."),
    ("certificate", "A file of claims that `tellverify recheck` checks without a search."),
    ("vacuous", "True only because what it depends on never happens."),
)


def assumptions(page: HtmlPage) -> Html:
    """The ledger with the obligations that rest on each entry, and the standing assumptions."""
    run = page.run
    lead = paragraph(
        joined(
            (
                escaped("Every verdict presupposes: "),
                element("strong", escaped(run.semantics or "nothing")),
                escaped("."),
            )
        ),
        class_="lead",
    )
    rest = _resting(page)
    rows = [_assumption(one, rest) for one in run.assumptions]
    rows += _unlisted(page)
    head = ("Number", "Assumption", "Reason", "Who, until when", "Where", "Rests on it")
    listed = table(head, rows) if rows else paragraph(escaped("Nothing else is assumed."))
    return joined((lead, listed, _suppressions(page)))


def _resting(page: HtmlPage) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for protocol in page.run.protocols:
        for verdict in protocol.verdicts:
            if isinstance(verdict.outcome, Assumed) and verdict.outcome.ledger:
                name = protocol.id_of(verdict).text
                found.setdefault(verdict.outcome.ledger, []).append(name)
    return found


def _assumption(one: Assumption, rest: dict[str, list[str]]) -> list[Html]:
    who = ", ".join(part for part in (one.owner, f"until {one.until}" if one.until else "") if part)
    marks = [
        element("span", escaped(word), class_="tag")
        for word, on in (("past its date", not one.in_force), ("new", one.is_new))
        if on
    ]
    what = joined((code(one.obligation), escaped(" of "), code(one.protocol), *marks))
    names = joined(element("div", code(name)) for name in rest.get(one.number, ()))
    return [
        element("strong", escaped(one.number)),
        what,
        prose(one.reason),
        escaped(who or "—"),
        code(one.place) if one.place else escaped("—"),
        names or escaped("nothing in this run"),
    ]


def _unlisted(page: HtmlPage) -> Iterator[list[Html]]:
    """Assumed obligations whose assumption is not in the ledger."""
    known = {one.number for one in page.run.assumptions}
    for protocol in page.run.protocols:
        for verdict in protocol.verdicts:
            outcome = verdict.outcome
            if isinstance(outcome, Assumed) and outcome.ledger not in known:
                what = joined((code(verdict.name), escaped(" of "), code(protocol.title)))
                yield [
                    element("strong", escaped(outcome.ledger or "—")),
                    what,
                    prose(outcome.reason),
                    escaped("—"),
                    code(outcome.place),
                    code(protocol.id_of(verdict).text),
                ]


def _suppressions(page: HtmlPage) -> Html:
    rows = [
        [
            code(one.diagnostic.code.number),
            prose(one.diagnostic.message),
            prose(one.reason or "—"),
            joined((escaped(f"{one.kind} "), code(one.place))),
        ]
        for one in page.run.suppressions
    ]
    if not rows:
        return EMPTY
    title = element("h3", escaped(f"Findings that were allowed ({len(rows)})"))
    return joined((title, table(("Code", "Finding", "Reason", "Where"), rows)))


def differences(page: HtmlPage) -> Html:
    """New, changed and fixed items with respect to the baseline."""
    run = page.run
    if run.baseline is None:
        words = "No baseline was given. `tellverify check --baseline FILE` compares with one."
        return paragraph(prose(words))
    rows: list[list[Html]] = []
    for protocol in run.protocols:
        for verdict in protocol.verdicts:
            earlier, now = page.compared.was(protocol, verdict), status(verdict.outcome)
            state = page.compared.state(protocol, verdict)
            for was, names in earlier.items():
                if (was and was != now) or state in ("new", "updated"):
                    before = status_chip(was) if was else escaped("—")
                    for name in names if len(earlier) > 1 else (verdict.name,):
                        cells = [code(protocol.title), code(name), before, status_chip(now)]
                        rows.append([*cells, escaped(state or "changed")])
    found = [
        joined((code(one.code.number), escaped(" "), prose(one.message)))
        for one in run.diagnostics
        if page.compared.finding_state(one) == "new" and not one.refutes
    ]
    fixed = [
        joined((code(one.protocol), escaped(" "), prose(one.name))) for one in page.compared.fixed()
    ]
    known = sum(
        page.compared.state(protocol, verdict) == "unchanged"
        for protocol in run.protocols
        for verdict in protocol.verdicts
    )
    words = f"Compared with `{run.baseline.path}`; {counted(known, 'known refutation')}."
    parts = [paragraph(prose(words), class_="lead")]
    if rows:
        parts.append(table(("Protocol", "Obligation", "Was", "Is", "Difference"), rows))
    for title, lines in (("New findings", found), ("Fixed", fixed)):
        if lines:
            parts += [element("h3", escaped(f"{title} ({len(lines)})")), items(lines)]
    if len(parts) == 1:
        parts.append(paragraph(escaped("Nothing has changed.")))
    return joined(parts)


def evidence_files(page: HtmlPage) -> Html:
    """Every file of evidence with its digest, for whoever checks them again."""
    files = page.run.evidence
    if not files:
        composed = page.run.command.startswith("tellverify workflow check")
        command = "workflow check" if composed else "check"
        words = f"No evidence was written. `tellverify {command} --evidence DIR` writes it."
        return paragraph(prose(words))
    rows = [
        [
            code(one.obligation),
            file_link(page, one),
            element("code", exact(one.sha256[:200]), class_="sum"),
        ]
        for one in files[:1000]
    ]
    again = prose("`tellverify recheck DIR` checks all of it without any search.")
    more = EMPTY
    if len(files) > len(rows):
        words = f"and {counted(len(files) - len(rows), 'more file')}, in the JSON report"
        more = paragraph(escaped(words))
    head = ("Of", "File", "SHA-256")
    return joined((paragraph(again), table(head, rows), more))


def glossary(page: HtmlPage) -> Html:
    """The words of this report and the semantics behind all verdicts."""
    outcomes = [
        joined((element("dt", status_chip(word)), element("dd", escaped(text))))
        for word, text in _WORDS
    ]
    terms = [
        joined((element("dt", escaped(word)), element("dd", prose(text)))) for word, text in _TERMS
    ]
    dialect = f"Dialect `{page.run.dialect}`: {DIALECTS.get(page.run.dialect, '')}."
    semantics = (
        f"Semantics: {page.run.semantics}. Each ordered pair of roles has its own queue; a send"
        " puts its message at the end, a receive takes the one at the head. Weakly fair: a role"
        " that can move forever moves at last."
    )
    words = (
        element("h3", escaped("Outcomes")),
        element("dl", *outcomes, class_="terms"),
        element("h3", escaped("Terms")),
        element("dl", *terms, class_="terms"),
    )
    address = glossary_of(page.run)
    link = element("a", escaped("glossary"), href=exact(address), rel="noreferrer")
    more = joined((escaped("All terms, with examples, are in the "), link, escaped(".")))
    return joined(
        (
            paragraph(prose(semantics)) if page.run.semantics else EMPTY,
            paragraph(prose(dialect)),
            paragraph(more) if address else EMPTY,
            element("details", element("summary", escaped("Terms on this page")), *words),
        )
    )


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
    return lead, table(_DONE_HEAD, rows)
