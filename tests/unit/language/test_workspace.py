"""From files to protocols and graphs: imports, other files, dialects."""

from __future__ import annotations

from pathlib import Path

import pytest

from tellverify.language.files import inputs
from tellverify.language.files.neighbours import neighbours
from tellverify.language.instances import (
    SizeFault,
    combinations,
    instance_name,
    one_instance,
    sizes_of,
)
from tellverify.language.workspace import FAITHFUL, Unopened, Workspace, opened

SALES = "module sales exposing (Order)\nimport shop exposing (Pay)\n"
SALES += "protocol Order =\n  roles A, B\n  call Pay\n"
SHOP = "module shop exposing (Pay)\nimport bank exposing (Move)\nprotocol Pay =\n  roles A, B\n"
SHOP += "  A -> B : Pay\n  call Move\n"
BANK = "module bank exposing (Move)\nprotocol Move =\n  roles A, B\n  B -> A : Moved\n"
FAMILIES = "protocol P =\n  roles X[n], Y[n], Z[*], A\n  A -> X[*] : M\n"


def read(name: str, text: str) -> inputs.ReadFile:
    return inputs.decode(name, text.encode())


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / f"{name}.tell").write_text(text, encoding="utf-8")


def events(workspace: Workspace) -> list[tuple[str, str, int]]:
    """The labels of the first protocol, each with the file and line that it comes from."""
    graph = workspace.graph(workspace.protocols()[0], {}).graph
    assert graph is not None
    sites = [graph.site_of(number) for number in range(graph.event_count)]
    return [
        (graph.event(number).label, Path(site.path).name, site.line)
        for number, site in enumerate(sites)
    ]


def test_imports_find_each_other_at_any_distance() -> None:
    workspace = Workspace([read("a.tell", SALES), read("b.tell", SHOP), read("c.tell", BANK)])
    assert [one.name for one in workspace.protocols()] == ["sales.Order", "shop.Pay", "bank.Move"]
    assert events(workspace) == [("Pay", "b.tell", 5), ("Moved", "c.tell", 4)]
    assert workspace.protocols()[0].paths == ("a.tell", "b.tell", "c.tell")


def test_a_file_alone_finds_what_stands_beside_it(tmp_path: Path) -> None:
    write(tmp_path, sales=SALES, shop=SHOP, bank=BANK, other="module other exposing (Q)\n")
    workspace = opened(str(tmp_path / "sales.tell"))
    assert [one.name for one in workspace.protocols()] == ["sales.Order"]
    assert events(workspace) == [("Pay", "shop.tell", 5), ("Moved", "bank.tell", 4)]
    assert {Path(path).name for path in workspace.sources()} == {
        "sales.tell",
        "shop.tell",
        "bank.tell",
    }


def test_what_is_missing_is_looked_for_at_the_paths_that_are_given(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    write(tmp_path, sales=SALES)
    write(tmp_path / "far", shop=SHOP, bank=BANK)
    path = str(tmp_path / "sales.tell")
    assert opened(path).protocols()[0].judged.linked.blocked or opened(path).diagnostics()
    far = [str(tmp_path / "far" / "shop.tell"), str(tmp_path / "gone.tell"), path]
    assert events(opened(path, also=far)) == [("Pay", "shop.tell", 5), ("Moved", "bank.tell", 4)]


def test_a_module_is_looked_for_once_only(tmp_path: Path) -> None:
    write(tmp_path, sales=SALES, shop=SHOP, bank=BANK, again=SHOP)
    given = [read(str(tmp_path / name), text) for name, text in (("x", SALES), ("y", SHOP))]
    assert [Path(one.path).name for one in neighbours(given)] == ["bank.tell"]
    assert [Path(one.path).name for one in neighbours(given[:1])] == [
        "again.tell",
        "shop.tell",
        "bank.tell",
    ]


def test_hidden_and_ignored_files_are_no_neighbours(tmp_path: Path) -> None:
    write(tmp_path, shop=SHOP, bank=BANK)
    (tmp_path / "shop.tell").rename(tmp_path / ".shop.tell")
    (tmp_path / ".gitignore").write_text("bank.tell\n", encoding="utf-8")
    assert neighbours([read(str(tmp_path / "s.tell"), SALES + "\nimport bank\n")]) == []


def test_the_faithful_dialect_resolves_no_import() -> None:
    workspace = Workspace([read("a.tell", SALES), read("b.tell", SHOP)], FAITHFUL)
    first, second = workspace.protocols()
    assert first.judged.linked.imported == second.judged.linked.imported == {}


def test_a_file_is_opened_by_number_as_with_all_others() -> None:
    files = [read("a.tell", SALES), read("b.tell", SHOP), read("c.tell", BANK)]
    workspace = Workspace(files)
    for number, (unit, choreographies) in enumerate(Workspace(files).opened()):
        again, others = workspace.opened_at(number)
        assert again.file == unit.file
        assert [one.said for one in others] == [one.said for one in choreographies]


def test_protocols_of_one_name_in_one_file_get_their_lines() -> None:
    text = "```tell\nprotocol P =\n  roles A, B\n```\n```tell\nprotocol P =\n  roles A, B\n```\n"
    first, second = Workspace([read("page.md", text)]).protocols()
    assert (first.name, second.name) == ("P", "P@6")
    assert first.is_called("P") and second.is_called("P") and second.is_called("P@6")
    assert not first.is_called("P@6")


def test_a_file_that_cannot_be_read_is_no_workspace(tmp_path: Path) -> None:
    with pytest.raises(Unopened) as caught:
        opened(str(tmp_path / "gone.tell"))
    assert "there is no such file" in caught.value.diagnostic.message


# Sizes


def test_families_of_one_symbol_have_one_size() -> None:
    protocol = Workspace([read("p.tell", FAMILIES)]).protocols()[0].protocol
    found = list(combinations(protocol, {"Y": (2,)}, (1, 3)))
    assert found == [{"X": 2, "Y": 2, "Z": 1}, {"X": 2, "Y": 2, "Z": 3}]
    assert [sizes_of(instance_name(sizes)) for sizes in found] == found
    differing = list(combinations(protocol, {"X": (1,), "Y": (2, 3)}, (4,)))
    assert differing == [{"X": 1, "Y": 2, "Z": 4}]


def test_a_range_that_begins_late_has_a_member_at_one_of_the_sizes() -> None:
    text = "protocol P =\n  roles A, D[N], E[N], F[M]\n  A -> D[5..N] : X\n  A -> F[0..M] : X\n"
    protocol = Workspace([read("p.tell", text)]).protocols()[0].protocol
    found = list(combinations(protocol, {"F": (1,)}, (1, 2, 3)))
    assert [sizes["D"] for sizes in found] == [1, 2, 3, 6]
    assert all(sizes["E"] == sizes["D"] for sizes in found)
    assert [s["D"] for s in combinations(protocol, {"D": (2,), "F": (1,)}, (1, 2, 3))] == [2]
    late = text.replace("D[5", "D[70")
    protocol = Workspace([read("p.tell", late)]).protocols()[0].protocol
    assert max(sizes["D"] for sizes in combinations(protocol, {}, (1, 2, 3))) == 3


def test_one_size_for_each_family() -> None:
    protocol = Workspace([read("p.tell", FAMILIES)]).protocols()[0].protocol
    assert one_instance(protocol, {"Y": 2}, 3) == {"X": 2, "Y": 2, "Z": 3}
    for given, default, words in (
        ({"X": 1, "Y": 2}, 3, "X and Y have one size"),
        ({"A": 1}, 3, "no family `A` without a size"),
        ({"X": 1}, None, "give the size of `Z`"),
    ):
        with pytest.raises(SizeFault, match=words):
            one_instance(protocol, given, default)
