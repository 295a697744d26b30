"""What needs what: an order, and every circle with the edge that closes it."""

from __future__ import annotations

import subprocess
import sys

from tellverify.source.dependencies import circles, in_order, needed_by

SHARED = {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": [], "e": ["a"]}


def test_everything_comes_after_what_it_needs_in_the_order_given() -> None:
    assert list(in_order(SHARED)) == ["d", "b", "c", "a", "e"]
    assert list(in_order({"b": [], "a": []})) == ["b", "a"]
    assert list(circles(SHARED)) == []


def test_a_circle_begins_with_what_its_last_member_needs() -> None:
    needs = {"a": ["b"], "b": ["c", "b"], "c": ["a", "d"], "d": ["c"], "e": ["d"]}
    assert list(circles(needs)) == [("a", "b", "c"), ("c", "d"), ("b",)]
    assert sorted(in_order(needs)) == sorted(needs)


def test_what_is_needed_at_any_distance() -> None:
    assert needed_by("e", SHARED) == {"a", "b", "c", "d"}
    assert needed_by("b", SHARED) == {"d"}
    assert needed_by("d", SHARED) == set()
    assert needed_by("a", {"a": ["a"]}) == {"a"}


def test_a_long_chain_needs_no_recursion() -> None:
    long = {number: [number + 1] for number in range(5_000)} | {5_000: [0]}
    assert next(iter(in_order(long))) == 5_000
    assert [len(one) for one in circles(long)] == [5_001]


def test_a_graph_without_edges_does_not_load_networkx() -> None:
    code = (
        "import sys; from tellverify.source.dependencies import circles, in_order, needed_by\n"
        "needs = {'a': [], 'b': []}\n"
        "print(list(in_order(needs)), list(circles(needs)), needed_by('a', needs),"
        " needed_by('c', {'c': ['a'], **needs}), 'networkx' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['a', 'b'] [] set() {'a'} False\n"
