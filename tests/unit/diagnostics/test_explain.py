"""Every code has a page, every page has its parts, and its examples do what they say."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from page_examples import examples, fenced

from tellverify.diagnostics.codes import CODES
from tellverify.diagnostics.explain import ExplainPage, named, page
from tellverify.diagnostics.model import Code, Kind
from tellverify.obligations.options import Options
from tellverify.verdict.outcome import Refuted, Skipped, Unknown
from tellverify.verdict.properties import Property
from tellverify.verification.pipeline import check_text

HEADINGS = ("What it means", "An example", "How to fix it", "Why it matters", "Related")
# Invisible characters, inputs, traces and limits: a file text cannot show them.
NOT_SHOWN_BY_TEXT = {"TV111", "TV112", "TV113", "TV191", "TV192", "TV901", "TV902"}
# The brace surface, and choreographies inside other files.
NOT_SHOWN_BY_TEXT |= {f"TV15{digit}" for digit in range(2, 10)} | {"TV160", "TV161"}
# Decided when it is asked for, and files of machines: tests/cli/test_check_machines.py.
NOT_SHOWN_BY_TEXT |= {"TV523", "TV524", "TV551", "TV552", "TV553", "TV554", "TV555"}
# Limits: tests/cli/test_limits_of_a_check.py.
NOT_SHOWN_BY_TEXT |= {"TV432"}
# What a check was asked to find.
NOT_SHOWN_BY_TEXT |= {"TV622"}
# Only a configuration delivers late messages.
NOT_SHOWN_BY_TEXT |= {"TV441"}
# Structures of data and models: tests/cli/test_data_commands.py.
NOT_SHOWN_BY_TEXT |= {"TV671", "TV672", "TV673", "TV681", "TV682"}
# Guard chains, copies of budgets and fact schemas stand in policies.
NOT_SHOWN_BY_TEXT |= {"TV641", "TV644", "TV646", "TV648", "TV654", "TV661", "TV662", "TV663"}
# A configuration, and revisions of a repository: tests/cli/test_strict_checks.py.
NOT_SHOWN_BY_TEXT |= {"TV016", "TV027"}
# Scenarios and requirements of a configuration: tests/cli/test_unapplied_settings.py.
NOT_SHOWN_BY_TEXT |= {"TV595", "TV596"}
# Two versions: tests/cli/test_compare.py, and tests/cli/test_check_machines.py for TV570.
NOT_SHOWN_BY_TEXT |= {f"TV56{digit}" for digit in range(10)} | {"TV570", "TV571"}
NOT_SHOWN_BY_TEXT |= {"TV234", "TV236", "TV237", "TV238", "TV239", "TV292", "TV293", "TV294"}
# Theorem packs need a policy: tests/unit/admission/test_explained_codes.py.
NEED_A_POLICY = {number for number in CODES if number.startswith("TV7")}
_DIAGNOSTICS = "tellverify.diagnostics."
_DEFINITION = re.compile(r"^(\w+): Final = Code\(\s*\"(TV\d+)\".*?\)$", re.MULTILINE | re.DOTALL)


def _sources(chosen: Callable[[str], bool]) -> str:
    files = [
        module.__file__
        for name, module in sorted(sys.modules.items())
        if name.startswith("tellverify.") and chosen(name) and module.__file__
    ]
    return "".join(Path(file).read_text("utf-8") for file in files)


# What a check loads: the constructors of findings, and the modules that call them.
_MODULES = _sources(lambda name: name.startswith(_DIAGNOSTICS))
_NAMES = {number: name for name, number in _DEFINITION.findall(_MODULES)}
_CONSTRUCTORS = _DEFINITION.sub("", _MODULES)
_CALLERS = _sources(lambda name: not name.startswith(_DIAGNOSTICS))


def is_raised(code: Code) -> bool:
    """True when something that a check loads makes findings of `code`."""
    if code.kind is not Kind.LINT:
        return True
    made = re.compile(rf"\b{_NAMES[code.number]}\b")
    parts = re.split(r"^def (\w+)", _CONSTRUCTORS, flags=re.MULTILINE)
    functions = [
        name for name, body in zip(parts[1::2], parts[2::2], strict=True) if made.search(body)
    ]
    return any(re.search(rf"\b{name}\b", _CALLERS) for name in functions)


def pages() -> Iterator[ExplainPage]:
    for code in CODES.values():
        found = page(code)
        if found is not None:
            yield found


PAGES = list(pages())


@pytest.mark.parametrize("code", CODES.values(), ids=lambda code: code.number)
def test_every_code_has_a_page(code: Code) -> None:
    assert page(code) is not None


@pytest.mark.parametrize("found", PAGES, ids=lambda found: found.code.number)
def test_a_page_has_its_title_and_five_headings(found: ExplainPage) -> None:
    assert found.text.startswith(f"# {found.code.number} {found.code.name}\n")
    assert tuple(heading for heading, _ in found.sections) == HEADINGS
    assert all(text for _, text in found.sections)


@pytest.mark.parametrize("found", PAGES, ids=lambda found: found.code.number)
def test_a_page_refers_to_what_exists(found: ExplainPage) -> None:
    properties = {prop.value for prop in Property}
    related = dict(found.sections)["Related"].splitlines()
    for line in related:
        words = line.removeprefix("- ").split()
        if words[0] == "property":
            assert words[1].strip("`") in properties
        else:
            code = CODES[words[0]]
            assert line == f"- {code.number} `{code.name}`: {code.title}"


@pytest.mark.parametrize("found", PAGES, ids=lambda found: found.code.number)
def test_a_page_has_a_wrong_and_a_right_example(found: ExplainPage) -> None:
    band = found.code.number[2]
    if examples(found):
        assert len(examples(found)) == 2
    else:
        assert band in "089" or found.code.number in NOT_SHOWN_BY_TEXT | NEED_A_POLICY
        assert fenced(found.text, "text") or fenced(found.text, "json")


# The shape of a source: tests/unit/shape/test_shape.py tries these pages.
SHAPE = {code.number for code in CODES.values() if "TV371" <= code.number <= "TV399"}
NOT_SHOWN_BY_TEXT |= {"TV384", "TV394"}
# Rust code: tests/cli/test_rust_admission.py, tests/unit/annotations/test_time_domains.py.
NOT_SHOWN_BY_TEXT |= {"TV664", "TV665", "TV666"}
NOT_SHOWN_BY_TEXT |= {"TV524"}  # on request alone: tests/cli/test_progress.py
NOT_SHOWN_BY_TEXT |= {"TV667"}  # logs: tests/cli/test_guards_in_logs.py
SHOWN = [
    found
    for found in PAGES
    if examples(found)
    and is_raised(found.code)
    and found.code.number not in NEED_A_POLICY
    and found.code.number not in SHAPE
]


@pytest.mark.parametrize("found", SHOWN, ids=lambda found: found.code.number)
def test_the_first_example_has_the_fault_and_the_second_does_not(found: ExplainPage) -> None:
    wrong, right = examples(found)
    assert found.code.number in raised(wrong)
    assert found.code.number not in raised(right)


def raised(text: str) -> set[str]:
    """The codes of the findings and outcomes for a text."""
    run = check_text(text, Options(), path="example.tell").run
    outcomes = [verdict.outcome for report in run.protocols for verdict in report.verdicts]
    return {
        *(diagnostic.code.number for diagnostic in run.findings),
        *(one.code for one in outcomes if isinstance(one, Refuted | Unknown | Skipped)),
    }


def test_codes_are_found_by_number_and_by_name() -> None:
    stuck = CODES["TV512"]
    for word in ("TV512", "tv512", "512", "stuck-role", " Stuck-Role "):
        assert named(word) is stuck
    assert named("TV5") is None
    assert named("") is None
