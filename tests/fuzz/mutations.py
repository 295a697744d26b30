"""Mutations of files: of bytes, of tokens, and of the trees that JSON and TOML are.

A mutant is decided by a number. Trees are read by a plain reader, changed at one place and written
again, so that what is deep in a file is reached past the checks of its form.
"""

from __future__ import annotations

import json
import random
import re
import tomllib
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_WORDS = """
choice at | => rec continue par loop while repeat decide by forever -> ->* : { } ( ) [ ] * N A B of
when case let in where protocol = roles , -- {- -} timeout 5s on cancel call effect type import
module exposing check observe transfer handoff true false null 0 -1 1e999 NaN 99999999999999999999
D[0..3] D[N] D[*] x.y.z ../.. /etc/passwd # [[
"""
TOKENS = (
    *_WORDS.split(),
    *('"', "'", "\n    ", "\t", "\r", "\0", "é", "🙂", "\u202e", "\x1b[2J", "\ufeff"),
    "-- tell: expect(refuted fidelity)",
    "-- tell: property p: [] (A U B)",
)
_TOKEN = re.compile(rb"\w+|\s+|[^\w\s]")
_SCALARS: tuple[Json, ...] = (
    *(None, True, False, 0, 1, -1, 2, 3, 64, 10**6, 2**63, 2**64, -(2**70), 0.5, 1e308),
    *("", "A", "x" * 300, "\0", "\u202e", "../../x", "A -> B", "[", "1", "no-deadlock"),
    *([], {}, [[]], [0], {"": None}, [None]),
)


def mutated(content: bytes, rng: random.Random, name: str = "") -> bytes:
    """`content` after one to four mutations, of its tree where it has one."""
    kind = rng.random()
    if kind < 0.45 and name.endswith((".json", ".jsonl", ".toml")):
        changed = _tree(content, rng, name)
        if changed is not None:
            return changed
    for _ in range(rng.randint(1, 4)):
        content = _tokens(content, rng) if kind < 0.75 else _bytes(content, rng)
    return content


def _bytes(content: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(content) + 1)
    end = min(len(content), start + rng.randint(0, 40))
    match rng.randrange(6):
        case 0:
            return content[:start] + content[end:]
        case 1:
            return content[:start] + bytes([rng.randrange(256)]) + content[start + 1 :]
        case 2:
            return content[:end] + content[start:end] + content[end:]
        case 3:
            return content[:start]
        case 4:
            place = rng.randrange(len(content) + 1)
            return content[:place] + content[start:end] + content[place:]
        case _:
            return content[:start] + content[start:end] * rng.choice([3, 50, 400]) + content[end:]


def _tokens(content: bytes, rng: random.Random) -> bytes:
    found = list(_TOKEN.finditer(content))
    if not found:
        return rng.choice(TOKENS).encode()
    one, other = rng.choice(found), rng.choice(found)
    match rng.randrange(5):
        case 0:
            new = rng.choice(TOKENS).encode()
        case 1:
            new = b""
        case 2:
            new = other[0]
        case 3:
            new = one[0] + b" " + other[0]
        case _:
            new = one[0] + rng.choice(TOKENS).encode()
    return content[: one.start()] + new + content[one.end() :]


def _tree(content: bytes, rng: random.Random, name: str) -> bytes | None:
    text = content.decode("utf-8", "replace")
    try:
        if name.endswith(".toml"):
            return _toml(_changed(tomllib.loads(text), rng)).encode("utf-8", "surrogatepass")
        if name.endswith(".jsonl"):
            lines = text.splitlines()
            at = rng.randrange(len(lines))
            lines[at] = json.dumps(_changed(json.loads(lines[at]), rng))
            return "\n".join(lines).encode()
        return json.dumps(_changed(json.loads(text), rng)).encode()
    except (ValueError, RecursionError, IndexError):
        return None


def _changed(tree: Json, rng: random.Random) -> Json:
    """The tree with one to three changes, each at a place that is found by walking down."""
    for _ in range(rng.randint(1, 3)):
        tree = _change(tree, rng)
    return tree


def _change(tree: Json, rng: random.Random) -> Json:
    if isinstance(tree, dict) and tree and rng.random() < 0.92:
        key = rng.choice(sorted(tree))
        match rng.randrange(12):
            case 0:
                return {k: v for k, v in tree.items() if k != key}
            case 1:
                return {**tree, rng.choice(["x", "", key + key, "schema"]): tree[key]}
            case _:
                return {**tree, key: _change(tree[key], rng)}
    if isinstance(tree, list) and tree and rng.random() < 0.92:
        at = rng.randrange(len(tree))
        match rng.randrange(12):
            case 0:
                return tree[:at] + tree[at + 1 :]
            case 1:
                return [*tree, *tree[at : at + 1] * rng.choice([1, 30])]
            case 2:
                return [*tree[:at], tree[rng.randrange(len(tree))], *tree[at + 1 :]]
            case _:
                return [*tree[:at], _change(tree[at], rng), *tree[at + 1 :]]
    if isinstance(tree, int) and not isinstance(tree, bool) and rng.random() < 0.6:
        return tree + rng.choice([-1, 1, 2, 100])
    return rng.choice(_SCALARS)


def _toml(tree: Json) -> str:
    """A document as inline values: every key of the top has one."""
    if not isinstance(tree, dict):
        raise ValueError("no document")
    return "".join(f"{json.dumps(key)} = {_inline(value)}\n" for key, value in tree.items())


def _inline(value: Json) -> str:
    match value:
        case dict():
            inner = ", ".join(f"{json.dumps(key)} = {_inline(one)}" for key, one in value.items())
            return f"{{{inner}}}"
        case list():
            return f"[{', '.join(map(_inline, value))}]"
        case None:
            return '""'
        case _:
            return json.dumps(value)
