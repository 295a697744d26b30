"""The narrowest domain of a time field, by the rule that docs/ceremonies.md states."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from tellverify.annotations.fact_schemas import FactField, FactSchema, Variant
from tellverify.annotations.time_domains import is_time, use_of, wide_times

PAGE = Path(__file__).resolve().parents[3] / "docs" / "ceremonies.md"
DOMAINS = ("PhysicalClock", "LogicalClock", "OrderClock", "Range")


def wide(name: str, domain: str, kind: str = "TimeStamp") -> list[str]:
    field = msgspec.convert({"name": name, "type": kind, "domain": domain}, FactField)
    schema = FactSchema(
        format=1, name="F", version=1, kind="facts", variants=(Variant(name="V", fields=(field,)),)
    )
    return [one.use.narrowest for one in wide_times(schema)]


def table() -> list[tuple[str, str, list[str]]]:
    """The rows of the page: a word, the narrowest domain, and all that fit."""
    found = []
    for line in PAGE.read_text(encoding="utf-8").split("\n"):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and cells[0].startswith(("agreement", "ordering", "causality")):
            fits = re.findall(r"`(\w+)`", f"{cells[2]} {cells[3]}")
            found += [(word, fits[0], fits) for word in re.findall(r"`(\w+)`", cells[1])]
    return found


@pytest.mark.parametrize(("word", "narrowest", "fits"), table())
@pytest.mark.parametrize("form", ["{}", "{}_at", "last_{}", "LAST_{}_ms"])
def test_the_words_of_the_page(word: str, narrowest: str, fits: list[str], form: str) -> None:
    name = form.format(word)
    assert use_of(name).narrowest == narrowest
    for domain in DOMAINS:
        assert wide(name, domain) == ([] if domain in fits else [narrowest])


@pytest.mark.parametrize(
    "name", ["sent_at", "timestamp_ms", "orders_at", "afternoon", "resequenced"]
)
def test_other_names_say_when_their_author_acted(name: str) -> None:
    assert all(wide(name, domain) == [] for domain in DOMAINS)


@pytest.mark.parametrize("kind", ["TimeStamp", "aura_core::time::TimeStamp", "ProvenancedTime"])
def test_a_time_of_any_domain_is_too_wide(kind: str) -> None:
    assert wide("sent_at", "", kind) == ["PhysicalClock"]
    assert wide("expires_at", "", kind) == ["Range"]


def test_what_holds_no_time_is_not_judged() -> None:
    assert wide("sequence", "", "u64") == []
    assert not is_time(FactField(name="deadline", type="String"))


def test_there_is_a_row_for_each_use() -> None:
    assert {narrowest for _, narrowest, _ in table()} == {"Range", "OrderClock", "LogicalClock"}
