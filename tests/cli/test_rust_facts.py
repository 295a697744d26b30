"""`tellverify facts` on Rust: what is extracted, what is a fault, what breaks stored facts."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tellverify.annotations.fact_schemas import FactSchema, read_schemas, read_schemas_text
from tellverify.annotations.rust_facts import rust_schemas, schema_toml, schemas_toml
from tellverify.annotations.schema_files import named_schema
from tellverify.cli.group import tellverify

INVITATION = """
use aura_macros::{ceremony_facts, domain_fact};

const VERSION: u16 = 2;

/// Facts of an invitation.
#[derive(Debug, Clone)]
#[domain_fact(type_id = "invitation", schema_version = VERSION, min_supported_schema_version = 1)]
#[ceremony_facts]
pub enum InvitationFact {
    /// Begins.
    CeremonyInitiated {
        ceremony_id: CeremonyId,
        #[serde(default)]
        agreement_mode: Option<crate::ceremony::AgreementMode>,
        trace_id: Option<String>,
        timestamp_ms: u64,
    },
    CeremonyCommitted {
        ceremony_id: CeremonyId,
        relationship_id: String, // both sides
        agreement_mode: Option<AgreementMode>,
        timestamp_ms: u64,
    },
    CeremonyAborted { ceremony_id: CeremonyId, reason: String, timestamp_ms: u64 },
    CeremonySuperseded {
        superseded_ceremony_id: CeremonyId,
        superseding_ceremony_id: CeremonyId,
        timestamp_ms: u64,
    },
    Seen(AuthorityId, aura_core::time::LogicalTime),
    Noted,
}
"""
CHAT = """
pub mod inner {
    #[aura_macros::domain_fact(type_id = "chat", schema_version = 4)]
    pub enum ChatFact { Sent { id: u32, at: PhysicalTime }, Read { ids: Vec< u32 > } }

    #[derive(Debug)]
    pub enum NoFact { One }
}

#[domain_fact(type_id = "profile", schema_version = 1u16)]
pub struct ProfileFact { pub name: String, window: RangeTime }
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def call(*arguments: str) -> tuple[object, str]:
    done = CliRunner().invoke(tellverify, ["facts", *arguments], standalone_mode=False)
    return done.return_value, done.output


def schemas(text: str) -> list[FactSchema]:
    found = [one.schema for one in rust_schemas(text) if one.schema is not None]
    assert len(found) == len(rust_schemas(text)), [one.diagnostics for one in rust_schemas(text)]
    return found


def test_a_ceremony_has_its_version_parts_fields_and_times() -> None:
    (schema,) = schemas(INVITATION)
    assert (schema.name, schema.version, schema.min_version) == ("InvitationFact", 2, 1)
    assert schema.type_id == "invitation"
    assert (schema.kind, schema.timestamp) == ("ceremony", "timestamp_ms")
    parts = {one.name: one.stands_for for one in schema.variants}
    assert parts == {
        "CeremonyInitiated": "initiated",
        "CeremonyCommitted": "committed",
        "CeremonyAborted": "aborted",
        "CeremonySuperseded": "superseded",
        "Seen": "",
        "Noted": "",
    }
    first = {one.name: (one.type, one.optional, one.domain) for one in schema.variants[0].fields}
    assert first == {
        "ceremony_id": ("CeremonyId", False, ""),
        "agreement_mode": ("crate::ceremony::AgreementMode", True, ""),
        "trace_id": ("String", True, ""),
        "timestamp_ms": ("u64", False, "PhysicalClock"),
    }
    seen = [(one.name, one.type, one.domain) for one in schema.variants[4].fields]
    assert seen == [
        ("0", "AuthorityId", ""),
        ("1", "aura_core::time::LogicalTime", "LogicalClock"),
    ]
    assert schema.variants[5].fields == ()


def test_other_facts_owe_no_ceremony_and_are_found_inside_modules() -> None:
    chat, profile = schemas(CHAT)
    assert [(one.name, one.version, one.kind) for one in (chat, profile)] == [
        ("ChatFact", 4, "facts"),
        ("ProfileFact", 1, "facts"),
    ]
    assert [one.name for one in profile.variants] == ["ProfileFact"]
    assert chat.variants[1].fields[0].type == "Vec<u32>"
    assert profile.variants[0].fields[1].domain == "Range"


def test_versions_by_a_path_and_types_and_names_as_rust_has_them() -> None:
    (schema,) = schemas(
        "#[domain_fact(type_id = names::SEEN, schema_version = crate::facts::VERSION)]\n"
        "struct Seen<'a> { r#type: &'a  str, all : Vec < u8 >, one: Option<Box<dyn Any + 'a>> }\n"
        'const VERSION: u16 = 7;\nconst SEEN: &str = "seen";\n'
    )
    assert (schema.version, schema.type_id) == (7, "seen")
    fields = [(one.name, one.type) for one in schema.variants[0].fields]
    assert fields == [("type", "&'a str"), ("all", "Vec<u8>"), ("one", "Box<dyn Any+'a>")]


@pytest.mark.parametrize("suffix", ["rs", "toml"])
def test_what_breaks_readers_is_told_at_its_place(suffix: str) -> None:
    """The field that changed, and the type for the version that stays."""
    changed = CHAT.replace("window: RangeTime", "window: PhysicalTime")
    assert changed != CHAT
    for name, text in (("old", CHAT), ("new", changed)):
        Path(f"{name}.rs").write_text(text, "utf-8")
        Path(f"{name}.toml").write_text(schemas_toml(schemas(text)), "utf-8")
    code, said = call("compare", f"old.{suffix}", f"new.{suffix}")
    assert code == 1
    places = re.findall(rf"new\.{suffix}:(\d+):(\d+)", said)
    lines = Path(f"new.{suffix}").read_text("utf-8").split("\n")
    shown = [lines[int(line) - 1][int(column) - 1 :] for line, column in places]
    assert len(shown) == 3  # its type, its time domain, and the version that stays
    assert shown[0].strip('"').startswith("window")
    assert shown[-1].strip('"').startswith("ProfileFact")


def test_a_version_of_0_is_told_as_such() -> None:
    Path("facts.rs").write_text("#[domain_fact(schema_version = 0)]\nstruct Seen;\n", "utf-8")
    code, said = call("check", "facts.rs")
    assert (code, "`schema_version` is 0, and versions begin with 1" in said) == (1, True)


@pytest.mark.parametrize("text", [INVITATION, CHAT])
def test_what_is_extracted_is_read_back_as_the_same_schema(text: str) -> None:
    for schema in schemas(text):
        read = read_schemas_text(schema_toml(schema), "<schema>")[0]
        assert read.schema == schema


def test_several_types_are_extracted_into_one_file_that_the_commands_read() -> None:
    source = INVITATION + CHAT
    Path("facts.rs").write_text(source, "utf-8")
    code, said = call("extract", "facts.rs")
    assert code == 0
    Path("facts.toml").write_text(said, "utf-8")
    read = read_schemas("facts.toml")
    assert [one.schema for one in read] == schemas(source)
    code, said = call("check", "facts.toml")
    assert code == 0
    assert said == call("check", "facts.rs")[1].replace("facts.rs", "facts.toml")
    assert call("compare", "facts.toml", "facts.rs")[0] == 0
    Path("log.jsonl").write_text('{"fact": "CeremonyInitiated", "ceremony_id": "c"}\n', "utf-8")
    assert call("status", "log.jsonl", "--schema", "facts.toml")[0] == 0
    assert named_schema("facts.toml", "ChatFact").schema == schemas(CHAT)[0]


def test_what_is_extracted_beside_a_fault_is_a_document_of_its_own() -> None:
    """The fault goes to standard error, so that the output can be a file."""
    Path("facts.rs").write_text(f"{CHAT}\n#[domain_fact(schema_version = 0)]\nstruct S;\n", "utf-8")
    done = CliRunner().invoke(tellverify, ["facts", "extract", "facts.rs"], standalone_mode=False)
    assert done.return_value == 1
    Path("facts.toml").write_text(done.stdout, "utf-8")
    assert [one.schema for one in read_schemas("facts.toml")] == schemas(CHAT)
    assert "versions begin with 1" in done.stderr


def test_a_fault_in_one_of_several_schemas_has_its_place() -> None:
    Path("facts.rs").write_text(INVITATION + CHAT, "utf-8")
    text = call("extract", "facts.rs")[1].replace('name = "ProfileFact"', "name = 3", 1)
    Path("facts.toml").write_text(text, "utf-8")
    line = text.split("\n").index("name = 3") + 1
    code, said = call("check", "facts.toml")
    assert code == 1
    assert f"facts.toml:{line}:8" in said
    Path("facts.toml").write_text("schemas = [1]\n", "utf-8")
    assert call("check", "facts.toml")[0] == 1
    Path("facts.toml").write_text("schemas = []\n", "utf-8")
    assert call("check", "facts.toml")[0] == 1


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("const VERSION: u16 = 2;", "", "`schema_version` is `VERSION`, which is not a number"),
        ("supported_schema_version = 1", "supported_schema_version = 3", "is none yet"),
        ("CeremonyAborted {", "CeremonyDropped {", "no variant stands for `aborted`"),
        ("CeremonyAborted {", "CeremonyDropped {", "`CeremonyAborted` by these names alone"),
        ("superseded_ceremony_id: CeremonyId,", "", "its ceremony is not known"),
        ("reason: String, timestamp_ms: u64", "reason: String", "has no `timestamp_ms`"),
        ("reason: String,", "reason String,", "syntax error"),
    ],
)
def test_a_fault_is_told_with_its_place(old: str, new: str, words: str) -> None:
    assert old in INVITATION
    Path("facts.rs").write_text(INVITATION.replace(old, new, 1), "utf-8")
    code, said = call("check", "facts.rs")
    assert code == 1
    assert words in " ".join(said.split())
    assert "facts.rs:" in said


def test_the_name_of_stored_facts_may_be_a_constant() -> None:
    named = CHAT.replace('"profile"', "PROFILE") + 'const PROFILE: &str = "profile";'
    assert [one.type_id for one in schemas(named)] == ["chat", "profile"]


@pytest.mark.parametrize(
    "condition", ['feature = "facts"', 'all(feature = "facts", not(test))', "test"]
)
def test_attributes_under_a_condition_count(condition: str) -> None:
    """What they make facts is stored by some build, so that its schema matters."""
    under = re.sub(
        r"#\[((?:aura_macros::)?domain_fact\(.*?\)|ceremony_facts)\]",
        rf"#[cfg_attr({condition}, derive(Debug), \1)]",
        INVITATION + CHAT,
    )
    assert under.count("cfg_attr") == 4
    assert schemas(under) == schemas(INVITATION + CHAT)
    nested = under.replace("cfg_attr(", "cfg_attr(all(), cfg_attr(").replace("))]", ")))]")
    assert schemas(nested.replace("ceremony_facts)]", "ceremony_facts))]")) == schemas(under)


def test_the_macro_asks_for_no_agreement_mode() -> None:
    text = re.sub(r"agreement_mode: [^,]*,", "", INVITATION)
    (schema,) = schemas(text)
    assert (schema.agreement_mode, schemas(INVITATION)[0].agreement_mode) == ("", "agreement_mode")
    assert [one.schema for one in read_schemas_text(schema_toml(schema))] == [schema]
    Path("old.rs").write_text(text, "utf-8")
    Path("new.rs").write_text(INVITATION.replace("VERSION: u16 = 2", "VERSION: u16 = 3"), "utf-8")
    code, said = call("compare", "old.rs", "new.rs")
    assert (code, "`agreement_mode` is" in said) == (0, False), said


def test_two_attributes_of_which_one_holds_are_a_fault() -> None:
    versions = ('not(feature = "new"), domain_fact(', 'feature = "new", domain_fact(')
    both = "\n".join(
        f'#[cfg_attr({one}type_id = "x", schema_version = {at}))]'
        for at, one in enumerate(versions, 1)
    )
    Path("facts.rs").write_text(f"{both}\npub enum Fact {{ One }}\n", "utf-8")
    code, said = call("check", "facts.rs")
    assert (code, "there are several `domain_fact` on it" in " ".join(said.split())) == (1, True)


def test_facts_in_a_broken_source_are_a_fault_and_not_absent() -> None:
    Path("facts.rs").write_text(INVITATION.partition("relationship_id")[0], "utf-8")
    for command in ("check", "extract"):
        code, said = call(command, "facts.rs")
        assert code == 1
        assert "the Rust source has a syntax error in it" in " ".join(said.split())


@pytest.mark.parametrize("name", ["order.tell", "page.md"])
def test_a_choreography_is_no_schema(name: str) -> None:
    Path(name).write_text("protocol P =\n  roles A, B\n  A -> B : M\n", "utf-8")
    for words in (("check",), ("extract",), ("compare", "facts.rs"), ("status", "x", "--schema")):
        Path("facts.rs").write_text(INVITATION, "utf-8")
        Path("x").write_text("", "utf-8")
        code, said = call(*words, name)
        assert (code, f"{name} is no fact schema" in said) == (2, True), said


def test_check_and_extract_say_what_is_there() -> None:
    Path("facts.rs").write_text(INVITATION + CHAT, "utf-8")
    code, said = call("check", "facts.rs")
    assert code == 0
    assert said.splitlines() == [
        "facts.rs: `InvitationFact` version 2, 6 facts",
        "facts.rs: `ChatFact` version 4, 2 facts, of no ceremony",
        "facts.rs: `ProfileFact` version 1, 1 fact, of no ceremony",
    ]
    code, said = call("extract", "facts.rs", "--name", "ChatFact")
    assert code == 0
    assert said == schema_toml(schemas(CHAT)[0])
    Path("none.rs").write_text("fn main() {}\n", "utf-8")
    assert call("check", "none.rs")[0] == 4
    assert call("extract", "none.rs")[0] == 4


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("Noted,", "Noted, Added,", 1, "the version is 2 after 2"),
        ("u16 = 2", "u16 = 3", 0, "version 2 to 3"),
        ("reason: String,", "", 1, "`CeremonyAborted.reason` was removed"),
        ("VERSION, min_supported_schema_version = 1", "3, min_supported_schema_version = 3", 1,
         "facts of version 2 are no longer read"),
        ('"invitation"', '"invited"', 1, "`type_id` is `invited` instead of `invitation`"),
        ('"invitation"', "crate::NAME", 0, "equal: `InvitationFact`"),
    ],
)  # fmt: skip
def test_versions_are_compared_type_by_type(old: str, new: str, code: int, words: str) -> None:
    Path("a.rs").write_text(CHAT + INVITATION, "utf-8")
    Path("b.rs").write_text((CHAT + INVITATION).replace(old, new, 1), "utf-8")
    found, said = call("compare", "a.rs", "b.rs")
    assert (found, words in " ".join(said.split())) == (code, True), said
    assert "equal: `ChatFact` version 4 to 4" in said


def test_a_removed_type_breaks_its_facts() -> None:
    Path("a.rs").write_text(CHAT + INVITATION, "utf-8")
    Path("b.rs").write_text(CHAT, "utf-8")
    code, said = call("compare", "a.rs", "b.rs")
    assert (code, "`InvitationFact` was removed" in said) == (1, True)


def git(*arguments: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *who, *arguments], check=True, capture_output=True)


def test_a_source_is_compared_with_itself_at_a_revision() -> None:
    git("init", "-q")
    Path("below").mkdir()
    Path("below/facts.rs").write_text(INVITATION, "utf-8")
    git("add", "-A")
    git("commit", "-qm", "first")
    assert call("compare", "below/facts.rs", "--against", "HEAD")[0] == 0
    Path("below/facts.rs").write_text(INVITATION.replace("reason: String,", ""), "utf-8")
    code, said = call("compare", "below/facts.rs", "--against", "HEAD")
    assert (code, "`CeremonyAborted.reason` was removed" in " ".join(said.split())) == (1, True)
    code, said = call("compare", "below/facts.rs", "--against", "--output=x")
    assert (code, Path("x").exists()) == (2, False)
    assert "is not a git revision" in said


def test_all_sources_are_compared_with_a_revision() -> None:
    git("init", "-q")
    for name in ("one", "two", "three"):
        Path(name).mkdir()
    Path("one/facts.rs").write_text(INVITATION, "utf-8")
    Path("two/facts.rs").write_text(CHAT, "utf-8")
    Path("two/lib.rs").write_text("pub fn without_facts() {}\n", "utf-8")
    git("add", "-A")
    git("commit", "-qm", "first")
    unchanged = "equal: no Rust source with facts at HEAD was changed\n"
    assert call("compare", "--against", "HEAD") == (0, unchanged)
    Path("two/lib.rs").write_text("pub fn still_without() {}\n", "utf-8")
    assert call("compare", "--against", "HEAD") == (0, unchanged)
    Path("two/facts.rs").rename("three/moved.rs")
    code, said = call("compare", "--against", "HEAD")
    assert (code, said.splitlines()) == (
        0,
        [
            "equal: `ChatFact` version 4 to 4, 0 changes",
            "equal: `ProfileFact` version 1 to 1, 0 changes",
        ],
    )
    Path("one/facts.rs").write_text(INVITATION.replace("reason: String,", ""), "utf-8")
    code, said = call("compare", "--against", "HEAD")
    assert code == 1
    assert "written under HEAD:one/facts.rs no longer fit" in " ".join(said.split())
    assert "`CeremonyAborted.reason` was removed" in " ".join(said.split())
    Path("one/facts.rs").unlink()
    code, said = call("compare", "--against", "HEAD")
    assert (code, "`InvitationFact` was removed" in said) == (1, True)
    code, said = call("compare", "--against", "nosuch")
    assert (code, "--against: fatal:" in said) == (2, True)


def test_without_a_fact_there_is_nothing_to_compare() -> None:
    git("init", "-q")
    git("commit", "-qm", "first", "--allow-empty")
    assert call("compare", "--against", "HEAD") == (4, "tellverify: no fact was found\n")
    code, said = call("compare", "--against", "--output=x")
    assert (code, Path("x").exists()) == (2, False)
    assert "is not a git revision" in said


TWO = """
#[ceremony_facts]
pub enum ParcelFact {
    CeremonyInitiated { ceremony_id: Id, agreement_mode: Option<Mode>, timestamp_ms: u64 },
    CeremonyCommitted { ceremony_id: Id, agreement_mode: Option<Mode>, timestamp_ms: u64 },
    CeremonyAborted { ceremony_id: Id, reason: String, timestamp_ms: u64 },
}
#[domain_fact(type_id = "note")]
pub struct NoteFact { text: String }
"""
PARCEL = """module parcel exposing (Parcel)

protocol Parcel =
  roles A, B
  A { guard_capability : "parcel:offer", journal_facts : "parcel_ceremony_initiated" } -> B : Offer
  choice B at
    | Yes =>
        B { guard_capability : "parcel:yes", journal_facts : "parcel_ceremony_committed" }
          -> A : Yes
    | No =>
        B { guard_capability : "parcel:no", journal_facts : "parcel_ceremony_aborted" } -> A : No
"""
POLICY = """format = 1
import = ["builtin:aura"]

[[protocols]]
id = "depot.parcel"
module = "parcel"
protocol = "Parcel"
files = ["parcel.tell"]
category = "C"
category_by = "declared"
determinism = "aura.vm.prod.default"
class = "RecoveryGrant"

[[ceremony_names]]
protocol = "depot.parcel"
initiated = ["parcel_ceremony_initiated"]
committed = ["parcel_ceremony_committed"]
aborted = ["parcel_ceremony_aborted"]
schema = "src/facts.rs"
"""


def checked() -> str:
    arguments = ["check", "parcel.tell", "--policy", "policy.toml", "--isolated", "-v"]
    done = CliRunner().invoke(tellverify, arguments, standalone_mode=False)
    return " ".join(done.output.split())


def test_a_policy_names_a_rust_source_as_a_schema() -> None:
    Path("src").mkdir()
    Path("src/facts.rs").write_text(TWO, "utf-8")
    Path("parcel.tell").write_text(PARCEL, "utf-8")
    Path("policy.toml").write_text(POLICY, "utf-8")
    said = checked()
    assert "TV66" not in said
    assert "rank, version 1" in said
    Path("src/facts.rs").write_text(TWO.replace("CeremonyAborted", "Dropped"), "utf-8")
    said = checked()
    assert "no variant stands for `aborted`" in said
    assert "src/facts.rs" in said
    twice = TWO + TWO.replace("ParcelFact", "OtherFact").replace("NoteFact", "LineFact")
    Path("src/facts.rs").write_text(twice, "utf-8")
    assert "names no `schema_type`" in checked()
    Path("policy.toml").write_text(f'{POLICY}schema_type = "ParcelFact"\n', "utf-8")
    assert "TV66" not in checked()
    Path("policy.toml").write_text(f'{POLICY}schema_type = "NoneFact"\n', "utf-8")
    assert "no facts of the type `NoneFact`" in checked()
    Path("policy.toml").write_text(POLICY.replace("src/facts.rs", "src/none.rs"), "utf-8")
    assert "src/none.rs" in checked()


def test_facts_in_rust_are_compared_between_trees() -> None:
    for side, text in (("old", TWO), ("new", TWO.replace("{ text: String }", "{ text: Text }"))):
        Path(side).mkdir()
        Path(side, "facts.rs").write_text(text, "utf-8")
        Path(side, "parcel.tell").write_text(PARCEL, "utf-8")
    done = CliRunner().invoke(tellverify, ["compare", "old", "new"], standalone_mode=False)
    assert "`NoteFact.text` is `Text` instead of `String`" in done.output
    help_words = " ".join(done.output.split())
    assert "facts in the journal are no longer read: migrate them, or read both" in help_words


@pytest.mark.parametrize("command", ["check", "extract", "compare"])
def test_the_extra_is_named_where_it_is_missing(command: str) -> None:
    Path("facts.rs").write_text(INVITATION, "utf-8")
    program = (
        "import sys\n"
        "sys.modules['tree_sitter'] = sys.modules['tree_sitter_rust'] = None\n"
        "from tellverify.cli.group import run\n"
        "sys.exit(run(sys.argv[1:]))"
    )
    files = ["facts.rs"] * (2 if command == "compare" else 1)
    done = subprocess.run(
        [sys.executable, "-c", program, "facts", command, *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "need the extra `tellverify[rust]`" in done.stderr


def test_a_link_out_of_the_folder_is_not_read_unless_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").write_text(INVITATION, "utf-8")
    tree = tmp_path / "tree"
    tree.mkdir()
    monkeypatch.chdir(tree)
    (tree / "x.rs").symlink_to(tmp_path / "elsewhere")
    for named in ((), (".",)):
        code, said = call("check", *named)
        assert (code, "InvitationFact" in said) == (1, False)
        assert "link out of the folder" in said
    assert "InvitationFact" in call("check", "x.rs")[1]
