"""`tellverify fmt` and checks of other files, as a user runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

GOOD = "protocol Good =\n  roles A, B\n  A -> B : Ping\n"
LOOSE = "protocol Good = (\n  roles A, B\n  A\n    -> B : Ping ) -- note\n"
TIDY = "protocol Good =\n  roles A, B\n  A -> B : Ping  -- note\n"
BRACES = "protocol Good { roles: A, B; A -> B: Ping; // note\n}"
BROKEN = "protocol Broken =\n  roles A, B\n  A => B : Ping\n"


def tellverify(
    *arguments: str, cwd: Path, text: str | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tellverify", *arguments],
        cwd=cwd,
        input=text,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.tell").write_text(text, encoding="utf-8")


def read(folder: Path, name: str) -> str:
    return (folder / f"{name}.tell").read_text("utf-8")


def test_files_are_rewritten_and_broken_ones_left_alone(tmp_path: Path) -> None:
    write(tmp_path, good=GOOD, loose=LOOSE, broken=BROKEN, braces=BRACES)
    (tmp_path / "loose.tell").chmod(0o640)
    done = tellverify("fmt", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "broken.tell:3:5: error[TV131]" in done.stderr
    assert "formatted: loose.tell\n" in done.stderr
    assert done.stderr.endswith("1 file formatted, 2 files canonical, 1 file left alone\n")
    assert read(tmp_path, "loose") == TIDY
    assert (tmp_path / "loose.tell").stat().st_mode & 0o777 == 0o640
    assert read(tmp_path, "broken") == BROKEN
    assert read(tmp_path, "braces") == BRACES
    assert len(list(tmp_path.iterdir())) == 4


def test_check_writes_nothing(tmp_path: Path) -> None:
    write(tmp_path, good=GOOD, loose=LOOSE)
    done = tellverify("fmt", "--check", ".", cwd=tmp_path)
    assert done.returncode == 1
    assert "would format: loose.tell" in done.stderr
    assert read(tmp_path, "loose") == LOOSE
    done = tellverify("fmt", "--check", "good.tell", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr == "1 file canonical\n"


def test_diff_shows_the_change(tmp_path: Path) -> None:
    write(tmp_path, loose=LOOSE.rstrip("\n"))
    done = tellverify("fmt", "--diff", "-q", cwd=tmp_path)
    assert done.returncode == 0
    assert "-protocol Good = (\n" in done.stdout
    assert "\\ No newline at end of file\n" in done.stdout
    assert "+  A -> B : Ping  -- note\n" in done.stdout
    assert done.stderr == ""
    assert read(tmp_path, "loose") == LOOSE.rstrip("\n")


def test_standard_input_goes_to_standard_output(tmp_path: Path) -> None:
    done = tellverify("fmt", "-q", "-", cwd=tmp_path, text=LOOSE)
    assert (done.returncode, done.stdout, done.stderr) == (0, TIDY, "")
    done = tellverify("fmt", "-q", "-", "--stdin-name", "x.tell", cwd=tmp_path, text=BROKEN)
    assert (done.returncode, done.stdout) == (1, BROKEN)
    assert done.stderr.startswith("x.tell:3:5: error[TV131]")
    done = tellverify("fmt", "--check", "-", cwd=tmp_path, text=LOOSE)
    assert (done.returncode, done.stdout) == (1, "")


def test_upgrade_rewrites_braces(tmp_path: Path) -> None:
    write(tmp_path, braces=BRACES)
    done = tellverify("fmt", "--upgrade", cwd=tmp_path)
    assert done.returncode == 0
    assert read(tmp_path, "braces") == TIDY


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    write(tmp_path, loose=LOOSE)
    (tmp_path / "link.tell").symlink_to("loose.tell")
    assert tellverify("fmt", "link.tell", cwd=tmp_path).returncode == 0
    assert (tmp_path / "link.tell").is_symlink()
    assert read(tmp_path, "loose") == TIDY


def test_nothing_to_format(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("```rust\nfn main() {}\n```\n", encoding="utf-8")
    assert tellverify("fmt", cwd=tmp_path).returncode == 4


def test_folders_and_configurations_name_all_files_with_protocols(tmp_path: Path) -> None:
    for name in ("page.md", "out/other.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"```tell\n{LOOSE}```\n", encoding="utf-8")
    (tmp_path / "lib.rs").write_text(f'tell!(r#"\n{LOOSE}"#);\n', encoding="utf-8")
    (tmp_path / "tellverify.toml").write_text('include = ["*.md", "*.rs"]\n', encoding="utf-8")
    done = tellverify("fmt", "--check", cwd=tmp_path)
    assert (done.returncode, "2 files to be formatted" in done.stderr) == (1, True)
    done = tellverify("fmt", ".", cwd=tmp_path)
    assert (done.returncode, "3 files formatted" in done.stderr) == (0, True)
    (tmp_path / "page.txt").write_text(LOOSE, encoding="utf-8")
    done = tellverify("fmt", "page.txt", cwd=tmp_path)
    assert done.returncode == 1
    assert "TV004" in done.stderr


# Checks of other files


def test_sources_and_pages_are_checked(tmp_path: Path) -> None:
    write(tmp_path, included=GOOD)
    (tmp_path / "page.md").write_text(f"# Page\n\n```tell\n{BROKEN}```\n", encoding="utf-8")
    (tmp_path / "lib.rs").write_text(
        'tell!(include_str!("included.tell"));\nfn f() {\n  tell! { protocol Inline =\n'
        "    roles A, B\n    A -> C : M\n  }\n}\n",
        encoding="utf-8",
    )
    done = tellverify("check", "--format", "concise", "lib.rs", cwd=tmp_path)
    assert done.returncode == 1
    assert "lib.rs:5:10: error[TV201]" in done.stdout
    done = tellverify("check", "--format", "concise", cwd=tmp_path)
    assert "page.md:6:5: error[TV131]" in done.stdout
    assert "lib.rs:5:10: error[TV201]" in done.stdout
    done = tellverify("check", "-q", "included.tell", cwd=tmp_path)
    assert done.returncode == 0


def test_two_choreographies_of_one_name_keep_their_verdicts_apart(tmp_path: Path) -> None:
    pages = f"```tell\n{GOOD}```\n\n```tell\n{GOOD}```\n"
    (tmp_path / "page.md").write_text(pages, encoding="utf-8")
    done = tellverify("check", "page.md", cwd=tmp_path)
    assert done.returncode == 0
    assert "Good@8" in done.stdout


def test_a_missing_include_fails(tmp_path: Path) -> None:
    (tmp_path / "lib.rs").write_text('tell!(include_str!("no.tell"));\n', encoding="utf-8")
    done = tellverify("check", "--format", "concise", cwd=tmp_path)
    assert done.returncode == 1
    assert "lib.rs:1:21: error[TV158] cannot read the included file `no.tell`" in done.stdout


def test_notes_on_a_page_do_not_keep_its_protocols_from_their_layout(tmp_path: Path) -> None:
    page = (
        "```tell\nA   -> B : M\n...\n```\n\n```tell\nprotocol P =\n  roles A,B\n  A -> B : M\n```\n"
    )
    (tmp_path / "page.md").write_text(page, encoding="utf-8")
    done = tellverify("fmt", cwd=tmp_path)
    assert done.returncode == 0
    text = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert text == page.replace("A,B", "A, B")


def test_what_cannot_be_upgraded_is_said(tmp_path: Path) -> None:
    one = "tell! { protocol P { roles: A, B; A -> B: M; } }\n"
    body = "module q exposing (Q)\\nprotocol Q =\\n  roles A, B\\n  A { k = 1 } -> B : M\\n"
    two = f'tell!("{body}");\n'
    (tmp_path / "lib.rs").write_text(one + two, encoding="utf-8")
    done = tellverify("fmt", "--upgrade", cwd=tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "lib.rs").read_text(encoding="utf-8") == one + two
    assert done.stderr.count("it shares its lines with other text, and stays as it is") == 2


def test_a_record_type_over_several_lines_keeps_the_line_breaks_of_windows(tmp_path: Path) -> None:
    text = "type alias Rec =\n{\n  a : Int\n}\n\nprotocol P =\n  roles A,B\n  A -> B : M\n"
    rust = f'tell!(#[namespace = "q"] r#"\n{text}"#);\n'.replace("\n", "\r\n")
    (tmp_path / "lib.rs").write_bytes(rust.encode())
    done = tellverify("fmt", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    after = (tmp_path / "lib.rs").read_bytes().decode()
    assert "  roles A, B\r\n" in after
    assert after.count("\n") == after.count("\r\n")
