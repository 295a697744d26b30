"""Reading policies: files, imports, and everything that can be wrong with them."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest
from aura_policy import aura

from tellverify.policy.json_schema import schema_json
from tellverify.policy.read import PolicyRead, read_policy, read_policy_text
from tellverify.source.builtin_policies import files_of, located

SCHEMA = Path(__file__).parents[3] / "src/tellverify/policy/schema/policy-1.json"


def code(read: PolicyRead) -> list[tuple[str, int, int]]:
    """Codes with lines and columns."""
    assert read.policy is None
    found = []
    for one in read.diagnostics:
        source = read.sources.get(one.path)
        line, column = source.position(one.primary.span.start) if source else (0, 0)
        found.append((one.code.number, line, column))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("format = 1\nname = x\n", ("TV052", 2, 8)),
        ("format = 1\nname = 3\n", ("TV053", 2, 8)),
        ("name = 'x'\n", ("TV053", 1, 1)),
        ("format = 2\n", ("TV053", 1, 10)),
        ("format = 1\ncolour = 'red'\n", ("TV053", 2, 1)),
        ("format = 1\n[[packs]]\nname = 'P'\nstatus = 'maybe'\n", ("TV053", 4, 10)),
        ("format = 1\n[[packs]]\nname = 'P'\nstatus = 'active'\nrun = []\n", ("TV053", 5, 1)),
        ("format = 1\n[[packs]]\nstatus = 'active'\n", ("TV053", 2, 3)),
        (
            "format = 1\n[[families]]\nname = 'a'\n[[families]]\nname = 'a'\n",
            ("TV054", 5, 8),
        ),
        ("format = 1\n[links]\n[links]\n", ("TV052", 3, 8)),
        ("format = 1\nformat = 1\n", ("TV052", 2, 8)),
        ("format = 1\nbudgets = { implicit_cost = -1 }\n", ("TV053", 2, 29)),
        ("format = 1\nwaves = 'none'\n", ("TV053", 2, 9)),
        (
            "format = 1\n[[packs]]\nname = 'P'\nstatus = 'active'\nscenario = 'no name!'\n",
            ("TV053", 5, 12),
        ),
        (
            "format = 1\n[[packs]]\nname = 'P'\nstatus = 'active'\nscenario = 'none'\n",
            ("TV053", 5, 12),
        ),
        ("\x00", ("TV052", 1, 1)),
    ],
)
def test_what_is_no_policy_has_a_code_and_a_place(
    text: str, expected: tuple[str, int, int]
) -> None:
    found = code(read_policy_text(text))
    assert len(found) == 1
    assert found[0][0] == expected[0]
    assert found[0][1] == expected[1]
    assert abs(found[0][2] - expected[2]) <= 8


def test_two_protocols_of_one_name_are_a_duplicate() -> None:
    row = "[[protocols]]\nid = '{}'\nmodule = 'm'\nprotocol = 'P'\n"
    text = "format = 1\n" + row.format("a") + row.format("b")
    assert [one[0] for one in code(read_policy_text(text))] == ["TV054"]


def test_imports_are_read_once_and_first(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('format = 1\nimport = ["b.toml", "c.toml"]\n')
    (tmp_path / "b.toml").write_text('format = 1\nimport = ["c.toml"]\n')
    (tmp_path / "c.toml").write_text('format = 1\n[[families]]\nname = "f"\n')
    for path in (tmp_path, tmp_path / "a.toml"):
        read = read_policy(str(path))
        assert read.policy is not None, read.diagnostics
        assert list(read.policy.families) == ["f"]
        assert len(read.policy.documents) == 3


def test_circles_of_imports_are_told_once(tmp_path: Path) -> None:
    names = ["a.toml", "b.toml", "c.toml"]
    for name, other in zip(names, [*names[1:], names[0]], strict=True):
        (tmp_path / name).write_text(f'format = 1\nimport = ["{other}"]\n')
    read = read_policy(str(tmp_path / "a.toml"))
    assert [one.code.number for one in read.diagnostics] == ["TV056"]
    assert "a.toml → " in read.diagnostics[0].message.replace(str(tmp_path) + "/", "")
    (tmp_path / "own.toml").write_text('format = 1\nimport = ["own.toml"]\n')
    assert [one.code.number for one in read_policy(str(tmp_path / "own.toml")).diagnostics] == [
        "TV056"
    ]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert code(read_policy(str(tmp_path / "none.toml")))[0][0] == "TV051"
    assert code(read_policy(str(tmp_path)))[0][0] == "TV051"
    (tmp_path / "bad.toml").write_bytes(b"format = 1\n\xff\xfe")
    assert code(read_policy(str(tmp_path / "bad.toml")))[0][0] == "TV051"
    (tmp_path / "bad.toml").write_text('format = 1\nimport = ["gone.toml"]\n')
    assert [one[:2] for one in code(read_policy(str(tmp_path / "bad.toml")))] == [("TV055", 2)]
    os.mkfifo(tmp_path / "pipe.toml")
    assert code(read_policy(str(tmp_path / "pipe.toml")))[0][0] == "TV051"
    (tmp_path / "loop.toml").symlink_to("loop.toml")
    assert code(read_policy(str(tmp_path / "loop.toml")))[0][0] == "TV051"


def test_nothing_is_half_loaded(tmp_path: Path) -> None:
    (tmp_path / "good.toml").write_text('format = 1\n[[families]]\nname = "f"\n')
    (tmp_path / "worse.toml").write_text("format = 1\nname = \n")
    read = read_policy(str(tmp_path))
    assert read.policy is None
    assert [one.code.number for one in read.diagnostics] == ["TV052"]


def test_every_row_has_its_place() -> None:
    policy = aura()
    for name, pack in policy.packs.items():
        for index, key in enumerate(pack.runtime):
            place = policy.place("packs", name, "runtime", index)
            text = Path(located(place.path)).read_text(encoding="utf-8")
            assert key in text.split("\n")[place.line - 1]


@pytest.mark.parametrize("seed", range(40))
def test_damaged_policies_are_findings(seed: int) -> None:
    chance = random.Random(seed)
    path = chance.choice(sorted(Path(located("builtin:aura")).glob("*.toml")))
    text = list(path.read_text(encoding="utf-8"))
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(text))
        text[at : at + chance.randrange(8)] = chance.choice(
            ["", "[", '"', "= 3", "\x00", "[[a]]", "}"]
        )
    read = read_policy_text("".join(text).replace("import = ", "name = 1 # "))
    assert (read.policy is None) == bool(read.diagnostics), f"seed {seed}"


def test_deep_nesting_is_a_finding() -> None:
    for text in ("x = " + "[" * 5_000, "x = " + "[" * 5_000 + "]" * 5_000, "a." * 3_000 + "b = 1"):
        assert read_policy_text(f"format = 1\n{text}\n").policy is None


def test_the_schema_is_up_to_date() -> None:
    committed = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert committed == json.loads(schema_json()), "tellverify policy schema"
    assert SCHEMA.read_text(encoding="utf-8") == schema_json()


def test_the_files_of_the_aura_policy_fit_the_schema() -> None:
    import tomllib

    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(schema_json())
    for path in sorted(Path(located("builtin:aura")).glob("*.toml")):
        jsonschema.validate(tomllib.loads(path.read_text(encoding="utf-8")), schema)


def test_what_two_files_say_twice_is_told_at_both_places(tmp_path: Path) -> None:
    """A table that stands once is marked by its head, a row of a list by its name."""
    (tmp_path / "a.toml").write_text(
        'format = 1\n\n[links]\nlive = []\n\n[[families]]\nname = "f"\n'
    )
    (tmp_path / "b.toml").write_text(
        'format = 1\n[[families]]\nname = "g"\n[[families]]\nname = "f"\n[links]\nlive = []\n'
    )
    read = read_policy(str(tmp_path))
    assert read.policy is None
    found = []
    for one in read.diagnostics:
        (first,) = one.others
        assert one.path.endswith("b.toml") and first.path is not None
        assert first.path.endswith("a.toml")
        here, there = read.sources[one.path], read.sources[first.path]
        found.append((one.code.number, here.slice(one.primary.span), there.slice(first.span)))
        lines = here.position(one.primary.span.start)[0], there.position(first.span.start)[0]
        assert lines == ((5, 7) if found[-1][1] == '"f"' else (6, 3))
    assert sorted(found) == [("TV054", '"f"', '"f"'), ("TV054", "links", "links")]


def test_a_policy_that_overrules_the_one_of_the_package_is_told_of_the_export(
    tmp_path: Path,
) -> None:
    own = tmp_path / "own.toml"
    table = '[admission]\nruntime = "full"\nunlisted = "refuse"\n'
    own.write_text(f'format = 1\nimport = ["builtin:aura"]\n{table}', "utf-8")
    (found,) = read_policy(str(own)).diagnostics
    assert found.code.number == "TV054"
    assert found.message == "`admission` appears twice"
    assert any("`tellverify policy export --to DIR`" in one for one in found.helps)
    own.write_text('format = 1\n[[families]]\nname = "f"\n[[families]]\nname = "f"\n', "utf-8")
    (found,) = read_policy(str(own)).diagnostics
    assert found.helps == ("remove one of them",)


def test_a_policy_is_named_by_its_first_file_with_a_name_or_by_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "ours"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.toml").write_text("format = 1\n")
    for given in (str(folder), f"{folder}/"):
        read = read_policy(given)
        assert read.policy is not None and (read.policy.name, read.policy.path) == ("ours", given)
    (folder / "c.toml").write_text('format = 1\nname = "last"\n')
    (folder / "b.toml").write_text('format = 1\nname = "first"\n')
    read = read_policy(str(folder))
    assert read.policy is not None and read.policy.name == "first"


def test_one_file_of_a_built_in_policy_is_imported_without_the_others(tmp_path: Path) -> None:
    every = files_of("builtin:aura")
    read = {}
    for name in ("builtin:aura", every[0]):
        (tmp_path / "p.toml").write_text(f'format = 1\nimport = ["{name}"]\n')
        read[name] = read_policy(str(tmp_path / "p.toml"))
        assert read[name].policy is not None, read[name].diagnostics
    sources = {name: set(one.sources) - {str(tmp_path / "p.toml")} for name, one in read.items()}
    assert sources["builtin:aura"] == set(every)
    assert sources[every[0]] == {every[0]} < set(every)


def test_a_policy_has_at_most_two_hundred_files(tmp_path: Path) -> None:
    def read_with(count: int) -> list[str]:
        names = [f"{number}.toml" for number in range(count)]
        for name in names:
            (tmp_path / name).write_text("format = 1\n", encoding="utf-8")
        first = tmp_path / "policy.toml"
        first.write_text(f"format = 1\nimport = {names}\n", encoding="utf-8")
        return [one.message for one in read_policy(str(first)).diagnostics]

    assert not any("more than 200 files" in said for said in read_with(199))
    assert any("more than 200 files" in said for said in read_with(200))
