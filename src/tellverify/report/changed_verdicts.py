"""What of a run differs from the run before: verdicts that are no refutation, and budgets."""

from __future__ import annotations

from typing import Final

from tellverify.report.markup import code, prose
from tellverify.verdict.comparison import RunComparison
from tellverify.verdict.outcome import Bounded, Proved, status
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Run

_COSTS: Final = (Property.BUDGET, Property.LEAKAGE, Property.RECEIPTS)
_REFUTED: Final = "refuted"  # reported as new when it is so now, as fixed when it was before


def changed_verdicts(run: Run, compared: RunComparison) -> list[str]:
    """The obligations of each protocol that have another status than before, as Markdown."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for protocol in run.protocols:
        for verdict in protocol.verdicts:
            now = status(verdict.outcome)
            earlier = compared.was(protocol, verdict)
            for was, names in earlier.items():
                if was and was != now and _REFUTED not in (was, now):
                    changed = names if len(earlier) > 1 else (verdict.name,)
                    found.setdefault((protocol.title, was, now), []).extend(changed)
    return [
        f"{was} → {now}: {_named(names)} of {code(title)}"
        for (title, was, now), names in found.items()
    ]


def _named(names: list[str]) -> str:
    shown = ", ".join(map(code, names[:4]))
    return f"{shown} and {len(names) - 4} more" if len(names) > 4 else shown


def changed_budgets(run: Run, compared: RunComparison) -> list[str]:
    """The costs that were found and are others than before, as Markdown."""
    lines = []
    for protocol in run.protocols:
        for verdict in protocol.verdicts:
            outcome = verdict.outcome
            if verdict.property in _COSTS and isinstance(outcome, Proved | Bounded):
                was = compared.detail_was(protocol, verdict)
                if was and was != outcome.detail:
                    what = f"{code(verdict.name)} of {code(protocol.title)}"
                    lines.append(f"{what}: {prose(was)} → {prose(outcome.detail)}")
    return lines
