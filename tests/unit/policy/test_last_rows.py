"""Every list of every row is read to its end: what is wrong in the last entry is told."""

from __future__ import annotations

from typing import Final

import pytest
from test_checks import said

from tellverify.policy.json_schema import schema_json

# Two rows in each table, two entries in each list, and all of them right.
RIGHT: Final = """\
grants = [
  { key = "a", all = ["f"] },
  { key = "b", all = ["f", "g"] },
  { key = "i", all = ["f"] },
  { key = "j" },
]

[[families]]
name = "proved"
inventory = true

[[families]]
name = "own"

[[consumers]]
name = "c"

[[consumers]]
name = "d"

[[capabilities]]
key = "i"
family = "proved"

[[capabilities]]
key = "j"
family = "proved"

[[capabilities]]
key = "a"
family = "own"
consumers = ["c", "d"]

[[capabilities]]
key = "b"
family = "own"
consumers = ["c", "d"] # of b

[[surfaces]]
name = "s"
kind = "admission"
states = ["x"]
consumers = ["c", "d"]

[[surfaces]]
name = "t"
kind = "admission"
states = ["x"]
consumers = ["c", "d"] # of t

[[packs]]
name = "K"
status = "active"
declares = ["i", "j"]
runtime = ["i", "j", "a"]

[[packs]]
name = "L"
status = "active"
declares = ["i", "j"] # of L
runtime = ["i", "j", "b"] # of L
surfaces = ["s", "t"]
checked_by = ["c", "d"]

[[packs]]
name = "R"
status = "reserved"
revisit = "later"
candidates = ["i", "j"]

[[classes]]
name = "C"
steps_per_weight = 1.0
weight = [1, 2]
steps = [1, 2]

[[determinism]]
ref = "x"
class = "C"
mode = "cooperative"
scheduler = "exact"
waves = 1
determinism = "full"
tier = "strict_deterministic"
replay = "off"

[[determinism]]
ref = "y"
class = "C" # of y
mode = "cooperative"
scheduler = "exact"
waves = 1 # of y
determinism = "full"
tier = "strict_deterministic"
replay = "off"
keys = ["a", "b"]

[[protocols]]
id = "n"
module = "m"
protocol = "P"
class = "C"

[[protocols]]
id = "o"
module = "m"
protocol = "O"
packs = ["K", "L"]
keys = ["a", "s"]
determinism = "y"
class = "C" # of o

[[waves]]
name = "v"
protocols = ["n"]

[[waves]]
name = "w"
protocols = ["o"]
admits_packs = true

[[non_goals]]
name = "g"
reason = "r"

[[non_goals]]
name = "h"
reason = "r"
protocols = ["n"]

[adaptive_privacy]
control_plane = []

[[runtimes]]
name = "small"
facts = ["f", "g"]

[[runtimes]]
name = "large"
extends = "small"
without = ["f", "g"]
keys = ["a"]
lacks = ["b", "t"]

[admission]
runtime = "large"

[links]
live = [{ bundle = "z", protocol = "n" }, { bundle = "z", protocol = "o" }]

[guard_chain]
order = ["p", "q", "r"]
before = [["p", "q"], ["q", "r"]]
"""

UNKNOWN: Final = [
    ('{ key = "j" },', '{ key = "j" }, { key = "?" },'),
    ('family = "own"\nconsumers = ["c", "d"] # of b', 'family = "?"\nconsumers = ["c", "d"]'),
    ('consumers = ["c", "d"] # of b', 'consumers = ["c", "d", "?"]'),
    ('consumers = ["c", "d"] # of t', 'consumers = ["c", "d", "?"]'),
    ('declares = ["i", "j"] # of L', 'declares = ["i", "j", "?"]'),
    ('runtime = ["i", "j", "b"] # of L', 'runtime = ["i", "j", "b", "?"]'),
    ('surfaces = ["s", "t"]', 'surfaces = ["s", "t", "?"]'),
    ('checked_by = ["c", "d"]', 'checked_by = ["c", "d", "?"]'),
    ('candidates = ["i", "j"]', 'candidates = ["i", "j", "?"]'),
    ('class = "C" # of y', 'class = "?"'),
    ('keys = ["a", "b"]', 'keys = ["a", "b", "?"]'),
    ('packs = ["K", "L"]', 'packs = ["K", "L", "?"]'),
    ('keys = ["a", "s"]', 'keys = ["a", "s", "?"]'),
    ('determinism = "y"', 'determinism = "?"'),
    ('class = "C" # of o', 'class = "?"'),
    ('protocols = ["o"]', 'protocols = ["o", "?"]'),
    ('reason = "r"\nprotocols = ["n"]', 'reason = "r"\nprotocols = ["n", "?"]'),
    ("control_plane = []", 'control_plane = ["o", "?"]'),
    ('extends = "small"', 'extends = "?"'),
    ('without = ["f", "g"]', 'without = ["f", "g", "?"]'),
    ('keys = ["a"]\nlacks', 'keys = ["a", "?"]\nlacks'),
    ('lacks = ["b", "t"]', 'lacks = ["b", "t", "?"]'),
    ('runtime = "large"', 'runtime = "?"'),
    ('protocol = "o" }]', 'protocol = "?" }]'),
]


def test_the_policy_is_right_as_it_is() -> None:
    assert said(RIGHT) == []


@pytest.mark.parametrize(("old", "new"), UNKNOWN)
def test_an_unknown_name_at_the_end_is_found(old: str, new: str) -> None:
    assert RIGHT.count(old) == 1
    found = said(RIGHT.replace(old, new))
    assert ("TV061", '"?"') in found or ("TV061", 'protocol = "?"') in found
    assert len([code for code, _ in found if code == "TV061" and "?" in _]) == 1


FAULTS: Final = [
    # A pack declares keys of the inventory which it does not require, the last one as well.
    ('runtime = ["i", "j", "b"] # of L', 'runtime = ["b"]', [("TV068", '"i"'), ("TV068", '"j"')]),
    ('runtime = ["i", "j", "b"] # of L', 'runtime = ["i", "b"]', [("TV068", '"j"')]),
    # Of what it declares only keys of the inventory must be required.
    ('runtime = ["i", "j", "b"] # of L', 'runtime = ["i", "j"]', []),
    # Inventory keys need no consumer, others do.
    ('consumers = ["c", "d"] # of b', "", [("TV063", '"b"')]),
    ('consumers = ["c", "d"] # of t', "", [("TV064", '"t"')]),
    ('lacks = ["b", "t"]', 'lacks = ["b", "a"]', [("TV068", '"a"')]),
    ("waves = 1 # of y", "waves = 2", [("TV071", '"cooperative"')]),
    ('protocols = ["o"]', 'protocols = ["o", "n"]', [("TV065", '"n"')]),
    ('protocols = ["o"]', "protocols = []", [("TV066", '"o"')]),
    ('[["p", "q"], ["q", "r"]]', '[["p", "q"], ["r", "q"]]', [("TV068", '["r", "q"]')]),
    ('[["p", "q"], ["q", "r"]]', '[["p", "q"], ["q", "q"]]', [("TV068", '["q", "q"]')]),
    ('["p", "q", "r"]', '["p", "q", "r", "r"]', [("TV068", '["p", "q", "r", "r"]')]),
]


@pytest.mark.parametrize(("old", "new", "expected"), FAULTS)
def test_a_fault_in_the_last_row_is_found(
    old: str, new: str, expected: list[tuple[str, str]]
) -> None:
    assert RIGHT.count(old) == 1
    assert said(RIGHT.replace(old, new)) == expected


def test_only_the_second_default_is_one_too_many() -> None:
    one = RIGHT.replace('keys = ["a", "b"]', 'keys = ["a", "b"]\ndefault = true')
    assert said(one) == []
    two = one.replace('ref = "x"', 'ref = "x"\ndefault = true')
    assert said(two) == [("TV068", "true")]


def test_a_grant_counts_the_facts_of_all_profiles() -> None:
    """A key is provided where some profile has it, or all its facts are facts of some profiles."""
    assert said(RIGHT.replace('facts = ["f", "g"]', 'facts = ["f"]\nkeys = ["b"]')) == [
        ("TV061", '"g"')
    ]
    found = said(RIGHT.replace('facts = ["f", "g"]', 'facts = ["f"]'))
    assert found == [("TV062", '"b"'), ("TV061", '"g"')]


def test_the_schema_ends_with_one_line_end() -> None:
    assert schema_json().endswith("}\n") and not schema_json().endswith("\n\n")
