"""Near misses in policies: the second entry of a list, a grant by `any`, a hidden file."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_checks import FULL, PACK, PROTOCOL, said

from tellverify.policy.read import read_policy

ANY = PACK.replace('all = ["f"]', 'any = ["e", "f"]')
COOPERATIVE = (
    '[[determinism]]\nref = "d"\nclass = "C"\nmode = "cooperative"\nscheduler = "exact"\n'
    'waves = 1\ndeterminism = "full"\ntier = "strict_deterministic"\nreplay = "off"\n'
)


def test_a_grant_by_any_needs_one_of_its_facts() -> None:
    assert said(ANY + FULL) == []
    assert said(ANY + FULL.replace('"f"', '"e", "x"')) == []
    assert said(ANY + FULL.replace('"f"', '"g"')) == [("TV062", '"k"')]
    both = PACK.replace('all = ["f"]', 'all = ["f"], any = ["e", "h"]')
    assert said(both + FULL) == [("TV062", '"k"')]
    assert said(both + FULL.replace('"f"', '"f", "h"')) == []
    assert said(both + FULL.replace('"f"', '"h"')) == [("TV062", '"k"')]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PACK.replace('runtime = ["k"]', 'runtime = ["k", "kk"]') + FULL, '"kk"'),
        (
            PACK.replace('runtime = ["k"]', 'runtime = ["k"]\nchecked_by = ["c", "cc"]') + FULL,
            '"cc"',
        ),
        (PACK.replace('runtime = ["k"]', 'runtime = ["k"]\nsurfaces = ["s"]') + FULL, '"s"'),
        (PACK.replace('consumers = ["c"]', 'consumers = ["c", "cc"]') + FULL, '"cc"'),
        (PACK + FULL + PROTOCOL + 'packs = ["K", "KK"]\n', '"KK"'),
        (PACK + FULL + PROTOCOL + 'keys = ["k", "kk"]\n', '"kk"'),
        (
            PROTOCOL + '[[waves]]\nname = "v"\nprotocols = ["n"]\n'
            '[[waves]]\nname = "w"\nprotocols = ["n", "nn"]\n',
            '"nn"',
        ),
        (
            PROTOCOL + '[[non_goals]]\nname = "g"\nreason = "r"\nprotocols = ["n"]\n'
            '[[non_goals]]\nname = "h"\nreason = "r"\nprotocols = ["nn"]\n',
            '"nn"',
        ),
    ],
)
def test_the_last_entry_of_a_list_is_looked_up(text: str, expected: str) -> None:
    assert ("TV061", expected) in said(text)


def test_the_last_of_two_packs_is_checked() -> None:
    second = (
        '[[packs]]\nname = "L"\nstatus = "active"\nruntime = ["k", "l"]\n'
        '[[capabilities]]\nkey = "l"\nfamily = "own"\n'
    )
    found = said(PACK + second + FULL)
    assert ("TV063", '"l"') in found and ("TV063", '"k"') not in found


def test_a_hidden_file_is_no_part_of_a_policy(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(f"format = 1\n{FULL}", encoding="utf-8")
    (tmp_path / ".b.toml").write_text("no policy", encoding="utf-8")
    (tmp_path / "c.txt").write_text("no policy", encoding="utf-8")
    read = read_policy(str(tmp_path))
    assert read.policy is not None and list(read.policy.runtimes) == ["full"]
    assert not read.diagnostics


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("waves = 1", "waves = 1", []),
        ("waves = 1", "waves = 4", ["mode"]),
        ('"exact"', '"envelope_bounded"', ["mode"]),
        ('"off"', '"nullifier"', ["replay"]),
        ('"strict_deterministic"', '"replay_deterministic"', ["tier"]),
        (
            '"full"\ntier = "strict_deterministic"',
            '"replay"\ntier = "envelope_bounded_nondeterministic"',
            ["determinism"],
        ),
        (
            '"full"\ntier = "strict_deterministic"',
            '"modulo_effects"\ntier = "envelope_bounded_nondeterministic"',
            [],
        ),
    ],
)
def test_values_of_a_determinism_policy_go_together(
    old: str, new: str, expected: list[str]
) -> None:
    text = COOPERATIVE.replace(old, new)
    places = {
        '"cooperative"': "mode",
        '"nullifier"': "replay",
        '"replay_deterministic"': "tier",
        '"replay"': "determinism",
    }
    assert [places[spot] for code, spot in said(text) if code == "TV071"] == expected


RESERVED = '[[packs]]\nname = "R"\nstatus = "reserved"\n'
LATER = RESERVED + 'revisit = "later"\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PACK + LATER + FULL, []),
        (PACK + LATER + 'runtime = ["k"]\n' + FULL, [("TV068", '["k"]')]),
        (PACK + RESERVED + FULL, [("TV068", '"reserved"')]),
        (PACK + LATER + FULL + PROTOCOL + 'packs = ["K"]\n', []),
        (PACK + LATER + FULL + PROTOCOL + 'packs = ["K", "R"]\n', [("TV067", '"R"')]),
        (
            PACK + FULL + '[[capabilities]]\nkey = "z"\nfamily = "own"\npack_specific = true\n',
            [("TV063", '"z"')],
        ),
        (
            PACK
            + FULL
            + '[[capabilities]]\nkey = "z"\nfamily = "own"\npack_specific = true\n'
            + 'consumers = ["c"]\n',
            [],
        ),
        (
            PACK + FULL + PROTOCOL + '[[waves]]\nname = "w"\nprotocols = []\n',
            [("TV066", '"n"')],
        ),
        (PACK + FULL + PROTOCOL + '[[waves]]\nname = "w"\nprotocols = ["n"]\n', []),
        (PACK + FULL + PROTOCOL + 'packs = ["K"]\nplane = "control"\n', []),
        (PACK + FULL + PROTOCOL + 'packs = ["K"]\nplane = "data"\n', [("TV068", '"K"')]),
    ],
)
def test_packs_that_no_launch_asks_for_and_protocols_without_any(
    text: str, expected: list[tuple[str, str]]
) -> None:
    assert said(text) == expected


@pytest.mark.parametrize("field", ["runtime", "declares"])
def test_keys_of_a_reserved_pack_are_told_where_they_stand(field: str) -> None:
    key = '[[families]]\nname = "own"\n[[capabilities]]\nkey = "k"\nfamily = "own"\n'
    pack = '[[packs]]\nname = "K"\nstatus = "reserved"\nrevisit = "later"\n'
    assert ("TV068", '["k"]') in said(f'{key}{pack}{field} = ["k"]\n')
    assert not [one for one in said(f"{key}{pack}") if one[0] == "TV068"]


def test_a_protocol_without_a_class_is_told_at_its_name() -> None:
    row = '[[classes]]\nname = "C"\nsteps_per_weight = 1.0\nweight = [1, 1]\nsteps = [1, 1]\n'
    assert [one for one in said(row + PROTOCOL) if one[0] == "TV069"] == [("TV069", '"P"')]
