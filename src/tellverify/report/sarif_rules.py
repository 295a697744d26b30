"""The rules of a SARIF log: the codes that its results and notifications name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.diagnostics.codes import CODES
from tellverify.diagnostics.explain import page
from tellverify.diagnostics.model import Severity
from tellverify.report.entries import ReportEntry
from tellverify.report.sarif_flows import Json, text_of
from tellverify.verdict.properties import PROPERTIES, Property

LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


class RuleIndex:
    """The rules that results name, in the order of first use."""

    def __init__(self, docs: str = "") -> None:
        self._docs = docs
        self._index: dict[str, int] = {}
        self._rules: list[Json] = []

    def index(self, identity: str) -> int:
        """The place of a code or a property among the rules; new ones are added."""
        at = self._index.get(identity)
        if at is None:
            at = self._index[identity] = len(self._rules)
            self._rules.append(_rule(identity, self._docs))
        return at

    def written(self) -> list[Json]:
        """All rules."""
        return self._rules


def _rule(identity: str, docs: str = "") -> dict[str, Json]:
    code = CODES.get(identity)
    if code is None:
        prop = next((one for one in Property if one.value == identity), None)
        text = PROPERTIES[prop].sentence if prop is not None else identity
        return {"id": identity, "shortDescription": text_of(text)}
    rule: dict[str, Json] = {
        "id": code.number,
        "name": code.name,
        "shortDescription": {"text": f"{code.title[0].upper()}{code.title[1:]}."},
        "defaultConfiguration": {"level": LEVELS[code.severity]},
        "properties": {"tags": [str(code.kind)]},
    }
    if docs:
        rule["helpUri"] = f"{docs}/explain/{code.number}.html"
    found = page(code)
    if found is not None:
        sections = dict(found.sections)
        rule["fullDescription"] = {"text": sections.get("What it means", code.title)}
        rule["help"] = {
            "text": sections.get("How to fix it", code.title),
            "markdown": found.text,
        }
    return rule


def notification_descriptors(found: Sequence[ReportEntry]) -> list[Json]:
    """What the notifications are about, each once."""
    names = dict.fromkeys(
        one.code or one.kind for one in found if one.kind in ("unknown", "skipped")
    )
    return [
        _rule(name) if name in CODES else {"id": name, "shortDescription": {"text": name}}
        for name in names
    ]
