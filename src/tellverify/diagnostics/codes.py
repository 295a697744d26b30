"""All codes in one table, put together from the modules that define them.

A code stands in the module of its subject, beside the functions that make its findings. Looking up
a number loads the modules of its first digit alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Final

from tellverify.diagnostics.model import Code

# The modules that define codes, and the first digits of their numbers.
MODULES: Final[dict[str, str]] = {
    "admission": "7",
    "annotations": "3",
    "brace": "1",
    "cases": "3",
    "ceremonies": "6",
    "chain": "6",
    "communication": "45",
    "configuration": "0",
    "declarations": "2",
    "directives": "0",
    "effects": "3",
    "event_log": "68",
    "evidence": "3",
    "expectations": "2",
    "faults": "56",
    "flow": "2",
    "guards": "6",
    "imports": "2",
    "inputs": "09",
    "launch": "7",
    "laws": "6",
    "limits": "049",
    "machines": "5",
    "payloads": "2",
    "policy": "0",
    "properties": "69",
    "receipts": "3",
    "replay": "8",
    "rust_code": "6",
    "shape": "3",
    "structure": "2",
    "syntax": "14",
    "timeouts": "4",
    "versions": "5",
    "workflows": "8",
}


class Codes(Mapping[str, Code]):
    """The codes by number, in the order of their numbers; one is loaded when it is asked for."""

    def __getitem__(self, number: str) -> Code:
        return _codes(number[2:3])[number]

    def __iter__(self) -> Iterator[str]:
        for digit in "0123456789":
            yield from _codes(digit)

    def __len__(self) -> int:
        return sum(1 for _ in self)


CODES: Final = Codes()


@cache
def _codes(digit: str) -> dict[str, Code]:
    """The codes whose first digit is `digit`. Raises ValueError when two have one number."""
    modules = [name for name, digits in MODULES.items() if digit and digit in digits]
    found: dict[str, Code] = {}
    for name in modules:
        for code in vars(import_module(f"tellverify.diagnostics.{name}")).values():
            if not isinstance(code, Code) or code.number[2] != digit:
                continue
            if found.setdefault(code.number, code) is not code:
                raise ValueError(f"two codes have the number {code.number}")
    return dict(sorted(found.items()))
