"""Tests in Rust that are about the admission of a protocol, found by their names.

The body of a test is not read: only its existence, its place and the meaning of its name are
claimed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from tellverify.policy import rows
from tellverify.policy.model import Policy
from tellverify.source.rust_source import Node, RustSource

_SUFFIXES: Final = ("_protocol", "_choreography")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_TEST: Final = re.compile(r"\btest|test\b|_test\b|\brstest\b")


class AdmissionTest(msgspec.Struct, frozen=True):
    """A test function; a negative one is about a refusal. One that is ignored does not run."""

    name: str
    path: str
    line: int
    negative: bool
    ignored: bool = False


def tests_of_admission(
    policy: Policy, files: Iterable[tuple[str, str]]
) -> Mapping[str, tuple[AdmissionTest, ...]]:
    """The tests for each protocol of a policy, in the order of the files with their texts.

    A test that names several protocols counts for those with the longest name among them, so that
    one of `guardian_setup` is none of `guardian`.
    """
    wanted = policy.admission_tests
    names = {
        name: _names(row, wanted.names.get(name, ())) for name, row in policy.protocols.items()
    }
    patterns = {
        protocol: [(len(name), _whole(name)) for name in sorted(of)]
        for protocol, of in names.items()
    }
    found: dict[str, list[AdmissionTest]] = {}
    for path, text in files:
        for test, place in _tests(path, text, wanted):
            lengths = {
                protocol: max((size for size, each in of if each.search(place)), default=0)
                for protocol, of in patterns.items()
            }
            longest = max(lengths.values(), default=0)
            for protocol, length in lengths.items():
                if longest and length == longest:
                    found.setdefault(protocol, []).append(test)
    return {protocol: tuple(tests) for protocol, tests in found.items()}


def _names(row: rows.ProtocolEntry, more: Sequence[str]) -> set[str]:
    """How code names a protocol: by its module, its own name, and the end of its id.

    The last part of an id counts alone only when it has two words: `relay` may be anything.
    """
    own = snake_case(row.protocol)
    found = {own, row.module, *map(snake_case, more)}
    found.update(own.removesuffix(suffix) for suffix in _SUFFIXES)
    found.update(row.module.removesuffix(suffix) for suffix in _SUFFIXES)
    parts = row.id.split(".") if row.id else []
    if len(parts) > 1:
        found.add("_".join(parts[-2:]))
        found.add("_".join(parts))
    if parts and "_" in parts[-1]:
        found.add(parts[-1])
    return {name for name in found if name}


def snake_case(name: str) -> str:
    """`OTAActivation` as `ota_activation`."""
    return _HUMP.sub("_", name).lower()


def _whole(name: str) -> re.Pattern[str]:
    """The name as whole words of an identifier or a path."""
    return re.compile(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])")


def _tests(
    path: str, text: str, wanted: rows.AdmissionTests
) -> Iterator[tuple[AdmissionTest, str]]:
    """The tests about admission in a file, each with all that names it: file, modules, function."""
    words = (*wanted.negative, *wanted.positive)
    if "test" not in text or not _any(words, text) or not _any(wanted.about, f"{path} {text}"):
        return
    rust = RustSource(text, path)
    for item, attributes in rust.declarations():
        if item.type != "function_item":
            continue
        kinds = [rust.attribute(one)[0] for one in attributes]
        possible = [kind for one in attributes for kind, _ in rust.conditional(one)]
        if not any(_TEST.search(kind) for kind in possible):
            continue
        name = rust.name(item)
        place = "::".join((path.lower(), *_modules(rust, item), name.lower()))
        negative = _any(wanted.negative, name)
        if _any(wanted.about, place) and (negative or _any(wanted.positive, name)):
            start = rust.span(item).start
            line, _ = rust.source.position(start)
            yield AdmissionTest(name, path, line, negative, "ignore" in kinds), place


def _modules(rust: RustSource, item: Node) -> Iterator[str]:
    above = item.parent
    found = []
    while above is not None:
        if above.type == "mod_item":
            found.append(rust.name(above).lower())
        above = above.parent
    yield from reversed(found)


def _any(words: Iterable[str], text: str) -> bool:
    low = text.lower()
    return any(word in low for word in words)
