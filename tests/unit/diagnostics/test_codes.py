"""The table of codes is put together from the modules that define them, and from all of them."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

import tellverify.diagnostics
from tellverify.diagnostics.codes import CODES, MODULES
from tellverify.diagnostics.model import Annotation, Code, Severity, Where, finding
from tellverify.source.span import NOWHERE, Span

FOLDER = Path(tellverify.diagnostics.__file__).parent
DEFINITION = re.compile(r'^\w+: Final = Code\(\s*"(TV\d+)"', re.MULTILINE)


def defined(name: str) -> list[str]:
    """The numbers that the text of a module defines."""
    return DEFINITION.findall((FOLDER / f"{name}.py").read_text("utf-8"))


def test_the_table_has_every_module_with_codes_and_its_digits() -> None:
    found = {
        path.stem: "".join(sorted({number[2] for number in defined(path.stem)}))
        for path in FOLDER.glob("*.py")
        if defined(path.stem)
    }
    assert found == MODULES


def test_the_table_has_every_code_once_in_the_order_of_numbers() -> None:
    numbers = [number for name in MODULES for number in defined(name)]
    assert list(CODES) == sorted(numbers)
    assert len(CODES) == len(set(numbers))
    assert len({code.name for code in CODES.values()}) == len(CODES)


@pytest.mark.parametrize("number", ["", "TV", "TV999", "512", "stuck-role"])
def test_what_is_no_number_is_not_in_the_table(number: str) -> None:
    assert number not in CODES
    assert CODES.get(number) is None


@pytest.mark.parametrize("name", MODULES)
def test_a_code_is_the_value_that_its_module_defines(name: str) -> None:
    values = vars(import_module(f"tellverify.diagnostics.{name}")).values()
    own = [value for value in values if isinstance(value, Code)]
    assert own
    assert all(CODES[code.number] is code for code in own)


SAMPLE = Code(
    "TV999", "sample", "a sample", severity=Severity.NOTE, help="mend it", upstream="drops"
)


def test_a_finding_takes_from_its_code_what_it_does_not_say() -> None:
    found = finding(SAMPLE, "a.tell", "wrong")
    assert (found.severity, found.helps, found.upstream) == (Severity.NOTE, ("mend it",), "drops")
    assert (found.path, found.protocol, found.primary.span) == ("a.tell", "", NOWHERE)


def test_a_finding_says_otherwise_than_its_code() -> None:
    found = finding(
        SAMPLE,
        Where("a.tell", "P"),
        "wrong",
        (Span(1, 2), "here"),
        others=[(Span(3, 4), "there"), Annotation(Span(5, 6), "far", "b.tell")],
        helps=(),
        upstream="",
        severity=Severity.ERROR,
        refutes="deadlock-free",
    )
    assert (found.severity, found.helps, found.upstream) == (Severity.ERROR, (), "")
    assert (found.protocol, found.refutes) == ("P", "deadlock-free")
    assert found.primary == Annotation(Span(1, 2), "here")
    assert [other.path for other in found.others] == ["", "b.tell"]
