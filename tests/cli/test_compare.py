"""`compare` as a user meets it: files, folders, revisions, configuration, and wrong input."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Command, commit, git
from version_texts import OTA, VECTORS, protocol

from tellverify.language.lowering.lower import Lowered
from tellverify.obligations.instance_outcome import InstanceFinding
from tellverify.obligations.options import Options
from tellverify.obligations.table import decide_instance


def write(path: str, text: str) -> str:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding="utf-8")
    return path


def both(texts: tuple[str, str]) -> tuple[str, str]:
    return write("old.tell", texts[0]), write("new.tell", texts[1])


def compared(
    tellverify: Command, texts: tuple[str, str], *more: str
) -> tuple[int, dict[str, object]]:
    code, out, err = tellverify("compare", *both(texts), "--format", "json", *more)
    assert not err
    (found,) = json.loads(out)["versions"]["protocols"]
    return code, found


@pytest.mark.parametrize(
    ("name", "code", "verdict", "summary"),
    [
        ("V1", 0, "patch", "upgrade the roles in any order"),
        ("V2", 1, "major", "no order is safe; one release in between is: B takes both, then A, "),
        ("V3", 0, "minor", "upgrade S before C"),
        ("V4", 0, "minor", "upgrade C before S"),
        ("V6", 0, "minor", "upgrade B before A"),
        ("V7", 1, "major", "no order is safe; one release in between is: B takes both, then A, "),
        ("V9", 1, "major", "no order is safe; one release in between is: C takes both, then D, "),
        ("gone", 0, "minor", "upgrade S before M"),
    ],
)
def test_a_vector_by_command(
    tellverify: Command, name: str, code: int, verdict: str, summary: str
) -> None:
    found_code, found = compared(tellverify, VECTORS[name])
    assert found_code == code
    assert found["verdict"] == verdict
    assert str(found["summary"]).startswith(summary)


def test_the_report_names_the_mixture_the_run_and_the_order(tellverify: Command) -> None:
    code, out, _ = tellverify("compare", *both(OTA), "--instances", "D=2,3")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert code == 0
    assert "C new D[0] old D[1] old" in lines or any(
        line.startswith("C new D[0] old") for line in lines
    )
    assert (
        "C new, some D old refuted unspecified-reception, 9 events D[0] takes no `Postpone`"
        in lines
    )
    assert "D = 2: 5 of 8 deployments good; D = 3: 9 of 16" in out
    assert "in the middle of a session: C in every state once every D is new" in out


@pytest.mark.parametrize(
    ("name", "fail_on", "code"),
    [
        ("V1", "minor", 0),
        ("V3", "major", 0),
        ("V3", "ordered", 1),
        ("V3", "minor", 1),
        ("V2", "major", 1),
    ],
)
def test_what_fails_is_a_choice(tellverify: Command, name: str, fail_on: str, code: int) -> None:
    assert tellverify("compare", *both(VECTORS[name]), "--fail-on", fail_on)[0] == code
    write("tellverify.toml", f'[compare]\nfail-on = "{fail_on}"\n')
    assert tellverify("compare", *both(VECTORS[name]))[0] == code


def test_folders_are_paired_by_module_and_name_and_moved_files_are_found(
    tellverify: Command,
) -> None:
    hello = protocol("A, B", "A -> B : Hello")
    write("old/a.tell", VECTORS["V3"][0].replace("protocol P", "protocol Shop"))
    write("old/b.tell", hello.replace("protocol P", "protocol Gone"))
    write("new/sub/moved.tell", VECTORS["V3"][1].replace("protocol P", "protocol Shop"))
    write("new/c.tell", hello.replace("protocol P", "protocol Fresh"))
    code, out, _ = tellverify("compare", "old", "new", "--format", "json")
    found = json.loads(out)["versions"]
    assert code == 0
    assert [one["name"] for one in found["protocols"]] == ["Shop"]
    assert (found["added"], found["removed"]) == (["Fresh"], ["Gone"])


def test_only_what_differs_from_a_revision_is_compared(tellverify: Command) -> None:
    write("a.tell", VECTORS["V3"][0].replace("protocol P", "protocol A"))
    write("b.tell", VECTORS["V4"][0].replace("protocol P", "protocol B"))
    commit()
    assert tellverify("compare", "--against", "HEAD")[0] == 0
    write("a.tell", VECTORS["V3"][1].replace("protocol P", "protocol A"))
    code, out, _ = tellverify("compare", "--against", "HEAD", "--format", "json")
    found = json.loads(out)["versions"]
    assert code == 0
    assert found["against"] == "HEAD"
    assert [(one["name"], one["verdict"]) for one in found["protocols"]] == [("A", "minor")]
    assert found["protocols"][0]["oldPath"] == "git:HEAD/a.tell"


def test_each_version_is_decided_once(tellverify: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    decided: list[str] = []

    def counted(lowered: Lowered, options: Options) -> list[InstanceFinding]:
        assert lowered.graph is not None
        decided.append(" ".join(lowered.graph.labels))
        return decide_instance(lowered, options)

    monkeypatch.setattr("tellverify.verification.tried_sizes.decide_instance", counted)
    monkeypatch.setattr("tellverify.versions.sides.decide_instance", counted)
    code, _, _ = tellverify("compare", *both(VECTORS["V2"]))
    assert (code, decided) == (1, ["Ping2 Pong", "Ping Pong"])


def test_an_import_that_changed_is_a_change(tellverify: Command) -> None:
    part = "module part exposing (Part)\n\n" + protocol("A, B", "A -> B : Ask").replace(
        "protocol P", "protocol Part"
    )
    whole = "module whole exposing (Whole)\n\nimport part exposing (Part)\n\n" + protocol(
        "A, B", "call Part;B -> A : Done"
    ).replace("protocol P", "protocol Whole")
    write("part.tell", part)
    write("whole.tell", whole)
    commit()
    write("part.tell", part.replace("Ask", "Query"))
    _, out, _ = tellverify("compare", "--against", "HEAD", "--format", "json")
    verdicts = {one["name"]: one["verdict"] for one in json.loads(out)["versions"]["protocols"]}
    assert verdicts == {"part.Part": "major", "whole.Whole": "major"}


def test_an_import_that_changed_is_a_change_of_the_one_file_that_is_named(
    tellverify: Command,
) -> None:
    def named(name: str, imports: str, body: str) -> str:
        head = f"module {name.lower()} exposing ({name})\n\n"
        head += f"import {imports.lower()} exposing ({imports})\n\n" if imports else ""
        return head + protocol("A, B", body).replace("protocol P", f"protocol {name}")

    def verdict(*paths: str) -> str:
        _, out, _ = tellverify("compare", "--against", "HEAD", *paths, "--format", "json")
        (found,) = json.loads(out)["versions"]["protocols"]
        assert found["name"] == "whole.Whole"
        return str(found["verdict"])

    part = write("part.tell", named("Part", "", "A -> B : Ask"))
    write("middle.tell", named("Middle", "Part", "call Part"))
    whole = write("whole.tell", named("Whole", "Middle", "call Middle;B -> A : Done"))
    commit()
    old = Path(whole).read_text("utf-8")
    write(part, named("Part", "", "A -> B : Query"))
    assert verdict(whole) == "major"
    assert verdict(os.path.abspath(whole)) == "major"
    Path(part).rename("moved.tell")
    assert verdict(whole) == "major"
    write(whole, named("Whole", "", "A -> B : Ask;B -> A : Done"))
    assert verdict(whole) == "patch"
    Path("moved.tell").rename(part)
    write(part, named("Part", "", "A -> B : Ask"))
    assert verdict(whole) == "patch"
    write(whole, old)
    code, out, _ = tellverify("compare", "--against", "HEAD", whole)
    assert (code, "nothing has changed since `HEAD`" in out) == (0, True)


def test_protocols_in_markdown_and_rust(tellverify: Command) -> None:
    def page(text: str) -> str:
        return f"# Page\n\n```tell\n{text}```\n"

    def rust(text: str) -> str:
        return f'fn f() {{}}\ntell!(r#"\n{text}"#);\n'

    old, new = VECTORS["V3"]
    code, out, _ = tellverify(
        "compare", write("old.md", page(old)), write("new.md", page(new)), "-q"
    )
    assert code == 0
    code, out, _ = tellverify("compare", "old.md", write("new.tell", new), "--format", "json")
    assert json.loads(out)["versions"]["protocols"][0]["verdict"] == "minor"
    # a macro of Aura wants a module
    write("old.rs", rust(f"module shop exposing (P)\n\n{old}"))
    code, out, _ = tellverify("compare", "old.rs", "new.tell", "--format", "json")
    assert code == 0
    assert json.loads(out)["versions"]["protocols"][0]["verdict"] == "minor"


def test_declared_types_and_renamed_roles(tellverify: Command) -> None:
    code, found = compared(tellverify, VECTORS["V7"], "--payloads", "crate.V1=crate.V2")
    assert (code, found["verdict"]) == (0, "patch")
    old = protocol("Client, B", "Client -> B : X;B -> Client : Y")
    new = protocol("Caller, B", "Caller -> B : X;B -> Caller : Y")
    code, found = compared(tellverify, (old, new), "--renamed", "Client=Caller")
    assert (code, found["verdict"]) == (0, "patch")
    write("tellverify.toml", '[compare]\nrenamed = ["Client = Caller"]\n')
    assert compared(tellverify, (old, new))[1]["verdict"] == "patch"
    write("tellverify.toml", '[compare]\nrenamed = ["Nobody = Caller"]\n')
    _, out, _ = tellverify("compare", *both((old, new)))
    assert "no compared protocol has a role `Nobody`" in out


def test_a_renaming_that_unites_two_roles_is_said(tellverify: Command) -> None:
    code, out, _ = tellverify("compare", *both(VECTORS["V2"]), "--renamed", "A=B")
    assert code == 3
    assert "`A` and `B` of the old version would both be called `B`" in out


def test_words_that_hold_at_some_sizes_name_them(tellverify: Command) -> None:
    texts = (
        protocol("A, W[N]", "W[*] -> A : Up;A -> W[0] : Down"),
        protocol("A, W[N]", "A -> W[0] : Up;A -> W[0] : Down"),
    )
    _, found = compared(tellverify, texts, "--instances", "W=1,2")
    words = {one["words"] for one in found["failing"]}  # type: ignore[attr-defined]
    assert "A new, some W old at W = 1" in words
    assert "A new, W[0] old at W = 2" in words


def test_a_file_that_is_gone_is_removed_and_an_old_one_must_be_text(tellverify: Command) -> None:
    write("p.tell", VECTORS["V3"][0])
    Path("bad.tell").write_bytes(b"protocol P =\n  roles A, B\n  A -> B : X\xff\n")
    commit()
    Path("p.tell").unlink()
    code, out, _ = tellverify("compare", "--against", "HEAD", "p.tell")
    assert code == 0
    assert "`P` is removed" in out
    assert "exit 0: no protocol has two versions: 1 removed" in out
    write("new.tell", VECTORS["V2"][0].replace("protocol P", "protocol Q"))
    write("more.tell", VECTORS["V2"][0].replace("protocol P", "protocol R"))
    code, out, _ = tellverify("compare", "--against", "HEAD", "new.tell", "more.tell")
    assert (code, "exit 0: no protocol has two versions: 2 added" in out) == (0, True), out
    assert re.search(r"^Q +added$", out, re.MULTILINE)
    write("bad.tell", VECTORS["V3"][1])
    code, out, _ = tellverify("compare", "--against", "HEAD", "bad.tell")
    assert code == 1
    assert "git:HEAD/bad.tell" in out
    assert "not UTF-8 text" in out


def test_a_shallow_clone_says_that_it_lacks_the_revision(tellverify: Command) -> None:
    write("one/p.tell", VECTORS["V3"][0])
    os.chdir("one")
    commit()
    write("p.tell", VECTORS["V3"][1])
    commit()
    git("clone", "-q", "--depth", "1", f"file://{Path.cwd()}", "../two")
    os.chdir("../two")
    code, _, err = tellverify("compare", "--against", "HEAD~1")
    assert code == 2
    assert "this is a shallow clone, fetch the revision before" in err


def test_files_of_a_submodule_are_those_of_its_commit(tellverify: Command, tmp_path: Path) -> None:
    write("inner/p.tell", VECTORS["V3"][0])
    os.chdir("inner")
    commit()
    os.chdir(tmp_path)
    write("outer/q.tell", VECTORS["V2"][0])
    os.chdir("outer")
    git("init", "-q")
    source = f"file://{tmp_path / 'inner'}"
    git("-c", "protocol.file.allow=always", "submodule", "add", "-q", source, "sub")
    commit()
    assert tellverify("compare", "--against", "HEAD", "-q")[0] == 0
    write("sub/p.tell", VECTORS["V3"][1])
    for paths in ((), ("sub",), ("sub/p.tell",)):
        code, out, _ = tellverify("compare", "--against", "HEAD", *paths, "--evidence", "e")
        assert (code, "upgrade S before C" in out, "TV563" in out) == (0, True, False), out
    assert tellverify("recheck", "e")[0] == 0
    os.chdir("sub")
    commit()
    os.chdir(tmp_path / "outer")
    code, out, _ = tellverify("compare", "--against", "HEAD", "sub")
    assert (code, "upgrade S before C" in out) == (0, True), out
    git("clone", "-q", "--depth", "1", f"file://{tmp_path / 'outer' / 'sub'}", "../shallow")
    Path("sub").rename("../gone")
    Path("../shallow").rename("sub")
    code, _, err = tellverify("compare", "--against", "HEAD", "sub")
    assert (code, "the submodule sub lacks the commit that it had then" in err) == (2, True), err
    shutil.rmtree("sub")
    git("rm", "-q", "--cached", "sub")
    for path in ("sub", "sub/p.tell"):
        code, _, err = tellverify("compare", "--against", "HEAD", path)
        assert (code, f"{path}: it was in a submodule at `HEAD`" in err) == (2, True), err
    code, _, err = tellverify("compare", "--against", "HEAD", "sup")
    assert (code, "sup: no such file or folder, now or at `HEAD`" in err) == (2, True), err


def test_a_version_that_is_not_good_alone_stops_there(tellverify: Command) -> None:
    broken = protocol(
        "A, B, C",
        "choice A at;  | X =>;      A -> B : X;      B -> C : Z;  | Y =>;      A -> B : Y",
    )
    fine = protocol("A, B, C", "A -> B : X;B -> C : Z")
    code, out, _ = tellverify("compare", *both((broken, fine)))
    assert code == 1
    assert "the old version fails by itself" in out
    assert "old.tell:1:10\n  |\n1 | protocol P =\n  |          - the version that fails" in out
    code, out, _ = tellverify("compare", *both((fine, broken)))
    assert (code, "old.tell" in out) == (1, False), out
    code, found = compared(tellverify, (fine, broken))
    assert (code, found["verdict"]) == (1, "broken")
    code, out, _ = tellverify("compare", *both((fine, "protocol P =\n  roles A\n  A -> \n")))
    assert code == 1


def test_a_new_version_that_repairs_a_broken_one_is_called_a_repair(tellverify: Command) -> None:
    branches = "choice A at;  | X =>;      A -> B : X;      B -> C : Z;  | Y =>;      A -> B : Y"
    broken = protocol("A, B, C", branches)
    mended = protocol("A, B, C", f"{branches};      B -> C : W")
    repair = (
        "the old version fails by itself: `no-stuck-role` is refuted; the new one passes its own"
    )
    code, out, _ = tellverify("compare", *both((broken, mended)))
    said = " ".join(out.split())
    assert code == 1
    assert f"exit 1: P: {repair} check, so this is a repair" in said
    assert "let its sessions end, then replace all roles at once" in said
    also = protocol("A, B, C", branches.replace("Z", "V"))
    code, out, _ = tellverify("compare", *both((broken, also)))
    said = " ".join(out.split())
    assert (code, "repair" in said) == (1, False)
    assert "is refuted; and so does the new one: `no-stuck-role[C]` is refuted" in said
    assert "help: the fault is in `old.tell`: check that version on its own" in said
    family = protocol("A, B, C, D[N]", "A -> B : X;B -> C : Z;A -> D[*] : Y")
    sizes = ("--instances", "D=1", "--require", "proved")
    _, found = compared(tellverify, (broken, family), *sizes)
    assert str(found["reason"]).endswith("whether the new one repairs that is not known"), found
    code, out, _ = tellverify("compare", *both((broken + "  nonsense\n", mended)))
    assert (code, "fails by itself" in out, "repair" in out) == (1, True, False)
    write("m.json", "{}")
    code, out, _ = tellverify("compare", "m.json", "new.tell")
    assert (code, "fails by itself" in out, "repair" in out) == (1, True, False)
    write("p.tell", broken)
    commit()
    write("p.tell", mended)
    code, out, _ = tellverify("check", "p.tell", "--compare-against", "HEAD", "--no-progress")
    assert (code, "so this is a repair" in out) == (1, True)


def test_wrong_input_gets_a_sentence(tellverify: Command) -> None:
    old, new = both(VECTORS["V3"])
    for arguments, said in (
        ((old,), "give OLD and NEW"),
        ((old, "none.tell"), "none.tell: no such file"),
        (("--against", "nope"), "not in a git work tree"),
        ((old, new, "--renamed", "A"), "is not of the form OLD=NEW"),
        ((old, new, "--against", "HEAD", "--machines", "old"), "--machines is `both`"),
    ):
        code, _, err = tellverify("compare", *arguments)
        assert code == 2, arguments
        assert said in err, arguments
    commit()
    assert "git knows no revision `nope`" in tellverify("compare", "--against", "nope")[2]
    for arguments, said in (
        (("--against=--output=x",), "`--output=x` is not a git revision"),
        (("--against", "HEAD", "none.tell"), "none.tell: no such file or folder, now or at `HEAD`"),
        (("--against", "HEAD", "/"), "/ is outside of the git work tree"),
    ):
        code, _, err = tellverify("compare", *arguments)
        assert (code, said in err) == (2, True), err
    write("tellverify.toml", '[compare]\nrenamed = ["A"]\n')
    code, _, err = tellverify("compare", old, new)
    assert code == 2
    assert "is not of the form" in err


def test_good_deployments_are_counted_as_far_as_they_are_known(tellverify: Command) -> None:
    old = "protocol F =\n  roles C, D[N]\n  C -> D[*] : Go\n  D[*] -> C : Ok\n"
    write("tellverify.toml", "[bounds]\nconfigurations = 300\n")
    texts = old, old.replace("Ok", "Fine")
    code, out, _ = tellverify("compare", *both(texts), "--instances", "D=5")
    assert code == 1
    assert "all others unknown" in " ".join(out.split())
    assert re.search(r"D = 5: at most \d+ of 64 deployments good", out), out


def test_mixtures_that_fail_alike_stay_apart_in_a_table(tellverify: Command) -> None:
    _, out, _ = tellverify("compare", *both(VECTORS["V2"]), "--report", "markdown=-", "-q")
    assert "`mixture[B new, A old], mixture[A new, B old]`" in out, out


def test_names_that_no_version_has_are_complained_of(tellverify: Command) -> None:
    old, new = both(OTA)
    code, _, err = tellverify("compare", old, new, "--instances", "E=2")
    assert (code, "no protocol that was checked has a role `E`" in err) == (2, True), err
    code, _, err = tellverify("compare", old, new, "--protocol", "Nope")
    assert (code, "no file has a protocol `Nope`" in err) == (4, True), err
    write("c.tell", OTA[0])
    commit()
    write("c.tell", OTA[1])
    code, _, err = tellverify("compare", "--against", "HEAD", "--instances", "E=2")
    assert (code, "has a role `E`" in err) == (0, True), err
    broken = both((OTA[0], "protocol Ota =\n  roles C, D[N]\n  C -> \n"))
    code, _, err = tellverify("compare", *broken, "--instances", "D=2")
    assert (code, err) == (1, "")


def test_only_an_order_that_exists_is_advised(tellverify: Command) -> None:
    _, out, _ = tellverify("compare", *both(VECTORS["V3"]))
    assert "help: upgrade S before C" in out
    _, out, _ = tellverify("compare", *both(VECTORS["V2"]))
    assert "help: one release in between: B takes both, then A, then B" in out
    assert "help: upgrade" not in out


def test_identical_versions_and_nothing_in_common(tellverify: Command) -> None:
    old, new = both((VECTORS["V3"][0], VECTORS["V3"][0]))
    code, out, _ = tellverify("compare", old, new, "--fail-on", "minor")
    assert code == 0
    assert "patch" in out
    write("one/a.tell", protocol("A, B", "A -> B : X").replace("protocol P", "protocol One"))
    write("two/a.tell", protocol("A, B", "A -> B : X").replace("protocol P", "protocol Two"))
    code, out, _ = tellverify("compare", "one", "two")
    assert code == 4
    assert "no protocol is on both sides" in out
    Path("empty").mkdir()
    for sides in (("empty", "one"), ("one", "empty")):
        code, out, _ = tellverify("compare", *sides)
        assert code == 4
        assert "exit 4: empty: the folder holds no choreographies" in out


TIMED = protocol("C, W", "timeout 5s C at;  W -> C : Ready;on timeout =>;  C -> W : Cancel")


def test_versions_whose_timeouts_differ_are_not_known(tellverify: Command) -> None:
    for new, said in (
        (TIMED.replace("Ready", "Done"), "the texts differ at `W -> C : Done` in line 4"),
        (TIMED.replace("Ready", "Ready of crate.V2"), "the texts differ at `W -> C : Ready` in"),
        (TIMED + "  C -> W : More\n", "the texts differ at"),
        (protocol("C, W", "W -> C : Ready"), "only the old version has a timeout"),
    ):
        code, out, _ = tellverify("compare", *both((TIMED, new)))
        assert code == 3, new
        assert said in " ".join(out.split()), new
        assert "old version end, then replace all roles at once" in " ".join(out.split()), new


def test_versions_whose_timeouts_are_the_same_are_a_patch(tellverify: Command) -> None:
    spaced = TIMED.replace("timeout", "-- as before\n  timeout", 1)
    code, found = compared(tellverify, (TIMED, spaced))
    assert (code, found["verdict"], found["annotations"]) == (0, "patch", [])
    code, found = compared(tellverify, (TIMED, TIMED.replace("5s", "7s")))
    assert (code, found["verdict"]) == (0, "patch")
    assert found["annotations"][0]["words"] == (  # type: ignore[index]
        "the timeout of C in line 3 changes: 5000 ms -> 7000 ms"
    )
    nested = (
        "timeout 9s C at;  timeout 5s C at;    W -> C : Ready;  on timeout =>;    C -> W : Again"
        ";on timeout =>;  C -> W : Cancel"
    )
    old, new = protocol("C, W", nested), protocol("C, W", nested.replace("5s", "9s"))
    code, found = compared(tellverify, (old, new))
    assert (code, found["verdict"]) == (0, "minor")
    assert "now fires first" in found["annotations"][0]["action"]  # type: ignore[index]
    renamed = TIMED.replace("W", "Worker")
    code, found = compared(tellverify, (TIMED, renamed), "--renamed", "W=Worker")
    assert (code, found["verdict"]) == (0, "patch")


def test_annotations_of_a_text_with_timeouts_are_compared(tellverify: Command) -> None:
    asks = '{ guard_capability : "a:b", flow_cost : 10, leak : "external=1" }'
    old = TIMED.replace("W -> C : Ready", f"W {asks} -> C : Ready")
    _, found = compared(tellverify, (old, old))
    assert (found["verdict"], found["annotations"]) == ("patch", [])
    new = old.replace("a:b", "a:c").replace("10", "90")
    code, out, _ = tellverify("compare", *both((old, new)), "--fail-on", "minor")
    said = " ".join(out.split())
    assert code == 1
    assert "P minor upgrade the roles in any order" in said
    assert "before roll-out: grant `a:c` to W; allow that W sends without `a:b`" in said
    assert "the cost of `Ready` from W rises 10 -> 90; the worst case with timeouts is not" in said
    code, out, _ = tellverify("compare", *both((new, old.replace("a:b", "a:c"))))
    assert (code, "P               patch" in out, "before roll-out" in out) == (0, True, False)
    assert "changed: the cost of `Ready` from W falls 90 -> 10" in out
    named = new.replace("C, W", "C, V").replace("W", "V")
    _, found = compared(tellverify, (old, named), "--renamed", "W=V")
    assert [one["words"] for one in found["annotations"]] == [  # type: ignore[attr-defined]
        "V needs the capability `a:c`",
        "V no longer needs the capability `a:b`",
        "the cost of `Ready` from V rises 10 -> 90",
    ]


def test_two_protocols_of_one_name(tellverify: Command) -> None:
    text = protocol("A, B", "A -> B : X")
    write("old/p.tell", text)
    write("new/a.tell", "module a exposing (P)\n\n" + text)
    write("new/b.tell", "module b exposing (P)\n\n" + text)
    code, out, _ = tellverify("compare", "old", "new")
    assert code == 1
    assert "several protocols are called `P`" in out


def test_more_roles_than_a_mixture_can_hold(tellverify: Command) -> None:
    old = protocol("C, D[N]", "C -> D[*] : Go")
    new = protocol("C, D[N]", "C -> D[*] : Run")
    code, out, _ = tellverify("compare", *both((old, new)), "--instances", "D=64")
    assert code == 3
    assert "at most 63 can be mixed" in out


def test_families_that_are_too_large_are_not_compared(tellverify: Command) -> None:
    texts = tuple(protocol("A, D[N]", f"A -> D[*] : {label}") for label in ("X", "Y"))
    code, out, _ = tellverify("compare", *both((texts[0], texts[1])), "--instances", "D=2001")
    assert code == 3
    assert "families of 2,001 members are too large to compare" in " ".join(out.split())


@pytest.mark.parametrize("kind", ["sarif", "junit", "gitlab", "markdown", "html", "proof"])
def test_every_report_shows_a_comparison(tellverify: Command, kind: str) -> None:
    old, new = both(VECTORS["V2"])
    tellverify("compare", old, new, "--report", f"{kind}=report.out")
    text = Path("report.out").read_text(encoding="utf-8")
    assert "Ping2" in text
    assert "B takes both" in text


def test_annotations_for_github(tellverify: Command) -> None:
    _, out, _ = tellverify("compare", *both(VECTORS["V2"]), "--format", "github")
    assert "::error file=new.tell,line=1" in out


MACHINES = (
    '{"A":{"kind":"send","partner":"B","branches":[{"label":{"name":"Ping","sort":"unit"},'
    '"continuation":{"kind":"end"}}]},"B":{"kind":"recv","partner":"A","branches":[{"label":'
    '{"name":"Ping","sort":"unit"},"continuation":{"kind":"end"}}]}}'
)


def test_machines_on_either_side(tellverify: Command) -> None:
    write("old.json", MACHINES)
    write("new.json", MACHINES.replace("Ping", "Probe"))
    write("same.tell", protocol("A, B", "A -> B : Ping"))
    write("sorts.json", MACHINES.replace("unit", "nat"))
    for old, new, verdict in (
        ("old.json", "new.json", "major"),
        ("old.json", "same.tell", "patch"),
        ("same.tell", "old.json", "patch"),
        ("same.tell", "new.json", "major"),
        ("old.json", "sorts.json", "major"),
    ):
        _, out, _ = tellverify("compare", old, new, "--format", "json")
        (found,) = json.loads(out)["versions"]["protocols"]
        assert found["verdict"] == verdict, (old, new)
    write("broken.json", "{")
    code, out, _ = tellverify("compare", "old.json", "broken.json")
    assert code == 1
    assert "the new version fails by itself" in out
    commit()
    write("old.json", MACHINES.replace("Ping", "Probe"))
    code, out, _ = tellverify("compare", "--against", "HEAD", "--machines", "both", "old.json")
    assert code == 1
    assert "B takes both, then A, then B" in out


def test_machines_in_a_folder_against_a_revision(tellverify: Command) -> None:
    def machine(role: str, act: str, peer: str, label: str) -> str:
        moves = [{"action": act, "peer": peer, "label": label, "to": 1}]
        states = [{"final": False, "moves": moves}, {"final": True, "moves": []}]
        return json.dumps({"schema": "tellverify/machine-1", "role": role, "states": states})

    write("system/a.json", machine("A", "send", "B", "Ping"))
    write("system/b.json", machine("B", "receive", "A", "Ping"))
    commit()
    write("system/a.json", machine("A", "send", "B", "Probe"))
    Path("system/b.json").unlink()
    write("system/c.json", machine("B", "receive", "A", "Probe"))
    for more in ((), ("--machines", "both")):
        code, out, _ = tellverify("compare", "--against", "HEAD", "system", *more)
        assert (code, "system          major   no order is safe" in out) == (1, True), out
    for path in ("a", "c"):
        Path(f"system/{path}.json").unlink()
    code, _, err = tellverify("compare", "--against", "HEAD", "--machines", "both", "system")
    assert (code, "no file of machines is left" in err) == (2, True), err


def test_a_check_has_a_row_against_a_revision(tellverify: Command) -> None:
    old, new = VECTORS["V3"]
    write("p.tell", old)
    commit()
    write("p.tell", new)
    code, out, _ = tellverify("check", "--compare-against", "HEAD", "--no-progress")
    assert code == 0
    assert "against HEAD: minor, upgrade S before C" in out
    write("p.tell", old.replace("Get", "Fetch"))
    code, out, _ = tellverify("check", "--compare-against", "HEAD", "--no-progress")
    assert code == 1
    assert "against HEAD: major" in out
    write("tellverify.toml", '[compare]\nagainst = "HEAD"\n')
    reports = ("--report", "markdown=r.md", "--report", "html=r.html")
    code, out, _ = tellverify("check", "--no-progress", *reports)
    assert code == 1
    assert "Versions against `HEAD`" in Path("r.md").read_text(encoding="utf-8")
    page = Path("r.html").read_text(encoding="utf-8")
    row = page[page.index('class="protocol"') :]
    assert "Against HEAD: major" in row[: row.index("What each role does")]
    assert page.count("What changed:") == 1
    code, _, err = tellverify("check", "--compare-against", "nope", "--no-progress")
    assert code == 2
    assert "--compare-against: git knows no revision `nope`" in err


def test_what_is_decided_at_several_sizes_links_the_evidence_of_each(tellverify: Command) -> None:
    reports = ("--report", "html=r.html", "--report", "json=r.json", "--report", "junit=r.xml")
    sizes = ("--instances", "D=1,2")
    tellverify("compare", *both(OTA), *sizes, "--evidence", "e", *reports)
    run = json.loads(Path("r.json").read_text("utf-8"))
    written = sorted(map(str, Path("e").rglob("D-*.json")))
    assert len(written) == 2
    found = {one["property"]: one for one in run["protocols"][0]["verdicts"]}["roll-out"]
    linked = [found["evidence"], *found["further_evidence"]]
    assert [one["path"] for one in linked] == written
    assert [one["sha256"] for one in linked] == list(map(sum_of, written))
    tellverify("report", "r.json", "--html", "again.html")
    for page in ("r.html", "again.html"):
        text = Path(page).read_text(encoding="utf-8")
        row = text[text.index(">roll-out</code></div>") :].partition("</tr>")[0]
        assert all(f'href="{path}"' in row for path in written), row
    case = Path("r.xml").read_text("utf-8").partition('name="roll-out"')[2]
    assert all(f'name="evidence" value="{path}"' in case for path in written)
    assert tellverify("recheck", "e")[0] == 0


def test_evidence_is_accepted_and_spoilt_evidence_is_not(tellverify: Command) -> None:
    tellverify("compare", *both(OTA), "--instances", "D=2", "--evidence", "evidence")
    code, out, _ = tellverify("recheck", "evidence")
    assert code == 0
    assert (
        "2 runs refute mixtures of 3 changed roles; the order D[0], D[1], C meets none of them;"
        " all others hold in 34 configurations" in out
    )
    assert "the machines are those of `P` in old.tell and of `P` in new.tell" in out
    (file,) = Path("evidence").rglob("*.versions.json")
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('"configurations": 34', '"configurations": 35'), encoding="utf-8")
    code, out, _ = tellverify("recheck", "evidence")
    assert code == 1
    assert "there are 34" in out


def test_runs_of_mixtures_are_replayed(tellverify: Command) -> None:
    code, out, _ = tellverify(
        "compare", *both(OTA), "--instances", "D=2", "--evidence", "evidence",
        "--report", "proof=proof.md",
    )  # fmt: skip
    (file,) = Path("evidence").rglob("*.versions.json")
    assert f"= again: tellverify replay {file}" in out
    proof = Path("proof.md").read_text("utf-8")
    assert proof.count(f"]({file}), SHA-256") == 3  # the mixture, all others, the order
    code, out, _ = tellverify("replay", str(file))
    assert code == 0
    assert "P   C new, D[0] old   D = 2" in out
    assert "9  C sends Postpone to D[0]" in out
    assert out.count("accepted: 9 steps, and the end shows `unspecified-reception`") == 1
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('"unspecified-reception"', '"orphan-message"'), encoding="utf-8")
    code, out, _ = tellverify("replay", str(file))
    assert code == 1
    assert "rejected: refuted[0]: it does not show orphan-message of `D[0]`" in out
    code, _, err = tellverify("replay", str(file), "new.tell")
    assert code == 2
    assert "the two versions that the file names" in err
    file.write_text("{", encoding="utf-8")
    code, out, _ = tellverify("replay", str(file))
    assert code == 1


def rechecked(tellverify: Command, change: Callable[[str], str], *more: str) -> tuple[int, str]:
    """The answer of `recheck` for the only file of evidence with a change in its text."""
    (file,) = Path("evidence").rglob("*.versions.json")
    text = file.read_text(encoding="utf-8")
    file.write_text(change(text), encoding="utf-8")
    code, out, _ = tellverify("recheck", "evidence", *more)
    file.write_text(text, encoding="utf-8")
    return code, " ".join(out.split())


def sum_of(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def test_evidence_is_that_of_its_texts(tellverify: Command) -> None:
    old, new = both(OTA)
    tellverify("compare", old, new, "--instances", "D=2", "--evidence", "evidence")
    code, out = rechecked(
        tellverify, lambda t: t.replace(new, old).replace(sum_of(new), sum_of(old))
    )
    assert code == 1
    assert "old.tell: the machines are not those of the file" in out
    other = write("other.tell", OTA[1].replace("Postpone", "Delay"))
    code, out = rechecked(
        tellverify, lambda t: t.replace(new, other).replace(sum_of(new), sum_of(other))
    )
    assert code == 1
    assert "other.tell: the machines are not those of the file" in out
    code, out = rechecked(
        tellverify,
        lambda t: t.replace(new, other).replace(sum_of(new), sum_of(other)),
        "--without-sources",
    )
    assert code == 0
    code, out = rechecked(tellverify, lambda t: t.replace('"Postpone"', '"Delay"'))
    assert code == 1
    for change, reason in (
        (lambda t: t.replace('"protocol": "P"', '"protocol": "Q"', 1), "neither version is called"),
        (lambda t: t.replace('"D = 2"', '"D = 2, E = 1"'), "instance: not sizes"),
        (lambda t: t.replace('"D = 2"', '"D  =  2"'), "instance: not sizes"),
    ):
        code, out = rechecked(tellverify, change)
        assert code == 1 and reason in out, out
    Path(new).unlink()
    code, out = rechecked(tellverify, lambda t: t)
    assert code == 1
    assert "there is no new.tell here" in out


def test_evidence_names_the_commit_of_a_revision(tellverify: Command) -> None:
    part = "module part exposing (Part)\n\n" + protocol("A, B", "A -> B : Ask").replace(
        "P =", "Part ="
    )
    whole = "module whole exposing (Whole)\n\nimport part exposing (Part)\n\n" + protocol(
        "A, B", "call Part"
    ).replace("P =", "Whole =")
    write("part.tell", part)
    write("whole.tell", whole)
    commit()
    write("part.tell", part.replace("Ask", "Query"))
    tellverify(
        "compare", "--against", "HEAD", "--protocol", "whole.Whole", "--evidence", "evidence"
    )
    code, out = rechecked(tellverify, lambda t: t)
    assert code == 0, out
    assert "of `whole.Whole` in git:" in out
    git("commit", "-q", "-a", "-m", "y")
    code, out = rechecked(tellverify, lambda t: t)
    assert code == 0, out
    code, out = rechecked(tellverify, lambda t: re.sub("git:[0-9a-f]{40}", "git:" + "0" * 40, t))
    assert code == 1
    assert "git has no" in out
    code, out = rechecked(tellverify, lambda t: re.sub("git:[0-9a-f]{40}", "git:--help", t))
    assert code == 1
    assert "is not the name of a commit" in out


def test_evidence_of_machines_is_that_of_their_files(tellverify: Command) -> None:
    old, new = write("old.json", MACHINES), write("new.json", MACHINES.replace("Ping", "Probe"))
    tellverify("compare", old, new, "--evidence", "evidence")
    assert rechecked(tellverify, lambda t: t)[0] == 0
    write(new, MACHINES.replace("Ping", "Other"))
    code, out = rechecked(tellverify, lambda t: t)
    assert code == 1
    assert "new.json changed since" in out


def test_evidence_keeps_what_was_declared_to_be_the_same(tellverify: Command) -> None:
    tellverify(
        "compare", *both(VECTORS["V7"]), "--payloads", "crate.V1=crate.V2", "--evidence", "evidence"
    )
    assert rechecked(tellverify, lambda t: t)[0] == 0
    code, out = rechecked(tellverify, lambda t: t.replace('"crate.V1"', '"crate.V3"'))
    assert code == 1, out


def test_equal_inputs_give_equal_bytes(tellverify: Command) -> None:
    first = tellverify("compare", *both(OTA), "--format", "json")[1]
    assert tellverify("compare", *both(OTA), "--format", "json")[1] == first


def test_a_stored_comparison_is_rendered_again(tellverify: Command) -> None:
    old, new = both(VECTORS["V2"])
    tellverify("compare", old, new, "--report", "json=run.json", "--report", "html=one.html")
    code, _, err = tellverify("report", "run.json", "--html", "two.html")
    assert (code, err) == (0, "")
    assert "B takes both" in Path("two.html").read_text(encoding="utf-8")


SCHEMA = """\
format = 1
name = "Journal"
version = 1
kind = "facts"

[[variants]]
name = "Opened"
"""


def test_fact_schemas_that_differ_are_compared(tellverify: Command) -> None:
    more = SCHEMA.replace("version = 1", "version = 2") + '\n[[variants]]\nname = "Closed"\n'
    write("old/facts.toml", more)
    write("new/facts.toml", SCHEMA.replace("version = 1", "version = 3"))
    write("old/p.tell", VECTORS["V1"][0])
    write("new/p.tell", VECTORS["V1"][0])
    code, out, _ = tellverify("compare", "old", "new")
    assert code == 1
    said = " ".join(out.split())
    assert "major `Closed` was removed: facts in the journal are no longer read" in said
    write("facts.toml", SCHEMA)
    commit()
    write("facts.toml", more)
    code, out, _ = tellverify("compare", "--against", "HEAD", "--format", "json")
    facts = json.loads(out)["versions"]["facts"]
    assert [(one["words"], one["weight"]) for one in facts] == [("`Closed` was added", "minor")]
    assert facts[0]["action"] == "upgrade the readers of the journal before its writers"
    write("facts.toml", more.replace("format = 1", "format = 2"))
    code, out, _ = tellverify("compare", "--against", "HEAD")
    assert code == 1
    assert "the new fact schema has a fault" in out


def test_a_worst_case_over_its_budget_is_major(tellverify: Command) -> None:
    old = protocol("A, B", "-- tell: budget(A = 100);A { flow_cost : 60 } -> B : X")
    texts = (old, old.replace("60", "120"))
    code, out, _ = tellverify("compare", *both(texts))
    assert code == 1
    said = " ".join(out.split())
    assert "P major worst case of A rises 60 -> 120 (budget 100)" in said
    assert "roll-out TV569" in said
    assert "no order" not in said


POLICY = """\
format = 1
name = "depot"
families = [{ name = "theorem", inventory = true }]
capabilities = [
  { key = "one", family = "theorem" },
  { key = "two", family = "theorem" },
]
consumers = [{ name = "launcher", meaning = "compares needs with what there is" }]
grants = [
  { key = "one", all = ["contract:one"] },
  { key = "two", all = ["contract:two"] },
]

[[packs]]
name = "First"
status = "active"
declares = ["one"]
runtime = ["one"]
checked_by = ["launcher"]

[[packs]]
name = "Second"
status = "active"
declares = ["two"]
runtime = ["two"]
checked_by = ["launcher"]

[[protocols]]
id = "p.P"
module = "p"
protocol = "P"
packs = ["First", "Second"]

[[runtimes]]
name = "full"
facts = ["contract:one", "contract:two"]

[[runtimes]]
name = "small"
facts = ["contract:one"]

[admission]
runtime = "full"
"""


GO = protocol("A, D[N]", "A -> D[*] : Go;D[*] -> A : Ok")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            protocol("A, B", "A -> B : X;B -> A : Y"),
            protocol("A, B", "-- tell: property ack: X only after Y;A -> B : X;B -> A : Y"),
            "`property[ack]` is refuted",
        ),
        (GO, GO.replace("D[*] ->", "D[*] { min_responses : 1 } ->"), "`no-late-message[D -> A]`"),
        (
            protocol("A, B", "A -> B : X"),
            protocol("A, B", 'A { guard_capability : "nope" } -> B : X'),
            "`nope` is not a capability name",
        ),
        (
            protocol("A, B", "A { flow_cost : 9 } -> B : X"),
            protocol("A, B", "-- tell: budget(A -> B = 8);A { flow_cost : 9 } -> B : X"),
            "`budget[A -> B]` is refuted",
        ),
    ],
)
def test_a_new_version_that_fails_its_own_check_is_broken(
    tellverify: Command, old: str, new: str, fault: str
) -> None:
    code, found = compared(tellverify, (old, new))
    assert (code, found["verdict"]) == (1, "broken")
    assert str(found["reason"]).startswith("the new version fails by itself: " + fault)
    assert tellverify("check", "new.tell")[0] == 1
    code, found = compared(tellverify, (new, old))
    assert code == 0, "what no mixture rests on can be repaired"


def test_what_is_not_required_of_a_check_does_not_break_a_version(tellverify: Command) -> None:
    old = protocol("A, B", "A -> B : X;B -> A : Y")
    new = old.replace("  A ->", "  -- tell: property ack: X only after Y\n  A ->", 1)
    assert compared(tellverify, (old, new))[0] == 1
    write("tellverify.toml", '[require]\nproperty = "nothing"\n')
    assert tellverify("check", "new.tell")[0] == 0
    assert compared(tellverify, (old, new))[0] == 0


def test_packs_are_admitted_on_each_runtime(tellverify: Command) -> None:
    write("policy/policy.toml", POLICY)
    write("tellverify.toml", 'policy = "policy"\n')
    head = "module p exposing (P)\n\nproof_bundle First requires [one]\n"
    more = "proof_bundle Second requires [two]\n"
    body = protocol("A, B", "A -> B : X")
    old = head + "\n" + body.replace("P =", "P requires First =")
    new = head + more + "\n" + body.replace("P =", "P requires First, Second =")
    code, out, _ = tellverify("compare", *both((old, new)))
    said = " ".join(out.split())
    assert code == 0, out
    assert "P minor" in said
    assert "the runtime `small` refuses the new version: it lacks `two` of `Second`" in said, said
    assert "give it `two`" in said

    def words(old: str, new: str) -> list[str]:
        out = tellverify("compare", *both((old, new)), "--format", "json")[1]
        (found,) = json.loads(out)["versions"]["protocols"]
        return [one["words"] for one in found["annotations"]]

    write("policy/policy.toml", POLICY.replace('"First", "Second"]', '"First"]'))
    assert words(new, old) == [
        "the pack `Second` is no longer required",
        "admitted by `small`, as it was not before",
        "admitted by `full`, as before",
    ]
    write("policy/policy.toml", POLICY)
    assert any("no runtime admits the new version" in one for one in words(new, old))


def test_a_moved_file_is_found_where_only_its_new_place_is_named(tellverify: Command) -> None:
    old, new = (text.replace("protocol P", "protocol Shop") for text in VECTORS["V3"])
    write("old/shop.tell", old)
    write("old/other.tell", VECTORS["V2"][0])
    write("old/broken.tell", "protocol Broken =\n  roles A, B\n  A -> C : X\n")
    commit()
    for path in Path("old").iterdir():
        path.unlink()
    write("new/market.tell", new)
    write("new/page.md", f"```tell\n{VECTORS['V2'][1]}```\n")
    code, out, _ = tellverify("compare", "--against", "HEAD", "new/market.tell", "--format", "json")
    found = json.loads(out)["versions"]
    assert code == 0
    assert [(one["name"], one["verdict"]) for one in found["protocols"]] == [("Shop", "minor")]
    assert found["protocols"][0]["oldPath"] == "git:HEAD/old/shop.tell"
    assert found["removed"] == []
    _, out, _ = tellverify("compare", "--against", "HEAD", "new", "--format", "json")
    found = json.loads(out)["versions"]
    assert [(one["name"], one["verdict"]) for one in found["protocols"]] == [
        ("Shop", "minor"),
        ("P", "major"),
    ]
    _, out, _ = tellverify("compare", "--against", "HEAD", "--format", "json")
    assert json.loads(out)["versions"]["removed"] == ["Broken"]


def test_a_change_of_what_is_imported_from_elsewhere_is_no_silent_pass(tellverify: Command) -> None:
    part = "module part exposing (Part)\n\n" + protocol("A, B", "A -> B : Ask").replace(
        "P =", "Part ="
    )
    whole = "import part exposing (Part)\n\n" + protocol("A, B", "call Part")
    write("below/part.tell", part)
    write("whole.tell", whole)
    commit()
    write("below/part.tell", part.replace("Ask", "Query"))
    for command in (("compare", "--against"), ("check", "--changed-since")):
        code, out, _ = tellverify(*command, "HEAD", "whole.tell", "--no-progress")
        assert code == 1, command
        assert "no checked file declares the module `part`" in " ".join(out.split())
    code, out, _ = tellverify("compare", "--against", "HEAD", "whole.tell", "below")
    assert "P is major" in " ".join(out.split()) or "part.Part is major" in " ".join(out.split())


def test_findings_about_protocols_of_one_name_are_told_apart(tellverify: Command) -> None:
    for folder in ("a", "b"):
        write(f"{folder}/p.tell", VECTORS["V2"][0])
    commit()
    for folder in ("a", "b"):
        write(f"{folder}/p.tell", VECTORS["V2"][1])
    _, out, _ = tellverify("compare", "--against", "HEAD", "--format", "concise")
    for folder in ("a", "b"):
        assert sum(line.startswith(f"{folder}/p.tell") for line in out.splitlines()) == 3


def test_the_members_of_a_renamed_family_are_those_of_the_old_one(tellverify: Command) -> None:
    old, new = (
        protocol(f"C, {name}[N]", f"C -> {name}[*] : X;{name}[*] -> C : Y") for name in "DE"
    )
    code, found = compared(tellverify, (old, new), "--renamed", "D=E")
    assert (code, found["verdict"]) == (0, "patch")
    assert [one["instance"] for one in found["instances"]] == [  # type: ignore[attr-defined]
        "E = 1",
        "E = 2",
        "E = 3",
    ]
    for family in "DE":
        code, out, err = tellverify(
            "compare", "old.tell", "new.tell", "--renamed", "D=E", "--instances", f"{family}=2",
            "--evidence", "evidence",
        )  # fmt: skip
        assert (code, err) == (0, "")
        assert "E = 2" in out
        assert tellverify("recheck", "evidence")[0] == 0


def test_orders_that_contradict_each_other_name_their_sizes(tellverify: Command) -> None:
    """With more members than before the new ones come first; those that go have to come last."""
    body = "C -> D[*] : X;D[*] -> C : Y"
    code, found = compared(tellverify, (protocol("C, D[2]", body), protocol("C, D[N]", body)))
    assert (code, found["verdict"]) == (0, "minor")
    assert found["summary"] == (
        "at D = 1: upgrade C before every D; at D = 3: upgrade every D before C"
    )
    code, out, _ = tellverify("compare", "old.tell", "new.tell")
    assert "in the middle of a session at D = 3" in out


def test_a_text_without_a_graph_is_the_same_only_if_its_imports_are(tellverify: Command) -> None:
    branches = "".join(
        f"    |\n      A{n} -> B{n} : X\n      B{n} -> A{n} : Y\n      A{n} -> B{n} : Z\n"
        for n in range(9)
    )
    roles = ", ".join(f"A{n}, B{n}" for n in range(9))
    head = "import part exposing (Part)\n\nprotocol Big =\n"
    big = f"{head}  roles {roles}\n  call Part\n  par\n{branches}"
    part = "module part exposing (Part)\n\nprotocol Part =\n  roles A0, B0\n  A0 -> B0 : Ask\n"
    for side in ("old", "new"):
        write(f"{side}/big.tell", big)
        write(f"{side}/part.tell", part)
    code, out, _ = tellverify("compare", "old/big.tell", "new/big.tell", "--format", "json")
    assert json.loads(out)["versions"]["protocols"][0]["verdict"] == "patch"
    write("new/part.tell", part.replace("Ask", "Query"))
    code, out, _ = tellverify("compare", "old/big.tell", "new/big.tell")
    assert code == 3
    assert "unfolds to more than" in " ".join(out.split())


def test_versions_with_timeouts_have_to_be_good_alone(tellverify: Command) -> None:
    stuck = protocol(
        "C, W, X",
        "timeout 5s C at;  C -> W : Req;  W -> C : Ready;  C -> W : Go"
        ";on timeout =>;  C -> X : Abort",
    )
    code, found = compared(tellverify, (stuck, stuck.replace("5s", "7s")))
    assert (code, found["verdict"]) == (1, "broken")
    assert "the old version fails by itself: `no-deadlock` is refuted" in str(found["reason"])


def test_machines_that_fail_beyond_short_queues_are_broken(tellverify: Command) -> None:
    """B takes one X fewer than A sends, but only after all of them were sent."""

    def system(last: str) -> str:
        def machine(role: str, *moves: tuple[str, str, str]) -> str:
            rows = [
                {"final": False, "moves": [{"action": act, "peer": peer, "label": label, "to": to}]}
                for to, (act, peer, label) in enumerate(moves, 1)
            ]
            states = [*rows, {"final": True, "moves": []}]
            return json.dumps({"schema": "tellverify/machine-1", "role": role, "states": states})

        return "\n".join(
            (
                machine("A", *[("send", "B", "X")] * 12, ("send", "C", "Go")),
                machine("B", ("receive", "C", "Go"), *[("receive", "A", "X")] * 11),
                machine("C", ("receive", "A", "Go"), ("send", "B", "Go"), ("send", "D", last)),
                machine("D", ("receive", "C", last)),
            )
        )

    write("old.jsonl", system("End"))
    write("new.jsonl", system("Fin"))
    code, out, _ = tellverify("compare", "old.jsonl", "new.jsonl")
    assert code == 1
    assert "the old version fails by itself: orphan-message after 27 events" in out


def test_a_safe_change_that_is_refused_names_the_setting(tellverify: Command) -> None:
    old = protocol("A, B, C", "A -> B : X;B -> C : Y;A -> C : Z")
    new = protocol("A, B, C", "A -> B : X;A -> C : Z;B -> C : Y")
    code, out, _ = tellverify("compare", *both((old, new)), "--fail-on", "minor", "-q")
    assert code == 1
    assert (
        "error[TV571] the change is minor, and `fail-on` is `minor`: upgrade the roles in any"
        in out
    )
    code, out, _ = tellverify("compare", "old.tell", "new.tell", "--fail-on", "ordered")
    assert (code, "TV571" in out) == (0, False), out
    write("tellverify.toml", '[compare]\nfail-on = "minor"\n')
    _, out, _ = tellverify("compare", "old.tell", "new.tell", "--report", "sarif=-", "-q")
    (result,) = (one for one in json.loads(out)["runs"][0]["results"] if one["level"] == "error")
    assert (result["ruleId"], "`fail-on` is `minor`" in result["message"]["text"]) == (
        "TV571",
        True,
    )
    code, out, _ = tellverify("compare", *both(VECTORS["V3"]), "--fail-on", "ordered")
    assert code == 1
    assert "the change is minor, and `fail-on` is `ordered`: upgrade S before C" in out


LOOP = """\
protocol P =
  roles A, B, C
  loop forever
    choice A at
      | Go =>
          A -> B : Go
          B -> C : Go
          C -> A : Ok
      | Stop =>
          A -> B : Stop
          B -> C : Skip
          C -> A : No
"""


def test_an_order_beside_an_undecided_mixture_says_what_it_rests_on(tellverify: Command) -> None:
    write("tellverify.toml", "[bounds]\nconfigurations = 60\n")
    asked = "          A -> C : Really\n          C -> A : No"
    texts = LOOP, LOOP.replace("          C -> A : No", asked)
    assert "Really" in texts[1]
    advice = "as far as was searched, upgrade A before C"
    reports = ("--report", "markdown=r.md", "--report", "html=r.html", "--report", "json=r.json")
    code, out, _ = tellverify("compare", *both(texts), *reports)
    said = " ".join(out.split())
    assert code == 3
    assert f"P unknown {advice}" in said
    assert f"help: {advice}" in said
    assert "exit 3: P: whether every other mixture is good is not known: queues of at most" in said
    assert "in the middle of a session, as far as was searched:" in said
    assert "a mixture that no run refutes has a run of" in said
    for report in ("r.md", "r.html"):
        text = Path(report).read_text("utf-8")
        assert text.count("upgrade A before C") == text.count(advice) > 0, report
    (found,) = json.loads(Path("r.json").read_text("utf-8"))["versions"]["protocols"]
    assert (found["summary"], found["upgrade"]["evidence"]) == (advice, "unknown")
    _, found = compared(tellverify, VECTORS["V3"])
    assert (found["summary"], found["upgrade"]["evidence"]) == ("upgrade S before C", "proved")


def test_a_family_without_members_has_nothing_to_compare(tellverify: Command) -> None:
    for sizes in ("D=0", "D=0,0"):
        code, out, err = tellverify("compare", *both(OTA), "--instances", sizes)
        assert (code, out) == (2, "")
        assert "at D = 0 the family has no member to compare" in err
    assert compared(tellverify, OTA, "--instances", "D=0,1")[0] == 0
    write("c.tell", OTA[0])
    commit()
    code, _, err = tellverify("check", "c.tell", "--instances", "D=0", "--compare-against", "HEAD")
    assert (code, "no member to compare" in err) == (2, True), err
