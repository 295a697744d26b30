"""What `specs/upstream.toml` and `specs/README.md` say of Aura's own files fits the specs."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from tellverify.language.checks.walk import preorder
from tellverify.language.syntax import ast
from tellverify.language.syntax.printing import phrases
from tellverify.language.syntax.surface import read_tell
from tellverify.source.text import SourceFile

SPECS = Path(__file__).parents[2] / "specs"
UPSTREAM = tomllib.loads((SPECS / "upstream.toml").read_text("utf-8"))
README = (SPECS / "README.md").read_text("utf-8")
WITHOUT_COST = 100  # what a message with a record costs that names no flow cost
every = pytest.mark.parametrize("name", UPSTREAM)


def protocol(name: str) -> ast.Protocol:
    source = SourceFile(name, (SPECS / f"{name}.tell").read_text("utf-8"))
    (found,) = read_tell(source).file.protocols
    return found


def sends(name: str) -> list[ast.Send]:
    return [one for one in preorder(protocol(name).body) if isinstance(one, ast.Send)]


def entries(send: ast.Send) -> dict[str, str]:
    record = send.record.entries if send.record is not None else ()
    return {entry.key.text: phrases.value(entry.value) for entry in record}


def spent(block: ast.Block, role: str) -> int:
    """The most that a role spends in a run."""
    total = 0
    for statement in block:
        if isinstance(statement, ast.Send) and statement.sender.name.text == role:
            own = entries(statement)
            total += int(own.get("flow_cost", WITHOUT_COST)) if own else 0
        elif isinstance(statement, ast.Choice):
            total += max(spent(branch.body, role) for branch in statement.branches)
    return total


def test_every_spec_is_compared() -> None:
    assert {f"{name}.tell" for name in UPSTREAM} == {path.name for path in SPECS.glob("*.tell")}


@every
def test_numbers_are_those_of_auras_file(name: str) -> None:
    row = UPSTREAM[name]
    found = sends(name)
    carried = Counter(key for send in found for key in entries(send))
    own = protocol(name)
    assert (len(found), carried) == (row["sends"], row["annotations"])
    costs = {role.name.text: spent(own.body, role.name.text) for role in own.roles or ()}
    assert costs == row["highest_costs"]


@every
def test_what_differs_does_differ(name: str) -> None:
    found = sends(name)
    for row in UPSTREAM[name].get("differs", ()):
        send = found[row["number"] - 1]
        own = {**entries(send), "message": phrases.message(send.message)}
        theirs: Mapping[str, object] = {key: row[key] for key in row if key != "number"}
        assert theirs
        for key, value in theirs.items():
            text = f'"{value}"' if isinstance(value, str) and key != "message" else str(value)
            assert own[key] != text, (name, row)


def test_the_page_says_what_differs() -> None:
    table = README.partition("| file | differs in |")[2].partition("\n\n")[0]
    rows = [line.strip("| ").split(" | ") for line in table.split("\n")[2:]]
    said = {file.strip("`").removesuffix(".tell"): words for file, words in rows}
    assert set(said) == {name for name, row in UPSTREAM.items() if "differs" in row}
    for name, words in said.items():
        keys = {key for row in UPSTREAM[name]["differs"] for key in row}
        wanted = ["labels and payload paths"] if "message" in keys else []
        wanted += [
            f"`{key}`"
            for key in ("guard_capability", "flow_cost", "journal_facts", "link")
            if key in keys
        ]
        assert words == ", ".join(wanted), name
